#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it skips"
)]
//! Link features beside obvious computations, and models of small graphs and a real one.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use nigh_graph::{Adjacency, Csr, Edge, Random};
use nigh_learn::{
    EmbedderConfig, LinkAsking, LinkCandidates, LinkConfig, LinkError, LinkModel, LinkProgress,
    LinkScratch, LinkTables, LinkTraining, Profiles, RankerConfig, RankingCase, RankingMetrics,
    TieOrder, evaluate_ranking, link_candidates, link_feature_names,
};

fn random_graph(nodes: usize, edges: usize, seed: u64) -> Csr {
    let mut random = Random::new(seed);
    let edges: Vec<Edge> = (0..edges)
        .map(|_| {
            // Lower numbers have more friends, as in life.
            let end = 1 + random.below(nodes);
            Edge::new(random.below(end) as u32, random.below(nodes) as u32)
        })
        .collect();
    Csr::from_edges(nodes, &edges)
}

/// Finds everybody, and walks as far as they lead.
fn everybody() -> LinkConfig {
    LinkConfig {
        tolerance: 0.0,
        by_allocation: 1000,
        by_walks: 1000,
        by_paths: 1000,
        spectral: 4,
        ..LinkConfig::default()
    }
}

fn found(graph: &Csr, person: u32, config: &LinkConfig) -> LinkCandidates {
    let tables = tables_of(graph, config);
    let asking = LinkAsking::new(person);
    link_candidates(graph, &tables, &asking, config, &mut LinkScratch::default())
}

fn tables_of(graph: &Csr, config: &LinkConfig) -> LinkTables {
    LinkTables::of(graph, &Profiles::default(), None, config).unwrap()
}

/// A person, and candidates that another search found.
fn with(person: u32, elsewhere: &[u32]) -> LinkAsking<'_> {
    LinkAsking {
        elsewhere,
        ..LinkAsking::new(person)
    }
}

/// The rows by the names of their values.
fn named(candidates: &LinkCandidates) -> Vec<HashMap<String, f64>> {
    let names = link_feature_names();
    let row = |row: &[f32]| {
        let values = row.iter().map(|&value| f64::from(value));
        names.iter().cloned().zip(values).collect()
    };
    candidates.rows.chunks(names.len()).map(row).collect()
}

/// A graph as rows of 0 and 1, for computations that follow the formula.
struct Slow {
    rows: Vec<Vec<f64>>,
}

impl Slow {
    fn of(graph: &Csr) -> Slow {
        let nodes = graph.nodes() as u32;
        let entry = |a: u32, b: u32| f64::from(u8::from(graph.has_edge(a, b)));
        let row = |a: u32| (0..nodes).map(|b| entry(a, b)).collect();
        Slow {
            rows: (0..nodes).map(row).collect(),
        }
    }

    fn degree(&self, node: usize) -> f64 {
        self.rows[node].iter().sum()
    }

    /// Σ over the friends that two have in common.
    fn over_common(&self, a: usize, b: usize, of: impl Fn(usize) -> f64) -> f64 {
        (0..self.rows.len())
            .map(|w| self.rows[a][w] * self.rows[b][w] * if w == a { 0.0 } else { of(w) })
            .sum()
    }

    fn allocation(&self, a: usize, b: usize) -> f64 {
        self.over_common(a, b, |w| 1.0 / self.degree(w))
    }

    /// The chance that a walk from `a` is at `b` after so many steps.
    fn walk(&self, a: usize, b: usize, steps: usize) -> f64 {
        match steps {
            0 => f64::from(u8::from(a == b)),
            _ => (0..self.rows.len())
                .filter(|&next| self.rows[a][next] > 0.0)
                .map(|next| self.walk(next, b, steps - 1) / self.degree(a))
                .sum(),
        }
    }

    fn clustering(&self, a: usize) -> f64 {
        let friends: Vec<usize> = (0..self.rows.len())
            .filter(|&other| self.rows[a][other] > 0.0)
            .collect();
        let closed: f64 = friends
            .iter()
            .flat_map(|&x| friends.iter().map(move |&y| self.rows[x][y]))
            .sum();
        let pairs = friends.len() * friends.len().saturating_sub(1);
        closed / (pairs.max(1)) as f64
    }

