//! Quantised vectors: blocks of 4-bit codes scored by in-register look-ups, and 8-bit integer rows.

use crate::level::{Active, Portable, active};
#[cfg(target_arch = "x86_64")]
use crate::level::{Avx2, Avx512};

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod integers;
mod portable;

/// Rows in a block of codes.
pub const BLOCK_ROWS: usize = 32;

/// Entries of a look-up table for one group of 4 bits.
pub const TABLE_ENTRIES: usize = 16;

/// The largest entry of a look-up table: four of them add up within a byte.
pub const TABLE_MAX: u8 = 63;

/// Groups of 4 bits whose entries always add up within 16 bits.
pub const MAX_GROUPS: usize = u16::MAX as usize / TABLE_MAX as usize;

/// Length in bytes of a block of 32 rows with `groups` codes of 4 bits each, and two f32 factors a row.
///
/// Layout: for each pair of groups 32 bytes, the first 16 for the even group, the others for the odd one; byte `j` of 16 holds row
/// `j` in its low and row `j + 16` in its high half. Then 32 × f32 `scale`, then 32 × f32 `add`, little-endian. A
/// row that is not there has `add` NaN.
pub const fn block_bytes(groups: usize) -> usize {
    BLOCK_ROWS * (groups / 2 + 8)
}

/// The codes and factors of one row, wherever blocks keep them.
///
/// # Panics
/// If `blocks` has no such row, or `codes` is longer than a row has groups.
pub fn put_code_row(
    blocks: &mut [u8],
    groups: usize,
    row: usize,
    codes: &[u8],
    scale: f32,
    add: f32,
) {
    let block = &mut blocks[row / BLOCK_ROWS * block_bytes(groups)..][..block_bytes(groups)];
    let row = row % BLOCK_ROWS;
    let shift = if row < 16 { 0 } else { 4 };
    for (group, code) in codes.iter().enumerate() {
        let byte = &mut block[group / 2 * 32 + group % 2 * 16 + row % 16];
        *byte = *byte & !(15 << shift) | (code & 15) << shift;
    }
    let factors = groups * 16;
    block[factors + 4 * row..][..4].copy_from_slice(&scale.to_le_bytes());
    block[factors + 128 + 4 * row..][..4].copy_from_slice(&add.to_le_bytes());
}

/// What [`put_code_row`] put there: the codes, `scale` and `add` of a row.
///
/// # Panics
/// If `blocks` has no such row.
pub fn code_row(blocks: &[u8], groups: usize, row: usize) -> (Vec<u8>, f32, f32) {
    let block = &blocks[row / BLOCK_ROWS * block_bytes(groups)..][..block_bytes(groups)];
    let row = row % BLOCK_ROWS;
    let shift = if row < 16 { 0 } else { 4 };
    let codes = (0..groups)
        .map(|group| block[group / 2 * 32 + group % 2 * 16 + row % 16] >> shift & 15)
        .collect();
    let factor = |at: usize| {
        let bytes = &block[groups * 16 + at + 4 * row..];
        f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    };
    (codes, factor(0), factor(128))
}

/// How sums of table entries become values: `value = add + scale × (sum × step + offset)`, with the row's `scale` and `add`.
#[derive(Clone, Copy, Debug)]
pub struct Affine {
    /// What one unit of a table entry stands for.
    pub step: f32,
    /// What is added to every sum.
    pub offset: f32,
    /// Rows whose value is not at least this are passed over.
    pub floor: f32,
}

/// A row that a scan of codes kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Its number, from the first block's first row.
    pub row: u32,
    /// Its value.
    pub value: f32,
}

