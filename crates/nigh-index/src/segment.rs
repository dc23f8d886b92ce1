//! Immutable rows in a memory-mapped file.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::path::Path;
use std::slice;

use nigh_mmap::{Verification, View};
use rayon::prelude::*;

use crate::allowed::Allowed;
use crate::coarse::Probe;
use crate::coded::{Coded, Considered, Query};
use crate::cost::{self, SearchCost};
use crate::metric::Metric;
use crate::narrow::{Narrow, Narrowed};
use crate::scan::{self, Rows};
use crate::search::{Found, IvfSearch, Mode, SearchError, SearchParams};

pub(crate) mod build;
pub(crate) mod encode;
mod file;

pub use file::OpenError;
pub(crate) use file::{CodeShape, FORMAT, Meta};

/// An index over rows that never change: a file, mapped into memory. Cheap to clone: clones share the map.
///
/// Rows lie grouped by the list (k-means cluster) they belong to, so that exact and list search read the same
/// bytes; a segment built without lists has one that holds everything.
#[derive(Clone, Debug)]
pub struct Segment {
    meta: Meta,
    bytes: u64,
    labels: View<u64>,
    starts: View<u64>,
    centroids: View<f32>,
    /// None where rows are held narrowed, and as nothing else.
    vectors: Option<View<f32>>,
    held: Held,
    cost: Option<SearchCost>,
}

/// What lists hold of their rows, besides the vectors.
#[derive(Clone, Debug)]
enum Held {
    Rows,
    Narrowed(Narrowed),
    Coded(Box<Coded>),
}

impl Segment {
    /// Opens a segment and checks every byte of it.
    ///
    /// # Errors
    /// If the file is missing, torn, corrupt, of a newer version, or no segment; see [`OpenError`].
    pub fn open(path: &Path) -> Result<Segment, OpenError> {
        Segment::open_with(path, Verification::Full)
    }

    /// Opens a segment and checks as much of it as is asked for.
    ///
    /// # Errors
    /// As for [`Segment::open`]. Without full verification corrupt vectors go unnoticed: they make results
    /// wrong, never unsafe.
    pub fn open_with(path: &Path, verification: Verification) -> Result<Segment, OpenError> {
        file::open(path, verification)
    }

    /// The same with what its searches were measured to take on this machine: whether the rows that pass a filter are all compared,
    /// or looked for in lists, is decided by it; by an estimate otherwise. A search of lists under a filter that few rows pass may so be
    /// exact on one machine and not on another.
    pub fn with_cost(self, cost: SearchCost) -> Segment {
        Segment {
            cost: Some(cost),
            ..self
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.meta.rows
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.meta.rows == 0
    }

    /// Values per row.
    pub fn dim(&self) -> usize {
        self.meta.dim
    }

    /// How rows are compared.
    pub fn metric(&self) -> Metric {
        self.meta.metric
    }

    /// The number that the builder was given: which state of the collection this is.
    pub fn sequence(&self) -> u64 {
        self.meta.sequence
    }

    /// Number of lists; 1 if it was built without.
    pub fn lists(&self) -> usize {
        self.starts.len() - 1
    }

    /// How the rows are coded, if they are.
    pub fn codes(&self) -> Option<Codes> {
        let CodeShape { dims, layout } = self.meta.codes?;
        Some(Codes {
            scan_dims: dims.scan,
            refine_dims: dims.kept,
            refine_bits: layout.bits,
        })
    }

    /// What the rows are narrowed to, if they are.
    pub fn narrow(&self) -> Option<Narrow> {
        match &self.held {
            Held::Narrowed(narrowed) => Some(narrowed.narrow()),
            Held::Rows | Held::Coded(_) => None,
        }
    }

    /// Length of the file in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The label of every row, in the order of the rows.
    pub fn labels(&self) -> &[u64] {
        &self.labels
    }

    /// The values of a row, as they are compared: normalised for cosine.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, row: usize) -> Cow<'_, [f32]> {
        let dim = self.meta.dim;
        match (&self.vectors, &self.held) {
            (None, Held::Narrowed(narrowed)) => narrowed.row(row, dim).into(),
            _ => self.vectors()[row * dim..][..dim].into(),
        }
    }

