use nigh_graph::{Adjacency, Csr, Random};

use crate::Matrix;
use crate::propagation::Propagation;

/// Which structural features there are.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct StructureConfig {
    /// Columns of the position.
    pub position: usize,
    /// The weight of each power of the normalised adjacency in it, the first power's first.
    pub powers: Vec<f32>,
    /// The largest communities have a column of their own, where communities are given.
    pub communities: usize,
    /// Where randomness starts: the same seed gives the same space over another graph of the same people.
    pub seed: u64,
}

impl Default for StructureConfig {
    fn default() -> StructureConfig {
        StructureConfig {
            position: 128,
            powers: vec![1.0, 1.0, 1.0],
            communities: 32,
            seed: 0,
        }
    }
}

/// A row for each person: degree and PageRank (logarithms, a mean of 0 and a deviation of 1), communities (one column each)
/// and position.
///
/// The position is a random projection of powers of the normalised adjacency, each power's rows of length 1 (Chen et al.,
/// "Fast and Accurate Network Embeddings via Very Sparse Random Projection", CIKM 2019, §3; with normal numbers). `communities`
/// has one number for each person, or is empty.
#[must_use]
pub fn structural_features(graph: &Csr, communities: &[u32], config: &StructureConfig) -> Matrix {
    let nodes = graph.nodes();
    let columns = community_columns(communities, config.communities);
    let own = 2 + columns.len();
    let mut out = Matrix::zeros(nodes, own + config.position);
    let degrees = standardized((0..nodes as u32).map(|node| (graph.degree(node) as f64).ln_1p()));
    let ranks = standardized(page_rank(graph).iter().map(|rank| rank.ln()));
    let position = position(graph, config);
    for node in 0..nodes {
        let row = out.row_mut(node);
        (row[0], row[1]) = (degrees[node], ranks[node]);
        let community = communities.get(node);
        if let Some(place) = columns.iter().position(|column| Some(column) == community) {
            row[2 + place] = 1.0;
        }
        row[own..].copy_from_slice(position.row(node));
    }
    out
}

fn position(graph: &Csr, config: &StructureConfig) -> Matrix {
    let nodes = graph.nodes();
    let mut power = Matrix::zeros(nodes, config.position);
    for node in 0..nodes {
        let mut random = Random::stream(&[config.seed, 7, node as u64]);
        power
            .row_mut(node)
            .iter_mut()
            .for_each(|value| *value = random.normal() as f32);
    }
    let propagation = Propagation::symmetric(graph, |_, _| true);
    let mut sum = Matrix::zeros(nodes, config.position);
    for &weight in &config.powers {
        power = propagation.times(&power);
        sum.add_scaled(&power.normalized(), weight);
    }
    sum
}

fn standardized(values: impl Iterator<Item = f64>) -> Vec<f32> {
    let values: Vec<f64> = values.collect();
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / count;
    let deviation = if variance > 0.0 { variance.sqrt() } else { 1.0 };
    values
        .iter()
        .map(|value| ((value - mean) / deviation) as f32)
        .collect()
}

/// PageRank with damping 0.85 (Page et al., "The PageRank Citation Ranking", 1999, §2), 30 rounds: the sum is 1.
fn page_rank(graph: &Csr) -> Vec<f64> {
    const DAMPING: f64 = 0.85;
    let nodes = graph.nodes();
    let mut ranks = vec![1.0 / nodes.max(1) as f64; nodes];
    for _ in 0..30 {
        let share = |node: u32| ranks[node as usize] / graph.degree(node).max(1) as f64;
        let alone: f64 = (0..nodes as u32)
            .filter(|&node| graph.degree(node) == 0)
            .map(share)
            .sum();
        let everywhere = (1.0 - DAMPING + DAMPING * alone) / nodes.max(1) as f64;
        let received = |node: u32| {
            graph
                .list(node)
                .iter()
                .map(|&other| share(other))
                .sum::<f64>()
        };
        ranks = (0..nodes as u32)
            .map(|node| everywhere + DAMPING * received(node))
            .collect();
    }
    ranks
}

/// The largest communities, the largest first.
fn community_columns(communities: &[u32], count: usize) -> Vec<u32> {
    let mut sorted = communities.to_vec();
    sorted.sort_unstable();
    let mut sizes: Vec<(usize, u32)> = sorted
        .chunk_by(|a, b| a == b)
        .map(|chunk| (chunk.len(), chunk[0]))
        .collect();
    sizes.sort_by_key(|&(size, community)| (std::cmp::Reverse(size), community));
    sizes.iter().take(count).map(|entry| entry.1).collect()
}
