//! Partitions: their bounds, and their report against a slow one.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod graphs;

use std::collections::BTreeSet;

use graphs::{from_pairs, random_graph, real, small_graphs, two_cliques};
use nigh_graph::{
    Adjacency, CommunityConfig, Csr, Partition, PartitionConfig, PartitionError, leiden,
    pack_communities, partition_by_hash, partition_multilevel, partition_report, refine_partition,
};

type Method = fn(&Csr, &PartitionConfig) -> Result<Partition, PartitionError>;

fn packed(graph: &Csr, config: &PartitionConfig) -> Result<Partition, PartitionError> {
    let communities = leiden(graph, &CommunityConfig::default()).unwrap();
    pack_communities(graph, &communities.of, config)
}

fn refined(graph: &Csr, config: &PartitionConfig) -> Result<Partition, PartitionError> {
    let mut partition = by_hash(graph, config)?;
    refine_partition(graph, &mut partition, config)?;
    Ok(partition)
}

/// Everybody on the first shard, to be evened out.
fn refined_heap(graph: &Csr, config: &PartitionConfig) -> Result<Partition, PartitionError> {
    let mut partition = Partition {
        of: vec![0; graph.nodes()],
        shards: config.shards,
    };
    refine_partition(graph, &mut partition, config)?;
    Ok(partition)
}

