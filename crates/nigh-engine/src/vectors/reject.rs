//! Rows set aside.

use std::path::Path;

use serde::Serialize;

use super::files::RowProblem;

/// Sentences kept; more would be read by nobody.
const SENTENCES: usize = 20;

/// How many rows were set aside, and why the first of them were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// Number of rows.
    pub count: u64,
    /// A sentence for each of the first 20, with file and row.
    pub sentences: Vec<String>,
}

impl Rejected {
    pub(super) fn push(&mut self, path: &Path, row: usize, problem: &RowProblem) {
        self.count += 1;
        if self.sentences.len() < SENTENCES {
            self.sentences
                .push(format!("{} row {row}: {problem}", path.display()));
        }
    }
}
