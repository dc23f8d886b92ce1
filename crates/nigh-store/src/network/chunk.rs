//! People and edges, many to a record.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use nigh_graph::Edge;
use serde::{Deserialize, Serialize};

use super::{META, PEOPLE, PEOPLE_A_CHUNK, Person};
use crate::item::{decode_versioned, encode_versioned};
use crate::ledger::decode_number;
use crate::{Batch, ReadError};

const COUNT: &[u8] = b"people";

/// The people that a batch touches.
pub(super) struct PeopleDraft {
    count: u32,
    chunks: BTreeMap<u32, Vec<Person>>,
}

impl PeopleDraft {
    pub(super) fn new(batch: &Batch<'_>) -> Result<PeopleDraft, ReadError> {
        let count = batch.get(META, COUNT)?;
        let count = count.map_or(Ok(0), |bytes| decode_number(META, &bytes))?;
        let chunks = BTreeMap::new();
        // Numbers of people are u32: `push` gives no other.
        let count = count as u32;
        Ok(PeopleDraft { count, chunks })
    }

    pub(super) fn push(&mut self, batch: &Batch<'_>, person: Person) -> Result<(), ReadError> {
        let number = self.count;
        self.count += 1;
        *self.get(batch, number)? = person;
        Ok(())
    }

    /// The person of a number; one beyond the last comes into being.
    pub(super) fn get(&mut self, batch: &Batch<'_>, number: u32) -> Result<&mut Person, ReadError> {
        let (chunk, place) = (number / PEOPLE_A_CHUNK, (number % PEOPLE_A_CHUNK) as usize);
        let people = match self.chunks.entry(chunk) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let bytes = batch.get(PEOPLE, &chunk.to_be_bytes())?;
                new.insert(bytes.map_or(Ok(Vec::new()), |bytes| decode_people(chunk, &bytes))?)
            }
        };
        if people.len() <= place {
            people.resize(place + 1, Person::default());
        }
        self.count = self.count.max(number + 1);
        Ok(&mut people[place])
    }

    pub(super) fn write(&self, batch: &mut Batch<'_>) {
        for (chunk, people) in &self.chunks {
            batch.put(PEOPLE, chunk.to_be_bytes(), encode_versioned(people));
        }
        batch.put(META, COUNT, u64::from(self.count).to_be_bytes().to_vec());
    }
}

pub(super) fn decode_people(chunk: u32, bytes: &[u8]) -> Result<Vec<Person>, ReadError> {
    decode_versioned(PEOPLE, &chunk, bytes)
}

/// Edges, sorted by lower and then higher end, as gaps: what follows from the one before is not said again.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct EdgeChunk {
    /// For each edge how much its lower end exceeds that of the edge before, and its higher end either its lower end or, where
    /// the lower ends are the same, the higher end before.
    gaps: Vec<(u32, u32)>,
    /// Empty where all are 0.
    times: Vec<i64>,
    /// Empty where all are 1.
    weights: Vec<f32>,
}

impl EdgeChunk {
    pub(super) fn of(edges: &[Edge]) -> EdgeChunk {
        let mut chunk = EdgeChunk::default();
        let mut before = (0, 0);
        for edge in edges {
            let (low, high) = (edge.a.min(edge.b), edge.a.max(edge.b));
            let from = if low == before.0 { before.1 } else { low };
            chunk
                .gaps
                .push((low.wrapping_sub(before.0), high.wrapping_sub(from)));
            before = (low, high);
        }
        if edges.iter().any(|edge| edge.time != 0) {
            chunk.times = edges.iter().map(|edge| edge.time).collect();
        }
        if edges.iter().any(|edge| edge.weight != 1.0) {
            chunk.weights = edges.iter().map(|edge| edge.weight).collect();
        }
        chunk
    }

    pub(super) fn edges(&self) -> impl Iterator<Item = Edge> + '_ {
        let mut before = (0_u32, 0_u32);
        self.gaps.iter().enumerate().map(move |(place, gap)| {
            let low = before.0.wrapping_add(gap.0);
            let from = if low == before.0 { before.1 } else { low };
            before = (low, from.wrapping_add(gap.1));
            Edge {
                a: before.0,
                b: before.1,
                time: self.times.get(place).copied().unwrap_or(0),
                weight: self.weights.get(place).copied().unwrap_or(1.0),
            }
        })
    }
}
