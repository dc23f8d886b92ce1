//! Figures of graphs against slow references.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod graphs;

use graphs::{from_pairs, random_graph, real, small_graphs, two_cliques};
use nigh_graph::{
    Adjacency, ClusteringConfig, Csr, PageRankConfig, clustering, connected_components,
    core_numbers, degree_assortativity, degree_stats, pagerank, triangle_counts,
};

fn naive_triangles(graph: &Csr) -> Vec<u64> {
    let joined = |a: u32, b: u32| u64::from(graph.has_edge(a, b));
    let at = |node: u32| {
        let list = graph.list(node);
        let pairs = list.iter().flat_map(|&a| list.iter().map(move |&b| (a, b)));
        pairs
            .filter(|(a, b)| a < b)
            .map(|(a, b)| joined(a, b))
            .sum()
    };
    (0..graph.nodes() as u32).map(at).collect()
}

/// Takes away who has fewer than k neighbours left, until nobody has.
fn naive_core(graph: &Csr) -> Vec<u32> {
    let mut core = vec![0; graph.nodes()];
    for k in 1..graph.nodes() as u32 {
        let mut kept = vec![true; graph.nodes()];
        loop {
            let before = kept.clone();
            for node in 0..graph.nodes() as u32 {
                let list = graph.list(node).iter();
                let left = list.filter(|&&other| before[other as usize]).count();
                kept[node as usize] &= left >= k as usize;
            }
            if kept == before {
                break;
            }
        }
        for (core, _) in core.iter_mut().zip(&kept).filter(|(_, kept)| **kept) {
            *core = k;
        }
    }
    core
}

fn all_graphs() -> Vec<(String, Csr)> {
    let small = small_graphs().into_iter();
    let mut graphs: Vec<_> = small
        .map(|(name, graph)| (name.to_owned(), graph))
        .collect();
    for seed in 0..12 {
        let graph = random_graph(50, 30 << (seed % 5), seed, false);
        graphs.push((format!("random {seed}"), graph));
    }
    graphs
}

