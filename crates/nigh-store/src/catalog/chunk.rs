//! Chunks: the embeddings of a run of item numbers as one value.
//!
//! The engine's pages hold 4 KB or a power of two above it, so a value of 2,048 or 5,120 bytes of
//! its own wastes nearly half of what it takes. A chunk holds as many items as fill one 64 KB page.
//! The price is that changing one item rewrites its chunk; imports and scans, which come in number
//! order, gain from it.
//!
//! Layout, little-endian: for each slot the number of rows (u16), then all rows, as their [`Precision`] has them.

use crate::catalog::EMBEDDINGS;
use crate::{ItemNumber, Precision, ReadError};

/// Room in one page beside the engine's own bookkeeping.
const TARGET_BYTES: usize = 65_536 - 256;
const MOST_SLOTS: usize = 1_024;

/// How items are laid out in chunks; part of the on-disk format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    dimension: usize,
    precision: Precision,
    slots: usize,
}

impl Layout {
    pub(crate) fn new(dimension: usize, precision: Precision) -> Self {
        let slots = (TARGET_BYTES / (precision.row_bytes(dimension) + 2)).clamp(1, MOST_SLOTS);
        Self {
            dimension,
            precision,
            slots,
        }
    }

    pub(crate) fn dimension(&self) -> usize {
        self.dimension
    }

    /// The chunk of an item, and its slot in it.
    pub(crate) fn place(&self, number: ItemNumber) -> (u64, usize) {
        let slots = self.slots as u64;
        (number.0 / slots, (number.0 % slots) as usize)
    }

    pub(crate) fn number(&self, chunk: u64, slot: usize) -> ItemNumber {
        ItemNumber(chunk * self.slots as u64 + slot as u64)
    }

    pub(crate) fn empty(&self) -> Chunk {
        Chunk {
            rows: vec![Vec::new(); self.slots],
        }
    }

    /// Rows laid end to end, as they are stored.
    pub(crate) fn encode(&self, rows: &[f32]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for row in rows.chunks_exact(self.dimension) {
            self.precision.encode(row, &mut bytes);
        }
        bytes
    }

    /// Stored rows as numbers, laid end to end.
    pub(crate) fn decode(&self, rows: &[u8]) -> Vec<f32> {
        let row_bytes = self.row_bytes();
        let mut numbers = Vec::with_capacity(rows.len() / row_bytes * self.dimension);
        for row in rows.chunks_exact(row_bytes) {
            self.precision.decode(row, &mut numbers);
        }
        numbers
    }

    pub(crate) fn row_bytes(&self) -> usize {
        self.precision.row_bytes(self.dimension)
    }

    pub(crate) fn chunk(&self, chunk: u64, bytes: &[u8]) -> Result<Chunk, ReadError> {
        let counts = self.counts(chunk, bytes)?;
        let mut rest = &bytes[self.slots * 2..];
        let rows = counts.map(|count| {
            let (rows, after) = rest.split_at(count * self.row_bytes());
            rest = after;
            rows.to_vec()
        });
        Ok(Chunk {
            rows: rows.collect(),
        })
    }

    /// The stored rows of one slot.
    pub(crate) fn slot<'a>(
        &self,
        chunk: u64,
        slot: usize,
        bytes: &'a [u8],
    ) -> Result<&'a [u8], ReadError> {
        let mut counts = self.counts(chunk, bytes)?;
        let before: usize = counts.by_ref().take(slot).sum();
        let row = self.row_bytes();
        let start = self.slots * 2 + before * row;
        Ok(&bytes[start..start + counts.next().unwrap_or(0) * row])
    }

    /// The row counts, after checking that the chunk is as long as they say.
    fn counts<'a>(
        &self,
        chunk: u64,
        bytes: &'a [u8],
    ) -> Result<impl Iterator<Item = usize> + use<'a>, ReadError> {
        let undecodable = |reason| ReadError::Undecodable {
            table: EMBEDDINGS,
            key: chunk.to_string(),
            reason,
        };
        let Some(head) = bytes.get(..self.slots * 2) else {
            return Err(undecodable(format!(
                "{} bytes cannot hold {} counts",
                bytes.len(),
                self.slots
            )));
        };
        let counts = head
            .chunks_exact(2)
            .map(|pair| usize::from(u16::from_le_bytes([pair[0], pair[1]])));
        let expected = head.len() + counts.clone().sum::<usize>() * self.row_bytes();
        match bytes.len() == expected {
            true => Ok(counts),
            false => Err(undecodable(format!(
                "it has {} bytes where its counts say {expected}",
                bytes.len()
            ))),
        }
    }
}

/// A chunk taken apart: for each slot the stored rows of its item, one after the other. They stay as they are stored, so that
/// changing one item rounds no other again.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chunk {
    pub(crate) rows: Vec<Vec<u8>>,
}

impl Chunk {
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.iter().all(Vec::is_empty)
    }

    pub(crate) fn bytes(&self, layout: &Layout) -> Vec<u8> {
        let row = layout.row_bytes();
        // At most `MAX_IMAGES` rows, which fits.
        let count = |rows: &Vec<u8>| ((rows.len() / row) as u16).to_le_bytes();
        let mut bytes: Vec<u8> = self.rows.iter().flat_map(count).collect();
        self.rows.iter().for_each(|rows| bytes.extend(rows));
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_fill_their_page_and_come_back() {
        for (dimension, precision) in [1, 16, 512, 577, 768, 1_280, 16_384, 50_000]
            .into_iter()
            .flat_map(|dimension| Precision::ALL.map(|precision| (dimension, precision)))
        {
            let layout = Layout::new(dimension, precision);
            let mut chunk = layout.empty();
            for (slot, rows) in chunk.rows.iter_mut().enumerate() {
                let numbers: Vec<f32> = (0..dimension * (slot % 3))
                    .map(|n| n as f32 + slot as f32)
                    .collect();
                *rows = layout.encode(&numbers);
            }
            let bytes = chunk.bytes(&layout);
            assert_eq!(layout.chunk(7, &bytes).unwrap(), chunk, "{dimension}");
            for slot in 0..layout.slots {
                assert_eq!(
                    layout.slot(7, slot, &bytes).unwrap(),
                    chunk.rows[slot],
                    "{dimension} {slot}"
                );
                let number = layout.number(7, slot);
                assert_eq!(layout.place(number), (7, slot));
            }
            assert!(layout.chunk(7, &bytes[..bytes.len() - 1]).is_err());
            assert!(layout.slot(7, 0, &bytes[..1]).is_err());
            let full = layout.slots * (layout.row_bytes() + 2);
            assert!(
                !(100..=15_000).contains(&dimension) || full > 55_000,
                "{dimension} {precision}: {full} bytes"
            );
        }
    }
}
