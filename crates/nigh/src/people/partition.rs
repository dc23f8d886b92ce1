//! `nigh people partition`.

use std::io::Write;

use anyhow::{Context, Result};
use nigh_engine::network::{Living, Network};
use nigh_graph::{
    CommunityConfig, Partition, PartitionConfig, PartitionReport, leiden, louvain,
    pack_communities, partition_by_hash, partition_multilevel, partition_report, refine_partition,
};
use serde_json::{Value, json};

use crate::cli::people::{PartitionArgs, PartitionMethod};
use crate::output::{Exit, Output};
use crate::table;

pub(crate) fn run(args: &PartitionArgs, output: Output) -> Result<Exit> {
    let network = Network::open(&args.dir)?;
    let people = network.living();
    let (graph, shards) = (&people.graph, args.shards as usize);
    let partition = divide(&network, &people, args.method, shards)?;
    let hash = divide(&network, &people, PartitionMethod::Hash, shards)?;
    let (report, hashed) = (
        partition_report(graph, &partition)?,
        partition_report(graph, &hash)?,
    );
    if let Some(path) = &args.out {
        write(&network, &people, &partition, path)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    if args.json {
        output.json(&json!({
            "shards": args.shards,
            "method": name(args.method),
            "report": report_json(&report),
            "hash": report_json(&hashed),
        }))?;
        return Ok(Exit::Done);
    }
    for line in lines(name(args.method), &report, &hashed) {
        output.line(line)?;
    }
    Ok(Exit::Done)
}

fn name(method: PartitionMethod) -> &'static str {
    match method {
        PartitionMethod::Hash => "hash",
        PartitionMethod::Louvain => "louvain",
        PartitionMethod::Leiden => "leiden",
        PartitionMethod::Multilevel => "multilevel",
    }
}

fn divide(
    network: &Network,
    living: &Living,
    method: PartitionMethod,
    shards: usize,
) -> Result<Partition> {
    let graph = &living.graph;
    let config = PartitionConfig::new(shards);
    let packed = |of: &[u32]| -> Result<Partition> {
        let mut partition = pack_communities(graph, of, &config)?;
        refine_partition(graph, &mut partition, &config)?;
        Ok(partition)
    };
    Ok(match method {
        PartitionMethod::Hash => {
            let id = |node| network.id(living.number(node));
            let hash = |node| xxhash_rust::xxh3::xxh3_64(id(node).as_bytes());
            let people = 0..graph.offsets().len().saturating_sub(1) as u32;
            partition_by_hash(&people.map(hash).collect::<Vec<u64>>(), shards)?
        }
        PartitionMethod::Louvain => packed(&louvain(graph, &CommunityConfig::default())?.of)?,
        PartitionMethod::Leiden => packed(&leiden(graph, &CommunityConfig::default())?.of)?,
        PartitionMethod::Multilevel => partition_multilevel(graph, &config)?,
    })
}

fn write(
    network: &Network,
    people: &Living,
    partition: &Partition,
    path: &std::path::Path,
) -> std::io::Result<()> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    writeln!(file, "id,shard")?;
    for (person, shard) in partition.of.iter().enumerate() {
        let id = network.id(people.number(person as u32));
        match id.contains([',', '"', '\n']) {
            true => writeln!(file, "\"{}\",{shard}", id.replace('"', "\"\""))?,
            false => writeln!(file, "{id},{shard}")?,
        }
    }
    file.flush()
}

fn report_json(report: &PartitionReport) -> Value {
    let shards: Vec<Value> = report
        .shards
        .iter()
        .map(|shard| {
            json!({
                "people": shard.nodes,
                "edge_load": shard.edge_load,
                "local_load": shard.local_load,
                "halo": shard.halo,
            })
        })
        .collect();
    json!({
        "shards": shards,
        "node_balance": report.node_balance,
        "edge_balance": report.edge_balance,
        "edge_local": report.edge_local,
        "two_hop_strict": report.path2_all,
        "two_hop_expand": report.path2_expand,
        "two_hop_user": report.path2_user,
        "shards_per_query": report.shards_per_query,
        "single_shard": report.single_shard,
        "halo_copies": report.halo_copies,
    })
}

const BAR: usize = 40;

/// The measures beside those of a hash, and the shards as bars.
fn lines(name: &str, report: &PartitionReport, hash: &PartitionReport) -> Vec<String> {
    let row = |what: &str, of: fn(&PartitionReport) -> f64| {
        vec![
            what.to_owned(),
            format!("{:.3}", of(report)),
            format!("{:.3}", of(hash)),
        ]
    };
    let rows = [
        row("people, greatest by mean", |r| r.node_balance),
        row("edge load, greatest by mean", |r| r.edge_balance),
        row("edges inside a shard", |r| r.edge_local),
        row("two-hop paths inside (strict)", |r| r.path2_all),
        row("two-hop ends together (expand)", |r| r.path2_expand),
        row("shards asked a question", |r| r.shards_per_query),
        row("questions that ask one shard", |r| r.single_shard),
        row("copies of people for a halo", |r| r.halo_copies as f64),
    ];
    let mut lines = table::lines(&["", name, "hash"], &rows);
    lines.push(String::new());
    let most = report
        .shards
        .iter()
        .map(|shard| shard.edge_load)
        .max()
        .unwrap_or(0)
        .max(1);
    for (number, shard) in report.shards.iter().enumerate() {
        let bar = |load: u64| (load as f64 / most as f64 * BAR as f64).round() as usize;
        let inside = bar(shard.local_load);
        let outside = bar(shard.edge_load).saturating_sub(inside);
        lines.push(format!(
            "{number:>5} {}{} {} people, load {}",
            "█".repeat(inside),
            "░".repeat(outside),
            shard.nodes,
            shard.edge_load
        ));
    }
    lines.push("      █ edges inside the shard, ░ edges to others".to_owned());
    lines
}
