//! Rotations that are random enough and cost d log d: H·D₃·H·D₂·H·D₁, where H is the Hadamard matrix and each D flips signs
//! at random (Andoni, Indyk, Laarhoven, Razenshteyn and Schmidt, "Practical and optimal LSH for angular distance", NIPS 2015,
//! §3.1).

use crate::random::Random;

/// Rounds of sign flips and Hadamard transform in one rotation.
pub(crate) const ROUNDS: usize = 3;

/// Smallest number of coordinates: with fewer, sign flips give too few different rotations.
const SMALLEST: usize = 64;

/// Coordinates of a rotation of `dim` values: the next power of two, the added ones being zero before.
pub(crate) fn padded(dim: usize) -> usize {
    dim.next_power_of_two().max(SMALLEST)
}

/// One rotation, drawn at random.
#[derive(Clone, Debug)]
pub(crate) struct Rotation {
    /// ±1, round after round.
    signs: Vec<f32>,
}

impl Rotation {
    /// Draws one of `coordinates` coordinates, a power of two.
    pub(crate) fn draw(coordinates: usize, random: &mut Random) -> Rotation {
        let sign = |_| if random.below(2) == 0 { 1.0 } else { -1.0 };
        Rotation {
            signs: (0..ROUNDS * coordinates).map(sign).collect(),
        }
    }

    /// Rotates `point`, padded with zeros, into `out`, which is as long as the rotation has coordinates.
    pub(crate) fn rotate(&self, point: &[f32], out: &mut [f32]) {
        let (values, padding) = out.split_at_mut(point.len());
        values.copy_from_slice(point);
        padding.fill(0.0);
        for signs in self.signs.chunks_exact(out.len()) {
            out.iter_mut().zip(signs).for_each(|(x, sign)| *x *= sign);
            nigh_simd::hadamard(out);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The same rotation as a plain product of dense matrices, in f64.
    pub(crate) fn dense(rotation: &Rotation, coordinates: usize, point: &[f32]) -> Vec<f64> {
        let mut x: Vec<f64> = point.iter().map(|&x| f64::from(x)).collect();
        x.resize(coordinates, 0.0);
        for signs in rotation.signs.chunks(coordinates) {
            let flipped: Vec<f64> = x
                .iter()
                .zip(signs)
                .map(|(x, &s)| x * f64::from(s))
                .collect();
            let entry = |i: usize, j: usize| 1.0 - 2.0 * f64::from((i & j).count_ones() % 2);
            let scale = (coordinates as f64).sqrt();
            let row = |i: usize| {
                let terms = flipped.iter().enumerate().map(|(j, x)| entry(i, j) * x);
                terms.sum::<f64>() / scale
            };
            x = (0..coordinates).map(row).collect();
        }
        x
    }

    #[test]
    fn equals_the_product_of_dense_matrices() {
        let mut wrong = Vec::new();
        for dim in [1, 2, 63, 64, 65, 128, 200, 300, 784, 1024] {
            let coordinates = padded(dim);
            let rotation = Rotation::draw(coordinates, &mut Random::new(dim as u64));
            let mut random = Random::new(5);
            let point: Vec<f32> = (0..dim).map(|_| random.unit() as f32 - 0.5).collect();
            let mut fast = vec![9.0; coordinates];
            rotation.rotate(&point, &mut fast);
            let slow = dense(&rotation, coordinates, &point);
            let norm = slow.iter().map(|x| x * x).sum::<f64>().sqrt();
            let error = fast
                .iter()
                .zip(&slow)
                .map(|(&a, b)| (f64::from(a) - b).abs());
            let error = error.fold(0.0, f64::max);
            let length = point
                .iter()
                .map(|&x| f64::from(x).powi(2))
                .sum::<f64>()
                .sqrt();
            if error > 1e-5 * norm || (norm / length - 1.0).abs() > 1e-6 {
                wrong.push((dim, error, norm));
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    /// What makes it a rotation drawn at random: coordinates of a fixed vector have mean 0, and the normal distribution's
    /// second and fourth moments.
    #[test]
    fn coordinates_are_spread_like_normal_ones() {
        let point = [3.0, -4.0];
        let mut coordinates = Vec::new();
        for seed in 0..500 {
            let mut out = [0.0; SMALLEST];
            Rotation::draw(SMALLEST, &mut Random::new(seed)).rotate(&point, &mut out);
            coordinates.extend(out.map(|x| f64::from(x) / 5.0 * (SMALLEST as f64).sqrt()));
        }
        let moment = |power| {
            coordinates.iter().map(|x: &f64| x.powi(power)).sum::<f64>() / coordinates.len() as f64
        };
        let moments = [1, 2, 3, 4].map(moment);
        let near = moments
            .iter()
            .zip([0.0, 1.0, 0.0, 3.0])
            .all(|(m, expected)| (m - expected).abs() < 0.25);
        assert!(near, "{moments:?}");
    }
}
