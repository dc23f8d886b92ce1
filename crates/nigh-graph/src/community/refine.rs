//! What Leiden adds to Louvain: communities are taken apart and put together again before they become nodes.

use super::level::{Level, Sums};
use super::random::Random;
use crate::{Adjacency, Csr};

/// Groups of nodes inside the communities `of`, each connected and well connected to the rest of its community (Traag,
/// Waltman & van Eck 2019, algorithm A.2).
pub(super) fn refine(
    level: &Level<'_>,
    of: &[u32],
    resolution: f64,
    random: &mut Random,
) -> Vec<u32> {
    let mut refining = Refining::of(level, of, resolution);
    for node in random.order(level.nodes()) {
        refining.visit(level, of, node);
    }
    refining.groups
}

/// The connected parts of each community, as labels below the number of nodes.
///
/// A part alone has a modularity at least as high: no edge is lost and less is expected.
pub(super) fn connected_parts(graph: &Csr, of: &[u32]) -> Vec<u32> {
    let mut parts = vec![u32::MAX; graph.nodes()];
    let mut stack = Vec::new();
    for start in 0..graph.nodes() as u32 {
        if parts[start as usize] != u32::MAX {
            continue;
        }
        parts[start as usize] = start;
        stack.push(start);
        while let Some(node) = stack.pop() {
            for &target in graph.list(node) {
                let free = parts[target as usize] == u32::MAX;
                if free && of[target as usize] == of[node as usize] {
                    parts[target as usize] = start;
                    stack.push(target);
                }
            }
        }
    }
    parts
}

struct Refining {
    groups: Vec<u32>,
    sizes: Vec<u32>,
    /// Of each group: its strength, and the weight of arcs from it to the rest of its community.
    strength: Vec<f64>,
    outward: Vec<f64>,
    community_strength: Vec<f64>,
    sums: Sums,
    price: f64,
}

impl Refining {
    fn of(level: &Level<'_>, of: &[u32], resolution: f64) -> Refining {
        let nodes = level.nodes();
        let mut community_strength = vec![0.0; nodes];
        let mut outward = vec![0.0; nodes];
        for (node, &own) in of.iter().enumerate() {
            community_strength[own as usize] += level.strength[node];
            level.each_arc(node, |target, weight| {
                if of[target as usize] == own {
                    outward[node] += weight;
                }
            });
        }
        Refining {
            groups: (0..nodes as u32).collect(),
            sizes: vec![1; nodes],
            strength: level.strength.clone(),
            outward,
            community_strength,
            sums: Sums::new(nodes),
            price: if level.total > 0.0 {
                resolution / level.total
            } else {
                0.0
            },
        }
    }

    /// Joins a node that is still alone to the group where it adds the most.
    fn visit(&mut self, level: &Level<'_>, of: &[u32], node: u32) {
        let (own, at) = (of[node as usize], node as usize);
        if self.sizes[at] != 1 || self.groups[at] != node || !self.well_connected(node, own) {
            return;
        }
        let (groups, sums) = (&self.groups, &mut self.sums);
        level.each_arc(at, |target, weight| {
            if of[target as usize] == own {
                sums.add(groups[target as usize], weight);
            }
        });
        let mut sums = std::mem::replace(&mut self.sums, Sums::new(0));
        let (mut best, mut best_gain, mut best_weight) = (None, 0.0, 0.0);
        sums.drain(|group, weight| {
            let gain = weight - self.price * self.strength[at] * self.strength[group as usize];
            if group != node && gain > best_gain && self.well_connected(group, own) {
                (best, best_gain, best_weight) = (Some(group), gain, weight);
            }
        });
        self.sums = sums;
        if let Some(group) = best {
            self.join(node, group, best_weight);
        }
    }

    fn well_connected(&self, group: u32, community: u32) -> bool {
        let strength = self.strength[group as usize];
        let rest = self.community_strength[community as usize] - strength;
        self.outward[group as usize] >= self.price * strength * rest
    }

    fn join(&mut self, node: u32, group: u32, weight: f64) {
        let (node, to) = (node as usize, group as usize);
        self.groups[node] = group;
        self.sizes[node] = 0;
        self.sizes[to] += 1;
        self.strength[to] += self.strength[node];
        self.outward[to] += self.outward[node] - 2.0 * weight;
    }
}
