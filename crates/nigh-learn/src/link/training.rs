//! How are examples taken from a graph alone?

use std::ops::ControlFlow;

use nigh_graph::{Adjacency, Csr, Edge, Random};
use rayon::prelude::*;

use super::nearest::nearest_embeddings;
use super::{
    LinkAsking, LinkError, LinkModel, LinkScratch, LinkTables, LinkTraining, link_candidates,
    link_feature_names,
};
use crate::{
    Embedder, GnnTraining, Profiles, Progress, Ranker, RankerConfig, RankerExamples, TieOrder,
    Validation, splitmix64,
};

/// What a training does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkProgress {
    /// Holds out edges, computes tables of the rest and features of candidates.
    HoldOut {
        /// Which one, from 1.
        number: usize,
        /// How many there are, with that of the validation.
        of: usize,
    },
    /// Grows trees.
    Trees {
        /// On so many candidates.
        candidates: usize,
    },
    /// Computes the tables of the whole graph.
    Tables,
}

impl LinkTraining {
    /// The graph without the edges that validation holds out, and these.
    ///
    /// # Errors
    /// As for [`LinkModel::train`].
    pub fn validation(&self, graph: &Csr) -> Result<(Csr, Validation), LinkError> {
        self.check(graph)?;
        let nobody = Profiles::default();
        let HeldOut { rest, relevant, .. } = HeldOut::of(graph, &nobody, self, 0);
        let edges: Vec<Edge> = relevant.iter_edges().collect();
        let people = self.embedder.validation_people;
        let order = TieOrder::of_numbers(graph.nodes());
        Ok((rest, Validation::sample(&edges, people, order, self.seed)))
    }

    /// Trains what embeds people for [`LinkModel::train`]: on the graph without the edges that validation holds out, until
    /// these are ranked no better. `resumed` goes on where an earlier call with the same arguments was.
    ///
    /// # Errors
    /// As for [`LinkModel::train`].
    pub fn embedder(
        &self,
        graph: &Csr,
        profiles: &Profiles,
        resumed: Option<GnnTraining>,
        progress: impl FnMut(&GnnTraining, Progress) -> ControlFlow<()>,
    ) -> Result<Embedder, LinkError> {
        let (rest, validation) = self.validation(graph)?;
        let mut config = self.embedder.clone();
        config.network.seed = config.network.seed.wrapping_add(self.seed);
        Embedder::train(&rest, profiles, &validation, &config, resumed, progress)
    }
}

impl LinkModel {
    /// Trains a model on a graph, and computes the graph's tables.
    ///
    /// Some edges are held out, at random or, where they have times, the newest ones; candidates are looked for in what remains
    /// (of what was before), and those held out are the right ones.
    /// Wrong ones are left out by chance alone. Edges of another draw say after how many trees to stop. The same graph and
    /// settings give the same model on any number of threads. `progress` may stop it before each part.
    ///
    /// # Errors
    /// [`LinkError`] where too few edges are there to learn from, a setting is out of its range, or `progress` said so.
    pub fn train(
        graph: &Csr,
        profiles: &Profiles,
        embedder: Embedder,
        config: &LinkTraining,
        mut progress: impl FnMut(LinkProgress) -> ControlFlow<()>,
    ) -> Result<(LinkModel, LinkTables), LinkError> {
        config.check(graph)?;
        let mut next = |part| match progress(part) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(LinkError::Stopped),
        };
        let mut examples = RankerExamples::new(&link_feature_names());
        let of = config.hold_outs + 1;
        for number in 1..of {
            next(LinkProgress::HoldOut { number, of })?;
            let held_out = HeldOut::of(graph, profiles, config, number as u64);
            examples.append(held_out.examples(&embedder, config.people, config.kept)?)?;
        }
        next(LinkProgress::HoldOut { number: of, of })?;
        let validation = HeldOut::of(graph, profiles, config, 0);
        let validation = validation.examples(&embedder, config.validation_people, 1.0)?;
        let candidates = examples.labels().len();
        next(LinkProgress::Trees { candidates })?;
        let ranker = grown(&examples, &validation, config)?;
        drop((examples, validation));
        next(LinkProgress::Tables)?;
        let tables = LinkTables::of(graph, profiles, Some(&embedder), &config.candidates)?;
        let model = LinkModel::new(ranker, config.candidates.clone(), embedder);
        Ok((model, tables))
    }
}

fn grown(
    examples: &RankerExamples,
    validation: &RankerExamples,
    config: &LinkTraining,
) -> Result<Ranker, LinkError> {
    let seed = config.ranker.seed.wrapping_add(config.seed);
    let ranker = RankerConfig {
        seed,
        ..config.ranker.clone()
    };
    // In a tiny graph no candidate may be a held-out friend.
    let says_something = validation.labels().contains(&1.0);
    let validation = says_something.then_some(validation);
    Ok(Ranker::train(examples, validation, &ranker)?)
}

