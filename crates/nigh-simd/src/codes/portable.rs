//! Plain Rust: every CPU.

use super::{Affine, BLOCK_ROWS, Hit, TABLE_ENTRIES, block_bytes};

pub(super) fn scan_codes(blocks: &[u8], table: &[u8], affine: Affine, hits: &mut Vec<Hit>) {
    let groups = table.len() / TABLE_ENTRIES;
    for (b, block) in blocks.chunks_exact(block_bytes(groups)).enumerate() {
        let (codes, factors) = block.split_at(groups * 16);
        let sums = sums(codes, table);
        let (scales, adds) = factors.split_at(4 * BLOCK_ROWS);
        for (row, sum) in sums.into_iter().enumerate() {
            let inner = f32::from(sum) * affine.step + affine.offset;
            let value = factor(scales, row) * inner + factor(adds, row);
            if value >= affine.floor {
                hits.push(Hit {
                    row: (b * BLOCK_ROWS + row) as u32,
                    value,
                });
            }
        }
    }
}

fn sums(codes: &[u8], table: &[u8]) -> [u16; BLOCK_ROWS] {
    let mut sums = [0_u16; BLOCK_ROWS];
    let (low, high) = sums.split_at_mut(16);
    for (codes, table) in codes
        .chunks_exact(16)
        .zip(table.chunks_exact(TABLE_ENTRIES))
    {
        for ((code, low), high) in codes.iter().zip(low.iter_mut()).zip(high.iter_mut()) {
            *low = low.wrapping_add(table[usize::from(code & 15)].into());
            *high = high.wrapping_add(table[usize::from(code >> 4)].into());
        }
    }
    sums
}

fn factor(factors: &[u8], row: usize) -> f32 {
    let at = 4 * row;
    f32::from_le_bytes([
        factors[at],
        factors[at + 1],
        factors[at + 2],
        factors[at + 3],
    ])
}

pub(super) fn dot_i16_i8_rows(query: &[i16], rows: &[i8], out: &mut [i32]) {
    let dim = query.len();
    for (row, out) in out.iter_mut().enumerate() {
        let pairs = query.iter().zip(&rows[row * dim..][..dim]);
        *out = pairs.fold(0_i32, |sum, (&a, &b)| {
            sum.wrapping_add(i32::from(a) * i32::from(b))
        });
    }
}

pub(super) fn dot_i16_i8_block(
    queries: &[i16],
    rows: &[i8],
    (dim, count): (usize, usize),
    out: &mut [i32],
) {
    for (query, out) in queries.chunks(dim).zip(out.chunks_mut(count)) {
        dot_i16_i8_rows(query, rows, out);
    }
}

super::plain_kernels!();
