//! Locality-sensitive hashing: the space divided by random cuts instead of trained centres.

use std::path::Path;
use std::sync::Arc;

use nigh_mmap::Verification;

use crate::allowed::Allowed;
use crate::metric::Metric;
use crate::scan;
use crate::search::{Found, SearchError};
use file::GridFile;
use hash::Hasher;
use scratch::Pool;
use search::Filter;

mod build;
mod cost;
mod file;
mod hash;
mod point;
mod probes;
mod rotation;
mod scratch;
mod search;

pub use build::{GridBuildError, GridBuilt, GridConfig, GridHash, build_grid};
pub use cost::{grid_bytes, grid_candidates};
pub use file::GridOpenError;

/// A grid: rows in the buckets of several hash tables, in a file mapped into memory. Cheap to clone: clones share the map.
///
/// Rows that lie in similar directions from the mean of all rows share a bucket with a good chance. A search looks
/// into the buckets that the query falls into or nearly falls into, and compares the rows found there exactly.
///
/// It needs no training: building costs one pass over the rows and knows nothing of the data but its mean. That is also its
/// limit. For a recall@10 of 0.95 it compares 4,700 rows on Fashion-MNIST (60,000 × 784) and 23,000 on 1 M × 128 embeddings,
/// where a [`Segment`](crate::Segment)'s trained lists compare 1,100 and 9,500, at five times as many queries per second; it is
/// built in a third of the time (`cargo run --release --example bench_grid` compares the two on your data). Use it for small
/// collections, as a rough first stage, and where data changes too much for trained lists to stay true.
///
/// What counts is the angle at the mean. So it serves
/// - cosine best: all rows lie on a sphere;
/// - Euclidean distance well if rows are about equally far from the mean, as most embeddings are; rows at different
///   distances in one direction cannot be told apart, so that data along few rays, or in a few small clumps far apart,
///   crowds into few buckets;
/// - inner products well if rows have about equal norms. They are reduced to distances on a sphere whose radius is the largest
///   norm: where a few rows are far longer than the others, these others crowd at its pole.
#[derive(Clone, Debug)]
pub struct Grid {
    file: GridFile,
    hasher: Arc<Hasher>,
    rows_per_bucket: f64,
    pool: Pool,
}

/// How a grid is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GridSearch {
    /// How many rows to return; exactly this many come back if as many are allowed.
    pub k: usize,
    /// Buckets to look into, over all tables, those nearest to the query first; empty ones are not counted. 0 counts as 1; with
    /// fewer than the grid has tables, some tables are not used. A search goes on while it has met fewer than `k` allowed
    /// rows, and one with a filter until it has met twice as many allowed rows as it would have met rows without. Where that takes
    /// longer than comparing all allowed rows, or the filter leaves little near the query, all of them are compared.
    pub probes: usize,
    /// At most this many tasks run at a time, on the current rayon pool; 1 keeps the search on the calling thread, 0
    /// takes as many as the pool has threads. The results do not depend on it.
    pub threads: usize,
}

impl GridSearch {
    /// A search of `probes` buckets on the calling thread.
    pub fn new(k: usize, probes: usize) -> GridSearch {
        GridSearch {
            k,
            probes,
            threads: 1,
        }
    }

    /// The same with other `threads`.
    pub fn with_threads(self, threads: usize) -> GridSearch {
        GridSearch { threads, ..self }
    }
}

impl Grid {
    /// Opens a grid and checks every byte of it.
    ///
    /// # Errors
    /// If the file is missing, torn, corrupt, of a newer version, or no grid; see [`GridOpenError`].
    pub fn open(path: &Path) -> Result<Grid, GridOpenError> {
        Grid::open_with(path, Verification::Full)
    }

    /// Opens a grid and checks as much of it as is asked for.
    ///
    /// # Errors
    /// As for [`Grid::open`]. Without full verification corrupt rows and vectors go unnoticed: they make results
    /// wrong, never unsafe.
    pub fn open_with(path: &Path, verification: Verification) -> Result<Grid, GridOpenError> {
        let file = GridFile::open(path, verification)?;
        Ok(Grid {
            hasher: Arc::new(file.meta.hasher()),
            rows_per_bucket: file.rows_per_bucket(),
            pool: Pool::default(),
            file,
        })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.file.meta.rows
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Values per row.
    pub fn dim(&self) -> usize {
        self.file.meta.dim
    }

    /// How rows are compared.
    pub fn metric(&self) -> Metric {
        self.file.meta.metric
    }

    /// The kind of hash functions.
    pub fn hash(&self) -> GridHash {
        self.file.meta.hash
    }

    /// Number of tables.
    pub fn tables(&self) -> usize {
        self.file.meta.tables
    }

    /// Bits of a bucket's code: each table has 2^bits buckets.
    pub fn bits(&self) -> u32 {
        self.file.meta.bits
    }

    /// Length of the file in bytes.
    pub fn bytes(&self) -> u64 {
        self.file.bytes
    }

    /// The label of every row, in the order of the rows.
    pub fn labels(&self) -> &[u64] {
        &self.file.labels
    }

    /// The rows whose label `allow` approves, as a filter for [`Grid::search`].
    pub fn allow(&self, mut allow: impl FnMut(u64) -> bool) -> Allowed {
        let labels = self.labels();
        Allowed::from_fn(self.len(), |row| allow(labels[row]))
    }

    /// Rows compared in one search of `probes` buckets without a filter, by the sizes of this grid's buckets, for queries that
    /// are spread as the rows are. From half of it up to as many were compared on synthetic rows: buckets farther from
    /// the query are emptier, and tables have more rows in common than chance has it. With one probe, which is one table's
    /// bucket, it may be twice as many.
    pub fn expected_candidates(&self, probes: usize) -> f64 {
        cost::distinct(
            self.len() as f64,
            self.tables() as f64,
            self.rows_per_bucket,
            probes as f64,
        )
    }

    /// Finds the rows nearest to a query of `dim` values. [`Found`] counts the buckets that it took rows from, and the
    /// rows that it compared.
    ///
    /// # Errors
    /// If the query has another dimension or values that are not finite, or the filter is about another
    /// number of rows.
    pub fn search(
        &self,
        query: &[f32],
        params: &GridSearch,
        allowed: Option<&Allowed>,
    ) -> Result<Found, SearchError> {
        let query = scan::prepare_query(self.dim(), self.metric(), query)?;
        scan::check_allowed(self.len(), allowed)?;
        let filter = allowed.map(Filter::new);
        Ok(self.pool.with(self.len(), |scratch| {
            self.search_prepared(&query, params, filter, scratch)
        }))
    }

    /// Finds the rows nearest to each of several queries, laid end to end, under one filter; the same
    /// results as [`Grid::search`] one by one. Runs `threads` queries at a time.
    ///
    /// # Errors
    /// As for [`Grid::search`], and if the values do not divide into queries.
    pub fn search_batch(
        &self,
        queries: &[f32],
        params: &GridSearch,
        allowed: Option<&Allowed>,
    ) -> Result<Vec<Found>, SearchError> {
        scan::check_allowed(self.len(), allowed)?;
        let queries = self.prepare_batch(queries)?;
        Ok(self.search_each(&queries, params, allowed.map(Filter::new)))
    }
}
