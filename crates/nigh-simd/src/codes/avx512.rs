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

type I = __m512i;
const INTEGERS: usize = 32;

super::integers::integer_kernels!(target_feature(enable = "avx512f,avx512bw,avx2,fma"));

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx2,fma")]
fn no_integers() -> I {
    _mm512_setzero_si512()
}

/// # Safety
/// `from` is readable for `INTEGERS` values.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx2,fma")]
unsafe fn load_integers(from: *const i16) -> I {
    // SAFETY: the caller vouches for the values; the load takes any alignment.
    unsafe { _mm512_loadu_si512(from.cast()) }
}

/// # Safety
/// `from` is readable for `INTEGERS` values.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx2,fma")]
unsafe fn load_bytes(from: *const i8) -> I {
    // SAFETY: the caller vouches for the values; the load takes any alignment.
    _mm512_cvtepi8_epi16(unsafe { _mm256_loadu_si256(from.cast()) })
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx2,fma")]
fn add_products(values: I, row: I, total: I) -> I {
    _mm512_add_epi32(total, _mm512_madd_epi16(values, row))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx2,fma")]
fn sum_products(v: I) -> i32 {
    _mm512_reduce_add_epi32(v)
}

super::plain_kernels!(#[target_feature(enable = "avx512f,avx512bw,avx2,fma")]);
