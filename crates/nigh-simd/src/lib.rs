//! How are numbers compared fastest on this CPU?
//!
//! Inner products and squared Euclidean distances of f32 vectors: one pair, one query against many
//! rows (in a run, or picked by position), many queries against many rows; and the kernels of quantised vectors: 4-bit codes
//! scored by look-ups in registers, rows of 8-bit integers and of 16-bit floats, the Hadamard transform; and the weighted sums of
//! pixels that scale a picture. One build holds three forms of every
//! kernel, AVX-512, AVX2 and portable Rust that the compiler vectorises, and picks the best at run time.
//!
//! It is:
//! - bound by memory, not arithmetic, when one query scans many rows;
//! - consistent: within one [`Level`], a pair has the same bits whichever function scored it, so that ties
//!   stay ties between single, filtered and batched search (across levels the last bits differ);
//! - of known accuracy: see [`relative_error_bound`];
//! - safe to call: each form sits behind a token ([`Avx2`], [`Avx512`]) that only a successful check of
//!   the CPU creates.
//!
//! It is not:
//! - an index, nor a matrix library: it knows no files, labels or metrics;
//! - multithreaded: the caller divides the rows.
//!
//! Set `NIGH_SIMD=portable|avx2|avx512` to lower the level, for a comparison or to rule a form out. In tests,
//! `NIGH_REQUIRE_SIMD=avx512` makes a CPU that lacks it a failure and not a skipped row.
//!
//! What has been run: portable and AVX2, on x86-64. The AVX-512 form is the same text with other elementary
//! operations (for quantised vectors, a twin of the AVX2 form), compiled in every build, but has not been run yet; nor has the portable form on ARM.
//!
//! ```
//! let query = [1.0, 0.0, 2.0];
//! let rows = [1.0, 1.0, 1.0, /* row 1 */ 0.0, 5.0, -1.0];
//! let mut scores = [0.0; 2];
//! nigh_simd::dot_rows(&query, &rows, &mut scores);
//! assert_eq!(scores, [3.0, -2.0]);
//! ```

mod codes;
mod half;
mod kernels;
mod level;
mod portable;
mod resize;
mod scores;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

pub use codes::{
    Affine, BLOCK_ROWS, Hit, MAX_GROUPS, TABLE_ENTRIES, TABLE_MAX, block_bytes, code_row,
    dot_i16_i8, dot_i16_i8_block, dot_i16_i8_rows, hadamard, prefetch, put_code_row, quantize,
    scan_codes, subset_sums,
};
pub use half::{dot_f16_rows, l2_squared_f16_rows};
#[cfg(target_arch = "x86_64")]
pub use level::{Avx2, Avx512};
pub use level::{Level, Portable, UnknownLevel, level};
pub use resize::{Pixel, TAPS, weigh_pixels, weigh_rows, widen_pixels};
pub use scores::{
    dot, dot_block, dot_rows, dot_selected, l2_squared, l2_squared_block, l2_squared_rows,
    l2_squared_selected, normalize, relative_error_bound,
};
