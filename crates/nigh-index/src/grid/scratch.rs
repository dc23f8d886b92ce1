//! Working space of a search, used again by the next one.

use std::sync::{Arc, Mutex, PoisonError};

use super::hash::TableHash;

/// A set of rows, emptied in time proportional to what it holds.
#[derive(Debug)]
pub(crate) struct Visited {
    count: usize,
    words: Vec<u64>,
    rows: Vec<u32>,
}

impl Visited {
    fn new(count: usize) -> Visited {
        Visited {
            count,
            words: vec![0; count.div_ceil(64)],
            rows: Vec::new(),
        }
    }

    /// Adds a row; says whether it is new. One that does not exist, as a damaged file may name, is not.
    #[inline]
    pub(crate) fn insert(&mut self, row: u32) -> bool {
        let bit = 1 << (row % 64);
        if row as usize >= self.count || self.words[row as usize / 64] & bit != 0 {
            return false;
        }
        self.words[row as usize / 64] |= bit;
        self.rows.push(row);
        true
    }

    /// The rows in it, in the order in which they came.
    pub(crate) fn rows(&self) -> &[u32] {
        &self.rows
    }

    fn clear(&mut self) {
        for row in self.rows.drain(..) {
            self.words[row as usize / 64] = 0;
        }
    }
}

/// What one search at a time works with.
#[derive(Debug)]
pub(crate) struct Scratch {
    pub(crate) visited: Visited,
    pub(crate) candidates: Vec<u32>,
    pub(crate) scores: Vec<f32>,
    pub(crate) point: Vec<f32>,
    pub(crate) rotated: Vec<f32>,
    pub(crate) hashes: Vec<TableHash>,
}

impl Scratch {
    /// Empties the sets.
    pub(crate) fn start_over(&mut self) {
        self.visited.clear();
        self.candidates.clear();
    }
}

/// Working space that waits for the next search: as many as ever ran at once. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pool(Arc<Mutex<Vec<Scratch>>>);

impl Pool {
    /// Lends working space for `rows` rows, its sets empty.
    pub(crate) fn with<T>(&self, rows: usize, work: impl FnOnce(&mut Scratch) -> T) -> T {
        let mut scratch = self.take().unwrap_or_else(|| Scratch {
            visited: Visited::new(rows),
            candidates: Vec::new(),
            scores: Vec::new(),
            point: Vec::new(),
            rotated: Vec::new(),
            hashes: Vec::new(),
        });
        let result = work(&mut scratch);
        scratch.start_over();
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(scratch);
        result
    }

    fn take(&self) -> Option<Scratch> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}
