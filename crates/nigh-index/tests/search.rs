//! Every way to search against the obvious one: score each allowed row, sort, cut.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it skips"
)]

mod support;

use nigh_index::{
    Allowed, IvfConfig, Metric, Neighbor, SearchError, SearchParams, Segment, SegmentConfig,
    VectorError, Vectors, build_segment, merge_neighbors,
};
use support::Random;

const METRICS: [Metric; 3] = [Metric::L2, Metric::InnerProduct, Metric::Cosine];

/// Rows of small whole numbers, so that many scores are equal, under labels in no order.
fn rows_with_ties(count: usize, dim: usize, metric: Metric) -> Vectors {
    let mut random = Random(11);
    let mut rows = Vectors::new(dim, metric);
    for i in 0..count as u64 {
        let values: Vec<f32> = (0..dim)
            .map(|_| (random.unit() * 3.0).floor() - 1.0)
            .collect();
        rows.push(i * 7919 % 1_000_003, &values).unwrap();
    }
    rows
}

fn segment_of(rows: &Vectors, ivf: Option<IvfConfig>) -> (tempfile::TempDir, Segment) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("segment");
    build_segment(&path, rows, &SegmentConfig { sequence: 5, ivf }).unwrap();
    let segment = Segment::open(&path).unwrap();
    (folder, segment)
}

fn reference(
    rows: &Vectors,
    query: &[f32],
    k: usize,
    allow: &dyn Fn(u64) -> bool,
) -> Vec<Neighbor> {
    let mut query = query.to_vec();
    if rows.metric() == Metric::Cosine {
        nigh_simd::normalize(&mut query);
    }
    let score = |row: &[f32]| match rows.metric() {
        Metric::L2 => 0.0 - nigh_simd::l2_squared(&query, row),
        _ => nigh_simd::dot(&query, row),
    };
    let labelled = rows
        .labels()
        .iter()
        .enumerate()
        .filter(|&(_, &label)| allow(label));
    let mut all: Vec<Neighbor> = labelled
        .map(|(i, &label)| Neighbor {
            label,
            score: score(rows.row(i)),
        })
        .collect();
    all.sort_by(|a, b| {
        b.score
            .partial_cmp(&a.score)
            .unwrap()
            .then(a.label.cmp(&b.label))
    });
    all.truncate(k);
    all
}

