//! The two passes by which a picture is scaled: along its rows, then across them.

use crate::level::{Active, Portable, active};
#[cfg(target_arch = "x86_64")]
use crate::level::{Avx2, Avx512};

/// How many source places a row of weights is padded to a multiple of.
pub const TAPS: usize = 4;

/// A pixel's three channels and one that is not used: registers hold four.
pub type Pixel = [f32; 4];

/// Pixels of bytes as pixels of floats; the unused channel is 0.
///
/// # Panics
/// If the lengths differ.
pub fn widen_pixels(bytes: &[[u8; 3]], out: &mut [Pixel]) {
    match active() {
        Active::Portable(form) => form.widen_pixels(bytes, out),
        #[cfg(target_arch = "x86_64")]
        Active::Avx2(form) => form.widen_pixels(bytes, out),
        #[cfg(target_arch = "x86_64")]
        Active::Avx512(form) => form.widen_pixels(bytes, out),
    }
}

/// Weighted sums along a row: pixel `i` of `out` is the sum of the pixels of `source` from place `starts[i]` on, each times its weight,
/// rounded to the nearest of 0 to 255 (halves go up).
///
/// `weights` holds as many for every pixel of `out`, a multiple of [`TAPS`], each once for every channel. Where those of a pixel reach
/// past the end of the row, the caller has padded `source`.
///
/// The same to the bit in every form.
///
/// # Panics
/// If `starts` and `out` differ in length, `weights` does not divide into as many multiples of [`TAPS`], or a start lies too
/// close to the end of `source`.
pub fn weigh_pixels(source: &[Pixel], starts: &[usize], weights: &[Pixel], out: &mut [[f32; 3]]) {
    match active() {
        Active::Portable(form) => form.weigh_pixels(source, starts, weights, out),
        #[cfg(target_arch = "x86_64")]
        Active::Avx2(form) => form.weigh_pixels(source, starts, weights, out),
        #[cfg(target_arch = "x86_64")]
        Active::Avx512(form) => form.weigh_pixels(source, starts, weights, out),
    }
}

/// Rows of `out.len()` numbers, weighted: the sum of the rows, laid end to end in `rows`, each times its one of `weights`, rounded to
/// the nearest of 0 to 255 (halves go up).
///
/// The same to the bit in every form.
///
/// # Panics
/// If `rows.len()` is not `weights.len() * out.len()`.
pub fn weigh_rows(rows: &[f32], weights: &[f32], out: &mut [u8]) {
    match active() {
        Active::Portable(form) => form.weigh_rows(rows, weights, out),
        #[cfg(target_arch = "x86_64")]
        Active::Avx2(form) => form.weigh_rows(rows, weights, out),
        #[cfg(target_arch = "x86_64")]
        Active::Avx512(form) => form.weigh_rows(rows, weights, out),
    }
}

macro_rules! entry_points {
    ($token:ident, $widen:path, $pixels:path, $rows:path) => {
        impl $token {
            /// See [`widen_pixels`](crate::widen_pixels()).
            pub fn widen_pixels(self, bytes: &[[u8; 3]], out: &mut [Pixel]) {
                assert_eq!(bytes.len(), out.len(), "as many pixels of each");
                #[allow(unused_unsafe, reason = "the portable form needs no CPU feature")]
                // SAFETY: the token proves that the CPU has AVX2.
                unsafe {
                    $widen(bytes, out)
                }
            }

            /// See [`weigh_pixels`](crate::weigh_pixels()).
            pub fn weigh_pixels(
                self,
                source: &[Pixel],
                starts: &[usize],
                weights: &[Pixel],
                out: &mut [[f32; 3]],
            ) {
                #[allow(unused_unsafe, reason = "the portable form needs no CPU feature")]
                // SAFETY: the token proves that the CPU has AVX2.
                unsafe {
                    $pixels(source, starts, weights, out)
                }
            }

            /// See [`weigh_rows`](crate::weigh_rows()).
            pub fn weigh_rows(self, rows: &[f32], weights: &[f32], out: &mut [u8]) {
                #[allow(unused_unsafe, reason = "the portable form needs no CPU feature")]
                // SAFETY: the token proves that the CPU has AVX2.
                unsafe {
                    $rows(rows, weights, out)
                }
            }
        }
    };
}

entry_points!(Portable, widen, pixels_portable, rows);
#[cfg(target_arch = "x86_64")]
entry_points!(Avx2, widen_avx2, pixels_avx2, rows_avx2);
#[cfg(target_arch = "x86_64")]
entry_points!(Avx512, widen_avx2, pixels_avx2, rows_avx2);

fn widen(bytes: &[[u8; 3]], out: &mut [Pixel]) {
    for (pixel, [red, green, blue]) in out.iter_mut().zip(bytes) {
        *pixel = [*red, *green, *blue, 0].map(f32::from);
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn widen_avx2(bytes: &[[u8; 3]], out: &mut [Pixel]) {
    use core::arch::x86_64::*;
    // Four pixels are 12 bytes and a load takes 16: two more pixels have to follow.
    let quads = bytes.len().min(out.len()).saturating_sub(2) / 4;
    let order = _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
    let quadruples = out.as_chunks_mut::<4>().0.iter_mut();
    for (quad, pixels) in quadruples.enumerate().take(quads) {
        let from = bytes[4 * quad..4 * quad + 6].as_flattened();
        // SAFETY: the slice has 18 bytes, and a load takes 16.
        let loaded = unsafe { _mm_loadu_si128(from.as_ptr().cast()) };
        let spread = _mm_shuffle_epi8(loaded, order);
        let first = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(spread));
        let second = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_srli_si128::<8>(spread)));
        let to = pixels.as_mut_ptr().cast::<f32>();
        // SAFETY: four pixels are 16 numbers: two stores of 8 each.
        unsafe {
            _mm256_storeu_ps(to, first);
            _mm256_storeu_ps(to.add(8), second);
        }
    }
    widen(&bytes[4 * quads..], &mut out[4 * quads..]);
}

