//! How does a network learn, stop, and go on where it was?

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use nigh_graph::{Adjacency, Csr};

use super::{Gnn, GnnConfig, TrainingBatch};
use crate::adam::Adam;
use crate::{LearnError, Matrix, Progress, Validation, link_loss};

/// A network on its way: all that is needed to go on with the same bits as if it had not stopped.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct GnnTraining {
    network: Gnn,
    by_table: Adam,
    by_weights: Vec<Adam>,
    by_scale: Adam,
    step: usize,
    best: Gnn,
}

impl GnnTraining {
    /// A network that has learned nothing yet, for so many people and features.
    ///
    /// # Errors
    /// Where a setting is out of its range.
    pub fn new(
        config: &GnnConfig,
        people: usize,
        features: usize,
    ) -> Result<GnnTraining, LearnError> {
        config.check(features)?;
        let network = Gnn::new(config, people, features);
        Ok(GnnTraining {
            by_table: Adam::new(network.table.data().len()),
            by_weights: network
                .weights
                .iter()
                .map(|matrix| Adam::new(matrix.data().len()))
                .collect(),
            by_scale: Adam::new(1),
            step: 0,
            best: network.clone(),
            network,
        })
    }

    /// Steps taken.
    #[must_use]
    pub fn step(&self) -> usize {
        self.step
    }

    /// The best network so far.
    #[must_use]
    pub fn best(&self) -> &Gnn {
        &self.best
    }

    /// Whether there is no more to come: all steps are taken, or validation has not become better for too long.
    #[must_use]
    pub fn is_done(&self) -> bool {
        let config = self.network.config();
        let waited = self.step - self.best.best_step;
        self.step >= config.steps
            || waited >= config.patience && self.step.is_multiple_of(config.steps_per_look.max(1))
    }

    /// Learns on until validation becomes no better or all steps are taken. After each look at the validation links `progress`
    /// hears of it, and may keep a copy of where training is, or end it by `false`.
    ///
    /// Batches are sampled on a thread of their own, a few ahead.
    ///
    /// # Errors
    /// Where the graph has no edges, or is of other people than features, table or validation, or the loss is no number any more.
    pub fn run(
        &mut self,
        graph: &Csr,
        features: &Matrix,
        validation: &Validation,
        mut progress: impl FnMut(&GnnTraining, Progress) -> bool,
    ) -> Result<(), LearnError> {
        let nodes = graph.nodes();
        if graph.edges() == 0 {
            return Err(LearnError::NoEdges { nodes });
        }
        validation.check(nodes)?;
        let (what, given) = ("learned table", self.network.table.rows());
        if self.network.config().table > 0 && given != nodes {
            return Err(LearnError::People { what, given, nodes });
        }
        self.network.check_features(graph.nodes(), features)?;
        let config = self.network.config().clone();
        let steps = self.step + 1..=config.steps;
        std::thread::scope(|scope| {
            let (sender, batches) = sync_channel(AHEAD);
            scope.spawn(|| prepare_all(graph, &config, steps, sender));
            self.follow(graph, features, validation, &batches, &mut progress)
        })
    }

    fn follow(
        &mut self,
        graph: &Csr,
        features: &Matrix,
        validation: &Validation,
        batches: &Receiver<Result<TrainingBatch, LearnError>>,
        progress: &mut impl FnMut(&GnnTraining, Progress) -> bool,
    ) -> Result<(), LearnError> {
        let config = self.network.config().clone();
        while !self.is_done() {
            let Ok(batch) = batches.recv() else {
                return Ok(());
            };
            let loss = self.learn(&batch?, features)?;
            if !self.step.is_multiple_of(config.steps_per_look.max(1)) && self.step != config.steps
            {
                continue;
            }
            let mrr = self.look(graph, features, validation)?;
            let state = Progress {
                step: self.step,
                loss,
                validation_mrr: mrr,
            };
            if !progress(self, state) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// One step down the gradient of a batch's loss, which it gives. The features have a row for each person.
    ///
    /// # Errors
    /// Where the loss is no number any more.
    pub fn learn(&mut self, batch: &TrainingBatch, features: &Matrix) -> Result<f32, LearnError> {
        self.step += 1;
        let config = self.network.config();
        let (rate, layer_rate) = (config.learning_rate, config.layer_rate);
        let pass = self.network.forward(&batch.people, features);
        let by_links = link_loss(
            pass.embeddings(),
            &batch.links(),
            config.loss,
            self.network.scale,
        );
        if !by_links.loss.is_finite() {
            return Err(LearnError::Diverged { step: self.step });
        }
        let gradient = self
            .network
            .backward(&batch.people, &pass, &by_links.embeddings);
        if self.network.table.rows() > 0 {
            let rows = batch.people.nodes.as_deref();
            self.by_table
                .step_rows(&mut self.network.table, rows, &gradient.table, rate);
        }
        let weights = self.network.weights.iter_mut().zip(&gradient.weights);
        for ((matrix, slopes), adam) in weights.zip(&mut self.by_weights) {
            adam.step(matrix.data_mut(), slopes.data(), layer_rate);
        }
        let scale = std::slice::from_mut(&mut self.network.scale);
        self.by_scale.step(scale, &[by_links.scale], rate);
        Ok(by_links.loss)
    }

    fn look(
        &mut self,
        graph: &Csr,
        features: &Matrix,
        validation: &Validation,
    ) -> Result<f64, LearnError> {
        let mrr = match validation.is_empty() {
            true => 0.0,
            false => {
                validation
                    .measure(graph, &self.network.embed(graph, features)?)
                    .mrr
            }
        };
        if mrr > self.best.validation_mrr || validation.is_empty() {
            self.best = self.network.clone();
            (self.best.best_step, self.best.validation_mrr) = (self.step, mrr);
        }
        Ok(mrr)
    }
}

/// Batches that wait for the network at most.
const AHEAD: usize = 2;

fn prepare_all(
    graph: &Csr,
    config: &GnnConfig,
    steps: std::ops::RangeInclusive<usize>,
    sender: SyncSender<Result<TrainingBatch, LearnError>>,
) {
    for step in steps {
        // Nobody listens any more once training has stopped.
        if sender
            .send(TrainingBatch::draw(graph, config, step))
            .is_err()
        {
            return;
        }
    }
}

/// Trains a network from the start and gives the best by validation; without validation links, the last.
///
/// # Errors
/// As for [`GnnTraining::new`] and [`GnnTraining::run`].
pub fn train_gnn(
    graph: &Csr,
    features: &Matrix,
    config: &GnnConfig,
    validation: &Validation,
    mut progress: impl FnMut(Progress),
) -> Result<Gnn, LearnError> {
    let nodes = graph.nodes();
    let mut training = GnnTraining::new(config, nodes, features.cols())?;
    training.run(graph, features, validation, |_, state| {
        progress(state);
        true
    })?;
    Ok(training.best)
}