/// Scores every row of `blocks` by look-ups: `table` has 16 entries, each at most [`TABLE_MAX`], for every group, and a row's sum
/// is that of the entries its codes name. Rows whose value reaches the floor are appended to `hits`, in the order of
/// the rows. This is the "fast scan" of André, Kermarrec and Le Scouarnec, "Cache locality is not enough" (VLDB
/// 2015), in the layout that 4-bit product quantisers use.
///
/// Sums are the same to the bit in every form for tables within their bound; values differ by a rounding or two.
///
/// # Panics
/// If `table` is no even number of groups of 16 entries, or of more than [`MAX_GROUPS`], or `blocks` no whole number of blocks.
#[inline]
pub fn scan_codes(blocks: &[u8], table: &[u8], affine: Affine, hits: &mut Vec<Hit>) {
    dispatch!(scan_codes(blocks, table, affine, hits));
}

/// Inner product of 16-bit and 8-bit integers, modulo 2³²: exact while Σ|aᵢbᵢ| stays below 2³¹.
///
/// # Panics
/// If the lengths differ.
#[inline]
pub fn dot_i16_i8(a: &[i16], b: &[i8]) -> i32 {
    let mut out = [0];
    dispatch!(dot_i16_i8_rows(a, b, &mut out));
    out[0]
}

/// Inner products of `query` with each of `out.len()` consecutive rows, as [`dot_i16_i8`]; the same to the bit in every form.
///
/// # Panics
/// If `rows.len()` is not `out.len() * query.len()`.
#[inline]
pub fn dot_i16_i8_rows(query: &[i16], rows: &[i8], out: &mut [i32]) {
    dispatch!(dot_i16_i8_rows(query, rows, out));
}

/// The same of several queries of `dim` values, laid end to end: `out` has the products of the first query with all rows, then
/// those of the second. Each row is loaded once for two queries.
///
/// # Panics
/// If `queries` or `rows` do not divide into `dim` values, or `out` has no room for just every pair.
#[inline]
pub fn dot_i16_i8_block(queries: &[i16], rows: &[i8], dim: usize, out: &mut [i32]) {
    dispatch!(dot_i16_i8_block(queries, rows, dim, out));
}

