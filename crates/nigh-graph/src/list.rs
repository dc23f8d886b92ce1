//! Sorted lists of numbers in few bits: gaps, bit-packed in blocks of 128 while there are so many, then of 32 (Lemire and
//! Boytsov 2015).
//!
//! A list is its length as a varint (LEB128), then for each block one byte that says how many bits a gap takes, and the gaps
//! less one. The last block is cut off behind its last gap, so that [`PADDING`] bytes must lie behind the last list.

use bitpacking::{BitPacker, BitPacker1x, BitPacker4x};

const WIDE: usize = BitPacker4x::BLOCK_LEN;
const BLOCK: usize = BitPacker1x::BLOCK_LEN;
/// What reading the last list may look at behind it: the widest small block.
pub(crate) const PADDING: usize = 4 * BLOCK;

/// Appends a list, strictly ascending.
pub(crate) fn encode(list: &[u32], bytes: &mut Vec<u8>) {
    write_varint(list.len() as u32, bytes);
    let mut before = None;
    let packer = BitPacker4x::new();
    let (wide, rest) = list.as_chunks::<WIDE>();
    for block in wide {
        let width = packer.num_bits_strictly_sorted(before, block);
        let mut packed = [0; 4 * WIDE];
        packer.compress_strictly_sorted(before, block, &mut packed, width);
        bytes.push(width);
        bytes.extend_from_slice(&packed[..packed_bytes(WIDE, width)]);
        before = block.last().copied();
    }
    for block in rest.chunks(BLOCK) {
        let full = fill(block);
        let width = BitPacker1x.num_bits_strictly_sorted(before, &full);
        let mut packed = [0; PADDING];
        BitPacker1x.compress_strictly_sorted(before, &full, &mut packed, width);
        bytes.push(width);
        bytes.extend_from_slice(&packed[..packed_bytes(block.len(), width)]);
        before = block.last().copied();
    }
}

/// How many numbers the list at the beginning of `bytes` has.
pub(crate) fn length(bytes: &[u8]) -> usize {
    read_varint(bytes).0 as usize
}

/// Reads the list at the beginning of `bytes` into the beginning of `buffer`, and returns it. What bytes that no list
/// was written into say is cut off where they end.
pub(crate) fn decode<'a>(bytes: &[u8], buffer: &'a mut Vec<u32>) -> &'a [u32] {
    let (length, mut at) = read_varint(bytes);
    // No block takes less than a byte: a greater length was never written.
    let length = (length as usize).min(bytes.len().saturating_mul(WIDE));
    if buffer.len() < length + BLOCK {
        buffer.resize((length + BLOCK).next_multiple_of(BLOCK), 0);
    }
    let mut before = None;
    let packer = BitPacker4x::new();
    let mut start = 0;
    while start < length {
        let room = if length - start >= WIDE { WIDE } else { BLOCK };
        let Some((width, packed)) = block_at(bytes, at, room) else {
            return &buffer[..start];
        };
        let block = &mut buffer[start..start + room];
        match room {
            WIDE => packer.decompress_strictly_sorted(before, packed, block, width),
            _ => BitPacker1x.decompress_strictly_sorted(before, packed, block, width),
        };
        let count = room.min(length - start);
        before = Some(block[count - 1]);
        at += 1 + packed_bytes(count, width);
        start += count;
    }
    &buffer[..length]
}

/// The width of the block at a place, and the bytes from its first gap on.
fn block_at(bytes: &[u8], at: usize, room: usize) -> Option<(u8, &[u8])> {
    let (&width, packed) = bytes.get(at..)?.split_first()?;
    let whole = width <= 32 && packed.len() >= packed_bytes(room, width);
    whole.then_some((width, packed))
}

fn packed_bytes(count: usize, width: u8) -> usize {
    (count * usize::from(width)).div_ceil(8)
}

/// A whole block: behind the numbers there are, the ones that follow at no cost.
fn fill(block: &[u32]) -> [u32; BLOCK] {
    let mut full = [0; BLOCK];
    full[..block.len()].copy_from_slice(block);
    for place in block.len()..BLOCK {
        full[place] = full[place - 1].wrapping_add(1);
    }
    full
}

fn write_varint(mut value: u32, bytes: &mut Vec<u8>) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// The value and how many bytes it took.
fn read_varint(bytes: &[u8]) -> (u32, usize) {
    let mut value = 0;
    for (place, &byte) in bytes.iter().take(5).enumerate() {
        value |= u32::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            return (value, place + 1);
        }
    }
    (value, bytes.len().min(5))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn lists_come_back() {
        let stairs = |length: u32, step: u32| (0..length).map(|i| i * step).collect::<Vec<_>>();
        let cases = [
            vec![],
            vec![0],
            vec![u32::MAX - 1],
            vec![0, 1, 2, u32::MAX - 40],
            stairs(31, 1),
            stairs(32, 3),
            stairs(33, 100),
            stairs(127, 5),
            stairs(128, 7),
            stairs(129, 7),
            stairs(1000, 65_537),
        ];
        let mut bytes = Vec::new();
        let starts: Vec<usize> = cases
            .iter()
            .map(|list| {
                let start = bytes.len();
                encode(list, &mut bytes);
                start
            })
            .collect();
        bytes.extend([0; PADDING]);
        let mut buffer = Vec::new();
        for (list, start) in cases.iter().zip(starts) {
            assert_eq!(decode(&bytes[start..], &mut buffer), list);
            assert_eq!(length(&bytes[start..]), list.len());
        }
    }

    #[test]
    fn bytes_that_no_list_was_written_into_are_no_panic() {
        let mut bytes = Vec::new();
        encode(&(0..500).map(|i| i * i).collect::<Vec<_>>(), &mut bytes);
        let mut buffer = Vec::new();
        for cut in 0..bytes.len() {
            decode(&bytes[..cut], &mut buffer);
            let mut wrong = bytes.clone();
            wrong[cut] ^= 0xff;
            decode(&wrong, &mut buffer);
        }
    }
}
