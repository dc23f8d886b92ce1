//! What one step sees: people, who sends to whom, true links and negatives.

use nigh_graph::{Adjacency, Block, Csr, LeftOut, Random, Sample, SampleConfig, Seed, sample};

use super::GnnConfig;
use crate::held_out::HeldOut;
use crate::{LearnError, LinkBatch};

/// How many people each true link is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Negatives {
    /// People drawn uniformly, the same for all links of a step; friends do not count.
    pub uniform: usize,
    /// The other ends of so many of the step's links, for all of them; friends do not count.
    pub in_batch: usize,
    /// Friends of friends who are no friends, each link's own; uniform where none is found in a few tries.
    pub hard: usize,
}

impl Default for Negatives {
    fn default() -> Negatives {
        Negatives {
            uniform: 256,
            in_batch: 0,
            hard: 0,
        }
    }
}

impl Negatives {
    pub(crate) fn sum(self) -> usize {
        self.uniform + self.in_batch + self.hard
    }
}

/// The people of a step and who sends to whom.
#[derive(Clone, Debug, Default)]
pub(crate) struct GnnBatch {
    /// The people; rows of a layer are the first of them. `None` for everybody.
    pub(crate) nodes: Option<Vec<u32>>,
    /// How many neighbours each of them has.
    pub(crate) degrees: Vec<f32>,
    /// One block for each layer, the last layer's first; one for all of them in a whole graph.
    pub(crate) blocks: Vec<Block>,
}

impl GnnBatch {
    /// Everybody, each layer over the same block.
    pub(crate) fn whole(graph: &Csr, block: Block) -> GnnBatch {
        let degrees = (0..graph.nodes())
            .map(|node| block.list(node).len() as f32)
            .collect();
        GnnBatch {
            nodes: None,
            degrees,
            blocks: vec![block],
        }
    }

    /// Those whom a sample met.
    pub(crate) fn sampled(graph: &Csr, sample: Sample) -> GnnBatch {
        let degrees = sample
            .nodes
            .iter()
            .map(|&node| graph.degree(node) as f32)
            .collect();
        GnnBatch {
            nodes: Some(sample.nodes),
            degrees,
            blocks: sample.blocks,
        }
    }

    /// The block of a layer, from 0, of so many.
    pub(crate) fn block(&self, layer: usize, layers: usize) -> &Block {
        &self.blocks[(layers - 1 - layer).min(self.blocks.len() - 1)]
    }
}

/// A step's batch with its links, whose people are rows of the embeddings.
#[derive(Clone, Debug)]
pub struct TrainingBatch {
    pub(crate) people: GnnBatch,
    links: Vec<(u32, u32)>,
    shared: Vec<u32>,
    own: Vec<u32>,
    not_negative: Vec<(u32, u32)>,
}

impl TrainingBatch {
    /// The batch of a step: the same for the same seed and step, whatever came before. The graph has edges.
    ///
    /// # Errors
    /// Where it cannot be sampled.
    pub fn draw(graph: &Csr, config: &GnnConfig, step: usize) -> Result<TrainingBatch, LearnError> {
        let held_out = HeldOut::new(config.seed, step as u64, config.held_out);
        let whole = config.fan_outs.is_empty();
        let links = match whole {
            true => held_out.links(graph, config.links),
            false => held_out.some_links(graph, config.links),
        };
        let mut shared = held_out.negatives(graph.nodes(), config.negatives.uniform);
        shared.extend(
            links
                .iter()
                .take(config.negatives.in_batch)
                .map(|link| link.1),
        );
        let own = hard_negatives(graph, config, step, &links);
        let not_negative = not_negative(graph, &links, &shared);
        let block = || Block::whole(graph, |a, b| !held_out.contains(a, b));
        let people = match whole {
            true => GnnBatch::whole(graph, block()),
            false => GnnBatch::default(),
        };
        let batch = TrainingBatch {
            people,
            links,
            shared,
            own,
            not_negative,
        };
        if whole {
            Ok(batch)
        } else {
            batch.sampled(graph, config, step)
        }
    }