    /// Whether the file holds the vectors as they came, and not only narrowed ones.
    pub fn has_vectors(&self) -> bool {
        self.vectors.is_some()
    }

    /// None where rows are held narrowed only.
    fn vectors(&self) -> &[f32] {
        self.vectors.as_deref().unwrap_or_default()
    }

    /// The rows whose label `allow` approves, as a filter for [`Segment::search`].
    pub fn allow(&self, mut allow: impl FnMut(u64) -> bool) -> Allowed {
        let labels = self.labels();
        Allowed::from_fn(self.len(), |row| allow(labels[row]))
    }

    /// Finds the rows nearest to a query of `dim` values.
    ///
    /// # Errors
    /// If the query has another dimension or values that are not finite, or the filter is about another
    /// number of rows.
    pub fn search(
        &self,
        query: &[f32],
        params: &SearchParams,
        allowed: Option<&Allowed>,
    ) -> Result<Found, SearchError> {
        self.search_staged(query, params, allowed, &|| ())
    }

    /// [`Segment::search`], where `before_rescoring` is called once between its two stages, if it has two: when codes have been scanned,
    /// and before the best of them are compared exactly. Whoever has a clock can so tell what each takes.
    ///
    /// # Errors
    /// As for [`Segment::search`].
    pub fn search_staged(
        &self,
        query: &[f32],
        params: &SearchParams,
        allowed: Option<&Allowed>,
        before_rescoring: &dyn Fn(),
    ) -> Result<Found, SearchError> {
        let query = scan::prepare_query(self.meta.dim, self.meta.metric, query)?;
        scan::check_allowed(self.len(), allowed)?;
        let query = Query {
            before_rescoring: Some(before_rescoring),
            ..Query::new(&query)
        };
        Ok(self.search_prepared(query, params, allowed, None))
    }

    /// Finds the rows nearest to each of several queries, laid end to end, under one filter; the same
    /// results as [`Segment::search`] one by one. Exact search loads each row once for many queries;
    /// list search runs `threads` queries at a time.
    ///
    /// # Errors
    /// As for [`Segment::search`], and if the values do not divide into queries.
    pub fn search_batch(
        &self,
        queries: &[f32],
        params: &SearchParams,
        allowed: Option<&Allowed>,
    ) -> Result<Vec<Found>, SearchError> {
        scan::check_allowed(self.len(), allowed)?;
        let queries = self.prepare_batch(queries)?;
        match params.mode {
            Mode::Exact if self.vectors.is_none() => {
                Ok(self.search_each(&queries, params, allowed))
            }
            Mode::Exact => {
                let found =
                    scan::scan_batch(&self.rows(), &queries, params.k, allowed, params.threads);
                Ok(found.into_iter().map(|found| self.exact(found)).collect())
            }
            Mode::Ivf(_) => Ok(self.search_each(&queries, params, allowed)),
        }
    }

    /// `considered` is told what a search of lists looked at.
    pub(crate) fn search_prepared(
        &self,
        query: Query<'_>,
        params: &SearchParams,
        allowed: Option<&Allowed>,
        considered: Option<&mut Considered>,
    ) -> Found {
        match params.mode {
            Mode::Exact => self.search_all(query, params, allowed),
            Mode::Ivf(ivf) => self.search_lists(query, params, &ivf, allowed, considered),
        }
    }

    fn search_all(
        &self,
        query: Query<'_>,
        params: &SearchParams,
        allowed: Option<&Allowed>,
    ) -> Found {
        let everything = 0..self.len();
        let ranges = slice::from_ref(&everything);
        let (k, threads) = (params.k, params.threads);
        if let (None, Held::Narrowed(narrowed)) = (&self.vectors, &self.held) {
            let rescored = k.saturating_add(RESCORED_BESIDE);
            let rows = self.rows();
            return self.exact(narrowed.search(&rows, query, ranges, params, rescored, allowed));
        }
        let values = query.values;
        self.exact(scan::scan(
            &self.rows(),
            values,
            k,
            ranges,
            allowed,
            threads,
        ))
    }

