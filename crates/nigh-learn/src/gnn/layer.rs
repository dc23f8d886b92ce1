//! One layer: from rows of senders to rows of receivers, and the way back.

use nigh_graph::{Block, Random};

use super::dense::{self, DensePass};
use super::{attention, convolution, sage};
use crate::Matrix;

/// How people's rows become those of the next layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum LayerKind {
    /// GraphSAGE with the mean of neighbours (Hamilton, Ying and Leskovec, NeurIPS 2017, §3.3): own row and mean beside each
    /// other, times a matrix.
    #[default]
    SageMean,
    /// GraphSAGE with the maximum of neighbours' rows after a layer of their own (the same, equation 3).
    SagePool,
    /// Graph convolution (Kipf and Welling, "Semi-Supervised Classification with Graph Convolutional Networks", ICLR 2017,
    /// equation 2): rows weighed by `1 / sqrt((degree + 1) (degree + 1))`, oneself among the neighbours.
    Gcn,
    /// Graph attention (Veličković et al., "Graph Attention Networks", ICLR 2018, equations 1 to 5), heads beside each other,
    /// oneself among the neighbours.
    Gat {
        /// How many heads; a divisor of the layer's width.
        heads: usize,
    },
}

/// What one layer needs beside its weights.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LayerInput<'a> {
    pub(crate) block: &'a Block,
    /// Rows of the senders, the receivers' first.
    pub(crate) rows: &'a Matrix,
    /// Which row each sender has, where that is not its place. Means alone read rows where they lie, on the way there.
    pub(crate) names: Option<&'a [u32]>,
    /// How many neighbours each sender has in the graph.
    pub(crate) degrees: &'a [f32],
    /// What negative outputs are multiplied by; 1 leaves them.
    pub(crate) slope: f32,
}

/// What a layer leaves for the way back.
#[derive(Clone, Debug)]
pub(crate) enum LayerPass {
    Dense(DensePass),
    Pool(sage::PoolPass),
    Attention(attention::Pass),
}

impl LayerPass {
    pub(crate) fn output(&self) -> &Matrix {
        match self {
            LayerPass::Dense(pass) => &pass.output,
            LayerPass::Pool(pass) => &pass.dense.output,
            LayerPass::Attention(pass) => &pass.output,
        }
    }
}

/// Slopes by a layer's weights, and by its rows where those were asked for.
pub(crate) type LayerGradient = (Vec<Matrix>, Option<Matrix>);

/// How many matrices a layer has.
pub(crate) fn count(kind: LayerKind) -> usize {
    match kind {
        LayerKind::SageMean | LayerKind::Gcn => 2,
        LayerKind::SagePool | LayerKind::Gat { .. } => 4,
    }
}

pub(crate) fn first_weights(
    kind: LayerKind,
    inputs: usize,
    outputs: usize,
    random: &mut Random,
) -> Vec<Matrix> {
    let mut matrix = |rows, cols| dense::glorot(rows, cols, random);
    let bias = || Matrix::zeros(1, outputs);
    match kind {
        LayerKind::SageMean => vec![matrix(2 * inputs, outputs), bias()],
        LayerKind::SagePool => {
            let pool = [matrix(inputs, inputs), Matrix::zeros(1, inputs)];
            let [weights, own] = pool;
            vec![weights, own, matrix(2 * inputs, outputs), bias()]
        }
        LayerKind::Gcn => vec![matrix(inputs, outputs), bias()],
        LayerKind::Gat { .. } => vec![
            matrix(inputs, outputs),
            matrix(1, outputs),
            matrix(1, outputs),
            bias(),
        ],
    }
}

pub(crate) fn forward(kind: LayerKind, weights: &[Matrix], input: LayerInput<'_>) -> LayerPass {
    match kind {
        LayerKind::SageMean => LayerPass::Dense(sage::mean_forward(weights, input)),
        LayerKind::SagePool => LayerPass::Pool(sage::pool_forward(weights, input)),
        LayerKind::Gcn => LayerPass::Dense(convolution::forward(weights, input)),
        LayerKind::Gat { heads } => LayerPass::Attention(attention::forward(weights, input, heads)),
    }
}

pub(crate) fn backward(
    weights: &[Matrix],
    input: LayerInput<'_>,
    pass: &LayerPass,
    kind: LayerKind,
    by_output: Matrix,
    by_rows: bool,
) -> LayerGradient {
    match pass {
        LayerPass::Dense(pass) if kind == LayerKind::Gcn => {
            convolution::backward(weights, input, pass, by_output, by_rows)
        }
        LayerPass::Dense(pass) => sage::mean_backward(weights, input, pass, by_output, by_rows),
        LayerPass::Pool(pass) => sage::pool_backward(weights, input, pass, by_output, by_rows),
        LayerPass::Attention(pass) => attention::backward(weights, input, pass, by_output, by_rows),
    }
}
