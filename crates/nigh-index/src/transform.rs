//! From a row's own coordinates to those that codes are made in.
//!
//! Rows are centred, turned onto their principal axes (Pearson 1901; the covariance of 2,048 rows at a time in f32, of all in f64) and the
//! leading `scan` of these, which hold most of the variance, are rotated at random among themselves, so that
//! each holds as much as the next: what one-bit codes want (Gao and Long, "RaBitQ", SIGMOD 2024, §3.1). Distances
//! between rows are kept but for what the dropped axes held. Or they are only rotated at random, without a matrix ([`Hadamard`]).

use nalgebra::{DMatrix, SymmetricEigen};
use rayon::prelude::*;

use crate::random::Random;

mod hadamard;

pub(crate) use hadamard::Hadamard;

/// The dimensions that codes are made in, all of `dim` columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dims {
    /// Values of a row.
    pub(crate) full: usize,
    /// Leading coordinates that one-bit codes are made of: a multiple of 8, at most `kept`.
    pub(crate) scan: usize,
    /// Coordinates that refining codes are made of: a multiple of 8.
    pub(crate) kept: usize,
}

/// A share of the variance, and how many axes hold it.
pub(crate) fn axes_holding(variances: &[f64], share: f64) -> usize {
    let total: f64 = variances.iter().sum();
    let mut held = 0.0;
    let found = variances.iter().position(|variance| {
        held += variance;
        held >= share * total
    });
    found.map_or(variances.len(), |last| last + 1)
}

/// The share of the variance that the leading axes hold; 1 if there is none.
pub(crate) fn share_held(variances: &[f64], axes: usize) -> f32 {
    let total: f64 = variances.iter().sum();
    let held: f64 = variances.iter().take(axes).sum();
    if total > 0.0 {
        (held / total) as f32
    } else {
        1.0
    }
}

/// The principal axes of a sample.
#[derive(Debug)]
pub(crate) struct Axes {
    pub(crate) mean: Vec<f32>,
    /// Greatest first, up to a common factor.
    pub(crate) variances: Vec<f64>,
    /// One axis a row, in the order of the variances.
    axes: Vec<f32>,
}

impl Axes {
    /// Of rows laid end to end, at least one.
    pub(crate) fn of(sample: &[f32], dim: usize) -> Axes {
        let mean = mean_of(sample, dim);
        // Values are divided by the largest, lest their products exceed f32.
        let largest = sample
            .iter()
            .fold(0.0_f32, |largest, x| largest.max(x.abs()));
        let inverse = if largest > 1e-30 { 0.5 / largest } else { 1.0 };
        let mut products = Products::new(dim);
        products.add(sample, &mean, inverse);
        let (variances, axes) = products.axes();
        Axes {
            mean,
            variances,
            axes,
        }
    }
}

/// The mean of rows laid end to end.
pub(crate) fn mean_of(rows: &[f32], dim: usize) -> Vec<f32> {
    let mut sums = vec![0.0_f64; dim];
    for row in rows.chunks_exact(dim) {
        sums.iter_mut()
            .zip(row)
            .for_each(|(sum, &x)| *sum += f64::from(x));
    }
    let count = (rows.len() / dim).max(1) as f64;
    sums.into_iter().map(|sum| (sum / count) as f32).collect()
}

/// Rows whose products are summed in f32 before they are added up in f64.
pub(crate) const COVARIANCE_ROWS: usize = 2048;

/// The sums of the products of columns, added up over any number of rows.
#[derive(Debug)]
pub(crate) struct Products {
    dim: usize,
    rows: usize,
    total: DMatrix<f64>,
}

impl Products {
    pub(crate) fn new(dim: usize) -> Products {
        Products {
            dim,
            rows: 0,
            total: DMatrix::zeros(dim, dim),
        }
    }

    /// Adds rows laid end to end, less a mean and times a factor. The sums depend on how rows are divided into calls, unless each
    /// has a multiple of [`COVARIANCE_ROWS`].
    pub(crate) fn add(&mut self, rows: &[f32], mean: &[f32], factor: f32) {
        let dim = self.dim;
        for part in rows.chunks(COVARIANCE_ROWS * dim) {
            let columns = centred_columns(part, dim, mean, factor);
            let count = part.len() / dim;
            let mut products = vec![0.0; dim * dim];
            products
                .par_chunks_mut(64 * dim)
                .zip(columns.par_chunks(64 * count))
                .for_each(|(products, some)| {
                    nigh_simd::dot_block(some, &columns, count, products);
                });
            self.total
                .iter_mut()
                .zip(&products)
                .for_each(|(total, &product)| *total += f64::from(product));
        }
        self.rows += rows.len() / dim;
    }