    /// How many strangers `a` shares more with than so much, as doublings.
    fn doublings(&self, a: usize, allocation: f64) -> f64 {
        let strangers = (0..self.rows.len()).filter(|&b| b != a && self.rows[a][b] == 0.0);
        let better = strangers.filter(|&b| self.allocation(a, b) > allocation + 1e-6);
        (better.count() as f64 + 1.0).log2().ceil()
    }
}

#[test]
fn features_are_what_their_formulas_say() {
    let graph = random_graph(40, 120, 3);
    let slow = Slow::of(&graph);
    let mut wrong = Vec::new();
    for person in 0..graph.nodes() {
        let candidates = found(&graph, person as u32, &everybody());
        for (row, &node) in named(&candidates).iter().zip(&candidates.nodes) {
            let node = node as usize;
            let (u, v) = (slow.degree(person), slow.degree(node));
            let common = slow.over_common(person, node, |_| 1.0);
            let allocation = slow.allocation(person, node);
            let roots = |w: usize| 1.0 / slow.degree(w).sqrt();
            let paths: f64 = (0..graph.nodes())
                .map(|b| slow.rows[b][node] * roots(b) * slow.over_common_with_self(person, b))
                .sum();
            let shared = |x: usize| slow.over_common(person, x, |_| 1.0);
            let tie_overlap = slow.over_common(person, node, |x| {
                (shared(x) + 1.0) / (u + slow.degree(x) - shared(x))
            });
            let tie_walk = slow.over_common(person, node, |x| {
                (slow.allocation(person, x) + 1.0 / u) / slow.degree(x)
            });
            let (three, four) = (slow.walk(person, node, 3), slow.walk(person, node, 4));
            let two = slow.walk(person, node, 2);
            let far = 0.25 * two + 0.2 * three + 0.25 * four;
            for (name, expected) in [
                ("common", common),
                ("allocation", allocation),
                (
                    "adamic_adar",
                    slow.over_common(person, node, |w| 1.0 / slow.degree(w).max(2.0).ln()),
                ),
                ("jaccard", common / (u + v - common)),
                ("salton", common / (u * v).sqrt()),
                ("hub_promoted", common / u.min(v)),
                ("allocation_of_roots", slow.over_common(person, node, roots)),
                ("walk_three", three),
                ("walk_four", four),
                ("walk_three_back", slow.walk(node, person, 3)),
                ("walk_four_back", slow.walk(node, person, 4)),
                ("walk_near", 0.125 * two + 0.0625 * (three + four)),
                ("walk_far", far),
                ("paths_between", paths),
                ("paths_three", paths / (u * v).sqrt()),
                ("tie_overlap", tie_overlap),
                ("tie_walk", tie_walk),
                ("degree_own", u),
                ("degree", v),
                ("clustering_own", slow.clustering(person)),
                ("clustering", slow.clustering(node)),
            ] {
                if (row[name] - expected).abs() > 1e-5 * expected.abs().max(1.0) {
                    wrong.push((person, node, name, row[name], expected));
                }
            }
            let place = slow.doublings(node, allocation);
            let got = row["their_place"];
            if allocation > 0.0 && !(got <= place && got > place - 1.0) {
                wrong.push((person, node, "their_place", got, place));
            }
        }
    }
    assert_eq!(wrong, []);
}

impl Slow {
    /// Σ 1 / √degree over common friends, where also the person themselves may be the end.
    fn over_common_with_self(&self, a: usize, b: usize) -> f64 {
        self.over_common(a, b, |w| 1.0 / self.degree(w).sqrt())
    }
}

#[test]
fn places_and_shares_are_among_the_candidates() {
    let graph = random_graph(60, 200, 4);
    let candidates = found(&graph, 7, &everybody());
    let rows = named(&candidates);
    for name in ["allocation", "walk_far", "tie_walk", "spectral_dot"] {
        let best = rows.iter().map(|row| row[name]).fold(f64::MIN, f64::max);
        for row in &rows {
            let better = rows.iter().filter(|other| other[name] > row[name]).count();
            assert_eq!(row[&format!("{name}_place")], better as f64, "{name}");
            let share = row[&format!("{name}_share")];
            assert!((share - row[name] / best).abs() < 1e-6, "{name}: {share}");
        }
    }
}

