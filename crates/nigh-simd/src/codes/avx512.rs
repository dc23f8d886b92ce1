//! AVX-512 with byte operations: 64 bytes, four look-up tables at a time; what is left of a block is done as in AVX2.

use core::arch::x86_64::*;

use super::{Affine, BLOCK_ROWS, Hit, TABLE_ENTRIES, avx2, block_bytes};

/// # Safety
/// `table` is an even number of groups, 16 entries each, and `blocks` whole blocks for them.
#[target_feature(enable = "avx512f,avx512bw,avx2,fma")]
pub(super) unsafe fn scan_codes(blocks: &[u8], table: &[u8], affine: Affine, hits: &mut Vec<Hit>) {
    let groups = table.len() / TABLE_ENTRIES;
    for (b, block) in blocks.chunks_exact(block_bytes(groups)).enumerate() {
        // SAFETY: a block has 16 bytes of codes for each group, and so has the table.
        let [low, high] = unsafe { sums(block.as_ptr(), table.as_ptr(), groups / 2) };
        // SAFETY: two factors for each of 32 rows lie behind the codes.
        unsafe {
            avx2::keep(
                low,
                high,
                block.as_ptr().add(groups * 16),
                affine,
                (b * BLOCK_ROWS) as u32,
                hits,
            )
        };
    }
}

/// Sums of rows 0–15 and 16–31, 16 bits each.
///
/// # Safety
/// Both pointers are readable for `32 * pairs` bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx2,fma")]
unsafe fn sums(codes: *const u8, table: *const u8, pairs: usize) -> [__m256i; 2] {
    let (mut even, mut odd) = ([_mm512_setzero_si512(); 2], [_mm512_setzero_si512(); 2]);
    let mut pair = 0;
    while pair + 2 <= pairs {
        // SAFETY: two more pairs, 64 bytes, are there; the loads take any alignment.
        let (code, table) = unsafe {
            (
                _mm512_loadu_si512(codes.add(32 * pair).cast()),
                _mm512_loadu_si512(table.add(32 * pair).cast()),
            )
        };
        absorb(code, table, &mut even, &mut odd);
        pair += 2;
    }
    if pair < pairs {
        // SAFETY: one more pair, 32 bytes, is there. Zeros in place of the table's other half add nothing.
        let (code, table) = unsafe {
            (
                _mm512_zextsi256_si512(_mm256_loadu_si256(codes.add(32 * pair).cast())),
                _mm512_zextsi256_si512(_mm256_loadu_si256(table.add(32 * pair).cast())),
            )
        };
        absorb(code, table, &mut even, &mut odd);
    }
    let fold = |v| _mm256_add_epi16(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64::<1>(v));
    core::array::from_fn(|half| avx2::finish(fold(even[half]), fold(odd[half])))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx2,fma")]
fn absorb(code: __m512i, table: __m512i, even: &mut [__m512i; 2], odd: &mut [__m512i; 2]) {
    let low_half = _mm512_set1_epi8(15);
    let halves = [
        _mm512_and_si512(code, low_half),
        _mm512_and_si512(_mm512_srli_epi16::<4>(code), low_half),
    ];
    for (half, codes) in halves.into_iter().enumerate() {
        let bytes = _mm512_shuffle_epi8(table, codes);
        even[half] = _mm512_add_epi16(even[half], bytes);
        odd[half] = _mm512_add_epi16(odd[half], _mm512_srli_epi16::<8>(bytes));
    }
}

/// # Safety
/// `rows` has `out.len() * query.len()` values.
#[target_feature(enable = "avx512f,avx512bw,avx2,fma")]
pub(super) unsafe fn dot_i16_i8_rows(query: &[i16], rows: &[i8], out: &mut [i32]) {
    let dim = query.len();
    let whole = out.len() / 4 * 4;
    for at in (0..whole).step_by(4) {
        let four = core::array::from_fn(|i| rows[(at + i) * dim..][..dim].as_ptr());
        // SAFETY: each pointer was just taken from a slice of `dim` values.
        out[at..at + 4].copy_from_slice(&unsafe { integer_tile::<4>(query, four) });
    }
    for at in whole..out.len() {
        let one = [rows[at * dim..][..dim].as_ptr()];
        // SAFETY: as above.
        [out[at]] = unsafe { integer_tile::<1>(query, one) };
    }
}

/// # Safety
/// Each pointer is readable for `query.len()` values.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx2,fma")]
unsafe fn integer_tile<const R: usize>(query: &[i16], rows: [*const i8; R]) -> [i32; R] {
    let dim = query.len();
    let mut totals = [_mm512_setzero_si512(); R];
    let mut at = 0;
    while at + 32 <= dim {
        // SAFETY: `at + 32 <= dim`.
        let values = unsafe { _mm512_loadu_si512(query.as_ptr().add(at).cast()) };
        for r in 0..R {
            // SAFETY: as above, and the caller vouches for the row.
            let row = unsafe { _mm256_loadu_si256(rows[r].add(at).cast()) };
            let products = _mm512_madd_epi16(values, _mm512_cvtepi8_epi16(row));
            totals[r] = _mm512_add_epi32(totals[r], products);
        }
        at += 32;
    }
    let mut sums = [0; R];
    for r in 0..R {
        sums[r] = _mm512_reduce_add_epi32(totals[r]);
        // SAFETY: `at <= dim`, and the caller vouches for the row.
        let rest = unsafe { core::slice::from_raw_parts(rows[r].add(at), dim - at) };
        for (&a, &b) in query[at..].iter().zip(rest) {
            sums[r] = sums[r].wrapping_add(i32::from(a) * i32::from(b));
        }
    }
    sums
}

super::plain_kernels!(#[target_feature(enable = "avx512f,avx512bw,avx2,fma")]);
