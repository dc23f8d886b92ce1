//! Shards: searched together they answer as one segment of all rows does.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use nigh_index::{
    Codec, Found, IvfConfig, Metric, RaBitQConfig, SearchError, SearchParams, Segment,
    SegmentConfig, ShardRouter, ShardSearchError, Shards, Vectors, build_segment, hash_shard,
};
use support::clustered;

const DIM: usize = 12;
const METRICS: [Metric; 3] = [Metric::L2, Metric::InnerProduct, Metric::Cosine];

/// Clustered rows, the last hundred of them copies of the first: equal scores are common.
fn rows(count: usize) -> Vec<f32> {
    let mut values = clustered(count - 100, DIM, 20, 4);
    values.extend_from_within(..100 * DIM);
    values
}

fn build(path: &Path, metric: Metric, ivf: Option<IvfConfig>, rows: &[(u64, &[f32])]) {
    let mut vectors = Vectors::new(DIM, metric);
    for (label, values) in rows {
        vectors.push(*label, values).unwrap();
    }
    build_segment(path, &vectors, &SegmentConfig { sequence: 7, ivf }).unwrap();
}

/// A segment of all rows, and the same rows in shards.
struct Both {
    whole: Segment,
    shards: Shards,
    _folder: tempfile::TempDir,
}

fn both(metric: Metric, count: usize, ivf: Option<IvfConfig>) -> Both {
    let folder = tempfile::tempdir().unwrap();
    let values = rows(1100);
    let labelled: Vec<(u64, &[f32])> = (50..).zip(values.chunks(DIM)).collect();
    let whole = folder.path().join("whole");
    build(&whole, metric, ivf, &labelled);
    let paths: Vec<PathBuf> = (0..count)
        .map(|shard| folder.path().join(format!("shard-{shard}")))
        .collect();
    for (shard, path) in paths.iter().enumerate() {
        let own = labelled
            .iter()
            .filter(|(label, _)| hash_shard(*label, count) == shard);
        build(path, metric, ivf, &own.copied().collect::<Vec<_>>());
    }
    Both {
        whole: Segment::open(&whole).unwrap(),
        shards: Shards::open(&paths).unwrap(),
        _folder: folder,
    }
}

fn bits(found: &[Found]) -> Vec<Vec<(u64, u32)>> {
    let of = |found: &Found| {
        found
            .neighbors
            .iter()
            .map(|n| (n.label, n.score.to_bits()))
            .collect()
    };
    found.iter().map(of).collect()
}

