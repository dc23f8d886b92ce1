//! What a partition is worth: how balanced it is, and how much of a question one shard can answer.

use rayon::prelude::*;

use super::{Partition, PartitionError};
use crate::{Adjacency, Csr};

/// A partition in figures. Shares are from 0 to 1; a share of nothing is 0.
///
/// A two-hop path is u–w–v with u, w and v different, u–v joined or not, counted from both ends.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PartitionReport {
    /// Each shard.
    pub shards: Vec<ShardReport>,
    /// The largest shard's nodes over the mean of all shards; 1 is even. 0 for a graph without nodes.
    pub node_balance: f64,
    /// The largest shard's sum of degrees over the mean of all shards. 0 for a graph without edges.
    pub edge_balance: f64,
    /// Share of edges with both ends on one shard.
    pub edge_local: f64,
    /// Strict two-hop locality: share of two-hop paths with all three nodes on one shard.
    pub path2_all: f64,
    /// Share of two-hop paths with their first two nodes on one shard, which is enough to count candidates there.
    pub path2_expand: f64,
    /// Mean over people of their share of two-hop paths with all three nodes on one shard; people without paths left out.
    pub path2_user: f64,
    /// Mean number of shards that hold a person and their neighbours: those that a two-hop query asks.
    pub shards_per_query: f64,
    /// Share of people whose neighbours are all on their own shard.
    pub single_shard: f64,
    /// Copies of nodes beyond the first if each shard kept every neighbour of its nodes, so that each list is whole.
    pub halo_copies: u64,
}

/// One shard in figures.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ShardReport {
    /// Its nodes.
    pub nodes: u64,
    /// The sum of their degrees.
    pub edge_load: u64,
    /// Those of its edges, counted from each end on it, that lead to its own nodes.
    pub local_load: u64,
    /// Nodes of other shards that are neighbours of its own: what a halo of one hop copies to it.
    pub halo: u64,
}

/// Measures a partition, exactly, in parallel, in time linear in edges.
///
/// # Errors
/// [`PartitionError::Length`] and [`PartitionError::Shard`] where the partition is not one of this graph.
pub fn partition_report(
    graph: &Csr,
    partition: &Partition,
) -> Result<PartitionReport, PartitionError> {
    partition.check(graph, partition.shards)?;
    let of = &partition.of;
    let nodes = 0..graph.nodes() as u32;
    let local: Vec<u32> = nodes
        .clone()
        .into_par_iter()
        .map(|node| {
            let own = of[node as usize];
            let list = graph.list(node).iter();
            list.filter(|&&other| of[other as usize] == own).count() as u32
        })
        .collect();
    let people: Vec<Person> = nodes
        .into_par_iter()
        .map_init(Vec::new, |seen, node| {
            Person::of(graph, of, &local, node, seen)
        })
        .collect();
    Ok(summary(graph, partition, &local, &people))
}

/// What one person's query meets.
struct Person {
    paths: u64,
    paths_local: u64,
    shards: u32,
}

impl Person {
    fn of(graph: &Csr, of: &[u32], local: &[u32], node: u32, seen: &mut Vec<u32>) -> Person {
        let own = of[node as usize];
        let (mut paths, mut paths_local) = (0, 0);
        seen.clear();
        seen.push(own);
        for &middle in graph.list(node) {
            paths += graph.degree(middle) as u64 - 1;
            if of[middle as usize] == own {
                paths_local += u64::from(local[middle as usize]) - 1;
            }
            seen.push(of[middle as usize]);
        }
        seen.sort_unstable();
        seen.dedup();
        Person {
            paths,
            paths_local,
            shards: seen.len() as u32,
        }
    }
}

fn summary(
    graph: &Csr,
    partition: &Partition,
    local: &[u32],
    people: &[Person],
) -> PartitionReport {
    let shards = shard_reports(graph, partition, local);
    let nodes = people.len() as f64;
    let (mut paths, mut inside, mut expanded) = (0, 0, 0);
    let (mut users, mut user_share, mut asked, mut single) = (0_u64, 0.0, 0_u64, 0_u64);
    for (node, person) in people.iter().enumerate() {
        let others = (graph.degree(node as u32) as u64).saturating_sub(1);
        expanded += u64::from(local[node]) * others;
        paths += person.paths;
        inside += person.paths_local;
        asked += u64::from(person.shards);
        single += u64::from(person.shards == 1);
        if person.paths > 0 {
            users += 1;
            user_share += person.paths_local as f64 / person.paths as f64;
        }
    }
    let halo_copies = shards.iter().map(|shard| shard.halo).sum();
    let local_load: u64 = shards.iter().map(|shard| shard.local_load).sum();
    PartitionReport {
        node_balance: balance(shards.iter().map(|shard| shard.nodes)),
        edge_balance: balance(shards.iter().map(|shard| shard.edge_load)),
        edge_local: share(local_load as f64, graph.targets().len() as f64),
        path2_all: share(inside as f64, paths as f64),
        path2_expand: share(expanded as f64, paths as f64),
        path2_user: share(user_share, users as f64),
        shards_per_query: share(asked as f64, nodes),
        single_shard: share(single as f64, nodes),
        halo_copies,
        shards,
    }
}

fn shard_reports(graph: &Csr, partition: &Partition, local: &[u32]) -> Vec<ShardReport> {
    let mut shards = vec![ShardReport::default(); partition.shards];
    let mut seen = Vec::new();
    for (node, &own) in partition.of.iter().enumerate() {
        let shard = &mut shards[own as usize];
        shard.nodes += 1;
        shard.edge_load += graph.degree(node as u32) as u64;
        shard.local_load += u64::from(local[node]);
        seen.clear();
        let list = graph.list(node as u32).iter();
        seen.extend(list.map(|&other| partition.of[other as usize]));
        seen.sort_unstable();
        seen.dedup();
        for &other in seen.iter().filter(|&&other| other != own) {
            shards[other as usize].halo += 1;
        }
    }
    shards
}

fn balance(sizes: impl ExactSizeIterator<Item = u64> + Clone) -> f64 {
    let mean = share(sizes.clone().sum::<u64>() as f64, sizes.len() as f64);
    share(sizes.max().unwrap_or(0) as f64, mean)
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}
