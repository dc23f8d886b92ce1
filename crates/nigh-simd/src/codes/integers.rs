//! Inner products of 16-bit and 8-bit integers, written once and stamped out for the forms with vector registers.

/// A module that invokes this first defines its vector type `I`, how many 16-bit `INTEGERS` it holds, and four small operations:
/// `no_integers`, `load_integers`, `add_products` and `sum_products`.
macro_rules! integer_kernels {
    ($feature:meta) => {
        /// # Safety
        /// `rows` has `out.len() * query.len()` values.
        #[$feature]
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
        #[$feature]
        unsafe fn integer_tile<const R: usize>(query: &[i16], rows: [*const i8; R]) -> [i32; R] {
            let dim = query.len();
            let mut totals = [no_integers(); R];
            let mut at = 0;
            while at + INTEGERS <= dim {
                // SAFETY: `at + INTEGERS <= dim`.
                let values = unsafe { load_integers(query.as_ptr().add(at)) };
                for r in 0..R {
                    // SAFETY: as above, and the caller vouches for the row.
                    totals[r] = unsafe { add_products(values, rows[r].add(at), totals[r]) };
                }
                at += INTEGERS;
            }
            let mut sums = [0; R];
            for r in 0..R {
                sums[r] = sum_products(totals[r]);
                // SAFETY: `at <= dim`, and the caller vouches for the row.
                let rest = unsafe { core::slice::from_raw_parts(rows[r].add(at), dim - at) };
                for (&a, &b) in query[at..].iter().zip(rest) {
                    sums[r] = sums[r].wrapping_add(i32::from(a) * i32::from(b));
                }
            }
            sums
        }
    };
}
pub(super) use integer_kernels;
