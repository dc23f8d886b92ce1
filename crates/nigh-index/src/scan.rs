//! Comparing queries with rows: the loops that every search ends in.

use std::ops::Range;

use rayon::prelude::*;

use crate::allowed::Allowed;
use crate::metric::Metric;
use crate::neighbor::Neighbor;
use crate::search::{Found, SearchError};
use crate::top_k::TopK;
use crate::vectors::VectorError;

/// Labelled rows, wherever they lie.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) dim: usize,
    pub(crate) metric: Metric,
    pub(crate) data: &'a [f32],
    pub(crate) labels: &'a [u64],
}

impl<'a> Rows<'a> {
    pub(crate) fn values(&self, rows: Range<usize>) -> &'a [f32] {
        &self.data[rows.start * self.dim..rows.end * self.dim]
    }

    pub(crate) fn row(&self, row: usize) -> &'a [f32] {
        self.values(row..row + 1)
    }
}

/// The `k` best allowed rows of `ranges` for a prepared query, by at most `threads` tasks.
pub(crate) fn scan(
    rows: &Rows<'_>,
    query: &[f32],
    k: usize,
    ranges: &[Range<usize>],
    allowed: Option<&Allowed>,
    threads: usize,
) -> Found {
    let (visited_lists, distances) = visited(ranges, allowed);
    let best = merged(parts(ranges, 4 * rows.dim, threads), |part| {
        scan_part(rows, query, k, part, allowed)
    });
    let neighbors = best.map_or_else(Vec::new, TopK::into_sorted);
    Found {
        neighbors,
        visited_lists,
        distances,
        ..Found::default()
    }
}

/// The `k` best allowed rows for each of several prepared queries: every row is loaded once for many queries.
pub(crate) fn scan_batch(
    rows: &Rows<'_>,
    queries: &[f32],
    k: usize,
    allowed: Option<&Allowed>,
    threads: usize,
) -> Vec<Found> {
    let everything = 0..rows.labels.len();
    let distances = count(everything.clone(), allowed);
    let mut found = Vec::new();
    for group in queries.chunks(BATCH_QUERIES * rows.dim) {
        let parts = parts(std::slice::from_ref(&everything), 4 * rows.dim, threads);
        let bests = each(parts, |part| Batch::new(rows, group, k).scan(part, allowed));
        let merged = bests.into_iter().reduce(|mut bests, more| {
            bests
                .iter_mut()
                .zip(more)
                .for_each(|(best, more)| best.merge(more));
            bests
        });
        let visited_lists = usize::from(distances > 0);
        found.extend(merged.into_iter().flatten().map(|best| Found {
            neighbors: best.into_sorted(),
            visited_lists,
            distances,
            ..Found::default()
        }));
    }
    found
}

/// The `k` best of some rows, compared exactly.
pub(crate) fn rescore(
    rows: &Rows<'_>,
    query: &[f32],
    positions: &[u32],
    k: usize,
) -> Vec<Neighbor> {
    let mut scores = vec![0.0; positions.len()];
    rows.metric
        .score_selected(query, rows.data, positions, &mut scores);
    let mut best = TopK::new(k);
    for (&row, &score) in positions.iter().zip(&scores) {
        let label = rows.labels[row as usize];
        best.push(Neighbor { label, score });
    }
    best.into_sorted()
}

/// Checks a query and brings it into the form that is compared.
pub(crate) fn prepare_query(
    dim: usize,
    metric: Metric,
    query: &[f32],
) -> Result<Vec<f32>, SearchError> {
    if query.len() != dim {
        return Err(SearchError::Dimension {
            expected: dim,
            received: query.len(),
        });
    }
    let mut query = query.to_vec();
    metric
        .prepare(&mut query)
        .map_err(|source: VectorError| SearchError::Query { query: 0, source })?;
    Ok(query)
}

pub(crate) fn check_allowed(rows: usize, allowed: Option<&Allowed>) -> Result<(), SearchError> {
    match allowed {
        Some(allowed) if allowed.rows() != rows => Err(SearchError::Allowed {
            expected: rows,
            received: allowed.rows(),
        }),
        _ => Ok(()),
    }
}

pub(crate) fn count(range: Range<usize>, allowed: Option<&Allowed>) -> usize {
    allowed.map_or(range.len(), |allowed| allowed.count_in(range))
}

/// How many of the ranges have allowed rows, and how many they have.
pub(crate) fn visited(ranges: &[Range<usize>], allowed: Option<&Allowed>) -> (usize, usize) {
    let counts = ranges.iter().map(|range| count(range.clone(), allowed));
    counts.fold((0, 0), |(lists, rows), n| {
        (lists + usize::from(n > 0), rows + n)
    })
}

/// At most this many tasks for one search; 0 means as many as the pool has threads.
pub(crate) fn tasks(threads: usize) -> usize {
    if threads == 0 {
        rayon::current_num_threads()
    } else {
        threads
    }
}

/// Rows scored at a time: their scores stay in the first-level cache, and a full stretch of this length is read in one run.
pub(crate) const STRETCH: usize = 256;

/// Less than this is not worth waking another thread for: about ten microseconds of reading.
const TASK_BYTES: usize = 256 << 10;

/// Queries that one pass over the rows serves.
const BATCH_QUERIES: usize = 64;

/// Rows that a batch compares at a time, in bytes: a quarter of a usual second-level cache.
const TILE_BYTES: usize = 128 << 10;

