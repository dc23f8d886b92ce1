//! Who is worth a look?

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use nigh_graph::{Adjacency, allocation};

use super::features::{Viewer, Walks};
use super::recent::add_recent;
use super::scratch::LinkScratch;
use super::walks::{walk_fourth, walk_three};
use super::{LinkConfig, LinkTables};

/// Which searches found a candidate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkSources {
    /// Resource allocation: it has friends in common.
    pub allocation: bool,
    /// Walks of two to four steps.
    pub walks: bool,
    /// Paths of three steps.
    pub paths: bool,
    /// Another search, which the caller made.
    pub elsewhere: bool,
}

/// Who asks.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinkAsking<'a> {
    /// The person.
    pub person: u32,
    /// The person's embedding, where it is not that of the tables.
    pub embedding: Option<&'a [f32]>,
    /// Candidates from elsewhere; those count that are in the graph.
    pub elsewhere: &'a [u32],
}

impl LinkAsking<'_> {
    /// A person of whom the tables know all.
    #[must_use]
    pub fn new(person: u32) -> LinkAsking<'static> {
        LinkAsking {
            person,
            ..LinkAsking::default()
        }
    }
}

/// People who may know somebody, and what is known of each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LinkCandidates {
    /// The candidates, ascending. Neither the person nor a friend.
    pub nodes: Vec<u32>,
    /// A row for each of them, of as many values as [`link_feature_names`](super::link_feature_names) has names.
    pub rows: Vec<f32>,
    /// How many friends each has in common with the person, at most 65,535.
    pub common: Vec<u16>,
    /// Which searches found each.
    pub sources: Vec<LinkSources>,
    /// Paths of two steps that were followed.
    pub paths: usize,
    /// Of how many friends the lists were not read, for want of paths.
    pub skipped: usize,
}

/// Candidates for a person, with their features.
///
/// `tables` may be of an earlier graph: who is not in them counts as typical there.
///
/// Time: two steps for each path of two steps, of which there are at most [`LinkConfig::max_paths`], at most two times
/// 1 / [`LinkConfig::tolerance`] for longer ones, and a few for everybody reached.
///
/// # Panics
/// Where the graph has no such person.
#[must_use]
pub fn link_candidates(
    graph: &impl Adjacency,
    tables: &LinkTables,
    asking: &LinkAsking<'_>,
    config: &LinkConfig,
    scratch: &mut LinkScratch,
) -> LinkCandidates {
    let person = asking.person;
    let afforded = walk_three(graph, person, config, scratch);
    walk_fourth(graph, config.tolerance, scratch);
    add_recent(graph, person, tables.clock(), scratch);
    let found = found(graph, person, asking.elsewhere, config, scratch);
    let (nodes, sources): (Vec<u32>, _) = found.into_iter().unzip();
    let common = nodes
        .iter()
        .map(|&node| scratch.near[node as usize].common as u16);
    let common = common.collect();
    let viewer = Viewer {
        graph,
        tables,
        scratch,
        person,
        embedding: asking.embedding.or(tables.embedding(person)).unwrap_or(&[]),
    };
    LinkCandidates {
        rows: viewer.rows(&nodes),
        nodes,
        common,
        sources,
        paths: afforded.paths,
        skipped: afforded.skipped,
    }
}

const NOWHERE: LinkSources = LinkSources {
    allocation: false,
    walks: false,
    paths: false,
    elsewhere: false,
};
const ALLOCATION: LinkSources = LinkSources {
    allocation: true,
    ..NOWHERE
};
const WALKS: LinkSources = LinkSources {
    walks: true,
    ..NOWHERE
};
const PATHS: LinkSources = LinkSources {
    paths: true,
    ..NOWHERE
};
const ELSEWHERE: LinkSources = LinkSources {
    elsewhere: true,
    ..NOWHERE
};

/// Everybody whom a search found, once, ascending.
fn found(
    graph: &impl Adjacency,
    person: u32,
    extra: &[u32],
    config: &LinkConfig,
    scratch: &mut LinkScratch,
) -> Vec<(u32, LinkSources)> {
    let mut found = Vec::new();
    let mut push = |keys: BinaryHeap<Reverse<u64>>, source: LinkSources| {
        let nodes = keys.iter().map(|&Reverse(key)| !(key as u32));
        found.extend(nodes.map(|node| (node, source)));
    };
    let exact = |score: f32, _: u32| score;
    let by_allocation = |node: usize| scratch.near[node].allocation;
    let keys = best(scratch, person, config.by_allocation, by_allocation, exact);
    push(keys, ALLOCATION);
    let own = allocation(scratch.friends.len());
    let by_walks = |node: usize| {
        let (near, far) = (&scratch.near[node], &scratch.far[node]);
        Walks::of(near, far, own).near
    };
    let keys = best(scratch, person, config.by_walks, by_walks, exact);
    push(keys, WALKS);
    let at_most = |node: usize| scratch.far[node].paths;
    let by_paths = |paths: f32, node: u32| paths * allocation(graph.degree(node)).sqrt();
    let keys = best(scratch, person, config.by_paths, at_most, by_paths);
    push(keys, PATHS);
    let may_be = |&&node: &&u32| {
        (node as usize) < graph.nodes() && node != person && !scratch.is_friend[node as usize]
    };
    found.extend(extra.iter().filter(may_be).map(|&node| (node, ELSEWHERE)));
    merged(found)
}

/// The keys of the best `count`: a score above 0, then the lower number. `score` is asked where `at_most`, which it never exceeds,
/// may be among them: for most people nothing but that is computed.
fn best(
    scratch: &LinkScratch,
    person: u32,
    count: usize,
    at_most: impl Fn(usize) -> f32,
    score: impl Fn(f32, u32) -> f32,
) -> BinaryHeap<Reverse<u64>> {
    let mut keys = BinaryHeap::with_capacity(count + 1);
    let mut least = 0.0;
    for node in scratch.reached() {
        let at_most = at_most(node as usize);
        let stranger = || node != person && !scratch.is_friend[node as usize];
        if count == 0 || at_most <= 0.0 || at_most < least || !stranger() {
            continue;
        }
        let score = score(at_most, node);
        if score <= 0.0 {
            continue;
        }
        keys.push(Reverse(u64::from(score.to_bits()) << 32 | u64::from(!node)));
        if keys.len() > count {
            keys.pop();
            let worst = keys.peek().map_or(0, |&Reverse(key)| key);
            least = f32::from_bits((worst >> 32) as u32);
        }
    }
    keys
}

fn merged(mut found: Vec<(u32, LinkSources)>) -> Vec<(u32, LinkSources)> {
    found.sort_unstable_by_key(|entry| entry.0);
    found.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            let (a, b) = (next.1, &mut kept.1);
            b.allocation |= a.allocation;
            b.walks |= a.walks;
            b.paths |= a.paths;
            b.elsewhere |= a.elsewhere;
        }
        same
    });
    found
}
