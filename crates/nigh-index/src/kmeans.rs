//! K-means: where the lists of an inverted file have their centres.
//!
//! Lloyd's iterations from a k-means++ start (Arthur and Vassilvitskii, "k-means++: the advantages of careful
//! seeding", SODA 2007, §2), on a sample of the rows. The result depends on the data and the seed only, not on
//! the number of threads: sums are taken cluster by cluster, in row order, in f64.

use nigh_simd::{dot_block, l2_squared_rows, normalize};
use rayon::prelude::*;

use crate::random::Random;

/// What to train, and how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Training {
    pub(crate) clusters: usize,
    pub(crate) iterations: usize,
    pub(crate) seed: u64,
    /// Centroids are brought to unit length after each step (Dhillon and Modha, "Concept decompositions for large sparse
    /// text data using clustering", Machine Learning 42, 2001, §3): for rows of unit length.
    pub(crate) spherical: bool,
}

/// Trains centroids (`clusters` × `dim`) on the rows of `sample`, which are at least as many as the clusters.
pub(crate) fn train(sample: &[f32], dim: usize, training: &Training) -> Vec<f32> {
    let mut random = Random::new(training.seed);
    let mut centroids = seed(sample, dim, training.clusters, &mut random);
    let mut before = Vec::new();
    for _ in 0..training.iterations {
        let nearest = assign(sample, dim, &centroids);
        if nearest.clusters == before {
            break;
        }
        update(sample, dim, &nearest, training.spherical, &mut centroids);
        before = nearest.clusters;
    }
    centroids
}

/// Each row's cluster.
pub(crate) struct Nearest {
    pub(crate) clusters: Vec<u32>,
    /// Half the squared distance to the centroid, less half the row's squared norm: enough to compare clusters
    /// of one row.
    scores: Vec<f32>,
}

/// Finds the nearest centroid of every row, on the current pool. Among equally near ones the first wins.
pub(crate) fn assign(rows: &[f32], dim: usize, centroids: &[f32]) -> Nearest {
    let half_norms: Vec<f32> = centroids
        .chunks_exact(dim)
        .map(|c| 0.5 * nigh_simd::dot(c, c))
        .collect();
    let tiles = rows.par_chunks(TILE_ROWS * dim);
    let best: Vec<(u32, f32)> = tiles
        .flat_map_iter(|tile| assign_tile(tile, dim, centroids, &half_norms))
        .collect();
    let (clusters, scores) = best.into_iter().unzip();
    Nearest { clusters, scores }
}

const TILE_ROWS: usize = 64;
const TILE_CENTROIDS: usize = 64;

fn assign_tile(tile: &[f32], dim: usize, centroids: &[f32], half_norms: &[f32]) -> Vec<(u32, f32)> {
    let mut best = vec![(0, f32::NEG_INFINITY); tile.len() / dim];
    let mut scores = [0.0; TILE_ROWS * TILE_CENTROIDS];
    let centroid_tiles = centroids
        .chunks(TILE_CENTROIDS * dim)
        .zip(half_norms.chunks(TILE_CENTROIDS));
    for (i, (centroids, half_norms)) in centroid_tiles.enumerate() {
        let scores = &mut scores[..best.len() * half_norms.len()];
        dot_block(tile, centroids, dim, scores);
        for (best, scores) in best.iter_mut().zip(scores.chunks_exact(half_norms.len())) {
            for (j, (product, half_norm)) in scores.iter().zip(half_norms).enumerate() {
                let score = product - half_norm;
                if score > best.1 {
                    *best = ((i * TILE_CENTROIDS + j) as u32, score);
                }
            }
        }
    }
    best
}

/// Rows that seeding looks at, for each cluster: it costs as many comparisons as training on these rows once.
pub(crate) const SEEDING_ROWS: usize = 16;

fn seed(sample: &[f32], dim: usize, clusters: usize, random: &mut Random) -> Vec<f32> {
    let picked = random.pick(sample.len() / dim, clusters * SEEDING_ROWS);
    plant(&gather(sample, dim, &picked), dim, clusters, random)
}

