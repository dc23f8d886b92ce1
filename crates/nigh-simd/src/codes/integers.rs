//! Inner products of 16-bit and 8-bit integers, written once and stamped out for the forms with vector registers.

/// A module that invokes this first defines its vector type `I`, how many 16-bit `INTEGERS` it holds, and five small operations:
/// `no_integers`, `load_integers`, `load_bytes`, `add_products` and `sum_products`.
macro_rules! integer_kernels {
    ($feature:meta) => {
        /// # Safety
        /// `rows` has `out.len() * query.len()` values.
        #[$feature]
        pub(super) unsafe fn dot_i16_i8_rows(query: &[i16], rows: &[i8], out: &mut [i32]) {
            // SAFETY: the pointer was just taken from a slice of so many values.
            unsafe { integer_rows([query.as_ptr()], rows, query.len(), out) };
        }

        /// # Safety
        /// `queries` has `dim` values a whole number of times, `rows` `count` times, and `out` `count` times as many as there are
        /// queries.
        #[$feature]
        pub(super) unsafe fn dot_i16_i8_block(
            queries: &[i16],
            rows: &[i8],
            (dim, count): (usize, usize),
            out: &mut [i32],
        ) {
            for (two, out) in queries.chunks(2 * dim).zip(out.chunks_mut(2 * count)) {
                // SAFETY: each pointer was just taken from a slice of `dim` values.
                unsafe {
                    match two.split_at(dim) {
                        (one, []) => integer_rows([one.as_ptr()], rows, dim, out),
                        (one, other) => {
                            integer_rows([one, other].map(<[i16]>::as_ptr), rows, dim, out)
                        }
                    }
                }
            }
        }

        /// # Safety
        /// Each query is readable for `dim` values.
        #[inline]
        #[$feature]
        unsafe fn integer_rows<const Q: usize>(
            queries: [*const i16; Q],
            rows: &[i8],
            dim: usize,
            out: &mut [i32],
        ) {
            let count = out.len() / Q;
            let whole = count / 4 * 4;
            let row = |at: usize| rows[at * dim..][..dim].as_ptr();
            for at in (0..whole).step_by(4) {
                let four = core::array::from_fn(|i| row(at + i));
                // SAFETY: each row was just taken from a slice of `dim` values; the caller vouches for the queries.
                let sums = unsafe { integer_tile::<Q, 4>(queries, four, dim) };
                for (q, sums) in sums.iter().enumerate() {
                    out[q * count + at..][..4].copy_from_slice(sums);
                }
            }
            for at in whole..count {
                // SAFETY: as above.
                let sums = unsafe { integer_tile::<Q, 1>(queries, [row(at)], dim) };
                for (q, sum) in sums.iter().enumerate() {
                    out[q * count + at] = sum[0];
                }
            }
        }

        /// # Safety
        /// Each pointer is readable for `dim` values.
        #[inline]
        #[$feature]
        unsafe fn integer_tile<const Q: usize, const R: usize>(
            queries: [*const i16; Q],
            rows: [*const i8; R],
            dim: usize,
        ) -> [[i32; R]; Q] {
            let mut totals = [[no_integers(); R]; Q];
            let mut at = 0;
            while at + INTEGERS <= dim {
                for r in 0..R {
                    // SAFETY: `at + INTEGERS <= dim`, and the caller vouches for the row.
                    let row = unsafe { load_bytes(rows[r].add(at)) };
                    for q in 0..Q {
                        // SAFETY: as above for the query.
                        let values = unsafe { load_integers(queries[q].add(at)) };
                        totals[q][r] = add_products(values, row, totals[q][r]);
                    }
                }
                at += INTEGERS;
            }
            let mut sums = [[0; R]; Q];
            for q in 0..Q {
                for r in 0..R {
                    sums[q][r] = sum_products(totals[q][r]);
                    for i in at..dim {
                        // SAFETY: `i < dim`, and the caller vouches for both.
                        let (a, b) = unsafe { (*queries[q].add(i), *rows[r].add(i)) };
                        sums[q][r] = sums[q][r].wrapping_add(i32::from(a) * i32::from(b));
                    }
                }
            }
            sums
        }
    };
}
pub(super) use integer_kernels;
