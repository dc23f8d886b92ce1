//! The safe entry points: lengths are checked here, then a kernel of the right form runs.

use crate::level::{Active, Portable, active};
#[cfg(target_arch = "x86_64")]
use crate::level::{Avx2, Avx512};

/// Inner product of `a` and `b`, Σ aᵢbᵢ.
///
/// Error against the exact sum: at most `relative_error_bound(dim)` · Σ|aᵢbᵢ|, for as long as no
/// intermediate value overflows or underflows f32.
///
/// # Panics
/// If the lengths differ.
#[inline]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    dispatch!(dot(a, b))
}

/// Squared Euclidean distance of `a` and `b`, Σ (aᵢ − bᵢ)².
///
/// Error against the exact sum: at most `relative_error_bound(dim)` · Σ(aᵢ − bᵢ)², under the same condition
/// as [`dot`].
///
/// # Panics
/// If the lengths differ.
#[inline]
pub fn l2_squared(a: &[f32], b: &[f32]) -> f32 {
    dispatch!(l2_squared(a, b))
}

/// Inner products of `query` with each of `out.len()` consecutive rows (`rows` is row-major,
/// `out.len()` × `query.len()`). Bound by memory once the rows exceed the caches.
///
/// # Panics
/// If `rows.len()` is not `out.len() * query.len()`.
#[inline]
pub fn dot_rows(query: &[f32], rows: &[f32], out: &mut [f32]) {
    dispatch!(dot_rows(query, rows, out));
}

/// Squared distances of `query` to each of `out.len()` consecutive rows; the twin of [`dot_rows`].
///
/// # Panics
/// If `rows.len()` is not `out.len() * query.len()`.
#[inline]
pub fn l2_squared_rows(query: &[f32], rows: &[f32], out: &mut [f32]) {
    dispatch!(l2_squared_rows(query, rows, out));
}

/// Inner products of `query` with the rows at `positions` alone: `out[i]` belongs to row `positions[i]`.
///
/// # Panics
/// If `out` and `positions` differ in length, or a position lies beyond the last whole row.
#[inline]
pub fn dot_selected(query: &[f32], rows: &[f32], positions: &[u32], out: &mut [f32]) {
    dispatch!(dot_selected(query, rows, positions, out));
}

/// Squared distances of `query` to the rows at `positions` alone; the twin of [`dot_selected`].
///
/// # Panics
/// If `out` and `positions` differ in length, or a position lies beyond the last whole row.
#[inline]
pub fn l2_squared_selected(query: &[f32], rows: &[f32], positions: &[u32], out: &mut [f32]) {
    dispatch!(l2_squared_selected(query, rows, positions, out));
}

/// Inner products of every query with every row, both row-major with `dim` columns:
/// `out[q * row_count + r]`. Register-blocked, so that a row is loaded once for several queries; give it no
/// more rows than half of the second-level cache holds and call it again for the next.
///
/// # Panics
/// If `dim` is 0, does not divide `queries.len()` and `rows.len()`, or `out` is not queries × rows long.
#[inline]
pub fn dot_block(queries: &[f32], rows: &[f32], dim: usize, out: &mut [f32]) {
    dispatch!(dot_block(queries, rows, dim, out));
}

/// Squared distances of every query to every row; the twin of [`dot_block`].
///
/// # Panics
/// If `dim` is 0, does not divide `queries.len()` and `rows.len()`, or `out` is not queries × rows long.
#[inline]
pub fn l2_squared_block(queries: &[f32], rows: &[f32], dim: usize, out: &mut [f32]) {
    dispatch!(l2_squared_block(queries, rows, dim, out));
}

/// Divides `v` by its Euclidean norm and returns that norm. A zero vector stays zero and returns 0.
///
/// Values whose squares leave the range of f32 are scaled first, so that tiny and huge vectors come out as
/// exact as others. NaN or infinite values give a NaN or infinite norm and an unspecified vector.
pub fn normalize(v: &mut [f32]) -> f32 {
    let squared = dot(v, v);
    if squared.is_finite() && squared > SMALLEST_SQUARE {
        let norm = squared.sqrt();
        scale(v, 1.0 / norm);
        return norm;
    }
    let largest = v.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
    if largest == 0.0 || !largest.is_finite() {
        return squared;
    }
    v.iter_mut().for_each(|x| *x /= largest);
    let norm = dot(v, v).sqrt();
    scale(v, 1.0 / norm);
    norm * largest
}

/// Upper bound of a kernel's error, relative to the sum of the terms' absolute values, for every level:
/// (`dim` / 16 + 8) · 2⁻²⁴. Two running sums of at least eight lanes make chains of dim / 16 additions;
/// the rest is the rounding of a product (or a difference and its square) and of the lanes' final sum.
/// (Higham, *Accuracy and Stability of Numerical Algorithms*, §3.1, §4.2.)
pub fn relative_error_bound(dim: usize) -> f64 {
    (dim as f64 / 16.0 + 8.0) * f64::powi(2.0, -24)
}

/// Below this the squares of single components may have underflowed and the norm lost digits.
const SMALLEST_SQUARE: f32 = 1e-24;

