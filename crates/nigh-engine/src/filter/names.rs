//! Column names: found in any case, suggested when mistyped.

use nigh_store::Schema;

use super::error::FilterError;
use super::place::Place;
use super::tree::Target;

/// How many names a sentence lists.
const SUGGESTED: usize = 3;

/// The column that is meant by `name`: the one with just this name, else the only one that
/// differs in case alone. `id` means the item's id unless a column is called so.
pub(super) fn column(name: &str, schema: &Schema, at: Place) -> Result<Target, FilterError> {
    let exact = names(schema).find(|known| *known == name);
    let folded = name.to_lowercase();
    let similar: Vec<&str> = names(schema)
        .filter(|known| known.to_lowercase() == folded)
        .collect();
    let only = if let [only] = similar.as_slice() {
        Some(*only)
    } else {
        None
    };
    match (exact.or(only), similar.as_slice()) {
        (Some(known), _) => Ok(target(known, schema)),
        (None, []) => Err(FilterError::UnknownColumn {
            name: name.to_owned(),
            nearest: quoted(&nearest(name, schema)),
            at,
        }),
        (None, similar) => Err(FilterError::AmbiguousColumn {
            name: name.to_owned(),
            candidates: quoted(similar),
            at,
        }),
    }
}

/// Whether some column is meant by this name.
pub(super) fn is_known(name: &str, schema: &Schema) -> bool {
    let folded = name.to_lowercase();
    names(schema).any(|known| known.to_lowercase() == folded)
}

fn target(name: &str, schema: &Schema) -> Target {
    match schema.column(name) {
        Some(column) => Target::Attribute {
            name: column.name.clone(),
            kind: column.kind,
        },
        None => Target::Id,
    }
}

/// The names that a filter may use.
fn names(schema: &Schema) -> impl Iterator<Item = &str> {
    let id = schema
        .columns
        .iter()
        .all(|column| !column.name.eq_ignore_ascii_case("id"));
    let names = schema.columns.iter().map(|column| column.name.as_str());
    names.chain(id.then_some("id"))
}

/// The known names nearest to `name`, the nearest first; ties in the schema's order.
fn nearest<'a>(name: &str, schema: &'a Schema) -> Vec<&'a str> {
    let mut known: Vec<(usize, &str)> = names(schema)
        .map(|known| (distance(name, known), known))
        .collect();
    known.sort_by_key(|(distance, _)| *distance);
    let best = known.first().map_or(0, |(distance, _)| *distance);
    // Where one name is near, the far ones would only confuse.
    let near = known
        .iter()
        .filter(|(distance, _)| best > 2 || *distance == best);
    near.take(SUGGESTED).map(|(_, known)| *known).collect()
}

/// Typing errors between two names, whatever their case; few where one contains the other, as in
/// `colour` for `baseColour`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    let (shorter, longer) = if a.len() <= b.len() {
        (&a, &b)
    } else {
        (&b, &a)
    };
    let part = shorter.len() >= 3 && longer.contains(shorter.as_str());
    let edits = strsim::osa_distance(&a, &b);
    if part { edits.min(2) } else { edits }
}

fn quoted(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
