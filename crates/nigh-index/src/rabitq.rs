//! Codes of rows: one bit a coordinate to scan by, 2 to 8 bits to refine with.
//!
//! A row `o` in a list with centroid `c` is coded by its residual `r = o − c`: `x`, the signs of `r` (Gao and Long, "RaBitQ:
//! quantizing high-dimensional vectors with a theoretical error bound", SIGMOD 2024), or small integers along `r` (Gao, Gou, Xu
//! et al., "Practical and asymptotically optimal quantization of high-dimensional vectors", SIGMOD 2025). For a query `q`
//!
//! −‖o − q‖² = −‖q − c‖² − ‖r‖² + 2⟨r, q − c⟩, and ⟨r, q − c⟩ ≈ ‖r‖²/⟨x, r⟩ · (⟨x, q⟩ − ⟨x, c⟩)
//!
//! without bias for random directions. All that does not depend on the query is kept with the row as two factors: the value
//! is `−‖q − c‖² + add + scale · ⟨x, q⟩`. The error of a one-bit estimate is `scale · √(1 − s²) · ‖q − c‖` times a standard
//! normal variable, nearly, with `s = ⟨x, r⟩ / (‖x‖ ‖r‖)` ≈ 0.8 (ibid., theorem 3.2).

use nigh_simd::TABLE_ENTRIES;

/// √(1 − s²) for s = √(2/π), what signs of a random direction come to.
const SIGN_ERROR: f32 = 0.603;

/// What the codes of a row say without a query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Factors {
    pub(crate) scale: f32,
    pub(crate) add: f32,
}

impl Factors {
    /// `extra` is what to add to every value of this row.
    fn new(residual_square: f32, code_residual: f32, code_centroid: f32, extra: f32) -> Factors {
        let scale = if code_residual > 0.0 {
            2.0 * residual_square / code_residual
        } else {
            0.0
        };
        Factors {
            scale,
            add: extra - residual_square - scale * code_centroid,
        }
    }
}

/// Codes a row by its signs, four coordinates to a code.
pub(crate) fn sign_codes(row: &[f32], centroid: &[f32], extra: f32, codes: &mut [u8]) -> Factors {
    let (mut square, mut length, mut code_centroid) = (0.0_f32, 0.0_f32, 0.0_f32);
    for ((code, row), centroid) in codes
        .iter_mut()
        .zip(row.chunks_exact(4))
        .zip(centroid.chunks_exact(4))
    {
        *code = 0;
        for i in 0..4 {
            let residual = row[i] - centroid[i];
            square += residual * residual;
            length += residual.abs();
            let positive = residual >= 0.0;
            code_centroid += if positive { centroid[i] } else { -centroid[i] };
            *code |= u8::from(positive) << i;
        }
    }
    Factors::new(square, length, code_centroid, extra)
}

/// A query's side of the sign codes: for each four coordinates, the sums of all their subsets, in steps.
#[derive(Debug, Default)]
pub(crate) struct SignTable {
    pub(crate) table: Vec<u8>,
    /// What one unit of a sum stands for, and what is added: `⟨x, q⟩ = sum × step + offset`.
    pub(crate) step: f32,
    pub(crate) offset: f32,
}

impl SignTable {
    pub(crate) fn fill(&mut self, query: &[f32]) {
        self.table.resize(query.len() / 4 * TABLE_ENTRIES, 0);
        self.step = 2.0 * nigh_simd::subset_sums(query, &mut self.table);
        self.offset = -query.iter().map(|x| x.abs()).sum::<f32>();
    }
}

/// How far below its value a row's true one may lie, in units of the row's `scale`: `margin` standard errors of the sign code.
pub(crate) fn sign_slack(margin: f32, centroid_distance: f32) -> f32 {
    margin * SIGN_ERROR * centroid_distance
}

/// Codes of 2 to 8 bits a coordinate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RefineLayout {
    pub(crate) dims: usize,
    pub(crate) bits: u8,
}

impl RefineLayout {
    /// Bytes of a row: its codes, packed, and two factors.
    pub(crate) fn bytes(self) -> usize {
        self.code_bytes() + 8
    }

    fn code_bytes(self) -> usize {
        (self.dims * usize::from(self.bits)).div_ceil(32) * 4
    }

