//! Graph attention. Weights: matrix, what senders are weighed by, what receivers are weighed by, bias.

use rayon::prelude::*;

use super::dense;
use super::layer::{LayerGradient, LayerInput};
use crate::Matrix;
use crate::matrix::{add, add_scaled};

/// What negative attention is multiplied by (§2.1: LeakyReLU).
const SLOPE: f32 = 0.2;

/// What attention leaves for the way back.
#[derive(Clone, Debug)]
pub(crate) struct Pass {
    heads: usize,
    /// Senders' rows times the matrix.
    rows: Matrix,
    /// A row of shares for each receiver and head: of each neighbour, then of oneself.
    shares: Vec<Vec<f32>>,
    /// The slope of attention's activation at each share.
    bends: Vec<Vec<f32>>,
    pub(crate) output: Matrix,
}

pub(super) fn forward(weights: &[Matrix], input: LayerInput<'_>, heads: usize) -> Pass {
    let rows = input.rows.times(&weights[0]);
    let by_sender = by_head(&rows, &weights[1], heads);
    let by_receiver = by_head(&rows, &weights[2], heads);
    let attended = |place: usize| {
        let (target, head) = (place / heads, place % heads);
        let own = by_receiver.row(target)[head];
        let raw: Vec<f32> = senders(input, target)
            .map(|source| by_sender.row(source)[head] + own)
            .collect();
        attend(&raw)
    };
    let places = 0..input.block.targets() * heads;
    let (shares, bends): (Vec<_>, Vec<_>) = places
        .into_par_iter()
        .with_min_len(64)
        .map(attended)
        .unzip();
    let mut output = Matrix::zeros(input.block.targets(), rows.cols());
    let (width, cols) = (rows.cols() / heads, rows.cols());
    output
        .data_mut()
        .par_chunks_mut(cols.max(1))
        .enumerate()
        .with_min_len(64)
        .for_each(|(target, out)| {
            for head in 0..heads {
                let columns = head * width..(head + 1) * width;
                for (source, share) in senders(input, target).zip(&shares[target * heads + head]) {
                    add_scaled(
                        &mut out[columns.clone()],
                        &rows.row(source)[columns.clone()],
                        *share,
                    );
                }
            }
            add(out, weights[3].row(0));
            out.iter_mut().for_each(|value| {
                *value = if *value < 0.0 {
                    *value * input.slope
                } else {
                    *value
                }
            });
        });
    Pass {
        heads,
        rows,
        shares,
        bends,
        output,
    }
}

pub(super) fn backward(
    weights: &[Matrix],
    input: LayerInput<'_>,
    pass: &Pass,
    mut by_output: Matrix,
    by_rows: bool,
) -> LayerGradient {
    dense::undo_activation(&pass.output, input.slope, &mut by_output);
    let heads = pass.heads;
    let width = pass.rows.cols() / heads;
    let mut by_product = Matrix::zeros(pass.rows.rows(), pass.rows.cols());
    let mut by_sender = Matrix::zeros(pass.rows.rows(), heads);
    let mut by_receiver = Matrix::zeros(pass.rows.rows(), heads);
    for target in 0..input.block.targets() {
        for head in 0..heads {
            let columns = head * width..(head + 1) * width;
            let shares = &pass.shares[target * heads + head];
            let slopes = &by_output.row(target)[columns.clone()];
            let by_share: Vec<f32> = senders(input, target)
                .map(|source| nigh_simd::dot(slopes, &pass.rows.row(source)[columns.clone()]))
                .collect();
            let mean = nigh_simd::dot(shares, &by_share);
            let bends = &pass.bends[target * heads + head];
            for (place, source) in senders(input, target).enumerate() {
                add_scaled(
                    &mut by_product.row_mut(source)[columns.clone()],
                    slopes,
                    shares[place],
                );
                let slope = shares[place] * (by_share[place] - mean) * bends[place];
                by_sender.row_mut(source)[head] += slope;
                by_receiver.row_mut(target)[head] += slope;
            }
        }
    }
    let attention = [(&weights[1], &by_sender), (&weights[2], &by_receiver)];
    let [senders, receivers] =
        attention.map(|(weights, slopes)| by_attention(pass, weights, slopes, &mut by_product));
    let gradients = vec![
        input.rows.transposed_times(&by_product),
        senders,
        receivers,
        dense::column_sums(&by_output),
    ];
    (
        gradients,
        by_rows.then(|| by_product.times_transposed(&weights[0])),
    )
}

/// Slopes by the weights of one side's attention; what they mean for the rows is added to `by_product`.
fn by_attention(pass: &Pass, weights: &Matrix, slopes: &Matrix, by_product: &mut Matrix) -> Matrix {
    let width = pass.rows.cols() / pass.heads;
    let mut out = Matrix::zeros(1, pass.rows.cols());
    for row in 0..pass.rows.rows() {
        for head in 0..pass.heads {
            let columns = head * width..(head + 1) * width;
            let slope = slopes.row(row)[head];
            add_scaled(
                &mut out.row_mut(0)[columns.clone()],
                &pass.rows.row(row)[columns.clone()],
                slope,
            );
            add_scaled(
                &mut by_product.row_mut(row)[columns.clone()],
                &weights.row(0)[columns],
                slope,
            );
        }
    }
    out
}

/// Those whom a receiver attends to: its neighbours, then itself.
fn senders(input: LayerInput<'_>, target: usize) -> impl Iterator<Item = usize> {
    let list = input
        .block
        .list(target)
        .iter()
        .map(|&source| source as usize);
    list.chain([target])
}

fn by_head(rows: &Matrix, weights: &Matrix, heads: usize) -> Matrix {
    let width = rows.cols() / heads;
    let mut out = Matrix::zeros(rows.rows(), heads);
    for row in 0..rows.rows() {
        for head in 0..heads {
            let columns = head * width..(head + 1) * width;
            out.row_mut(row)[head] =
                nigh_simd::dot(&rows.row(row)[columns.clone()], &weights.row(0)[columns]);
        }
    }
    out
}

/// Shares of attention and the slope of its activation.
fn attend(raw: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let bends: Vec<f32> = raw
        .iter()
        .map(|&value| if value < 0.0 { SLOPE } else { 1.0 })
        .collect();
    let bent: Vec<f32> = raw
        .iter()
        .zip(&bends)
        .map(|(value, bend)| value * bend)
        .collect();
    let highest = bent.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut shares: Vec<f32> = bent.iter().map(|value| (value - highest).exp()).collect();
    let total: f32 = shares.iter().sum();
    shares.iter_mut().for_each(|share| *share /= total);
    (shares, bends)
}
