//! Which edges do these files list?
//!
//! [`read_edges`] takes edge lists as people have them: columns between commas, tabs, semicolons, bars or blanks, Parquet,
//! or one line a person with the list of their friends; each but Parquet also compressed by gzip. What a file is, it finds
//! out from the file's first lines and says in the [`EdgeReport`]; [`EdgeOptions`] overrule it. Rows that cannot be taken
//! are counted, and the first of them described; the rest goes on.
//!
//! ```
//! use std::sync::atomic::AtomicBool;
//!
//! use nigh_engine::edges::{EdgeOptions, read_edges};
//!
//! let dir = tempfile::tempdir()?;
//! let path = dir.path().join("friends.csv");
//! std::fs::write(&path, "from,to\nann,bob\nbob,ann\nbob,cid\n")?;
//! let list = read_edges(&[path], &EdgeOptions::default(), &|_, _| {}, &AtomicBool::new(false))?;
//! assert_eq!((list.ids.len(), list.edges.len()), (3, 2));
//! assert_eq!(list.report.files[0].format, "comma-separated, header, from = `from`, to = `to`");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod adjacency;
mod cells;
mod cleaning;
mod delimited;
mod error;
mod guess;
mod input;
mod moment;
mod numbering;
mod parquet;
mod report;
mod roles;
mod rows;

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::AtomicBool;

use nigh_graph::{Edge, Ids};

pub use error::EdgesError;
pub use report::{EdgeFile, EdgeReport, Rejects};

use guess::Shape;
use input::{Input, Watch};
use rows::Rows;

/// What a file is, where that shall not be guessed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EdgeOptions {
    /// The column of one end.
    pub from: Option<Column>,
    /// The column of the other end.
    pub to: Option<Column>,
    /// The column of times: seconds or milliseconds since 1970, or RFC 3339 dates.
    pub time: Option<Column>,
    /// The column of weights: numbers from 0 up.
    pub weight: Option<Column>,
    /// What stands between columns; a blank stands for any run of blanks and tabs.
    pub delimiter: Option<u8>,
    /// Whether the first row names the columns.
    pub header: Option<bool>,
    /// Whether each line is a person, a delimiter (a tab unless given) and that person's friends between commas.
    pub adjacency: Option<bool>,
}

/// A column of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// By its name in the header.
    Name(String),
    /// By its place, from 1.
    Number(usize),
}

impl FromStr for Column {
    type Err = Infallible;

    /// Digits are a place, anything else a name.
    fn from_str(text: &str) -> Result<Column, Infallible> {
        let number = text.parse().map(Column::Number);
        Ok(number.unwrap_or_else(|_| Column::Name(text.to_owned())))
    }
}

/// The edges of files, cleaned.
#[derive(Clone, Debug)]
pub struct EdgeList {
    /// The people: numbers in their order where all ids are numbers as a program writes them, otherwise texts in the order
    /// of their bytes.
    pub ids: Ids,
    /// Each edge once, from the lower number of `ids` to the higher, ascending; of several rows the earliest time and the
    /// last weight.
    pub edges: Vec<Edge>,
    /// What was read and what was left out.
    pub report: EdgeReport,
}

/// Reads edge lists; the path `-` is the standard input.
///
/// `progress` is told the bytes read and the bytes there are in all (of compressed files, the compressed ones; of the
/// standard input none). Once `stop` is set, the reading ends with [`EdgesError::Stopped`].
///
/// An edge takes 16 bytes while it is read (32 with its time and weight) and 40 while edges are brought in order.
///
/// # Errors
/// Where a file cannot be read, has no column that an option names, or holds nothing; where no row of all files can be
/// taken; and where there are more than 2³¹ − 1 people.
pub fn read_edges(
    paths: &[PathBuf],
    options: &EdgeOptions,
    progress: &(dyn Fn(u64, u64) + Sync),
    stop: &AtomicBool,
) -> Result<EdgeList, EdgesError> {
    if paths.is_empty() {
        return Err(EdgesError::NoFile);
    }
    let watch = Watch::over(paths, progress, stop)?;
    let mut rows = Rows::default();
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        files.push(read_file(path, options, &watch, &mut rows)?);
    }
    finish(rows, files)
}

fn read_file(
    path: &Path,
    options: &EdgeOptions,
    watch: &Watch<'_>,
    rows: &mut Rows,
) -> Result<EdgeFile, EdgesError> {
    let from = rows.begin();
    let (format, read) = match Input::open(path, watch)? {
        Input::Parquet(file) => parquet::read(path, file, options, watch, rows)?,
        Input::Text(mut blocks) => {
            let format = guess::guess(path, blocks.sample()?, options)?;
            let read = match &format.shape {
                Shape::Adjacency => adjacency::read(path, &format, &mut blocks, rows)?,
                Shape::Table(roles) => delimited::read(path, &format, roles, &mut blocks, rows)?,
            };
            (format, read)
        }
    };
    let milliseconds = rows.end(from);
    Ok(EdgeFile {
        path: path.to_owned(),
        format: format.describe(milliseconds),
        rows: read,
    })
}

fn finish(rows: Rows, files: Vec<EdgeFile>) -> Result<EdgeList, EdgesError> {
    if rows.is_empty() {
        return Err(rows.nothing(files));
    }
    let pairs = rows.pairs.len() as u64;
    let (timed, weighted) = (!rows.times.is_empty(), !rows.weights.is_empty());
    let (numbered, carried, rejected) = numbering::number(rows)?;
    let people = numbered.ids.len() as u64;
    let cleaned = cleaning::clean(numbered.rows, &carried);
    let report = EdgeReport {
        rows: files.iter().map(|file| file.rows).sum(),
        files,
        pairs,
        people,
        edges: cleaned.edges.len() as u64,
        self_loops: cleaned.self_loops,
        duplicates: cleaned.duplicates,
        both_ways: cleaned.both_ways,
        one_way: cleaned.edges.len() as u64 - cleaned.both_ways,
        rejected,
        timed,
        weighted,
    };
    Ok(EdgeList {
        ids: numbered.ids,
        edges: cleaned.edges,
        report,
    })
}
