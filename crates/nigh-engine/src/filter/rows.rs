//! Which items satisfy a filter.
//!
//! SQL has three truth values, but one set of rows per node is enough: `rows(node, want)` are the
//! rows where the node is known to be `want`. NOT asks its child for the opposite, and AND is
//! false wherever one child is; what is unknown is in neither set.

use std::collections::BTreeMap;

use nigh_store::{AttributeType, Value};

use super::tree::{Node, Target, Term};
use super::wanted::{Test, Wanted, WantedText, exceeds, reaches};
use crate::columns::{Bits, Cells, Columns, Data, TextCells};

/// The items of a published view.
pub(super) struct Rows<'a> {
    pub(super) columns: &'a Columns,
    pub(super) id: &'a dyn Fn(u32) -> &'a str,
}

impl Rows<'_> {
    /// The rows where the node is known to be `want`.
    pub(super) fn rows(&self, node: &Node, want: bool) -> Bits {
        match node {
            Node::Constant(value) => self.all(*value == want),
            Node::All(nodes) if want => self.intersection(nodes, want),
            Node::Any(nodes) if !want => self.intersection(nodes, want),
            Node::All(nodes) | Node::Any(nodes) => self.union(nodes, want),
            Node::Not(node) => self.rows(node, !want),
            Node::IsNull(target, negated) => self.presence(target, *negated == want),
            Node::Term(term) => self.term(term, want != term.negated),
        }
    }

    fn all(&self, bit: bool) -> Bits {
        Bits::all(self.columns.len() as usize, bit)
    }

    fn intersection(&self, nodes: &[Node], want: bool) -> Bits {
        let mut rows = self.all(true);
        for node in nodes {
            rows = rows.and(&self.rows(node, want));
            if rows.is_all(false) {
                break;
            }
        }
        rows
    }

    fn union(&self, nodes: &[Node], want: bool) -> Bits {
        let sets = nodes.iter().map(|node| self.rows(node, want));
        sets.fold(self.all(false), |rows, set| rows.or(&set))
    }

    /// The rows that have a value (`there`), or have none.
    fn presence(&self, target: &Target, there: bool) -> Bits {
        let present = match target {
            Target::Id => self.all(true),
            Target::Attribute { name, .. } => match self.columns.cells(name) {
                Some((_, cells)) => cells.present.clone(),
                None => self.all(false),
            },
        };
        if there { present } else { present.not() }
    }

    /// The rows that have a value for which the test comes out as `want`.
    fn term(&self, term: &Term, want: bool) -> Bits {
        let Target::Attribute { name, kind } = &term.target else {
            return self.ids(&term.test, want);
        };
        // A view that was published before the column came into being has nulls there.
        let Some((held, cells)) = self.columns.cells(name) else {
            return self.all(false);
        };
        let known = passing(&term.test, &cells.data).filter(|_| held == *kind);
        let Some(passing) = known else {
            return each(cells, *kind, &term.test, want);
        };
        let passing = if want { passing } else { passing.not() };
        passing.and(&cells.present)
    }

    fn ids(&self, test: &Test, want: bool) -> Bits {
        let passes = |position: u32| match test {
            Test::Text(wanted) => wanted.passes((self.id)(position)),
            _ => false,
        };
        let positions: Vec<u32> = (0..self.columns.len()).collect();
        Bits::of(&positions, |position| passes(position) == want)
    }
}

/// Whether the node is true (`Some(true)`), false or unknown for one item.
pub(super) fn truth(node: &Node, attributes: &BTreeMap<String, Value>, id: &str) -> Option<bool> {
    let truth = |node: &Node| truth(node, attributes, id);
    match node {
        Node::Constant(value) => Some(*value),
        Node::All(nodes) => all(nodes.iter().map(truth)),
        Node::Any(nodes) => all(nodes.iter().map(|node| truth(node).map(|t| !t))).map(|t| !t),
        Node::Not(node) => truth(node).map(|truth| !truth),
        Node::IsNull(target, negated) => {
            let null = value(target, attributes, id).is_none();
            Some(null != *negated)
        }
        Node::Term(term) => {
            let value = value(&term.target, attributes, id)?;
            Some(term.test.passes(&value) != term.negated)
        }
    }
}

/// False where one is false, else unknown where one is unknown.
fn all(mut truths: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let known = |all, truth| match (all, truth) {
        (_, Some(false)) => Err(()),
        (Some(true), truth) => Ok(truth),
        (all, _) => Ok(all),
    };
    truths.try_fold(Some(true), known).unwrap_or(Some(false))
}

fn value(target: &Target, attributes: &BTreeMap<String, Value>, id: &str) -> Option<Value> {
    match target {
        Target::Id => Some(Value::String(id.to_owned())),
        Target::Attribute { name, kind } => attributes.get(name)?.cast(*kind),
    }
}

/// The rows whose value passes, nulls undefined; `None` where the test is not of the data's type.
fn passing(test: &Test, data: &Data) -> Option<Bits> {
    Some(match (test, data) {
        (Test::Whole(wanted), Data::Integer(values)) => match wanted {
            Wanted::Range(low, high) => Bits::of(values, |v| (*low <= v) & (v <= *high)),
            Wanted::OneOf(_) => Bits::of(values, |value| wanted.passes(value)),
        },
        (Test::Whole(wanted), Data::Days(days)) => {
            Bits::of(days, |days| wanted.passes(i64::from(days)))
        }
        (Test::Whole(wanted), Data::Boolean(bits)) => match (wanted.passes(0), wanted.passes(1)) {
            (false, true) => bits.clone(),
            (true, false) => bits.clone().not(),
            (both, _) => Bits::all(bits.len(), both),
        },
        (Test::Real(wanted), Data::Float(values)) => match wanted {
            Wanted::Range(low, high) => Bits::of(values, |v| (*low <= v) & (v <= *high)),
            Wanted::OneOf(_) => Bits::of(values, |value| wanted.passes(value)),
        },
        (Test::Text(wanted), Data::Text(cells)) => texts(wanted, cells),
        _ => return None,
    })
}

/// Asks each distinct text at most once, then looks each row's code up.
fn texts(wanted: &WantedText, cells: &TextCells) -> Bits {
    let mut passes = vec![false; cells.distinct()];
    match wanted {
        WantedText::Range(low, high) => {
            let first = cells.partition(|text| !reaches(text, low)) as u32;
            let end = cells.partition(|text| !exceeds(text, high)) as u32;
            return Bits::of(cells.codes(), |code| (first <= code) & (code < end));
        }
        WantedText::OneOf(wanted) => {
            for wanted in wanted {
                let code = cells.partition(|text| text < wanted.as_str());
                let found = cells.entry(code) == wanted;
                if let Some(passes) = passes.get_mut(code).filter(|_| found) {
                    *passes = true;
                }
            }
        }
        WantedText::Like(pattern) => {
            for (code, passes) in passes.iter_mut().enumerate() {
                *passes = pattern.matches(cells.entry(code));
            }
        }
    }
    Bits::of(cells.codes(), |code| {
        passes.get(code as usize).copied().unwrap_or(false)
    })
}

/// Row by row, for a view whose column has a narrower type than the filter knows.
fn each(cells: &Cells, kind: AttributeType, test: &Test, want: bool) -> Bits {
    let positions: Vec<usize> = (0..cells.present.len()).collect();
    Bits::of(&positions, |position| {
        let value = cells.value(position).and_then(|value| value.cast(kind));
        value.is_some_and(|value| test.passes(&value) == want)
    })
}
