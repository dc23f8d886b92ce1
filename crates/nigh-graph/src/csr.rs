//! Compressed sparse rows: every list as it is, one behind the other.

use rayon::prelude::*;

use crate::Adjacency;

/// An undirected edge, at most one between two nodes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// One end.
    pub a: u32,
    /// The other end.
    pub b: u32,
    /// When it came to be, in seconds since 1970; 0 where that is not known.
    pub time: i64,
    /// How strong it is; 1 where that is not known.
    pub weight: f32,
}

impl Edge {
    /// An edge of which nothing is known but its ends.
    #[must_use]
    pub fn new(a: u32, b: u32) -> Edge {
        let (time, weight) = (0, 1.0);
        Edge { a, b, time, weight }
    }
}

/// A graph in memory for work that reads all of it: 8 bytes an edge, 8 a node, and what edges carry.
///
/// Lists are slices, sorted by neighbour. It does not change.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Csr {
    offsets: Vec<usize>,
    targets: Vec<u32>,
    times: Vec<i64>,
    weights: Vec<f32>,
}

impl Csr {
    /// The graph of these edges over nodes 0 to `nodes - 1`. Of several edges between two nodes the last counts; edges from
    /// a node to itself or to one beyond `nodes` do not.
    ///
    /// Times and weights are kept where any of them says something.
    #[must_use]
    pub fn from_edges(nodes: usize, edges: &[Edge]) -> Csr {
        let timed = edges.iter().any(|edge| edge.time != 0);
        let weighted = edges.iter().any(|edge| edge.weight != 1.0);
        let mut lists = Lists::of(nodes, edges);
        lists.sort();
        lists.into_csr(edges, timed, weighted)
    }

    pub(crate) fn with_capacity(nodes: usize, edges: usize) -> Csr {
        let mut offsets = Vec::with_capacity(nodes + 1);
        offsets.push(0);
        Csr {
            offsets,
            targets: Vec::with_capacity(2 * edges),
            ..Csr::default()
        }
    }

    /// Adds the list of the next node.
    pub(crate) fn push_list(
        &mut self,
        list: &[u32],
        times: impl Iterator<Item = i64>,
        weights: impl Iterator<Item = f32>,
    ) {
        self.targets.extend_from_slice(list);
        self.times.extend(times);
        self.weights.extend(weights);
        self.offsets.push(self.targets.len());
    }

    /// How many edges there are, each counted once.
    #[must_use]
    pub fn edges(&self) -> usize {
        self.targets.len() / 2
    }

    /// The neighbours of a node, ascending.
    ///
    /// # Panics
    /// Where the graph has no such node.
    #[must_use]
    pub fn list(&self, node: u32) -> &[u32] {
        &self.targets[self.range(node)]
    }

    /// When each edge of a node came to be, in the order of [`Csr::list`]; empty in a graph without times.
    ///
    /// # Panics
    /// Where the graph has no such node.
    #[must_use]
    pub fn times(&self, node: u32) -> &[i64] {
        self.times.get(self.range(node)).unwrap_or(&[])
    }

    /// How strong each edge of a node is, in the order of [`Csr::list`]; empty in a graph without weights.
    ///
    /// # Panics
    /// Where the graph has no such node.
    #[must_use]
    pub fn weights(&self, node: u32) -> &[f32] {
        self.weights.get(self.range(node)).unwrap_or(&[])
    }

