//! Queries in memory.

use std::path::{Path, PathBuf};

use super::files::{FileError, VectorFile};

/// Queries, every one of which can be compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Queries {
    path: PathBuf,
    dim: usize,
    values: Vec<f32>,
    /// For each query the labels that are itself; empty if no query is among the rows it is asked of.
    own: Vec<Vec<u64>>,
}

impl Queries {
    /// Reads a file whole.
    ///
    /// # Errors
    /// If it cannot be read or holds a row that cannot be compared: a query left out would shift all others.
    pub fn read(file: &VectorFile) -> Result<Queries, FileError> {
        Ok(Queries {
            path: file.path().to_owned(),
            dim: file.dim(),
            values: file.read_all()?,
            own: Vec::new(),
        })
    }

    /// Rows of an index as queries, laid end to end in `values`, each with the labels that are itself: what it finds of these
    /// counts for nothing. `path` is where the rows were taken from, for messages.
    pub fn from_rows(path: &Path, dim: usize, values: Vec<f32>, own: Vec<Vec<u64>>) -> Queries {
        Queries {
            path: path.to_owned(),
            dim,
            values,
            own,
        }
    }

    /// The labels that are the query itself.
    pub(super) fn own(&self, query: usize) -> &[u64] {
        self.own.get(query).map_or(&[], Vec::as_slice)
    }

    /// The most labels that are one query itself: so many more neighbours have to be asked for.
    pub(super) fn most_own(&self) -> usize {
        self.own.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// Every other one, and the rest: files are often in an order, which halves cut in two would differ by.
    pub(crate) fn halves(&self) -> (Queries, Queries) {
        let part = |first: usize| {
            let each = self.values.chunks_exact(self.dim).skip(first).step_by(2);
            Queries {
                path: self.path.clone(),
                dim: self.dim,
                values: each.flatten().copied().collect(),
                own: self.own.iter().skip(first).step_by(2).cloned().collect(),
            }
        };
        (part(0), part(1))
    }

    /// Where they were read.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Values in a query.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Number of queries.
    pub fn len(&self) -> usize {
        self.values.len() / self.dim
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The queries end to end.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The first `count` queries end to end, or all if there are no more.
    pub fn first(&self, count: usize) -> &[f32] {
        &self.values[..count.min(self.len()) * self.dim]
    }

    /// One query, counted from 0.
    pub fn get(&self, query: usize) -> Option<&[f32]> {
        self.values.chunks_exact(self.dim).nth(query)
    }

    /// Keeps the first `count` alone.
    pub fn truncate(&mut self, count: usize) {
        self.values.truncate(count.saturating_mul(self.dim));
        self.own.truncate(count);
    }
}