    fn sampled(
        mut self,
        graph: &Csr,
        config: &GnnConfig,
        step: usize,
    ) -> Result<TrainingBatch, LearnError> {
        let ends = self.links.iter().flat_map(|&(a, b)| [a, b]);
        let people = ends
            .chain(self.shared.iter().copied())
            .chain(self.own.iter().copied());
        let seeds: Vec<Seed> = people.map(Seed::new).collect();
        let seed = Random::stream(&[config.seed, 4, step as u64]).bits();
        let fan_outs = config.fan_outs.clone();
        let sampling = SampleConfig {
            fan_outs,
            seed,
            ..SampleConfig::default()
        };
        let sample = sample(graph, &seeds, &sampling, &LeftOut::of(&self.links))?;
        self.rename(&sample.seeds);
        self.people = GnnBatch::sampled(graph, sample);
        Ok(self)
    }

    /// The people, each once, the first rows of the embeddings first; `None` for everybody.
    #[must_use]
    pub fn nodes(&self) -> Option<&[u32]> {
        self.people.nodes.as_deref()
    }

    /// Who sends to whom: one block for each layer, the last layer's first; one for all of them in a whole graph.
    #[must_use]
    pub fn blocks(&self) -> &[Block] {
        &self.people.blocks
    }

    /// True links and negatives, by rows of the embeddings.
    #[must_use]
    pub fn links(&self) -> LinkBatch<'_> {
        LinkBatch {
            links: &self.links,
            shared: &self.shared,
            own: &self.own,
            not_negative: &self.not_negative,
        }
    }

    /// People become rows: `places` has the row of each end of each link, then of each shared and own negative.
    fn rename(&mut self, places: &[u32]) {
        let (ends, others) = places.split_at(self.links.len() * 2);
        let (shared, own) = others.split_at(self.shared.len());
        self.links = ends
            .chunks_exact(2)
            .map(|ends| (ends[0], ends[1]))
            .collect();
        self.shared = shared.to_vec();
        self.own = own.to_vec();
    }
}

fn hard_negatives(graph: &Csr, config: &GnnConfig, step: usize, links: &[(u32, u32)]) -> Vec<u32> {
    let negative = |place: usize| {
        let from = links[place / config.negatives.hard].0;
        let mut random = Random::stream(&[config.seed, 5, step as u64, place as u64]);
        let found = (0..TRIES).find_map(|_| friend_of_friend(graph, from, &mut random));
        found.unwrap_or_else(|| random.below(graph.nodes()) as u32)
    };
    (0..links.len() * config.negatives.hard)
        .map(negative)
        .collect()
}

const TRIES: usize = 8;

fn friend_of_friend(graph: &Csr, from: u32, random: &mut Random) -> Option<u32> {
    let friends = graph.list(from);
    let theirs = graph.list(*friends.get(random.below(friends.len()))?);
    let other = *theirs.get(random.below(theirs.len()))?;
    (other != from && !graph.has_edge(from, other)).then_some(other)
}

/// Pairs (link, place in `shared`) of people who are the same or friends, sorted.
fn not_negative(graph: &Csr, links: &[(u32, u32)], shared: &[u32]) -> Vec<(u32, u32)> {
    let mut by_person: Vec<(u32, u32)> = links
        .iter()
        .zip(0..)
        .map(|(link, place)| (link.0, place))
        .collect();
    by_person.sort_unstable();
    let links_of = |person: u32| {
        let start = by_person.partition_point(|entry| entry.0 < person);
        by_person[start..]
            .iter()
            .take_while(move |entry| entry.0 == person)
    };
    let mut pairs = Vec::new();
    for (&other, place) in shared.iter().zip(0..) {
        for &person in graph.list(other).iter().chain([&other]) {
            pairs.extend(links_of(person).map(|entry| (entry.1, place)));
        }
    }
    pairs.sort_unstable();
    pairs
}