    /// The largest integer a code stands for; codes of 8 bits are all integers up to it, others the odd ones.
    fn largest(self) -> f32 {
        if self.bits == 8 {
            127.0
        } else {
            ((1_u32 << self.bits) - 1) as f32
        }
    }

    /// Codes a row; `centroid` may be shorter, what lacks is 0.
    pub(crate) fn encode(self, row: &[f32], centroid: &[f32], extra: f32, out: &mut Vec<u8>) {
        let mut residual = row.to_vec();
        residual.iter_mut().zip(centroid).for_each(|(x, c)| *x -= c);
        let integers = self.integers(&residual);
        let along = |values: &[f32]| -> f32 {
            integers
                .iter()
                .zip(values)
                .map(|(&i, x)| f32::from(i) * x)
                .sum()
        };
        let factors = Factors::new(
            nigh_simd::dot(&residual, &residual),
            along(&residual),
            along(centroid),
            extra,
        );
        let end = out.len() + self.code_bytes();
        self.pack(&integers, out);
        out.resize(end, 0);
        out.extend_from_slice(&factors.scale.to_le_bytes());
        out.extend_from_slice(&factors.add.to_le_bytes());
    }

    /// The integers nearest in direction to the residual: of some scales tried, the one with the greatest cosine.
    fn integers(self, residual: &[f32]) -> Vec<i8> {
        let top = residual.iter().fold(0.0_f32, |top, x| top.max(x.abs()));
        if top == 0.0 {
            return vec![if self.bits == 8 { 0 } else { 1 }; residual.len()];
        }
        let tries = if self.bits == 8 { 1 } else { 12 };
        let rounded = (0..tries)
            .map(|t| self.round(residual, self.largest() / (top * (1.0 - 0.06 * t as f32))));
        let mut best = (f32::NEG_INFINITY, Vec::new());
        for integers in rounded {
            let (mut along, mut square) = (0.0_f32, 0.0_f32);
            for (&i, x) in integers.iter().zip(residual) {
                along += f32::from(i) * x;
                square += f32::from(i) * f32::from(i);
            }
            let cosine = along / square.sqrt();
            if cosine > best.0 {
                best = (cosine, integers);
            }
        }
        best.1
    }

    fn round(self, residual: &[f32], inverse: f32) -> Vec<i8> {
        let largest = self.largest();
        let one = |x: &f32| {
            let scaled = (x * inverse).clamp(-largest, largest);
            if self.bits == 8 {
                scaled.round() as i8
            } else {
                nearest_odd(scaled, largest)
            }
        };
        residual.iter().map(one).collect()
    }

    fn pack(self, integers: &[i8], out: &mut Vec<u8>) {
        if self.bits == 8 {
            out.extend(integers.iter().map(|&i| i as u8));
            return;
        }
        let (mut held, mut count) = (0_u32, 0);
        for &i in integers {
            let code = (i32::from(i) + self.largest() as i32) as u32 / 2;
            held |= code << count;
            count += u32::from(self.bits);
            while count >= 8 {
                out.push(held as u8);
                held >>= 8;
                count -= 8;
            }
        }
        if count > 0 {
            out.push(held as u8);
        }
    }

    /// The value of a row less `−‖q − c‖²`: the query as integers of the given step.
    #[inline]
    pub(crate) fn value(self, row: &[u8], query: &[i16], step: f32, unpacked: &mut Vec<i8>) -> f32 {
        let (codes, factors) = row.split_at(self.code_bytes());
        let integers: &[i8] = if self.bits == 8 {
            &bytemuck::cast_slice(codes)[..self.dims]
        } else {
            self.unpack(codes, unpacked);
            unpacked
        };
        let product = nigh_simd::dot_i16_i8(query, integers) as f32;
        let factor = |at: usize| {
            f32::from_le_bytes([
                factors[at],
                factors[at + 1],
                factors[at + 2],
                factors[at + 3],
            ])
        };
        factor(4) + factor(0) * step * product
    }

