//! What a search is asked and what it answers.

use crate::neighbor::Neighbor;
use crate::vectors::VectorError;

/// How a segment is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SearchParams {
    /// How many rows to return; exactly this many come back if as many are allowed.
    pub k: usize,
    /// Every row, or some lists.
    pub mode: Mode,
    /// At most this many tasks run at a time, on the current rayon pool (`ThreadPool::install` picks
    /// another); 1 keeps the search on the calling thread. The results do not depend on it.
    pub threads: usize,
}

/// Which rows a search compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// All allowed rows: no neighbour is missed.
    Exact,
    /// The allowed rows of the `nprobe` lists whose centroids are nearest to the query, and of further lists for
    /// as long as fewer than `k` rows have been met. Lists without an allowed row are passed over and not
    /// counted. With `nprobe` at least [`Segment::lists`](crate::Segment::lists) the result is the exact one.
    Ivf {
        /// Lists to visit; 0 counts as 1.
        nprobe: usize,
    },
}

impl SearchParams {
    /// An exact search on the calling thread.
    pub fn exact(k: usize) -> SearchParams {
        SearchParams {
            k,
            mode: Mode::Exact,
            threads: 1,
        }
    }

    /// A search of `nprobe` lists on the calling thread.
    pub fn ivf(k: usize, nprobe: usize) -> SearchParams {
        SearchParams {
            k,
            mode: Mode::Ivf { nprobe },
            threads: 1,
        }
    }

    /// The same with other `threads`.
    pub fn with_threads(self, threads: usize) -> SearchParams {
        SearchParams { threads, ..self }
    }
}

/// What a search found, and what it did for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Best first: score descending, then label ascending.
    pub neighbors: Vec<Neighbor>,
    /// Lists of which at least one row was scored; for an exact search, all lists.
    pub visited_lists: usize,
    /// Rows scored. (A search of lists compares the query with every centroid besides.)
    pub distances: usize,
}

/// Why a search was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SearchError {
    /// The query has the wrong length.
    #[error("query has {received} values, expected {expected}")]
    Dimension {
        /// Values in a row of the index.
        expected: usize,
        /// Values in the query.
        received: usize,
    },
    /// A batch that does not divide into queries.
    #[error("{received} values do not divide into queries of {dim}")]
    Batch {
        /// Values in a row of the index.
        dim: usize,
        /// Values received for all queries.
        received: usize,
    },
    /// The query holds values that cannot be compared.
    #[error("query {query}: {source}")]
    Query {
        /// Its number in the batch; 0 for a single one.
        query: usize,
        /// What is wrong with it.
        source: VectorError,
    },
    /// The set of allowed rows belongs to another index.
    #[error("the filter is about {received} rows, the index has {expected}")]
    Allowed {
        /// Rows of the index.
        expected: usize,
        /// Rows that the filter is about.
        received: usize,
    },
}
