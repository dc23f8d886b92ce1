//! What has changed in a graph since its file was written.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

/// When an edge came to be and how strong it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Carried {
    pub(crate) time: i64,
    pub(crate) weight: f32,
}

/// The edges of one node that differ from the file's.
#[derive(Debug, Default)]
pub(crate) struct NodeDelta {
    /// By neighbour: what the edge carries, or that it is gone.
    pub(crate) changes: BTreeMap<u32, Option<Carried>>,
    /// How many neighbours there are more than in the file.
    pub(crate) grown: i64,
}

/// Changed nodes by number.
#[derive(Debug, Default)]
pub(crate) struct Delta {
    nodes: HashMap<u32, NodeDelta, BuildHasherDefault<NumberHasher>>,
}

impl Delta {
    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    pub(crate) fn get(&self, node: u32) -> Option<&NodeDelta> {
        self.nodes.get(&node)
    }

    /// Whether the edge is there, as far as it was changed.
    pub(crate) fn has(&self, a: u32, b: u32) -> Option<bool> {
        let change = self.nodes.get(&a)?.changes.get(&b)?;
        Some(change.is_some())
    }

    /// Sets an edge in the lists of both its ends; `grown` is what that does to their number of neighbours.
    pub(crate) fn set(&mut self, a: u32, b: u32, edge: Option<Carried>, grown: i64) {
        for (from, to) in [(a, b), (b, a)] {
            let node = self.nodes.entry(from).or_default();
            node.changes.insert(to, edge);
            node.grown += grown;
        }
    }

    /// How many changed lists entries there are: twice the changed edges.
    pub(crate) fn len(&self) -> usize {
        self.nodes.values().map(|node| node.changes.len()).sum()
    }
}

/// Node numbers are dense and come from no stranger: one multiplication spreads them (Fibonacci hashing).
#[derive(Default)]
pub(crate) struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u32(byte.into());
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.0 = (self.0 ^ u64::from(number))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(26);
    }
}
