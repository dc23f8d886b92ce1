//! AVX-512 Foundation: 16 lanes, 32 registers, masked tails.

use core::arch::x86_64::*;

type V = __m512;
const LANES: usize = 16;
// Two running sums for each of 4 × 3 pairs are 24 registers; three rows and one query make 28 of 32.
const BLOCK_QUERIES: usize = 4;
const BLOCK_ROWS: usize = 3;

crate::kernels::kernels!(target_feature(enable = "avx512f"));
crate::half::f16_kernels!(target_feature(enable = "avx512f"));

#[inline]
#[target_feature(enable = "avx512f")]
fn zero() -> V {
    _mm512_setzero_ps()
}

/// # Safety
/// `from` is readable for `LANES` values.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn load(from: *const f32) -> V {
    // SAFETY: the caller vouches for the values; the instruction takes any alignment.
    unsafe { _mm512_loadu_ps(from) }
}

/// # Safety
/// `from` is readable for `count` values, and `count < LANES`.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn load_partial(from: *const f32, count: usize) -> V {
    let wanted = (1u16 << count) - 1;
    // SAFETY: only the first `count` lanes are read, and the caller vouches for those.
    unsafe { _mm512_maskz_loadu_ps(wanted, from) }
}

/// # Safety
/// `from` is readable for `LANES` values.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn load_f16(from: *const u16) -> V {
    // SAFETY: the caller vouches for the values; the load takes any alignment.
    _mm512_cvtph_ps(unsafe { _mm256_loadu_si256(from.cast()) })
}

#[inline]
#[target_feature(enable = "avx512f")]
fn splat(value: f32) -> V {
    _mm512_set1_ps(value)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn multiply_add(a: V, b: V, total: V) -> V {
    _mm512_fmadd_ps(a, b, total)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn subtract(a: V, b: V) -> V {
    _mm512_sub_ps(a, b)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn multiply_subtract(a: V, b: V, from: V) -> V {
    _mm512_fnmadd_ps(a, b, from)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn add(a: V, b: V) -> V {
    _mm512_add_ps(a, b)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn sum(v: V) -> f32 {
    _mm512_reduce_add_ps(v)
}

/// One step of a tile spans 128 bytes of each row: two cache lines.
#[inline]
#[target_feature(enable = "avx512f")]
fn prefetch(address: *const f32) {
    _mm_prefetch::<_MM_HINT_T0>(address.cast());
    _mm_prefetch::<_MM_HINT_T0>(address.wrapping_add(16).cast());
}
