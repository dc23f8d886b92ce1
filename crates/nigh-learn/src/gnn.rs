//! Graph neural networks: a person's embedding from their features and those of the people around them.

mod attention;
mod batch;
mod convolution;
mod dense;
mod file;
mod layer;
mod network;
mod sage;
mod train;

#[cfg(test)]
mod tests;

use nigh_graph::{Adjacency, Block, Csr, LeftOut, SampleConfig, Seed, sample};

use crate::{LearnError, LinkLoss, Matrix};

pub(crate) use batch::GnnBatch;
pub use batch::{Negatives, TrainingBatch};
pub use file::ModelFileError;
pub(crate) use file::{from_bytes, to_bytes};
pub use layer::LayerKind;
pub use network::Gnn;
pub use train::{GnnTraining, train_gnn};

/// A graph network and how it is trained.
///
/// The defaults are those of GraphSAGE over a learned table and structural features, measured on whole graphs of thousands of
/// people: layers that begin as the neighbours' mean and learn slowly rank far better than random ones.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct GnnConfig {
    /// How rows become those of the next layer.
    pub layer: LayerKind,
    /// Width of each layer's output, the embedding's last.
    pub widths: Vec<usize>,
    /// Numbers in a table that is learned for each person; 0 for none. Features are then projected to as many and added.
    pub table: usize,
    /// Standard deviation of the table's first numbers.
    pub table_deviation: f32,
    /// What negative outputs of all layers but the last are multiplied by: 0 is ReLU, 1 leaves them.
    pub slope: f32,
    /// Whether the embedding is the mean of the input and all layers (He et al., SIGIR 2020, equation 4), which then have one
    /// width, and not the last layer alone.
    pub mean_of_layers: bool,
    /// How far layers begin as what smooths rows, from 0 (random weights) to 1 (the neighbours' mean and nothing else);
    /// GraphSAGE with the mean and GCN, one width.
    pub smooth_start: f32,
    /// Embeddings are multiplied by `(1 + degree)` to this power: where rows are means, all people else seem equally known
    /// (the degree scalers of Corso et al., "Principal Neighbourhood Aggregation for Graph Nets", NeurIPS 2020, §2, at the
    /// end of the network).
    pub degree_power: f32,
    /// Whether embeddings have length 1, before that.
    pub normalize: bool,
    /// What is brought down.
    pub loss: LinkLoss,
    /// What scores are multiplied by at first: one over the temperature. It is learned.
    pub scale: f32,
    /// Which links are compared with the true ones.
    pub negatives: Negatives,
    /// Links that supervise a step.
    pub links: usize,
    /// At most so many neighbours are sampled at each hop, a number for each layer; empty for the whole graph.
    pub fan_outs: Vec<usize>,
    /// With the whole graph: the share of links drawn as supervision and left out of messages, from 0 to 1.
    pub held_out: f64,
    /// Adam's step size for the table, and the scale of scores.
    pub learning_rate: f32,
    /// Adam's step size for the layers' matrices.
    pub layer_rate: f32,
    /// Steps at most.
    pub steps: usize,
    /// Steps between two looks at the validation links.
    pub steps_per_look: usize,
    /// Steps without a better look after which training ends.
    pub patience: usize,
    /// Where randomness starts.
    pub seed: u64,
}

impl Default for GnnConfig {
    fn default() -> GnnConfig {
        GnnConfig {
            layer: LayerKind::SageMean,
            widths: vec![128, 128],
            table: 128,
            table_deviation: 0.1,
            slope: 1.0,
            mean_of_layers: true,
            smooth_start: 1.0,
            degree_power: 0.5,
            normalize: false,
            loss: LinkLoss::Softmax,
            scale: 1.0,
            negatives: Negatives::default(),
            links: 4096,
            fan_outs: Vec::new(),
            held_out: 0.2,
            learning_rate: 0.003,
            layer_rate: 0.001,
            steps: 1600,
            steps_per_look: 20,
            patience: 100,
            seed: 0,
        }
    }
}

