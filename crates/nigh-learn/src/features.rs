//! What is known about people, as rows of numbers.
//!
//! Two sources: what the people say about themselves ([`AttributeEncoder`]) and where they stand in the graph
//! ([`structural_features`]). [`Matrix::beside`] puts the two beside each other.

mod attributes;
mod structure;

pub use attributes::{Attribute, AttributeConfig, AttributeEncoder, AttributeKind};
pub use structure::{StructureConfig, structural_features};

use crate::Matrix;

impl Matrix {
    /// The columns of both; `None` where they do not have as many rows.
    #[must_use]
    pub fn beside(&self, other: &Matrix) -> Option<Matrix> {
        if self.rows() != other.rows() {
            return None;
        }
        let mut out = Matrix::zeros(self.rows(), self.cols() + other.cols());
        for row in 0..out.rows() {
            let (left, right) = out.row_mut(row).split_at_mut(self.cols());
            left.copy_from_slice(self.row(row));
            right.copy_from_slice(other.row(row));
        }
        Some(out)
    }
}
