//! A random rotation that needs no matrix.

use crate::random::Random;

/// Rounds of sign flips and Hadamard transforms.
const ROUNDS: usize = 3;

/// An orthogonal map of `len` values. In each round the signs of some are flipped at random, then the Hadamard transform is applied:
/// H·D₃·H·D₂·H·D₁ (Andoni, Indyk, Laarhoven, Razenshteyn and Schmidt, "Practical and optimal LSH for angular distance", NIPS 2015,
/// §3.1). Where `len` is no power of two, it is applied to as many of the first values as make one and then to as many of the
/// last, and the two halves are mixed in pairs, since what these have in common may be little.
#[derive(Clone, Debug)]
pub(crate) struct Hadamard {
    /// ±1, round after round.
    signs: Vec<f32>,
}

impl Hadamard {
    /// Draws one for `len` values, an even number or 1.
    pub(crate) fn draw(len: usize, seed: u64) -> Hadamard {
        let mut random = Random::new(seed);
        let sign = |_| if random.below(2) == 0 { 1.0 } else { -1.0 };
        Hadamard {
            signs: (0..ROUNDS * len).map(sign).collect(),
        }
    }

    /// The one that has these signs, if they are as many as `len` values need.
    pub(crate) fn of_signs(signs: &[i8], len: usize) -> Option<Hadamard> {
        let signs: Vec<f32> = signs.iter().map(|&sign| f32::from(sign.signum())).collect();
        (Some(signs.len()) == len.checked_mul(ROUNDS)).then_some(Hadamard { signs })
    }

    pub(crate) fn signs(&self) -> Vec<i8> {
        self.signs.iter().map(|&sign| sign as i8).collect()
    }

    /// Number of values that it maps.
    pub(crate) fn len(&self) -> usize {
        self.signs.len() / ROUNDS
    }

    /// Appends the leading `kept` values of a row, padded with zeros and rotated.
    pub(crate) fn append(&self, row: &[f32], kept: usize, out: &mut Vec<f32>) {
        let start = out.len();
        out.extend_from_slice(row);
        out.resize(start + self.len(), 0.0);
        self.rotate(&mut out[start..]);
        out.truncate(start + kept);
    }

    fn rotate(&self, values: &mut [f32]) {
        let len = values.len();
        let block = if len.is_power_of_two() {
            len
        } else {
            len.next_power_of_two() / 2
        };
        for signs in self.signs.chunks_exact(len) {
            values
                .iter_mut()
                .zip(signs)
                .for_each(|(x, sign)| *x *= sign);
            nigh_simd::hadamard(&mut values[..block]);
            if block < len {
                nigh_simd::hadamard(&mut values[len - block..]);
                mix(values);
            }
        }
    }
}

/// Turns each pair of values half the length apart by 45°.
fn mix(values: &mut [f32]) {
    let (low, high) = values.split_at_mut(values.len() / 2);
    for (a, b) in low.iter_mut().zip(high) {
        (*a, *b) = (
            (*a + *b) * std::f32::consts::FRAC_1_SQRT_2,
            (*a - *b) * std::f32::consts::FRAC_1_SQRT_2,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTHS: [usize; 9] = [8, 16, 24, 104, 120, 512, 784, 1016, 2048];

    #[test]
    fn lengths_and_inner_products_are_kept() {
        let mut wrong = Vec::new();
        for len in LENGTHS {
            let (rotation, mut random) = (Hadamard::draw(len, 3), Random::new(1));
            let mut row = || {
                (0..len)
                    .map(|_| random.normal() as f32)
                    .collect::<Vec<f32>>()
            };
            let (mut a, mut b) = (row(), row());
            let products = |a: &[f32], b: &[f32]| {
                let dot = |a, b| f64::from(nigh_simd::dot(a, b));
                [dot(a, a), dot(b, b), dot(a, b)]
            };
            let before = products(&a, &b);
            rotation.rotate(&mut a);
            rotation.rotate(&mut b);
            let after = products(&a, &b);
            for (before, after) in before.iter().zip(after) {
                if (before - after).abs() > 1e-4 * len as f64 {
                    wrong.push((len, before.to_owned(), after));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    /// What signs code best: whatever a row looks like, each coordinate holds about as much as the next.
    #[test]
    fn a_single_value_is_spread_over_all_coordinates() {
        let mut wrong = Vec::new();
        for len in LENGTHS.into_iter().filter(|&len| len > 100) {
            for at in [0, len / 2, len - 1] {
                let mut values = vec![0.0; len];
                values[at] = (len as f32).sqrt();
                Hadamard::draw(len, 7).rotate(&mut values);
                for half in values.chunks(len / 2) {
                    let share = nigh_simd::dot(half, half) / len as f32;
                    let largest = half.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
                    if !(0.3..0.7).contains(&share) || largest > 6.0 {
                        wrong.push((len, at, share, largest));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn signs_that_were_kept_give_the_same_rotation() {
        let rotation = Hadamard::draw(24, 9);
        let again = Hadamard::of_signs(&rotation.signs(), 24).unwrap_or_else(|| panic!("none"));
        assert_eq!((again.len(), &again.signs), (24, &rotation.signs));
        assert!(Hadamard::of_signs(&rotation.signs(), 32).is_none());
        assert!(rotation.signs != Hadamard::draw(24, 10).signs);
    }
}
