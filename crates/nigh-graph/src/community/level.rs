//! A graph whose nodes are groups of another's.

use std::borrow::Cow;

use crate::{Adjacency, Csr};

/// A weighted graph with loops.
pub(crate) struct Level<'a> {
    offsets: Cow<'a, [usize]>,
    targets: Cow<'a, [u32]>,
    /// The weight of each arc; empty where all are 1.
    weights: Vec<f32>,
    /// The weight of all arcs of each node, those inside it included, twice each edge.
    pub(crate) strength: Vec<f64>,
    /// The sum of all strengths: twice the weight of all edges.
    pub(crate) total: f64,
}

impl Level<'_> {
    /// The finest level: the graph itself. Weights that are not finite and positive become 0.
    pub(crate) fn of(graph: &Csr) -> Level<'_> {
        let nodes = 0..graph.nodes() as u32;
        let cleaned = |&weight: &f32| {
            let counts = weight.is_finite() && weight > 0.0;
            if counts { weight } else { 0.0 }
        };
        let weights = if graph.is_weighted() {
            let all = nodes.flat_map(|node| graph.weights(node));
            all.map(cleaned).collect()
        } else {
            Vec::new()
        };
        Level::with_weights(graph, weights)
    }

    /// The graph itself, every edge of weight 1.
    pub(crate) fn unweighted(graph: &Csr) -> Level<'_> {
        Level::with_weights(graph, Vec::new())
    }

    fn with_weights(graph: &Csr, weights: Vec<f32>) -> Level<'_> {
        let mut level = Level {
            offsets: Cow::Borrowed(graph.offsets()),
            targets: Cow::Borrowed(graph.targets()),
            weights,
            strength: Vec::new(),
            total: 0.0,
        };
        level.strength = (0..graph.nodes())
            .map(|node| level.weight_of(node))
            .collect();
        level.total = level.strength.iter().sum();
        level
    }

    pub(crate) fn nodes(&self) -> usize {
        self.strength.len()
    }

    pub(crate) fn list(&self, node: usize) -> &[u32] {
        &self.targets[self.offsets[node]..self.offsets[node + 1]]
    }

    /// Calls `visit` with the target and weight of each arc of a node, loops left out.
    #[inline(always)]
    pub(crate) fn each_arc(&self, node: usize, mut visit: impl FnMut(u32, f64)) {
        let range = self.offsets[node]..self.offsets[node + 1];
        let targets = &self.targets[range.clone()];
        match self.weights.get(range) {
            Some(weights) if !self.weights.is_empty() => {
                for (&target, &weight) in targets.iter().zip(weights) {
                    visit(target, f64::from(weight));
                }
            }
            _ => targets.iter().for_each(|&target| visit(target, 1.0)),
        }
    }

    /// The graph whose nodes are the groups, numbered from 0 to `count - 1`.
    pub(crate) fn aggregate(&self, groups: &[u32], count: usize) -> Level<'static> {
        let members = Members::of(groups, count);
        let (mut offsets, mut targets, mut weights) = (vec![0], Vec::new(), Vec::new());
        let mut strength = Vec::with_capacity(count);
        let mut sums = Sums::new(count);
        for group in 0..count {
            let mut own_strength = 0.0;
            for &node in members.list(group) {
                own_strength += self.strength[node as usize];
                self.each_arc(node as usize, |target, weight| {
                    sums.add(groups[target as usize], weight);
                });
            }
            sums.drain(|other, weight| {
                if other as usize != group {
                    targets.push(other);
                    weights.push(weight as f32);
                }
            });
            offsets.push(targets.len());
            strength.push(own_strength);
        }
        Level {
            offsets: Cow::Owned(offsets),
            targets: Cow::Owned(targets),
            weights,
            strength,
            total: self.total,
        }
    }

    fn weight_of(&self, node: usize) -> f64 {
        let mut sum = 0.0;
        self.each_arc(node, |_, weight| sum += weight);
        sum
    }
}

/// The nodes of each group, one group behind the other.
pub(crate) struct Members {
    offsets: Vec<usize>,
    nodes: Vec<u32>,
}

impl Members {
    /// Groups are numbered from 0 to `count - 1`.
    pub(crate) fn of(groups: &[u32], count: usize) -> Members {
        let mut offsets = vec![0; count + 1];
        for &group in groups {
            offsets[group as usize + 1] += 1;
        }
        for group in 0..count {
            offsets[group + 1] += offsets[group];
        }
        let mut next = offsets.clone();
        let mut nodes = vec![0; groups.len()];
        for (node, &group) in groups.iter().enumerate() {
            nodes[next[group as usize]] = node as u32;
            next[group as usize] += 1;
        }
        Members { offsets, nodes }
    }

    /// The nodes of a group, ascending.
    pub(crate) fn list(&self, group: usize) -> &[u32] {
        &self.nodes[self.offsets[group]..self.offsets[group + 1]]
    }
}

/// Sums by label of which few are other than 0.
pub(crate) struct Sums {
    of: Vec<f64>,
    touched: Vec<u32>,
}

impl Sums {
    pub(crate) fn new(labels: usize) -> Sums {
        let (of, touched) = (vec![0.0; labels], Vec::new());
        Sums { of, touched }
    }

    #[inline(always)]
    pub(crate) fn add(&mut self, label: u32, weight: f64) {
        let sum = &mut self.of[label as usize];
        if *sum == 0.0 {
            self.touched.push(label);
        }
        *sum += weight;
    }

    #[inline(always)]
    pub(crate) fn get(&self, label: u32) -> f64 {
        self.of[label as usize]
    }

    /// Hands out every label with its sum, in the order of first appearance, and forgets them.
    #[inline(always)]
    pub(crate) fn drain(&mut self, mut visit: impl FnMut(u32, f64)) {
        for label in self.touched.drain(..) {
            let sum = std::mem::take(&mut self.of[label as usize]);
            if sum != 0.0 {
                visit(label, sum);
            }
        }
    }
}
