//! Who is visited most by somebody who wanders.

use rayon::prelude::*;

use crate::{Adjacency, Csr};

/// How PageRank is computed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PageRankConfig {
    /// The probability of walking on along an edge rather than beginning anew anywhere; 0 to below 1.
    pub damping: f64,
    /// It stops when all ranks together change by less than this; the error is then below
    /// `tolerance × damping / (1 − damping)`.
    pub tolerance: f64,
    /// It stops after so many rounds anyway.
    pub rounds: usize,
}

impl Default for PageRankConfig {
    /// Damping 0.85 (Brin & Page 1998), a sum of errors below 10⁻⁸.
    fn default() -> Self {
        let (damping, tolerance, rounds) = (0.85, 1e-9, 200);
        PageRankConfig {
            damping,
            tolerance,
            rounds,
        }
    }
}

/// Each node's PageRank, which together are 1, by power iteration in parallel. Weights do not count; whoever has no
/// neighbours begins anew. A damping that is not from 0 to 1 is taken for the nearest that is, one that is no number for 0.
#[must_use]
pub fn pagerank(graph: &Csr, config: &PageRankConfig) -> Vec<f64> {
    let nodes = graph.nodes();
    let damping = if config.damping.is_nan() {
        0.0
    } else {
        config.damping.clamp(0.0, 1.0)
    };
    let each = 1.0 / nodes.max(1) as f64;
    let mut ranks = vec![each; nodes];
    for _ in 0..config.rounds {
        let next = round(graph, &ranks, damping);
        let changes = ranks.iter().zip(&next).map(|(a, b)| (a - b).abs());
        let change: f64 = changes.sum();
        ranks = next;
        if change < config.tolerance {
            break;
        }
    }
    ranks
}

fn round(graph: &Csr, ranks: &[f64], damping: f64) -> Vec<f64> {
    let nodes = 0..graph.nodes() as u32;
    let mut lost = 0.0;
    let handed_on: Vec<f64> = nodes
        .clone()
        .map(|node| {
            let (degree, rank) = (graph.degree(node), ranks[node as usize]);
            if degree == 0 {
                lost += rank;
                return 0.0;
            }
            rank / degree as f64
        })
        .collect();
    let anew = (1.0 - damping + damping * lost) / ranks.len() as f64;
    nodes
        .into_par_iter()
        .map(|node| {
            let list = graph.list(node).iter();
            let received: f64 = list.map(|&other| handed_on[other as usize]).sum();
            anew + damping * received
        })
        .collect()
}