/// Picks rows far from each other: each next one with a probability proportional to its squared distance to
/// those already picked.
pub(crate) fn plant(
    candidates: &[f32],
    dim: usize,
    clusters: usize,
    random: &mut Random,
) -> Vec<f32> {
    let rows = candidates.len() / dim;
    let mut centroids = Vec::with_capacity(clusters * dim);
    let mut distances = vec![f32::INFINITY; rows];
    let mut next = random.below(rows);
    for _ in 0..clusters {
        let centroid = &candidates[next * dim..][..dim];
        centroids.extend_from_slice(centroid);
        shorten(&mut distances, centroid, candidates);
        next = draw(&distances, random);
    }
    centroids
}

/// Lowers each candidate's distance to that of the new centroid where this is nearer.
fn shorten(distances: &mut [f32], centroid: &[f32], candidates: &[f32]) {
    const ROWS: usize = 1024;
    let tiles = distances
        .par_chunks_mut(ROWS)
        .zip(candidates.par_chunks(ROWS * centroid.len()));
    tiles.for_each(|(distances, rows)| {
        let mut new = [0.0; ROWS];
        let new = &mut new[..distances.len()];
        l2_squared_rows(centroid, rows, new);
        distances
            .iter_mut()
            .zip(new)
            .for_each(|(distance, new)| *distance = distance.min(*new));
    });
}

/// Draws an index with a probability proportional to its weight; any index if all weights are zero.
fn draw(weights: &[f32], random: &mut Random) -> usize {
    let total: f64 = weights.iter().map(|&w| f64::from(w)).sum();
    let mut left = random.unit() * total;
    let chosen = weights.iter().position(|&w| {
        left -= f64::from(w);
        w > 0.0 && left < 0.0
    });
    chosen.unwrap_or_else(|| random.below(weights.len()))
}

fn update(sample: &[f32], dim: usize, nearest: &Nearest, spherical: bool, centroids: &mut [f32]) {
    let starts = recentre(sample, dim, &nearest.clusters, centroids);
    refill_empty(sample, dim, nearest, &starts, centroids);
    if spherical {
        centroids.par_chunks_mut(dim).for_each(|centroid| {
            normalize(centroid);
        });
    }
}

/// Moves each centroid to the mean of its rows, if it has any; returns where the groups of rows begin.
pub(crate) fn recentre(
    sample: &[f32],
    dim: usize,
    nearest: &[u32],
    centroids: &mut [f32],
) -> Vec<usize> {
    let (starts, members) = group(nearest, centroids.len() / dim);
    centroids
        .par_chunks_mut(dim)
        .enumerate()
        .for_each(|(c, centroid)| {
            let members = &members[starts[c]..starts[c + 1]];
            if !members.is_empty() {
                mean(sample, members, centroid);
            }
        });
    starts
}

fn mean(sample: &[f32], members: &[u32], centroid: &mut [f32]) {
    let dim = centroid.len();
    let mut sums = vec![0.0_f64; dim];
    for &row in members {
        let row = &sample[row as usize * dim..][..dim];
        sums.iter_mut()
            .zip(row)
            .for_each(|(sum, x)| *sum += f64::from(*x));
    }
    let count = members.len() as f64;
    centroid
        .iter_mut()
        .zip(sums)
        .for_each(|(x, sum)| *x = (sum / count) as f32);
}

/// Moves each centroid that lost all its rows to a row that is farthest from its own centroid, a
/// different row for each. Rows that sit on their centroid are left alone: with fewer distinct rows than
/// clusters, some clusters stay empty.
fn refill_empty(
    sample: &[f32],
    dim: usize,
    nearest: &Nearest,
    starts: &[usize],
    centroids: &mut [f32],
) {
    let empty: Vec<usize> = (0..starts.len() - 1)
        .filter(|&c| starts[c] == starts[c + 1])
        .collect();
    if empty.is_empty() {
        return;
    }
    let mut far: Vec<(f32, usize)> = sample
        .par_chunks_exact(dim)
        .zip(&nearest.scores)
        .enumerate()
        .map(|(row, (values, score))| (nigh_simd::dot(values, values) - 2.0 * score, row))
        .collect();
    far.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    for (c, (distance, row)) in empty.into_iter().zip(far) {
        if distance > 0.0 {
            centroids[c * dim..][..dim].copy_from_slice(&sample[row * dim..][..dim]);
        }
    }
}

