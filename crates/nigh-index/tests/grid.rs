//! Grid hashing: what a search returns, whatever the filter, the data and the threads.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use nigh_index::{
    Allowed, Found, Grid, GridBuildError, GridConfig, GridHash, GridSearch, Metric, Neighbor,
    SearchError, Vectors, build_grid,
};
use support::clustered;

const DIM: usize = 24;
const METRICS: [Metric; 3] = [Metric::L2, Metric::InnerProduct, Metric::Cosine];
const HASHES: [GridHash; 2] = [GridHash::Hyperplane, GridHash::CrossPolytope];

fn config(hash: GridHash, tables: usize, bits: u32) -> GridConfig {
    GridConfig {
        hash,
        tables,
        bits,
        seed: 5,
    }
}

fn rows(values: &[f32], dim: usize, metric: Metric) -> Vectors {
    let mut rows = Vectors::new(dim, metric);
    for (values, label) in values.chunks(dim).zip(1000..) {
        rows.push(label, values).unwrap();
    }
    rows
}

fn grid(rows: &Vectors, config: GridConfig) -> Grid {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grid");
    let built = build_grid(&path, rows, &config).unwrap();
    let grid = Grid::open(&path).unwrap();
    assert_eq!(
        (built.rows, built.tables, built.bits, built.bytes),
        (grid.len(), grid.tables(), grid.bits(), grid.bytes())
    );
    grid
}

fn labels(neighbors: &[Neighbor]) -> Vec<u64> {
    neighbors.iter().map(|n| n.label).collect()
}

/// Which share of the exact neighbours was found.
fn recall(exact: &[Vec<u64>], found: &[Found]) -> f64 {
    let hits: usize = exact
        .iter()
        .zip(found)
        .map(|(exact, found)| {
            let found: HashSet<u64> = found.neighbors.iter().map(|n| n.label).collect();
            exact.iter().filter(|label| found.contains(label)).count()
        })
        .sum();
    hits as f64 / exact.iter().map(Vec::len).sum::<usize>() as f64
}

