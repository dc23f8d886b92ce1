//! What a search is asked and what it answers.

use crate::neighbor::Neighbor;
use crate::vectors::VectorError;

/// How a segment is searched.
#[derive(Clone, Copy, Debug, PartialEq)]
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
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    /// All allowed rows: no neighbour is missed.
    Exact,
    /// Some lists; see [`IvfSearch`].
    Ivf(IvfSearch),
}

/// How lists are searched: the allowed rows of the `nprobe` lists whose centroids are nearest to the query, and of further
/// lists for as long as fewer than `k` rows have been met. Lists without an allowed row are passed over and not counted.
///
/// Where lists hold rows as they are, every such row is compared, and with `nprobe` at least
/// [`Segment::lists`](crate::Segment::lists) the result is the exact one. Where they hold something shorter ([`Codec`](crate::Codec)),
/// the `rescore` best by that are compared: the scores returned are exact, and a neighbour may be missed. Narrowed rows are all
/// scanned; codes are scanned by their signs, and those that may be among the best are refined.
///
/// Under a filter eight times as many are rescored; where few rows are allowed they are all compared; and a search of codes goes on
/// for as long as further lists may well hold better rows than were met.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IvfSearch {
    /// Lists to visit; 0 counts as 1.
    pub nprobe: usize,
    /// A row of codes is refined unless its signs say, with this many standard errors to spare, that it is not among the best.
    pub margin: f32,
    /// Rows compared exactly in the end where lists hold rows narrowed or coded; fewer than `k` count as `k`.
    pub rescore: usize,
    /// Lists of codes are left out whose rows could be among the best only by lying further towards the query than this share of
    /// their distance to the centroid (a cosine, 0 to 1; infinite: no list is left out).
    pub reach: f32,
}

impl Default for IvfSearch {
    fn default() -> IvfSearch {
        IvfSearch {
            nprobe: 16,
            margin: 1.0,
            rescore: 20,
            reach: f32::INFINITY,
        }
    }
}

/// Under a filter so many times the rows are rescored.
const FILTERED_RESCORE: usize = 8;

impl IvfSearch {
    /// How many rows are compared in the end. What a filter leaves may lie far from the query, where many rows are nearly as far as
    /// each other and codes tell them apart less well.
    pub fn rescored(&self, k: usize, filtered: bool) -> usize {
        let more = if filtered { FILTERED_RESCORE } else { 1 };
        k.max(self.rescore.saturating_mul(more))
    }
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
            mode: Mode::Ivf(IvfSearch {
                nprobe,
                rescore: 2 * k,
                ..IvfSearch::default()
            }),
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
    /// Rows scored, by their codes if they have some. (A search of lists compares the query with centroids besides.)
    pub distances: usize,
    /// Rows whose codes were refined.
    pub refined: usize,
    /// Rows compared exactly after a scan of what is shorter.
    pub rescored: usize,
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
