//! Which links supervise a step?

use nigh_graph::{Adjacency, Csr, Random};

use crate::splitmix64;

/// A share of all links, drawn anew each step: taken out of the graph that messages pass over, so that a link is learned from
/// everything but itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeldOut {
    seed: u64,
    threshold: u64,
}

impl HeldOut {
    pub(crate) fn new(seed: u64, step: u64, share: f64) -> HeldOut {
        let seed = Random::stream(&[seed, 1, step]).bits();
        let threshold = (share * u64::MAX as f64) as u64;
        HeldOut { seed, threshold }
    }

    pub(crate) fn contains(&self, a: u32, b: u32) -> bool {
        let (low, high) = (u64::from(a.min(b)), u64::from(a.max(b)));
        splitmix64(self.seed ^ (low << 32 | high)) < self.threshold
    }

    /// At most `most` of the links, each from an end drawn at random to the other.
    pub(crate) fn links(&self, graph: &Csr, most: usize) -> Vec<(u32, u32)> {
        let mut links = self.all_links(graph);
        let mut random = Random::stream(&[self.seed, 2]);
        let count = most.min(links.len());
        for place in 0..count {
            let other = place + random.below(links.len() - place);
            links.swap(place, other);
            if random.below(2) == 1 {
                links[place] = (links[place].1, links[place].0);
            }
        }
        links.truncate(count);
        links
    }

    /// People drawn uniformly.
    pub(crate) fn negatives(&self, nodes: usize, count: usize) -> Vec<u32> {
        let mut random = Random::stream(&[self.seed, 3]);
        (0..count).map(|_| random.below(nodes) as u32).collect()
    }

    fn all_links(&self, graph: &Csr) -> Vec<(u32, u32)> {
        let above = |node: u32| {
            let list = graph.list(node);
            list[list.partition_point(|&other| other < node)..]
                .iter()
                .map(move |&other| (node, other))
        };
        (0..graph.nodes() as u32)
            .flat_map(above)
            .filter(|&(a, b)| self.contains(a, b))
            .collect()
    }
}
