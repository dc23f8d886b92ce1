//! A table of people: an id and attributes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use nigh_store::{MAX_ID_BYTES, Value};

use crate::source::Reject;

/// A person as a table has them.
#[derive(Clone, Debug, PartialEq)]
pub struct PersonRow {
    /// The id.
    pub id: String,
    /// The attributes that are not null: a column of whole numbers gives integers, of numbers floats, any other texts.
    pub attributes: BTreeMap<String, Value>,
}

/// Everybody in a table, and the rows that could not be used.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PeopleTable {
    /// One for each id, in the order of the table; of several rows with an id the last counts.
    pub rows: Vec<PersonRow>,
    /// The rows that were not taken.
    pub rejected: Vec<Reject>,
    /// The name of the column that holds the ids.
    pub id_column: String,
}

/// Why a table cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum PeopleTableError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the reader said.
        source: csv::Error,
    },
    /// It has no such column.
    #[error("{} has no column {wanted:?}; its columns are {}", path.display(), columns.join(", "))]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The column asked for.
        wanted: String,
        /// Those there are.
        columns: Vec<String>,
    },
    /// It has no rows.
    #[error("{} has no rows below its header", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

const ID_NAMES: [&str; 8] = [
    "id",
    "node_id",
    "person",
    "person_id",
    "user",
    "user_id",
    "node",
    "name",
];

/// Reads a CSV or TSV file with a header. The ids are in the column `id`, else the one called id, node_id, user, … , else the
/// first. A cell that is empty, or one of `nulls`, is an attribute that is not known.
///
/// # Errors
/// [`PeopleTableError`]. A row that cannot be used is among [`PeopleTable::rejected`].
pub fn read_people(
    path: &Path,
    id: Option<&str>,
    nulls: &[String],
) -> Result<PeopleTable, PeopleTableError> {
    let failed = |source| PeopleTableError::Read {
        path: path.to_owned(),
        source,
    };
    let tabs = path
        .extension()
        .is_some_and(|kind| kind == "tsv" || kind == "txt");
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(if tabs { b'\t' } else { b',' })
        .flexible(true)
        .from_path(path)
        .map_err(failed)?;
    let columns: Vec<String> = reader
        .headers()
        .map_err(failed)?
        .iter()
        .map(|name| name.trim().to_owned())
        .collect();
    if columns.is_empty() {
        let path = path.to_owned();
        return Err(PeopleTableError::Empty { path });
    }
    let id_place = id_column(path, &columns, id)?;
    let mut table = PeopleTable {
        id_column: columns[id_place].clone(),
        ..PeopleTable::default()
    };
    let mut cells: Vec<(String, Vec<String>)> = Vec::new();
    for record in reader.byte_records() {
        let record = record.map_err(failed)?;
        let line = record.position().map_or(0, csv::Position::line);
        match texts(&record, columns.len(), id_place, nulls) {
            Ok(row) => cells.push(row),
            Err((column, reason)) => table.rejected.push(Reject {
                origin: format!("{} line {line}", path.display()),
                column: column.map(|column| columns[column].clone()),
                reason,
            }),
        }
    }
    if cells.is_empty() && table.rejected.is_empty() {
        let path = path.to_owned();
        return Err(PeopleTableError::Empty { path });
    }
    table.rows = typed(&columns, id_place, cells);
    Ok(table)
}

fn id_column(
    path: &Path,
    columns: &[String],
    wanted: Option<&str>,
) -> Result<usize, PeopleTableError> {
    let place = |name: &str| {
        columns
            .iter()
            .position(|column| column.eq_ignore_ascii_case(name))
    };
    match wanted {
        Some(wanted) => place(wanted).ok_or_else(|| PeopleTableError::NoColumn {
            path: path.to_owned(),
            wanted: wanted.to_owned(),
            columns: columns.to_vec(),
        }),
        None => Ok(ID_NAMES.iter().find_map(|name| place(name)).unwrap_or(0)),
    }
}

type RejectedCell = (Option<usize>, String);

fn texts(
    record: &csv::ByteRecord,
    columns: usize,
    id_place: usize,
    nulls: &[String],
) -> Result<(String, Vec<String>), RejectedCell> {
    if record.len() != columns {
        let reason = format!(
            "{} columns were found, and the header has {columns}",
            record.len()
        );
        return Err((None, reason));
    }
    let text = |(place, cell)| match std::str::from_utf8(cell) {
        Ok(text) => Ok(str::trim(text).to_owned()),
        Err(_) => Err((Some(place), "is not UTF-8".to_owned())),
    };
    let mut cells: Vec<String> = record
        .iter()
        .enumerate()
        .map(text)
        .collect::<Result<_, _>>()?;
    let id = cells[id_place].clone();
    for cell in cells.iter_mut().filter(|cell| nulls.contains(cell)) {
        cell.clear();
    }
    match id.len() {
        0 => Err((Some(id_place), "the id is empty".to_owned())),
        bytes if bytes > MAX_ID_BYTES => {
            let reason =
                format!("the id has {bytes} bytes, and at most {MAX_ID_BYTES} are allowed");
            Err((Some(id_place), reason))
        }
        _ => Ok((id, cells)),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Integer,
    Float,
    Text,
}

fn typed(columns: &[String], id_place: usize, cells: Vec<(String, Vec<String>)>) -> Vec<PersonRow> {
    let kind_of = |column: usize| {
        cells
            .iter()
            .fold(Kind::Integer, |kind, (_, row)| match kind {
                _ if row[column].is_empty() => kind,
                Kind::Integer if row[column].parse::<i64>().is_ok() => Kind::Integer,
                Kind::Integer | Kind::Float if finite(&row[column]).is_some() => Kind::Float,
                _ => Kind::Text,
            })
    };
    let kinds: Vec<Kind> = (0..columns.len()).map(kind_of).collect();
    let mut places = std::collections::HashMap::new();
    let mut rows: Vec<PersonRow> = Vec::new();
    for (id, row) in cells {
        let values = row
            .iter()
            .enumerate()
            .filter(|&(place, text)| place != id_place && !text.is_empty());
        let attributes = values
            .filter_map(|(place, text)| Some((columns[place].clone(), value(text, kinds[place])?)))
            .collect();
        let place = *places.entry(id.clone()).or_insert(rows.len());
        match rows.get_mut(place) {
            Some(known) => known.attributes = attributes,
            None => rows.push(PersonRow { id, attributes }),
        }
    }
    rows
}

fn value(text: &str, kind: Kind) -> Option<Value> {
    match kind {
        Kind::Integer => text.parse().ok().map(Value::Integer),
        Kind::Float => finite(text).map(Value::Float),
        Kind::Text => Some(Value::String(text.to_owned())),
    }
}

fn finite(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}
