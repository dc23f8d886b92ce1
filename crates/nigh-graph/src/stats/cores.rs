//! How deep in the network somebody is.

use crate::{Adjacency, Csr};

/// The core number of each node: the largest k such that it belongs to a group in which everybody has k neighbours or more
/// (Batagelj & Zaveršnik 2003, *An O(m) algorithm for cores decomposition of networks*).
#[must_use]
pub fn core_numbers(graph: &Csr) -> Vec<u32> {
    let nodes = graph.nodes();
    let mut core: Vec<u32> = (0..nodes as u32)
        .map(|node| graph.degree(node) as u32)
        .collect();
    let mut queue = ByDegree::of(&core);
    for turn in 0..nodes {
        let node = queue.order[turn];
        for &other in graph.list(node) {
            if core[other as usize] > core[node as usize] {
                queue.lower(other, core[other as usize]);
                core[other as usize] -= 1;
            }
        }
    }
    core
}

/// Nodes in ascending order of what is left of their degree.
struct ByDegree {
    order: Vec<u32>,
    place: Vec<usize>,
    /// Where nodes of each degree begin in the order.
    start: Vec<usize>,
}

impl ByDegree {
    fn of(degrees: &[u32]) -> ByDegree {
        let top = degrees.iter().max().map_or(0, |&top| top as usize);
        let mut start = vec![0; top + 2];
        for &degree in degrees {
            start[degree as usize + 1] += 1;
        }
        for degree in 0..=top {
            start[degree + 1] += start[degree];
        }
        let mut next = start.clone();
        let (mut order, mut place) = (vec![0; degrees.len()], vec![0; degrees.len()]);
        for (node, &degree) in degrees.iter().enumerate() {
            let at = &mut next[degree as usize];
            order[*at] = node as u32;
            place[node] = *at;
            *at += 1;
        }
        ByDegree {
            order,
            place,
            start,
        }
    }

    /// Takes one from a node's degree: it becomes the last of those with one less.
    fn lower(&mut self, node: u32, degree: u32) {
        let first = self.start[degree as usize];
        let at = self.place[node as usize];
        let other = self.order[first];
        self.order.swap(first, at);
        (self.place[node as usize], self.place[other as usize]) = (first, at);
        self.start[degree as usize] += 1;
    }
}