#[test]
fn looking_into_all_buckets_is_exact_search() {
    let values = clustered(800, DIM, 20, 1);
    let queries = clustered(20, DIM, 20, 2);
    let mut wrong = Vec::new();
    for metric in METRICS {
        let rows = rows(&values, DIM, metric);
        for hash in HASHES {
            let grid = grid(&rows, config(hash, 3, 5));
            for query in queries.chunks(DIM) {
                let search = GridSearch::new(10, usize::MAX);
                let found = grid.search(query, &search, None).unwrap();
                let exact = rows.search(query, 10, None).unwrap();
                if found.neighbors != exact.neighbors || found.distances != 800 {
                    wrong.push((metric, hash, found, exact));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn scores_are_exact_and_neighbours_in_order() {
    let values = clustered(3000, DIM, 30, 1);
    for metric in METRICS {
        let rows = rows(&values, DIM, metric);
        for hash in HASHES {
            let grid = grid(&rows, config(hash, 4, 0));
            for query in clustered(20, DIM, 30, 2).chunks(DIM) {
                let found = grid.search(query, &GridSearch::new(10, 8), None).unwrap();
                let all = rows.search(query, rows.len(), None).unwrap().neighbors;
                let mut best = found.neighbors.clone();
                best.sort();
                assert_eq!((best.len(), &best), (10, &found.neighbors));
                assert!(best.iter().all(|n| all.contains(n)), "{metric} {hash:?}");
                assert!((10..1500).contains(&found.distances), "{found:?}");
                assert!(found.visited_lists >= 8, "{found:?}");
            }
        }
    }
}

/// With any share of rows allowed, near the queries, far from them or anywhere, a filter costs no recall.
#[test]
fn filters_cost_no_recall() {
    let values = clustered(20_000, DIM, 150, 1);
    let rows = rows(&values, DIM, Metric::L2);
    let query = clustered(1, DIM, 150, 3);
    let queries: Vec<f32> = query
        .iter()
        .cycle()
        .take(50 * DIM)
        .zip(clustered(50, DIM, 1, 4))
        .map(|(a, b)| a + 0.3 * b)
        .collect();
    let order = labels(&rows.search(&query, rows.len(), None).unwrap().neighbors);
    let mut wrong = Vec::new();
    for (hash, probes) in HASHES
        .iter()
        .flat_map(|&hash| [6, 12, 24].map(|probes| (hash, probes)))
    {
        let grid = grid(&rows, config(hash, 8, 0));
        let search = GridSearch::new(10, probes);
        let measure = |allowed: Option<&HashSet<u64>>| {
            let in_rows = allowed.map(|set| rows.allow(|label| set.contains(&label)));
            let in_grid = allowed.map(|set| grid.allow(|label| set.contains(&label)));
            let exact =
                |query| labels(&rows.search(query, 10, in_rows.as_ref()).unwrap().neighbors);
            let exact: Vec<Vec<u64>> = queries.chunks(DIM).map(exact).collect();
            let found = grid
                .search_batch(&queries, &search, in_grid.as_ref())
                .unwrap();
            let complete = found
                .iter()
                .zip(&exact)
                .all(|(f, e)| f.neighbors.len() == e.len());
            (recall(&exact, &found), complete)
        };
        let (plain, _) = measure(None);
        assert!(
            (0.3..0.985).contains(&plain),
            "{hash:?} {probes}: {plain} tells nothing"
        );
        for share in [0.001, 0.01, 0.1, 0.5] {
            let count = (share * 20_000.0) as usize;
            let spread = order.iter().step_by(20_000 / count).copied().collect();
            let beyond = order[1000..].iter().step_by(19_000 / count).copied();
            let sets: [(&str, HashSet<u64>); 4] = [
                ("near", order[..count].iter().copied().collect()),
                ("far", order[20_000 - count..].iter().copied().collect()),
                ("anywhere", spread),
                ("anywhere but near", beyond.collect()),
            ];
            for (name, set) in sets {
                let (filtered, complete) = measure(Some(&set));
                if filtered < plain || !complete {
                    wrong.push((hash, probes, share, name, filtered, plain, complete));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn exactly_k_rows_come_back_whenever_k_are_allowed() {
    let rows = rows(&clustered(500, DIM, 10, 1), DIM, Metric::Cosine);
    let query = clustered(1, DIM, 10, 2);
    let mut wrong = Vec::new();
    for hash in HASHES {
        let grid = grid(&rows, config(hash, 2, 9));
        for allowed in [0, 1, 3, 60, 499, 500] {
            let filter = Allowed::from_fn(500, |row| row * 7 % 500 < allowed);
            for k in [0, 1, 3, 59, 60, 61, 499, 500, 501, usize::MAX] {
                let found = grid
                    .search(&query, &GridSearch::new(k, 1), Some(&filter))
                    .unwrap();
                let mut distinct = labels(&found.neighbors);
                distinct.sort_unstable();
                distinct.dedup();
                let passing = |label: &u64| {
                    let row = grid.labels().iter().position(|l| l == label).unwrap();
                    filter.contains(row)
                };
                if distinct.len() != k.min(allowed) || !distinct.iter().all(passing) {
                    wrong.push((hash, allowed, k, distinct.len()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn files_depend_on_the_seed_and_not_on_threads() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = |rows: &Vectors, config: GridConfig, threads: usize| {
        let path = folder.path().join("grid");
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| build_grid(&path, rows, &config).unwrap());
        fs::read(path).unwrap()
    };
    for metric in METRICS {
        let rows = rows(&clustered(3000, DIM, 20, 1), DIM, metric);
        for hash in HASHES {
            let config = config(hash, 4, 0);
            let first = bytes(&rows, config, 1);
            assert!(first == bytes(&rows, config, 3), "{metric} {hash:?}");
            assert!(first != bytes(&rows, GridConfig { seed: 6, ..config }, 1));
        }
    }
}

#[test]
fn batches_and_threads_change_nothing() {
    let rows = rows(&clustered(5000, DIM, 30, 1), DIM, Metric::InnerProduct);
    let queries = clustered(33, DIM, 30, 2);
    let filter = Allowed::from_fn(5000, |row| row % 3 == 0);
    for hash in HASHES {
        let grid = grid(&rows, config(hash, 6, 0));
        for allowed in [None, Some(&filter)] {
            let search = GridSearch::new(7, 400);
            let one = |query| grid.search(query, &search, allowed).unwrap();
            let expected: Vec<Found> = queries.chunks(DIM).map(one).collect();
            for threads in [0, 1, 2, 5] {
                let search = search.with_threads(threads);
                let batch = grid
                    .clone()
                    .search_batch(&queries, &search, allowed)
                    .unwrap();
                assert_eq!(batch, expected, "{hash:?} {threads}");
                let single = |query| grid.search(query, &search, allowed).unwrap();
                let single: Vec<Found> = queries.chunks(DIM).map(single).collect();
                assert_eq!(single, expected, "{hash:?} {threads}");
            }
        }
        assert_eq!(
            grid.search_batch(&[], &GridSearch::new(7, 4), None),
            Ok(Vec::new())
        );
    }
}

/// Data that hashing can make nothing of still gives the right answers.
#[test]
fn degenerate_rows() {
    type Case = (&'static str, usize, Vec<[f32; 3]>);
    let cases: [Case; 7] = [
        ("no rows", 0, vec![]),
        ("one row", 1, vec![[1.0, 2.0, 3.0]]),
        (
            "fewer rows than tables",
            3,
            vec![[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [9.0, 0.0, 1.0]],
        ),
        ("all equal", 100, vec![[0.1, -0.7, 2.0]; 100]),
        ("zeros", 100, vec![[0.0; 3]; 100]),
        (
            "zeros and one other",
            100,
            [vec![[0.0; 3]; 99], vec![[1.0, 1.0, 1.0]]].concat(),
        ),
        (
            "huge and tiny",
            90,
            [[1e18, 0.0, 1.0], [1e-30, 0.0, 1e-38], [-1e18, 1e18, 0.0]].repeat(30),
        ),
    ];
    let queries = [
        [1.0, 2.0, 3.0],
        [0.0, 0.0, 0.0],
        [-1e18, 1e18, 0.0],
        [1e-38, 0.0, 0.0],
    ];
    let mut wrong = Vec::new();
    for (name, count, values) in cases {
        for metric in METRICS {
            let rows = rows(values.as_flattened(), 3, metric);
            for hash in HASHES {
                for bits in [0, 1, 40] {
                    let grid = grid(&rows, config(hash, 8, bits));
                    assert_eq!((grid.len(), grid.is_empty()), (count, count == 0));
                    for query in &queries {
                        let found = grid
                            .search(query, &GridSearch::new(5, usize::MAX), None)
                            .unwrap();
                        let exact = rows.search(query, 5, None).unwrap();
                        let one = grid.search(query, &GridSearch::new(5, 1), None).unwrap();
                        if found.neighbors != exact.neighbors || one.neighbors.len() != count.min(5)
                        {
                            wrong.push((name, metric, hash, bits, labels(&found.neighbors)));
                        }
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn rows_of_one_label_all_come_back() {
    let mut rows = Vectors::new(2, Metric::L2);
    for i in 0..200u64 {
        rows.push(i / 2, &[(i as f32 * 0.3).sin(), (i as f32 * 0.7).cos()])
            .unwrap();
    }
    for hash in HASHES {
        let grid = grid(&rows, config(hash, 3, 0));
        let found = grid
            .search(&[0.0, 0.0], &GridSearch::new(199, 1), None)
            .unwrap();
        let exact = rows.search(&[0.0, 0.0], 199, None).unwrap();
        assert_eq!(found.neighbors, exact.neighbors, "{hash:?}");
    }
}

#[test]
fn bad_queries_and_filters_are_refused() {
    let grid = grid(
        &rows(&[1.0, 2.0, 3.0, 4.0], 2, Metric::L2),
        GridConfig::default(),
    );
    let search = GridSearch::new(1, 1);
    let nan = [1.0, f32::NAN];
    let cases = [
        (
            grid.search(&[1.0], &search, None).unwrap_err(),
            "query has 1 values, expected 2",
        ),
        (
            grid.search(&nan, &search, None).unwrap_err(),
            "query 0: value 1 is NaN, expected a finite number",
        ),
        (
            grid.search(&[1.0, 2.0], &search, Some(&Allowed::all(3)))
                .unwrap_err(),
            "the filter is about 3 rows, the index has 2",
        ),
        (
            grid.search_batch(&[1.0, 2.0, 3.0], &search, None)
                .unwrap_err(),
            "3 values do not divide into queries of 2",
        ),
        (
            grid.search_batch(&[[0.0; 2], nan].concat(), &search, None)
                .unwrap_err(),
            "query 1: value 1 is NaN, expected a finite number",
        ),
    ];
    for (error, expected) in cases {
        assert_eq!(SearchError::to_string(&error), expected);
    }
}

#[test]
fn what_cannot_be_built_is_refused_and_leaves_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let build = |path: &Path, dim, tables| {
        let config = config(GridHash::Hyperplane, tables, 0);
        build_grid(path, &Vectors::new(dim, Metric::L2), &config)
    };
    let path = folder.path().join("grid");
    assert!(matches!(
        build(&path, 0, 1),
        Err(GridBuildError::NoDimension)
    ));
    for tables in [0, 4097] {
        let refused = build(&path, 2, tables).unwrap_err().to_string();
        assert_eq!(refused, format!("{tables} tables, expected 1 to 4096"));
    }
    let nowhere = build(&folder.path().join("none/grid"), 2, 1);
    assert!(matches!(nowhere, Err(GridBuildError::Write(_))));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
