//! Communities against slow references, and on real networks.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod graphs;

use graphs::{from_pairs, random_graph, real, small_graphs, two_cliques};
use nigh_graph::{
    Adjacency, Communities, CommunityConfig, CommunityError, Csr, Edge, leiden, louvain, modularity,
};

type Method = fn(&Csr, &CommunityConfig) -> Result<Communities, CommunityError>;
const METHODS: [(&str, Method); 2] = [("louvain", louvain), ("leiden", leiden)];

/// Newman's formula over all pairs of nodes.
fn naive_modularity(graph: &Csr, of: &[u32], resolution: f64) -> f64 {
    let nodes = graph.nodes();
    let mut weight = vec![vec![0.0; nodes]; nodes];
    for edge in graph.iter_edges() {
        weight[edge.a as usize][edge.b as usize] = f64::from(edge.weight);
        weight[edge.b as usize][edge.a as usize] = f64::from(edge.weight);
    }
    let strength: Vec<f64> = weight.iter().map(|row| row.iter().sum()).collect();
    let total: f64 = strength.iter().sum();
    let mut sum = 0.0;
    for a in 0..nodes {
        for b in 0..nodes {
            if of[a] == of[b] {
                sum += weight[a][b] - resolution * strength[a] * strength[b] / total;
            }
        }
    }
    if total > 0.0 { sum / total } else { 0.0 }
}

fn connected(graph: &Csr, of: &[u32], community: u32) -> bool {
    let members: Vec<u32> = (0..graph.nodes() as u32)
        .filter(|&node| of[node as usize] == community)
        .collect();
    let mut seen = vec![members[0]];
    let mut next = 0;
    while next < seen.len() {
        for &other in graph.list(seen[next]) {
            if of[other as usize] == community && !seen.contains(&other) {
                seen.push(other);
            }
        }
        next += 1;
    }
    seen.len() == members.len()
}

#[test]
fn modularity_is_newmans() {
    for seed in 0..20 {
        let graph = random_graph(30, 80, seed, seed % 2 == 0);
        let of: Vec<u32> = (0..30).map(|node| (node * 7 + seed as u32) % 5).collect();
        for resolution in [0.5, 1.0, 2.0] {
            let (fast, slow) = (
                modularity(&graph, &of, resolution),
                naive_modularity(&graph, &of, resolution),
            );
            assert!(
                (fast - slow).abs() < 1e-9,
                "seed {seed}: {fast}, expected {slow}"
            );
        }
    }
}

#[test]
fn small_graphs_have_the_communities_one_sees() {
    let mut failed = Vec::new();
    for (name, graph) in small_graphs() {
        let expected = match name {
            "empty" => 0,
            "one node" | "star" | "clique" => 1,
            "two cliques" | "two components" => 2,
            "no edges" => graph.nodes(),
            _ => continue,
        };
        for (method, find) in METHODS {
            let found = find(&graph, &CommunityConfig::default()).unwrap();
            let slow = naive_modularity(&graph, &found.of, 1.0);
            let right = found.count == expected
                && found.of.len() == graph.nodes()
                && (found.modularity - slow).abs() < 1e-9;
            if !right {
                failed.push(format!("{method} on {name}: {found:?}"));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn communities_are_numbered_by_size_and_never_worse_than_none() {
    for seed in 0..30 {
        let graph = random_graph(60, 120, seed, seed % 3 == 0);
        for (method, find) in METHODS {
            for resolution in [0.5, 1.0, 3.0] {
                let mut config = CommunityConfig::default();
                (config.seed, config.resolution, config.rounds) = (seed, resolution, 3);
                let found = find(&graph, &config).unwrap();
                let mut sizes = vec![0; found.count];
                found.of.iter().for_each(|&own| sizes[own as usize] += 1);
                assert!(sizes.is_sorted_by(|a, b| a >= b), "{method}: {sizes:?}");
                assert!(!sizes.contains(&0), "{method}: {sizes:?}");
                let alone: Vec<u32> = (0..60).collect();
                let none = modularity(&graph, &alone, resolution);
                assert!(
                    found.modularity >= none,
                    "{method}: {} < {none}",
                    found.modularity
                );
                assert_eq!(found, find(&graph, &config).unwrap(), "{method}, again");
            }
        }
    }
}

#[test]
fn leidens_communities_are_connected() {
    for seed in 0..200 {
        let graph = random_graph(80, 60 + seed as usize, seed, false);
        let config = CommunityConfig {
            seed,
            ..CommunityConfig::default()
        };
        let found = leiden(&graph, &config).unwrap();
        for community in 0..found.count as u32 {
            assert!(
                connected(&graph, &found.of, community),
                "seed {seed}: {community}"
            );
        }
    }
}

#[test]
fn a_higher_resolution_gives_more_communities() {
    let graph = random_graph(200, 800, 1, false);
    for (method, find) in METHODS {
        let counts: Vec<usize> = [0.0, 0.5, 1.0, 2.0, 10_000.0]
            .into_iter()
            .map(|resolution| {
                let config = CommunityConfig {
                    resolution,
                    ..CommunityConfig::default()
                };
                find(&graph, &config).unwrap().count
            })
            .collect();
        assert!(counts.is_sorted(), "{method}: {counts:?}");
        assert_eq!(counts[4], 200, "{method}: everybody alone");
    }
}

#[test]
fn weights_count_and_odd_ones_do_not() {
    let mut edges: Vec<Edge> = two_cliques(5).iter_edges().collect();
    for edge in &mut edges {
        edge.weight = 0.01;
    }
    edges.extend((0..5).map(|node| Edge {
        weight: 10.0,
        ..Edge::new(node, node + 5)
    }));
    edges[0].weight = f32::NAN;
    edges[1].weight = -3.0;
    edges[2].weight = f32::INFINITY;
    let graph = Csr::from_edges(10, &edges);
    for (method, find) in METHODS {
        let found = find(&graph, &CommunityConfig::default()).unwrap();
        assert!(found.modularity.is_finite(), "{method}");
        for node in 0..5 {
            assert_eq!(found.of[node], found.of[node + 5], "{method}: pair {node}");
        }
    }
}

#[test]
fn a_resolution_without_meaning_is_refused() {
    let graph = from_pairs(2, &[(0, 1)]);
    for resolution in [f64::NAN, f64::INFINITY, -1.0] {
        let config = CommunityConfig {
            resolution,
            ..CommunityConfig::default()
        };
        let error = louvain(&graph, &config).unwrap_err().to_string();
        assert!(error.starts_with(&format!("the resolution is {resolution}; expected")));
    }
}

/// igraph and networkit reach 0.8349 to 0.8357, 0.8144 to 0.8180 and 0.3896 to 0.3951.
#[test]
fn real_networks_reach_the_modularity_that_others_do() {
    let mut failed = Vec::new();
    for (name, least, most) in [
        ("egofb", 0.8335, 0.840),
        ("lastfm", 0.8124, 0.822),
        ("mit8", 0.3920, 0.400),
    ] {
        let Some(graph) = real(name) else { return };
        for (method, find) in METHODS {
            for seed in 0..3 {
                let config = CommunityConfig {
                    seed,
                    ..CommunityConfig::default()
                };
                let found = find(&graph, &config).unwrap();
                if !(least..most).contains(&found.modularity) {
                    failed.push(format!("{method} {name} {seed}: {}", found.modularity));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
