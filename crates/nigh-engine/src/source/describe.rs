//! A plan in words.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::folder::Listing;
use super::planning::Part;
use super::table::file_name;
use super::{Holds, IdRole, Plan, TableRoles};

/// The plan: what is read, each table's columns in their roles, what is left aside.
pub(super) fn lines(plan: &Plan) -> Vec<String> {
    let mut lines = Vec::new();
    for part in &plan.parts {
        if let Part::Pictures { listing, joined } = part
            && !listing.pictures.is_empty()
        {
            lines.push(pictures(listing, joined.is_some()));
        }
    }
    let mut rest = &plan.tables[..];
    while let Some(first) = rest.first() {
        let alike = rest
            .iter()
            .take_while(|table| same_roles(table, first))
            .count();
        let (group, others) = rest.split_at(alike.max(1));
        describe_tables(group, &mut lines);
        rest = others;
    }
    lines.extend(plan.notes.iter().map(|note| format!("note: {note}")));
    if !plan.rejects.is_empty() {
        lines.push(format!(
            "note: {} cannot be read and will be rejected",
            count(plan.rejects.len() as u64, "file")
        ));
    }
    lines
}

/// `, found .txt 2, .mp4 1`, for a sentence about a folder with nothing in it.
pub(super) fn found_instead(others: &BTreeMap<String, u64>) -> String {
    match others.is_empty() {
        true => String::new(),
        false => format!("; found {}", kinds(others)),
    }
}

/// Sentences about files that a folder holds and the import does not take.
pub(super) fn left_aside(listing: &Listing, table: Option<&PathBuf>) -> Vec<String> {
    let mut notes = Vec::new();
    if !listing.others.is_empty() {
        let total = listing.others.values().sum();
        notes.push(format!(
            "left aside {} ({})",
            count(total, "other file"),
            kinds(&listing.others)
        ));
    }
    let tables = listing.root_tables.iter().chain(&listing.deep_parquet);
    for unused in tables.filter(|path| Some(*path) != table) {
        notes.push(format!("left aside the table {}", unused.display()));
    }
    if listing.loops > 0 {
        let links = count(listing.loops, "link");
        notes.push(format!(
            "did not follow {links} that lead back to where they are"
        ));
    }
    notes
}

/// Sentences about rows without pictures and pictures without rows.
pub(super) fn unmatched(table: &str, rows: u64, pictures: u64) -> Vec<String> {
    let mut notes = Vec::new();
    if rows > 0 {
        let rows = count(rows, "row");
        notes.push(format!(
            "{rows} of {table} found no picture and will be rejected"
        ));
    }
    if pictures > 0 {
        let pictures = count(pictures, "picture");
        notes.push(format!(
            "{pictures} found no row in {table}, imported without attributes"
        ));
    }
    notes
}

fn pictures(listing: &Listing, joined: bool) -> String {
    let roots = listing.roots.iter().map(|root| root.display().to_string());
    let places: Vec<String> = roots.collect();
    let pictures = count(listing.pictures.len() as u64, "picture");
    let place = match places.is_empty() {
        true => String::new(),
        false => format!(" in {}", places.join(", ")),
    };
    let units = listing.units.len();
    match (units == listing.pictures.len(), joined) {
        (false, _) => format!("{pictures}{place}, {}", count(units as u64, "folder")),
        (true, true) => format!("{pictures}{place}"),
        (true, false) => format!("{pictures}{place}, each an item named by its file"),
    }
}

fn describe_tables(tables: &[TableRoles], lines: &mut Vec<String>) {
    let Some(first) = tables.first() else { return };
    let rows = count(tables.iter().map(|table| table.rows).sum(), "row");
    let joined: Option<u64> = tables.iter().map(|table| table.joined).sum();
    let joined = joined.map_or_else(String::new, |found| {
        format!(", {} of them with a picture", thousands(found))
    });
    let name = match tables {
        [one] => file_name(&one.table),
        more => format!(
            "{} files from {} to {}",
            more.len(),
            file_name(&first.table),
            {
                more.last()
                    .map_or_else(String::new, |last| file_name(&last.table))
            }
        ),
    };
    lines.push(format!("{name}: {rows}{joined}"));
    lines.push(format!("  id          {}", id(&first.id)));
    lines.push(format!("  images      {}", images(first)));
    lines.push(format!("  attributes  {}", attributes(first)));
    for (column, why) in &first.left_out {
        lines.push(format!("  left out    `{column}` {why}"));
    }
}

fn same_roles(one: &TableRoles, other: &TableRoles) -> bool {
    one.id == other.id
        && one.images == other.images
        && one.attributes == other.attributes
        && one.left_out == other.left_out
        && one.joined.is_some() == other.joined.is_some()
}

fn id(role: &IdRole) -> String {
    match role {
        IdRole::Column(column) => format!("column `{column}`"),
        IdRole::StemOf(column) => format!("the file names in `{column}`, without extension"),
        IdRole::Stem => "the pictures' file names, without extension".to_owned(),
        IdRole::RowNumber => "the table's name and the row's number".to_owned(),
    }
}

fn images(table: &TableRoles) -> String {
    let columns = table.images.iter().map(|image| match image.holds {
        Holds::Bytes => format!("column `{}` (bytes)", image.column),
        Holds::Paths => format!("column `{}` (paths)", image.column),
    });
    match table.images.is_empty() {
        true => "files named by the id".to_owned(),
        false => columns.collect::<Vec<_>>().join(", "),
    }
}

fn attributes(table: &TableRoles) -> String {
    let columns = table.attributes.iter();
    let shown: Vec<_> = columns
        .map(|(name, kind)| format!("{name} {kind}"))
        .collect();
    match shown.is_empty() {
        true => "none".to_owned(),
        false => shown.join(", "),
    }
}

fn kinds(others: &BTreeMap<String, u64>) -> String {
    let kinds = others.iter().map(|(kind, count)| match kind.as_str() {
        "" => format!("no extension {count}"),
        kind => format!(".{kind} {count}"),
    });
    kinds.collect::<Vec<_>>().join(", ")
}

fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", thousands(number))
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
