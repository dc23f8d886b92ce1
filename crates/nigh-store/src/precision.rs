//! How the numbers of stored embeddings are kept.

use std::fmt;

use half::f16;
use serde::{Deserialize, Serialize};

/// How the numbers of stored embeddings are kept: each row by itself, so that none depends on another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// As they came: 4 bytes a number.
    #[default]
    F32,
    /// As 16-bit floats, after the row is divided by the power of two that brings its greatest magnitude to 2¹⁴ or more, less
    /// than 2¹⁵: 2 bytes a number, 4 a row. A number is off by at most 2⁻¹¹ of itself or 2⁻³⁹ of the greatest.
    F16,
    /// As 8-bit integers, multiples of a 127th of the row's greatest magnitude: a byte a number, 4 a row. A number is off by at
    /// most half of that.
    Int8,
}

impl Precision {
    /// All of them, the widest first.
    pub const ALL: [Self; 3] = [Self::F32, Self::F16, Self::Int8];

    /// The name used in messages and files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Int8 => "int8",
        }
    }

    /// Whether it keeps more of a number.
    #[must_use]
    pub fn is_wider_than(self, other: Self) -> bool {
        let place = |precision| Self::ALL.iter().position(|known| *known == precision);
        place(self) < place(other)
    }

    /// Bytes of a stored row.
    #[must_use]
    pub fn row_bytes(self, dimension: usize) -> usize {
        match self {
            Self::F32 => 4 * dimension,
            Self::F16 => 4 + 2 * dimension,
            Self::Int8 => 4 + dimension,
        }
    }

    /// What comes back of a row that is stored.
    #[must_use]
    pub fn rounded(self, row: &[f32]) -> Vec<f32> {
        let (mut bytes, mut rounded) = (Vec::new(), Vec::new());
        self.encode(row, &mut bytes);
        self.decode(&bytes, &mut rounded);
        rounded
    }

    /// Appends a row's bytes, little-endian: the scale of narrower numbers, then the numbers.
    pub(crate) fn encode(self, row: &[f32], out: &mut Vec<u8>) {
        match self {
            Self::F32 => out.extend(row.iter().flat_map(|number| number.to_le_bytes())),
            Self::F16 => {
                let exponent = (greatest(row).to_bits() >> 23) as i32 - 127;
                let scale = (exponent - 14).max(-126);
                let inverse = power(-scale);
                out.extend(power(scale).to_le_bytes());
                let half = |&number: &f32| f16::from_f32(number * inverse).to_le_bytes();
                out.extend(row.iter().flat_map(half));
            }
            Self::Int8 => {
                let greatest = greatest(row);
                // The inverse of less is infinite or nearly.
                let inverse = if greatest > 1e-30 {
                    127.0 / greatest
                } else {
                    0.0
                };
                out.extend((greatest / 127.0).to_le_bytes());
                out.extend(
                    row.iter()
                        .map(|number| (number * inverse).round() as i8 as u8),
                );
            }
        }
    }

    /// Appends the numbers of a row of [`Precision::row_bytes`] bytes.
    pub(crate) fn decode(self, bytes: &[u8], out: &mut Vec<f32>) {
        let float = |four: &[u8]| f32::from_le_bytes([four[0], four[1], four[2], four[3]]);
        if self == Self::F32 {
            return out.extend(bytes.chunks_exact(4).map(float));
        }
        let Some((scale, numbers)) = bytes.split_at_checked(4) else {
            return;
        };
        let scale = float(scale);
        // What was just below infinity may have been rounded up.
        let times = |number: f32| (number * scale).clamp(f32::MIN, f32::MAX);
        match self {
            Self::F16 => {
                let half = |two: &[u8]| times(f16::from_le_bytes([two[0], two[1]]).to_f32());
                out.extend(numbers.chunks_exact(2).map(half));
            }
            _ => out.extend(numbers.iter().map(|&byte| times(f32::from(byte as i8)))),
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn greatest(row: &[f32]) -> f32 {
    row.iter()
        .fold(0.0_f32, |greatest, number| greatest.max(number.abs()))
}

/// 2 to a power that f32 has as a normal number.
fn power(exponent: i32) -> f32 {
    f32::from_bits(((exponent + 127) as u32) << 23)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_off_by_no_more_than_stated_and_rounding_again_changes_nothing() {
        let mut rng = fastrand::Rng::with_seed(3);
        let mut rows: Vec<Vec<f32>> = (-40..38)
            .map(|size| {
                (0..37)
                    .map(|_| (rng.f32() - 0.5) * 10_f32.powi(size))
                    .collect()
            })
            .collect();
        rows.extend([
            vec![0.0; 5],
            vec![1.0],
            vec![-65_520.0, 1.0, 1e-40],
            vec![f32::MAX, 1.0],
        ]);
        let mut wrong = Vec::new();
        for row in &rows {
            let greatest = f64::from(greatest(row));
            for precision in Precision::ALL {
                let rounded = precision.rounded(row);
                for (&number, &back) in row.iter().zip(&rounded) {
                    let (number, back) = (f64::from(number), f64::from(back));
                    let bound = match precision {
                        Precision::F32 => 0.0,
                        Precision::F16 => (number.abs() / 2047.0)
                            .max(greatest / 2_f64.powi(39))
                            .max(2_f64.powi(-149)),
                        Precision::Int8 => greatest / 127.0 * 0.5001 + 1e-30,
                    };
                    if (number - back).abs() > bound {
                        wrong.push(format!("{precision}: {number} came back as {back}"));
                    }
                }
                let mut bytes = Vec::new();
                precision.encode(row, &mut bytes);
                assert_eq!(bytes.len(), precision.row_bytes(row.len()));
            }
            let twice = Precision::F16.rounded(&Precision::F16.rounded(row));
            assert_eq!(twice, Precision::F16.rounded(row));
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
