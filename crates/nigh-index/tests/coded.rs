//! Segments of codes and of narrowed rows: what they find, and that nothing which comes in or lies on disk makes them panic.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;

use nigh_index::{
    Allowed, Codec, Found, IvfSearch, LiveIndex, Metric, Mode, RaBitQConfig, Rotation,
    SearchParams, Segment, Vectors, Verification, build_segment,
};
use support::{built, clustered, config, rows_of};

const CODECS: [(&str, Codec); 4] = [
    ("rabitq", RABITQ),
    ("rotated", coded(Rotation::Hadamard)),
    ("f16", Codec::F16),
    ("int8", Codec::Int8),
];

const RABITQ: Codec = coded(Rotation::Auto);

const fn coded(rotation: Rotation) -> Codec {
    Codec::RaBitQ(RaBitQConfig {
        scan_dims: 0,
        scan_variance: 0.925,
        refine_dims: 0,
        refine_variance: 0.95,
        refine_bits: 8,
        rotation,
    })
}

fn lists(k: usize, nprobe: usize, rescore: usize) -> SearchParams {
    SearchParams {
        k,
        mode: Mode::Ivf(IvfSearch {
            nprobe,
            rescore,
            margin: 2.0,
            ..IvfSearch::default()
        }),
        threads: 1,
    }
}

fn recall(found: &[Found], exact: &[Found]) -> f64 {
    let (mut met, mut wanted) = (0, 0);
    for (found, exact) in found.iter().zip(exact) {
        wanted += exact.neighbors.len();
        met += exact
            .neighbors
            .iter()
            .filter(|n| found.neighbors.contains(n))
            .count();
    }
    met as f64 / wanted as f64
}

