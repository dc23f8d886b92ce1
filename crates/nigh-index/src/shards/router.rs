//! Which shards a query is best asked of.

use rayon::prelude::*;

use super::Shards;
use crate::kmeans::{self, Training};
use crate::metric::Metric;
use crate::random::Random;
use crate::segment::Segment;

/// Some centroids of each shard, by which shards are ranked for a query: the shard with the nearest one first.
///
/// They are trained for this: the lists of shards with codes have centroids on each shard's own axes, which cannot be
/// compared across shards.
#[derive(Clone, Debug)]
pub struct ShardRouter {
    metric: Metric,
    /// Of each shard, row-major.
    centroids: Vec<Vec<f32>>,
}

impl ShardRouter {
    /// Trains `centroids` for each shard on average, more for larger ones, by k-means on a sample of its rows, with all threads of
    /// the current rayon pool. The same shards and seed give the same router.
    pub fn train(shards: &Shards, centroids: usize, seed: u64) -> ShardRouter {
        let total = (centroids * shards.segments().len()) as f64;
        let rows = shards.len().max(1) as f64;
        let of = |segment: &Segment| {
            let share = (total * segment.len() as f64 / rows).round() as usize;
            train_one(segment, share.clamp(1, segment.len().max(1)), seed)
        };
        ShardRouter {
            metric: shards.metric(),
            centroids: shards.segments().par_iter().map(of).collect(),
        }
    }

    /// The numbers of all shards, the one to ask first in front; shards without rows come last, equals in the order of their
    /// numbers. The query's length does not matter under cosine.
    ///
    /// # Panics
    /// If the query has another dimension than the shards.
    pub fn rank(&self, query: &[f32]) -> Vec<usize> {
        let nearest: Vec<f32> = self
            .centroids
            .iter()
            .map(|centroids| self.nearest(query, centroids))
            .collect();
        let mut order: Vec<usize> = (0..nearest.len()).collect();
        order.sort_by(|&a, &b| nearest[b].total_cmp(&nearest[a]));
        order
    }

    fn nearest(&self, query: &[f32], centroids: &[f32]) -> f32 {
        let mut scores = vec![0.0; centroids.len() / query.len()];
        self.metric.score_rows(query, centroids, &mut scores);
        scores.into_iter().fold(f32::NEG_INFINITY, f32::max)
    }
}

/// Rows that each centroid is trained on.
const SAMPLE: usize = 64;

fn train_one(segment: &Segment, clusters: usize, seed: u64) -> Vec<f32> {
    let picked = Random::new(seed).pick(segment.len(), clusters * SAMPLE);
    let rows = picked.iter().map(|&row| segment.row(row as usize));
    let sample: Vec<f32> = rows.flat_map(|row| row.into_owned()).collect();
    if sample.is_empty() {
        return Vec::new();
    }
    let training = Training {
        clusters,
        iterations: 6,
        seed,
        spherical: segment.metric() == Metric::Cosine,
    };
    kmeans::train(&sample, segment.dim(), &training)
}
