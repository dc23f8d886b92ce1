#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it skips"
)]
//! Link features beside obvious computations, and models of small graphs and a real one.

mod candidates;
mod training;

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use nigh_graph::{Adjacency, Csr, Edge, Random};
use nigh_learn::{
    EmbedderConfig, LinkAsking, LinkCandidates, LinkConfig, LinkError, LinkModel, LinkProgress,
    LinkScratch, LinkTables, LinkTraining, Profiles, RankerConfig, RankingCase, RankingMetrics,
    TieOrder, evaluate_ranking, link_candidates, link_feature_names,
};

fn random_graph(nodes: usize, edges: usize, seed: u64) -> Csr {
    let mut random = Random::new(seed);
    let edges: Vec<Edge> = (0..edges)
        .map(|_| {
            // Lower numbers have more friends, as in life.
            let end = 1 + random.below(nodes);
            Edge::new(random.below(end) as u32, random.below(nodes) as u32)
        })
        .collect();
    Csr::from_edges(nodes, &edges)
}

/// Finds everybody, and walks as far as they lead.
fn everybody() -> LinkConfig {
    LinkConfig {
        tolerance: 0.0,
        by_allocation: 1000,
        by_walks: 1000,
        by_paths: 1000,
        spectral: 4,
        ..LinkConfig::default()
    }
}

fn found(graph: &Csr, person: u32, config: &LinkConfig) -> LinkCandidates {
    let tables = tables_of(graph, config);
    let asking = LinkAsking::new(person);
    link_candidates(graph, &tables, &asking, config, &mut LinkScratch::default())
}

fn tables_of(graph: &Csr, config: &LinkConfig) -> LinkTables {
    LinkTables::of(graph, &Profiles::default(), None, config).unwrap()
}

/// A person, and candidates that another search found.
fn with(person: u32, elsewhere: &[u32]) -> LinkAsking<'_> {
    LinkAsking {
        elsewhere,
        ..LinkAsking::new(person)
    }
}

/// The rows by the names of their values.
fn named(candidates: &LinkCandidates) -> Vec<HashMap<String, f64>> {
    let names = link_feature_names();
    let row = |row: &[f32]| {
        let values = row.iter().map(|&value| f64::from(value));
        names.iter().cloned().zip(values).collect()
    };
    candidates.rows.chunks(names.len()).map(row).collect()
}
