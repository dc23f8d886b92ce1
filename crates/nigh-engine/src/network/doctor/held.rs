//! All that the store of a network holds, and whether it fits together.

use std::collections::HashMap;

use nigh_graph::Edge;
use nigh_store::{MAX_ID_BYTES, NetworkChange, NetworkView, Person, ReadError, Rule};

use crate::doctor::{Check, Findings};

/// Everything in the store of a network.
pub(super) struct Held {
    pub(super) people: Vec<Person>,
    /// Those of the last fold.
    pub(super) edges: Vec<Edge>,
    pub(super) rules: Vec<Rule>,
    /// Those since the last fold.
    pub(super) changes: Vec<(u64, NetworkChange)>,
    pub(super) fold: u64,
    /// Whether an erasure was begun and not ended.
    pub(super) erasing: bool,
    sequence: u64,
}

impl Held {
    pub(super) fn read(view: &NetworkView) -> Result<Held, ReadError> {
        let fold = view.fold()?;
        Ok(Held {
            people: view.people()?,
            edges: view.folded_edges()?,
            rules: view.rules()?,
            changes: view.changes(fold + 1)?.collect::<Result<_, _>>()?,
            fold,
            erasing: view.is_erasing()?,
            sequence: view.sequence(),
        })
    }

    /// How many people there were at the last fold.
    pub(super) fn folded_people(&self) -> usize {
        let came =
            |(_, change): &&(u64, NetworkChange)| matches!(change, NetworkChange::AddPerson(_));
        let later = self.changes.iter().filter(came).count();
        self.people.len().saturating_sub(later)
    }

    pub(super) fn is_erased(&self, number: u32) -> bool {
        let person = self.people.get(number as usize);
        person.is_some_and(|person| person.id.is_empty())
    }

    pub(super) fn check_store(&self) -> Check {
        let mut findings = Findings::default();
        let expected = self.fold + 1..;
        for ((number, _), expected) in self.changes.iter().zip(expected) {
            if *number != expected {
                findings.add(|| {
                    format!("the log goes on with change {number} where {expected} was expected")
                });
                break;
            }
        }
        let fine = format!(
            "every page fits its checksum; change {}, {} of them since all edges were written anew",
            self.sequence,
            self.changes.len()
        );
        findings.check("store", fine)
    }

    pub(super) fn check_people(&self) -> Check {
        let mut findings = Findings::default();
        let mut numbers = HashMap::with_capacity(self.people.len());
        for (number, person) in self.people.iter().enumerate() {
            let id = person.id.as_str();
            if id.len() > MAX_ID_BYTES {
                findings.add(|| format!("the id of person number {number} is too long"));
            }
            if !id.is_empty()
                && let Some(before) = numbers.insert(id, number)
            {
                findings
                    .add(|| format!("people number {before} and {number} both have the id {id:?}"));
            }
        }
        let erased = self.people.len() - numbers.len();
        findings.check(
            "people",
            format!("{} people, {erased} erased", numbers.len()),
        )
    }

    pub(super) fn check_edges(&self) -> Check {
        let mut findings = Findings::default();
        let people = self.folded_people();
        let mut before = None;
        for edge in &self.edges {
            let ends = (edge.a, edge.b);
            if let Some(reason) = wrong_with(edge, people) {
                findings.add(|| reason);
            } else if before >= Some(ends) {
                findings.add(|| format!("the edge {ends:?} is out of order"));
            }
            before = Some(ends);
        }
        self.check_changes(people, &mut findings);
        let fine = format!(
            "{} edges when all were written anew, each between two people",
            self.edges.len()
        );
        findings.check("edges", fine)
    }

    fn check_changes(&self, mut people: usize, findings: &mut Findings) {
        for (number, change) in &self.changes {
            let named = match change {
                NetworkChange::AddPerson(_) => {
                    people += 1;
                    continue;
                }
                NetworkChange::Fold => continue,
                NetworkChange::AddEdge { .. } => match edge_of(change) {
                    Some(edge) => wrong_with(&edge, people),
                    None => None,
                },
                change => {
                    let beyond = named(change).into_iter().find(|&n| n as usize >= people);
                    beyond.map(|beyond| nobody(beyond, people))
                }
            };
            if let Some(reason) = named {
                findings.add(|| format!("change {number}: {reason}"));
            }
        }
    }

    pub(super) fn check_rules(&self) -> Check {
        let mut findings = Findings::default();
        for &rule in &self.rules {
            let beyond = ends(rule)
                .into_iter()
                .find(|&number| number as usize >= self.people.len());
            if let Some(number) = beyond {
                findings.add(|| format!("a rule: {}", nobody(number, self.people.len())));
            }
        }
        findings.check("rules", format!("{} rules", self.rules.len()))
    }
}

/// The people of a rule.
pub(super) fn ends(rule: Rule) -> Vec<u32> {
    match rule {
        Rule::Dismissed(a, b) | Rule::Blocked(a, b) => vec![a, b],
        Rule::HidesFriends(a) | Rule::OptedOut(a) => vec![a],
    }
}

/// The people whom a change names by number.
pub(super) fn named(change: &NetworkChange) -> Vec<u32> {
    match change {
        NetworkChange::AddPerson(_) | NetworkChange::Fold => Vec::new(),
        NetworkChange::SetAttributes(a, _) | NetworkChange::Erase(a) => vec![*a],
        NetworkChange::AddEdge { a, b, .. } | NetworkChange::RemoveEdge(a, b) => vec![*a, *b],
        NetworkChange::AddRule(rule) | NetworkChange::RemoveRule(rule) => ends(*rule),
    }
}

fn edge_of(change: &NetworkChange) -> Option<Edge> {
    match *change {
        NetworkChange::AddEdge { a, b, time, weight } => Some(Edge {
            a: a.min(b),
            b: a.max(b),
            time,
            weight,
        }),
        _ => None,
    }
}

fn wrong_with(edge: &Edge, people: usize) -> Option<String> {
    let &Edge { a, b, time, weight } = edge;
    if b as usize >= people {
        return Some(format!("an edge: {}", nobody(b, people)));
    }
    if a >= b {
        return Some(format!("an edge leads from {a} to {b}"));
    }
    (time < 0 || !weight.is_finite() || weight < 0.0)
        .then(|| format!("the edge of {a} and {b} has time {time} and weight {weight}"))
}

fn nobody(number: u32, people: usize) -> String {
    format!("it names person number {number}, and there are {people}, counted from 0")
}
