//! The trained ranking of a network: trees over how candidates are reached, and embeddings with an index of their own.

mod files;
mod profiles;
mod train;

use std::collections::HashSet;
use std::path::Path;
use std::time::Instant;

use nigh_graph::{Adjacency, Scored};
use nigh_index::{SearchParams, Segment};
use nigh_learn::{
    LinkAsking, LinkModel, LinkScratch, LinkTables, link_candidates, nearest_embeddings,
};
use nigh_store::Person;

use super::NetworkError;
use crate::trace::Trace;

pub use files::About;
pub(super) use files::current_folder;
pub(super) use train::Data;
pub use train::{TrainProgress, Trained};

use files::Files;

/// A model, what it needs to know of everybody, and an index of the embeddings.
#[derive(Debug)]
pub(super) struct Ranking {
    model: LinkModel,
    tables: LinkTables,
    /// Without it a person's embedding is compared with everybody's.
    index: Option<Segment>,
    /// The last change that the tables know.
    sequence: u64,
}

/// What a search for candidates found.
pub(super) struct Ranked {
    /// Best first.
    pub(super) found: Vec<Scored<f32>>,
    pub(super) skipped: usize,
}

/// Friends are among the nearest, and are looked past; not past more than so many.
const FRIENDS_PASSED: usize = 2_000;
/// One list in so many is searched.
const LISTS_SHARE: usize = 8;

impl Ranking {
    /// The ranking of a network, if it was trained.
    ///
    /// # Errors
    /// Why it cannot be used, in a sentence.
    pub(super) fn open(dir: &Path) -> Result<Option<Ranking>, String> {
        Files::open(dir)
    }

    /// The last change that the tables know.
    pub(super) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// How many people the tables know.
    pub(super) fn people(&self) -> usize {
        self.tables.people()
    }

    /// How many people the index has.
    pub(super) fn indexed(&self) -> usize {
        self.index.as_ref().map_or(0, Segment::len)
    }

    /// How many trees score a candidate.
    pub(super) fn trees(&self) -> usize {
        self.model.trees()
    }

    /// Of whom of these anything is said that is not said of everybody without friends and attributes.
    pub(super) fn knows(&self, people: &[u32]) -> Vec<u32> {
        let labels = self.index.as_ref().map_or(&[][..], Segment::labels);
        let indexed: HashSet<u64> = labels.iter().copied().collect();
        let known = |&&person: &&u32| {
            let in_tables = (person as usize) < self.people() && !self.tables.is_blank(person);
            in_tables || indexed.contains(&person.into())
        };
        people.iter().filter(known).copied().collect()
    }

    /// A person's candidates, ranked. `about` is asked where the tables do not know the person as they are now.
    pub(super) fn rank(
        &self,
        graph: &impl Adjacency,
        person: u32,
        about: impl FnOnce() -> Result<Person, NetworkError>,
        scratch: &mut LinkScratch,
        trace: &mut Trace,
    ) -> Result<Ranked, NetworkError> {
        let config = self.model.config();
        let stage = Instant::now();
        let known = self.tables.embedding_at(person, graph.degree(person));
        let own = match known {
            Some(row) => row.to_vec(),
            None => self.embed(graph, person, &about()?)?,
        };
        let nearest = self.nearest(graph, person, &own, config.by_embedding);
        trace.push("embedding", self.tables.people(), nearest.len(), stage);

        let stage = Instant::now();
        let asking = LinkAsking {
            person,
            embedding: Some(&own),
            elsewhere: &nearest,
        };
        let candidates = link_candidates(graph, &self.tables, &asking, config, scratch);
        let count = candidates.nodes.len();
        trace.push("paths", candidates.paths, count, stage);

        let stage = Instant::now();
        let mut scores = Vec::new();
        self.model.score(&candidates, &mut scores)?;
        let scored = candidates.nodes.iter().zip(scores);
        let mut found: Vec<Scored<f32>> = scored
            .map(|(&node, score)| Scored { node, score })
            .collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.node.cmp(&b.node)));
        trace.push("rank", count, count, stage);
        let skipped = candidates.skipped;
        Ok(Ranked { found, skipped })
    }

    /// The embedding of a person whom the tables do not know as they are now.
    fn embed(
        &self,
        graph: &impl Adjacency,
        person: u32,
        about: &Person,
    ) -> Result<Vec<f32>, NetworkError> {
        let profile = profiles::of_one(&self.model.profiles, about);
        let known = self.tables.embeddings();
        let embedder = self.model.embedder();
        let row = embedder.embed_newcomer(graph, known, person, &profile);
        Ok(row.map_err(nigh_learn::LinkError::from)?)
    }

    /// The strangers whose embeddings are nearest.
    fn nearest(&self, graph: &impl Adjacency, person: u32, own: &[f32], count: usize) -> Vec<u32> {
        let Some(index) = &self.index else {
            return nearest_embeddings(graph, &self.tables, person, own, count);
        };
        let mut buffer = Vec::new();
        let friends = graph.neighbours(person, &mut buffer);
        let k = count + 1 + friends.len().min(FRIENDS_PASSED);
        let params = match index.lists() {
            0 | 1 => SearchParams::exact(k),
            lists => SearchParams::ivf(k, lists.div_ceil(LISTS_SHARE)),
        };
        // An embedding is of the index's width; were it not, nobody would be near.
        let Ok(found) = index.search(own, &params, None) else {
            return Vec::new();
        };
        let nodes = found.neighbors.iter().map(|near| near.label as u32);
        let stranger = |node: &u32| *node != person && friends.binary_search(node).is_err();
        nodes.filter(stranger).take(count).collect()
    }

    /// How the inner product of embeddings scores everybody; those who have none come last.
    pub(super) fn score_by_embedding(&self, person: u32, scores: &mut [f32]) {
        scores.fill(f32::NEG_INFINITY);
        let embeddings = self.tables.embeddings();
        if let Some(own) = embeddings.row(person) {
            let rows = embeddings.rows();
            let known = &mut scores[..rows.rows()];
            nigh_simd::dot_rows(own, rows.data(), known);
        }
    }

    /// The community of a person: their own, or for somebody who came later that of most of their friends.
    pub(super) fn community(&self, graph: &impl Adjacency, person: u32) -> Option<u32> {
        self.tables.community(person).or_else(|| {
            let mut buffer = Vec::new();
            let friends = graph.neighbours(person, &mut buffer).iter();
            let mut of: Vec<u32> = friends
                .filter_map(|&friend| self.tables.community(friend))
                .collect();
            of.sort_unstable();
            let most = of.chunk_by(|a, b| a == b).max_by_key(|same| same.len());
            most.map(|same| same[0])
        })
    }
}