    /// Whether edges carry times.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        !self.times.is_empty()
    }

    /// Whether edges carry weights.
    #[must_use]
    pub fn is_weighted(&self) -> bool {
        !self.weights.is_empty()
    }

    /// Where each node's list begins in the row of all lists, and where the last ends: `nodes + 1` numbers.
    #[must_use]
    pub fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    /// All lists, one behind the other.
    #[must_use]
    pub fn targets(&self) -> &[u32] {
        &self.targets
    }

    /// Whether two nodes are neighbours.
    #[must_use]
    pub fn has_edge(&self, a: u32, b: u32) -> bool {
        self.list(a).binary_search(&b).is_ok()
    }

    /// Every edge once, from the lower node to the higher, in ascending order.
    pub fn iter_edges(&self) -> impl Iterator<Item = Edge> + '_ {
        (0..self.nodes() as u32).flat_map(move |a| {
            let range = self.range(a);
            range.filter_map(move |place| self.edge_at(a, place))
        })
    }

    fn edge_at(&self, a: u32, place: usize) -> Option<Edge> {
        let b = self.targets[place];
        let time = self.times.get(place).copied().unwrap_or(0);
        let weight = self.weights.get(place).copied().unwrap_or(1.0);
        (a < b).then_some(Edge { a, b, time, weight })
    }

    fn range(&self, node: u32) -> std::ops::Range<usize> {
        self.offsets[node as usize]..self.offsets[node as usize + 1]
    }
}

impl Adjacency for Csr {
    fn nodes(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    fn degree(&self, node: u32) -> usize {
        self.range(node).len()
    }

    fn neighbours<'a>(&'a self, node: u32, _buffer: &'a mut Vec<u32>) -> &'a [u32] {
        self.list(node)
    }

    fn times<'a>(&'a self, node: u32, _buffer: &'a mut Vec<i64>) -> &'a [i64] {
        self.times(node)
    }
}

/// Neighbours with the place of their edge in the row that was given, while a graph is made.
struct Lists {
    offsets: Vec<usize>,
    entries: Vec<(u32, u32)>,
}

impl Lists {
    fn of(nodes: usize, edges: &[Edge]) -> Lists {
        let counted = |edge: &Edge| {
            edge.a != edge.b && (edge.a as usize) < nodes && (edge.b as usize) < nodes
        };
        let mut offsets = vec![0; nodes + 1];
        for edge in edges.iter().filter(|edge| counted(edge)) {
            offsets[edge.a as usize + 1] += 1;
            offsets[edge.b as usize + 1] += 1;
        }
        for node in 0..nodes {
            offsets[node + 1] += offsets[node];
        }
        let mut next = offsets.clone();
        let mut entries = vec![(0, 0); offsets[nodes]];
        for (place, edge) in edges.iter().enumerate().filter(|(_, edge)| counted(edge)) {
            for (from, to) in [(edge.a, edge.b), (edge.b, edge.a)] {
                entries[next[from as usize]] = (to, place as u32);
                next[from as usize] += 1;
            }
        }
        Lists { offsets, entries }
    }

    /// Sorts every list by neighbour, and by place where one comes twice.
    fn sort(&mut self) {
        let mut rest = &mut self.entries[..];
        let mut lists = Vec::with_capacity(self.offsets.len());
        for pair in self.offsets.windows(2) {
            let (list, behind) = rest.split_at_mut(pair[1] - pair[0]);
            lists.push(list);
            rest = behind;
        }
        lists.into_par_iter().for_each(<[_]>::sort_unstable);
    }

    fn into_csr(self, edges: &[Edge], timed: bool, weighted: bool) -> Csr {
        let mut csr = Csr {
            offsets: vec![0],
            ..Csr::default()
        };
        csr.targets.reserve_exact(self.entries.len());
        for pair in self.offsets.windows(2) {
            let list = &self.entries[pair[0]..pair[1]];
            let last_of_its_kind = |&place: &usize| {
                list.get(place + 1)
                    .is_none_or(|next| next.0 != list[place].0)
            };
            for place in (0..list.len()).filter(last_of_its_kind) {
                let (target, edge) = list[place];
                csr.targets.push(target);
                if timed {
                    csr.times.push(edges[edge as usize].time);
                }
                if weighted {
                    csr.weights.push(edges[edge as usize].weight);
                }
            }
            csr.offsets.push(csr.targets.len());
        }
        csr
    }
}
