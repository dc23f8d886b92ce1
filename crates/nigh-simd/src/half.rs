//! Rows of 16-bit floats (binary16 of IEEE 754), each with a scale, against a query of f32.

use crate::level::{Active, Portable, active};
#[cfg(target_arch = "x86_64")]
use crate::level::{Avx2, Avx512};

/// Inner products of `query` with each of `out.len()` consecutive rows of 16-bit floats, given as their bits: row `i` stands for
/// `scales[i]` times what it holds.
///
/// Error against the exact sum over what rows stand for: at most [`relative_error_bound(dim)`](crate::relative_error_bound) ·
/// Σ|aᵢbᵢ|, for as long as no intermediate value overflows or underflows f32. Bits that are infinite or no number make
/// scores that differ from form to form.
///
/// # Panics
/// If `rows.len()` is not `out.len() * query.len()`, or `scales` and `out` differ in length.
#[inline]
pub fn dot_f16_rows(query: &[f32], rows: &[u16], scales: &[f32], out: &mut [f32]) {
    match active() {
        Active::Portable(form) => form.dot_f16_rows(query, rows, scales, out),
        #[cfg(target_arch = "x86_64")]
        Active::Avx2(form) => form.dot_f16_rows(query, rows, scales, out),
        #[cfg(target_arch = "x86_64")]
        Active::Avx512(form) => form.dot_f16_rows(query, rows, scales, out),
    }
}

/// Squared distances of `query` to each of `out.len()` consecutive rows of 16-bit floats; the twin of [`dot_f16_rows`]. The error
/// is at most `relative_error_bound(dim)` · Σ(aᵢ − bᵢ)² if scales are powers of two. (For others the portable form rounds
/// once more, before it subtracts.)
///
/// # Panics
/// As [`dot_f16_rows`].
#[inline]
pub fn l2_squared_f16_rows(query: &[f32], rows: &[u16], scales: &[f32], out: &mut [f32]) {
    match active() {
        Active::Portable(form) => form.l2_squared_f16_rows(query, rows, scales, out),
        #[cfg(target_arch = "x86_64")]
        Active::Avx2(form) => form.l2_squared_f16_rows(query, rows, scales, out),
        #[cfg(target_arch = "x86_64")]
        Active::Avx512(form) => form.l2_squared_f16_rows(query, rows, scales, out),
    }
}

macro_rules! entry_points {
    ($token:ident, $form:ident) => {
        impl $token {
            /// See [`dot_f16_rows`](crate::dot_f16_rows).
            pub fn dot_f16_rows(
                self,
                query: &[f32],
                rows: &[u16],
                scales: &[f32],
                out: &mut [f32],
            ) {
                self.f16_rows::<false>(query, rows, scales, out);
            }

            /// See [`l2_squared_f16_rows`](crate::l2_squared_f16_rows).
            pub fn l2_squared_f16_rows(
                self,
                query: &[f32],
                rows: &[u16],
                scales: &[f32],
                out: &mut [f32],
            ) {
                self.f16_rows::<true>(query, rows, scales, out);
            }

            fn f16_rows<const L2: bool>(
                self,
                query: &[f32],
                rows: &[u16],
                scales: &[f32],
                out: &mut [f32],
            ) {
                check(query, rows, scales, out);
                #[allow(unused_unsafe, reason = "the portable form needs no CPU feature")]
                // SAFETY: the token proves that the CPU has the instructions.
                unsafe {
                    crate::$form::scan_f16::<L2>(query, rows, scales, out);
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
fn check(query: &[f32], rows: &[u16], scales: &[f32], out: &[f32]) {
    let (dim, count, received) = (query.len(), out.len(), rows.len());
    assert!(
        count.checked_mul(dim) == Some(received) && scales.len() == count,
        "expected {count} rows of {dim} values, received {received} values and {} scales",
        scales.len()
    );
}

/// The kernel, stamped out for each instruction set. A module that invokes it has the vector type and the operations of
/// [`kernels!`](crate::kernels), and three more: `splat`, `multiply_subtract` (`c − a·b`) and `load_f16`. The order of summation is
/// that of the f32 kernels.
macro_rules! f16_kernels {
    ($($feature:meta)?) => {
        $(#[$feature])?
        pub(crate) fn scan_f16<const L2: bool>(query: &[f32], rows: &[u16], scales: &[f32], out: &mut [f32]) {
            let dim = query.len();
            for (i, (score, &scale)) in out.iter_mut().zip(scales).enumerate() {
                let row = rows[i * dim..][..dim].as_ptr();
                // SAFETY: the query and the row, sliced just now, have `dim` values each.
                let sum = unsafe { pair_f16::<L2>(query.as_ptr(), row, scale, dim) };
                *score = if L2 { sum } else { sum * scale };
            }
        }

        /// # Safety
        /// Both pointers are readable for `dim` values.
        #[inline]
        $(#[$feature])?
        unsafe fn pair_f16<const L2: bool>(query: *const f32, row: *const u16, scale: f32, dim: usize) -> f32 {
            let scale = splat(scale);
            let mut totals = [zero(); 2];
            let mut at = 0;
            while at + 2 * LANES <= dim {
                for (half, total) in totals.iter_mut().enumerate() {
                    let at = at + half * LANES;
                    // SAFETY: `at + LANES <= dim`, and the caller vouches for `dim` values.
                    let (a, b) = unsafe { (load(query.add(at)), load_f16(row.add(at))) };
                    *total = step_f16::<L2>(a, b, scale, *total);
                }
                at += 2 * LANES;
            }
            if at + LANES <= dim {
                // SAFETY: `at + LANES <= dim`, as above.
                let (a, b) = unsafe { (load(query.add(at)), load_f16(row.add(at))) };
                totals[0] = step_f16::<L2>(a, b, scale, totals[0]);
                at += LANES;
            }
            if at < dim {
                let mut rest = [0; LANES];
                // SAFETY: `dim - at` values are left and that is fewer than LANES; the slice is of a live row.
                let (a, left) = unsafe {
                    (load_partial(query.add(at), dim - at), core::slice::from_raw_parts(row.add(at), dim - at))
                };
                rest[..left.len()].copy_from_slice(left);
                // SAFETY: the array has LANES values.
                let b = unsafe { load_f16(rest.as_ptr()) };
                totals[1] = step_f16::<L2>(a, b, scale, totals[1]);
            }
            sum(add(totals[0], totals[1]))
        }

        #[inline]
        $(#[$feature])?
        fn step_f16<const L2: bool>(a: V, b: V, scale: V, total: V) -> V {
            if L2 {
                let difference = multiply_subtract(b, scale, a);
                multiply_add(difference, difference, total)
            } else {
                multiply_add(a, b, total)
            }
        }
    };
}
pub(crate) use f16_kernels;
