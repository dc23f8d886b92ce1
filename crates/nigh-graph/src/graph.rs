//! A graph that changes: a file, and what was added and removed since.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use crate::delta::{Carried, Delta, NodeDelta};
use crate::{Adjacency, Csr, Edge, GraphFile};

/// A file of lists under a mutable delta. A change is seen by the next reader; the file stays as it is until a next one is
/// written from [`Graph::to_csr`].
///
/// Adding an edge takes about half a microsecond, however many neighbours its ends have, but for reading the shorter of
/// their lists.
#[derive(Debug)]
pub struct Graph {
    base: Option<Arc<GraphFile>>,
    delta: Delta,
    nodes: usize,
    edges: u64,
    timed: bool,
    weighted: bool,
    buffer: Vec<u32>,
    /// One more than each degree, once it was asked for; 0 before. Walks ask for most of them, and a list's own length lies where
    /// no other is.
    degrees: Vec<AtomicU32>,
}

impl Graph {
    /// The graph of a file, or one without nodes.
    #[must_use]
    pub fn new(base: Option<Arc<GraphFile>>) -> Graph {
        let file = base.as_deref();
        let mut graph = Graph {
            nodes: 0,
            edges: file.map_or(0, GraphFile::edges),
            timed: file.is_some_and(GraphFile::is_timed),
            weighted: file.is_some_and(GraphFile::is_weighted),
            base,
            delta: Delta::default(),
            buffer: Vec::new(),
            degrees: Vec::new(),
        };
        graph.grow(graph.base.as_deref().map_or(0, Adjacency::nodes));
        graph
    }

    /// The file below.
    #[must_use]
    pub fn base(&self) -> Option<&Arc<GraphFile>> {
        self.base.as_ref()
    }

    /// How many edges there are, each counted once.
    #[must_use]
    pub fn edges(&self) -> u64 {
        self.edges
    }

    /// How many edges were changed since the file was written.
    #[must_use]
    pub fn changed(&self) -> usize {
        self.delta.len() / 2
    }

    /// Whether any edge carries a time.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        self.timed
    }

    /// Makes room for nodes up to `nodes - 1`.
    pub fn grow(&mut self, nodes: usize) {
        self.nodes = self.nodes.max(nodes);
        self.degrees.resize_with(self.nodes, AtomicU32::default);
    }

    /// Adds an edge, or gives the one there is another time and weight, and returns whether it is new. An edge from a node
    /// to itself is none. Its ends come into being.
    pub fn add(&mut self, edge: Edge) -> bool {
        if edge.a == edge.b {
            return false;
        }
        self.grow(edge.a.max(edge.b) as usize + 1);
        let new = !self.find(edge.a, edge.b);
        let Edge { a, b, time, weight } = edge;
        self.timed |= time != 0;
        self.weighted |= weight != 1.0;
        let carried = Some(Carried { time, weight });
        self.set(a, b, carried, i64::from(new));
        self.edges += u64::from(new);
        new
    }

    /// Removes an edge, and returns whether there was one.
    pub fn remove(&mut self, a: u32, b: u32) -> bool {
        let found = a != b && (a.max(b) as usize) < self.nodes && self.find(a, b);
        if found {
            self.set(a, b, None, -1);
            self.edges -= 1;
        }
        found
    }

    /// Whether two nodes are neighbours.
    #[must_use]
    pub fn has_edge(&self, a: u32, b: u32) -> bool {
        let known = (a.max(b) as usize) < self.nodes;
        known && self.find_with(a, b, &mut Vec::new())
    }

    /// Everything as it is now, for work that reads all of it and for the next file.
    #[must_use]
    pub fn to_csr(&self) -> Csr {
        let mut buffer = Vec::new();
        let mut csr = Csr::with_capacity(self.nodes, self.edges as usize);
        for node in 0..self.nodes as u32 {
            if self.timed || self.weighted {
                let carried = self.carried(node);
                csr.push_list(
                    self.neighbours(node, &mut buffer),
                    carried.iter().map(|edge| edge.time).filter(|_| self.timed),
                    carried
                        .iter()
                        .map(|edge| edge.weight)
                        .filter(|_| self.weighted),
                );
            } else {
                let list = self.neighbours(node, &mut buffer);
                csr.push_list(list, [].into_iter(), [].into_iter());
            }
        }
        csr
    }

    fn set(&mut self, a: u32, b: u32, edge: Option<Carried>, grown: i64) {
        self.delta.set(a, b, edge, grown);
        for end in [a, b] {
            *self.degrees[end as usize].get_mut() = 0;
        }
    }

    fn counted(&self, node: u32) -> u32 {
        let base = self.in_base(node).map_or(0, |base| base.degree(node));
        let grown = self.delta.get(node).map_or(0, |delta| delta.grown);
        // An edge is counted away only where there was one.
        (base as i64 + grown) as u32
    }

    fn find(&mut self, a: u32, b: u32) -> bool {
        let mut buffer = std::mem::take(&mut self.buffer);
        let found = self.find_with(a, b, &mut buffer);
        self.buffer = buffer;
        found
    }

    fn find_with(&self, a: u32, b: u32, buffer: &mut Vec<u32>) -> bool {
        if let Some(changed) = self.delta.has(a, b) {
            return changed;
        }
        let Some(base) = self.base.as_deref() else {
            return false;
        };
        if (a.max(b) as usize) >= base.nodes() {
            return false;
        }
        let (short, other) = if base.degree(a) <= base.degree(b) {
            (a, b)
        } else {
            (b, a)
        };
        base.neighbours(short, buffer).binary_search(&other).is_ok()
    }

    fn in_base(&self, node: u32) -> Option<&GraphFile> {
        let base = self.base.as_deref();
        base.filter(|base| (node as usize) < base.nodes())
    }

    /// What the edges of a node carry, in the order of its neighbours.
    fn carried(&self, node: u32) -> Vec<Carried> {
        let mut buffer = Vec::new();
        let (list, times, weights) = match self.in_base(node) {
            Some(base) => (
                base.neighbours(node, &mut buffer),
                base.times(node),
                base.weights(node),
            ),
            None => (&[][..], &[][..], &[][..]),
        };
        let of_base = |place: usize| Carried {
            time: times.get(place).copied().unwrap_or(0),
            weight: weights.get(place).copied().unwrap_or(1.0),
        };
        match self.delta.get(node) {
            Some(delta) => merged(list, delta, |_, place| of_base(place), |_, edge| edge),
            None => (0..list.len()).map(of_base).collect(),
        }
    }
}

