use nigh_graph::{Adjacency, Csr};

use super::LinkError;
use crate::{EmbedderConfig, RankerConfig};

/// How candidates are looked for. Tables, training and serving share one: a model keeps its own.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct LinkConfig {
    /// Most paths of two steps to follow from a person. Where there are more, friends with few friends of their own come
    /// first: they say most.
    pub max_paths: usize,
    /// A walk goes no further where it would give each neighbour less than this share of itself; the third and the fourth
    /// step read at most 1 / `tolerance` edges each.
    pub tolerance: f32,
    /// How many are taken by resource allocation.
    pub by_allocation: usize,
    /// How many are taken by walks of two to four steps.
    pub by_walks: usize,
    /// How many are taken by paths of three steps.
    pub by_paths: usize,
    /// How many are taken by inner products of learned embeddings.
    pub by_embedding: usize,
    /// Columns of the spectral embedding; 0 for none.
    pub spectral: usize,
}

impl Default for LinkConfig {
    fn default() -> LinkConfig {
        LinkConfig {
            max_paths: 300_000,
            tolerance: 5e-6,
            by_allocation: 150,
            by_walks: 100,
            by_paths: 50,
            by_embedding: 50,
            spectral: 64,
        }
    }
}

/// With more edges, walks go less far: on 700,000 that halves what a suggestion takes, for 0.005 of Recall@10.
const MANY_EDGES: usize = 500_000;

impl LinkConfig {
    /// Settings for a graph of as many edges: a suggestion should take some milliseconds.
    #[must_use]
    pub fn for_edges(edges: usize) -> LinkConfig {
        match edges < MANY_EDGES {
            true => LinkConfig::default(),
            false => LinkConfig {
                max_paths: 60_000,
                tolerance: 2e-5,
                ..LinkConfig::default()
            },
        }
    }
}

/// How a [`LinkModel`](super::LinkModel) is trained.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct LinkTraining {
    /// How candidates are looked for.
    pub candidates: LinkConfig,
    /// How embeddings are learned.
    pub embedder: EmbedderConfig,
    /// How many times edges are held out to learn from; once more for validation.
    pub hold_outs: usize,
    /// The share of all edges that is held out each time, above 0 and at most 1, as long as one is left.
    pub share: f64,
    /// At most so many people of each hold-out are learned from.
    pub people: usize,
    /// At most so many people are in the validation.
    pub validation_people: usize,
    /// The share of wrong candidates that is learned from, above 0 and at most 1; drawn, whatever their features.
    pub kept: f64,
    /// How trees are grown.
    pub ranker: RankerConfig,
    /// Where randomness starts: hold-outs, draws and trees.
    pub seed: u64,
}

/// With more people, the embedder's steps are of sampled neighbours: as good on 18,660 people and 700,000 edges, and a third of
/// the time.
const SAMPLED_FROM: usize = 15_000;

/// With fewer edges, chance in hold-outs and trees shows: more hold-outs, and the mean of several models.
const FEW_EDGES: usize = 50_000;

impl LinkTraining {
    /// Settings for a graph of as many edges, measured on networks of 25,000 to 230,000.
    #[must_use]
    pub fn for_graph(graph: &Csr) -> LinkTraining {
        let few = graph.edges() < FEW_EDGES;
        LinkTraining {
            candidates: LinkConfig::for_edges(graph.edges()),
            embedder: match graph.nodes() < SAMPLED_FROM {
                true => EmbedderConfig::default(),
                false => EmbedderConfig::sampled(),
            },
            hold_outs: if few { 8 } else { 2 },
            share: 0.1,
            people: 2500,
            validation_people: if few { 3000 } else { 1500 },
            kept: 0.4,
            ranker: RankerConfig {
                models: if few { 3 } else { 1 },
                ..RankerConfig::default()
            },
            seed: 0,
        }
    }

    /// About how much memory a training takes at its peak, in bytes: rows of inputs, layers and tables for everybody, the graph
    /// three times, 80 columns for each attribute while profiles are made, and the examples.
    #[must_use]
    pub fn memory_bytes(people: usize, edges: usize, attributes: usize) -> u64 {
        const EXAMPLES: u64 = 400 << 20;
        let each = 6_000 + 400 * attributes as u64;
        people as u64 * each + edges as u64 * 100 + EXAMPLES
    }

    pub(super) fn check(&self, graph: &Csr) -> Result<(), LinkError> {
        for (name, value) in [("share", self.share), ("kept", self.kept)] {
            if !(value > 0.0 && value <= 1.0) {
                let expected = "above 0 and at most 1";
                return Err(setting(name, value, expected));
            }
        }
        if self.hold_outs == 0 {
            return Err(setting("hold_outs", 0.0, "at least 1"));
        }
        let (people, edges) = (graph.nodes(), graph.edges());
        if self.held_out(graph) >= edges {
            return Err(LinkError::FewEdges { people, edges });
        }
        Ok(())
    }

    /// How many edges are held out each time.
    pub(super) fn held_out(&self, graph: &Csr) -> usize {
        ((graph.edges() as f64 * self.share) as usize).max(1)
    }
}

fn setting(name: &'static str, value: f64, expected: &'static str) -> LinkError {
    LinkError::Setting {
        name,
        value,
        expected,
    }
}
