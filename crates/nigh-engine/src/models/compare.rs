//! How alike two encoders see the same pictures, and how well one sees what a label says.

use nigh_encode::{EncodeError, Encoder, Picture};
use rayon::prelude::*;
use serde::Serialize;

/// How one encoder's embeddings agree with those of the one that it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Agreement {
    /// Pictures compared.
    pub pictures: usize,
    /// The mean cosine between a picture's two embeddings.
    pub cosine_mean: f64,
    /// One of a hundred pictures is at or below.
    pub cosine_p1: f64,
    /// The worst.
    pub cosine_min: f64,
    /// The share of the ten nearest by the original that are among the ten nearest by the other,
    /// of each picture among all.
    pub recall_at_10: f64,
}

/// Encodes on all threads of the current pool: `pictures × dimension`, row-major.
pub(super) fn embed(encoder: &Encoder, pictures: &[Picture]) -> Result<Vec<f32>, EncodeError> {
    let batch = encoder.batch_size().max(1);
    let rows: Vec<Vec<f32>> = pictures
        .par_chunks(batch)
        .map(|pictures| encoder.encode(pictures))
        .collect::<Result<_, _>>()?;
    Ok(rows.concat())
}

/// Compares rows of L2-normalised embeddings, `dimension` numbers each in both.
pub(super) fn agreement(original: &[f32], other: &[f32], dimension: usize) -> Agreement {
    let rows = original.chunks_exact(dimension);
    let mut cosines: Vec<f64> = rows
        .zip(other.chunks_exact(dimension))
        .map(|(a, b)| cosine(a, b))
        .collect();
    let truth = nearest_sets(original, dimension, 10);
    let found = nearest_sets(other, dimension, 10);
    let pictures = cosines.len();
    let mean = cosines.iter().sum::<f64>() / pictures.max(1) as f64;
    cosines.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = (pictures.saturating_sub(1) as f64 * share) as usize;
        cosines.get(place).copied().unwrap_or(0.0)
    };
    Agreement {
        pictures,
        cosine_mean: mean,
        cosine_p1: at(0.01),
        cosine_min: at(0.0),
        recall_at_10: recall(&truth, &found),
    }
}

/// The mean share of each set of `truth` that is in the set of `found` beside it; 1 where there is
/// nothing to find.
pub(super) fn recall(truth: &[Vec<u32>], found: &[Vec<u32>]) -> f64 {
    let pairs = truth
        .iter()
        .zip(found)
        .filter(|(truth, _)| !truth.is_empty());
    let (sum, count) = pairs.fold((0.0, 0usize), |(sum, count), (truth, found)| {
        let both = truth.iter().filter(|row| found.contains(row)).count();
        (sum + both as f64 / truth.len() as f64, count + 1)
    });
    if count == 0 { 1.0 } else { sum / count as f64 }
}

/// The share of each row's `nearest` that has the row's label; rows without a label do not count.
pub(super) fn precision(nearest: &[Vec<u32>], labels: &[Option<String>]) -> Option<f64> {
    let rows = nearest.iter().zip(labels);
    let shares = rows.filter_map(|(nearest, label)| {
        let label = label.as_ref()?;
        let same = nearest
            .iter()
            .filter(|row| labels[**row as usize].as_ref() == Some(label));
        (!nearest.is_empty()).then(|| same.count() as f64 / nearest.len() as f64)
    });
    let (sum, count) = shares.fold((0.0, 0usize), |(sum, count), share| {
        (sum + share, count + 1)
    });
    (count > 0).then(|| sum / count as f64)
}

/// The `k` rows nearest to each row by inner product, itself left out; ties by place.
pub(super) fn nearest_sets(rows: &[f32], dimension: usize, k: usize) -> Vec<Vec<u32>> {
    let dimension = dimension.max(1);
    let count = rows.len() / dimension;
    (0..count)
        .into_par_iter()
        .map(|query| {
            let row = &rows[query * dimension..][..dimension];
            let others = (0..count).filter(|other| *other != query);
            let mut scored: Vec<(f32, u32)> = others
                .map(|other| {
                    let other_row = &rows[other * dimension..][..dimension];
                    (nigh_simd::dot(row, other_row), other as u32)
                })
                .collect();
            let order = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
            let k = k.min(scored.len());
            if k > 0 {
                scored.select_nth_unstable_by(k - 1, order);
            }
            scored.truncate(k);
            scored.into_iter().map(|(_, row)| row).collect()
        })
        .collect()
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let (mut dot, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        let (x, y) = (f64::from(*x), f64::from(*y));
        dot += x * y;
        aa += x * x;
        bb += y * y;
    }
    let length = (aa * bb).sqrt();
    if length > 0.0 { dot / length } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_rows_agree_and_turned_ones_do_not() {
        let rows: Vec<f32> = (0..24)
            .flat_map(|i| {
                let angle = i as f32 * 0.13;
                [angle.cos(), angle.sin()]
            })
            .collect();
        let same = agreement(&rows, &rows, 2);
        assert!((same.cosine_min - 1.0).abs() < 1e-6 && same.recall_at_10 == 1.0);
        let turned: Vec<f32> = rows.chunks(2).flat_map(|xy| [-xy[1], xy[0]]).collect();
        let turned = agreement(&rows, &turned, 2);
        assert!(turned.cosine_mean.abs() < 1e-6, "{turned:?}");
        assert!(
            turned.recall_at_10 > 0.99,
            "a rotation keeps neighbours: {turned:?}"
        );
    }

    #[test]
    fn precision_counts_labelled_rows_only() {
        let labels = ["a", "a", "b", ""].map(|l| (!l.is_empty()).then(|| l.to_owned()));
        let nearest = [vec![1, 2], vec![0, 3], vec![0, 1], vec![0, 1]];
        assert_eq!(precision(&nearest, &labels), Some((0.5 + 0.5 + 0.0) / 3.0));
        assert_eq!(precision(&nearest, &[None, None, None, None]), None);
    }
}
