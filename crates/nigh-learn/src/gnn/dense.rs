//! Gather, aggregate and multiply in one pass.
//!
//! Rows are gathered by the tile, multiplied while they are in the cache, and finished with bias and activation: what a
//! framework does in four passes over memory.

use nigh_graph::Random;
use rayon::prelude::*;
use rten_gemm::{BiasVector, GemmExecutor, GemmInputA, GemmInputB, GemmOptions};

use crate::Matrix;
use crate::matrix::{add, tensor};

/// What a pass leaves for the way back.
#[derive(Clone, Debug)]
pub(crate) struct DensePass {
    /// What was multiplied: a row for each output row.
    pub(crate) gathered: Matrix,
    pub(crate) output: Matrix,
}

/// Slopes of a pass.
pub(crate) struct DenseGradient {
    pub(crate) weights: Matrix,
    pub(crate) bias: Matrix,
    /// By what was gathered, where that was asked for.
    pub(crate) gathered: Option<Matrix>,
}

const TILE: usize = 128;

/// `activation(gathered · weights + bias)`, where `fill` gathers each row; negative sums are multiplied by `slope`.
pub(crate) fn forward(
    rows: usize,
    weights: &Matrix,
    bias: &Matrix,
    slope: f32,
    fill: impl Fn(usize, &mut [f32]) + Sync,
) -> DensePass {
    let mut gathered = Matrix::zeros(rows, weights.rows());
    let mut output = Matrix::zeros(rows, weights.cols());
    let (width, wide) = (weights.rows().max(1), weights.cols().max(1));
    let packed = GemmExecutor::<f32>::new().prepack_b(tensor(weights.view()));
    let tiles = gathered.data_mut().par_chunks_mut(TILE * width);
    let tiles = tiles.zip(output.data_mut().par_chunks_mut(TILE * wide));
    tiles.enumerate().for_each(|(tile, (gathered, output))| {
        for (place, row) in gathered.chunks_mut(width).enumerate() {
            fill(tile * TILE + place, row);
        }
        multiply_tile(gathered, width, &packed, bias, output);
        for value in output.iter_mut() {
            *value = if *value < 0.0 { *value * slope } else { *value };
        }
    });
    DensePass { gathered, output }
}

fn multiply_tile(
    gathered: &[f32],
    width: usize,
    packed: &rten_gemm::PackedBMatrix<f32>,
    bias: &Matrix,
    output: &mut [f32],
) {
    let shape = [gathered.len() / width, width];
    let view = crate::matrix::View {
        data: gathered,
        shape,
        strides: [width, 1],
    };
    let options = GemmOptions {
        bias: Some(BiasVector::Row(bias.data())),
        ..GemmOptions::default()
    };
    let (a, b) = (
        GemmInputA::Unpacked(tensor(view)),
        GemmInputB::Packed(packed),
    );
    if let Err(error) = GemmExecutor::<f32>::new().gemm(output, a, b, options) {
        unreachable!("a tile has the width of the weights: {error:?}");
    }
}

/// The way back: `by_output` becomes the slope by the sums before the activation.
pub(crate) fn backward(
    pass: &DensePass,
    weights: &Matrix,
    slope: f32,
    mut by_output: Matrix,
    by_gathered: bool,
) -> DenseGradient {
    undo_activation(&pass.output, slope, &mut by_output);
    DenseGradient {
        weights: pass.gathered.transposed_times(&by_output),
        bias: column_sums(&by_output),
        gathered: by_gathered.then(|| by_output.times_transposed(weights)),
    }
}

pub(crate) fn undo_activation(output: &Matrix, slope: f32, by_output: &mut Matrix) {
    if slope == 1.0 {
        return;
    }
    for (by, value) in by_output.data_mut().iter_mut().zip(output.data()) {
        *by = if *value > 0.0 { *by } else { *by * slope };
    }
}

pub(crate) fn column_sums(rows: &Matrix) -> Matrix {
    let mut sums = Matrix::zeros(1, rows.cols());
    for row in 0..rows.rows() {
        add(sums.row_mut(0), rows.row(row));
    }
    sums
}

/// Uniform between bounds that keep the variance of sums (Glorot and Bengio, "Understanding the difficulty of training deep
/// feedforward neural networks", AISTATS 2010, equation 16).
pub(crate) fn glorot(rows: usize, cols: usize, random: &mut Random) -> Matrix {
    let bound = (6.0 / (rows + cols).max(1) as f64).sqrt();
    let mut out = Matrix::zeros(rows, cols);
    out.data_mut()
        .iter_mut()
        .for_each(|value| *value = ((random.unit() * 2.0 - 1.0) * bound) as f32);
    out
}