impl Adjacency for Graph {
    fn nodes(&self) -> usize {
        self.nodes
    }

    fn degree(&self, node: u32) -> usize {
        // Whoever counts at the same time gets the same: changes need the graph to themselves.
        let known = &self.degrees[node as usize];
        match known.load(Relaxed) {
            0 => {
                let degree = self.counted(node);
                known.store(degree.saturating_add(1), Relaxed);
                degree as usize
            }
            known => known as usize - 1,
        }
    }

    fn neighbours<'a>(&'a self, node: u32, buffer: &'a mut Vec<u32>) -> &'a [u32] {
        let delta = match self.delta.is_empty() {
            true => None,
            false => self.delta.get(node),
        };
        match (self.in_base(node), delta) {
            (Some(base), None) => base.neighbours(node, buffer),
            (None, None) => &[],
            (base, Some(delta)) => {
                let mut read = Vec::new();
                let list = base.map_or(&[][..], |base| base.neighbours(node, &mut read));
                *buffer = merged(list, delta, |node, _| node, |node, _| node);
                buffer
            }
        }
    }

    fn times<'a>(&'a self, node: u32, buffer: &'a mut Vec<i64>) -> &'a [i64] {
        buffer.clear();
        if self.timed {
            buffer.extend(self.carried(node).iter().map(|edge| edge.time));
        }
        buffer
    }
}

/// One row for each neighbour there is, ascending: from the list what `kept` makes of it, from the delta what `changed` does.
fn merged<T>(
    list: &[u32],
    delta: &NodeDelta,
    kept: impl Fn(u32, usize) -> T,
    changed: impl Fn(u32, Carried) -> T,
) -> Vec<T> {
    let mut rows = Vec::with_capacity(list.len() + delta.changes.len());
    let mut place = 0;
    for (&node, change) in &delta.changes {
        while place < list.len() && list[place] < node {
            rows.push(kept(list[place], place));
            place += 1;
        }
        place += usize::from(list.get(place) == Some(&node));
        rows.extend(change.map(|edge| changed(node, edge)));
    }
    rows.extend((place..list.len()).map(|place| kept(list[place], place)));
    rows
}