#[test]
fn every_way_to_search_gives_the_same_result() {
    let mut wrong = Vec::new();
    let filters: [(&str, &dyn Fn(u64) -> bool); 5] = [
        ("all", &|_| true),
        ("most", &|label| label % 50 != 3),
        ("half", &|label| label % 2 == 0),
        ("few", &|label| label % 200 == 7),
        ("none", &|_| false),
    ];
    for metric in METRICS {
        // 3,000 rows of 96 values exceed what one task takes on, so that threads do get parts.
        for (count, dim) in [(3000, 96), (700, 5), (1, 3)] {
            let rows = rows_with_ties(count, dim, metric);
            let (_folder, segment) = segment_of(
                &rows,
                Some(IvfConfig {
                    lists: 20,
                    ..IvfConfig::default()
                }),
            );
            let mut random = Random(3);
            let queries: Vec<f32> = (0..70 * dim)
                .map(|_| (random.unit() * 4.0).floor() - 1.5)
                .collect();
            for (name, allow) in filters {
                let (of_segment, of_tail) = (segment.allow(allow), rows.allow(allow));
                let filter = (name != "all").then_some(&of_segment);
                for k in [0, 1, 10, 2000] {
                    let all_lists = SearchParams::ivf(k, 20);
                    let exact = SearchParams::exact(k);
                    let batch = segment
                        .search_batch(&queries, &exact.with_threads(3), filter)
                        .unwrap();
                    let batch_lists = segment
                        .search_batch(&queries, &all_lists.with_threads(3), filter)
                        .unwrap();
                    assert_eq!((batch.len(), batch_lists.len()), (70, 70));
                    for (q, query) in queries.chunks(dim).enumerate().step_by(23) {
                        let expected = reference(&rows, query, k, allow);
                        let single =
                            |params| segment.search(query, &params, filter).unwrap().neighbors;
                        let found = [
                            ("exact", single(exact)),
                            ("threads", single(exact.with_threads(4))),
                            ("as many as the pool", single(exact.with_threads(0))),
                            ("all lists", single(all_lists)),
                            ("all lists, threads", single(all_lists.with_threads(3))),
                            ("batch", batch[q].neighbors.clone()),
                            ("batch of all lists", batch_lists[q].neighbors.clone()),
                            (
                                "tail",
                                rows.search(query, k, Some(&of_tail)).unwrap().neighbors,
                            ),
                        ];
                        for (way, found) in found {
                            if found != expected {
                                wrong.push(format!(
                                    "{metric} {count}x{dim} {name} k={k} query {q}: {way}"
                                ));
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong: {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(20)]
    );
}

#[test]
fn scores_agree_with_f64() {
    let (dim, mut random) = (37, Random(8));
    let raw: Vec<Vec<f32>> = (0..200)
        .map(|_| (0..dim).map(|_| random.unit() * 8.0 - 4.0).collect())
        .collect();
    let query = &raw[0];
    let dot = |a: &[f32], b: &[f32]| {
        a.iter()
            .zip(b)
            .map(|(&a, &b)| f64::from(a) * f64::from(b))
            .sum::<f64>()
    };
    for metric in METRICS {
        let mut rows = Vectors::new(dim, metric);
        raw.iter()
            .zip(0..)
            .for_each(|(row, label)| rows.push(label, row).unwrap());
        let (_folder, segment) = segment_of(&rows, None);
        for Neighbor { label, score } in segment
            .search(query, &SearchParams::exact(200), None)
            .unwrap()
            .neighbors
        {
            let row = &raw[label as usize];
            let expected = match metric {
                Metric::L2 => 2.0 * dot(query, row) - dot(query, query) - dot(row, row),
                Metric::InnerProduct => dot(query, row),
                Metric::Cosine => dot(query, row) / (dot(query, query) * dot(row, row)).sqrt(),
            };
            assert!(
                (f64::from(score) - expected).abs() < 1e-3,
                "{metric} {label}: {score} {expected}"
            );
        }
    }
}

#[test]
fn lists_are_probed_until_k_rows_are_met() {
    let rows = rows_with_ties(2000, 8, Metric::L2);
    let (_folder, segment) = segment_of(
        &rows,
        Some(IvfConfig {
            lists: 50,
            ..IvfConfig::default()
        }),
    );
    let mut random = Random(2);
    for share in [2, 10, 100, 500, 3000] {
        let allowed = segment.allow(|label| label % share == 0);
        for k in [1, 10, 100] {
            for nprobe in [0, 1, 5, 1000] {
                let query: Vec<f32> = (0..8).map(|_| random.unit() * 2.0 - 1.0).collect();
                let found = segment
                    .search(&query, &SearchParams::ivf(k, nprobe), Some(&allowed))
                    .unwrap();
                assert_eq!(
                    found.neighbors.len(),
                    k.min(allowed.count()),
                    "1/{share} k={k} nprobe={nprobe}"
                );
                assert!(found.distances <= allowed.count());
                assert!(found.neighbors.iter().all(|n| n.label % share == 0));
            }
        }
    }
}

#[test]
fn work_done_is_reported() {
    let rows = rows_with_ties(1000, 8, Metric::Cosine);
    let (_folder, segment) = segment_of(
        &rows,
        Some(IvfConfig {
            lists: 10,
            ..IvfConfig::default()
        }),
    );
    let query = [1.0; 8];
    let exact = segment
        .search(&query, &SearchParams::exact(3), None)
        .unwrap();
    assert_eq!(
        (exact.distances, exact.visited_lists),
        (1000, segment.lists())
    );
    let three = segment
        .search(&query, &SearchParams::ivf(3, 3), None)
        .unwrap();
    assert_eq!(three.visited_lists, 3);
    assert!(three.distances < 1000);
    let allowed = Allowed::from_fn(1000, |row| row < 17);
    let few = segment
        .search(&query, &SearchParams::exact(3), Some(&allowed))
        .unwrap();
    assert_eq!(few.distances, 17);
    assert_eq!(
        segment
            .search_batch(&query, &SearchParams::exact(3), Some(&allowed))
            .unwrap(),
        [few]
    );
}

#[test]
fn bad_queries_are_refused() {
    let rows = rows_with_ties(100, 3, Metric::Cosine);
    let (_folder, segment) = segment_of(&rows, None);
    let other = Allowed::all(99);
    let cases: [(&[f32], Option<&Allowed>, &str); 5] = [
        (&[1.0; 2], None, "query has 2 values, expected 3"),
        (
            &[1.0, f32::NAN, 0.0],
            None,
            "query 0: value 1 is NaN, expected a finite number",
        ),
        (
            &[1.0, 0.0, f32::NEG_INFINITY],
            None,
            "query 0: value 2 is -inf, expected a finite number",
        ),
        (
            &[3e19, 0.0, 0.0],
            None,
            "query 0: its values are too large: their squares add up to more than a quarter of the largest f32",
        ),
        (
            &[1.0; 3],
            Some(&other),
            "the filter is about 99 rows, the index has 100",
        ),
    ];
    for (query, allowed, expected) in cases {
        for params in [SearchParams::exact(1), SearchParams::ivf(1, 1)] {
            assert_eq!(
                segment
                    .search(query, &params, allowed)
                    .unwrap_err()
                    .to_string(),
                expected
            );
        }
        assert_eq!(
            rows.search(query, 1, allowed).unwrap_err().to_string(),
            expected
        );
    }
    let batch = segment.search_batch(
        &[1.0, 0.0, 0.0, 1.0, 2.0, f32::NAN],
        &SearchParams::exact(1),
        None,
    );
    let Err(SearchError::Query {
        query: 1,
        source: VectorError::NotFinite { position: 2, .. },
    }) = batch
    else {
        panic!("{batch:?}");
    };
    let ragged = segment.search_batch(&[1.0; 4], &SearchParams::exact(1), None);
    assert_eq!(
        ragged,
        Err(SearchError::Batch {
            dim: 3,
            received: 4
        })
    );
}

#[test]
fn zero_vectors_and_empty_indexes_are_searchable() {
    for metric in METRICS {
        let mut rows = Vectors::new(4, metric);
        let (_folder, empty) = segment_of(&rows, Some(IvfConfig::default()));
        for params in [SearchParams::exact(5), SearchParams::ivf(5, 2)] {
            assert!(
                empty
                    .search(&[1.0; 4], &params, None)
                    .unwrap()
                    .neighbors
                    .is_empty()
            );
            assert!(
                empty
                    .search_batch(&[1.0; 8], &params, None)
                    .unwrap()
                    .iter()
                    .all(|f| f.neighbors.is_empty())
            );
        }
        rows.push(9, &[0.0; 4]).unwrap();
        let (_folder, one) = segment_of(&rows, Some(IvfConfig::default()));
        let found = one
            .search(&[0.0; 4], &SearchParams::exact(5), None)
            .unwrap()
            .neighbors;
        assert_eq!(
            found,
            [Neighbor {
                label: 9,
                score: 0.0
            }],
            "{metric}"
        );
        assert!(found[0].score.is_sign_positive());
    }
}

#[test]
fn segments_and_tail_make_one_answer() {
    let rows = rows_with_ties(900, 6, Metric::L2);
    let (mut old, mut tail) = (Vectors::new(6, Metric::L2), Vectors::new(6, Metric::L2));
    for (row, &label) in rows.labels().iter().enumerate() {
        let half = if row % 3 == 0 { &mut tail } else { &mut old };
        half.push(label, rows.row(row)).unwrap();
    }
    // Stale copies of what the tail holds newer values of.
    tail.labels()
        .iter()
        .for_each(|&label| old.push(label, &[0.0; 6]).unwrap());
    let (_folder, segment) = segment_of(&old, Some(IvfConfig::default()));
    let fresh = segment.allow(|label| !tail.labels().contains(&label));
    let query = [0.4, -0.3, 0.2, 0.0, 1.0, -1.0];
    let parts = [
        segment
            .search(&query, &SearchParams::exact(25), Some(&fresh))
            .unwrap()
            .neighbors,
        tail.search(&query, 25, None).unwrap().neighbors,
    ];
    assert_eq!(
        merge_neighbors(parts, 25),
        reference(&rows, &query, 25, &|_| true)
    );
}

#[test]
fn a_tail_is_pushed_to_and_removed_from() {
    let mut rows = Vectors::new(2, Metric::Cosine);
    for label in [1, 2, 3, 2, 4] {
        rows.push(label, &[label as f32, 1.0]).unwrap();
    }
    assert_eq!((rows.remove(2), rows.remove(2), rows.len()), (2, 0, 3));
    assert_eq!(rows.remove_all(&[1, 4, 77].into()), 2);
    assert_eq!(rows.labels(), [3]);
    assert!((rows.row(0)[0] - 3.0 / 10f32.sqrt()).abs() < 1e-6);
    let refused = rows.push(8, &[0.0, f32::INFINITY]).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "vector with label 8: value 1 is inf, expected a finite number"
    );
    let refused = rows.push(8, &[0.0]).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "vector with label 8: has 1 values, expected 2"
    );
    assert_eq!(rows.len(), 1);
}

#[test]
fn parameters_have_short_forms() {
    let params = SearchParams::ivf(3, 4).with_threads(2);
    assert_eq!(
        params,
        SearchParams {
            k: 3,
            mode: SearchParams::ivf(3, 4).mode,
            threads: 2
        }
    );
}