#[test]
fn exact_answers_are_those_of_one_segment_to_the_bit() {
    let queries = clustered(70, DIM, 20, 9);
    let mut wrong = Vec::new();
    for metric in METRICS {
        for count in [1, 2, 5, 40] {
            let Both {
                whole,
                shards,
                _folder,
            } = both(metric, count, None);
            assert_eq!((shards.len(), shards.segments().len()), (1100, count));
            for modulus in [1, 3, 50, 5000] {
                let approve = |label: u64| label.is_multiple_of(modulus);
                let filter = (modulus > 1).then(|| (whole.allow(approve), shards.allow(approve)));
                let (one, each) = filter.as_ref().map_or((None, None), |(one, each)| {
                    (Some(one), Some(each.as_slice()))
                });
                for (k, threads) in [(0, 1), (1, 2), (10, 1), (10, 3), (100, 64), (2000, 0)] {
                    let params = SearchParams::exact(k).with_threads(threads);
                    let expected = whole.search_batch(&queries, &params, one).unwrap();
                    let batch = shards.search_batch(&queries, &params, each).unwrap();
                    let single: Vec<Found> = queries
                        .chunks(DIM)
                        .map(|query| shards.search(query, &params, each).unwrap())
                        .collect();
                    let right = bits(&batch) == bits(&expected)
                        && bits(&single) == bits(&expected)
                        && batch == single
                        && batch
                            .iter()
                            .zip(&expected)
                            .all(|(a, b)| a.distances == b.distances);
                    if !right {
                        wrong.push(format!(
                            "{metric} {count} shards % {modulus}, k {k}, {threads} threads"
                        ));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn lists_of_all_shards_are_searched() {
    let queries = clustered(40, DIM, 20, 9);
    let codecs = [Codec::F32, Codec::RaBitQ(RaBitQConfig::default())];
    for codec in codecs {
        let ivf = IvfConfig {
            lists: 8,
            codec,
            ..IvfConfig::default()
        };
        let Both {
            whole,
            shards,
            _folder,
        } = both(Metric::L2, 3, Some(ivf));
        let exact = whole
            .search_batch(&queries, &SearchParams::exact(10), None)
            .unwrap();
        let params = SearchParams::ivf(10, 8);
        let found = shards
            .search_batch(&queries, &params.with_threads(2), None)
            .unwrap();
        let alone: Vec<Found> = queries
            .chunks(DIM)
            .map(|query| shards.search(query, &params.with_threads(3), None).unwrap())
            .collect();
        assert_eq!(found, alone, "{codec:?}");
        let same = bits(&found)
            .iter()
            .zip(bits(&exact))
            .filter(|(a, b)| *a == b)
            .count();
        // With codes a neighbour may be missed now and then; rows as they are miss none.
        let least = if codec == Codec::F32 { 40 } else { 36 };
        assert!(same >= least, "{codec:?}: {same} of 40");
        let sums = |found: &Found| (found.visited_lists, found.distances);
        let parts = shards
            .segments()
            .iter()
            .map(|s| s.search(&queries[..DIM], &params, None).unwrap());
        let (lists, rows) = parts.fold((0, 0), |sum, part| {
            (sum.0 + part.visited_lists, sum.1 + part.distances)
        });
        assert_eq!(sums(&found[0]), (lists, rows));
    }
}

#[test]
fn some_shards_answer_for_their_rows() {
    let Both {
        whole,
        shards,
        _folder,
    } = both(Metric::L2, 5, None);
    let queries = clustered(9, DIM, 20, 9);
    let params = SearchParams::exact(10).with_threads(2);
    for asked in [&[][..], &[3], &[4, 1], &[1, 4, 4, 1], &[0, 1, 2, 3, 4]] {
        let own = whole.allow(|label| asked.contains(&hash_shard(label, 5)));
        let expected = whole.search_batch(&queries, &params, Some(&own)).unwrap();
        let found = shards
            .search_batch_in(asked, &queries, &params, None)
            .unwrap();
        assert_eq!(bits(&found), bits(&expected), "{asked:?}");
        let one = shards
            .search_in(asked, &queries[..DIM], &params, None)
            .unwrap();
        assert_eq!(one, found[0], "{asked:?}");
    }
}

#[test]
fn refused_searches_say_why() {
    let Both {
        shards, _folder, ..
    } = both(Metric::L2, 3, None);
    let params = SearchParams::exact(3);
    let all = shards.allow(|_| true);
    let mut foreign = all.clone();
    foreign[1] = nigh_index::Allowed::all(7);
    let query = [0.0; DIM];
    let nan = [f32::NAN; DIM];
    let rows = shards.segments()[1].len();
    let about = format!("shard 1: the filter is about 7 rows, the index has {rows}");
    let cases: &[(Result<Found, ShardSearchError>, &str)] = &[
        (
            shards.search(&query[1..], &params, None),
            "query has 11 values, expected 12",
        ),
        (
            shards.search(&nan, &params, None),
            "query 0: value 0 is NaN, expected a finite number",
        ),
        (
            shards.search_in(&[], &nan, &params, None),
            "query 0: value 0 is NaN, expected a finite number",
        ),
        (
            shards.search_in(&[0, 3], &query, &params, None),
            "there is no shard 3, expected less than 3",
        ),
        (
            shards.search(&query, &params, Some(&all[1..])),
            "2 filters for 3 shards, expected one for each",
        ),
        (
            shards.search_in(&[0], &query, &params, Some(&foreign)),
            &about,
        ),
        (
            shards
                .search_batch(&query[1..], &params, None)
                .map(|_| Found::default()),
            "11 values do not divide into queries of 12",
        ),
    ];
    let mut wrong = Vec::new();
    for (result, expected) in cases {
        let said = result.as_ref().map_err(ToString::to_string);
        if said.as_ref().err().map(String::as_str) != Some(expected) {
            wrong.push((said, expected));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let nobody = shards
        .search_batch_in(&[], &[query, query].concat(), &params, None)
        .unwrap();
    assert_eq!(nobody, [Found::default(), Found::default()]);
    let error = shards.search_batch(&nan, &params, None).unwrap_err();
    assert!(matches!(
        error,
        ShardSearchError::Search(SearchError::Query { query: 0, .. })
    ));
}

#[test]
fn shards_that_do_not_belong_together_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let make = |name: &str, dim: usize, metric: Metric, sequence: u64| {
        let mut rows = Vectors::new(dim, metric);
        rows.push(1, &vec![1.0; dim]).unwrap();
        let config = SegmentConfig {
            sequence,
            ivf: None,
        };
        build_segment(&at(name), &rows, &config).unwrap();
    };
    make("good", 3, Metric::L2, 5);
    make("fellow", 3, Metric::L2, 5);
    make("wide", 4, Metric::L2, 5);
    make("cosine", 3, Metric::Cosine, 5);
    make("later", 3, Metric::L2, 6);
    let whole = fs::read(at("good")).unwrap();
    fs::write(at("cut"), &whole[..whole.len() - 1]).unwrap();
    let cases: &[(&[&str], &str)] = &[
        (&[], "no shards to open, expected at least one"),
        (
            &["good", "fellow", "wide"],
            "its dimension is 4, expected 3",
        ),
        (&["good", "cosine"], "its metric is cosine, expected l2"),
        (&["good", "later"], "its sequence is 6, expected 5"),
        (&["good", "cut"], "cut is torn"),
        (&["good", "missing"], "missing does not exist"),
    ];
    let mut wrong = Vec::new();
    for (names, expected) in cases {
        let paths: Vec<PathBuf> = names.iter().map(|name| at(name)).collect();
        let said = Shards::open(&paths).unwrap_err().to_string();
        let named = names
            .last()
            .is_none_or(|name| said.contains(text(&at(name))));
        if !said.contains(expected) || !named {
            wrong.push((names, said));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(Shards::open(&[at("good"), at("fellow")]).unwrap().len(), 2);
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_router_asks_the_shard_of_the_query_first() {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = (0..4).map(|i| folder.path().join(i.to_string())).collect();
    // Far from each other; the third is empty.
    let place = |shard: usize| [(0.0, 0.0), (100.0, 0.0), (0.0, 0.0), (0.0, 100.0)][shard];
    for metric in METRICS {
        for (shard, path) in paths.iter().enumerate() {
            let mut rows = Vectors::new(2, metric);
            for i in (0..if shard == 2 {
                0
            } else {
                300 * (shard as u64 + 1)
            })
                .map(|i| i as f32)
            {
                let (x, y) = place(shard);
                rows.push(i as u64, &[1.0 + x + i.sin(), 1.0 + y + i.cos()])
                    .unwrap();
            }
            build_segment(path, &rows, &SegmentConfig::default()).unwrap();
        }
        let router = ShardRouter::train(&Shards::open(&paths).unwrap(), 4, 1);
        let first = |x, y| router.rank(&[x, y]);
        assert_eq!(first(101.0, 1.5)[0], 1, "{metric}");
        assert_eq!(first(1.5, 101.0)[0], 3, "{metric}");
        assert_eq!(first(1.0, 1.0)[3], 2, "{metric}: nothing is there");
    }
}