/// Asks for these bytes to be brought into the first-level cache, and does not wait for them.
#[inline]
pub fn prefetch(bytes: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    for line in bytes.chunks(64) {
        // SAFETY: SSE is part of x86-64, and a prefetch of any address whatever cannot fault.
        unsafe {
            use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = bytes;
}

/// Multiplies by the Hadamard matrix of that order and divides by the square root of the length: an orthogonal
/// transform, its own inverse, in n log₂ n additions (Fino and Algazi, "Unified matrix treatment of the fast
/// Walsh–Hadamard transform", IEEE Transactions on Computers 1976).
///
/// # Panics
/// If the length is no power of two.
#[inline]
pub fn hadamard(values: &mut [f32]) {
    dispatch!(hadamard(values));
}

/// Rounds values to integers up to ±`limit`, the greatest magnitude to the limit itself; returns what one unit stands for, 0
/// where all values are 0. Halves are rounded away from zero.
///
/// # Panics
/// If the lengths differ.
#[inline]
pub fn quantize(values: &[f32], limit: i16, out: &mut [i16]) -> f32 {
    dispatch!(quantize(values, limit, out))
}

/// A query's table for sign codes, four coordinates to a group: entry `m` of a group is the sum of the coordinates that are
/// bits of `m`, less the least such sum, in steps. Returns the step: what one unit of an entry stands for.
///
/// # Panics
/// If `query` is no whole number of groups, or `table` has not 16 entries for each.
#[inline]
pub fn subset_sums(query: &[f32], table: &mut [u8]) -> f32 {
    dispatch!(subset_sums(query, table))
}

macro_rules! dispatch {
    ($kernel:ident($($argument:expr),*)) => {
        match active() {
            Active::Portable(form) => form.$kernel($($argument),*),
            #[cfg(target_arch = "x86_64")]
            Active::Avx2(form) => form.$kernel($($argument),*),
            #[cfg(target_arch = "x86_64")]
            Active::Avx512(form) => form.$kernel($($argument),*),
        }
    };
}
use dispatch;

macro_rules! entry_points {
    ($token:ident, $form:ident) => {
        impl $token {
            /// See [`scan_codes`](crate::scan_codes).
            pub fn scan_codes(
                self,
                blocks: &[u8],
                table: &[u8],
                affine: Affine,
                hits: &mut Vec<Hit>,
            ) {
                check_codes(blocks, table);
                hits.reserve(blocks.len() / block_bytes(table.len() / TABLE_ENTRIES) * BLOCK_ROWS);
                #[allow(unused_unsafe, reason = "the portable form needs no CPU feature")]
                // SAFETY: the lengths were just checked; the token proves that the CPU has the instructions.
                unsafe {
                    $form::scan_codes(blocks, table, affine, hits);
                }
            }

            /// See [`dot_i16_i8_rows`](crate::dot_i16_i8_rows).
            pub fn dot_i16_i8_rows(self, query: &[i16], rows: &[i8], out: &mut [i32]) {
                let (dim, count, received) = (query.len(), out.len(), rows.len());
                assert!(
                    count.checked_mul(dim) == Some(received),
                    "expected {count} rows of {dim} values, received {received} values"
                );
                #[allow(unused_unsafe, reason = "the portable form needs no CPU feature")]
                // SAFETY: the lengths were just checked; the token proves that the CPU has the instructions.
                unsafe {
                    $form::dot_i16_i8_rows(query, rows, out);
                }
            }

            /// See [`dot_i16_i8_block`](crate::dot_i16_i8_block).
            pub fn dot_i16_i8_block(
                self,
                queries: &[i16],
                rows: &[i8],
                dim: usize,
                out: &mut [i32],
            ) {
                let parts = |len: usize| len.checked_div(dim).filter(|n| n * dim == len);
                let (asked, count, room) = (parts(queries.len()), parts(rows.len()), out.len());
                assert!(
                    asked
                        .zip(count)
                        .and_then(|(asked, count)| asked.checked_mul(count))
                        == Some(room),
                    "room for {room} products of {} values with {}, in vectors of {dim}",
                    queries.len(),
                    rows.len()
                );
                let count = count.unwrap_or(0);
                if count == 0 {
                    return;
                }
                #[allow(unused_unsafe, reason = "the portable form needs no CPU feature")]
                // SAFETY: the lengths were just checked; the token proves that the CPU has the instructions.
                unsafe {
                    $form::dot_i16_i8_block(queries, rows, (dim, count), out);
                }
            }

            /// See [`quantize`](crate::quantize).
            pub fn quantize(self, values: &[f32], limit: i16, out: &mut [i16]) -> f32 {
                assert!(
                    values.len() == out.len(),
                    "{} values but room for {}",
                    values.len(),
                    out.len()
                );
                #[allow(unused_unsafe, reason = "the portable form needs no CPU feature")]
                // SAFETY: the token proves that the CPU has the instructions.
                unsafe {
                    $form::quantize(values, limit, out)
                }
            }

            /// See [`subset_sums`](crate::subset_sums).
            pub fn subset_sums(self, query: &[f32], table: &mut [u8]) -> f32 {
                let whole =
                    query.len().is_multiple_of(4) && table.len() == query.len() / 4 * TABLE_ENTRIES;
                assert!(
                    whole,
                    "{} coordinates but room for {} entries",
                    query.len(),
                    table.len()
                );
                #[allow(unused_unsafe, reason = "the portable form needs no CPU feature")]
                // SAFETY: the token proves that the CPU has the instructions.
                unsafe {
                    $form::subset_sums(query, table)
                }
            }

            /// See [`hadamard`](crate::hadamard).
            pub fn hadamard(self, values: &mut [f32]) {
                assert!(
                    values.len().is_power_of_two(),
                    "expected a power of two, received {} values",
                    values.len()
                );
                #[allow(unused_unsafe, reason = "the portable form needs no CPU feature")]
                // SAFETY: the token proves that the CPU has the instructions.
                unsafe {
                    $form::hadamard(values);
                }
            }
        }
    };
}

entry_points!(Portable, portable);
#[cfg(target_arch = "x86_64")]
entry_points!(Avx2, avx2);
#[cfg(target_arch = "x86_64")]
entry_points!(Avx512, avx512);

#[track_caller]
fn check_codes(blocks: &[u8], table: &[u8]) {
    let groups = table.len() / TABLE_ENTRIES;
    let whole = table.len().is_multiple_of(2 * TABLE_ENTRIES) && groups <= MAX_GROUPS;
    assert!(
        whole,
        "expected a table for an even number of groups up to {MAX_GROUPS}, received {} entries",
        table.len()
    );
    assert!(
        blocks.len().is_multiple_of(block_bytes(groups)),
        "expected blocks of {} bytes, received {} bytes",
        block_bytes(groups),
        blocks.len()
    );
}

/// Values no larger than this count as 0: their inverse is infinite or nearly.
const LEAST_MAGNITUDE: f32 = 1e-30;

/// Loops that compilers vectorise well, stamped out for each instruction set.
macro_rules! plain_kernels {
    ($(#[$feature:meta])?) => {
        $(#[$feature])?
        pub(super) fn hadamard(values: &mut [f32]) {
            let scale = 1.0 / (values.len() as f32).sqrt();
            let mut half = 1;
            while half < values.len() {
                for pair in values.chunks_exact_mut(2 * half) {
                    let (low, high) = pair.split_at_mut(half);
                    for (a, b) in low.iter_mut().zip(high) {
                        (*a, *b) = (*a + *b, *a - *b);
                    }
                }
                half *= 2;
            }
            values.iter_mut().for_each(|x| *x *= scale);
        }

        $(#[$feature])?
        pub(super) fn quantize(values: &[f32], limit: i16, out: &mut [i16]) -> f32 {
            let largest = largest(values);
            let inverse = if largest > super::LEAST_MAGNITUDE { f32::from(limit) / largest } else { 0.0 };
            for (out, value) in out.iter_mut().zip(values) {
                // In two steps, as the conversion to 32 bits is the one that CPUs have.
                *out = (value * inverse + 0.5_f32.copysign(*value)) as i32 as i16;
            }
            largest / f32::from(limit)
        }

        $(#[$feature])?
        fn largest(values: &[f32]) -> f32 {
            let mut lanes = [0.0_f32; 16];
            let chunks = values.chunks_exact(16);
            let rest = chunks.remainder().iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
            for chunk in chunks {
                for (lane, x) in lanes.iter_mut().zip(chunk) {
                    *lane = if x.abs() > *lane { x.abs() } else { *lane };
                }
            }
            lanes.into_iter().fold(rest, f32::max)
        }

        $(#[$feature])?
        pub(super) fn subset_sums(query: &[f32], table: &mut [u8]) -> f32 {
            let width = |four: &[f32]| four.iter().map(|x| x.abs()).sum::<f32>();
            let widest = query.chunks_exact(4).map(width).fold(0.0, f32::max);
            let inverse = if widest > super::LEAST_MAGNITUDE { f32::from(super::TABLE_MAX) / widest } else { 0.0 };
            for (four, entries) in query.chunks_exact(4).zip(table.chunks_exact_mut(16)) {
                let four = [four[0] * inverse, four[1] * inverse, four[2] * inverse, four[3] * inverse];
                let start = 0.5 - four.iter().map(|x| x.min(0.0)).sum::<f32>();
                let mut sums = [start; 16];
                for (m, sum) in sums.iter_mut().enumerate() {
                    let chosen = |i: usize| if m >> i & 1 == 1 { four[i] } else { 0.0 };
                    *sum += (chosen(0) + chosen(1)) + (chosen(2) + chosen(3));
                }
                for (entry, sum) in entries.iter_mut().zip(sums) {
                    *entry = sum as i32 as u8;
                }
            }
            widest / f32::from(super::TABLE_MAX)
        }
    };
}
use plain_kernels;
