//! Who is found, and what is said of them, beside obvious computations.

use super::*;

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
