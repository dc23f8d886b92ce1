//! Friends of friends and link scores beside slow, obvious ones; files and deltas beside plain lists.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::sync::Arc;

use nigh_graph::{
    Adjacency, Csr, Edge, Graph, GraphFile, Ids, LinkScore, ScoreScratch, TwoHopConfig,
    TwoHopScratch, allocation, common_neighbours, personalised_pagerank, score_all,
    weighted_neighbours, write_graph,
};

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

/// Some nodes with very many neighbours, most with few.
fn random_graph(nodes: usize, edges: usize, seed: u64) -> Csr {
    let mut random = Random(seed);
    let rows: Vec<Edge> = (0..edges)
        .map(|_| {
            let hub = random.below(nodes / 20 + 1);
            let (a, b) = (random.below(nodes), random.below(nodes));
            Edge::new(a as u32, if a % 3 == 0 { hub } else { b } as u32)
        })
        .collect();
    Csr::from_edges(nodes, &rows)
}

/// Through all pairs: the score, by greatest and then number.
fn slowly(graph: &Csr, node: u32, weight: impl Fn(usize) -> f32, k: usize) -> Vec<(u32, f32)> {
    let near: BTreeSet<u32> = graph.list(node).iter().copied().collect();
    let mut scored: Vec<(u32, f32)> = (0..graph.nodes() as u32)
        .filter(|&other| other != node && !near.contains(&other))
        .map(|other| {
            let common = near.iter().filter(|&&middle| graph.has_edge(middle, other));
            (
                other,
                common.map(|&middle| weight(graph.degree(middle))).sum(),
            )
        })
        .filter(|&(_, score)| score > 0.0)
        .collect();
    scored.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    scored.truncate(k);
    scored
}

