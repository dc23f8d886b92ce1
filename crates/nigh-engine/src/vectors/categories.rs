//! A category for each row of a file of vectors.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::files::{FileError, read_integers};

/// The categories of rows, in the order of the rows. A category is a name; an integer is named by its digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Categories {
    path: PathBuf,
    names: Vec<String>,
    of_row: Vec<u32>,
}

impl Categories {
    /// Reads a file: `.npy` (integers, one dimension), `.csv` (one column, no header) or `.txt` (one line for each row; spaces
    /// around a name do not count).
    ///
    /// # Errors
    /// If it cannot be read, is of no known form, or a row has no category or several.
    pub fn read(path: &Path) -> Result<Categories, CategoriesError> {
        let extension = path.extension().and_then(|extension| extension.to_str());
        match extension.unwrap_or_default().to_ascii_lowercase().as_str() {
            "npy" => {
                let integers = read_integers(path)?;
                let names = integers.iter().map(|number| Ok(number.to_string()));
                Categories::collect(path, names)
            }
            // Line by line: a reader of CSV passes over empty lines, and every later row would have another's category.
            "csv" => Categories::collect(path, read_text(path)?.lines().map(only_field)),
            "txt" => {
                let lines = read_text(path)?;
                Categories::collect(path, lines.lines().map(|line| Ok(line.trim().to_owned())))
            }
            _ => Err(CategoriesError::unknown_kind(path)),
        }
    }

    fn collect(
        path: &Path,
        rows: impl Iterator<Item = Result<String, String>>,
    ) -> Result<Categories, CategoriesError> {
        let mut categories = Categories {
            path: path.to_owned(),
            names: Vec::new(),
            of_row: Vec::new(),
        };
        let mut known = HashMap::new();
        for (row, name) in rows.enumerate() {
            let name = name.and_then(|name| match name.is_empty() {
                true => Err("is empty, expected a category".to_owned()),
                false => Ok(name),
            });
            let name = name.map_err(|problem| CategoriesError::Row {
                path: path.to_owned(),
                row,
                problem,
            })?;
            let next = categories.names.len() as u32;
            let number = *known.entry(name).or_insert_with_key(|name| {
                categories.names.push(name.clone());
                next
            });
            categories.of_row.push(number);
        }
        Ok(categories)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.of_row.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.of_row.is_empty()
    }

    /// The categories, in the order in which they come first.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number among [`Categories::names`] of a row's category; none if there is no such row.
    pub fn of(&self, row: usize) -> Option<usize> {
        self.of_row.get(row).map(|&number| number as usize)
    }

    /// How many rows each category has.
    pub(super) fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![0; self.names.len()];
        self.of_row
            .iter()
            .for_each(|&number| sizes[number as usize] += 1);
        sizes
    }

    /// Fails unless there is a category for each of `expected` rows of `rows`.
    pub(super) fn check(&self, rows: &Path, expected: usize) -> Result<(), CategoriesError> {
        if self.len() == expected {
            return Ok(());
        }
        Err(CategoriesError::Count {
            path: self.path.clone(),
            received: self.len(),
            rows: rows.to_owned(),
            expected,
        })
    }

    /// Keeps the first `count` rows alone.
    pub fn truncate(&mut self, count: usize) {
        self.of_row.truncate(count);
    }
}

fn read_text(path: &Path) -> Result<String, CategoriesError> {
    let text = fs::read(path).map_err(FileError::read(path))?;
    String::from_utf8(text).map_err(|_| CategoriesError::NotText {
        path: path.to_owned(),
    })
}

/// The one field of a line of CSV.
fn only_field(line: &str) -> Result<String, String> {
    if !line.contains('"') {
        return match line.matches(',').count() {
            0 => Ok(line.trim().to_owned()),
            commas => Err(format!("has {} columns, expected one category", commas + 1)),
        };
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .trim(csv::Trim::All)
        .from_reader(line.as_bytes());
    match reader.records().next() {
        Some(Ok(record)) if record.len() == 1 => Ok(record[0].to_owned()),
        Some(Ok(record)) => Err(format!(
            "has {} columns, expected one category",
            record.len()
        )),
        Some(Err(error)) => Err(error.to_string()),
        None => Ok(String::new()),
    }
}

/// Why categories cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CategoriesError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The name ends in nothing that is known.
    #[error(
        "{} is no file of categories that nigh reads: its name ends in none of .npy, .csv, .txt",
        path.display()
    )]
    UnknownKind {
        /// The file.
        path: PathBuf,
    },
    /// Not text.
    #[error("{} is not UTF-8 text", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// A row has no category.
    #[error("{} row {row}: {problem}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// The row, counted from 0.
        row: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// The categories are those of other rows.
    #[error("{} names the categories of {received} rows, but {} has {expected}", path.display(), rows.display())]
    Count {
        /// The file.
        path: PathBuf,
        /// Categories received.
        received: usize,
        /// The file of the rows.
        rows: PathBuf,
        /// Its rows.
        expected: usize,
    },
}

impl CategoriesError {
    fn unknown_kind(path: &Path) -> CategoriesError {
        match fs::metadata(path) {
            Ok(_) => CategoriesError::UnknownKind {
                path: path.to_owned(),
            },
            Err(source) => FileError::read(path)(source).into(),
        }
    }
}
