//! Rows of numbers, and how they are multiplied.

use nigh_graph::Random;
use rayon::prelude::*;
use rten_gemm::{GemmExecutor, GemmInputA, GemmInputB, GemmOptions};
use rten_tensor::NdTensorView;

/// A dense matrix of f32, row by row.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Matrix {
    rows: usize,
    cols: usize,
    data: Vec<f32>,
}

impl Matrix {
    /// All zeros.
    #[must_use]
    pub fn zeros(rows: usize, cols: usize) -> Matrix {
        let data = vec![0.0; rows * cols];
        Matrix { rows, cols, data }
    }

    /// These numbers, row by row; `None` where they are not `rows` × `cols`.
    #[must_use]
    pub fn from_rows(rows: usize, cols: usize, data: Vec<f32>) -> Option<Matrix> {
        (data.len() == rows * cols).then_some(Matrix { rows, cols, data })
    }

    /// Independent normal numbers of mean 0.
    #[must_use]
    pub fn normal(rows: usize, cols: usize, deviation: f32, random: &mut Random) -> Matrix {
        let draw = |_| random.normal() as f32 * deviation;
        let data = (0..rows * cols).map(draw).collect();
        Matrix { rows, cols, data }
    }

    /// How many rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many columns.
    #[must_use]
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// One row.
    ///
    /// # Panics
    /// Where there is no such row.
    #[must_use]
    pub fn row(&self, row: usize) -> &[f32] {
        &self.data[row * self.cols..(row + 1) * self.cols]
    }

    /// One row, to be changed.
    ///
    /// # Panics
    /// Where there is no such row.
    #[must_use]
    pub fn row_mut(&mut self, row: usize) -> &mut [f32] {
        &mut self.data[row * self.cols..(row + 1) * self.cols]
    }

    /// All numbers, row by row.
    #[must_use]
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// All numbers, row by row, to be changed.
    #[must_use]
    pub fn data_mut(&mut self) -> &mut [f32] {
        &mut self.data
    }

    /// These rows in this order.
    ///
    /// # Panics
    /// Where there is no such row.
    #[must_use]
    pub fn gather(&self, rows: &[u32]) -> Matrix {
        let mut out = Matrix::zeros(rows.len(), self.cols);
        for (to, &from) in rows.iter().enumerate() {
            out.row_mut(to).copy_from_slice(self.row(from as usize));
        }
        out
    }

    /// Adds each row of `other` to the row named at its place.
    ///
    /// # Panics
    /// Where there is no such row.
    pub fn scatter_add(&mut self, rows: &[u32], other: &Matrix) {
        for (from, &to) in rows.iter().enumerate() {
            add(self.row_mut(to as usize), other.row(from));
        }
    }

    /// Adds `other` times `factor`.
    pub fn add_scaled(&mut self, other: &Matrix, factor: f32) {
        for (to, from) in self.data.iter_mut().zip(&other.data) {
            *to += from * factor;
        }
    }

    /// Multiplies every number.
    pub fn scale(&mut self, factor: f32) {
        self.data.iter_mut().for_each(|value| *value *= factor);
    }

    /// `self · other`.
    ///
    /// # Panics
    /// Where the shapes do not fit.
    #[must_use]
    pub fn times(&self, other: &Matrix) -> Matrix {
        product(self.view(), other.view())
    }

    /// `self · otherᵀ`.
    ///
    /// # Panics
    /// Where the shapes do not fit.
    #[must_use]
    pub fn times_transposed(&self, other: &Matrix) -> Matrix {
        product(self.view(), other.transposed())
    }

    /// `selfᵀ · other`.
    ///
    /// # Panics
    /// Where the shapes do not fit.
    #[must_use]
    pub fn transposed_times(&self, other: &Matrix) -> Matrix {
        product(self.transposed(), other.view())
    }

    /// Each row divided by its length; rows of zeros stay.
    #[must_use]
    pub fn normalized(&self) -> Matrix {
        let mut out = self.clone();
        out.data.par_chunks_mut(self.cols.max(1)).for_each(|row| {
            let length = nigh_simd::dot(row, row).sqrt();
            if length > 0.0 {
                row.iter_mut().for_each(|value| *value /= length);
            }
        });
        out
    }

    pub(crate) fn view(&self) -> View<'_> {
        let (rows, cols) = (self.rows, self.cols);
        View {
            data: &self.data,
            shape: [rows, cols],
            strides: [cols, 1],
        }
    }

    pub(crate) fn transposed(&self) -> View<'_> {
        let (rows, cols) = (self.rows, self.cols);
        View {
            data: &self.data,
            shape: [cols, rows],
            strides: [1, cols],
        }
    }
}

/// A matrix somewhere in memory, maybe across.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) data: &'a [f32],
    pub(crate) shape: [usize; 2],
    pub(crate) strides: [usize; 2],
}

fn product(a: View<'_>, b: View<'_>) -> Matrix {
    let mut out = Matrix::zeros(a.shape[0], b.shape[1]);
    multiply(&mut out.data, a, b, 0.0);
    out
}

/// `out = a · b + keep · out`, `out` row by row.
///
/// # Panics
/// Where the shapes do not fit.
pub(crate) fn multiply(out: &mut [f32], a: View<'_>, b: View<'_>, keep: f32) {
    assert_eq!(
        a.shape[1], b.shape[0],
        "columns of the left matrix, rows of the right one"
    );
    assert_eq!(out.len(), a.shape[0] * b.shape[1], "numbers in the product");
    if out.is_empty() || a.shape[1] == 0 {
        return out.iter_mut().for_each(|value| *value *= keep);
    }
    let a = GemmInputA::Unpacked(tensor(a));
    let b = GemmInputB::Unpacked(tensor(b));
    let options = GemmOptions {
        beta: keep,
        ..GemmOptions::default()
    };
    if let Err(error) = GemmExecutor::<f32>::new().gemm(out, a, b, options) {
        unreachable!("the shapes fit: {error:?}");
    }
}

fn tensor(view: View<'_>) -> NdTensorView<'_, f32, 2> {
    match NdTensorView::from_slice_with_strides(view.shape, view.data, view.strides) {
        Ok(tensor) => tensor,
        Err(error) => unreachable!("a matrix holds all of its rows: {error:?}"),
    }
}

/// `to += from`.
pub(crate) fn add(to: &mut [f32], from: &[f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += from;
    }
}

/// `to += from · factor`.
pub(crate) fn add_scaled(to: &mut [f32], from: &[f32], factor: f32) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += from * factor;
    }
}
