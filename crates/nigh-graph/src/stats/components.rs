//! Who can be reached from whom.

use crate::{Adjacency, Csr};

/// A graph's connected components.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Components {
    /// The component of each node; the largest is 0, the next 1 and so on.
    pub of: Vec<u32>,
    /// How many nodes each has, descending.
    pub sizes: Vec<u64>,
}

/// The connected components of a graph, in time linear in nodes and edges.
#[must_use]
pub fn connected_components(graph: &Csr) -> Components {
    let nodes = graph.nodes();
    let mut of = vec![u32::MAX; nodes];
    let mut sizes = Vec::new();
    let mut stack = Vec::new();
    for start in 0..nodes as u32 {
        if of[start as usize] != u32::MAX {
            continue;
        }
        let component = sizes.len() as u32;
        let mut size = 0;
        of[start as usize] = component;
        stack.push(start);
        while let Some(node) = stack.pop() {
            size += 1;
            for &other in graph.list(node) {
                if of[other as usize] == u32::MAX {
                    of[other as usize] = component;
                    stack.push(other);
                }
            }
        }
        sizes.push(size);
    }
    by_size(of, &sizes)
}

fn by_size(mut of: Vec<u32>, sizes: &[u64]) -> Components {
    let mut order: Vec<u32> = (0..sizes.len() as u32).collect();
    order.sort_by_key(|&component| std::cmp::Reverse(sizes[component as usize]));
    let mut rank = vec![0; sizes.len()];
    for (place, &component) in order.iter().enumerate() {
        rank[component as usize] = place as u32;
    }
    of.iter_mut().for_each(|own| *own = rank[*own as usize]);
    let sizes = order.iter().map(|&component| sizes[component as usize]);
    Components {
        of,
        sizes: sizes.collect(),
    }
}
