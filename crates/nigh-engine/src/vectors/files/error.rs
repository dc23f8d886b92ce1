//! Why a file of vectors cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use super::RowProblem;

/// Why a file of vectors cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried: read, write…
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The name ends in nothing that is known.
    #[error(
        "{} is no file of vectors that nigh reads: its name ends in none of .fbin, .u8bin, .npy, .parquet",
        path.display()
    )]
    UnknownKind {
        /// The file.
        path: PathBuf,
    },
    /// No values at all.
    #[error("{} holds {rows} rows of {dim} values, expected at least one of each", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// Its rows.
        rows: usize,
        /// Values per row.
        dim: usize,
    },
    /// Too short for a header.
    #[error("{} is {bytes} bytes long, too short for the header of a {kind} file", path.display())]
    NoHeader {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: u64,
        /// The form its name promises.
        kind: &'static str,
    },
    /// The header and the length of the file contradict each other.
    #[error(
        "{} is {bytes} bytes long, but its header says {rows} rows of {dim} values, which take {}: it is {}",
        path.display(),
        expected.map_or("more than any file holds".to_owned(), |bytes| format!("{bytes} bytes")),
        if expected.is_some_and(|expected| expected < *bytes) { "too long" } else { "cut short" }
    )]
    Length {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: u64,
        /// The length it should have, unless that overflows.
        expected: Option<u64>,
        /// Rows, as the header says.
        rows: usize,
        /// Values per row, as the header says.
        dim: usize,
    },
    /// Not the NumPy array that is expected.
    #[error("{} is not a NumPy array that nigh reads: {what}", path.display())]
    Npy {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
    /// Not the Parquet file that is expected.
    #[error("{} cannot be read as Parquet: {what}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the decoder says.
        what: String,
    },
    /// No column, or not the one asked for, holds vectors.
    #[error(
        "{} {}; expected a column of lists of float, double or uint8, it has {}", path.display(),
        column.as_ref().map_or("has no column of vectors".to_owned(), |name| format!("has no column of vectors named `{name}`")),
        columns.join(", ")
    )]
    NoColumn {
        /// The file.
        path: PathBuf,
        /// The column asked for.
        column: Option<String>,
        /// Its columns, each with its type.
        columns: Vec<String>,
    },
    /// A column of a file that has none.
    #[error("{} has no columns, only a Parquet file has", path.display())]
    NoColumns {
        /// The file.
        path: PathBuf,
    },
    /// Several columns hold vectors.
    #[error("{} has {} columns of vectors ({}): say which one with --column", path.display(), columns.len(), columns.join(", "))]
    SeveralColumns {
        /// The file.
        path: PathBuf,
        /// Their names.
        columns: Vec<String>,
    },
    /// A row that may not be missing cannot be compared.
    #[error("{} row {row}: {problem}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// The row, counted from 0.
        row: usize,
        /// What is wrong with it.
        problem: RowProblem,
    },
    /// The rows are not as many as stated.
    #[error("{} has {received} rows that can be read, expected {expected}", path.display())]
    RowCount {
        /// The file.
        path: PathBuf,
        /// Rows, as stated.
        expected: usize,
        /// Rows received or read.
        received: usize,
    },
}

impl FileError {
    pub(super) fn unknown_kind(path: &Path) -> FileError {
        match std::fs::metadata(path) {
            Ok(_) => FileError::UnknownKind {
                path: path.to_owned(),
            },
            Err(source) => FileError::read(path)(source),
        }
    }

    pub(in crate::vectors) fn read(path: &Path) -> impl FnOnce(io::Error) -> FileError {
        FileError::io("read", path)
    }

    pub(in crate::vectors) fn write(path: &Path) -> impl FnOnce(io::Error) -> FileError {
        FileError::io("write", path)
    }

    fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FileError {
        move |source| FileError::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }
}
