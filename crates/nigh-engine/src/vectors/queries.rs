//! Queries in memory.

use std::path::{Path, PathBuf};

use super::files::{FileError, VectorFile};

/// All rows of a file, every one of which can be compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Queries {
    path: PathBuf,
    dim: usize,
    values: Vec<f32>,
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
        })
    }

    /// The first half, and the others.
    pub(super) fn halves(&self) -> (Queries, Queries) {
        let half = self.len() / 2;
        let part = |values: &[f32]| Queries {
            path: self.path.clone(),
            dim: self.dim,
            values: values.to_vec(),
        };
        let (first, second) = self.values.split_at(half * self.dim);
        (part(first), part(second))
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
    }
}