#[test]
fn most_neighbours_are_found_with_their_exact_scores() {
    let mut wrong = Vec::new();
    for metric in [Metric::L2, Metric::InnerProduct, Metric::Cosine] {
        for dim in [3, 12, 40, 200] {
            for bits in [4, 8] {
                let values = clustered(3000, dim, 30, 7);
                let rows = rows_of(&values, dim, metric);
                let rabitq = RaBitQConfig {
                    refine_bits: bits,
                    ..RaBitQConfig::default()
                };
                let (_folder, segment) = built(&rows, &config(40, Codec::RaBitQ(rabitq)));
                let queries = &clustered(50, dim, 30, 7)[..50 * dim];
                let exact = segment
                    .search_batch(queries, &SearchParams::exact(10), None)
                    .unwrap();
                let found = segment
                    .search_batch(queries, &lists(10, 20, 40), None)
                    .unwrap();
                let recall = recall(&found, &exact);
                if recall < 0.95 {
                    wrong.push(format!("{metric} dim {dim} bits {bits}: {recall}"));
                }
                let scores = |found: &Found| {
                    found.neighbors.iter().all(|n| {
                        let of = |all: &[Found]| {
                            all.iter()
                                .flat_map(|f| f.neighbors.clone())
                                .find(|m| m == n)
                        };
                        of(&exact).is_none_or(|m| m.score.to_bits() == n.score.to_bits())
                    })
                };
                assert!(found.iter().all(scores), "{metric} dim {dim}");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// As many bytes to scan and to refine, on coordinates from a matrix or without one; so few rows are compared in the end that
/// codes which told them apart less well would show.
#[test]
fn a_rotation_without_a_matrix_costs_no_recall() {
    let mut wrong = Vec::new();
    for (dim, bits) in [(64, 4), (104, 3), (120, 2), (200, 4)] {
        let (values, queries) = (clustered(6000, dim, 30, 7), clustered(200, dim, 30, 8));
        let rows = rows_of(&values, dim, Metric::L2);
        let [dense, rotated] = [Rotation::Principal, Rotation::Hadamard].map(|rotation| {
            let codec = Codec::RaBitQ(RaBitQConfig {
                scan_dims: dim,
                refine_dims: dim,
                refine_bits: bits,
                rotation,
                ..RaBitQConfig::default()
            });
            let (_folder, segment) = built(&rows, &config(40, codec));
            let codes = segment.codes().unwrap();
            assert_eq!((codes.scan_dims, codes.refine_dims), (dim, dim));
            let search = |params| segment.search_batch(&queries, &params, None).unwrap();
            recall(&search(lists(10, 40, 12)), &search(SearchParams::exact(10)))
        });
        if rotated < dense - 0.01 || dense < 0.5 {
            wrong.push(format!("dim {dim} bits {bits}: {rotated} against {dense}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A scan takes 4160 coordinates; the refining codes have the others too.
#[test]
fn rows_of_more_values_than_a_scan_takes_are_found() {
    let (dim, values) = (4200, clustered(400, 4200, 9, 3));
    let (_folder, segment) = built(&rows_of(&values, dim, Metric::L2), &config(5, RABITQ));
    let codes = segment.codes().unwrap();
    assert_eq!((codes.scan_dims, codes.refine_dims), (4160, 4200));
    let queries = &clustered(20, dim, 9, 4)[..20 * dim];
    let search = |params| segment.search_batch(queries, &params, None).unwrap();
    let recall = recall(&search(lists(10, 5, 20)), &search(SearchParams::exact(10)));
    assert!(recall > 0.95, "{recall}");
}

#[test]
fn a_compaction_keeps_the_rotation() {
    let (dim, values) = (24, clustered(1000, 24, 9, 1));
    for (rotation, expected, other) in [
        (Rotation::Principal, "matrix", "signs"),
        (Rotation::Hadamard, "signs", "matrix"),
    ] {
        let rows = rows_of(&values, dim, Metric::L2);
        let (folder, segment) = built(&rows, &config(20, coded(rotation)));
        let index = LiveIndex::open(segment);
        // Where no row was before.
        for (row, label) in clustered(400, dim, 3, 2).chunks(dim).zip(5000..) {
            let row: Vec<f32> = row.iter().map(|x| x * 2.0 + 5.0).collect();
            index.add(label, &row).unwrap();
        }
        let path = folder.path().join("next");
        index.compact(&path, 4).unwrap();
        let format = nigh_mmap::Format {
            magic: *b"nighSEG\0",
            version: 2,
        };
        let sections = nigh_mmap::Sections::open(&path, format).unwrap();
        let has = |wanted| sections.names().any(|name| name == wanted);
        assert!(has(expected) && !has(other), "{rotation:?}");
        let segment = index.segment();
        let query = segment.row(77);
        let found = segment.search(&query, &lists(10, 20, 20), None).unwrap();
        let exact = segment
            .search(&query, &SearchParams::exact(10), None)
            .unwrap();
        assert_eq!(found.neighbors, exact.neighbors, "{rotation:?}");
    }
}

#[test]
fn few_rows_are_compared_exactly_and_most_are_never_refined() {
    let values = clustered(8000, 64, 60, 5);
    let (_folder, segment) = built(&rows_of(&values, 64, Metric::L2), &config(64, RABITQ));
    let found = segment
        .search(&values[..64], &lists(10, 16, 20), None)
        .unwrap();
    assert_eq!((found.visited_lists, found.rescored), (16, 20));
    assert!(
        found.refined < found.distances / 2,
        "{} of {} refined",
        found.refined,
        found.distances
    );
}

#[test]
fn one_query_a_batch_and_any_threads_give_the_same() {
    let (dim, values) = (64, clustered(20_000, 64, 20, 9));
    for (name, codec) in CODECS {
        let rows = rows_of(&values, dim, Metric::Cosine);
        let (_folder, segment) = built(&rows, &config(50, codec));
        let queries = &values[..60 * dim];
        // Of so many lists that several threads share the rows of one query.
        for params in [lists(7, 5, 14), lists(7, 30, 14)] {
            let one = |threads: usize| -> Vec<Found> {
                let params = params.with_threads(threads);
                let queries = queries.chunks(dim);
                queries
                    .map(|query| segment.search(query, &params, None).unwrap())
                    .collect()
            };
            let alone = one(1);
            for threads in [1, 2, 5] {
                let params = params.with_threads(threads);
                let batch = segment.search_batch(queries, &params, None).unwrap();
                assert!(batch == alone && one(threads) == alone, "{name} {threads}");
            }
        }
    }
}

#[test]
fn the_same_rows_and_seed_give_the_same_file_whatever_the_threads() {
    let rows = rows_of(&clustered(3000, 20, 15, 2), 20, Metric::L2);
    let with = |codec, threads| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("segment");
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| build_segment(&path, &rows, &config(30, codec)))
            .unwrap();
        fs::read(path).unwrap()
    };
    for (name, codec) in CODECS {
        assert!(with(codec, 1) == with(codec, 4), "{name}: the files differ");
    }
}

#[test]
fn filters_of_any_size_get_k_rows_whenever_as_many_are_allowed() {
    let values = clustered(5000, 16, 25, 3);
    let segments = CODECS.map(|(name, codec)| {
        let rows = rows_of(&values, 16, Metric::L2);
        (name, built(&rows, &config(70, codec)))
    });
    let mut wrong = Vec::new();
    let cases = [1, 2, 10, 100, 1000, 2500, 5000];
    let cases = cases
        .iter()
        .flat_map(|every| segments.iter().map(move |s| (every, s)));
    for (every, (name, (_folder, segment))) in cases {
        let allowed = segment.allow(|label| label % every == 0);
        for (k, nprobe) in [(0, 3), (1, 1), (10, 1), (10, 8), (300, 2), (9000, 1)] {
            let found = segment
                .search(&values[160..176], &lists(k, nprobe, k), Some(&allowed))
                .unwrap();
            let fits = found.neighbors.iter().all(|n| n.label % every == 0);
            if found.neighbors.len() != k.min(allowed.count())
                || !fits
                || !found.neighbors.is_sorted()
            {
                wrong.push(format!(
                    "{name} every {every} k {k} nprobe {nprobe}: {}",
                    found.neighbors.len()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Which rows are allowed for a query.
type Filter<'a> = &'a dyn Fn(&[f32]) -> Allowed;

/// The share of places filled by rows as near as the last true neighbour, to a thousandth: among thousands of rows in a thin
/// shell far from the query, which is what a filter can leave, the order of the last ones means nothing.
fn near_recall(found: &Found, exact: &Found) -> f64 {
    let last = exact.neighbors.last().unwrap().score;
    let near = |n: &&nigh_index::Neighbor| n.score >= last - 1e-3 * last.abs();
    found.neighbors.iter().filter(near).count() as f64 / exact.neighbors.len() as f64
}

/// Allowed rows near the query, far from it, or anywhere: a filter must not cost recall.
#[test]
fn recall_under_a_filter_is_no_lower_than_without() {
    let (dim, count) = (24, 20_000);
    let values = clustered(count, dim, 40, 11);
    let rows = rows_of(&values, dim, Metric::L2);
    let (_folder, segment) = built(&rows, &config(200, RABITQ));
    let queries = &clustered(40, dim, 40, 12)[..40 * dim];
    let mean = |allowed: Option<Filter<'_>>| {
        let each = queries.chunks(dim).map(|query| {
            let allowed = allowed.map(|make| make(query));
            let exact = segment
                .search(query, &SearchParams::exact(10), allowed.as_ref())
                .unwrap();
            let found = segment
                .search(query, &lists(10, 8, 30), allowed.as_ref())
                .unwrap();
            near_recall(&found, &exact)
        });
        each.sum::<f64>() / 40.0
    };
    let plain = mean(None);
    let mut wrong = Vec::new();
    for share in [0.001, 0.01, 0.1, 0.5] {
        for kind in ["anywhere", "near", "far"] {
            let make = |query: &[f32]| {
                let mut order: Vec<usize> = (0..count).collect();
                let distance = |row: usize| nigh_simd::l2_squared(query, &segment.row(row));
                match kind {
                    "near" => order.sort_by(|&a, &b| distance(a).total_cmp(&distance(b))),
                    "far" => order.sort_by(|&a, &b| distance(b).total_cmp(&distance(a))),
                    _ => order.sort_by_key(|&row| {
                        segment.labels()[row].wrapping_mul(0x9e37_79b9_7f4a_7c15)
                    }),
                }
                let mut allowed = Allowed::none(count);
                let some = (count as f64 * share) as usize;
                order[..some].iter().for_each(|&row| allowed.insert(row));
                allowed
            };
            let filtered = mean(Some(&make));
            if filtered < plain - 0.005 {
                wrong.push(format!("{share} {kind}: {filtered} against {plain}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn few_allowed_rows_are_compared_exactly() {
    let values = clustered(5000, 16, 25, 3);
    for (name, codec) in CODECS {
        let rows = rows_of(&values, 16, Metric::L2);
        let (_folder, segment) = built(&rows, &config(70, codec));
        let allowed = segment.allow(|label| label % 100 == 0);
        let search = |params: SearchParams| {
            let found = segment.search(&values[..16], &params, Some(&allowed));
            found.unwrap()
        };
        let exact = search(SearchParams::exact(10));
        assert_eq!(search(lists(10, 1, 10)), exact, "{name}");
    }
}

#[test]
fn what_a_search_keeps_in_memory_is_a_fraction_of_the_vectors() {
    use nigh_index::cost::{code_bytes, refine_bytes, resident_bytes};
    assert_eq!(
        (code_bytes(128), refine_bytes(256, 8), refine_bytes(128, 4)),
        (24, 264, 72)
    );
    assert_eq!(resident_bytes(128, 256, 8), 296);
    let values = clustered(4000, 512, 25, 3);
    let rabitq = RaBitQConfig {
        scan_dims: 128,
        refine_dims: 256,
        ..RaBitQConfig::default()
    };
    let (_folder, segment) = built(
        &rows_of(&values, 512, Metric::L2),
        &config(20, Codec::RaBitQ(rabitq)),
    );
    let beside = segment.bytes() as f64 / 4000.0 - 4.0 * 512.0;
    // Beyond the rows: matrix, centroids and half-empty blocks.
    let rest = (4.0 * 512.0 * 257.0 + 20.0 * 128.0 * 5.0 + 20.0 * 32.0 * 24.0) / 4000.0;
    assert!(
        (296.0..296.0 + rest + 20.0).contains(&beside),
        "{beside} bytes a row"
    );
}

/// Vectors apart, to three hundredths: half a block a list is a guess, for lists shorter than a block above all.
#[test]
fn files_are_about_as_large_as_the_cost_function_says() {
    let mut wrong = Vec::new();
    for (count, dim, wanted, bits) in [(6000, 64, 20, 8), (6000, 40, 300, 4), (2000, 200, 1, 5)] {
        let rabitq = RaBitQConfig {
            refine_bits: bits,
            ..RaBitQConfig::default()
        };
        let rows = rows_of(&clustered(count, dim, 25, 3), dim, Metric::L2);
        let (_folder, segment) = built(&rows, &config(wanted, Codec::RaBitQ(rabitq)));
        let codes = segment.codes().unwrap();
        let [rows, dim, lists] = [count, dim, segment.lists()].map(|n| n as u64);
        let shape = (
            codes.scan_dims as u64,
            codes.refine_dims as u64,
            bits.into(),
        );
        let expected = nigh_index::cost::coded_segment_bytes(rows, dim, lists, shape);
        let beside = |bytes: u64| bytes as f64 - (4 * rows * dim) as f64;
        let ratio = beside(segment.bytes()) / beside(expected);
        if (ratio - 1.0).abs() > 0.03 {
            wrong.push((rows, dim, lists, ratio));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn strange_rows_are_searched_like_others() {
    let cases: &[(&str, usize, Vec<f32>)] = &[
        ("one row", 5, vec![1.0, 2.0, 3.0, 4.0, 5.0]),
        ("one value a row", 1, (0..300).map(|i| i as f32).collect()),
        ("fewer rows than lists", 4, clustered(9, 4, 3, 1)),
        ("all equal", 6, [0.5, -1.0, 2.0, 0.0, 3.0, 1.0].repeat(200)),
        ("all zero", 8, vec![0.0; 8 * 100]),
        (
            "tiny",
            9,
            clustered(200, 9, 4, 1).iter().map(|x| x * 1e-18).collect(),
        ),
        (
            "huge",
            9,
            clustered(200, 9, 4, 1).iter().map(|x| x * 1e15).collect(),
        ),
        (
            "as large as accepted",
            9,
            clustered(200, 9, 4, 1).iter().map(|x| x * 1e18).collect(),
        ),
        (
            "one far away",
            3,
            [vec![1e15, 0.0, 0.0], clustered(200, 3, 4, 1)].concat(),
        ),
    ];
    let mut wrong = Vec::new();
    for (name, dim, values) in cases {
        for metric in [Metric::L2, Metric::InnerProduct, Metric::Cosine] {
            let rows = rows_of(values, *dim, metric);
            for (codec_name, codec) in CODECS {
                let (_folder, segment) = built(&rows, &config(16, codec));
                let found = segment
                    .search(&values[..*dim], &lists(3, 16, 6), None)
                    .unwrap();
                let scores = found.neighbors.iter().all(|n| n.score.is_finite());
                if found.neighbors.len() != 3.min(rows.len()) || !scores {
                    wrong.push(format!("{name} {metric} {codec_name}: {found:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_rows_are_a_segment_too() {
    for (name, codec) in CODECS {
        let (_folder, segment) = built(&Vectors::new(4, Metric::L2), &config(8, codec));
        let found = segment.search(&[0.0; 4], &lists(3, 2, 3), None).unwrap();
        assert_eq!(found.neighbors, [], "{name}");
    }
}

/// Without full verification damage goes unnoticed: results may be wrong, but nothing else may happen.
#[test]
fn damage_never_makes_a_search_panic() {
    let refined = Codec::RaBitQ(RaBitQConfig {
        refine_bits: 5,
        ..RaBitQConfig::default()
    });
    for codec in [refined, coded(Rotation::Hadamard), Codec::F16, Codec::Int8] {
        for metric in [Metric::InnerProduct, Metric::L2] {
            let opened = search_damaged(codec, metric);
            assert!(opened > 100, "{codec:?} {metric}: {opened} opened");
        }
    }
}

/// Searches a file of which one byte is damaged, for one byte of every 17; returns how many could be opened.
fn search_damaged(codec: Codec, metric: Metric) -> usize {
    let values = clustered(300, 10, 6, 8);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("segment");
    build_segment(&path, &rows_of(&values, 10, metric), &config(7, codec)).unwrap();
    let intact = fs::read(&path).unwrap();
    let (mut opened, mut state) = (0, 1_u32);
    for at in (0..intact.len()).step_by(17) {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let mut bytes = intact.clone();
        bytes[at] ^= (state >> 24) as u8 | 1;
        fs::write(&path, &bytes).unwrap();
        assert!(Segment::open(&path).is_err(), "{codec:?} byte {at}");
        if let Ok(segment) = Segment::open_with(&path, Verification::Structure) {
            opened += 1;
            segment
                .search(&values[..10], &lists(5, 3, 8), None)
                .unwrap();
        }
    }
    opened
}
