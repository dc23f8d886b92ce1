//! How often two friends of somebody are friends.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use crate::community::random::Random;
use crate::{Adjacency, Csr};

/// How clustering is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClusteringConfig {
    /// Above this many steps of the exact count, which [`clustering`] knows beforehand, it samples.
    pub exact_steps: u64,
    /// How many pairs of neighbours it samples for each figure.
    pub samples: usize,
    /// Which ones.
    pub seed: u64,
}

impl Default for ClusteringConfig {
    /// Exact up to five billion steps; 100,000 samples, which give ± 0.0043.
    fn default() -> Self {
        let (exact_steps, samples, seed) = (5_000_000_000, 100_000, 0);
        ClusteringConfig {
            exact_steps,
            samples,
            seed,
        }
    }
}

/// A figure, and how far off it may be.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// Half the width of its 95 % interval (by Hoeffding's inequality); 0 where it is exact.
    pub margin: f64,
}

/// Clustering coefficients, from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Clustering {
    /// The share of pairs of neighbours of the same node that are joined (transitivity).
    pub global: Estimate,
    /// The mean over nodes of that share among each one's neighbours; nodes with fewer than two count as 0.
    pub local: Estimate,
    /// How many triangles there are, where they were counted.
    pub triangles: Option<u64>,
}

/// The clustering of a graph, exact where `config` affords it and sampled above (Seshadhri, Pinar & Kolda 2013, *Triadic
/// measures on graphs: the power of wedge sampling*).
#[must_use]
pub fn clustering(graph: &Csr, config: &ClusteringConfig) -> Clustering {
    let upward = Upward::of(graph);
    if upward.steps() <= config.exact_steps || config.samples == 0 {
        exact(graph, &upward.triangles())
    } else {
        sampled(graph, config)
    }
}

/// How many triangles each node is part of, in parallel (the forward algorithm of Schank & Wagner 2005).
#[must_use]
pub fn triangle_counts(graph: &Csr) -> Vec<u64> {
    Upward::of(graph).triangles()
}

/// Each node's neighbours of higher degree, of the same degree by number: lists no longer than √(2 edges).
struct Upward {
    offsets: Vec<usize>,
    /// As ranks, ascending.
    targets: Vec<u32>,
    /// The node of each rank.
    nodes: Vec<u32>,
}

impl Upward {
    fn of(graph: &Csr) -> Upward {
        let mut nodes: Vec<u32> = (0..graph.nodes() as u32).collect();
        nodes.par_sort_unstable_by_key(|&node| (graph.degree(node), node));
        let mut rank = vec![0; nodes.len()];
        for (place, &node) in nodes.iter().enumerate() {
            rank[node as usize] = place as u32;
        }
        let (mut offsets, mut targets) = (vec![0], Vec::with_capacity(graph.edges()));
        for (own, &node) in nodes.iter().enumerate() {
            let start = targets.len();
            let ranks = graph.list(node).iter().map(|&other| rank[other as usize]);
            targets.extend(ranks.filter(|&other| other > own as u32));
            targets[start..].sort_unstable();
            offsets.push(targets.len());
        }
        Upward {
            offsets,
            targets,
            nodes,
        }
    }

    fn list(&self, rank: u32) -> &[u32] {
        &self.targets[self.offsets[rank as usize]..self.offsets[rank as usize + 1]]
    }

    /// How many numbers counting triangles reads at most.
    fn steps(&self) -> u64 {
        let of_one = |rank: u32| {
            let list = self.list(rank);
            let others: usize = list.iter().map(|&other| self.list(other).len()).sum();
            (others + list.len() * list.len()) as u64
        };
        (0..self.nodes.len() as u32).map(of_one).sum()
    }

    fn triangles(&self) -> Vec<u64> {
        let counts: Vec<AtomicU64> = self.nodes.iter().map(|_| AtomicU64::new(0)).collect();
        let count = |rank: u32, more: u64| {
            let node = self.nodes[rank as usize] as usize;
            counts[node].fetch_add(more, Ordering::Relaxed);
        };
        (0..self.nodes.len() as u32)
            .into_par_iter()
            .for_each(|low| {
                let list = self.list(low);
                let mut of_low = 0;
                for &middle in list {
                    let found = each_common(list, self.list(middle), |high| count(high, 1));
                    count(middle, found);
                    of_low += found;
                }
                count(low, of_low);
            });
        counts.into_iter().map(AtomicU64::into_inner).collect()
    }
}

/// Calls `found` with each number that two ascending rows have in common; how many there are.
fn each_common(a: &[u32], b: &[u32], mut found: impl FnMut(u32)) -> u64 {
    let (mut i, mut j, mut count) = (0, 0, 0);
    while let (Some(&x), Some(&y)) = (a.get(i), b.get(j)) {
        if x == y {
            found(x);
            count += 1;
        }
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    count
}

fn exact(graph: &Csr, triangles: &[u64]) -> Clustering {
    let (mut closed, mut all, mut local) = (0, 0, 0.0);
    for (node, &count) in triangles.iter().enumerate() {
        let pairs = pairs_at(graph, node as u32);
        closed += count;
        all += pairs;
        local += if pairs > 0 {
            count as f64 / pairs as f64
        } else {
            0.0
        };
    }
    let known = |value| Estimate { value, margin: 0.0 };
    Clustering {
        global: known(closed as f64 / all.max(1) as f64),
        local: known(local / triangles.len().max(1) as f64),
        triangles: Some(closed / 3),
    }
}

fn sampled(graph: &Csr, config: &ClusteringConfig) -> Clustering {
    let mut random = Random::new(config.seed);
    let mut ends = Vec::with_capacity(graph.nodes());
    let mut pairs = 0;
    for node in 0..graph.nodes() as u32 {
        pairs += pairs_at(graph, node);
        ends.push(pairs);
    }
    let (mut global, mut local) = (0, 0);
    for _ in 0..config.samples {
        let pair = random.below(pairs as usize) as u64;
        let by_pair = ends.partition_point(|&end| end <= pair);
        global += usize::from(is_closed(graph, by_pair as u32, &mut random));
        let by_node = random.below(graph.nodes());
        local += usize::from(is_closed(graph, by_node as u32, &mut random));
    }
    let margin = ((2.0_f64 / 0.05).ln() / (2.0 * config.samples as f64)).sqrt();
    let estimate = |closed: usize| Estimate {
        value: closed as f64 / config.samples as f64,
        margin,
    };
    Clustering {
        global: estimate(global),
        local: estimate(local),
        triangles: None,
    }
}

/// Whether two neighbours of a node, drawn at random, are joined.
fn is_closed(graph: &Csr, node: u32, random: &mut Random) -> bool {
    let list = graph.list(node);
    if list.len() < 2 {
        return false;
    }
    let first = random.below(list.len());
    let second = (first + 1 + random.below(list.len() - 1)) % list.len();
    graph.has_edge(list[first], list[second])
}

fn pairs_at(graph: &Csr, node: u32) -> u64 {
    let degree = graph.degree(node) as u64;
    degree * degree.saturating_sub(1) / 2
}