/// Sorts row numbers by cluster, keeping their order within one: `members[starts[c]..starts[c + 1]]` are those of cluster `c`.
pub(crate) fn group(clusters: &[u32], count: usize) -> (Vec<usize>, Vec<u32>) {
    let mut starts = vec![0; count + 1];
    clusters.iter().for_each(|&c| starts[c as usize + 1] += 1);
    (0..count).for_each(|c| starts[c + 1] += starts[c]);
    let mut next = starts.clone();
    let mut members = vec![0; clusters.len()];
    for (row, &c) in clusters.iter().enumerate() {
        members[next[c as usize]] = row as u32;
        next[c as usize] += 1;
    }
    (starts, members)
}

/// Copies the rows at `positions` side by side.
pub(crate) fn gather(rows: &[f32], dim: usize, positions: &[u32]) -> Vec<f32> {
    let mut gathered = Vec::with_capacity(positions.len() * dim);
    positions
        .iter()
        .for_each(|&row| gathered.extend_from_slice(&rows[row as usize * dim..][..dim]));
    gathered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random_rows(rows: usize, dim: usize) -> Vec<f32> {
        let mut random = Random::new(5);
        (0..rows * dim)
            .map(|_| random.unit() as f32 - 0.5)
            .collect()
    }

    const TRAINING: Training = Training {
        clusters: 7,
        iterations: 5,
        seed: 3,
        spherical: false,
    };

    #[test]
    fn assignment_agrees_with_plain_loops() {
        let (dim, rows) = (19, random_rows(333, 19));
        let centroids = random_rows(150, dim);
        let found = assign(&rows, dim, &centroids).clusters;
        for (row, found) in rows.chunks(dim).zip(found) {
            let distance = |c: usize| -> f64 {
                let centroid = &centroids[c * dim..][..dim];
                row.iter()
                    .zip(centroid)
                    .map(|(a, b)| f64::from(a - b).powi(2))
                    .sum()
            };
            let best = (0..150).map(distance).fold(f64::INFINITY, f64::min);
            assert!(distance(found as usize) <= best + 1e-5);
        }
    }

    #[test]
    fn training_does_not_depend_on_threads() {
        let rows = random_rows(2000, 12);
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| train(&rows, 12, &TRAINING))
        };
        assert_eq!(with(1), with(5));
    }

    #[test]
    fn well_separated_groups_are_found() {
        let mut random = Random::new(1);
        let rows: Vec<f32> = (0..700)
            .flat_map(|i| {
                let centre = (i % 7) as f32 * 100.0;
                [
                    centre + random.unit() as f32,
                    -centre + random.unit() as f32,
                ]
            })
            .collect();
        let centroids = train(&rows, 2, &TRAINING);
        let mut found: Vec<i32> = centroids
            .chunks(2)
            .map(|c| (c[0] / 100.0).floor() as i32)
            .collect();
        found.sort_unstable();
        assert_eq!(found, [0, 1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn empty_clusters_move_to_far_rows() {
        let rows = [0.0, 0.0, 1.0, 9.0];
        let mut centroids = vec![0.5, 50.0, 60.0];
        let nearest = assign(&rows, 1, &centroids);
        update(&rows, 1, &nearest, false, &mut centroids);
        assert_eq!(centroids, [2.5, 9.0, 0.0]);
    }

    #[test]
    fn identical_rows_leave_clusters_empty_and_finite() {
        let rows = [0.25; 30];
        let centroids = train(&rows, 3, &TRAINING);
        assert!(centroids.iter().all(|&x| x == 0.25));
        assert!(
            assign(&rows, 3, &centroids)
                .clusters
                .iter()
                .all(|&c| c == 0)
        );
    }
}