    /// The mean squares along the axes, greatest first, and the axes, one a row.
    pub(crate) fn axes(self) -> (Vec<f64>, Vec<f32>) {
        let eigen = SymmetricEigen::new(self.total / self.rows.max(1) as f64);
        let mut order: Vec<usize> = (0..self.dim).collect();
        order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
        let axis = |&i: &usize| -> Vec<f32> {
            let column = eigen.eigenvectors.column(i);
            column.iter().map(|&x| x as f32).collect()
        };
        let axes = order.iter().flat_map(axis).collect();
        let variances = order.iter().map(|&i| eigen.eigenvalues[i].max(0.0));
        (variances.collect(), axes)
    }
}

fn centred_columns(rows: &[f32], dim: usize, mean: &[f32], inverse: f32) -> Vec<f32> {
    let count = rows.len() / dim;
    let mut columns = vec![0.0; rows.len()];
    for (r, row) in rows.chunks_exact(dim).enumerate() {
        for (d, (&x, &mean)) in row.iter().zip(mean).enumerate() {
            columns[d * count + r] = (x - mean) * inverse;
        }
    }
    columns
}

/// An affine map from `dims.full` values to `dims.kept` coordinates.
#[derive(Clone, Debug)]
pub(crate) struct Transform {
    pub(crate) dims: Dims,
    pub(crate) mean: Vec<f32>,
    pub(crate) turn: Turn,
}

/// How coordinates come from centred values.
#[derive(Clone, Debug)]
pub(crate) enum Turn {
    /// `dims.kept` × `dims.full`, its rows orthonormal or zero.
    Matrix(Vec<f32>),
    /// The leading ones after this.
    Hadamard(Hadamard),
}

impl Transform {
    /// The leading axes, the first `dims.scan` rotated among themselves. Where there are fewer axes than
    /// coordinates, axes of zeros make up for them.
    pub(crate) fn of(axes: &Axes, dims: Dims, seed: u64) -> Transform {
        let mut leading = axes.axes[..dims.kept.min(dims.full) * dims.full].to_vec();
        leading.resize(dims.kept * dims.full, 0.0);
        let rotation = rotation(dims.scan, seed);
        let scanned = &leading[..dims.scan * dims.full];
        let columns = DMatrix::from_row_slice(dims.scan, dims.full, scanned);
        let rotated = rotation * columns;
        let mut matrix: Vec<f32> = rotated
            .row_iter()
            .flat_map(|row| row.iter().copied().collect::<Vec<_>>())
            .collect();
        matrix.extend_from_slice(&leading[dims.scan * dims.full..]);
        Transform {
            dims,
            mean: axes.mean.clone(),
            turn: Turn::Matrix(matrix),
        }
    }

    /// The leading coordinates of a random rotation.
    pub(crate) fn rotating(mean: Vec<f32>, dims: Dims, seed: u64) -> Transform {
        let rotation = Hadamard::draw(dims.full.next_multiple_of(8), seed);
        let turn = Turn::Hadamard(rotation);
        Transform { dims, mean, turn }
    }

    /// The coordinates of rows laid end to end, and of each row the squared distance to the mean, to which the
    /// coordinates' own squares add up if no axis was dropped.
    pub(crate) fn apply(&self, rows: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let Dims { full, kept, .. } = self.dims;
        let mut centred = rows.to_vec();
        let mut squares = Vec::with_capacity(rows.len() / full);
        for row in centred.chunks_exact_mut(full) {
            row.iter_mut()
                .zip(&self.mean)
                .for_each(|(x, mean)| *x -= mean);
            squares.push(nigh_simd::dot(row, row));
        }
        let mut coordinates = Vec::with_capacity(rows.len() / full * kept);
        match &self.turn {
            Turn::Matrix(matrix) => {
                coordinates.resize(rows.len() / full * kept, 0.0);
                nigh_simd::dot_block(&centred, matrix, full, &mut coordinates);
            }
            Turn::Hadamard(rotation) => {
                let rows = centred.chunks_exact(full);
                rows.for_each(|row| rotation.append(row, kept, &mut coordinates));
            }
        }
        (coordinates, squares)
    }
}

