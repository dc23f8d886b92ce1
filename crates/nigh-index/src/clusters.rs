//! Centroids for many lists, at the cost of few: k-means in two levels, then Lloyd's iterations through the
//! coded centroids ([`Coarse`]) instead of all of them.

use rayon::prelude::*;

use crate::coarse::{Coarse, CoarseScratch, Families};
use crate::kmeans::{self, Training};
use crate::rabitq::SignTable;
use crate::random::Random;

/// Trains `training.clusters` centroids, in families, on the rows of `sample`, which are at least as many.
pub(crate) fn train(sample: &[f32], dim: usize, training: &Training) -> Families {
    let (parents, centroids) = seed(sample, dim, training);
    let mut families = Families::of(&centroids, &parents, dim);
    for _ in 0..training.iterations {
        let nearest = assign(sample, dim, &families);
        kmeans::recentre(sample, dim, &nearest, &mut families.centroids);
        families = Families::of(&families.centroids, &parents, dim);
    }
    families
}

/// Each row's nearest centroid, but for the few that the codes miss.
pub(crate) fn assign(rows: &[f32], dim: usize, families: &Families) -> Vec<u32> {
    let bonus = vec![0.0; families.centroids.len() / dim];
    let blocks = families.encode(dim, &bonus);
    let coarse = families.coarse(dim, &bonus, &blocks);
    rows.par_chunks(ROWS_A_TASK * dim)
        .flat_map_iter(|rows| assign_some(rows, &coarse))
        .collect()
}

const ROWS_A_TASK: usize = 512;

/// As [`assign`], on the calling thread.
pub(crate) fn assign_some(rows: &[f32], coarse: &Coarse<'_>) -> Vec<u32> {
    let (mut table, mut scratch, mut probes) =
        (SignTable::default(), CoarseScratch::default(), Vec::new());
    let nearest = |row: &[f32]| {
        table.fill(row);
        coarse.nearest(row, &table, 1, &mut scratch, &mut probes);
        probes.first().map_or(0, |probe| probe.list)
    };
    rows.chunks_exact(coarse.dim).map(nearest).collect()
}

/// Centroids of a first level, and each divided into as many as its share of the rows asks for.
fn seed(sample: &[f32], dim: usize, training: &Training) -> (Vec<f32>, Vec<f32>) {
    let first = (training.clusters as f64).sqrt().round().max(1.0) as usize;
    let above = Training {
        clusters: first,
        iterations: 6,
        ..*training
    };
    let parents = kmeans::train(sample, dim, &above);
    let nearest = kmeans::assign(sample, dim, &parents);
    let (starts, members) = kmeans::group(&nearest.clusters, first);
    let sizes: Vec<usize> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let shares = shares(&sizes, training.clusters);
    let divided = (0..first).into_par_iter().map(|c| {
        let rows = kmeans::gather(sample, dim, &members[starts[c]..starts[c + 1]]);
        let mut random = Random::new(training.seed ^ (c as u64 + 1));
        kmeans::plant(&rows, dim, shares[c], &mut random)
    });
    let centroids = divided.collect::<Vec<_>>().concat();
    (parents, centroids)
}

/// Divides `total` in proportion to the sizes, none more than its size: largest remainders first.
fn shares(sizes: &[usize], total: usize) -> Vec<usize> {
    let all: usize = sizes.iter().sum();
    let exact = |size: usize| size as f64 * total as f64 / all.max(1) as f64;
    let mut shares: Vec<usize> = sizes
        .iter()
        .map(|&size| (exact(size) as usize).min(size))
        .collect();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by(|&a, &b| {
        exact(sizes[b])
            .fract()
            .total_cmp(&exact(sizes[a]).fract())
            .then(a.cmp(&b))
    });
    let mut left = total.min(all) - shares.iter().sum::<usize>();
    while left > 0 {
        for &i in &order {
            if left > 0 && shares[i] < sizes[i] {
                shares[i] += 1;
                left -= 1;
            }
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_and_fit() {
        let cases: &[(&[usize], usize, &[usize])] = &[
            (&[10, 10], 4, &[2, 2]),
            (&[10, 20, 0], 3, &[1, 2, 0]),
            (&[1, 100], 50, &[0, 50]),
            (&[1, 1, 1], 3, &[1, 1, 1]),
            (&[3, 1, 1], 4, &[2, 1, 1]),
        ];
        let mut wrong = Vec::new();
        for &(sizes, total, expected) in cases {
            let found = shares(sizes, total);
            if found != expected {
                wrong.push((sizes, total, found));
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn rows_get_their_nearest_centroid_or_one_as_near() {
        let (dim, mut random) = (32, Random::new(3));
        let mut rows = |count: usize| -> Vec<f32> {
            (0..count * dim).map(|_| random.normal() as f32).collect()
        };
        let (rows, centroids) = (rows(1000), rows(300));
        let families = Families::of(&centroids, &centroids[..17 * dim], dim);
        let centroids = &families.centroids;
        let exact = kmeans::assign(&rows, dim, centroids).clusters;
        let found = assign(&rows, dim, &families);
        let total = |lists: &[u32]| -> f32 {
            let of = |(row, &list): (&[f32], &u32)| {
                nigh_simd::l2_squared(row, &centroids[list as usize * dim..][..dim])
            };
            rows.chunks_exact(dim).zip(lists).map(of).sum()
        };
        let (least, reached) = (total(&exact), total(&found));
        assert!(reached < 1.05 * least, "{reached} instead of {least}");
    }

    #[test]
    fn more_clusters_lie_nearer_to_their_rows() {
        let (dim, mut random) = (16, Random::new(4));
        let rows: Vec<f32> = (0..3000 * dim).map(|_| random.normal() as f32).collect();
        let error = |clusters: usize| -> f32 {
            let training = Training {
                clusters,
                iterations: 4,
                seed: 1,
                spherical: false,
            };
            let families = train(&rows, dim, &training);
            assert_eq!(families.centroids.len(), clusters * dim);
            let nearest = assign(&rows, dim, &families);
            let of = |(row, &c): (&[f32], &u32)| {
                nigh_simd::l2_squared(row, &families.centroids[c as usize * dim..][..dim])
            };
            rows.chunks_exact(dim).zip(&nearest).map(of).sum()
        };
        let errors = [error(8), error(64), error(256)];
        assert!(
            errors[1] < 0.9 * errors[0] && errors[2] < 0.9 * errors[1],
            "{errors:?}"
        );
    }
}
