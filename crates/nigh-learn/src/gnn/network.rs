//! The weights of a network, from features to embeddings, and the way back.

use nigh_graph::Random;

use super::GnnConfig;
use super::batch::GnnBatch;
use super::dense::{self, DensePass};
use super::layer::{self, LayerInput, LayerKind, LayerPass};
use crate::Matrix;
use crate::matrix::add;

/// A graph network.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Gnn {
    config: GnnConfig,
    features: usize,
    /// A learned row for each person of training.
    pub(crate) table: Matrix,
    /// The features' matrix and bias, where there are both features and a table; then each layer's matrices.
    pub(crate) weights: Vec<Matrix>,
    /// What inner products are multiplied by in the loss.
    pub(crate) scale: f32,
    /// The step at which validation was best.
    pub best_step: usize,
    /// The mean reciprocal rank there; 0 where there was nothing to validate on.
    pub validation_mrr: f64,
}

/// How a loss changes with a network, in the order of its parts.
#[derive(Clone, Debug)]
pub(crate) struct GnnGradient {
    /// By the rows of the table that a batch read, in its order.
    pub(crate) table: Matrix,
    /// By each matrix.
    pub(crate) weights: Vec<Matrix>,
}

/// What a batch leaves for the way back.
pub(crate) struct Pass {
    projection: Option<DensePass>,
    input: Matrix,
    layers: Vec<LayerPass>,
    combined: Matrix,
    /// The same with rows of length 1, where they are to be.
    directions: Option<Matrix>,
    embeddings: Matrix,
}

impl Pass {
    pub(crate) fn embeddings(&self) -> &Matrix {
        &self.embeddings
    }

    pub(crate) fn into_embeddings(self) -> Matrix {
        self.embeddings
    }
}

impl Gnn {
    /// A network of random weights for so many people and features.
    #[must_use]
    pub fn new(config: &GnnConfig, people: usize, features: usize) -> Gnn {
        let mut random = Random::stream(&[config.seed, 6]);
        let people = if config.table > 0 { people } else { 0 };
        let table = Matrix::normal(people, config.table, config.table_deviation, &mut random);
        let mut weights = Vec::new();
        if config.table > 0 && features > 0 {
            let mut projection = dense::glorot(features, config.table, &mut random);
            projection.scale(config.table_deviation);
            weights.extend([projection, Matrix::zeros(1, config.table)]);
        }
        let mut inputs = if config.table > 0 {
            config.table
        } else {
            features
        };
        for &outputs in &config.widths {
            let mut layer = layer::first_weights(config.layer, inputs, outputs, &mut random);
            start_smooth(config, &mut layer[0]);
            weights.extend(layer);
            inputs = outputs;
        }
        let (config, scale) = (config.clone(), config.scale);
        let (best_step, validation_mrr) = (0, 0.0);
        Gnn {
            config,
            features,
            table,
            weights,
            scale,
            best_step,
            validation_mrr,
        }
    }

    /// How it was made.
    #[must_use]
    pub fn config(&self) -> &GnnConfig {
        &self.config
    }

    /// How many features each person has.
    #[must_use]
    pub fn features(&self) -> usize {
        self.features
    }

    pub(crate) fn forward(&self, batch: &GnnBatch, features: &Matrix) -> Pass {
        let in_place = self.reads_in_place();
        let (projection, input) = match in_place {
            true => (None, Matrix::default()),
            false => self.input(batch, features),
        };
        let mut layers: Vec<LayerPass> = Vec::new();
        for layer in 0..self.config.widths.len() {
            let rows = layers.last().map_or(&input, LayerPass::output);
            let mut input = self.layer_input(batch, layer, rows);
            if in_place && layer == 0 {
                (input.rows, input.names) = (features, batch.nodes.as_deref());
            }
            let weights = self.layer_weights(layer);
            layers.push(layer::forward(self.config.layer, weights, input));
        }
        let combined = self.combine(&input, &layers);
        let directions = self.config.normalize.then(|| combined.normalized());
        let mut embeddings = directions.clone().unwrap_or_else(|| combined.clone());
        self.scale_by_degree(batch, &mut embeddings);
        Pass {
            projection,
            input,
            layers,
            combined,
            directions,
            embeddings,
        }
    }

    pub(crate) fn backward(
        &self,
        batch: &GnnBatch,
        pass: &Pass,
        by_embeddings: &Matrix,
    ) -> GnnGradient {
        let mut by_combined = by_embeddings.clone();
        self.scale_by_degree(batch, &mut by_combined);
        if let Some(directions) = &pass.directions {
            by_combined = undo_normalize(&pass.combined, directions, &by_combined);
        }
        let count = self.config.widths.len();
        let share = if self.config.mean_of_layers {
            1.0 / (count + 1) as f32
        } else {
            1.0
        };
        let mut by_part = by_combined;
        by_part.scale(share);
        let mut by_output = by_part.clone();
        let mut weights: Vec<Vec<Matrix>> = Vec::new();
        for layer in (0..count).rev() {
            let rows = if layer == 0 {
                &pass.input
            } else {
                pass.layers[layer - 1].output()
            };
            let needed = layer > 0 || self.config.table > 0;
            let input = self.layer_input(batch, layer, rows);
            let own = self.layer_weights(layer);
            let (slopes, by_rows) = layer::backward(
                own,
                input,
                &pass.layers[layer],
                self.config.layer,
                by_output,
                needed,
            );
            weights.push(slopes);
            by_output = by_rows.unwrap_or_default();
            if self.config.mean_of_layers && needed {
                add_first_rows(&mut by_output, &by_part);
            }
        }
        if let Some(projection) = &pass.projection {
            let gradient =
                dense::backward(projection, &self.weights[0], 1.0, by_output.clone(), false);
            weights.push(vec![gradient.weights, gradient.bias]);
        }
        let weights = weights.into_iter().rev().flatten().collect();
        GnnGradient {
            table: by_output,
            weights,
        }
    }

