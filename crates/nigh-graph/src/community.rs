//! Communities: groups whose members know each other more than chance would have it.

pub(crate) mod level;
mod moving;
pub(crate) mod random;
mod refine;

use level::Level;
use random::Random;

use crate::{Adjacency, Csr};

/// How communities are looked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CommunityConfig {
    /// Above 1 for more and smaller communities, below 1 for fewer and larger ones.
    pub resolution: f64,
    /// Which of many equally plausible orders the nodes are visited in.
    pub seed: u64,
    /// How many times the search goes over the whole graph at most, each from what the last one found.
    pub rounds: usize,
}

impl Default for CommunityConfig {
    /// One round: on Cornell5 a second adds less than 0.001 of modularity, and to Leiden half its time or more.
    fn default() -> Self {
        let (resolution, seed, rounds) = (1.0, 0, 1);
        CommunityConfig {
            resolution,
            seed,
            rounds,
        }
    }
}

/// A graph's nodes in groups, everybody in one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Communities {
    /// The community of each node, below `count`; the largest community is 0, the next 1 and so on.
    pub of: Vec<u32>,
    /// How many communities there are.
    pub count: usize,
    /// How good they are, at the resolution that they were looked for: see [`modularity`].
    pub modularity: f64,
}

/// Why no communities could be looked for.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum CommunityError {
    /// The resolution means nothing.
    #[error("the resolution is {0}; expected a finite number of at least 0")]
    Resolution(f64),
}

/// Communities by the Louvain method (Blondel et al. 2008, *Fast unfolding of communities in large networks*), with nodes
/// moved again on the way back from coarse to fine (Rotta & Noack 2011).
///
/// Weights count where the graph has them; those that are not finite and positive count as 0. A community need not be
/// connected: see [`leiden`]. The result is a function of graph and config, and takes one thread.
///
/// # Errors
/// [`CommunityError::Resolution`].
pub fn louvain(graph: &Csr, config: &CommunityConfig) -> Result<Communities, CommunityError> {
    search(graph, config, Method::Louvain).map(|of| into_communities(graph, of, config))
}

/// Communities by the Leiden method (Traag, Waltman & van Eck 2019, *From Louvain to Leiden: guaranteeing well-connected
/// communities*): each of them is connected.
///
/// Where the paper draws a node's refined community at random by its gain, this takes the best one. Weights and the rest
/// are as in [`louvain`].
///
/// # Errors
/// [`CommunityError::Resolution`].
pub fn leiden(graph: &Csr, config: &CommunityConfig) -> Result<Communities, CommunityError> {
    let of = search(graph, config, Method::Leiden)?;
    let connected = refine::connected_parts(graph, &of);
    Ok(into_communities(graph, connected, config))
}

/// Newman's modularity with a resolution (Reichardt & Bornholdt 2006): the share of edge weight inside communities, less
/// `resolution` times what it would be if edges were dealt out at random among nodes of the same strengths.
///
/// `of` holds a community for each node, any numbers; nodes beyond its end are in none. 0 for a graph without edges.
#[must_use]
pub fn modularity(graph: &Csr, of: &[u32], resolution: f64) -> f64 {
    let level = Level::of(graph);
    if level.total <= 0.0 {
        return 0.0;
    }
    let communities = of.iter().max().map_or(0, |&largest| largest as usize + 1);
    let mut strength = vec![0.0; communities];
    let mut inside = 0.0;
    for (node, &own) in of.iter().enumerate().take(level.nodes()) {
        strength[own as usize] += level.strength[node];
        level.each_arc(node, |target, weight| {
            if of.get(target as usize) == Some(&own) {
                inside += weight;
            }
        });
    }
    let by_chance: f64 = strength.iter().map(|s| (s / level.total).powi(2)).sum();
    inside / level.total - resolution * by_chance
}

#[derive(Clone, Copy, PartialEq)]
enum Method {
    Louvain,
    Leiden,
}

fn search(
    graph: &Csr,
    config: &CommunityConfig,
    method: Method,
) -> Result<Vec<u32>, CommunityError> {
    let &CommunityConfig {
        resolution, seed, ..
    } = config;
    if !resolution.is_finite() || resolution < 0.0 {
        return Err(CommunityError::Resolution(resolution));
    }
    let level = Level::of(graph);
    let mut of: Vec<u32> = (0..level.nodes() as u32).collect();
    let mut random = Random::new(seed);
    for _ in 0..config.rounds.max(1) {
        if !improve(&level, &mut of, method, resolution, &mut random) {
            break;
        }
    }
    Ok(of)
}

/// Moves nodes, then the groups they form, then groups of those; whether anything moved.
fn improve(
    level: &Level<'_>,
    of: &mut [u32],
    method: Method,
    resolution: f64,
    random: &mut Random,
) -> bool {
    let moved = moving::move_nodes(level, of, resolution, random);
    renumber(of);
    let mut groups = match method {
        Method::Louvain => of.to_vec(),
        Method::Leiden => refine::refine(level, of, resolution, random),
    };
    let count = renumber(&mut groups);
    if count == level.nodes() {
        return moved;
    }
    let upper = level.aggregate(&groups, count);
    let mut upper_of = vec![0; count];
    for (&group, &own) in groups.iter().zip(&*of) {
        upper_of[group as usize] = own;
    }
    let groups_moved = improve(&upper, &mut upper_of, method, resolution, random);
    for (own, &group) in of.iter_mut().zip(&groups) {
        *own = upper_of[group as usize];
    }
    if groups_moved {
        moving::move_nodes(level, of, resolution, random);
    }
    moved || groups_moved
}

/// Numbers labels anew from 0 in the order of their first appearance; how many there are. Labels lie below the row's length.
pub(crate) fn renumber(labels: &mut [u32]) -> usize {
    let mut new = vec![u32::MAX; labels.len()];
    let mut count = 0;
    for label in labels {
        let new = &mut new[*label as usize];
        if *new == u32::MAX {
            *new = count;
            count += 1;
        }
        *label = *new;
    }
    count as usize
}

fn into_communities(graph: &Csr, mut of: Vec<u32>, config: &CommunityConfig) -> Communities {
    debug_assert_eq!(of.len(), graph.nodes());
    let count = renumber(&mut of);
    let mut sizes = vec![0_usize; count];
    of.iter().for_each(|&own| sizes[own as usize] += 1);
    let mut by_size: Vec<u32> = (0..count as u32).collect();
    by_size.sort_by_key(|&community| std::cmp::Reverse(sizes[community as usize]));
    let mut rank = vec![0; count];
    for (place, &community) in by_size.iter().enumerate() {
        rank[community as usize] = place as u32;
    }
    of.iter_mut().for_each(|own| *own = rank[*own as usize]);
    let modularity = modularity(graph, &of, config.resolution);
    Communities {
        of,
        count,
        modularity,
    }
}
