//! Graphs to test on: those with a name, those at random and real ones.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "each test file uses its own part, fails by panicking and says what it skips"
)]

use std::path::{Path, PathBuf};

use nigh_graph::{Csr, Edge};

/// A graph of edges without weights.
pub(crate) fn from_pairs(nodes: usize, pairs: &[(u32, u32)]) -> Csr {
    let edges: Vec<Edge> = pairs.iter().map(|&(a, b)| Edge::new(a, b)).collect();
    Csr::from_edges(nodes, &edges)
}

/// Two cliques of `size` nodes with one edge between them.
pub(crate) fn two_cliques(size: u32) -> Csr {
    let mut pairs = vec![(0, size)];
    for a in 0..size {
        for b in a + 1..size {
            pairs.extend([(a, b), (size + a, size + b)]);
        }
    }
    from_pairs(2 * size as usize, &pairs)
}

/// Graphs at the edge of what one can be.
pub(crate) fn small_graphs() -> Vec<(&'static str, Csr)> {
    let star: Vec<(u32, u32)> = (1..9).map(|leaf| (0, leaf)).collect();
    let clique: Vec<(u32, u32)> = (0..36).map(|pair| (pair / 6, pair % 6)).collect();
    let path: Vec<(u32, u32)> = (0..11).map(|node| (node, node + 1)).collect();
    vec![
        ("none", Csr::default()),
        ("empty", from_pairs(0, &[])),
        ("one node", from_pairs(1, &[])),
        ("no edges", from_pairs(7, &[])),
        ("star", from_pairs(9, &star)),
        ("clique", from_pairs(6, &clique)),
        ("path", from_pairs(12, &path)),
        ("two cliques", two_cliques(8)),
        (
            "two components",
            from_pairs(6, &[(0, 1), (1, 2), (0, 2), (3, 4), (4, 5), (3, 5)]),
        ),
    ]
}

/// A graph of up to `edges` random edges, some nodes drawn more often than others.
pub(crate) fn random_graph(nodes: u32, edges: usize, seed: u64, weighted: bool) -> Csr {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) + 1;
    let mut draw = |end: u32| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as u32 % end
    };
    let edges: Vec<Edge> = (0..edges)
        .map(|_| {
            let end = 1 + draw(nodes);
            let (a, b) = (draw(end), draw(nodes));
            let weight = if weighted { draw(9) as f32 / 4.0 } else { 1.0 };
            Edge {
                weight,
                ..Edge::new(a, b)
            }
        })
        .collect();
    Csr::from_edges(nodes as usize, &edges)
}

/// A real network from `NIGH_TEST_DATA` (default `../shared/data` beside the workspace), or `None` where a stranger has
/// none and may go without.
pub(crate) fn real(name: &str) -> Option<Csr> {
    let data = std::env::var_os("NIGH_TEST_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let folder = data.join("splits").join(name);
    if !folder.is_dir() {
        let required = std::env::var_os("NIGH_REQUIRE_DATA").is_some_and(|v| v == "1");
        let folder = folder.display();
        assert!(!required, "NIGH_REQUIRE_DATA=1, but {folder} is missing");
        println!("skipped: no network in {folder} (set NIGH_TEST_DATA)");
        return None;
    }
    let mut pairs = Vec::new();
    for part in ["fit", "val", "test"] {
        let text = std::fs::read_to_string(folder.join(part).with_extension("txt")).unwrap();
        pairs.extend(text.lines().map(|line| {
            let (a, b) = line.split_once(' ').unwrap();
            (a.parse().unwrap(), b.trim().parse().unwrap())
        }));
    }
    let nodes = pairs
        .iter()
        .map(|&(a, b): &(u32, u32)| a.max(b) as usize + 1);
    Some(from_pairs(nodes.max().unwrap(), &pairs))
}