#[test]
fn friends_of_friends_are_those_of_the_slow_way() {
    let mut wrong = Vec::new();
    for (nodes, edges, k) in [
        (30, 60, 5),
        (400, 4000, 100),
        (5000, 9000, 20),
        (5000, 200, 3),
    ] {
        let graph = random_graph(nodes, edges, 7);
        let config = TwoHopConfig {
            k,
            ..TwoHopConfig::default()
        };
        let mut scratch = TwoHopScratch::default();
        for node in (0..nodes as u32).step_by(nodes / 20) {
            let counted = common_neighbours(&graph, node, &config, &mut scratch);
            let counted: Vec<(u32, f32)> = counted
                .found
                .iter()
                .map(|s| (s.node, f32::from(s.score)))
                .collect();
            if counted != slowly(&graph, node, |_| 1.0, k) {
                wrong.push(format!("{nodes} nodes, counts of {node}"));
            }
            let weighted = weighted_neighbours(&graph, node, allocation, &config, &mut scratch);
            let weighted: Vec<(u32, f32)> =
                weighted.found.iter().map(|s| (s.node, s.score)).collect();
            let expected = slowly(&graph, node, allocation, k);
            if weighted != expected {
                wrong.push(format!(
                    "{nodes} nodes, weights of {node}: {weighted:?} {expected:?}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn few_paths_read_the_lists_that_say_most() {
    let graph = random_graph(400, 4000, 7);
    let mut scratch = TwoHopScratch::default();
    for max_paths in [0, 1, 50, 500] {
        let config = TwoHopConfig { k: 10, max_paths };
        let found = common_neighbours(&graph, 0, &config, &mut scratch);
        assert!(found.paths <= max_paths && found.skipped > 0, "{found:?}");
    }
}

#[test]
fn a_walk_that_restarts_spends_its_time_as_many_steps_say() {
    let graph = random_graph(60, 150, 3);
    let (restart, mut scratch) = (0.3, ScoreScratch::default());
    for node in 0..graph.nodes() as u32 {
        let mut expected = vec![0.0; graph.nodes()];
        let mut here = vec![0.0; graph.nodes()];
        here[node as usize] = 1.0;
        for _ in 0..200 {
            let mut next = vec![0.0; graph.nodes()];
            for from in 0..graph.nodes() {
                let list = graph.list(from as u32);
                expected[from] += if list.is_empty() {
                    here[from]
                } else {
                    restart * here[from]
                };
                for &to in list {
                    next[to as usize] += (1.0 - restart) * here[from] / list.len() as f32;
                }
            }
            here = next;
        }
        let mut shares = vec![0.0; graph.nodes()];
        personalised_pagerank(&graph, node, restart, 1e-7, &mut scratch, &mut shares);
        for (share, expected) in shares.iter().zip(&expected) {
            assert!(
                (share - expected).abs() < 1e-4,
                "{node}: {share} for {expected}"
            );
        }
    }
}

#[test]
fn many_steps_and_pushes_agree() {
    let graph = random_graph(200, 900, 5);
    let mut scratch = ScoreScratch::default();
    let [mut pushed, mut stepped] = [vec![0.0; 200], vec![0.0; 200]];
    let restart = 0.4;
    for node in (0..200).filter(|&node| graph.degree(node) > 0) {
        let push = LinkScore::PersonalisedPageRank { restart };
        let walk = LinkScore::WalkWithRestart { restart, steps: 60 };
        score_all(&graph, node, push, &mut scratch, &mut pushed);
        score_all(&graph, node, walk, &mut scratch, &mut stepped);
        for (push, step) in pushed.iter().zip(&stepped) {
            assert!((push - step).abs() < 1e-4, "{node}: {push} and {step}");
        }
    }
}

#[test]
fn old_edges_count_less() {
    let rows = [
        (0, 1, 100),
        (1, 2, 100),
        (0, 3, 0),
        (3, 4, 100),
        (0, 5, 50),
        (5, 6, 100),
    ];
    let edges = rows.map(|(a, b, time)| Edge {
        time,
        ..Edge::new(a, b)
    });
    let graph = Csr::from_edges(7, &edges);
    let decayed = LinkScore::DecayedCommonNeighbours {
        now: 100,
        half_life: 50.0,
    };
    let (mut scratch, mut scores) = (ScoreScratch::default(), vec![0.0; 7]);
    score_all(&graph, 0, decayed, &mut scratch, &mut scores);
    assert_eq!([scores[2], scores[4], scores[6]], [1.0, 0.25, 0.5]);
}

#[test]
fn a_file_and_its_changes_are_the_graph_of_all_edges() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random(11);
    for (timed, weighted) in [(false, false), (true, false), (false, true), (true, true)] {
        let edge = |random: &mut Random, nodes: usize| Edge {
            a: random.below(nodes) as u32,
            b: random.below(nodes) as u32,
            time: if timed {
                random.below(1000) as i64 + 1
            } else {
                0
            },
            weight: if weighted {
                random.below(9) as f32
            } else {
                1.0
            },
        };
        let mut rows: Vec<Edge> = (0..2000).map(|_| edge(&mut random, 300)).collect();
        let csr = Csr::from_edges(300, &rows);
        let path = folder.path().join(format!("{timed}-{weighted}.graph"));
        let ids = Ids::Integers((0..300).collect());
        write_graph(&path, &csr, &ids, 9).unwrap();
        let file = Arc::new(GraphFile::open(&path).unwrap());
        assert_eq!((file.sequence(), file.edges()), (9, csr.edges() as u64));
        let mut graph = Graph::new(Some(file));
        assert_eq!(graph.to_csr(), csr);
        for round in 0..600 {
            let edge = edge(&mut random, 310);
            let there = rows.iter().any(|row| row.a != row.b && same(row, &edge));
            if round % 3 == 0 {
                assert_eq!(graph.remove(edge.a, edge.b), there && edge.a != edge.b);
                rows.retain(|row| !same(row, &edge));
            } else {
                assert_eq!(graph.add(edge), !there && edge.a != edge.b);
                rows.push(edge);
            }
            if edge.a != edge.b {
                assert_eq!(graph.has_edge(edge.b, edge.a), round % 3 != 0);
            }
        }
        graph.grow(310);
        let all = Csr::from_edges(310, &rows);
        assert_eq!(graph.to_csr(), all, "{timed} {weighted}");
        assert_eq!(graph.edges(), all.edges() as u64);
        for node in 0..310 {
            assert_eq!(graph.degree(node), all.degree(node));
        }
    }
}

fn same(a: &Edge, b: &Edge) -> bool {
    (a.a, a.b) == (b.a, b.b) || (a.a, a.b) == (b.b, b.a)
}

#[test]
fn a_cut_or_changed_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g.graph");
    let mut ids = Ids::Integers(vec![]);
    ["7", "ada", "Zoë"].iter().for_each(|id| ids.push(id));
    let csr = Csr::from_edges(3, &[Edge::new(0, 1), Edge::new(1, 2)]);
    write_graph(&path, &csr, &ids, 1).unwrap();
    let file = GraphFile::open(&path).unwrap();
    assert_eq!(
        [
            file.ids().find("ada"),
            file.ids().find("7"),
            file.ids().find("8")
        ],
        [Some(1), Some(0), None]
    );
    assert_eq!(file.ids().get(2), "Zoë");
    let bytes = std::fs::read(&path).unwrap();
    for cut in 0..bytes.len() {
        std::fs::write(&path, &bytes[..cut]).unwrap();
        assert!(GraphFile::open(&path).is_err(), "cut at {cut}");
    }
}

#[test]
fn ids_in_any_order_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [&[&str]; 4] = [
        &["3", "1", "18446744073709551615"],
        &["b", "a", "", "c d"],
        &["1", "01", "+1"],
        &[],
    ];
    for (place, case) in cases.iter().enumerate() {
        let mut ids = Ids::Integers(vec![]);
        case.iter().for_each(|id| ids.push(id));
        let path = folder.path().join(format!("{place}.graph"));
        write_graph(&path, &Csr::from_edges(case.len(), &[]), &ids, 0).unwrap();
        let file = GraphFile::open(&path).unwrap();
        for (number, id) in case.iter().enumerate() {
            assert_eq!(file.ids().find(id), Some(number as u32), "{id:?}");
            assert_eq!(file.ids().get(number as u32), *id);
        }
        assert_eq!(file.ids().find("nobody"), None);
        assert_eq!(file.ids().to_ids(), ids);
    }
}
