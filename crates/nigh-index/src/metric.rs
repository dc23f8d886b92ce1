//! What "near" means.

use nigh_simd::{
    dot, dot_block, dot_rows, dot_selected, l2_squared_block, l2_squared_rows, l2_squared_selected,
};

use crate::vectors::VectorError;

/// How two vectors are compared. Scores are higher for nearer vectors, whatever the metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metric {
    /// Euclidean distance; the score is minus its square, at most 0.
    L2,
    /// Inner product, Σ aᵢbᵢ.
    InnerProduct,
    /// Cosine of the angle, −1 to 1 up to rounding. Rows are divided by their norm when they are added and
    /// queries when they are searched; a zero vector scores 0 with everything.
    Cosine,
}

impl Metric {
    /// The name used in messages and files that people read.
    pub fn name(self) -> &'static str {
        match self {
            Metric::L2 => "l2",
            Metric::InnerProduct => "inner-product",
            Metric::Cosine => "cosine",
        }
    }

    pub(crate) fn code(self) -> u64 {
        match self {
            Metric::L2 => 0,
            Metric::InnerProduct => 1,
            Metric::Cosine => 2,
        }
    }

    pub(crate) fn from_code(code: u64) -> Option<Metric> {
        [Metric::L2, Metric::InnerProduct, Metric::Cosine]
            .into_iter()
            .find(|metric| metric.code() == code)
    }

    /// Checks a vector's values and brings them into the form that is compared: normalised for cosine.
    pub(crate) fn prepare(self, values: &mut [f32]) -> Result<(), VectorError> {
        check_values(values)?;
        if self == Metric::Cosine {
            nigh_simd::normalize(values);
        }
        Ok(())
    }

    pub(crate) fn score_rows(self, query: &[f32], rows: &[f32], scores: &mut [f32]) {
        match self {
            Metric::L2 => {
                l2_squared_rows(query, rows, scores);
                scores.iter_mut().for_each(|s| *s = minus(*s));
            }
            Metric::InnerProduct | Metric::Cosine => dot_rows(query, rows, scores),
        }
    }

    pub(crate) fn score_selected(
        self,
        query: &[f32],
        rows: &[f32],
        positions: &[u32],
        scores: &mut [f32],
    ) {
        match self {
            Metric::L2 => {
                l2_squared_selected(query, rows, positions, scores);
                scores.iter_mut().for_each(|s| *s = minus(*s));
            }
            Metric::InnerProduct | Metric::Cosine => dot_selected(query, rows, positions, scores),
        }
    }

    pub(crate) fn score_block(self, queries: &[f32], rows: &[f32], dim: usize, scores: &mut [f32]) {
        match self {
            Metric::L2 => {
                l2_squared_block(queries, rows, dim, scores);
                scores.iter_mut().for_each(|s| *s = minus(*s));
            }
            Metric::InnerProduct | Metric::Cosine => dot_block(queries, rows, dim, scores),
        }
    }
}

impl std::fmt::Display for Metric {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The largest squared norm accepted: with it no score can overflow, hence none can be NaN.
const LARGEST_SQUARE: f32 = f32::MAX / 4.0;

fn check_values(values: &[f32]) -> Result<(), VectorError> {
    let squared_norm = dot(values, values);
    if squared_norm <= LARGEST_SQUARE {
        return Ok(());
    }
    match values.iter().position(|x| !x.is_finite()) {
        Some(position) => Err(VectorError::NotFinite {
            position,
            value: values[position],
        }),
        None => Err(VectorError::TooLarge),
    }
}

/// Negation without a negative zero, which a reader of a reply would stumble over.
fn minus(distance: f32) -> f32 {
    0.0 - distance
}
