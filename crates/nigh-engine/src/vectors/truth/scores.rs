//! Scores of queries against rows that pass by.

use nigh_index::Metric;
use nigh_simd::{dot, dot_block, l2_squared, l2_squared_block};

/// Higher is nearer, as in the index.
pub(super) fn block(metric: Metric, queries: &[f32], rows: &[f32], dim: usize, out: &mut [f32]) {
    match metric {
        Metric::L2 => {
            l2_squared_block(queries, rows, dim, out);
            out.iter_mut().for_each(|score| *score = 0.0 - *score);
        }
        Metric::InnerProduct | Metric::Cosine => dot_block(queries, rows, dim, out),
    }
}

/// The same bits as [`block`] for one pair.
pub(super) fn pair(metric: Metric, query: &[f32], row: &[f32]) -> f32 {
    match metric {
        Metric::L2 => 0.0 - l2_squared(query, row),
        Metric::InnerProduct | Metric::Cosine => dot(query, row),
    }
}

/// Brings vectors into the form that is compared.
pub(super) fn prepare(metric: Metric, vectors: &mut [f32], dim: usize) {
    if metric == Metric::Cosine {
        for vector in vectors.chunks_exact_mut(dim) {
            nigh_simd::normalize(vector);
        }
    }
}

/// A score as it is written: distances for L2.
pub(super) fn written(metric: Metric, score: f32) -> f32 {
    match metric {
        Metric::L2 => 0.0 - score,
        Metric::InnerProduct | Metric::Cosine => score,
    }
}
