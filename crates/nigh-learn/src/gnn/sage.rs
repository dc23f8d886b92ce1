//! GraphSAGE layers. Weights of the mean: matrix (own rows, then neighbours'), bias; of the maximum: the neighbours' own
//! matrix and bias before those.

use rayon::prelude::*;

use super::dense::{self, DensePass};
use super::layer::{LayerGradient, LayerInput};
use crate::Matrix;
use crate::matrix::add;
use crate::propagation::sum_rows;

pub(super) fn mean_forward(weights: &[Matrix], input: LayerInput<'_>) -> DensePass {
    let (block, rows) = (input.block, input.rows);
    let name = |place: usize| input.names.map_or(place, |names| names[place] as usize);
    dense::forward(
        block.targets(),
        &weights[0],
        &weights[1],
        input.slope,
        |target, gathered| {
            let (own, mean) = gathered.split_at_mut(rows.cols());
            own.copy_from_slice(rows.row(name(target)));
            let list = block.list(target);
            sum_rows(rows, list.iter().map(|&source| name(source as usize)), mean);
            let share = 1.0 / list.len().max(1) as f32;
            mean.iter_mut().for_each(|value| *value *= share);
        },
    )
}

pub(super) fn mean_backward(
    weights: &[Matrix],
    input: LayerInput<'_>,
    pass: &DensePass,
    by_output: Matrix,
    by_rows: bool,
) -> LayerGradient {
    let gradient = dense::backward(pass, &weights[0], input.slope, by_output, by_rows);
    let by_rows = gradient.gathered.map(|gathered| {
        let width = input.rows.cols();
        let mut by_mean = Matrix::zeros(gathered.rows(), width);
        for target in 0..gathered.rows() {
            let share = 1.0 / input.block.list(target).len().max(1) as f32;
            let slopes = gathered.row(target)[width..]
                .iter()
                .map(|slope| slope * share);
            by_mean
                .row_mut(target)
                .iter_mut()
                .zip(slopes)
                .for_each(|(to, slope)| *to = slope);
        }
        sent_back(input, &by_mean, |source, row| {
            if source < gathered.rows() {
                add(row, &gathered.row(source)[..width]);
            }
        })
    });
    (vec![gradient.weights, gradient.bias], by_rows)
}

/// For each sender the sum over those who received, and what `finish` makes of it.
pub(super) fn sent_back(
    input: LayerInput<'_>,
    by_sum: &Matrix,
    finish: impl Fn(usize, &mut [f32]) + Sync,
) -> Matrix {
    let receivers = input.block.reversed();
    let mut by_rows = Matrix::zeros(input.rows.rows(), by_sum.cols());
    by_rows
        .data_mut()
        .par_chunks_mut(by_sum.cols().max(1))
        .enumerate()
        .with_min_len(64)
        .for_each(|(source, row)| {
            if source < receivers.targets() {
                let receivers = receivers.list(source).iter().map(|&target| target as usize);
                sum_rows(by_sum, receivers, row);
            }
            finish(source, row);
        });
    by_rows
}

/// What the maximum leaves for the way back.
#[derive(Clone, Debug)]
pub(crate) struct PoolPass {
    pub(crate) dense: DensePass,
    /// Senders' rows after their own layer.
    pooled: DensePass,
    /// Which sender has the maximum, for each receiver and column; nobody's is [`NOBODY`].
    highest: Vec<u32>,
}

const NOBODY: u32 = u32::MAX;

pub(super) fn pool_forward(weights: &[Matrix], input: LayerInput<'_>) -> PoolPass {
    let (block, rows) = (input.block, input.rows);
    let width = rows.cols();
    let copy = |source: usize, to: &mut [f32]| to.copy_from_slice(rows.row(source));
    let pooled = dense::forward(rows.rows(), &weights[0], &weights[1], 0.0, copy);
    let mut highest = vec![NOBODY; block.targets() * width];
    highest
        .par_chunks_mut(width.max(1))
        .enumerate()
        .with_min_len(64)
        .for_each(|(target, highest)| {
            for &source in block.list(target) {
                let values = pooled.output.row(source as usize);
                for (column, best) in highest.iter_mut().enumerate() {
                    if *best == NOBODY || values[column] > pooled.output.row(*best as usize)[column]
                    {
                        *best = source;
                    }
                }
            }
        });
    let dense = dense::forward(
        block.targets(),
        &weights[2],
        &weights[3],
        input.slope,
        |target, gathered| {
            let (own, maximum) = gathered.split_at_mut(width);
            own.copy_from_slice(rows.row(target));
            for (column, value) in maximum.iter_mut().enumerate() {
                let source = highest[target * width + column];
                *value = if source == NOBODY {
                    0.0
                } else {
                    pooled.output.row(source as usize)[column]
                };
            }
        },
    );
    PoolPass {
        dense,
        pooled,
        highest,
    }
}

pub(super) fn pool_backward(
    weights: &[Matrix],
    input: LayerInput<'_>,
    pass: &PoolPass,
    by_output: Matrix,
    by_rows: bool,
) -> LayerGradient {
    let width = input.rows.cols();
    let gradient = dense::backward(&pass.dense, &weights[2], input.slope, by_output, true);
    let gathered = gradient.gathered.unwrap_or_default();
    let mut by_pooled = Matrix::zeros(input.rows.rows(), width);
    for target in 0..gathered.rows() {
        let slopes = gathered.row(target)[width..]
            .iter()
            .zip(&pass.highest[target * width..]);
        for (column, (slope, &source)) in slopes.enumerate() {
            if source != NOBODY {
                by_pooled.row_mut(source as usize)[column] += slope;
            }
        }
    }
    let pooled = dense::backward(&pass.pooled, &weights[0], 0.0, by_pooled, by_rows);
    let by_rows = pooled.gathered.map(|mut by_rows| {
        for target in 0..gathered.rows() {
            add(by_rows.row_mut(target), &gathered.row(target)[..width]);
        }
        by_rows
    });
    (
        vec![pooled.weights, pooled.bias, gradient.weights, gradient.bias],
        by_rows,
    )
}
