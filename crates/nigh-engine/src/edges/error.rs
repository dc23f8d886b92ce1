//! Why there is nothing to import, each a sentence.

use std::path::PathBuf;

/// Why edge lists cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EdgesError {
    /// No file was named.
    #[error(
        "no edge list was named: expected a file of two ids a row, or `-` for the standard input"
    )]
    NoFile,
    /// A file cannot be read, at all or to its end.
    #[error("{} cannot be read: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A file holds nothing but blank lines and comments.
    #[error("{} is empty, expected rows of two ids each", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Rows have less than two columns.
    #[error(
        "{} has {columns} column{}, expected two ids a row between commas, tabs, semicolons, bars or blanks",
        path.display(), if *columns == 1 { "" } else { "s" }
    )]
    TooFewColumns {
        /// The file.
        path: PathBuf,
        /// How many columns it has.
        columns: usize,
    },
    /// An option names a column that the file lacks.
    #[error("{} has no column {column} ({role}): it has {}", path.display(), columns.join(", "))]
    UnknownColumn {
        /// The file.
        path: PathBuf,
        /// What the column was to be: from, to, time or weight.
        role: &'static str,
        /// The column asked for.
        column: String,
        /// The columns there are.
        columns: Vec<String>,
    },
    /// Two options name one column.
    #[error("{}: column {column} cannot be both {first} and {second}", path.display())]
    SameColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// One thing that it was to be.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// No row could be taken.
    #[error("none of the {rejected} rows can be taken; the first: {first}")]
    AllRejected {
        /// How many there are.
        rejected: u64,
        /// What is wrong with the first.
        first: String,
    },
    /// More people than can be numbered.
    #[error("{people} people are more than the {} that a graph holds", u32::MAX / 2)]
    TooManyPeople {
        /// How many there are.
        people: u64,
    },
    /// The reading was stopped.
    #[error("the reading was stopped")]
    Stopped,
}