    fn search_lists(
        &self,
        query: Query<'_>,
        params: &SearchParams,
        ivf: &IvfSearch,
        allowed: Option<&Allowed>,
        considered: Option<&mut Considered>,
    ) -> Found {
        let masked = considered.as_ref().is_some_and(|seen| seen.masked);
        let filter = allowed.filter(|_| !masked);
        if filter.is_some_and(|filter| self.are_few(filter, ivf)) {
            if let Some(considered) = considered {
                considered.everything = true;
            }
            return self.search_all(query, params, allowed);
        }
        let (rows, k) = (self.rows(), params.k);
        let values = query.values;
        let lists = |considered| self.lists_to_visit(values, ivf.nprobe, k, allowed, considered);
        match &self.held {
            Held::Rows => {
                let lists = lists(considered);
                scan::scan(&rows, values, k, &lists, allowed, params.threads)
            }
            Held::Narrowed(narrowed) => {
                let (lists, rescored) = (lists(considered), ivf.rescored(k, filter.is_some()));
                narrowed.search(&rows, query, &lists, params, rescored, allowed)
            }
            Held::Coded(coded) => {
                coded.search(&rows, &self.starts, query, k, ivf, allowed, considered)
            }
        }
    }

    /// Whether so few rows are allowed that to compare them all is less to read than to probe for them. Where lists hold rows as they
    /// are, a search reads nothing else anyway.
    fn are_few(&self, allowed: &Allowed, ivf: &IvfSearch) -> bool {
        let dim = self.meta.dim;
        let (first, row) = match &self.held {
            Held::Rows => return false,
            Held::Narrowed(narrowed) => (4 * self.centroids.len(), narrowed.narrow().bytes() * dim),
            Held::Coded(coded) => (
                PROBE_BYTES,
                cost::code_bytes(coded.dims.scan as u64) as usize,
            ),
        };
        if let Some(cost) = &self.cost {
            return cost.are_few(allowed.count(), ivf);
        }
        let list = self.len() / self.lists();
        let probed = ivf.nprobe.saturating_mul(list).saturating_mul(row);
        allowed.count() <= first.saturating_add(probed) / (4 * dim)
    }

    fn search_each(
        &self,
        queries: &[f32],
        params: &SearchParams,
        allowed: Option<&Allowed>,
    ) -> Vec<Found> {
        let alone = params.with_threads(1);
        let dim = self.meta.dim;
        let count = queries.len() / dim;
        let share = count.div_ceil(scan::tasks(params.threads)).max(1);
        let some = |queries: &[f32]| -> Vec<Found> {
            let blocks = queries.chunks(TURNED_TOGETHER * dim);
            blocks
                .flat_map(|queries| self.search_block(queries, &alone, allowed))
                .collect()
        };
        if share >= count {
            return some(queries);
        }
        queries
            .par_chunks(share * dim)
            .flat_map_iter(some)
            .collect()
    }

    /// One by one, but for the queries' coordinates if rows are coded: the matrix is read once for all of them.
    fn search_block(
        &self,
        queries: &[f32],
        params: &SearchParams,
        allowed: Option<&Allowed>,
    ) -> Vec<Found> {
        let turned = match &self.held {
            Held::Coded(coded) => Some((coded.coordinates(queries), coded.dims.kept)),
            _ => None,
        };
        let search = |(at, values): (usize, &[f32])| {
            let coordinates = turned
                .as_ref()
                .map(|(all, kept)| &all[at * kept..][..*kept]);
            let query = Query {
                coordinates,
                ..Query::new(values)
            };
            self.search_prepared(query, params, allowed, None)
        };
        let each = queries.chunks_exact(self.meta.dim).enumerate();
        each.map(search).collect()
    }

