//! Friends of friends per second: `two_hop EDGES [repeats]`, edges as `a b` by line; the top 100 by neighbours in common for each
//! of the nodes, from the compressed file. Prints one line of JSON. `bench/people/two_hop.py` runs it beside its peer.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "an example fails by panicking and prints"
)]

use std::time::Instant;

use nigh_graph::{
    Adjacency, Csr, Edge, GraphFile, Ids, TwoHopConfig, TwoHopScratch, common_neighbours,
    write_graph,
};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap();
    let queries = arguments.next().unwrap();
    let file = std::env::temp_dir().join(format!("two-hop-{}.graph", std::process::id()));
    let text = std::fs::read_to_string(path).unwrap();
    let edges: Vec<Edge> = text
        .lines()
        .map(|line| {
            let mut ends = line.split_whitespace().map(|end| end.parse().unwrap());
            Edge::new(ends.next().unwrap(), ends.next().unwrap())
        })
        .collect();
    let most = edges.iter().map(|edge| edge.a.max(edge.b)).max().unwrap();
    let csr = Csr::from_edges(most as usize + 1, &edges);
    let ids = Ids::Integers((0..csr.nodes() as u64).collect());
    let bytes = write_graph(&file, &csr, &ids, 0).unwrap();
    let graph = GraphFile::open(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let queries: Vec<u32> = std::fs::read_to_string(queries)
        .unwrap()
        .split_whitespace()
        .map(|node| node.parse().unwrap())
        .collect();
    let config = TwoHopConfig::default();
    let mut scratch = TwoHopScratch::default();
    let mut paths = 0;
    let mut micros: Vec<f64> = queries
        .iter()
        .map(|&node| {
            let start = Instant::now();
            paths += common_neighbours(&graph, node, &config, &mut scratch).paths;
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    let total: f64 = micros.iter().sum();
    micros.sort_by(f64::total_cmp);
    let at = |share: f64| micros[(share * (micros.len() - 1) as f64) as usize];
    println!(
        "{{\"queries\":{},\"qps\":{:.0},\"p50_us\":{:.1},\"p99_us\":{:.1},\"mean_paths\":{},\"bytes_per_edge\":{:.3}}}",
        micros.len(),
        micros.len() as f64 / total * 1e6,
        at(0.5),
        at(0.99),
        paths / micros.len(),
        bytes as f64 / csr.edges() as f64
    );
}
