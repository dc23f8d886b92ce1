//! What takes the whole graph to know.

use nigh_graph::{Adjacency, CommunityConfig, Csr, core_numbers, leiden};
use rayon::prelude::*;

use super::features::walk_of_three;
use super::recent::Clock;
use super::spectral::spectral_embedding;
use super::walks::walk_three;
use super::{LinkConfig, LinkError, LinkScratch};
use crate::gnn::{from_bytes, to_bytes};
use crate::{Embedder, Embeddings, Matrix, Profiles};

/// What features need to know of everybody in one state of the graph: 100 bytes a person, 4 for each spectral column, some
/// 1,000 for a learned embedding and what it was made from, and those of the profile.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct LinkTables {
    facts: Vec<Facts>,
    /// Who is not here counts as this.
    typical: Facts,
    spectral: Matrix,
    lengths: Vec<f32>,
    embeddings: Embeddings,
    profiles: Profiles,
    clock: Clock,
}

/// What is known of one person.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Facts {
    pub(super) core: f32,
    /// Friends at that time.
    pub(super) degree: f32,
    /// ln (1 + days) from the last friendship to the newest of all; 0 without times.
    pub(super) last_friend: f32,
    /// The share of pairs of friends who are friends.
    pub(super) clustering: f32,
    /// Mean ln degree of the friends.
    pub(super) around: f32,
    /// Mean resource allocation with the friends.
    pub(super) friends_allocation: f32,
    /// A community's number; [`NOWHERE`] for those who are in none.
    pub(super) community: u32,
    pub(super) community_size: f32,
    /// Resource allocation of places 1, 2, 4 … of the person's own list of strangers.
    pub(super) allocations: [f32; Facts::PLACES],
    /// Walks of two and three steps at the same places.
    pub(super) walks: [f32; Facts::PLACES],
}

const NOWHERE: u32 = u32::MAX;

impl Facts {
    /// Places that are known of a list: 1, 2, 4 … 128.
    pub(super) const PLACES: usize = 8;

    pub(super) fn is_with(&self, other: &Facts) -> bool {
        self.community == other.community && self.community != NOWHERE
    }
}

const TABLES: (&[u8; 8], &str) = (b"nigh-lkt", "link table");

impl LinkTables {
    /// The tables of a graph, in parallel; the same on any number of threads. Without an embedder nobody has an embedding.
    ///
    /// # Errors
    /// [`LinkError::Learn`] where the embedder was trained on other profiles.
    pub fn of(
        graph: &Csr,
        profiles: &Profiles,
        embedder: Option<&Embedder>,
        config: &LinkConfig,
    ) -> Result<LinkTables, LinkError> {
        let clock = Clock::of(graph);
        let mut facts: Vec<Facts> = (0..graph.nodes() as u32)
            .into_par_iter()
            .map_init(LinkScratch::default, |scratch, person| {
                let facts = facts_of(graph, person, config, scratch);
                let last_friend = clock.since(graph.times(person));
                Facts {
                    last_friend,
                    ..facts
                }
            })
            .collect();
        add_cores_and_communities(graph, &mut facts);
        let spectral = spectral_embedding(graph, config.spectral);
        let length = |row: u32| {
            let row = spectral.row(row as usize);
            nigh_simd::dot(row, row).sqrt()
        };
        let embeddings = match embedder {
            Some(embedder) => embedder.embed(graph, profiles)?,
            None => Embeddings::default(),
        };
        Ok(LinkTables {
            typical: typical(&facts),
            lengths: (0..graph.nodes() as u32).map(length).collect(),
            facts,
            spectral,
            embeddings,
            profiles: profiles.clone(),
            clock,
        })
    }

    /// The number of a person's community, where they were in one.
    #[must_use]
    pub fn community(&self, person: u32) -> Option<u32> {
        let facts = self.facts.get(person as usize)?;
        (facts.community != NOWHERE && facts.degree > 0.0).then_some(facts.community)
    }

    /// Everybody's learned embeddings.
    #[must_use]
    pub fn embeddings(&self) -> &Embeddings {
        &self.embeddings
    }

    /// The embedding of a person, where there is one and the person has not many more friends or fewer by now.
    #[must_use]
    pub fn embedding_at(&self, person: u32, degree: usize) -> Option<&[f32]> {
        let then = self.facts.get(person as usize)?.degree;
        let now = degree as f32;
        let alike = now <= 1.5 * then + 1.0 && then <= 1.5 * now + 1.0 && then > 0.0;
        alike.then(|| self.embedding(person)).flatten()
    }

    pub(super) fn embedding(&self, person: u32) -> Option<&[f32]> {
        self.embeddings.row(person)
    }

    pub(super) fn profiles(&self) -> &Profiles {
        &self.profiles
    }

    pub(super) fn clock(&self) -> Clock {
        self.clock
    }

    /// Inner product and cosine of an embedding and a candidate's; 0 where one is not known.
    pub(super) fn closeness(&self, own: &[f32], candidate: u32) -> (f32, f32) {
        let Some(other) = self
            .embedding(candidate)
            .filter(|row| row.len() == own.len())
        else {
            return (0.0, 0.0);
        };
        let dot = nigh_simd::dot(own, other);
        let lengths = (nigh_simd::dot(own, own) * nigh_simd::dot(other, other)).sqrt();
        (dot, if lengths > 0.0 { dot / lengths } else { 0.0 })
    }

    /// How many people they know.
    #[must_use]
    pub fn people(&self) -> usize {
        self.facts.len()
    }

