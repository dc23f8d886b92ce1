//! What a grid costs, in bytes and comparisons: for planning, and tested against the real thing.

use super::build::GridConfig;
use super::point::point_dim;
use crate::metric::Metric;

/// Length in bytes of the file of a grid of `rows` × `dim` values. Mapped, it takes as much memory once every page was read.
pub fn grid_bytes(rows: u64, dim: u64, metric: Metric, config: &GridConfig) -> u64 {
    let tables = config.tables as u64;
    let buckets = 1 << config.bits_for(rows as usize);
    let mean = point_dim(metric, dim as usize) as u64;
    let starts = 4 * tables * (buckets + 1);
    nigh_mmap::file_bytes(&[
        8 * 8,
        4 * mean,
        8 * rows,
        starts,
        4 * tables * rows,
        4 * rows * dim,
    ])
}

/// Rows compared in one search without a filter, for planning without data: rows fall into all buckets with equal chance, and a
/// query into a bucket as rows do. A lower estimate: up to twice as many were compared on rows without structure, three
/// times as many on rows around 150 centres, and on pictures 60 times as many with 1 probe, 4 times with 1,024. Once there is
/// a grid, [`Grid::expected_candidates`](super::Grid::expected_candidates) knows how its rows crowd.
pub fn grid_candidates(rows: u64, config: &GridConfig, probes: u64) -> f64 {
    let buckets = f64::from(1 << config.bits_for(rows as usize));
    let per_bucket = 1.0 + rows as f64 / buckets;
    distinct(rows as f64, config.tables as f64, per_bucket, probes as f64)
}

/// Buckets of one table share no row; those of several tables do by chance.
pub(crate) fn distinct(rows: f64, tables: f64, per_bucket: f64, probes: f64) -> f64 {
    let per_table = (probes / tables * per_bucket / rows.max(1.0)).min(1.0);
    rows * (1.0 - (1.0 - per_table).powf(tables))
}
