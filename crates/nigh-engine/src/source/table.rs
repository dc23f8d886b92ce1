//! A table of any format as a stream of records.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::cell::Record;
use super::delimited::Delimited;
use super::json_lines::JsonLines;
use super::parquet_table::ParquetTable;

/// Called with each record; breaking ends the scan.
pub(super) type Visit<'v> = dyn FnMut(Record<'_>) -> ControlFlow<()> + 'v;

/// A table whose columns are known; opened anew for each scan.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) path: PathBuf,
    /// What messages call it: the file's name, or its path where two tables share the name.
    pub(super) label: String,
    pub(super) columns: Vec<String>,
    pub(super) format: Format,
}

#[derive(Debug)]
pub(super) enum Format {
    Delimited(Delimited),
    JsonLines(JsonLines),
    Parquet(ParquetTable),
}

/// Why a table as a whole, or the rest of it, cannot be read: one sentence without the name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct TableError(pub(super) String);

impl From<std::io::Error> for TableError {
    fn from(error: std::io::Error) -> Self {
        Self(format!("cannot be read: {error}"))
    }
}

/// The extensions of tables, as taken from folders.
pub(super) fn is_table(extension: &str) -> bool {
    matches!(extension, "csv" | "tsv" | "jsonl" | "ndjson") || is_parquet(extension)
}

pub(super) fn is_parquet(extension: &str) -> bool {
    matches!(extension, "parquet" | "pq")
}

impl Table {
    /// Reads as much as tells the columns: a header, a footer, or every key of JSON Lines.
    pub(super) fn open(path: &Path) -> Result<Self, TableError> {
        let extension = extension(path);
        let (columns, format) = if is_parquet(&extension) {
            let (columns, table) = ParquetTable::open(path)?;
            (columns, Format::Parquet(table))
        } else if matches!(extension.as_str(), "jsonl" | "ndjson" | "json") {
            let (columns, table) = JsonLines::open(path)?;
            (columns, Format::JsonLines(table))
        } else {
            let (columns, table) = Delimited::open(path, extension == "tsv")?;
            (columns, Format::Delimited(table))
        };
        Ok(Self {
            path: path.to_owned(),
            label: file_name(path),
            columns,
            format,
        })
    }

    /// Visits every record in order. Only the `wanted` columns have their cells, all when empty.
    pub(super) fn scan(&self, wanted: &[usize], visit: &mut Visit<'_>) -> Result<(), TableError> {
        match &self.format {
            Format::Delimited(table) => table.scan(&self.path, &self.columns, visit),
            Format::JsonLines(table) => table.scan(&self.path, visit),
            Format::Parquet(table) => table.scan(&self.path, &self.columns, wanted, visit),
        }
    }

    /// `styles.csv line 7`, `products-0.parquet row 12`.
    pub(super) fn origin(&self, number: u64) -> String {
        match self.format {
            Format::Parquet(_) => format!("{} row {number}", self.label),
            _ => format!("{} line {number}", self.label),
        }
    }

    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// The folder that relative paths in the table start from.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    pub(super) fn stem(&self) -> String {
        let stem = self.path.file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    }
}

/// The lower-case extension, empty where there is none.
pub(super) fn extension(path: &Path) -> String {
    path.extension().map_or_else(String::new, |extension| {
        extension.to_string_lossy().to_ascii_lowercase()
    })
}

pub(super) fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}