    /// Whether they say of somebody what they say of people without friends: nothing.
    #[must_use]
    pub fn is_blank(&self, person: u32) -> bool {
        let facts = self.facts(person);
        let alone = Facts {
            community: facts.community,
            community_size: facts.community_size.min(1.0),
            ..Facts::default()
        };
        let profile = self.profiles.is_blank(person);
        *facts == alone
            && profile
            && self
                .lengths
                .get(person as usize)
                .is_none_or(|&length| length == 0.0)
    }

    /// The tables as bytes, with a version and a checksum.
    ///
    /// # Errors
    /// Where they cannot be encoded.
    pub fn encode(&self) -> Result<Vec<u8>, LinkError> {
        Ok(to_bytes(TABLES.0, self)?)
    }

    /// The tables of these bytes.
    ///
    /// # Errors
    /// Where they are none, of another version, or damaged.
    pub fn decode(bytes: &[u8]) -> Result<LinkTables, LinkError> {
        let tables: LinkTables = from_bytes(TABLES, bytes)?;
        let people = tables.people();
        let numbers = people.checked_mul(tables.spectral.cols());
        let whole = numbers == Some(tables.spectral.data().len());
        let whole = whole && tables.embeddings.are_of(people) && tables.profiles.are_of(people);
        if whole && tables.spectral.rows() == people && tables.lengths.len() == people {
            return Ok(tables);
        }
        let reason = "its parts are of different numbers of people".to_owned();
        Err(crate::ModelFileError::Contents { reason }.into())
    }

    pub(super) fn facts(&self, node: u32) -> &Facts {
        self.facts.get(node as usize).unwrap_or(&self.typical)
    }

    /// Inner product and cosine of two people's embeddings; 0 where one has none.
    pub(super) fn spectral(&self, a: u32, b: u32) -> (f32, f32) {
        let (a, b) = (a as usize, b as usize);
        if a.max(b) >= self.people() {
            return (0.0, 0.0);
        }
        let dot = nigh_simd::dot(self.spectral.row(a), self.spectral.row(b));
        let lengths = self.lengths[a] * self.lengths[b];
        (dot, if lengths > 0.0 { dot / lengths } else { 0.0 })
    }
}

fn facts_of(graph: &Csr, person: u32, config: &LinkConfig, scratch: &mut LinkScratch) -> Facts {
    walk_three(graph, person, config, scratch);
    let near = |node: &u32| scratch.near[*node as usize];
    let friends = &scratch.friends;
    let degree = friends.len() as f32;
    let closed: f32 = friends.iter().map(|friend| near(friend).common).sum();
    let allocated: f32 = friends.iter().map(|friend| near(friend).allocation).sum();
    let ln_degree = |&friend: &u32| (graph.degree(friend) as f32).ln();
    let around: f32 = friends.iter().map(ln_degree).sum();
    let own = 1.0 / degree.max(1.0);
    Facts {
        degree,
        clustering: closed / (degree * (degree - 1.0)).max(1.0),
        around: around * own,
        friends_allocation: allocated * own,
        allocations: places(scratch, person, |node| scratch.near[node].allocation),
        walks: places(scratch, person, |node| {
            walk_of_three(scratch.near[node].allocation * own, scratch.far[node].three)
        }),
        ..Facts::default()
    }
}

/// The values at places 1, 2, 4 … of all strangers; 0 where there are fewer.
fn places(
    scratch: &LinkScratch,
    person: u32,
    value: impl Fn(usize) -> f32,
) -> [f32; Facts::PLACES] {
    let stranger = |&node: &u32| node != person && !scratch.is_friend[node as usize];
    let reached = scratch.reached().filter(stranger);
    let mut values: Vec<f32> = reached.map(|node| value(node as usize)).collect();
    let last = 1 << (Facts::PLACES - 1);
    if values.len() > last {
        values.select_nth_unstable_by(last - 1, |a, b| b.total_cmp(a));
        values.truncate(last);
    }
    values.sort_unstable_by(|a, b| b.total_cmp(a));
    std::array::from_fn(|place| values.get((1 << place) - 1).copied().unwrap_or(0.0))
}

fn add_cores_and_communities(graph: &Csr, facts: &mut [Facts]) {
    // The default resolution is a good one; were it not, nobody would be in a community.
    let communities = leiden(graph, &CommunityConfig::default()).unwrap_or_default();
    let mut sizes = vec![0.0; communities.count];
    for &community in &communities.of {
        sizes[community as usize] += 1.0;
    }
    for (node, (facts, core)) in facts.iter_mut().zip(core_numbers(graph)).enumerate() {
        let community = communities.of.get(node).copied().unwrap_or(NOWHERE);
        facts.core = core as f32;
        facts.community = community;
        facts.community_size = sizes.get(community as usize).copied().unwrap_or(0.0);
    }
}

/// Everybody's medians, in no community.
fn typical(facts: &[Facts]) -> Facts {
    let median = |value: &dyn Fn(&Facts) -> f32| {
        let mut values: Vec<f32> = facts.iter().map(value).collect();
        let middle = values.len() / 2;
        values.sort_unstable_by(f32::total_cmp);
        values.get(middle).copied().unwrap_or(0.0)
    };
    Facts {
        core: median(&|facts| facts.core),
        degree: median(&|facts| facts.degree),
        last_friend: median(&|facts| facts.last_friend),
        clustering: median(&|facts| facts.clustering),
        around: median(&|facts| facts.around),
        friends_allocation: median(&|facts| facts.friends_allocation),
        community: NOWHERE,
        community_size: median(&|facts| facts.community_size),
        allocations: std::array::from_fn(|place| median(&|facts| facts.allocations[place])),
        walks: std::array::from_fn(|place| median(&|facts| facts.walks[place])),
    }
}