    /// The lists nearest to the query: `nprobe` of those with allowed rows, and more until `k` rows are met.
    fn lists_to_visit(
        &self,
        query: &[f32],
        nprobe: usize,
        k: usize,
        allowed: Option<&Allowed>,
        mut considered: Option<&mut Considered>,
    ) -> Vec<Range<usize>> {
        let mut chosen = Vec::new();
        let mut met = 0;
        let mut order = self.list_order(query);
        while chosen.len() < nprobe.max(1) || met < k {
            let Some(list) = order.pop() else { break };
            if let Some(considered) = &mut considered {
                considered.lists.push(Probe {
                    list: list.1.0 as u32,
                    square: 0.0,
                    score: list.0.0,
                });
            }
            let range = self.list(list.1.0);
            let count = scan::count(range.clone(), allowed);
            if count > 0 {
                met += count;
                chosen.push(range);
            }
        }
        chosen
    }

    /// All lists, the nearest first out; equally near ones in the order of their numbers.
    fn list_order(&self, query: &[f32]) -> BinaryHeap<(Score, Reverse<usize>)> {
        let mut scores = vec![0.0; self.lists()];
        if !self.centroids.is_empty() {
            self.meta
                .metric
                .score_rows(query, &self.centroids, &mut scores);
        }
        scores
            .into_iter()
            .enumerate()
            .map(|(list, score)| (Score(score), Reverse(list)))
            .collect()
    }

    /// The rows of a list.
    pub(crate) fn list(&self, list: usize) -> Range<usize> {
        self.starts[list] as usize..self.starts[list + 1] as usize
    }

    fn exact(&self, found: Found) -> Found {
        Found {
            visited_lists: self.lists(),
            ..found
        }
    }

    fn rows(&self) -> Rows<'_> {
        let Meta { dim, metric, .. } = self.meta;
        Rows {
            dim,
            metric,
            data: self.vectors(),
            labels: &self.labels,
        }
    }

    pub(crate) fn coded(&self) -> Option<&Coded> {
        match &self.held {
            Held::Coded(coded) => Some(coded),
            Held::Rows | Held::Narrowed(_) => None,
        }
    }

    /// Lists × values of a row, or of its leading coordinates if rows are coded; none if there is one list.
    pub(crate) fn centroids(&self) -> &View<f32> {
        &self.centroids
    }

    fn prepare_batch(&self, queries: &[f32]) -> Result<Vec<f32>, SearchError> {
        let Meta { dim, metric, .. } = self.meta;
        if !queries.len().is_multiple_of(dim) {
            return Err(SearchError::Batch {
                dim,
                received: queries.len(),
            });
        }
        let mut prepared = queries.to_vec();
        for (query, values) in prepared.chunks_exact_mut(dim).enumerate() {
            metric
                .prepare(values)
                .map_err(|source| SearchError::Query { query, source })?;
        }
        Ok(prepared)
    }
}

/// Rows compared again besides those wanted, where an exact search reads narrowed rows with a query that is rounded to 15 bits.
const RESCORED_BESIDE: usize = 32;

/// Queries of a batch whose coordinates are found together.
const TURNED_TOGETHER: usize = 32;

/// What a search of codes costs besides the lists it reads, in bytes read in the same time: some fifteen microseconds for
/// the transform, the centroids and the rows compared in the end.
const PROBE_BYTES: usize = 150 << 10;

/// How the rows of a segment are coded; see [`RaBitQConfig`](crate::RaBitQConfig).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Codes {
    /// Axes of the one-bit codes.
    pub scan_dims: usize,
    /// Axes of the refining codes.
    pub refine_dims: usize,
    /// Bits for each of these.
    pub refine_bits: u8,
}

/// A score in total order.
#[derive(Clone, Copy, PartialEq)]
struct Score(f32);

impl Eq for Score {}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Score) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Score {
    fn cmp(&self, other: &Score) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}
