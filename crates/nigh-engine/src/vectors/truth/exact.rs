//! Exact neighbours in one pass over the base.

use nigh_index::{Metric, TopK};
use rayon::prelude::*;

use super::{Truth, TruthError, check_dimension, scores};
use crate::vectors::files::{Block, RowProblem, VectorFile};
use crate::vectors::queries::Queries;
use crate::vectors::reject::Rejected;
use crate::vectors::watch::Watch;

/// The exact neighbours, and the rows of the base that nothing can be near to.
#[derive(Clone, Debug, PartialEq)]
pub struct TruthReport {
    /// The neighbours with their distances.
    pub truth: Truth,
    /// Rows of the base that were set aside.
    pub rejected: Rejected,
}

/// Finds the `k` nearest rows of `base` for every query, comparing with all, on the current rayon pool.
///
/// The base is read once, in blocks; all queries and their best `k` are in memory. Equally near rows
/// are in the order of their numbers.
///
/// # Errors
/// If a file cannot be read, the dimensions differ, fewer than `k` rows
/// can, or the watcher asks to stop.
pub fn exact_truth(
    base: &VectorFile,
    queries: &Queries,
    metric: Metric,
    k: usize,
    watch: &Watch<'_>,
) -> Result<TruthReport, TruthError> {
    check_dimension((base.path(), base.dim()), (queries.path(), queries.dim()))?;
    let too_few = |usable| TruthError::TooFew {
        base: base.path().to_owned(),
        usable,
        k,
    };
    if i32::try_from(base.rows()).is_err() {
        let (base, rows) = (base.path().to_owned(), base.rows());
        return Err(TruthError::TooMany { base, rows });
    }
    if base.rows() < k {
        return Err(too_few(base.rows()));
    }
    let mut search = Search::new(queries.values().to_vec(), base.dim(), metric, k);
    let mut rejected = Rejected::default();
    let mut usable = Usable::default();
    let mut blocks = base.blocks()?;
    while let Some(block) = blocks.advance()? {
        usable.take(block, |row, problem| {
            rejected.push(base.path(), row, problem)
        });
        search.absorb(&mut usable);
        watch.advance(block.len())?;
    }
    let compared = base.rows() - rejected.count as usize;
    if compared < k {
        return Err(too_few(compared));
    }
    let truth = search.finish(k);
    Ok(TruthReport { truth, rejected })
}

/// The rows of a block that can be compared.
#[derive(Default)]
struct Usable {
    labels: Vec<u64>,
    values: Vec<f32>,
}

impl Usable {
    fn take(&mut self, block: &Block, mut reject: impl FnMut(usize, &RowProblem)) {
        self.labels.clear();
        self.values.clear();
        for (row, values) in block.rows() {
            match values {
                Ok(values) => {
                    self.labels.push(row as u64);
                    self.values.extend_from_slice(values);
                }
                Err(problem) => reject(row, &problem),
            }
        }
    }
}

/// Queries that one task compares with a tile of rows: their scores stay in the cache.
const QUERIES: usize = 64;

/// Bytes of rows in a tile: half of a usual second-level cache, less the scores.
const TILE_BYTES: usize = 256 << 10;

struct Search {
    metric: Metric,
    dim: usize,
    queries: Vec<f32>,
    best: Vec<TopK>,
}

impl Search {
    fn new(mut queries: Vec<f32>, dim: usize, metric: Metric, k: usize) -> Search {
        scores::prepare(metric, &mut queries, dim);
        let best = vec![TopK::new(k); queries.len() / dim];
        Search {
            metric,
            dim,
            queries,
            best,
        }
    }

    fn absorb(&mut self, rows: &mut Usable) {
        let Search { metric, dim, .. } = *self;
        scores::prepare(metric, &mut rows.values, dim);
        let tile = (TILE_BYTES / (4 * dim)).clamp(8, 1024);
        let groups = self.queries.par_chunks(QUERIES * dim);
        groups
            .zip(self.best.par_chunks_mut(QUERIES))
            .for_each(|(queries, best)| {
                let mut scored = vec![0.0; best.len() * tile];
                let tiles = rows.values.chunks(tile * dim);
                for (values, labels) in tiles.zip(rows.labels.chunks(tile)) {
                    let scored = &mut scored[..best.len() * labels.len()];
                    scores::block(metric, queries, values, dim, scored);
                    let each = best.iter_mut().zip(scored.chunks(labels.len()));
                    each.for_each(|(best, scores)| best.extend(labels, scores));
                }
            });
    }

    fn finish(self, k: usize) -> Truth {
        let metric = self.metric;
        let best = self.best.into_iter().flat_map(TopK::into_sorted);
        let (ids, distances) = best
            .map(|hit| (hit.label as i32, scores::written(metric, hit.score)))
            .unzip();
        Truth {
            k,
            ids,
            distances: Some(distances),
        }
    }
}

impl Truth {
    /// The score of every neighbour named, recomputed in one pass over the base; NaN for rows that
    /// cannot be compared.
    pub(in crate::vectors) fn rescore(
        &self,
        base: &VectorFile,
        queries: &[f32],
        metric: Metric,
        watch: &Watch<'_>,
    ) -> Result<Vec<f32>, TruthError> {
        let dim = base.dim();
        let mut queries = queries.to_vec();
        scores::prepare(metric, &mut queries, dim);
        let mut wanted: Vec<(i32, u32)> = self.ids.iter().copied().zip(0..).collect();
        wanted.sort_unstable();
        let mut wanted = wanted.into_iter().peekable();
        let mut found = vec![f32::NAN; self.ids.len()];
        let mut blocks = base.blocks()?;
        while let Some(block) = blocks.advance()? {
            for (row, values) in block.rows() {
                if wanted.peek().is_none_or(|(id, _)| *id as usize != row) {
                    continue;
                }
                let mut values = values.map(<[f32]>::to_vec).unwrap_or(vec![f32::NAN; dim]);
                scores::prepare(metric, &mut values, dim);
                while let Some((_, slot)) = wanted.next_if(|(id, _)| *id as usize == row) {
                    let query = &queries[slot as usize / self.k * dim..][..dim];
                    found[slot as usize] = scores::pair(metric, query, &values);
                }
            }
            watch.advance(block.len())?;
        }
        Ok(found)
    }
}
