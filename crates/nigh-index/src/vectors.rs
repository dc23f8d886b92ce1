//! Rows in memory: what a segment is built from, and the exact tail of what is newer than any segment.

use std::collections::HashSet;
use std::slice;

use crate::allowed::Allowed;
use crate::metric::Metric;
use crate::scan::{self, Rows};
use crate::search::{Found, SearchError};

/// Labelled vectors of one dimension. Several rows may carry one label.
///
/// With [`Metric::Cosine`], rows are normalised as they are pushed.
#[derive(Clone, Debug)]
pub struct Vectors {
    dim: usize,
    metric: Metric,
    data: Vec<f32>,
    labels: Vec<u64>,
}

impl Vectors {
    /// No rows yet, of `dim` values each.
    pub fn new(dim: usize, metric: Metric) -> Vectors {
        Vectors {
            dim,
            metric,
            data: Vec::new(),
            labels: Vec::new(),
        }
    }

    /// Adds a row.
    ///
    /// # Errors
    /// If it does not have `dim` values, or one is NaN or infinite, or their squares add up to more than a
    /// quarter of the largest f32. The error names the label; nothing is added.
    pub fn push(&mut self, label: u64, values: &[f32]) -> Result<(), PushError> {
        check_dimension(self.dim, values).map_err(|source| PushError { label, source })?;
        let start = self.data.len();
        self.data.extend_from_slice(values);
        if let Err(source) = self.metric.prepare(&mut self.data[start..]) {
            self.data.truncate(start);
            return Err(PushError { label, source });
        }
        self.labels.push(label);
        Ok(())
    }

    /// Removes every row with this label; returns how many there were. The order of the others may change.
    pub fn remove(&mut self, label: u64) -> usize {
        self.retain(|l| l != label)
    }

    /// Removes every row whose label is in the set, in one pass; returns how many there were.
    pub fn remove_all(&mut self, labels: &HashSet<u64>) -> usize {
        self.retain(|l| !labels.contains(&l))
    }

    /// Keeps only the rows whose label `keep` approves; returns how many were removed. The order of those kept may change.
    pub fn retain(&mut self, mut keep: impl FnMut(u64) -> bool) -> usize {
        let before = self.len();
        for row in (0..before).rev() {
            if !keep(self.labels[row]) {
                self.swap_remove(row);
            }
        }
        before - self.len()
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Values per row.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// How rows are compared.
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// The label of every row.
    pub fn labels(&self) -> &[u64] {
        &self.labels
    }

    /// The values of a row, as they are compared: normalised for cosine.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.data[row * self.dim..][..self.dim]
    }

    /// The rows whose label `allow` approves, as a filter for [`Vectors::search`]. It holds until the next push or removal.
    pub fn allow(&self, mut allow: impl FnMut(u64) -> bool) -> Allowed {
        Allowed::from_fn(self.len(), |row| allow(self.labels[row]))
    }

    /// Compares the query with every allowed row, on the calling thread.
    ///
    /// # Errors
    /// If the query has another dimension or values that are not finite, or the filter is about another
    /// number of rows.
    pub fn search(
        &self,
        query: &[f32],
        k: usize,
        allowed: Option<&Allowed>,
    ) -> Result<Found, SearchError> {
        let query = scan::prepare_query(self.dim, self.metric, query)?;
        scan::check_allowed(self.len(), allowed)?;
        let everything = 0..self.len();
        Ok(scan::scan(
            &self.rows(),
            &query,
            k,
            slice::from_ref(&everything),
            allowed,
            1,
        ))
    }

    pub(crate) fn rows(&self) -> Rows<'_> {
        Rows {
            dim: self.dim,
            metric: self.metric,
            data: &self.data,
            labels: &self.labels,
        }
    }

    fn swap_remove(&mut self, row: usize) {
        let last = self.data.len() - self.dim;
        self.data.copy_within(last.., row * self.dim);
        self.data.truncate(last);
        self.labels.swap_remove(row);
    }
}

/// Why a row was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("vector with label {label}: {source}")]
pub struct PushError {
    /// The label it came with.
    pub label: u64,
    /// What is wrong with its values.
    pub source: VectorError,
}

/// What makes a vector impossible to compare.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum VectorError {
    /// It has the wrong number of values.
    #[error("has {received} values, expected {expected}")]
    Dimension {
        /// Values per row.
        expected: usize,
        /// Values received.
        received: usize,
    },
    /// It holds NaN or an infinity.
    #[error("value {position} is {value}, expected a finite number")]
    NotFinite {
        /// Where, counted from 0.
        position: usize,
        /// What was found there.
        value: f32,
    },
    /// Its distances would overflow.
    #[error(
        "its values are too large: their squares add up to more than a quarter of the largest f32"
    )]
    TooLarge,
}

pub(crate) fn check_dimension(expected: usize, values: &[f32]) -> Result<(), VectorError> {
    let received = values.len();
    if received != expected {
        return Err(VectorError::Dimension { expected, received });
    }
    Ok(())
}
