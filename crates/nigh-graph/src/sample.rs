//! Whom does a mini-batch see?
//!
//! Layered neighbour sampling (Hamilton, Ying and Leskovec, "Inductive Representation Learning on Large Graphs", NeurIPS
//! 2017, algorithm 2): some neighbours of each seed, some neighbours of each of those, and so on.

mod draw;
mod left_out;
mod places;
mod random;

use rayon::prelude::*;

use crate::{Adjacency, Csr};
use draw::draw;
use places::Places;

pub use left_out::LeftOut;
pub use random::Random;

/// A person around whom is sampled, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed {
    /// The person.
    pub node: u32,
    /// The moment whose graph is seen; it counts where [`SampleConfig::time`] says so.
    pub time: i64,
}

impl Seed {
    /// A person in a graph whose times do not matter.
    #[must_use]
    pub fn new(node: u32) -> Seed {
        let time = i64::MAX;
        Seed { node, time }
    }
}

/// Which edges a seed may see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum TimeRule {
    /// All.
    #[default]
    Any,
    /// Those of its moment and before, also around its neighbours.
    UpTo,
    /// Those before its moment, also around its neighbours.
    Before,
}

/// How neighbours are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Draw {
    /// Each as likely as any other.
    #[default]
    Uniform,
    /// In proportion to the edge's weight; edges whose weight is not above 0 never.
    ByWeight,
}

/// How a mini-batch is sampled.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SampleConfig {
    /// At most so many neighbours of each person of the hop, without replacement; one number for each hop.
    pub fan_outs: Vec<usize>,
    /// How they are drawn.
    pub draw: Draw,
    /// Which edges may be drawn.
    pub time: TimeRule,
    /// Where randomness starts: each (seed, hop, person, moment) has a stream of its own.
    pub seed: u64,
}

impl Default for SampleConfig {
    fn default() -> SampleConfig {
        SampleConfig {
            fan_outs: vec![10, 10],
            draw: Draw::Uniform,
            time: TimeRule::Any,
            seed: 0,
        }
    }
}

/// What a mini-batch sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// The people, each once for each moment: the seeds, then those whom the first hop adds, and so on.
    pub nodes: Vec<u32>,
    /// Each one's moment.
    pub times: Vec<i64>,
    /// The place in `nodes` of each seed that was given.
    pub seeds: Vec<u32>,
    /// One block for each hop, the seeds' first.
    pub blocks: Vec<Block>,
}

/// Who sends to whom in one hop; people are places in [`Sample::nodes`].
///
/// Those who receive are the first [`Block::targets`] people, those who send are among the first [`Block::sources`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    sources: usize,
    offsets: Vec<u32>,
    neighbours: Vec<u32>,
}

/// Why nothing was sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SampleError {
    /// A seed is no person of the graph.
    #[error("seed {seed} is not below the {nodes} people of the graph")]
    UnknownSeed {
        /// Its number.
        seed: u32,
        /// How many people there are.
        nodes: usize,
    },
}

/// Samples the people around these seeds, on all threads; the result does not depend on how many there are.
///
/// # Errors
/// Where a seed is no person of the graph.
pub fn sample(
    graph: &Csr,
    seeds: &[Seed],
    config: &SampleConfig,
    left_out: &LeftOut,
) -> Result<Sample, SampleError> {
    let nodes = graph.nodes();
    if let Some(seed) = seeds.iter().find(|seed| seed.node as usize >= nodes) {
        let seed = seed.node;
        return Err(SampleError::UnknownSeed { seed, nodes });
    }
    let moment = |seed: &Seed| match config.time {
        TimeRule::Any => i64::MAX,
        TimeRule::UpTo | TimeRule::Before => seed.time,
    };
    let mut places = Places::default();
    let seed_places = seeds.iter().map(|seed| places.of(seed.node, moment(seed)));
    let seed_places = seed_places.collect();
    let hops = 0..config.fan_outs.len();
    let blocks = hops
        .map(|hop| add_hop(graph, config, left_out, hop, &mut places))
        .collect();
    let (nodes, times) = places.into_people();
    Ok(Sample {
        nodes,
        times,
        seeds: seed_places,
        blocks,
    })
}

fn add_hop(
    graph: &Csr,
    config: &SampleConfig,
    left_out: &LeftOut,
    hop: usize,
    places: &mut Places,
) -> Block {
    let drawn: Vec<Vec<u32>> = places
        .people()
        .par_iter()
        .with_min_len(32)
        .map(|&(node, time)| draw(graph, config, left_out, hop, node, time))
        .collect();
    let times: Vec<i64> = places.people().iter().map(|person| person.1).collect();
    let mut block = Block {
        offsets: vec![0],
        ..Block::default()
    };
    for (list, time) in drawn.iter().zip(times) {
        block
            .neighbours
            .extend(list.iter().map(|&node| places.of(node, time)));
        block.offsets.push(block.neighbours.len() as u32);
    }
    block.sources = places.people().len();
    block
}

impl Block {
    /// Everybody receives from all of their neighbours by the edges for which `kept`, which should hold for both directions
    /// or for none.
    #[must_use]
    pub fn whole(graph: &Csr, kept: impl Fn(u32, u32) -> bool) -> Block {
        let sources = graph.nodes();
        let mut block = Block {
            sources,
            offsets: vec![0],
            neighbours: Vec::new(),
        };
        block.neighbours.reserve(graph.targets().len());
        for node in 0..sources as u32 {
            block
                .neighbours
                .extend(graph.list(node).iter().filter(|&&other| kept(node, other)));
            block.offsets.push(block.neighbours.len() as u32);
        }
        block
    }

    /// A block of these lists; `None` where one names somebody who is not below `sources`, or there are more lists than
    /// that.
    #[must_use]
    pub fn from_lists(sources: usize, lists: &[Vec<u32>]) -> Option<Block> {
        let known = |node: &u32| (*node as usize) < sources;
        let fits = lists.len() <= sources && lists.iter().flatten().all(known);
        let ends = lists.iter().scan(0, |end, list| {
            *end += list.len() as u32;
            Some(*end)
        });
        let offsets = std::iter::once(0).chain(ends).collect();
        fits.then(|| Block {
            sources,
            offsets,
            neighbours: lists.concat(),
        })
    }

    /// How many people receive.
    #[must_use]
    pub fn targets(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Among how many people the senders are.
    #[must_use]
    pub fn sources(&self) -> usize {
        self.sources
    }

    /// From whom one person receives.
    ///
    /// # Panics
    /// Where there is no such receiver.
    #[must_use]
    pub fn list(&self, target: usize) -> &[u32] {
        &self.neighbours[self.offsets[target] as usize..self.offsets[target + 1] as usize]
    }

    /// How many edges there are, in their one direction.
    #[must_use]
    pub fn edges(&self) -> usize {
        self.neighbours.len()
    }

    /// The same edges from their other end: to whom each sender sends.
    #[must_use]
    pub fn reversed(&self) -> Block {
        let mut offsets = vec![0u32; self.sources + 1];
        for &source in &self.neighbours {
            offsets[source as usize + 1] += 1;
        }
        for place in 0..self.sources {
            offsets[place + 1] += offsets[place];
        }
        let mut next = offsets.clone();
        let mut neighbours = vec![0; self.neighbours.len()];
        for target in 0..self.targets() {
            for &source in self.list(target) {
                neighbours[next[source as usize] as usize] = target as u32;
                next[source as usize] += 1;
            }
        }
        Block {
            sources: self.targets(),
            offsets,
            neighbours,
        }
    }
}
