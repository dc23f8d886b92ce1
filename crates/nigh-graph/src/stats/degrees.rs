//! How many neighbours people have.

use crate::{Adjacency, Csr};

/// Degrees in figures; all 0 for a graph without nodes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DegreeStats {
    /// Each degree that occurs, ascending, and how many nodes have it.
    pub histogram: Vec<(u32, u64)>,
    /// The mean.
    pub mean: f64,
    /// The lowest degree that at least half of the nodes do not exceed.
    pub median: u32,
    /// The lowest degree that at least 99 of 100 nodes do not exceed.
    pub p99: u32,
    /// The highest.
    pub max: u32,
}

/// The degrees of a graph.
#[must_use]
pub fn degree_stats(graph: &Csr) -> DegreeStats {
    let mut degrees: Vec<u32> = (0..graph.nodes() as u32)
        .map(|node| graph.degree(node) as u32)
        .collect();
    degrees.sort_unstable();
    let runs = degrees.chunk_by(|a, b| a == b);
    let nodes = degrees.len();
    let quantile = |percent: usize| {
        let rank = (nodes * percent).div_ceil(100);
        rank.checked_sub(1).map_or(0, |place| degrees[place])
    };
    DegreeStats {
        histogram: runs.map(|run| (run[0], run.len() as u64)).collect(),
        mean: graph.targets().len() as f64 / nodes.max(1) as f64,
        median: quantile(50),
        p99: quantile(99),
        max: degrees.last().copied().unwrap_or(0),
    }
}

/// Whether people with many neighbours have neighbours with many: the correlation of the degrees at both ends of an edge,
/// from −1 to 1 (Newman 2002, *Assortative mixing in networks*). `None` where all ends have the same degree, or there are none.
#[must_use]
pub fn degree_assortativity(graph: &Csr) -> Option<f64> {
    let (mut product, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for node in 0..graph.nodes() as u32 {
        let degree = graph.degree(node) as f64;
        let list = graph.list(node).iter();
        let around: f64 = list.map(|&other| graph.degree(other) as f64).sum();
        product += degree * around;
        sum += degree * degree;
        squares += degree.powi(3);
    }
    let ends = graph.targets().len() as f64;
    let mean = sum / ends;
    let variance = squares / ends - mean * mean;
    let covariance = product / ends - mean * mean;
    (variance > mean * mean * 1e-12).then(|| covariance / variance)
}