#[test]
fn spectral_embeddings_tell_circles_apart() {
    // Two circles in which everybody knows everybody, but for 0 and 1, and 10 and 11.
    let within =
        |start: u32| (start..start + 10).flat_map(move |a| (start..a).map(move |b| (a, b)));
    let apart = |&(a, b): &(u32, u32)| (a, b) != (1, 0) && (a, b) != (11, 10);
    let edges: Vec<Edge> = within(0)
        .chain(within(10))
        .filter(apart)
        .map(|(a, b)| Edge::new(a, b))
        .collect();
    let graph = Csr::from_edges(20, &edges);
    let config = everybody();
    let tables = tables_of(&graph, &config);
    let mut scratch = LinkScratch::default();
    let candidates = link_candidates(&graph, &tables, &with(0, &[10, 11]), &config, &mut scratch);
    assert_eq!(candidates.nodes, [1, 10, 11]);
    let rows = named(&candidates);
    assert!(rows[0]["spectral_cosine"] > 0.9, "{:?}", rows[0]);
    assert!(rows[0]["spectral_dot"] > 0.5, "{:?}", rows[0]);
    assert!(rows[1]["spectral_cosine"].abs() < 1e-3, "{:?}", rows[1]);
    let together: Vec<f64> = rows.iter().map(|row| row["same_community"]).collect();
    assert_eq!(together, [1.0, 0.0, 0.0]);
}

#[test]
fn candidates_are_strangers_of_known_origin() {
    let graph = random_graph(200, 500, 5);
    let config = LinkConfig {
        by_allocation: 5,
        by_walks: 4,
        by_paths: 3,
        ..LinkConfig::default()
    };
    let tables = tables_of(&graph, &config);
    let mut scratch = LinkScratch::default();
    for person in 0..200 {
        let friend = graph.list(person).first().copied().unwrap_or(person);
        let extra = [199, person, friend, 200, u32::MAX, 199];
        let got = link_candidates(
            &graph,
            &tables,
            &with(person, &extra),
            &config,
            &mut scratch,
        );
        assert!(
            got.nodes.is_sorted_by(|a, b| a < b),
            "{person}: {:?}",
            got.nodes
        );
        assert_eq!(got.nodes.len() * link_feature_names().len(), got.rows.len());
        assert_eq!(got.nodes.len(), got.common.len());
        let stranger = |&node: &u32| node != person && !graph.has_edge(person, node);
        assert!(got.nodes.iter().all(stranger), "{person}: {:?}", got.nodes);
        let mut of = [0; 4];
        for ((&node, sources), &common) in got.nodes.iter().zip(&got.sources).zip(&got.common) {
            let by = [
                sources.allocation,
                sources.walks,
                sources.paths,
                sources.elsewhere,
            ];
            of.iter_mut()
                .zip(by)
                .for_each(|(sum, by)| *sum += usize::from(by));
            assert!(by.contains(&true), "{person}: {node} from nowhere");
            assert_eq!(sources.elsewhere, node == 199, "{person}: {node}");
            let shared = graph
                .list(node)
                .iter()
                .filter(|&&w| graph.has_edge(person, w));
            assert_eq!(usize::from(common), shared.count(), "{person}: {node}");
        }
        assert!(of[0] <= 5 && of[1] <= 4 && of[2] <= 3, "{person}: {of:?}");
        assert_eq!(of[3], usize::from(stranger(&199)), "{person}");
    }
}

#[test]
fn paths_are_bounded_and_small_lists_come_first() {
    let mut edges: Vec<Edge> = (3..100).map(|node| Edge::new(2, node)).collect();
    edges.extend([(0, 1), (0, 2), (1, 100), (1, 101)].map(|(a, b)| Edge::new(a, b)));
    let graph = Csr::from_edges(102, &edges);
    for (max_paths, paths, skipped, near) in [(1000, 101, 0, 99), (100, 3, 1, 2), (2, 0, 2, 0)] {
        let config = LinkConfig {
            max_paths,
            by_walks: 0,
            by_paths: 0,
            ..LinkConfig::default()
        };
        let got = found(&graph, 0, &config);
        let is = (got.paths, got.skipped, got.nodes.len());
        assert_eq!(is, (paths, skipped, near), "at most {max_paths} paths");
    }
}

#[test]
fn used_memory_leaves_no_trace() {
    let (first, second) = (random_graph(150, 400, 6), random_graph(50, 200, 7));
    let config = LinkConfig::default();
    let mut scratch = LinkScratch::default();
    for round in 0..3 {
        for graph in [&first, &second] {
            let tables = tables_of(graph, &config);
            for person in [0, 20, 49] {
                let used =
                    link_candidates(graph, &tables, &with(person, &[]), &config, &mut scratch);
                assert_eq!(used, found(graph, person, &config), "{round}: {person}");
            }
        }
    }
}

