//! The exact neighbours of queries: computed, and in `.ibin` files.

use std::path::{Path, PathBuf};

use nigh_index::Metric;

pub use self::exact::{TruthReport, exact_truth};

use super::files::FileError;
use super::watch::Stopped;

mod exact;
mod ibin;
mod scores;

/// The `k` nearest rows of the base for each query, nearest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// Neighbours of each query.
    pub k: usize,
    /// Row numbers of the base, counted from 0, `k` for each query.
    pub ids: Vec<i32>,
    /// The squared Euclidean distance (ascending) or the inner product or cosine (descending) of each.
    pub distances: Option<Vec<f32>>,
}

impl Truth {
    /// Number of queries.
    pub fn queries(&self) -> usize {
        self.ids.len() / self.k
    }

    /// Keeps the first `queries` alone.
    pub fn truncate(&mut self, queries: usize) {
        self.ids.truncate(queries * self.k);
        if let Some(distances) = &mut self.distances {
            distances.truncate(queries * self.k);
        }
    }
}

/// Why there is no truth, or why it is not that of this base and these queries.
#[derive(Debug, thiserror::Error)]
pub enum TruthError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The length of the file is neither of the two it may have.
    #[error(
        "{} is {bytes} bytes long, but {queries} queries with {k} neighbours each, as its header says, \
         take {ids} bytes (ids alone) or {with_distances} (ids and distances)", path.display()
    )]
    Length {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: u64,
        /// Queries, as the header says.
        queries: usize,
        /// Neighbours of each, as the header says.
        k: usize,
        /// The length of such a file of ids alone.
        ids: u128,
        /// The length of such a file with distances.
        with_distances: u128,
    },
    /// No neighbours at all.
    #[error("{} holds {queries} queries with {k} neighbours each, expected at least one of each", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// Its queries.
        queries: usize,
        /// Neighbours of each.
        k: usize,
    },
    /// Queries and base differ in dimension.
    #[error(
        "the queries of {} have {queries} values, but the rows of {} have {base}",
        query_path.display(), base_path.display()
    )]
    Dimension {
        /// The queries' file.
        query_path: PathBuf,
        /// Values of a query.
        queries: usize,
        /// The base's file.
        base_path: PathBuf,
        /// Values of a row.
        base: usize,
    },
    /// More neighbours than rows.
    #[error("{} has {usable} rows that can be compared, fewer than the {k} neighbours asked for", base.display())]
    TooFew {
        /// The base's file.
        base: PathBuf,
        /// Rows that can be compared.
        usable: usize,
        /// Neighbours asked for.
        k: usize,
    },
    /// Row numbers do not fit an `.ibin` file.
    #[error("{} has {rows} rows, more than the {} that ids in a truth file can number", base.display(), i32::MAX)]
    TooMany {
        /// The base's file.
        base: PathBuf,
        /// Its rows.
        rows: usize,
    },
    /// The truth is about other queries.
    #[error("the truth is about {truth} queries, but {} holds {queries}", path.display())]
    Queries {
        /// The queries' file.
        path: PathBuf,
        /// Queries in it.
        queries: usize,
        /// Queries in the truth.
        truth: usize,
    },
    /// The truth is about another base.
    #[error(
        "the truth is about another base: query {query}, rank {rank} names row {id}, but {} has {rows} rows",
        base.display()
    )]
    Row {
        /// The query, counted from 0.
        query: usize,
        /// The rank, counted from 0.
        rank: usize,
        /// The row named.
        id: i32,
        /// The base's file.
        base: PathBuf,
        /// Its rows.
        rows: usize,
    },
    /// Recall among ten needs ten.
    #[error("the truth names {k} neighbours of each query, recall@{needed} needs {needed}")]
    TooShort {
        /// Neighbours of each query.
        k: usize,
        /// How many are needed.
        needed: usize,
    },
    /// Its neighbours are not in order.
    #[error(
        "the truth does not fit: for {disordered} of {queries} queries its neighbours are not in the order \
         of their {metric} scores; is it of this base, these queries and this metric?"
    )]
    Order {
        /// Queries whose neighbours are out of order.
        disordered: usize,
        /// All queries.
        queries: usize,
        /// How vectors were compared.
        metric: Metric,
    },
    /// Asked to stop.
    #[error("the exact neighbours are not complete")]
    Stopped(#[from] Stopped),
}

pub(super) fn check_dimension(
    base: (&Path, usize),
    queries: (&Path, usize),
) -> Result<(), TruthError> {
    if base.1 == queries.1 {
        return Ok(());
    }
    Err(TruthError::Dimension {
        query_path: queries.0.to_owned(),
        queries: queries.1,
        base_path: base.0.to_owned(),
        base: base.1,
    })
}
