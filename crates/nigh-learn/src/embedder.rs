//! Embeddings of people that need no history: a GraphSAGE over structure and profiles.
//!
//! Nothing is learned of anybody by name, so that the same network embeds another state of the graph, and people who come
//! after training.

mod newcomer;

use std::ops::ControlFlow;

use nigh_graph::{Adjacency, Csr};

use crate::{Gnn, LearnError};
use crate::{
    GnnConfig, GnnTraining, LinkError, Matrix, Profiles, Progress, StructureConfig, Validation,
    structural_features,
};

/// How an [`Embedder`] is trained. The defaults were measured on three networks: with as much structure, a learned table for
/// each person ranks held-out links worse.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct EmbedderConfig {
    /// The network. Its layers get the width of the features, whatever `widths` says but for how many there are.
    pub network: GnnConfig,
    /// Which structure it reads.
    pub structure: StructureConfig,
    /// At most so many people are in the validation.
    pub validation_people: usize,
}

impl Default for EmbedderConfig {
    fn default() -> EmbedderConfig {
        EmbedderConfig {
            network: GnnConfig {
                table: 0,
                links: 2048,
                layer_rate: 0.003,
                ..GnnConfig::default()
            },
            structure: StructureConfig {
                position: 126,
                ..StructureConfig::default()
            },
            validation_people: 500,
        }
    }
}

impl EmbedderConfig {
    /// Settings for many people: steps of ten sampled neighbours and ten of each, and a look at everybody less often.
    #[must_use]
    pub fn sampled() -> EmbedderConfig {
        let config = EmbedderConfig::default();
        EmbedderConfig {
            network: GnnConfig {
                fan_outs: vec![10, 10],
                links: 512,
                steps_per_look: 50,
                patience: 150,
                ..config.network
            },
            ..config
        }
    }

    /// What the network reads of everybody: structure, then the profile.
    fn inputs(&self, graph: &Csr, profiles: &Profiles) -> Matrix {
        inputs(&self.structure, graph, profiles)
    }

    /// A training that has learned nothing yet, of the people of `graph`.
    fn start(&self, inputs: &Matrix) -> Result<GnnTraining, LearnError> {
        let widths = vec![inputs.cols(); self.network.widths.len()];
        let network = GnnConfig {
            widths,
            ..self.network.clone()
        };
        GnnTraining::new(&network, inputs.rows(), inputs.cols())
    }
}

/// Embeds people by where they stand in a graph and what they say about themselves.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Embedder {
    network: Gnn,
    structure: StructureConfig,
}

/// Everybody's embedding in one state of a graph, and what it was made from: two rows of about 512 bytes a person.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Embeddings {
    inputs: Matrix,
    rows: Matrix,
}

impl Embeddings {
    /// A row for each person.
    #[must_use]
    pub fn rows(&self) -> &Matrix {
        &self.rows
    }

    /// A person's row, if there is one.
    #[must_use]
    pub fn row(&self, person: u32) -> Option<&[f32]> {
        let known = (person as usize) < self.rows.rows() && self.rows.cols() > 0;
        known.then(|| self.rows.row(person as usize))
    }

    /// Whether each person has both rows.
    pub(crate) fn are_of(&self, people: usize) -> bool {
        let whole = |matrix: &Matrix| {
            matrix.rows() == people && matrix.data().len() == people * matrix.cols()
        };
        self.rows.cols() == 0 || whole(&self.inputs) && whole(&self.rows)
    }
}

impl Embedder {
    /// Trains on a graph until held-out links are ranked no better. `resumed` goes on where an earlier training of the same
    /// graph, profiles and settings was, with the same result. `progress` hears of each look at the held-out links, and may
    /// keep a copy of where the training is, or end it.
    ///
    /// # Errors
    /// [`LinkError::Learn`] as for [`GnnTraining::run`], and [`LinkError::Stopped`] where `progress` said so.
    pub fn train(
        graph: &Csr,
        profiles: &Profiles,
        validation: &Validation,
        config: &EmbedderConfig,
        resumed: Option<GnnTraining>,
        mut progress: impl FnMut(&GnnTraining, Progress) -> ControlFlow<()>,
    ) -> Result<Embedder, LinkError> {
        let inputs = config.inputs(graph, profiles);
        let mut training = match resumed {
            Some(training) => training,
            None => config.start(&inputs)?,
        };
        let mut stopped = false;
        training.run(graph, &inputs, validation, |training, state| {
            stopped = progress(training, state).is_break();
            !stopped
        })?;
        if stopped {
            return Err(LinkError::Stopped);
        }
        Ok(Embedder {
            network: training.best().clone(),
            structure: config.structure.clone(),
        })
    }

    /// Numbers in an embedding.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.network.config().widths.last().copied().unwrap_or(0)
    }

    /// The mean reciprocal rank of the validation.
    #[must_use]
    pub fn validation_mrr(&self) -> f64 {
        self.network.validation_mrr
    }

    /// Embeds everybody in a graph.
    ///
    /// # Errors
    /// Where profiles are of another width than in training.
    pub fn embed(&self, graph: &Csr, profiles: &Profiles) -> Result<Embeddings, LearnError> {
        let inputs = inputs(&self.structure, graph, profiles);
        let rows = self.network.embed(graph, &inputs)?;
        Ok(Embeddings { inputs, rows })
    }
}

fn inputs(structure: &StructureConfig, graph: &Csr, profiles: &Profiles) -> Matrix {
    let structure = structural_features(graph, &[], structure);
    let own = structure.cols();
    let mut inputs = Matrix::zeros(graph.nodes(), own + profiles.cols());
    for person in 0..graph.nodes() {
        let row = inputs.row_mut(person);
        row[..own].copy_from_slice(structure.row(person));
        row[own..].copy_from_slice(&profiles.row(person as u32));
    }
    inputs
}
