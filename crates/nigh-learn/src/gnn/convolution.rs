//! Graph convolution. Weights: matrix, bias.

use super::dense::{self, DensePass};
use super::layer::{LayerGradient, LayerInput};
use super::sage::sent_back;
use crate::Matrix;
use crate::matrix::add_scaled;

pub(super) fn forward(weights: &[Matrix], input: LayerInput<'_>) -> DensePass {
    let (block, rows) = (input.block, input.rows);
    dense::forward(
        block.targets(),
        &weights[0],
        &weights[1],
        input.slope,
        |target, gathered| {
            for &source in block.list(target) {
                add_scaled(
                    gathered,
                    rows.row(source as usize),
                    scale(input, source as usize),
                );
            }
            let (own, others) = factors(input, target);
            gathered.iter_mut().for_each(|value| *value *= others);
            add_scaled(gathered, rows.row(target), own);
        },
    )
}

pub(super) fn backward(
    weights: &[Matrix],
    input: LayerInput<'_>,
    pass: &DensePass,
    by_output: Matrix,
    by_rows: bool,
) -> LayerGradient {
    let gradient = dense::backward(pass, &weights[0], input.slope, by_output, by_rows);
    let by_rows = gradient.gathered.map(|gathered| {
        let mut by_sum = gathered.clone();
        for target in 0..gathered.rows() {
            let others = factors(input, target).1;
            by_sum
                .row_mut(target)
                .iter_mut()
                .for_each(|value| *value *= others);
        }
        sent_back(input, &by_sum, |source, row| {
            let factor = scale(input, source);
            row.iter_mut().for_each(|value| *value *= factor);
            if source < gathered.rows() {
                add_scaled(row, gathered.row(source), factors(input, source).0);
            }
        })
    });
    (vec![gradient.weights, gradient.bias], by_rows)
}

fn scale(input: LayerInput<'_>, node: usize) -> f32 {
    1.0 / (input.degrees[node] + 1.0).sqrt()
}

/// What a receiver's own row and the sum of its neighbours' scaled rows are multiplied by. Where only some neighbours were
/// sampled, these stand for all.
fn factors(input: LayerInput<'_>, target: usize) -> (f32, f32) {
    let own = scale(input, target);
    let sampled = input.block.list(target).len().max(1) as f32;
    let all = input.degrees[target].max(sampled);
    (own * own, own * all / sampled)
}