    /// Whether the first layer gathers features from where they lie, and no copy of them is made: nobody else reads them.
    fn reads_in_place(&self) -> bool {
        let config = &self.config;
        config.layer == LayerKind::SageMean && config.table == 0 && !config.mean_of_layers
    }

    fn input(&self, batch: &GnnBatch, features: &Matrix) -> (Option<DensePass>, Matrix) {
        let nodes = batch.nodes.as_deref();
        let count = batch.degrees.len();
        let name = |row: usize| nodes.map_or(row, |nodes| nodes[row] as usize);
        let fill = |row: usize, to: &mut [f32]| to.copy_from_slice(features.row(name(row)));
        if self.config.table == 0 {
            let mut input = Matrix::zeros(count, features.cols());
            (0..count).for_each(|row| fill(row, input.row_mut(row)));
            return (None, input);
        }
        let projection = (self.features > 0)
            .then(|| dense::forward(count, &self.weights[0], &self.weights[1], 1.0, fill));
        let mut input = match &projection {
            Some(pass) => pass.output.clone(),
            None => Matrix::zeros(count, self.config.table),
        };
        for row in (0..count).filter(|&row| name(row) < self.table.rows()) {
            add(input.row_mut(row), self.table.row(name(row)));
        }
        (projection, input)
    }

    fn combine(&self, input: &Matrix, layers: &[LayerPass]) -> Matrix {
        let mut combined = layers.last().map_or(input, LayerPass::output).clone();
        if self.config.mean_of_layers {
            let others = layers.iter().rev().skip(1).map(LayerPass::output);
            for part in others.chain([input]) {
                let rows = combined.rows();
                add(combined.data_mut(), &part.data()[..rows * part.cols()]);
            }
            combined.scale(1.0 / (layers.len() + 1) as f32);
        }
        combined
    }

    fn scale_by_degree(&self, batch: &GnnBatch, rows: &mut Matrix) {
        if self.config.degree_power == 0.0 {
            return;
        }
        for row in 0..rows.rows() {
            let factor = (1.0 + batch.degrees[row]).powf(self.config.degree_power);
            rows.row_mut(row)
                .iter_mut()
                .for_each(|value| *value *= factor);
        }
    }

    fn layer_input<'a>(
        &self,
        batch: &'a GnnBatch,
        layer: usize,
        rows: &'a Matrix,
    ) -> LayerInput<'a> {
        let layers = self.config.widths.len();
        let slope = if layer + 1 == layers {
            1.0
        } else {
            self.config.slope
        };
        let block = batch.block(layer, layers);
        LayerInput {
            block,
            rows,
            names: None,
            degrees: &batch.degrees,
            slope,
        }
    }

    fn layer_weights(&self, layer: usize) -> &[Matrix] {
        let count = layer::count(self.config.layer);
        let first = self.weights.len() - count * (self.config.widths.len() - layer);
        &self.weights[first..first + count]
    }
}

/// Weights become a mix of what they are and of what leaves the neighbours' rows as they are, and one's own out.
fn start_smooth(config: &GnnConfig, weights: &mut Matrix) {
    let first = match config.layer {
        LayerKind::SageMean => weights.rows() / 2,
        LayerKind::Gcn => 0,
        LayerKind::SagePool | LayerKind::Gat { .. } => return,
    };
    if config.smooth_start == 0.0 {
        return;
    }
    weights.scale(1.0 - config.smooth_start);
    for row in first..weights.rows() {
        weights.row_mut(row)[row - first] += config.smooth_start;
    }
}

fn add_first_rows(to: &mut Matrix, from: &Matrix) {
    let count = from.data().len();
    add(&mut to.data_mut()[..count], from.data());
}

fn undo_normalize(rows: &Matrix, normalized: &Matrix, by_normalized: &Matrix) -> Matrix {
    let mut out = by_normalized.clone();
    for row in 0..rows.rows() {
        let length = nigh_simd::dot(rows.row(row), rows.row(row)).sqrt();
        let along = nigh_simd::dot(normalized.row(row), by_normalized.row(row));
        for (slope, direction) in out.row_mut(row).iter_mut().zip(normalized.row(row)) {
            *slope = if length > 0.0 {
                (*slope - along * direction) / length
            } else {
                *slope
            };
        }
    }
    out
}
