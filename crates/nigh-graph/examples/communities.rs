//! Louvain and Leiden on an edge file: CPU seconds, communities and modularity of several runs, one line of JSON each.
//!
//! `cargo run --release -p nigh-graph --example communities -- EDGES [RUNS]`; the peer is `bench/people/communities.py`.

#![allow(clippy::print_stdout, reason = "an example's result is what it prints")]

use std::time::Instant;

use nigh_graph::{Communities, CommunityConfig, CommunityError, Csr, Edge, leiden, louvain};

type Method = fn(&Csr, &CommunityConfig) -> Result<Communities, CommunityError>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments
        .next()
        .ok_or("expected: communities EDGES [RUNS] [ROUNDS]")?;
    let runs: u64 = arguments.next().map_or(Ok(3), |runs| runs.parse())?;
    let rounds = arguments.next().map(|rounds| rounds.parse()).transpose()?;
    let graph = read(&path)?;
    for (name, method) in [("louvain", louvain as Method), ("leiden", leiden)] {
        for seed in 0..runs {
            let mut config = CommunityConfig {
                seed,
                ..CommunityConfig::default()
            };
            config.rounds = rounds.unwrap_or(config.rounds);
            let (from, wall) = (cpu_seconds()?, Instant::now());
            let found = method(&graph, &config)?;
            let (cpu, wall) = (cpu_seconds()? - from, wall.elapsed().as_secs_f64());
            println!(
                r#"{{"method":"nigh_{name}","seed":{seed},"cpu_s":{cpu:.3},"wall_s":{wall:.3},"communities":{},"modularity":{:.4}}}"#,
                found.count, found.modularity
            );
        }
    }
    Ok(())
}

fn read(path: &str) -> Result<Csr, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string(path)?;
    let mut edges = Vec::new();
    for line in text.lines() {
        let mut ids = line.split([',', ' ', '\t']).map(str::parse::<u32>);
        if let (Some(Ok(a)), Some(Ok(b))) = (ids.next(), ids.next()) {
            edges.push(Edge::new(a, b));
        }
    }
    let nodes = edges.iter().map(|edge| edge.a.max(edge.b) as usize + 1);
    Ok(Csr::from_edges(nodes.max().unwrap_or(0), &edges))
}

/// CPU seconds of this thread so far, which is the one that searches.
fn cpu_seconds() -> Result<f64, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: f64 = text.split(' ').next().ok_or("empty schedstat")?.parse()?;
    Ok(nanoseconds / 1e9)
}
