//! Where is somebody in the graph as a whole?

use nigh_graph::{Adjacency, Csr, Random};

use crate::Matrix;
use crate::matrix::add_scaled;
use crate::propagation::Propagation;

/// Columns beyond those that are wanted, and rounds: what subspace iteration needs to find the leading ones (Halko,
/// Martinsson and Tropp, "Finding Structure with Randomness", SIAM Review 2011, §4.5).
const BEYOND: usize = 16;
const ROUNDS: usize = 5;

/// A row for each node, whose inner products come near `A`, as far as its leading positive eigenvectors under
/// `D^-1/4 A D^-1/4` go.
///
/// Half of the usual normalisation: between a plain factorisation, where only hubs count, and one where they do not.
pub(super) fn spectral_embedding(graph: &Csr, columns: usize) -> Matrix {
    let nodes = graph.nodes();
    let width = (columns + BEYOND).min(nodes);
    if columns == 0 || width == 0 {
        return Matrix::zeros(nodes, 0);
    }
    let operator = Operator::of(graph);
    let mut basis = Matrix::normal(nodes, width, 1.0, &mut Random::stream(&[0x5bec]));
    for _ in 0..ROUNDS {
        basis = orthonormal(&operator.times(&operator.times(&basis)));
    }
    let within = basis.transposed_times(&operator.times(&basis));
    let (values, vectors) = eigen(&within);
    let mut order: Vec<usize> = (0..width).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]).then(a.cmp(&b)));
    order.truncate(columns);
    let mut turn = Matrix::zeros(width, order.len());
    for (column, &from) in order.iter().enumerate() {
        let scale = values[from].max(0.0).sqrt();
        for row in 0..width {
            turn.row_mut(row)[column] = (vectors[row * width + from] * scale) as f32;
        }
    }
    let mut out = basis.times(&turn);
    scale_rows(&mut out, &operator.fourth_roots);
    out
}

/// `D^-1/4 A D^-1/4`.
struct Operator {
    symmetric: Propagation,
    fourth_roots: Vec<f32>,
}

impl Operator {
    fn of(graph: &Csr) -> Operator {
        let degree = |node: u32| graph.degree(node).max(1) as f32;
        let nodes = 0..graph.nodes() as u32;
        Operator {
            symmetric: Propagation::symmetric(graph, |_, _| true),
            fourth_roots: nodes.map(|node| degree(node).sqrt().sqrt()).collect(),
        }
    }

    fn times(&self, rows: &Matrix) -> Matrix {
        let mut scaled = rows.clone();
        scale_rows(&mut scaled, &self.fourth_roots);
        let mut out = self.symmetric.times(&scaled);
        scale_rows(&mut out, &self.fourth_roots);
        out
    }
}

fn scale_rows(rows: &mut Matrix, factors: &[f32]) {
    let cols = rows.cols().max(1);
    for (row, &factor) in rows.data_mut().chunks_mut(cols).zip(factors) {
        row.iter_mut().for_each(|value| *value *= factor);
    }
}

/// An orthonormal basis of the columns, by Gram–Schmidt, twice over for the sake of f32. Columns that add nothing become 0.
fn orthonormal(matrix: &Matrix) -> Matrix {
    let (rows, cols) = (matrix.rows(), matrix.cols());
    let column = |col: usize| (0..rows).map(move |row| matrix.row(row)[col]).collect();
    let mut columns: Vec<Vec<f32>> = (0..cols).map(column).collect();
    for place in 0..cols {
        let (done, rest) = columns.split_at_mut(place);
        let own = &mut rest[0];
        let before = nigh_simd::dot(own, own).sqrt();
        for earlier in done.iter().chain(done.iter()) {
            let along = nigh_simd::dot(earlier, own);
            add_scaled(own, earlier, -along);
        }
        let length = nigh_simd::dot(own, own).sqrt();
        let scale = if length > before * 1e-5 {
            1.0 / length
        } else {
            0.0
        };
        own.iter_mut().for_each(|value| *value *= scale);
    }
    let mut out = Matrix::zeros(rows, cols);
    for row in 0..rows {
        for (value, column) in out.row_mut(row).iter_mut().zip(&columns) {
            *value = column[row];
        }
    }
    out
}

/// Eigenvalues and eigenvectors, as columns, of a symmetric matrix by cyclic Jacobi rotations (Golub and Van Loan, *Matrix
/// Computations*, §8.5).
fn eigen(matrix: &Matrix) -> (Vec<f64>, Vec<f64>) {
    const SWEEPS: usize = 30;
    let n = matrix.rows();
    let entry = |row: usize, col: usize| f64::from(matrix.row(row)[col]);
    let mean = |place: usize| (entry(place / n, place % n) + entry(place % n, place / n)) / 2.0;
    let mut a: Vec<f64> = (0..n * n).map(mean).collect();
    let mut vectors = vec![0.0; n * n];
    (0..n).for_each(|place| vectors[place * n + place] = 1.0);
    for _ in 0..SWEEPS {
        let mut rotated = false;
        for (p, q) in (0..n).flat_map(|p| (p + 1..n).map(move |q| (p, q))) {
            if a[p * n + q].abs() > 1e-9 {
                let rotation = Rotation::of(&a, n, p, q);
                rotation.turn_columns(&mut a, n);
                rotation.turn_rows(&mut a, n);
                rotation.turn_columns(&mut vectors, n);
                rotated = true;
            }
        }
        if !rotated {
            break;
        }
    }
    ((0..n).map(|place| a[place * n + place]).collect(), vectors)
}

/// A rotation of two axes that makes one entry 0.
struct Rotation {
    p: usize,
    q: usize,
    cos: f64,
    sin: f64,
}

impl Rotation {
    fn of(a: &[f64], n: usize, p: usize, q: usize) -> Rotation {
        let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * a[p * n + q]);
        let sign = if theta < 0.0 { -1.0 } else { 1.0 };
        let tan = sign / (theta.abs() + (theta * theta + 1.0).sqrt());
        let cos = 1.0 / (tan * tan + 1.0).sqrt();
        let sin = tan * cos;
        Rotation { p, q, cos, sin }
    }

    fn turn_columns(&self, a: &mut [f64], n: usize) {
        for row in a.chunks_exact_mut(n) {
            let (x, y) = (row[self.p], row[self.q]);
            (row[self.p], row[self.q]) = (self.cos * x - self.sin * y, self.sin * x + self.cos * y);
        }
    }

    fn turn_rows(&self, a: &mut [f64], n: usize) {
        for col in 0..n {
            let (x, y) = (a[self.p * n + col], a[self.q * n + col]);
            a[self.p * n + col] = self.cos * x - self.sin * y;
            a[self.q * n + col] = self.sin * x + self.cos * y;
        }
    }
}