fn scale(v: &mut [f32], by: f32) {
    v.iter_mut().for_each(|x| *x *= by);
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
    ($token:ident, $form:ident, $needs:literal) => {
        #[doc = concat!("The kernels in the form that needs ", $needs, "; each does what the free function of its name does.")]
        impl $token {
            /// See [`dot`](crate::dot).
            pub fn dot(self, a: &[f32], b: &[f32]) -> f32 {
                self.pair::<false>(a, b)
            }

            /// See [`l2_squared`](crate::l2_squared).
            pub fn l2_squared(self, a: &[f32], b: &[f32]) -> f32 {
                self.pair::<true>(a, b)
            }

            /// See [`dot_rows`](crate::dot_rows).
            pub fn dot_rows(self, query: &[f32], rows: &[f32], out: &mut [f32]) {
                self.rows::<false>(query, rows, out);
            }

            /// See [`l2_squared_rows`](crate::l2_squared_rows).
            pub fn l2_squared_rows(self, query: &[f32], rows: &[f32], out: &mut [f32]) {
                self.rows::<true>(query, rows, out);
            }

            /// See [`dot_selected`](crate::dot_selected).
            pub fn dot_selected(self, query: &[f32], rows: &[f32], positions: &[u32], out: &mut [f32]) {
                self.selected::<false>(query, rows, positions, out);
            }

            /// See [`l2_squared_selected`](crate::l2_squared_selected).
            pub fn l2_squared_selected(self, query: &[f32], rows: &[f32], positions: &[u32], out: &mut [f32]) {
                self.selected::<true>(query, rows, positions, out);
            }

            /// See [`dot_block`](crate::dot_block).
            pub fn dot_block(self, queries: &[f32], rows: &[f32], dim: usize, out: &mut [f32]) {
                self.block::<false>(queries, rows, dim, out);
            }

            /// See [`l2_squared_block`](crate::l2_squared_block).
            pub fn l2_squared_block(self, queries: &[f32], rows: &[f32], dim: usize, out: &mut [f32]) {
                self.block::<true>(queries, rows, dim, out);
            }

            fn pair<const L2: bool>(self, a: &[f32], b: &[f32]) -> f32 {
                let mut out = [0.0];
                self.rows::<L2>(a, b, &mut out);
                out[0]
            }

            fn rows<const L2: bool>(self, query: &[f32], rows: &[f32], out: &mut [f32]) {
                check_rows(query, rows, out);
                #[allow(unused_unsafe, reason = "the portable form needs no CPU feature")]
                // SAFETY: the token proves that the CPU has the instructions.
                unsafe {
                    crate::$form::scan::<L2>(query, rows, out);
                }
            }

            fn selected<const L2: bool>(self, query: &[f32], rows: &[f32], positions: &[u32], out: &mut [f32]) {
                check_selected(query, rows, positions, out);
                // SAFETY: every position was just checked to be a whole row inside `rows`, and the lengths to
                // agree; the token proves that the CPU has the instructions.
                unsafe {
                    crate::$form::gather::<L2>(query, rows, positions, out);
                }
            }

            fn block<const L2: bool>(self, queries: &[f32], rows: &[f32], dim: usize, out: &mut [f32]) {
                check_block(queries, rows, dim, out);
                if out.is_empty() {
                    return;
                }
                #[allow(unused_unsafe, reason = "the portable form needs no CPU feature")]
                // SAFETY: the token proves that the CPU has the instructions.
                unsafe {
                    crate::$form::block::<L2>(queries, rows, dim, out);
                }
            }
        }
    };
}

entry_points!(Portable, portable, "nothing");
#[cfg(target_arch = "x86_64")]
entry_points!(Avx2, avx2, "AVX2, FMA and F16C");
#[cfg(target_arch = "x86_64")]
entry_points!(Avx512, avx512, "AVX-512F");

#[track_caller]
fn check_rows(query: &[f32], rows: &[f32], out: &[f32]) {
    let (dim, count, received) = (query.len(), out.len(), rows.len());
    assert!(
        count.checked_mul(dim) == Some(received),
        "expected {count} rows of {dim} values, received {received} values"
    );
}

#[track_caller]
fn check_selected(query: &[f32], rows: &[f32], positions: &[u32], out: &[f32]) {
    let (wanted, room) = (positions.len(), out.len());
    assert!(
        wanted == room,
        "{wanted} positions but room for {room} scores"
    );
    let count = rows.len().checked_div(query.len()).unwrap_or(usize::MAX);
    let last = positions.iter().max().map_or(0, |&last| last as usize);
    assert!(
        positions.is_empty() || last < count,
        "position {last} is beyond the {count} rows"
    );
}

#[track_caller]
fn check_block(queries: &[f32], rows: &[f32], dim: usize, out: &[f32]) {
    assert!(dim > 0, "a block needs rows of at least one value");
    let whole = queries.len().is_multiple_of(dim) && rows.len().is_multiple_of(dim);
    assert!(
        whole,
        "{} query and {} row values do not divide into rows of {dim}",
        queries.len(),
        rows.len()
    );
    let expected = (queries.len() / dim) * (rows.len() / dim);
    assert!(
        out.len() == expected,
        "expected room for {expected} scores, received {}",
        out.len()
    );
}
