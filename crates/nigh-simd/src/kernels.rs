//! The kernels, written once and stamped out for each instruction set.
//!
//! A module that invokes [`kernels!`] first defines its vector type `V`, `LANES`, the block shape
//! (`BLOCK_QUERIES` × `BLOCK_ROWS`) and eight small operations; the text of the loops is then the same
//! for all forms, so that a form which the present CPU cannot run differs from the tested ones only in
//! those operations.
//!
//! Order of summation, the same in every kernel of a form: full vector `i` goes to running sum `i mod 2`, a
//! lone last full vector to sum 0, the partial tail to sum 1; then `sum(sum0 + sum1)`. This is why one
//! pair gets the same bits from every entry point.

/// How many picked rows are scored at once: with two running sums each they make the eight independent chains
/// that hide the latency of a fused multiply-add.
pub(crate) const GATHER_ROWS: usize = 4;

/// How many picked rows ahead memory is asked for: the CPU cannot guess where they lie.
pub(crate) const GATHER_AHEAD: usize = 8;

/// Queries that a block keeps in the first-level cache while rows stream past, in bytes.
pub(crate) const QUERY_CACHE_BYTES: usize = 16 << 10;

macro_rules! kernels {
    ($($feature:meta)?) => {
        use crate::kernels::{GATHER_AHEAD, GATHER_ROWS, QUERY_CACHE_BYTES};

        #[inline]
        $(#[$feature])?
        fn step<const L2: bool>(a: V, b: V, total: V) -> V {
            if L2 {
                let difference = subtract(a, b);
                multiply_add(difference, difference, total)
            } else {
                multiply_add(a, b, total)
            }
        }

        /// Scores `Q` queries against `R` rows; with `AHEAD`, asks for `ahead` rows meanwhile.
        ///
        /// # Safety
        /// Every pointer in `queries` and `rows` is readable for `dim` values. (`ahead` is never read.)
        #[inline]
        $(#[$feature])?
        unsafe fn tile<const L2: bool, const AHEAD: bool, const Q: usize, const R: usize>(
            queries: [*const f32; Q],
            rows: [*const f32; R],
            ahead: [*const f32; R],
            dim: usize,
        ) -> [[f32; R]; Q] {
            let mut totals = [[[zero(); R]; Q]; 2];
            let mut at = 0;
            while at + 2 * LANES <= dim {
                if AHEAD {
                    for row in ahead {
                        prefetch(row.wrapping_add(at));
                    }
                }
                for (half, totals) in totals.iter_mut().enumerate() {
                    let at = at + half * LANES;
                    // SAFETY: `at + LANES <= dim`, and the caller vouches for `dim` values.
                    unsafe { absorb::<L2, Q, R>(queries, rows, at, totals) };
                }
                at += 2 * LANES;
            }
            if at + LANES <= dim {
                // SAFETY: `at + LANES <= dim`, as above.
                unsafe { absorb::<L2, Q, R>(queries, rows, at, &mut totals[0]) };
                at += LANES;
            }
            if at < dim {
                // SAFETY: `dim - at` values are left and that is fewer than LANES.
                unsafe { absorb_tail::<L2, Q, R>(queries, rows, at, dim - at, &mut totals[1]) };
            }
            let mut scores = [[0.0; R]; Q];
            for q in 0..Q {
                for r in 0..R {
                    scores[q][r] = sum(add(totals[0][q][r], totals[1][q][r]));
                }
            }
            scores
        }

        /// Adds one full vector of every pair to its total.
        ///
        /// # Safety
        /// Every pointer is readable for `at + LANES` values.
        #[inline]
        $(#[$feature])?
        unsafe fn absorb<const L2: bool, const Q: usize, const R: usize>(
            queries: [*const f32; Q],
            rows: [*const f32; R],
            at: usize,
            totals: &mut [[V; R]; Q],
        ) {
            let mut loaded = [zero(); R];
            for (value, row) in loaded.iter_mut().zip(rows) {
                // SAFETY: the caller vouches for `at + LANES` values.
                *value = unsafe { load(row.add(at)) };
            }
            for q in 0..Q {
                // SAFETY: as above.
                let query = unsafe { load(queries[q].add(at)) };
                for r in 0..R {
                    totals[q][r] = step::<L2>(query, loaded[r], totals[q][r]);
                }
            }
        }

        /// Adds the last `left` values of every pair to its total.
        ///
        /// # Safety
        /// `left < LANES`, and every pointer is readable for `at + left` values.
        #[inline]
        $(#[$feature])?
        unsafe fn absorb_tail<const L2: bool, const Q: usize, const R: usize>(
            queries: [*const f32; Q],
            rows: [*const f32; R],
            at: usize,
            left: usize,
            totals: &mut [[V; R]; Q],
        ) {
            for q in 0..Q {
                // SAFETY: the caller vouches for `at + left` values and for `left < LANES`.
                let query = unsafe { load_partial(queries[q].add(at), left) };
                for r in 0..R {
                    // SAFETY: as above.
                    let row = unsafe { load_partial(rows[r].add(at), left) };
                    totals[q][r] = step::<L2>(query, row, totals[q][r]);
                }
            }
        }

        /// Scores one query against consecutive rows, one row after the other: of all orders tried the
        /// one that the CPU's own prefetching follows best. Its reordering overlaps the rows' chains.
        $(#[$feature])?
        pub(crate) fn scan<const L2: bool>(query: &[f32], rows: &[f32], out: &mut [f32]) {
            let (dim, queries) = (query.len(), [query.as_ptr()]);
            debug_assert!(rows.len() >= out.len() * dim);
            for (i, score) in out.iter_mut().enumerate() {
                let row = [rows[i * dim..][..dim].as_ptr()];
                // SAFETY: the query and the row, sliced just now, have `dim` values each.
                [[*score]] = unsafe { tile::<L2, false, 1, 1>(queries, row, row, dim) };
            }
        }

        /// Scores one query against the rows at `positions`, some at a time, asking for later ones ahead.
        ///
        /// # Safety
        /// Every position is a whole row inside `rows`, and `out` is as long as `positions`.
        $(#[$feature])?
        pub(crate) unsafe fn gather<const L2: bool>(
            query: &[f32],
            rows: &[f32],
            positions: &[u32],
            out: &mut [f32],
        ) {
            let (dim, queries) = (query.len(), [query.as_ptr()]);
            let row = |i: usize| rows.as_ptr().wrapping_add(positions[i] as usize * dim);
            let whole = positions.len() / GATHER_ROWS * GATHER_ROWS;
            for at in (0..whole).step_by(GATHER_ROWS) {
                let here = core::array::from_fn::<_, GATHER_ROWS, _>(|i| row(at + i));
                let later = |i: usize| row((at + GATHER_AHEAD + i).min(positions.len() - 1));
                let ahead = core::array::from_fn::<_, GATHER_ROWS, _>(later);
                // SAFETY: the caller vouches for every position.
                let [scores] = unsafe { tile::<L2, true, 1, GATHER_ROWS>(queries, here, ahead, dim) };
                out[at..at + GATHER_ROWS].copy_from_slice(&scores);
            }
            for at in whole..positions.len() {
                let here = [row(at)];
                // SAFETY: the caller vouches for every position.
                [[out[at]]] = unsafe { tile::<L2, false, 1, 1>(queries, here, here, dim) };
            }
        }

        /// Scores every query against every row: `out[q * rows + r]`.
        $(#[$feature])?
        pub(crate) fn block<const L2: bool>(queries: &[f32], rows: &[f32], dim: usize, out: &mut [f32]) {
            let row_count = rows.len() / dim;
            let fitting = QUERY_CACHE_BYTES / (4 * dim) / BLOCK_QUERIES * BLOCK_QUERIES;
            let group = fitting.max(BLOCK_QUERIES);
            for (queries, out) in queries.chunks(group * dim).zip(out.chunks_mut(group * row_count)) {
                for (r, pair) in rows.chunks(BLOCK_ROWS * dim).enumerate() {
                    for (q, trio) in queries.chunks(BLOCK_QUERIES * dim).enumerate() {
                        let out = &mut out[q * BLOCK_QUERIES * row_count + r * BLOCK_ROWS..];
                        corner::<L2>(trio, pair, dim, row_count, out);
                    }
                }
            }
        }

        /// Scores at most `BLOCK_QUERIES × BLOCK_ROWS` pairs; `out` begins at the first pair's place.
        #[inline]
        $(#[$feature])?
        fn corner<const L2: bool>(queries: &[f32], rows: &[f32], dim: usize, stride: usize, out: &mut [f32]) {
            if queries.len() == BLOCK_QUERIES * dim && rows.len() == BLOCK_ROWS * dim {
                let q = core::array::from_fn::<_, BLOCK_QUERIES, _>(|i| queries[i * dim..].as_ptr());
                let r = core::array::from_fn::<_, BLOCK_ROWS, _>(|i| rows[i * dim..].as_ptr());
                // SAFETY: the lengths were just compared: each pointer has `dim` values behind it.
                let scores = unsafe { tile::<L2, false, BLOCK_QUERIES, BLOCK_ROWS>(q, r, r, dim) };
                for (i, scores) in scores.iter().enumerate() {
                    out[i * stride..i * stride + BLOCK_ROWS].copy_from_slice(scores);
                }
                return;
            }
            for (i, query) in queries.chunks_exact(dim).enumerate() {
                for (j, row) in rows.chunks_exact(dim).enumerate() {
                    let row = [row.as_ptr()];
                    // SAFETY: both slices hold `dim` values.
                    [[out[i * stride + j]]] = unsafe { tile::<L2, false, 1, 1>([query.as_ptr()], row, row, dim) };
                }
            }
        }
    };
}
pub(crate) use kernels;