fn by_hash(graph: &Csr, config: &PartitionConfig) -> Result<Partition, PartitionError> {
    let hashes = (0..graph.nodes() as u64).map(|node| node.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let hashes: Vec<u64> = hashes.map(|hash| hash >> 7).collect();
    partition_by_hash(&hashes, config.shards)
}

#[cfg(feature = "metis")]
fn metis_refined(graph: &Csr, config: &PartitionConfig) -> Result<Partition, PartitionError> {
    let mut partition = nigh_graph::partition_metis(graph, config)?;
    refine_partition(graph, &mut partition, config)?;
    Ok(partition)
}

/// Those that promise to keep the bounds on balance.
const BOUND: &[(&str, Method)] = &[
    ("pack", packed),
    ("multilevel", partition_multilevel),
    ("hash + refine", refined),
    ("heap + refine", refined_heap),
    #[cfg(feature = "metis")]
    ("metis + refine", metis_refined),
];

/// Where a partition is over its bounds: their documented meaning, by other means.
fn broken_bound(graph: &Csr, partition: &Partition, config: &PartitionConfig) -> Option<String> {
    let shards = config.shards;
    let (mut nodes, mut load) = (vec![0.0; shards], vec![0.0; shards]);
    let mut largest = 0.0_f64;
    for (node, &shard) in partition.of.iter().enumerate() {
        let degree = graph.degree(node as u32) as f64;
        nodes[shard as usize] += 1.0;
        load[shard as usize] += degree;
        largest = largest.max(degree);
    }
    let (node_mean, load_mean) = (
        graph.nodes() as f64 / shards as f64,
        2.0 * graph.edges() as f64 / shards as f64,
    );
    let node_cap = (config.node_balance * node_mean).max(node_mean.ceil());
    let load_cap = (config.edge_balance * load_mean)
        .max(load_mean.ceil())
        .max(largest);
    let over = |held: &[f64], cap: f64| held.iter().any(|&held| held > cap + 1e-9);
    if partition.of.len() != graph.nodes() || partition.shards != shards {
        return Some("not a partition of the graph".into());
    }
    let broken = over(&nodes, node_cap) || over(&load, load_cap);
    broken.then(|| format!("nodes {nodes:?} > {node_cap} or load {load:?} > {load_cap}"))
}

#[test]
fn bounds_hold_on_random_graphs() {
    let mut failed = Vec::new();
    for seed in 0..4 {
        let graph = random_graph(600, 600 << (seed % 4), seed, false);
        for shards in [1, 3, 16] {
            let mut config = PartitionConfig::new(shards);
            (config.seed, config.passes, config.tries) = (seed, 20, 2);
            for (name, cut) in BOUND {
                let partition = cut(&graph, &config).unwrap();
                if let Some(broken) = broken_bound(&graph, &partition, &config) {
                    failed.push(format!("{name}, seed {seed}, {shards} shards: {broken}"));
                }
                if partition != cut(&graph, &config).unwrap() {
                    failed.push(format!(
                        "{name}, seed {seed}, {shards} shards: not repeatable"
                    ));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn small_graphs_can_be_cut() {
    let mut failed = Vec::new();
    for (graph_name, graph) in small_graphs() {
        for shards in [1, 2, 5, 40] {
            let config = PartitionConfig::new(shards);
            for (name, cut) in BOUND.iter().chain(&[("hash", by_hash as Method)]) {
                let partition = cut(&graph, &config).unwrap();
                let report = partition_report(&graph, &partition).unwrap();
                let nodes: u64 = report.shards.iter().map(|shard| shard.nodes).sum();
                let finite = [
                    report.node_balance,
                    report.edge_balance,
                    report.path2_user,
                    report.shards_per_query,
                ];
                let sound = partition.of.iter().all(|&shard| (shard as usize) < shards);
                if !sound || nodes != graph.nodes() as u64 || !finite.iter().all(|x| x.is_finite())
                {
                    failed.push(format!("{name} of {graph_name} into {shards}: {report:?}"));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn two_cliques_are_two_shards() {
    let graph = two_cliques(20);
    for (name, cut) in BOUND {
        let partition = cut(&graph, &PartitionConfig::new(2)).unwrap();
        let report = partition_report(&graph, &partition).unwrap();
        assert_eq!(report.halo_copies, 2, "{name}: {:?}", partition.of);
        assert_eq!(report.node_balance, 1.0, "{name}");
    }
}

/// Every path and every list, one by one.
#[test]
fn the_report_counts_what_a_slow_one_counts() {
    for seed in 0..20 {
        let graph = random_graph(40, 40 + 10 * seed as usize, seed, false);
        let partition = Partition {
            of: (0..40).map(|node| (node * 11 + seed as u32) % 4).collect(),
            shards: 4,
        };
        let of = |node: u32| partition.of[node as usize];
        let (mut paths, mut all, mut expand, mut users) = (0.0, 0.0, 0.0, Vec::new());
        let (mut asked, mut single, mut halo) = (0.0, 0.0, BTreeSet::new());
        let mut local = 0.0;
        for u in 0..40 {
            let (mut own, mut own_all) = (0.0, 0.0);
            let mut shards = BTreeSet::from([of(u)]);
            for &w in graph.list(u) {
                shards.insert(of(w));
                if of(w) == of(u) {
                    local += 1.0;
                } else {
                    halo.insert((of(u), w));
                }
                for &v in graph.list(w) {
                    if v == u {
                        continue;
                    }
                    own += 1.0;
                    expand += f64::from(of(u) == of(w));
                    own_all += f64::from(of(u) == of(w) && of(w) == of(v));
                }
            }
            (paths, all) = (paths + own, all + own_all);
            if own > 0.0 {
                users.push(own_all / own);
            }
            asked += shards.len() as f64;
            single += f64::from(shards.len() == 1);
        }
        let report = partition_report(&graph, &partition).unwrap();
        let rows = [
            (
                "edge_local",
                report.edge_local,
                local / graph.targets().len() as f64,
            ),
            ("path2_all", report.path2_all, all / paths),
            ("path2_expand", report.path2_expand, expand / paths),
            (
                "path2_user",
                report.path2_user,
                users.iter().sum::<f64>() / users.len() as f64,
            ),
            ("shards_per_query", report.shards_per_query, asked / 40.0),
            ("single_shard", report.single_shard, single / 40.0),
            ("halo_copies", report.halo_copies as f64, halo.len() as f64),
        ];
        for (name, fast, slow) in rows {
            assert!(
                (fast - slow).abs() < 1e-12,
                "{seed} {name}: {fast}, expected {slow}"
            );
        }
    }
}

#[test]
fn what_cannot_be_cut_is_refused_with_a_sentence() {
    let graph = from_pairs(3, &[(0, 1)]);
    let mut few = PartitionConfig::new(2);
    few.edge_balance = f64::NAN;
    let mut under = PartitionConfig::new(2);
    under.node_balance = 0.9;
    let partition = |of: &[u32]| Partition {
        of: of.to_vec(),
        shards: 2,
    };
    let refine = |of: &[u32], shards: usize| {
        refine_partition(&graph, &mut partition(of), &PartitionConfig::new(shards)).err()
    };
    let rows = [
        (
            partition_multilevel(&graph, &PartitionConfig::new(0)).err(),
            "0 shards; expected 1 to 1048576",
        ),
        (
            partition_multilevel(&graph, &few).err(),
            "the edge balance is NaN; expected a finite number of at least 1",
        ),
        (
            pack_communities(&graph, &[0, 0, 0], &under).err(),
            "the node balance is 0.9; expected a finite number of at least 1",
        ),
        (
            pack_communities(&graph, &[0], &PartitionConfig::new(2)).err(),
            "1 numbers; expected one for each of 3 nodes",
        ),
        (
            refine(&[0, 0, 2], 2),
            "node 2 is on shard 2; expected one below 2",
        ),
        (
            refine(&[0, 0, 1], 1),
            "node 2 is on shard 1; expected one below 1",
        ),
        (
            partition_report(&graph, &partition(&[0, 9, 0])).err(),
            "node 1 is on shard 9; expected one below 2",
        ),
    ];
    for (error, expected) in rows {
        assert_eq!(
            error.map(|error| error.to_string()).as_deref(),
            Some(expected)
        );
    }
}

#[test]
fn threads_do_not_change_a_cut() {
    let graph = random_graph(400, 3000, 5, false);
    let config = PartitionConfig::new(4);
    let within = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().unwrap();
        pool.install(|| {
            let partition = partition_multilevel(&graph, &config).unwrap();
            let report = partition_report(&graph, &partition).unwrap();
            (partition, report)
        })
    };
    assert_eq!(within(1), within(3));
}

#[test]
fn a_partition_grows_onto_more_shards() {
    let graph = random_graph(400, 3000, 5, false);
    let mut partition = by_hash(&graph, &PartitionConfig::new(2)).unwrap();
    let config = PartitionConfig::new(5);
    refine_partition(&graph, &mut partition, &config).unwrap();
    assert_eq!(broken_bound(&graph, &partition, &config), None);
}

/// With METIS before the same refinement: 0.554 (egofb), 0.822 (lastfm) and 0.240 (mit8) of two-hop paths at 8 shards. With
/// fewer attempts than the default, and room for another compiler's rounding.
#[test]
fn real_networks_are_cut_as_well_as_before() {
    let mut failed = Vec::new();
    for (name, least) in [("egofb", 0.53), ("lastfm", 0.79), ("mit8", 0.23)] {
        let Some(graph) = real(name) else { return };
        let mut config = PartitionConfig::new(8);
        config.tries = 2;
        for (method, cut) in BOUND {
            let partition = cut(&graph, &config).unwrap();
            if let Some(broken) = broken_bound(&graph, &partition, &config) {
                failed.push(format!("{method} {name}: {broken}"));
            }
            let report = partition_report(&graph, &partition).unwrap();
            if *method == "multilevel" && report.path2_all < least {
                failed.push(format!("{name}: {} < {least}", report.path2_all));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