/// A graph without some of its edges, and these.
struct HeldOut<'a> {
    rest: Csr,
    relevant: Csr,
    profiles: &'a Profiles,
    config: &'a LinkTraining,
    seed: u64,
}

impl<'a> HeldOut<'a> {
    fn of(
        graph: &Csr,
        profiles: &'a Profiles,
        config: &'a LinkTraining,
        number: u64,
    ) -> HeldOut<'a> {
        let seed = Random::stream(&[config.seed, 0x4e1d, number]).bits();
        let mut edges: Vec<Edge> = graph.iter_edges().collect();
        let count = config.held_out(graph);
        let (held_out, rest) = match is_mostly_timed(&edges) {
            true => newest(&mut edges, count, number as usize, seed),
            false => {
                draw_first(&mut edges, count, seed);
                edges.split_at(count)
            }
        };
        HeldOut {
            rest: Csr::from_edges(graph.nodes(), rest),
            relevant: Csr::from_edges(graph.nodes(), held_out),
            profiles,
            config,
            seed,
        }
    }

    /// The candidates of at most so many people of whom one is right, with this share of the wrong ones.
    fn examples(
        &self,
        embedder: &Embedder,
        people: usize,
        kept: f64,
    ) -> Result<RankerExamples, LinkError> {
        let config = &self.config.candidates;
        let tables = LinkTables::of(&self.rest, self.profiles, Some(embedder), config)?;
        let chunks: Vec<Result<RankerExamples, LinkError>> = self
            .people(people)
            .par_chunks(64)
            .map_init(LinkScratch::default, |scratch, people| {
                let mut examples = RankerExamples::new(&link_feature_names());
                for &person in people {
                    self.push(person, kept, &tables, scratch, &mut examples)?;
                }
                Ok(examples)
            })
            .collect();
        let mut all = RankerExamples::new(&link_feature_names());
        for chunk in chunks {
            all.append(chunk?)?;
        }
        Ok(all)
    }

    fn people(&self, most: usize) -> Vec<u32> {
        let nodes = 0..self.relevant.nodes() as u32;
        let mut people: Vec<u32> = nodes
            .filter(|&node| self.relevant.degree(node) > 0)
            .collect();
        draw_first(&mut people, most, self.seed.wrapping_add(1));
        people.truncate(most);
        people
    }

    fn push(
        &self,
        person: u32,
        kept: f64,
        tables: &LinkTables,
        scratch: &mut LinkScratch,
        examples: &mut RankerExamples,
    ) -> Result<(), LinkError> {
        let config = &self.config.candidates;
        let own = tables.embedding(person).unwrap_or(&[]);
        let elsewhere = nearest_embeddings(&self.rest, tables, person, own, config.by_embedding);
        let asking = LinkAsking {
            elsewhere: &elsewhere,
            ..LinkAsking::new(person)
        };
        let found = link_candidates(&self.rest, tables, &asking, config, scratch);
        let right: Vec<bool> = found
            .nodes
            .iter()
            .map(|&node| self.relevant.has_edge(person, node))
            .collect();
        if !right.contains(&true) {
            return Ok(());
        }
        let mut random = Random::stream(&[self.seed, 2, u64::from(person)]);
        let (mut rows, mut labels) = (Vec::new(), Vec::new());
        let width = found.rows.len() / right.len();
        for (row, &right) in found.rows.chunks_exact(width).zip(&right) {
            let drawn = random.unit() < kept;
            if right || drawn {
                rows.extend_from_slice(row);
                labels.push(right);
            }
        }
        Ok(examples.push(&rows, &labels)?)
    }
}

/// Of the few times in a graph that has hardly any nothing could be told.
fn is_mostly_timed(edges: &[Edge]) -> bool {
    let timed = edges.iter().filter(|edge| edge.time > 0).count();
    timed * 2 > edges.len()
}

/// The newest edges, and those before them, where equal times come by chance. Number 0 is validation; the others look back from
/// before it, each further by a quarter of as many, as long as half remain.
///
/// What is learned is then what it takes to tell tomorrow's friendships today, which chance would not ask for.
fn newest(edges: &mut [Edge], count: usize, number: usize, seed: u64) -> (&[Edge], &[Edge]) {
    let chance = |edge: &Edge| splitmix64(seed ^ (u64::from(edge.a) << 32 | u64::from(edge.b)));
    edges.sort_by_cached_key(|edge| (edge.time, chance(edge)));
    let back = match number {
        0 => 0,
        _ => count + (number - 1) * count / 4,
    };
    let back = back.min(edges.len() / 2);
    let end = (edges.len() - back).max(count);
    let (before, held_out) = edges[..end].split_at(end - count);
    (held_out, before)
}

/// Puts a uniform draw of `count` first.
fn draw_first<T>(all: &mut [T], count: usize, seed: u64) {
    let mut random = Random::new(seed);
    for place in 0..count.min(all.len()) {
        let other = place + random.below(all.len() - place);
        all.swap(place, other);
    }
}