fn pixels_portable(source: &[Pixel], starts: &[usize], weights: &[Pixel], out: &mut [[f32; 3]]) {
    pixels(source, starts, weights, out, weigh);
}

/// No multiplication is fused with an addition: that would round otherwise than the portable form.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn pixels_avx2(source: &[Pixel], starts: &[usize], weights: &[Pixel], out: &mut [[f32; 3]]) {
    pixels(source, starts, weights, out, |values, weights| {
        use core::arch::x86_64::*;
        let mut sums = [_mm256_setzero_ps(); 2];
        for (values, weights) in values.iter().zip(weights) {
            for (half, sum) in sums.iter_mut().enumerate() {
                // SAFETY: both arrays have `TAPS` = 4 pixels of four numbers: two loads of 8 each.
                let (values, weights) = unsafe {
                    (
                        _mm256_loadu_ps(values.as_ptr().cast::<f32>().add(8 * half)),
                        _mm256_loadu_ps(weights.as_ptr().cast::<f32>().add(8 * half)),
                    )
                };
                *sum = _mm256_add_ps(*sum, _mm256_mul_ps(values, weights));
            }
        }
        let [first, second] = sums
            .map(|sum| _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps::<1>(sum)));
        let sum = _mm_add_ps(_mm_add_ps(first, second), _mm_set1_ps(0.5));
        let within = _mm_min_ps(_mm_max_ps(sum, _mm_setzero_ps()), _mm_set1_ps(255.0));
        let mut pixel = [0.0; 4];
        // SAFETY: the array has four numbers.
        unsafe {
            _mm_storeu_ps(
                pixel.as_mut_ptr(),
                _mm_cvtepi32_ps(_mm_cvttps_epi32(within)),
            );
        }
        pixel
    });
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn rows_avx2(from: &[f32], weights: &[f32], out: &mut [u8]) {
    rows(from, weights, out);
}

#[inline(always)]
fn pixels(
    source: &[Pixel],
    starts: &[usize],
    weights: &[Pixel],
    out: &mut [[f32; 3]],
    weigh: impl Fn(&[[Pixel; TAPS]], &[[Pixel; TAPS]]) -> Pixel,
) {
    let taps = weights.len() / out.len().max(1);
    assert!(
        starts.len() == out.len() && taps * out.len() == weights.len() && taps.is_multiple_of(TAPS),
        "expected {} starts and as many rows of weights, received {} and {} weights",
        out.len(),
        starts.len(),
        weights.len()
    );
    for (i, (pixel, start)) in out.iter_mut().zip(starts).enumerate() {
        let values = source[*start..][..taps].as_chunks::<TAPS>().0;
        let weights = weights[i * taps..][..taps].as_chunks::<TAPS>().0;
        let [red, green, blue, _] = weigh(values, weights);
        *pixel = [red, green, blue];
    }
}

/// One pixel of the result.
fn weigh(values: &[[Pixel; TAPS]], weights: &[[Pixel; TAPS]]) -> Pixel {
    let mut sums = [0f32; 4 * TAPS];
    for (values, weights) in values.iter().zip(weights) {
        let (values, weights) = (values.as_flattened(), weights.as_flattened());
        for ((sum, value), weight) in sums.iter_mut().zip(values).zip(weights) {
            *sum += value * weight;
        }
    }
    std::array::from_fn(|c| {
        let sum = (sums[c] + sums[c + 4]) + (sums[c + 8] + sums[c + 12]);
        f32::from(round(sum))
    })
}

/// Numbers of a row whose sums are kept in registers.
const COLUMNS: usize = 32;

#[inline(always)]
fn rows(rows: &[f32], weights: &[f32], out: &mut [u8]) {
    let width = out.len();
    assert!(
        weights.len().checked_mul(width) == Some(rows.len()),
        "expected {} rows of {width} numbers, received {}",
        weights.len(),
        rows.len()
    );
    let (chunks, rest) = out.as_chunks_mut::<COLUMNS>();
    for (i, chunk) in chunks.iter_mut().enumerate() {
        let mut sums = [0f32; COLUMNS];
        for (y, weight) in weights.iter().enumerate() {
            let values = &rows[y * width + i * COLUMNS..][..COLUMNS];
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += weight * value;
            }
        }
        // A loop and not `map`, whose call is not compiled with the instructions of its caller.
        for (byte, sum) in chunk.iter_mut().zip(sums) {
            *byte = round(sum);
        }
    }
    let left = width - rest.len();
    for (x, byte) in rest.iter_mut().enumerate() {
        let column = rows.iter().skip(left + x).step_by(width);
        let terms = column.zip(weights).map(|(value, weight)| weight * value);
        *byte = round(terms.fold(0.0, |sum, term| sum + term));
    }
}

/// Halves go up; what a kernel's negative lobes overshoot is cut off.
#[inline(always)]
fn round(value: f32) -> u8 {
    (value + 0.5) as u8
}
