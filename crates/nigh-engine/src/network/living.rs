//! The graph without those who were erased.

use nigh_graph::{Csr, Edge};

use super::Network;

/// Who knows whom among the people there are. Erased people keep their numbers in the network, and have none here.
#[derive(Clone, Debug)]
pub struct Living {
    /// Numbered without gaps.
    pub graph: Csr,
    /// The number in the network of each; absent where it is the same.
    numbers: Option<Vec<u32>>,
}

impl Living {
    /// The number in the network of a node of this graph.
    #[must_use]
    pub fn number(&self, node: u32) -> u32 {
        let numbers = self.numbers.as_ref();
        numbers.map_or(node, |numbers| numbers[node as usize])
    }
}

impl Network {
    /// The graph of the people there are, for work that counts them.
    #[must_use]
    pub fn living(&self) -> Living {
        let graph = self.graph.to_csr();
        if self.people.living() == self.people.len() {
            let numbers = None;
            return Living { graph, numbers };
        }
        let people = 0..self.people.len() as u32;
        let numbers: Vec<u32> = people.filter(|&n| !self.people.is_erased(n)).collect();
        let mut places = vec![0; self.people.len()];
        for (place, &number) in numbers.iter().enumerate() {
            places[number as usize] = place as u32;
        }
        let renumbered = |edge: Edge| Edge {
            a: places[edge.a as usize],
            b: places[edge.b as usize],
            ..edge
        };
        let edges: Vec<Edge> = graph.iter_edges().map(renumbered).collect();
        Living {
            graph: Csr::from_edges(numbers.len(), &edges),
            numbers: Some(numbers),
        }
    }
}