#[test]
fn triangles_and_cores_are_those_a_slow_count_finds() {
    let mut failed = Vec::new();
    for (name, graph) in all_graphs() {
        if triangle_counts(&graph) != naive_triangles(&graph) {
            failed.push(format!("triangles of {name}"));
        }
        if core_numbers(&graph) != naive_core(&graph) {
            failed.push(format!("cores of {name}: {:?}", core_numbers(&graph)));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn clustering_is_exact_where_affordable_and_near_above() {
    for (name, graph) in all_graphs() {
        let triangles = naive_triangles(&graph);
        let pairs = |node: usize| {
            let degree = graph.degree(node as u32) as f64;
            degree * (degree - 1.0) / 2.0
        };
        let nodes = 0..graph.nodes();
        let all: f64 = nodes.clone().map(pairs).sum();
        let shares = nodes.filter(|&node| pairs(node) > 0.0);
        let local: f64 = shares
            .map(|node| triangles[node] as f64 / pairs(node))
            .sum();
        let local = local / graph.nodes().max(1) as f64;
        let closed = triangles.iter().sum::<u64>();
        let global = closed as f64 / all.max(1.0);
        let exact = clustering(&graph, &ClusteringConfig::default());
        assert_eq!(exact.triangles, Some(closed / 3), "{name}");
        assert!((exact.global.value - global).abs() < 1e-12, "{name}");
        assert!((exact.local.value - local).abs() < 1e-12, "{name}");
        let config = ClusteringConfig {
            exact_steps: 0,
            samples: 20_000,
            seed: 1,
        };
        let near = clustering(&graph, &config);
        for (estimate, truth) in [(near.global, global), (near.local, local)] {
            let off = (estimate.value - truth).abs();
            assert!(
                off <= estimate.margin,
                "{name}: {estimate:?}, expected {truth}"
            );
        }
    }
}

#[test]
fn degrees_in_figures() {
    let star: Vec<(u32, u32)> = (1..=99).map(|leaf| (0, leaf)).collect();
    let stats = degree_stats(&from_pairs(200, &star));
    assert_eq!(stats.histogram, [(0, 100), (1, 99), (99, 1)]);
    assert_eq!((stats.median, stats.p99, stats.max), (0, 1, 99));
    assert!((stats.mean - 0.99).abs() < 1e-12);
    let none = degree_stats(&from_pairs(0, &[]));
    assert_eq!((none.median, none.p99, none.max, none.mean), (0, 0, 0, 0.0));
}

#[test]
fn assortativity_is_a_correlation() {
    let star: Vec<(u32, u32)> = (1..9).map(|leaf| (0, leaf)).collect();
    let found = degree_assortativity(&from_pairs(9, &star)).unwrap();
    assert!((found + 1.0).abs() < 1e-9, "{found}");
    // networkx.degree_assortativity_coefficient of a path of four nodes
    let path = degree_assortativity(&from_pairs(4, &[(0, 1), (1, 2), (2, 3)])).unwrap();
    assert!((path + 0.5).abs() < 1e-9, "{path}");
    for graph in [
        from_pairs(0, &[]),
        from_pairs(3, &[]),
        from_pairs(2, &[(0, 1)]),
    ] {
        assert_eq!(degree_assortativity(&graph), None);
    }
}

#[test]
fn components_are_who_can_be_reached() {
    for (name, graph) in all_graphs() {
        let found = connected_components(&graph);
        let nodes = graph.nodes();
        let mut least: Vec<u32> = (0..nodes as u32).collect();
        for _ in 0..nodes {
            for edge in graph.iter_edges() {
                let low = least[edge.a as usize].min(least[edge.b as usize]);
                (least[edge.a as usize], least[edge.b as usize]) = (low, low);
            }
        }
        for a in 0..nodes {
            for b in 0..nodes {
                assert_eq!(
                    found.of[a] == found.of[b],
                    least[a] == least[b],
                    "{name}: {a} {b}"
                );
            }
        }
        assert!(found.sizes.is_sorted_by(|a, b| a >= b), "{name}");
        for (component, &size) in found.sizes.iter().enumerate() {
            let members = found.of.iter().filter(|&&own| own == component as u32);
            assert_eq!(members.count() as u64, size, "{name}");
        }
    }
}

#[test]
fn pagerank_solves_its_equation() {
    for (name, graph) in all_graphs() {
        let ranks = pagerank(&graph, &PageRankConfig::default());
        let nodes = graph.nodes() as f64;
        let alone = (0..graph.nodes()).filter(|&node| graph.degree(node as u32) == 0);
        let lost: f64 = alone.map(|node| ranks[node]).sum();
        for (node, &rank) in ranks.iter().enumerate() {
            let list = graph.list(node as u32).iter();
            let share = |&other: &u32| ranks[other as usize] / graph.degree(other) as f64;
            let received: f64 = list.map(share).sum();
            let expected = (0.15 + 0.85 * lost) / nodes + 0.85 * received;
            assert!(
                (rank - expected).abs() < 1e-9,
                "{name}: {rank}, expected {expected}"
            );
        }
        let sum: f64 = ranks.iter().sum();
        assert!(
            (sum - 1.0).abs() < 1e-9 || ranks.is_empty(),
            "{name}: {sum}"
        );
    }
    for damping in [f64::NAN, -1.0, 2.0] {
        let config = PageRankConfig {
            damping,
            ..PageRankConfig::default()
        };
        let ranks = pagerank(&two_cliques(4), &config);
        assert!((ranks.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{damping}");
    }
}

/// As networkx counts them: triangles, transitivity, average_clustering, core_number, connected_components.
#[test]
fn real_networks_in_figures() {
    let rows = [
        ("egofb", 1_612_010, 0.51917, 0.60555, 115, 1, 0.06358),
        ("lastfm", 40_433, 0.17862, 0.21942, 20, 1, 0.01707),
    ];
    for (name, triangles, global, local, core, components, assortativity) in rows {
        let Some(graph) = real(name) else { return };
        let found = clustering(&graph, &ClusteringConfig::default());
        assert_eq!(found.triangles, Some(triangles), "{name}");
        assert!(
            (found.global.value - global).abs() < 1e-4,
            "{name}: {found:?}"
        );
        assert!(
            (found.local.value - local).abs() < 1e-4,
            "{name}: {found:?}"
        );
        assert_eq!(core_numbers(&graph).iter().max(), Some(&core), "{name}");
        assert_eq!(
            connected_components(&graph).sizes.len(),
            components,
            "{name}"
        );
        let mixing = degree_assortativity(&graph).unwrap();
        assert!((mixing - assortativity).abs() < 1e-4, "{name}: {mixing}");
    }
}