fn scan_part(
    rows: &Rows<'_>,
    query: &[f32],
    k: usize,
    ranges: &[Range<usize>],
    allowed: Option<&Allowed>,
) -> TopK {
    let mut best = TopK::new(k);
    let mut picked = Picked {
        rows,
        query,
        positions: Vec::with_capacity(2 * STRETCH),
    };
    let mut scores = [0.0; STRETCH];
    for stretch in ranges.iter().cloned().flat_map(stretches) {
        let wanted = count(stretch.clone(), allowed);
        match allowed {
            // A filter often forbids only a few rows: where it forbids none, read on as without it.
            Some(allowed) if wanted < stretch.len() => {
                picked.add(allowed.in_range(stretch), &mut best)
            }
            _ => {
                let scores = &mut scores[..stretch.len()];
                rows.metric
                    .score_rows(query, rows.values(stretch.clone()), scores);
                best.extend(&rows.labels[stretch], scores);
            }
        }
    }
    picked.score(&mut best);
    best
}

/// Rows waiting to be scored together, so that memory can be asked for ahead of time.
struct Picked<'a> {
    rows: &'a Rows<'a>,
    query: &'a [f32],
    positions: Vec<u32>,
}

impl Picked<'_> {
    fn add(&mut self, positions: impl Iterator<Item = usize>, best: &mut TopK) {
        // Row numbers fit: a builder refuses more rows than u32 counts.
        self.positions.extend(positions.map(|row| row as u32));
        if self.positions.len() >= STRETCH {
            self.score(best);
        }
    }

    fn score(&mut self, best: &mut TopK) {
        let mut scores = [0.0; 2 * STRETCH];
        let scores = &mut scores[..self.positions.len()];
        self.rows
            .metric
            .score_selected(self.query, self.rows.data, &self.positions, scores);
        for (&row, &score) in self.positions.iter().zip(scores.iter()) {
            best.extend(&[self.rows.labels[row as usize]], &[score]);
        }
        self.positions.clear();
    }
}

/// Several queries against rows, tile by tile.
struct Batch<'a> {
    rows: &'a Rows<'a>,
    queries: &'a [f32],
    bests: Vec<TopK>,
    tile_rows: usize,
    scores: Vec<f32>,
}

impl<'a> Batch<'a> {
    fn new(rows: &'a Rows<'a>, queries: &'a [f32], k: usize) -> Batch<'a> {
        let count = queries.len() / rows.dim;
        let tile_rows = (TILE_BYTES / (4 * rows.dim)).clamp(1, STRETCH);
        Batch {
            rows,
            queries,
            bests: vec![TopK::new(k); count],
            tile_rows,
            scores: vec![0.0; count * tile_rows],
        }
    }

    fn scan(mut self, ranges: &[Range<usize>], allowed: Option<&Allowed>) -> Vec<TopK> {
        for range in ranges {
            match allowed {
                None => self.scan_run(range.clone()),
                Some(allowed) => self.scan_picked(allowed.in_range(range.clone())),
            }
        }
        self.bests
    }

    fn scan_run(&mut self, range: Range<usize>) {
        let rows = self.rows;
        for start in range.clone().step_by(self.tile_rows) {
            let tile = start..(start + self.tile_rows).min(range.end);
            self.score(rows.values(tile.clone()), &rows.labels[tile]);
        }
    }

    fn scan_picked(&mut self, positions: impl Iterator<Item = usize>) {
        let (mut values, mut labels) = (Vec::new(), Vec::new());
        for row in positions {
            values.extend_from_slice(self.rows.row(row));
            labels.push(self.rows.labels[row]);
            if labels.len() == self.tile_rows {
                self.score(&values, &labels);
                values.clear();
                labels.clear();
            }
        }
        self.score(&values, &labels);
    }

    fn score(&mut self, values: &[f32], labels: &[u64]) {
        if labels.is_empty() {
            return;
        }
        let scores = &mut self.scores[..self.bests.len() * labels.len()];
        self.rows
            .metric
            .score_block(self.queries, values, self.rows.dim, scores);
        for (best, scores) in self.bests.iter_mut().zip(scores.chunks_exact(labels.len())) {
            best.extend(labels, scores);
        }
    }
}

pub(crate) fn stretches(range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let end = range.end;
    range
        .step_by(STRETCH)
        .map(move |start| start..(start + STRETCH).min(end))
}

/// Divides ranges into at most `threads` parts of about equally many rows, of which each has so many bytes to read.
pub(crate) fn parts(
    ranges: &[Range<usize>],
    row_bytes: usize,
    threads: usize,
) -> Vec<Vec<Range<usize>>> {
    let total: usize = ranges.iter().map(Range::len).sum();
    let worthwhile = (total * row_bytes / TASK_BYTES).max(1);
    let share = total.div_ceil(tasks(threads).min(worthwhile)).max(1);
    let mut parts = vec![Vec::new()];
    let mut room = share;
    for mut range in ranges.iter().cloned() {
        while !range.is_empty() {
            if room == 0 {
                parts.push(Vec::new());
                room = share;
            }
            let cut = range.start + room.min(range.len());
            if let Some(part) = parts.last_mut() {
                part.push(range.start..cut);
            }
            room -= cut - range.start;
            range.start = cut;
        }
    }
    parts
}

/// What the parts add up to.
pub(crate) fn merged(
    parts: Vec<Vec<Range<usize>>>,
    work: impl Fn(&[Range<usize>]) -> TopK + Sync,
) -> Option<TopK> {
    each(parts, work).into_iter().reduce(|mut best, more| {
        best.merge(more);
        best
    })
}

/// Runs the work on each part, on the pool if there are several.
fn each<T: Send>(
    parts: Vec<Vec<Range<usize>>>,
    work: impl Fn(&[Range<usize>]) -> T + Sync,
) -> Vec<T> {
    match parts.as_slice() {
        [only] => vec![work(only)],
        several => several.par_iter().map(|part| work(part)).collect(),
    }
}