impl Transform {
    /// The shares of the variance that the scanned and the kept coordinates hold, of rows laid end to end; 1 if there is none.
    pub(crate) fn shares(&self, rows: &[f32]) -> [f32; 2] {
        let (coordinates, squares) = self.apply(rows);
        let total: f64 = squares.iter().map(|&square| f64::from(square)).sum();
        [self.dims.scan, self.dims.kept].map(|leading| {
            let of = |row: &[f32]| f64::from(nigh_simd::dot(&row[..leading], &row[..leading]));
            let held: f64 = coordinates.chunks_exact(self.dims.kept).map(of).sum();
            if total > 0.0 {
                (held / total) as f32
            } else {
                1.0
            }
        })
    }
}

/// A random orthogonal matrix, uniform over all of them: the Q of a Gaussian matrix (Stewart, "The efficient generation of
/// random orthogonal matrices", SIAM J. Numer. Anal. 1980).
pub(crate) fn rotation(size: usize, seed: u64) -> DMatrix<f32> {
    let mut random = Random::new(seed);
    let gaussian = DMatrix::from_fn(size, size, |_, _| random.normal() as f32);
    gaussian.qr().q()
}

/// The transform of one query at a time.
#[derive(Clone, Debug)]
pub(crate) enum QueryTransform {
    Matrix(IntegerMatrix),
    /// And how many coordinates are kept.
    Hadamard(Hadamard, usize),
}

impl QueryTransform {
    /// The coordinates of one or more queries of `dim` values that the mean was taken from, laid end to end.
    pub(crate) fn apply(
        &self,
        centred: &[f32],
        dim: usize,
        scratch: &mut Integers,
        coordinates: &mut Vec<f32>,
    ) {
        coordinates.clear();
        match self {
            QueryTransform::Matrix(matrix) => matrix.multiply(centred, dim, scratch, coordinates),
            QueryTransform::Hadamard(rotation, kept) => {
                let queries = centred.chunks_exact(dim);
                queries.for_each(|query| rotation.append(query, *kept, coordinates));
            }
        }
    }
}

/// A matrix in 8-bit integers, a quarter of the memory to read. The rounding, at most half a percent of a coordinate's usual
/// size, is far below what a code of a few bits loses.
#[derive(Clone, Debug)]
pub(crate) struct IntegerMatrix {
    rows: Vec<i8>,
    scales: Vec<f32>,
    /// The largest query value in integers: inner products then stay within 32 bits.
    limit: i16,
}

impl IntegerMatrix {
    /// Of a [`Transform`]'s matrix.
    pub(crate) fn new(dims: Dims, matrix: &[f32]) -> IntegerMatrix {
        let Dims { full, kept, .. } = dims;
        let mut rows = Vec::with_capacity(matrix.len());
        let mut scales = Vec::with_capacity(kept);
        for row in matrix.chunks_exact(full) {
            let largest = row.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
            let inverse = if largest > 0.0 { 127.0 / largest } else { 0.0 };
            rows.extend(row.iter().map(|x| (x * inverse).round() as i8));
            scales.push(largest / 127.0);
        }
        IntegerMatrix {
            rows,
            scales,
            limit: integer_limit(full),
        }
    }

    fn multiply(
        &self,
        centred: &[f32],
        dim: usize,
        scratch: &mut Integers,
        coordinates: &mut Vec<f32>,
    ) {
        let Integers {
            values,
            products,
            steps,
        } = scratch;
        values.resize(centred.len(), 0);
        steps.clear();
        for (query, values) in centred.chunks_exact(dim).zip(values.chunks_exact_mut(dim)) {
            steps.push(nigh_simd::quantize(query, self.limit, values));
        }
        let kept = self.scales.len();
        products.resize(steps.len() * kept, 0);
        nigh_simd::dot_i16_i8_block(values, &self.rows, dim, products);
        for (products, step) in products.chunks_exact(kept).zip(steps) {
            let pairs = products.iter().zip(&self.scales);
            coordinates.extend(pairs.map(|(&product, scale)| product as f32 * (scale * *step)));
        }
    }
}

/// The largest 16-bit value whose products with 8-bit ones, `dim` of them, stay within 32 bits.
pub(crate) fn integer_limit(dim: usize) -> i16 {
    (i32::MAX as usize / (128 * dim.max(1))).min(i16::MAX as usize) as i16
}

/// Queries in 16-bit integers, what a unit of each stands for, and room for products.
#[derive(Debug, Default)]
pub(crate) struct Integers {
    pub(crate) values: Vec<i16>,
    products: Vec<i32>,
    steps: Vec<f32>,
}

impl Integers {
    /// Rounds values to integers up to `limit`; returns what one unit stands for.
    pub(crate) fn quantize(&mut self, values: &[f32], limit: i16) -> f32 {
        self.values.resize(values.len(), 0);
        nigh_simd::quantize(values, limit, &mut self.values)
    }
}