    fn unpack(self, codes: &[u8], out: &mut Vec<i8>) {
        let largest = self.largest() as i32;
        out.clear();
        if self.bits == 4 {
            out.extend(
                codes
                    .iter()
                    .flat_map(|&byte| [(byte & 15) as i8 * 2 - 15, (byte >> 4) as i8 * 2 - 15]),
            );
            out.truncate(self.dims);
            return;
        }
        let (mut held, mut count, mut bytes) = (0_u32, 0, codes.iter());
        for _ in 0..self.dims {
            while count < u32::from(self.bits) {
                held |= u32::from(bytes.next().copied().unwrap_or(0)) << count;
                count += 8;
            }
            out.push(((held & ((1 << self.bits) - 1)) as i32 * 2 - largest) as i8);
            held >>= self.bits;
            count -= u32::from(self.bits);
        }
    }
}

fn nearest_odd(x: f32, largest: f32) -> i8 {
    (2.0 * ((x - 1.0) / 2.0).round() + 1.0).clamp(-largest, largest) as i8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn normal(count: usize, random: &mut Random) -> Vec<f32> {
        (0..count).map(|_| random.normal() as f32).collect()
    }

    fn minus_distance(a: &[f32], b: &[f32]) -> f32 {
        -nigh_simd::l2_squared(a, b)
    }

    #[test]
    fn sign_estimates_stay_within_their_stated_error() {
        let (dim, mut random) = (128, Random::new(1));
        let (mut errors, mut count) = (0.0, 0.0);
        for _ in 0..400 {
            let [row, centroid, query] = core::array::from_fn(|_| normal(dim, &mut random));
            let mut codes = vec![0; dim / 4];
            let factors = sign_codes(&row, &centroid, 0.5, &mut codes);
            let mut table = SignTable::default();
            table.fill(&query);
            let sum: u32 = codes
                .iter()
                .enumerate()
                .map(|(g, &code)| u32::from(table.table[g * 16 + usize::from(code)]))
                .sum();
            let product = sum as f32 * table.step + table.offset;
            let value = minus_distance(&query, &centroid) + factors.add + factors.scale * product;
            let distance = nigh_simd::l2_squared(&query, &centroid).sqrt();
            let error = (value - 0.5 - minus_distance(&row, &query))
                / (factors.scale * sign_slack(1.0, distance));
            errors += f64::from(error * error);
            count += 1.0;
        }
        let deviation = (errors / count).sqrt();
        // Less than 1: only what of `q − c` is perpendicular to the residual adds to the error.
        assert!(
            (0.7..1.0).contains(&deviation),
            "{deviation} standard errors"
        );
    }

    #[test]
    fn more_bits_refine_better_down_to_rounding() {
        let (dim, mut random) = (72, Random::new(2));
        let mut last = f64::INFINITY;
        for bits in 2..=8 {
            let layout = RefineLayout { dims: dim, bits };
            let mut total = 0.0;
            for _ in 0..200 {
                let [row, centroid, query] = core::array::from_fn(|_| normal(dim, &mut random));
                let mut bytes = Vec::new();
                layout.encode(&row, &centroid[..64], 0.5, &mut bytes);
                assert_eq!(bytes.len(), layout.bytes());
                let mut padded = centroid.clone();
                padded[64..].fill(0.0);
                let mut integers = crate::transform::Integers::default();
                let step = integers.quantize(&query, 20_000);
                let value = layout.value(&bytes, &integers.values, step, &mut Vec::new());
                let error =
                    value - 0.5 + minus_distance(&query, &padded) - minus_distance(&row, &query);
                total += f64::from(error * error);
            }
            let error = (total / 200.0).sqrt();
            assert!(error < 0.7 * last, "{bits} bits: {error} after {last}");
            last = error;
        }
        assert!(last < 0.3, "{last}");
    }

    #[test]
    fn a_row_on_its_centroid_is_exact() {
        let centroid = [0.5_f32; 8];
        let mut codes = [0; 2];
        let factors = sign_codes(&centroid, &centroid, 0.25, &mut codes);
        assert_eq!(
            factors,
            Factors {
                scale: 0.0,
                add: 0.25
            }
        );
        for bits in 2..=8 {
            let (layout, mut bytes) = (RefineLayout { dims: 8, bits }, Vec::new());
            layout.encode(&centroid, &centroid, 0.25, &mut bytes);
            assert_eq!(
                layout.value(&bytes, &[7; 8], 1.0, &mut Vec::new()),
                0.25,
                "{bits} bits"
            );
        }
    }
}
