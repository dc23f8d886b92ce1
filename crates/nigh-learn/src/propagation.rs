//! How are rows smoothed over a graph?

use nigh_graph::{Adjacency, Csr};
use rayon::prelude::*;

use crate::Matrix;

/// Multiplication by a graph's adjacency matrix, scaled on both sides.
#[derive(Clone, Debug)]
pub(crate) struct Propagation {
    offsets: Vec<usize>,
    targets: Vec<u32>,
    /// `1 / sqrt(degree)`, 0 for nobody's neighbour.
    scale: Vec<f32>,
}

impl Propagation {
    /// `D^-1/2 A D^-1/2` of the edges for which `kept`, which must hold for both directions or for none.
    pub(crate) fn symmetric(graph: &Csr, kept: impl Fn(u32, u32) -> bool) -> Propagation {
        let mut offsets = vec![0];
        let mut targets = Vec::with_capacity(graph.targets().len());
        for node in 0..graph.nodes() as u32 {
            targets.extend(graph.list(node).iter().filter(|&&other| kept(node, other)));
            offsets.push(targets.len());
        }
        let scale = offsets.windows(2).map(|pair| match pair[1] - pair[0] {
            0 => 0.0,
            degree => 1.0 / (degree as f32).sqrt(),
        });
        let scale = scale.collect();
        Propagation {
            offsets,
            targets,
            scale,
        }
    }

    /// The mean of the rows and of their first `layers` products with the matrix.
    pub(crate) fn mean_of_layers(&self, rows: &Matrix, layers: usize) -> Matrix {
        let mut sum = rows.clone();
        let mut layer = rows.clone();
        for _ in 0..layers {
            layer = self.times(&layer);
            sum.add_scaled(&layer, 1.0);
        }
        sum.scale(1.0 / (layers as f32 + 1.0));
        sum
    }

    /// The matrix times these rows.
    pub(crate) fn times(&self, rows: &Matrix) -> Matrix {
        assert_eq!(rows.rows(), self.scale.len(), "one row for each node");
        let mut scaled = rows.clone();
        self.scale_rows(&mut scaled);
        let mut out = Matrix::zeros(rows.rows(), rows.cols());
        out.data_mut()
            .par_chunks_mut(rows.cols().max(1))
            .enumerate()
            .with_min_len(64)
            .for_each(|(node, sum)| {
                let list = &self.targets[self.offsets[node]..self.offsets[node + 1]];
                sum_rows(&scaled, list, sum);
            });
        self.scale_rows(&mut out);
        out
    }

    fn scale_rows(&self, rows: &mut Matrix) {
        let cols = rows.cols().max(1);
        for (row, &factor) in rows.data_mut().chunks_mut(cols).zip(&self.scale) {
            row.iter_mut().for_each(|value| *value *= factor);
        }
    }
}

/// The sum of the named rows. Columns go by the block, whose sums stay in registers.
pub(crate) fn sum_rows(rows: &Matrix, list: &[u32], out: &mut [f32]) {
    let cols = rows.cols();
    let data = rows.data();
    let (blocks, rest) = out.as_chunks_mut::<BLOCK>();
    for (place, block) in blocks.iter_mut().enumerate() {
        let mut sums = [0.0f32; BLOCK];
        for &row in list {
            let start = row as usize * cols + place * BLOCK;
            if let Some(values) = data[start..].first_chunk::<BLOCK>() {
                for lane in 0..BLOCK {
                    sums[lane] += values[lane];
                }
            }
        }
        *block = sums;
    }
    let first = cols - rest.len();
    for (column, sum) in (first..).zip(rest) {
        *sum = list
            .iter()
            .map(|&row| data[row as usize * cols + column])
            .sum();
    }
}

const BLOCK: usize = 32;
