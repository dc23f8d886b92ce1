//! The embedding baseline: a table of numbers for each person, smoothed over the graph.
//!
//! He et al., "LightGCN: Simplifying and Powering Graph Convolution Network for Recommendation" (SIGIR 2020): layer `k` is
//! `D^-1/2 A D^-1/2` times layer `k - 1` (equation 3), the embedding the mean of all layers (equation 4). Links that supervise
//! a step are taken out of the graph of that step.

use nigh_graph::{Adjacency, Csr, Random};

use crate::adam::Adam;
use crate::held_out::HeldOut;
use crate::propagation::Propagation;
use crate::{LearnError, LinkBatch, LinkLoss, Matrix, Progress, Validation, link_loss};

/// How LightGCN is trained; the defaults reach Recall@10 and MRR of the reference in `bench/people` or more.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct LightGcnConfig {
    /// Numbers in an embedding.
    pub dim: usize,
    /// How often the table is smoothed.
    pub layers: usize,
    /// What is brought down. BPR is the paper's; the softmax ranks better here.
    pub loss: LinkLoss,
    /// Adam's step size.
    pub learning_rate: f32,
    /// Standard deviation of the table's first numbers.
    pub deviation: f32,
    /// Share of links that supervise a step, from 0 to 1.
    pub held_out: f64,
    /// At most so many of them are scored.
    pub links: usize,
    /// Uniform negatives of a step.
    pub negatives: usize,
    /// Steps at most.
    pub steps: usize,
    /// Steps between two looks at the validation links.
    pub steps_per_look: usize,
    /// Steps without a better look after which training ends.
    pub patience: usize,
    /// Where randomness starts.
    pub seed: u64,
}

impl Default for LightGcnConfig {
    fn default() -> LightGcnConfig {
        LightGcnConfig {
            dim: 128,
            layers: 2,
            loss: LinkLoss::Softmax,
            learning_rate: 0.01,
            deviation: 0.1,
            held_out: 0.2,
            links: 4096,
            negatives: 256,
            steps: 1600,
            steps_per_look: 40,
            patience: 240,
            seed: 0,
        }
    }
}

/// A trained table, to be smoothed over whichever graph is known.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct LightGcn {
    table: Matrix,
    layers: usize,
    /// The step at which validation was best.
    pub best_step: usize,
    /// The mean reciprocal rank there; 0 where there was nothing to validate on.
    pub validation_mrr: f64,
}

impl LightGcn {
    /// The embeddings of all people over this graph: that of training and what has come since. Its nodes are those of the
    /// training graph.
    ///
    /// # Panics
    /// Where the graph has another number of nodes.
    #[must_use]
    pub fn embed(&self, graph: &Csr) -> Matrix {
        Propagation::symmetric(graph, |_, _| true).mean_of_layers(&self.table, self.layers)
    }
}

/// Learns a table from a graph of at least one edge, until links held out of it are ranked no better.
///
/// `progress` hears of each look at the validation links. Without any, training takes all of its steps.
///
/// # Errors
/// Where the graph has no edges, a setting is out of its range, or the loss is no number any more.
pub fn train_lightgcn(
    graph: &Csr,
    config: &LightGcnConfig,
    validation: &Validation,
    mut progress: impl FnMut(Progress),
) -> Result<LightGcn, LearnError> {
    check(graph, config)?;
    let mut training = Training::new(graph, config);
    let mut best = training.model(0, 0.0);
    for step in 1..=config.steps {
        let loss = training.step(step)?;
        let last = step == config.steps;
        if !last && step % config.steps_per_look.max(1) != 0 {
            continue;
        }
        let now = training.model(step, 0.0);
        let mrr = validation.measure(graph, &now.embed(graph)).mrr;
        progress(Progress {
            step,
            loss,
            validation_mrr: mrr,
        });
        if mrr > best.validation_mrr || validation.is_empty() {
            best = LightGcn {
                validation_mrr: mrr,
                ..now
            };
        } else if step - best.best_step >= config.patience {
            break;
        }
    }
    Ok(best)
}

fn check(graph: &Csr, config: &LightGcnConfig) -> Result<(), LearnError> {
    if graph.edges() == 0 {
        return Err(LearnError::NoEdges {
            nodes: graph.nodes(),
        });
    }
    let positive = [
        ("dim", config.dim as f64),
        ("links", config.links as f64),
        ("negatives", config.negatives as f64),
        ("steps", config.steps as f64),
        ("learning_rate", f64::from(config.learning_rate)),
        ("held_out", config.held_out),
    ];
    LearnError::check_positive(&positive)?;
    LearnError::check_share("held_out", config.held_out)
}

struct Training<'a> {
    graph: &'a Csr,
    config: &'a LightGcnConfig,
    table: Matrix,
    scale: f32,
    by_table: Adam,
    by_scale: Adam,
}

impl<'a> Training<'a> {
    fn new(graph: &'a Csr, config: &'a LightGcnConfig) -> Training<'a> {
        let mut random = Random::stream(&[config.seed, 0]);
        let table = Matrix::normal(graph.nodes(), config.dim, config.deviation, &mut random);
        let by_table = Adam::new(table.data().len());
        let by_scale = Adam::new(1);
        Training {
            graph,
            config,
            table,
            scale: 1.0,
            by_table,
            by_scale,
        }
    }

    fn step(&mut self, step: usize) -> Result<f32, LearnError> {
        let config = self.config;
        let held_out = HeldOut::new(config.seed, step as u64, config.held_out);
        let links = held_out.links(self.graph, config.links);
        let propagation = Propagation::symmetric(self.graph, |a, b| !held_out.contains(a, b));
        let embeddings = propagation.mean_of_layers(&self.table, config.layers);
        let shared = held_out.negatives(self.graph.nodes(), config.negatives);
        let batch = LinkBatch {
            links: &links,
            shared: &shared,
            ..LinkBatch::default()
        };
        let gradient = link_loss(&embeddings, &batch, config.loss, self.scale);
        if !gradient.loss.is_finite() {
            return Err(LearnError::Diverged { step });
        }
        // The propagation is linear and its matrix symmetric: backwards it is itself.
        let by_table = propagation.mean_of_layers(&gradient.embeddings, config.layers);
        self.by_table
            .step(self.table.data_mut(), by_table.data(), config.learning_rate);
        let scale = std::slice::from_mut(&mut self.scale);
        self.by_scale
            .step(scale, &[gradient.scale], config.learning_rate);
        Ok(gradient.loss)
    }

    fn model(&self, best_step: usize, validation_mrr: f64) -> LightGcn {
        let table = self.table.clone();
        let layers = self.config.layers;
        LightGcn {
            table,
            layers,
            best_step,
            validation_mrr,
        }
    }
}