#[test]
fn friendships_of_long_ago_count_less() {
    let day = 86_400;
    let edge = |a, b, days: i64| Edge {
        time: days * day,
        ..Edge::new(a, b)
    };
    // The newest is of day 100, and the median 20 days before.
    let edges = [
        edge(0, 1, 80),
        edge(1, 2, 60),
        edge(0, 3, 100),
        edge(3, 4, 90),
        edge(4, 5, 10),
    ];
    let graph = Csr::from_edges(6, &edges);
    let candidates = found(&graph, 0, &everybody());
    let rows = named(&candidates);
    let row = |node: u32| &rows[candidates.nodes.binary_search(&node).unwrap()];
    for (node, name, expected) in [
        (2, "recent_allocation", 0.5 * 0.5 * 0.25),
        (4, "recent_allocation", 0.5 * (-0.5_f64).exp2()),
        (5, "recent_allocation", 0.0),
        (2, "last_friend", 41_f64.ln()),
        (2, "last_friend_own", 0.0),
        (4, "last_friend", 11_f64.ln()),
    ] {
        let got = row(node)[name];
        assert!((got - expected).abs() < 1e-6, "{node} {name}: {got}");
    }
}

#[test]
fn with_times_the_newest_friendships_are_held_out() {
    let timed = |(place, edge): (usize, Edge)| Edge {
        time: (place as i64 * 7919) % 1009,
        ..edge
    };
    let edges: Vec<Edge> = random_graph(100, 600, 21)
        .iter_edges()
        .enumerate()
        .map(timed)
        .collect();
    let graph = Csr::from_edges(100, &edges);
    let (rest, _) = LinkTraining::for_graph(&graph).validation(&graph).unwrap();
    let mut times: Vec<i64> = graph.iter_edges().map(|edge| edge.time).collect();
    times.sort_unstable();
    times.truncate(times.len() - times.len() / 10);
    let mut kept: Vec<i64> = rest.iter_edges().map(|edge| edge.time).collect();
    kept.sort_unstable();
    assert_eq!(kept, times);
}

#[test]
fn newcomers_are_served() {
    let graph = random_graph(60, 250, 8);
    let config = LinkConfig::default();
    let tables = tables_of(&graph, &config);
    let mut edges: Vec<Edge> = graph.iter_edges().collect();
    edges.extend([(60, 0), (60, 5), (61, 0), (61, 9)].map(|(a, b)| Edge::new(a, b)));
    let newer = Csr::from_edges(63, &edges);
    let mut scratch = LinkScratch::default();
    let mut of =
        |person| link_candidates(&newer, &tables, &with(person, &[62]), &config, &mut scratch);
    for person in [60, 61, 9] {
        let got = of(person);
        assert!(got.nodes.contains(&62), "{person} has one from elsewhere");
        assert!(got.rows.iter().all(|value| value.is_finite()), "{person}");
    }
    assert!(of(60).nodes.contains(&61) && of(9).nodes.contains(&60));
    let alone = of(62);
    assert!(alone.nodes.is_empty() && alone.rows.is_empty());
    let nothing = tables_of(&Csr::from_edges(0, &[]), &config);
    let got = link_candidates(&newer, &nothing, &with(5, &[]), &config, &mut scratch);
    assert!(got.nodes.len() > 10 && got.rows.iter().all(|value| value.is_finite()));
}

fn quick(graph: &Csr) -> LinkTraining {
    LinkTraining {
        ranker: RankerConfig {
            rounds: 20,
            ..RankerConfig::default()
        },
        embedder: few_steps(),
        hold_outs: 1,
        ..LinkTraining::for_graph(graph)
    }
}

fn few_steps() -> EmbedderConfig {
    let mut config = EmbedderConfig::default();
    (config.network.steps, config.network.links) = (40, 512);
    config
}

fn trained(graph: &Csr, config: &LinkTraining) -> Result<(LinkModel, LinkTables), String> {
    let progress = |_| ControlFlow::Continue(());
    train(graph, config, progress).map_err(|error| error.to_string())
}

fn train(
    graph: &Csr,
    config: &LinkTraining,
    progress: impl FnMut(LinkProgress) -> ControlFlow<()>,
) -> Result<(LinkModel, LinkTables), LinkError> {
    let people = Profiles::default();
    let looks = |_: &_, _| ControlFlow::Continue(());
    let embedder = config.embedder(graph, &people, None, looks)?;
    LinkModel::train(graph, &people, embedder, config, progress)
}

