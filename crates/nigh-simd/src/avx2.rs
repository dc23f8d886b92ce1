//! AVX2 with fused multiply-add: 8 lanes, 16 registers.

use core::arch::x86_64::*;

type V = __m256;
const LANES: usize = 8;
// Two running sums for each of 3 × 2 pairs are 12 registers; two rows and one query make 15 of 16.
const BLOCK_QUERIES: usize = 3;
const BLOCK_ROWS: usize = 2;

crate::kernels::kernels!(target_feature(enable = "avx2,fma"));
crate::half::f16_kernels!(target_feature(enable = "avx2,fma,f16c"));

#[inline]
#[target_feature(enable = "avx2,fma")]
fn zero() -> V {
    _mm256_setzero_ps()
}

/// # Safety
/// `from` is readable for `LANES` values.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn load(from: *const f32) -> V {
    // SAFETY: the caller vouches for the values; the instruction takes any alignment.
    unsafe { _mm256_loadu_ps(from) }
}

/// # Safety
/// `from` is readable for `count` values, and `count < LANES`.
#[inline]
#[target_feature(enable = "avx2,fma")]
unsafe fn load_partial(from: *const f32, count: usize) -> V {
    let lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    let wanted = _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), lane);
    // SAFETY: only the first `count` lanes are read, and the caller vouches for those.
    unsafe { _mm256_maskload_ps(from, wanted) }
}

/// # Safety
/// `from` is readable for `LANES` values.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn load_f16(from: *const u16) -> V {
    // SAFETY: the caller vouches for the values; the load takes any alignment.
    _mm256_cvtph_ps(unsafe { _mm_loadu_si128(from.cast()) })
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn splat(value: f32) -> V {
    _mm256_set1_ps(value)
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn multiply_add(a: V, b: V, total: V) -> V {
    _mm256_fmadd_ps(a, b, total)
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn subtract(a: V, b: V) -> V {
    _mm256_sub_ps(a, b)
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn multiply_subtract(a: V, b: V, from: V) -> V {
    _mm256_fnmadd_ps(a, b, from)
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn add(a: V, b: V) -> V {
    _mm256_add_ps(a, b)
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn sum(v: V) -> f32 {
    let four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
    let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
}

/// One step of a tile spans 64 bytes of each row: one cache line.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn prefetch(address: *const f32) {
    _mm_prefetch::<_MM_HINT_T0>(address.cast());
}
