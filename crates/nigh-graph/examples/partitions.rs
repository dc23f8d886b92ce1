//! Each way to cut an edge file into shards: CPU seconds, balance and locality, one line of JSON each.
//!
//! `cargo run --release -p nigh-graph --example partitions -- EDGES SHARDS[:NODE_BALANCE:EDGE_BALANCE]…`, with `--features metis` for
//! METIS beside them; the peer is `bench/people/partitions.py`.

#![allow(clippy::print_stdout, reason = "an example's result is what it prints")]

use nigh_graph::{
    Adjacency, CommunityConfig, Csr, Edge, Partition, PartitionConfig, leiden, pack_communities,
    partition_by_hash, partition_multilevel, partition_report, refine_partition,
};

type Anything = Box<dyn std::error::Error>;

fn main() -> Result<(), Anything> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments
        .next()
        .ok_or("expected: partitions EDGES SHARDS…")?;
    let graph = read(&path)?;
    for shards in arguments {
        let config = config(&shards)?;
        let hashes: Vec<u64> = (0..graph.nodes() as u64).map(splitmix).collect();
        let by_hash = || Ok(partition_by_hash(&hashes, config.shards)?);
        measure(&graph, "hash", by_hash)?;
        measure(&graph, "hash+refine", || {
            let mut partition = by_hash()?;
            refine_partition(&graph, &mut partition, &config)?;
            Ok(partition)
        })?;
        measure(&graph, "leiden+pack", || {
            let communities = leiden(&graph, &CommunityConfig::default())?;
            Ok(pack_communities(&graph, &communities.of, &config)?)
        })?;
        measure(&graph, "multilevel", || {
            Ok(partition_multilevel(&graph, &config)?)
        })?;
        #[cfg(feature = "metis")]
        measure(&graph, "metis", || {
            Ok(nigh_graph::partition_metis(&graph, &config)?)
        })?;
        #[cfg(feature = "metis")]
        measure(&graph, "metis+refine", || {
            let mut partition = nigh_graph::partition_metis(&graph, &config)?;
            refine_partition(&graph, &mut partition, &config)?;
            Ok(partition)
        })?;
    }
    Ok(())
}

/// From `SHARDS` or `SHARDS:NODE_BALANCE:EDGE_BALANCE`.
fn config(text: &str) -> Result<PartitionConfig, Anything> {
    let mut parts = text.split(':');
    let shards = parts.next().unwrap_or_default();
    let mut config = PartitionConfig::new(shards.parse()?);
    if let (Some(node), Some(edge)) = (parts.next(), parts.next()) {
        config.node_balance = node.parse()?;
        config.edge_balance = edge.parse()?;
    }
    Ok(config)
}

fn measure(
    graph: &Csr,
    method: &str,
    cut: impl FnOnce() -> Result<Partition, Anything>,
) -> Result<(), Anything> {
    let from = cpu_seconds()?;
    let partition = cut()?;
    let cpu = cpu_seconds()? - from;
    let report = partition_report(graph, &partition)?;
    println!(
        r#"{{"method":"{method}","shards":{},"cpu_s":{cpu:.2},"node_balance":{:.3},"edge_balance":{:.3},"edge_local":{:.4},"path2_all":{:.4},"path2_expand":{:.4},"path2_user":{:.4},"shards_per_query":{:.2},"single_shard":{:.4},"halo_copies":{}}}"#,
        partition.shards,
        report.node_balance,
        report.edge_balance,
        report.edge_local,
        report.path2_all,
        report.path2_expand,
        report.path2_user,
        report.shards_per_query,
        report.single_shard,
        report.halo_copies
    );
    Ok(())
}

fn read(path: &str) -> Result<Csr, Anything> {
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

fn splitmix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// CPU seconds of this process so far, all threads, in ticks of a hundredth.
fn cpu_seconds() -> Result<f64, Anything> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    let (_, behind_name) = text.rsplit_once(") ").ok_or("no name in /proc/self/stat")?;
    let mut fields = behind_name.split(' ').skip(11).map(str::parse::<f64>);
    match (fields.next(), fields.next()) {
        (Some(Ok(user)), Some(Ok(system))) => Ok((user + system) / 100.0),
        _ => Err("no times in /proc/self/stat".into()),
    }
}