#[test]
fn seeds_and_not_threads_decide() {
    let graph = random_graph(300, 1500, 9);
    let on = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let config = LinkTraining {
            seed,
            ..quick(&graph)
        };
        let pool = pool.build().unwrap();
        pool.install(|| trained(&graph, &config).unwrap())
    };
    let first = on(1, 0);
    assert_eq!(first, on(3, 0));
    assert_ne!(first.0, on(1, 1).0);
}

#[test]
fn models_and_tables_come_back_as_they_were() {
    let graph = random_graph(200, 900, 10);
    let (model, tables) = trained(&graph, &quick(&graph)).unwrap();
    let (model_bytes, table_bytes) = (model.encode().unwrap(), tables.encode().unwrap());
    assert_eq!(LinkModel::decode(&model_bytes).unwrap(), model);
    assert_eq!(LinkTables::decode(&table_bytes).unwrap(), tables);
    let sentence = |bytes: &[u8], of_model: bool| match of_model {
        true => LinkModel::decode(bytes).unwrap_err().to_string(),
        false => LinkTables::decode(bytes).unwrap_err().to_string(),
    };
    let mut wrong = Vec::new();
    for (bytes, other, of_model, name) in [
        (&model_bytes, &table_bytes, true, "link model"),
        (&table_bytes, &model_bytes, false, "link table"),
    ] {
        let changed = |place: usize| {
            let mut bytes = bytes.clone();
            bytes[place] ^= 9;
            bytes
        };
        let foreign = |bytes: usize| format!("{bytes} bytes do not begin as a {name} does");
        let damaged = "the checksum does not fit: the file was damaged".to_owned();
        let version =
            "version 11 of the format, expected 2; train again, or use the nigh that wrote it";
        for (bytes, expected) in [
            (other.clone(), foreign(other.len())),
            (Vec::new(), foreign(0)),
            (bytes[..14].to_vec(), foreign(14)),
            (bytes[..bytes.len() - 1].to_vec(), damaged.clone()),
            (changed(bytes.len() / 2), damaged),
            (changed(8), version.to_owned()),
        ] {
            let got = sentence(&bytes, of_model);
            if got != expected {
                wrong.push((name, got, expected));
            }
        }
    }
    assert_eq!(wrong, []);
}

#[test]
fn tiny_graphs_get_a_model_or_a_sentence() {
    let path = |nodes: usize| -> Vec<Edge> {
        let edge = |node: usize| Edge::new(node as u32, node as u32 + 1);
        (0..nodes.saturating_sub(1)).map(edge).collect()
    };
    let none = |people: usize, edges: usize| {
        format!("{edges} edges between {people} people: none are left when some are held out")
    };
    let mut wrong = Vec::new();
    for (nodes, edges, expected) in [
        (0, vec![], none(0, 0)),
        (1, vec![], none(1, 0)),
        (5, vec![], none(5, 0)),
        (2, path(2), none(2, 1)),
        // Whoever is left is a candidate by embeddings.
        (3, path(3), String::new()),
    ] {
        let graph = Csr::from_edges(nodes, &edges);
        let got = trained(&graph, &quick(&graph)).err().unwrap_or_default();
        if got != expected {
            wrong.push((nodes, got, expected));
        }
    }
    assert_eq!(wrong, []);
    for nodes in 4..12 {
        let graph = random_graph(nodes, 4 * nodes, 11);
        if let Ok((model, tables)) = trained(&graph, &quick(&graph)) {
            assert_eq!(tables.people(), nodes);
            let candidates = found(&graph, 0, model.config());
            model.score(&candidates, &mut Vec::new()).unwrap();
        }
    }
}

#[test]
fn bad_settings_get_a_sentence() {
    let graph = random_graph(50, 200, 12);
    let usual = || quick(&graph);
    let share = |share| LinkTraining { share, ..usual() };
    let kept = |kept| LinkTraining { kept, ..usual() };
    let mut wrong = Vec::new();
    for (config, expected) in [
        (share(0.0), "share is 0, expected above 0 and at most 1"),
        (
            share(f64::NAN),
            "share is NaN, expected above 0 and at most 1",
        ),
        (kept(1.5), "kept is 1.5, expected above 0 and at most 1"),
        (
            LinkTraining {
                hold_outs: 0,
                ..usual()
            },
            "hold_outs is 0, expected at least 1",
        ),
        (
            LinkTraining {
                people: 0,
                ..usual()
            },
            "no candidates to learn from",
        ),
    ] {
        let got = trained(&graph, &config).err().unwrap_or_default();
        if got != expected {
            wrong.push((got, expected));
        }
    }
    assert_eq!(wrong, []);
}

