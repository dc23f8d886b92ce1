//! Chunks: the embeddings of a run of item numbers as one value.
//!
//! The engine's pages hold 4 KB or a power of two above it, so a value of 2,048 or 5,120 bytes of
//! its own wastes nearly half of what it takes. A chunk holds as many items as fill one 64 KB page.
//! The price is that changing one item rewrites its chunk; imports and scans, which come in number
//! order, gain from it.
//!
//! Layout, little-endian: for each slot the number of rows (u16), then all rows (f32).

use crate::catalog::EMBEDDINGS;
use crate::{ItemNumber, ReadError};

/// Room in one page beside the engine's own bookkeeping.
const TARGET_BYTES: usize = 65_536 - 256;
const MOST_SLOTS: usize = 1_024;

/// How items are laid out in chunks; part of the on-disk format.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    dimension: usize,
    slots: usize,
}

impl Layout {
    pub(crate) fn new(dimension: usize) -> Self {
        let slots = (TARGET_BYTES / (dimension * 4 + 2)).clamp(1, MOST_SLOTS);
        Self { dimension, slots }
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

    pub(crate) fn decode(&self, chunk: u64, bytes: &[u8]) -> Result<Chunk, ReadError> {
        let counts = self.counts(chunk, bytes)?;
        let mut rest = &bytes[self.slots * 2..];
        let rows = counts.map(|count| {
            let (row, after) = rest.split_at(count * self.dimension * 4);
            rest = after;
            floats(row)
        });
        Ok(Chunk {
            rows: rows.collect(),
        })
    }

    /// One slot, without decoding the others.
    pub(crate) fn slot(
        &self,
        chunk: u64,
        slot: usize,
        bytes: &[u8],
    ) -> Result<Vec<f32>, ReadError> {
        let mut counts = self.counts(chunk, bytes)?;
        let before: usize = counts.by_ref().take(slot).sum();
        let (row, start) = (
            self.dimension * 4,
            self.slots * 2 + before * self.dimension * 4,
        );
        Ok(floats(
            &bytes[start..start + counts.next().unwrap_or(0) * row],
        ))
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
        let expected = head.len() + counts.clone().sum::<usize>() * self.dimension * 4;
        match bytes.len() == expected {
            true => Ok(counts),
            false => Err(undecodable(format!(
                "it has {} bytes where its counts say {expected}",
                bytes.len()
            ))),
        }
    }
}

/// A decoded chunk: for each slot the rows of its item, one after the other.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chunk {
    pub(crate) rows: Vec<Vec<f32>>,
}

impl Chunk {
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.iter().all(Vec::is_empty)
    }

    pub(crate) fn encode(&self, dimension: usize) -> Vec<u8> {
        let numbers: usize = self.rows.iter().map(Vec::len).sum();
        let mut bytes = Vec::with_capacity(self.rows.len() * 2 + numbers * 4);
        // At most `MAX_IMAGES` rows, which fits.
        bytes.extend(
            self.rows
                .iter()
                .flat_map(|rows| ((rows.len() / dimension) as u16).to_le_bytes()),
        );
        for rows in &self.rows {
            bytes.extend(rows.iter().flat_map(|number| number.to_le_bytes()));
        }
        bytes
    }
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes
        .chunks_exact(4)
        .map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_fill_their_page_and_come_back() {
        for dimension in [1, 16, 512, 577, 768, 1_280, 16_384, 50_000] {
            let layout = Layout::new(dimension);
            let mut chunk = layout.empty();
            for (slot, rows) in chunk.rows.iter_mut().enumerate() {
                *rows = (0..dimension * (slot % 3))
                    .map(|n| n as f32 + slot as f32)
                    .collect();
            }
            let bytes = chunk.encode(dimension);
            assert_eq!(layout.decode(7, &bytes).unwrap(), chunk, "{dimension}");
            for slot in 0..layout.slots {
                assert_eq!(
                    layout.slot(7, slot, &bytes).unwrap(),
                    chunk.rows[slot],
                    "{dimension} {slot}"
                );
                let number = layout.number(7, slot);
                assert_eq!(layout.place(number), (7, slot));
            }
            assert!(layout.decode(7, &bytes[..bytes.len() - 1]).is_err());
            assert!(layout.slot(7, 0, &bytes[..1]).is_err());
            let full = layout.slots * (dimension * 4 + 2);
            assert!(
                !(20..=15_000).contains(&dimension) || full > 55_000,
                "{dimension}: {full} bytes"
            );
        }
    }
}
