//! AVX2: 32 bytes, two look-up tables at a time.

use core::arch::x86_64::*;

use super::{Affine, BLOCK_ROWS, Hit, TABLE_ENTRIES, block_bytes};

/// # Safety
/// `table` is an even number of groups, at least 16 entries each, and `blocks` whole blocks for them.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn scan_codes(blocks: &[u8], table: &[u8], affine: Affine, hits: &mut Vec<Hit>) {
    let groups = table.len() / TABLE_ENTRIES;
    for (b, block) in blocks.chunks_exact(block_bytes(groups)).enumerate() {
        // SAFETY: a block has 16 bytes of codes for each group, and so has the table.
        let [low, high] = unsafe { sums(block.as_ptr(), table.as_ptr(), groups / 2) };
        // SAFETY: two factors for each of 32 rows lie behind the codes.
        unsafe {
            keep(
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
#[target_feature(enable = "avx2,fma")]
unsafe fn sums(codes: *const u8, table: *const u8, pairs: usize) -> [__m256i; 2] {
    let (mut even, mut odd) = ([_mm256_setzero_si256(); 2], [_mm256_setzero_si256(); 2]);
    let mut pair = 0;
    while pair + 4 <= pairs {
        // SAFETY: four more pairs are there.
        let bytes = unsafe { look_up::<4>(codes.add(32 * pair), table.add(32 * pair)) };
        widen(bytes, &mut even, &mut odd);
        pair += 4;
    }
    while pair < pairs {
        // SAFETY: one more pair is there.
        let bytes = unsafe { look_up::<1>(codes.add(32 * pair), table.add(32 * pair)) };
        widen(bytes, &mut even, &mut odd);
        pair += 1;
    }
    core::array::from_fn(|half| finish(even[half], odd[half]))
}

/// The entries that `N` pairs of codes name, added up within bytes: rows 0–15 and 16–31, for the even groups in
/// the lower and the odd ones in the upper half.
///
/// # Safety
/// Both pointers are readable for `32 * N` bytes.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn look_up<const N: usize>(codes: *const u8, table: *const u8) -> [__m256i; 2] {
    let low_half = _mm256_set1_epi8(15);
    let mut bytes = [_mm256_setzero_si256(); 2];
    for i in 0..N {
        // SAFETY: the caller vouches for 32 bytes at each step; the loads take any alignment.
        let (code, table) = unsafe {
            (
                _mm256_loadu_si256(codes.add(32 * i).cast()),
                _mm256_loadu_si256(table.add(32 * i).cast()),
            )
        };
        let low = _mm256_and_si256(code, low_half);
        let high = _mm256_and_si256(_mm256_srli_epi16::<4>(code), low_half);
        bytes[0] = _mm256_add_epi8(bytes[0], _mm256_shuffle_epi8(table, low));
        bytes[1] = _mm256_add_epi8(bytes[1], _mm256_shuffle_epi8(table, high));
    }
    bytes
}

/// Adds bytes to sums of 16 bits: `even` takes both bytes of each pair and is cleaned of the upper one in the end.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn widen(bytes: [__m256i; 2], even: &mut [__m256i; 2], odd: &mut [__m256i; 2]) {
    for half in 0..2 {
        even[half] = _mm256_add_epi16(even[half], bytes[half]);
        odd[half] = _mm256_add_epi16(odd[half], _mm256_srli_epi16::<8>(bytes[half]));
    }
}

/// Sums of 16 rows in the order of the rows.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) fn finish(even: __m256i, odd: __m256i) -> __m256i {
    let even = _mm256_sub_epi16(even, _mm256_slli_epi16::<8>(odd));
    let add_halves = |v| _mm_add_epi16(_mm256_castsi256_si128(v), _mm256_extracti128_si256::<1>(v));
    let (even, odd) = (add_halves(even), add_halves(odd));
    _mm256_set_m128i(_mm_unpackhi_epi16(even, odd), _mm_unpacklo_epi16(even, odd))
}

/// Turns the sums of 32 rows into values and keeps those that reach the floor.
///
/// # Safety
/// `factors` is readable for 256 bytes.
#[inline]
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn keep(
    low: __m256i,
    high: __m256i,
    factors: *const u8,
    affine: Affine,
    first: u32,
    hits: &mut Vec<Hit>,
) {
    let (step, offset) = (_mm256_set1_ps(affine.step), _mm256_set1_ps(affine.offset));
    let floor = _mm256_set1_ps(affine.floor);
    let eights = [
        _mm256_castsi256_si128(low),
        _mm256_extracti128_si256::<1>(low),
        _mm256_castsi256_si128(high),
        _mm256_extracti128_si256::<1>(high),
    ];
    let mut values = [_mm256_setzero_ps(); 4];
    let mut mask = 0_u32;
    for (i, eight) in eights.into_iter().enumerate() {
        let sums = _mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(eight));
        // SAFETY: 32 scales and then 32 adds, and `i` is below 4.
        let (scale, add) = unsafe {
            (
                _mm256_loadu_ps(factors.add(32 * i).cast()),
                _mm256_loadu_ps(factors.add(128 + 32 * i).cast()),
            )
        };
        values[i] = _mm256_fmadd_ps(scale, _mm256_fmadd_ps(sums, step, offset), add);
        let reached = _mm256_cmp_ps::<_CMP_GE_OQ>(values[i], floor);
        mask |= (_mm256_movemask_ps(reached) as u32) << (8 * i);
    }
    if mask != 0 {
        append(values, mask, first, hits);
    }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn append(values: [__m256; 4], mut mask: u32, first: u32, hits: &mut Vec<Hit>) {
    let mut plain = [0.0_f32; BLOCK_ROWS];
    for (eight, values) in plain.chunks_exact_mut(8).zip(values) {
        // SAFETY: the chunk is 8 values long; the store takes any alignment.
        unsafe { _mm256_storeu_ps(eight.as_mut_ptr(), values) };
    }
    while mask != 0 {
        let row = mask.trailing_zeros();
        hits.push(Hit {
            row: first + row,
            value: plain[row as usize],
        });
        mask &= mask - 1;
    }
}

type I = __m256i;
const INTEGERS: usize = 16;

super::integers::integer_kernels!(target_feature(enable = "avx2,fma"));

#[inline]
#[target_feature(enable = "avx2,fma")]
fn no_integers() -> I {
    _mm256_setzero_si256()
}

/// # Safety
/// `from` is readable for `INTEGERS` values.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn load_integers(from: *const i16) -> I {
    // SAFETY: the caller vouches for the values; the load takes any alignment.
    unsafe { _mm256_loadu_si256(from.cast()) }
}

/// # Safety
/// `from` is readable for `INTEGERS` values.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn load_bytes(from: *const i8) -> I {
    // SAFETY: the caller vouches for the values; the load takes any alignment.
    _mm256_cvtepi8_epi16(unsafe { _mm_loadu_si128(from.cast()) })
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn add_products(values: I, row: I, total: I) -> I {
    _mm256_add_epi32(total, _mm256_madd_epi16(values, row))
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn sum_products(v: I) -> i32 {
    let four = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256::<1>(v));
    let two = _mm_add_epi32(four, _mm_shuffle_epi32::<0b01_00_11_10>(four));
    _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32::<0b10_11_00_01>(two)))
}

super::plain_kernels!(#[target_feature(enable = "avx2,fma")]);