#[test]
fn a_training_says_what_it_does_and_stops_when_told() {
    let graph = random_graph(200, 900, 13);
    let mut parts = Vec::new();
    train(&graph, &quick(&graph), |part| {
        parts.push(part);
        ControlFlow::Continue(())
    })
    .unwrap();
    let hold_out = |number| LinkProgress::HoldOut { number, of: 2 };
    assert_eq!(parts[..2], [hold_out(1), hold_out(2)]);
    assert!(matches!(parts[2], LinkProgress::Trees { candidates } if candidates > 100));
    assert_eq!(parts[3..], [LinkProgress::Tables]);
    for last in &parts {
        let result = train(&graph, &quick(&graph), |part| match part == *last {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        });
        let got = result.map(|_| ()).unwrap_err().to_string();
        assert_eq!(got, "the training was stopped", "{last:?}");
    }
}

/// A real network from `NIGH_TEST_DATA` (default `../shared/data` beside the workspace), or `None` where a stranger has none
/// and may go without: what is known, and what is to be found.
fn real(name: &str) -> Option<(Csr, Csr)> {
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
    let text = |part: &str| std::fs::read_to_string(folder.join(part).with_extension("txt"));
    let edges = |part: &str| -> Vec<Edge> {
        let edge = |line: &str| {
            let (a, b) = line.split_once(' ').unwrap();
            Edge::new(a.parse().unwrap(), b.trim().parse().unwrap())
        };
        text(part).unwrap().lines().map(edge).collect()
    };
    let nodes = text("n").unwrap().trim().parse().unwrap();
    let graph = |edges: &[Edge]| Csr::from_edges(nodes, edges);
    let train = [edges("fit"), edges("val")].concat();
    Some((graph(&train), graph(&edges("test"))))
}

#[test]
fn a_model_ranks_friendships_better_than_resource_allocation() {
    let Some((train, test)) = real("egofb") else {
        return;
    };
    let config = LinkTraining {
        embedder: few_steps(),
        hold_outs: 1,
        people: 2000,
        validation_people: 500,
        ranker: RankerConfig {
            rounds: 120,
            learning_rate: 0.1,
            ..RankerConfig::default()
        },
        ..LinkTraining::for_graph(&train)
    };
    let (model, tables) = trained(&train, &config).unwrap();
    let users: Vec<u32> = (0..train.nodes() as u32)
        .filter(|&node| !test.list(node).is_empty())
        .step_by(2)
        .collect();
    let (mut scratch, mut scores) = (LinkScratch::default(), Vec::new());
    let mut ranked: HashMap<u32, [Vec<(u32, f32)>; 2]> = HashMap::new();
    for &user in &users {
        let found = link_candidates(
            &train,
            &tables,
            &with(user, &[]),
            &config.candidates,
            &mut scratch,
        );
        model.score(&found, &mut scores).unwrap();
        let by_model = found.nodes.iter().copied().zip(scores.iter().copied());
        let rows = named(&found);
        let by_allocation = rows.iter().map(|row| row["allocation"] as f32);
        let by_allocation = found.nodes.iter().copied().zip(by_allocation);
        ranked.insert(user, [by_model.collect(), by_allocation.collect()]);
    }
    let measured = |method: usize| -> RankingMetrics {
        let case = |&user: &u32| RankingCase {
            user,
            relevant: test.list(user),
            excluded: train.list(user),
        };
        let cases: Vec<RankingCase<'_>> = users.iter().map(case).collect();
        evaluate_ranking(&cases, &TieOrder::of_numbers(train.nodes()), |user, all| {
            all.fill(f32::NEG_INFINITY);
            for &(node, score) in &ranked[&user][method] {
                all[node as usize] = score;
            }
        })
    };
    let (model, allocation) = (measured(0), measured(1));
    assert!(
        model.recall_at_10 > allocation.recall_at_10 + 0.005 && model.mrr > allocation.mrr + 0.005,
        "model {model:?}, resource allocation {allocation:?}"
    );
}