impl GnnConfig {
    /// Whether a network of this kind can be made.
    ///
    /// # Errors
    /// Where a setting is out of its range.
    pub fn check(&self, features: usize) -> Result<(), LearnError> {
        LearnError::check_positive(&[
            (
                "widths",
                self.widths.iter().copied().min().unwrap_or(0) as f64,
            ),
            ("table + features", (self.table + features) as f64),
            ("links", self.links as f64),
            ("learning_rate", f64::from(self.learning_rate)),
            ("layer_rate", f64::from(self.layer_rate)),
            ("scale", f64::from(self.scale)),
            ("steps", self.steps as f64),
            ("held_out", self.held_out),
            ("negatives", self.negatives.sum() as f64),
        ])?;
        LearnError::check_share("held_out", self.held_out)?;
        LearnError::check_share("slope", self.slope.into())?;
        LearnError::check_share("smooth_start", self.smooth_start.into())?;
        self.check_widths(features)
    }

    fn check_widths(&self, features: usize) -> Result<(), LearnError> {
        let input = if self.table > 0 { self.table } else { features };
        let odd = self.widths.iter().find(|&&width| width != input);
        let wanted = |setting, value: usize, expected| {
            Err(LearnError::Setting {
                setting,
                value: value as f64,
                expected,
            })
        };
        if let (true, Some(&width)) = (self.mean_of_layers || self.smooth_start > 0.0, odd) {
            return wanted(
                "widths",
                width,
                "the width of the input, for means of layers and a smooth start",
            );
        }
        if let LayerKind::Gat { heads } = self.layer {
            let whole = |width: &usize| heads > 0 && width.is_multiple_of(heads);
            if !self.widths.iter().all(whole) {
                return wanted("heads", heads, "a divisor of every layer's width");
            }
        }
        if !self.fan_outs.is_empty() && self.fan_outs.len() != self.widths.len() {
            return wanted(
                "fan_outs",
                self.fan_outs.len(),
                "one for each layer, or none",
            );
        }
        Ok(())
    }
}

impl Gnn {
    /// The embeddings of all people over this graph. `features` has a row for each; people beyond those of training have no
    /// row in the learned table, and are embedded by features and neighbours alone.
    ///
    /// # Errors
    /// Where `features` does not have a row for each person, or not the width of training.
    pub fn embed(&self, graph: &Csr, features: &Matrix) -> Result<Matrix, LearnError> {
        self.check_features(graph.nodes(), features)?;
        let block = Block::whole(graph, |_, _| true);
        let batch = GnnBatch::whole(graph, block);
        Ok(self.forward(&batch, features).into_embeddings())
    }

    /// The embeddings of some people, from all of their neighbours and all of these's: a row for each.
    ///
    /// # Errors
    /// As for [`Gnn::embed`], and where there is no such person.
    pub fn embed_people(
        &self,
        graph: &Csr,
        features: &Matrix,
        people: &[u32],
    ) -> Result<Matrix, LearnError> {
        self.check_features(graph.nodes(), features)?;
        let fan_outs = vec![usize::MAX; self.config().widths.len()];
        let config = SampleConfig {
            fan_outs,
            ..SampleConfig::default()
        };
        let seeds: Vec<Seed> = people.iter().map(|&person| Seed::new(person)).collect();
        let sample = sample(graph, &seeds, &config, &LeftOut::default())?;
        let places = sample.seeds.clone();
        let batch = GnnBatch::sampled(graph, sample);
        Ok(self
            .forward(&batch, features)
            .into_embeddings()
            .gather(&places))
    }

    pub(crate) fn check_features(&self, nodes: usize, features: &Matrix) -> Result<(), LearnError> {
        let expected = self.features();
        match features.rows() == nodes && features.cols() == expected {
            true => Ok(()),
            false => Err(LearnError::Features {
                rows: features.rows(),
                cols: features.cols(),
                nodes,
                expected,
            }),
        }
    }
}
