//! What a text is, from its first lines.

use std::path::Path;

use super::cells::{CellText, is_void, lines, split};
use super::roles::{self, Roles};
use super::{EdgeOptions, EdgesError};

/// How many lines are looked at.
const LINES: usize = 1000;

/// What a file is taken for.
#[derive(Debug)]
pub(super) struct Format {
    pub(super) kind: &'static str,
    pub(super) delimiter: u8,
    pub(super) shape: Shape,
    /// What messages call each column: its name in the header, or its number.
    pub(super) columns: Vec<String>,
    pub(super) header: bool,
}

#[derive(Debug)]
pub(super) enum Shape {
    Table(Roles),
    Adjacency,
}

impl Format {
    /// The format in words.
    pub(super) fn describe(&self, milliseconds: bool) -> String {
        let Shape::Table(roles) = &self.shape else {
            return format!("adjacency list, {}, friends between commas", self.kind);
        };
        let header = match (self.delimiter, self.header) {
            (0, _) => "",
            (_, true) => ", header",
            (_, false) => ", no header",
        };
        let ends = format!(
            "from = {}, to = {}",
            self.columns[roles.from], self.columns[roles.to]
        );
        let unit = if milliseconds {
            "milliseconds"
        } else {
            "seconds"
        };
        let time = roles
            .time
            .map(|at| format!(", time = {} ({unit})", self.columns[at]));
        let weight = roles
            .weight
            .map(|at| format!(", weight = {}", self.columns[at]));
        let left = (0..self.columns.len()).filter(|&at| roles.is_left_out(at));
        let left: String = left
            .map(|at| format!(", {} left out", self.columns[at]))
            .collect();
        let [time, weight] = [time, weight].map(Option::unwrap_or_default);
        format!("{}{header}, {ends}{time}{weight}{left}", self.kind)
    }
}

/// Guesses what the options leave open.
pub(super) fn guess(
    path: &Path,
    sample: &[u8],
    options: &EdgeOptions,
) -> Result<Format, EdgesError> {
    let sample: Vec<&[u8]> = lines(sample)
        .filter(|line| !is_void(line))
        .take(LINES)
        .collect();
    if sample.is_empty() {
        return Err(EdgesError::Empty {
            path: path.to_owned(),
        });
    }
    let between_ends = options.delimiter.unwrap_or(b'\t');
    if options
        .adjacency
        .unwrap_or_else(|| is_adjacency(&sample, between_ends))
    {
        return Ok(Format {
            kind: kind(between_ends),
            delimiter: between_ends,
            shape: Shape::Adjacency,
            columns: vec!["1".to_owned(), "2".to_owned()],
            header: false,
        });
    }
    table(path, &sample, options)
}

fn table(path: &Path, sample: &[&[u8]], options: &EdgeOptions) -> Result<Format, EdgesError> {
    let delimiter = options.delimiter.unwrap_or_else(|| delimiter(sample));
    let rows = cut(sample, delimiter);
    let usual = usual_columns(&rows).0;
    let named = roles::by_name(options);
    let header = options
        .header
        .unwrap_or_else(|| named || roles::is_header(&rows, usual));
    let count = if header {
        rows.first().map_or(0, Vec::len)
    } else {
        usual
    };
    if count < 2 {
        return Err(EdgesError::TooFewColumns {
            path: path.to_owned(),
            columns: count,
        });
    }
    let columns: Vec<String> = match header {
        true => rows[0]
            .iter()
            .map(|cell| format!("`{}`", String::from_utf8_lossy(cell)))
            .collect(),
        false => (1..=count).map(|number| number.to_string()).collect(),
    };
    let values = &rows[usize::from(header)..];
    let roles = roles::choose(path, &columns, header, values, options)?;
    Ok(Format {
        kind: kind(delimiter),
        delimiter,
        shape: Shape::Table(roles),
        columns,
        header,
    })
}

fn cut<'a>(sample: &[&'a [u8]], delimiter: u8) -> Vec<Vec<CellText<'a>>> {
    let cut = sample.iter().filter_map(|line| {
        let mut cells = Vec::new();
        split(line, delimiter, &mut cells).ok().map(|()| cells)
    });
    cut.collect()
}

/// Whether the lines are a person, a delimiter and a list between commas, some of it longer than one, not all alike.
fn is_adjacency(sample: &[&[u8]], delimiter: u8) -> bool {
    let mut lengths = Vec::with_capacity(sample.len());
    for line in sample {
        let mut parts = line.split(|&byte| byte == delimiter);
        let (Some(person), Some(list), None) = (parts.next(), parts.next(), parts.next()) else {
            return false;
        };
        if person.contains(&b',') || list.contains(&b' ') || list.contains(&b'"') {
            return false;
        }
        lengths.push(list.iter().filter(|&&byte| byte == b',').count());
    }
    let first = lengths.first().copied().unwrap_or(0);
    let alike = lengths.iter().all(|&length| length == first);
    delimiter != b','
        && lengths.iter().any(|&length| length > 0)
        && (!alike || first > 1 || lengths.len() == 1)
}

/// The delimiter that cuts the largest share of the lines into an equal number of cells, more than one.
fn delimiter(sample: &[&[u8]]) -> u8 {
    let mut best = (0, b',');
    for delimiter in *b"\t,;| " {
        let (columns, lines) = usual_columns(&cut(sample, delimiter));
        if columns > 1 && lines > best.0 {
            best = (lines, delimiter);
        }
    }
    best.1
}

/// The number of cells that most lines have, and how many of them do.
fn usual_columns(rows: &[Vec<CellText<'_>>]) -> (usize, usize) {
    let mut lengths: Vec<usize> = rows.iter().map(Vec::len).collect();
    lengths.sort_unstable();
    let runs = lengths.chunk_by(|one, other| one == other);
    let longest = runs.max_by_key(|run| run.len());
    longest.map_or((0, 0), |run| (run[0], run.len()))
}

fn kind(delimiter: u8) -> &'static str {
    match delimiter {
        b',' => "comma-separated",
        b'\t' => "tab-separated",
        b';' => "semicolon-separated",
        b'|' => "bar-separated",
        b' ' => "space-separated",
        _ => "separated as asked",
    }
}
