//! Segments of rows narrowed to 16-bit floats or 8-bit integers, beside those of rows as they are.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::fs;

use nigh_index::{
    Allowed, Codec, Found, IvfSearch, LiveIndex, Metric, Mode, Narrow, OpenError, SearchParams,
    Segment, cost,
};
use support::{built, clustered, config, rows_of};

const NARROW: [(Codec, Narrow); 2] = [(Codec::F16, Narrow::F16), (Codec::Int8, Narrow::Int8)];
const METRICS: [Metric; 3] = [Metric::L2, Metric::InnerProduct, Metric::Cosine];

fn lists(k: usize, nprobe: usize, rescore: usize) -> SearchParams {
    SearchParams {
        k,
        mode: Mode::Ivf(IvfSearch {
            nprobe,
            rescore,
            ..IvfSearch::default()
        }),
        threads: 1,
    }
}

/// The share of the neighbours in `wanted` that were found with the same scores to the bit.
fn share(found: &[Found], wanted: &[Found]) -> f64 {
    let all = wanted.iter().map(|wanted| wanted.neighbors.len());
    let met = found.iter().zip(wanted).map(|(found, wanted)| {
        let is_found = |n: &&nigh_index::Neighbor| found.neighbors.contains(n);
        wanted.neighbors.iter().filter(is_found).count()
    });
    met.sum::<usize>() as f64 / all.sum::<usize>() as f64
}

/// What rows as they are find in the same lists. By default integers lose one in a thousand at most, floats one in ten thousand;
/// but for cosines of a few values, thousands of which differ in the last bits only.
#[test]
fn next_to_nothing_is_missed_that_rows_as_they_are_find() {
    let mut wrong = Vec::new();
    for metric in METRICS {
        for dim in [1, 3, 12, 40, 201, 784] {
            if metric == Metric::Cosine && dim < 12 {
                continue;
            }
            for (offset, scale) in [(0.0, 1.0), (3.0, 1.0), (0.0, 1e6), (1.0, 1e-6)] {
                let mut values = clustered(3000, dim, 30, 7);
                values.iter_mut().for_each(|x| *x = (*x + offset) * scale);
                let rows = rows_of(&values, dim, metric);
                let queries = &values[17 * dim..217 * dim];
                let [flat, f16, int8] = [Codec::F32, Codec::F16, Codec::Int8].map(|codec| {
                    let (_folder, segment) = built(&rows, &config(40, codec));
                    let params = SearchParams::ivf(10, 6);
                    segment.search_batch(queries, &params, None).unwrap()
                });
                let shares = [share(&f16, &flat), share(&int8, &flat)];
                if shares[0] < 0.9999 || shares[1] < 0.999 {
                    let what = format!("{metric} dim {dim} offset {offset} scale {scale}");
                    wrong.push(format!("{what}: {shares:?}"));
                }
                let scanned = |found: &[Found]| -> Vec<_> {
                    let each = found.iter().map(|f| (f.visited_lists, f.distances));
                    each.collect()
                };
                assert_eq!(scanned(&f16), scanned(&flat));
                assert_eq!(scanned(&int8), scanned(&flat));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Rows whose values 16-bit floats do not have, too large and too small, beside each other.
#[test]
fn rows_of_any_size_are_told_apart() {
    let mut wrong = Vec::new();
    let dim = 12;
    for metric in METRICS {
        for (codec, _) in NARROW {
            let mut values = clustered(900, dim, 9, 4);
            for (i, row) in values.chunks_mut(dim).enumerate() {
                let size = 10_f32.powi([-12, 0, 12][i % 3]);
                row.iter_mut().for_each(|x| *x *= size);
            }
            let (_folder, segment) = built(&rows_of(&values, dim, metric), &config(5, codec));
            for query in values.chunks(dim).take(90) {
                let exact = segment.search(query, &SearchParams::exact(5), None);
                let found = segment.search(query, &lists(5, 5, 60), None);
                let (exact, found) = (exact.unwrap(), found.unwrap());
                let last = exact.neighbors[4].score;
                if found.neighbors[4].score < last - 1e-5 * last.abs() {
                    wrong.push(format!("{metric} {codec:?}: {found:?} {exact:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn all_are_rescored_is_exact() {
    let (dim, values) = (20, clustered(2000, 20, 9, 4));
    for (codec, _) in NARROW {
        for metric in METRICS {
            let (_folder, segment) = built(&rows_of(&values, dim, metric), &config(12, codec));
            let queries = &values[..50 * dim];
            let exact = segment.search_batch(queries, &SearchParams::exact(10), None);
            let found = segment.search_batch(queries, &lists(10, 12, 2000), None);
            let neighbors = |found: Vec<Found>| -> Vec<_> {
                found.into_iter().map(|found| found.neighbors).collect()
            };
            assert_eq!(neighbors(found.unwrap()), neighbors(exact.unwrap()));
        }
    }
}

/// A filter costs no more recall than it does where rows are as they are.
#[test]
fn filters_leave_what_rows_as_they_are_find() {
    let (dim, count) = (24, 10_000);
    let values = clustered(count, dim, 40, 11);
    let rows = rows_of(&values, dim, Metric::L2);
    let queries = &clustered(40, dim, 40, 12)[..40 * dim];
    let (_flat_folder, flat) = built(&rows, &config(100, Codec::F32));
    let mut wrong = Vec::new();
    for (codec, _) in NARROW {
        let (_folder, segment) = built(&rows, &config(100, codec));
        assert_eq!(segment.labels(), flat.labels());
        for share_allowed in [0.001, 0.01, 0.1, 0.5, 0.99] {
            for far in [false, true] {
                let mut total = [0.0, 0.0];
                for query in queries.chunks(dim) {
                    let score = |row: usize| nigh_simd::l2_squared(query, &flat.row(row));
                    let mut order: Vec<usize> = (0..count).collect();
                    order.sort_by(|&a, &b| score(a).total_cmp(&score(b)));
                    if far {
                        order.reverse();
                    }
                    let mut allowed = Allowed::none(count);
                    let some = (count as f64 * share_allowed) as usize;
                    order[..some].iter().for_each(|&row| allowed.insert(row));
                    let search = |segment: &Segment, params| {
                        let found = segment.search(query, &params, Some(&allowed));
                        [found.unwrap()]
                    };
                    let exact = search(&flat, SearchParams::exact(10));
                    total[0] += share(&search(&segment, lists(10, 8, 20)), &exact);
                    total[1] += share(&search(&flat, lists(10, 8, 20)), &exact);
                }
                if total[0] < total[1] - 0.2 {
                    wrong.push(format!("{codec:?} {share_allowed} far {far}: {total:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_are_as_large_as_the_cost_functions_say() {
    let mut wrong = Vec::new();
    for (codec, narrow) in NARROW {
        for metric in METRICS {
            for (count, dim, wanted) in [(0, 4, 3), (1, 5, 3), (700, 1, 20), (901, 33, 30)] {
                let rows = rows_of(&clustered(count, dim, 9, 3), dim, metric);
                let (folder, segment) = built(&rows, &config(wanted, codec));
                assert_eq!((segment.narrow(), segment.codes()), (Some(narrow), None));
                let (count, dim, lists) = (count as u64, dim as u64, segment.lists() as u64);
                let expected = cost::narrow_segment_bytes(count, dim, lists, narrow, metric);
                let bytes = fs::metadata(folder.path().join("segment")).unwrap().len();
                if (bytes, segment.bytes()) != (expected, expected) {
                    wrong.push((codec, metric, count, bytes, expected));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    let l2 = |narrow| cost::narrow_resident_bytes(100, narrow, Metric::L2);
    assert_eq!((l2(Narrow::F16), l2(Narrow::Int8)), (212, 116));
    assert_eq!(cost::narrow_bytes(100, Narrow::Int8, Metric::Cosine), 104);
}

#[test]
fn sections_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("segment");
    let format = nigh_mmap::Format {
        magic: *b"nighSEG\0",
        version: 2,
    };
    // Values, scales, norms; two rows of one value, compared by L2.
    let cases: [(&str, usize, usize, usize, bool); 8] = [
        ("f16", 2, 2, 0, true),
        ("f16", 1, 2, 0, false),
        ("f16", 2, 1, 0, false),
        ("int8", 2, 2, 2, true),
        ("int8", 3, 2, 2, false),
        ("int8", 2, 3, 2, false),
        ("int8", 2, 2, 1, false),
        ("int16", 1, 1, 1, true),
    ];
    let mut wrong = Vec::new();
    for (name, values, scales, norms, valid) in cases {
        let mut writer = nigh_mmap::SectionWriter::create(&path, format).unwrap();
        writer.put("meta", &[2_u64, 1, 0, 7, 2]).unwrap();
        writer.put("labels", &[5_u64, 6]).unwrap();
        writer.put("lists", &[0_u64, 1, 2]).unwrap();
        writer.put("centroids", &[0.0_f32, 1.0]).unwrap();
        writer.put("vectors", &[0.0_f32, 1.0]).unwrap();
        match name {
            "f16" => writer.put(name, &vec![0_u16; values]).unwrap(),
            _ => writer.put(name, &vec![0_i8; values]).unwrap(),
        }
        writer.put("scales", &vec![1.0_f32; scales]).unwrap();
        writer.put("norms", &vec![0.0_f32; norms]).unwrap();
        writer.finish().unwrap();
        match Segment::open(&path) {
            Ok(_) if valid => {}
            Err(OpenError::Inconsistent { .. }) if !valid => {}
            other => wrong.push((name, values, scales, norms, other.map(|_| ()))),
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn a_compaction_keeps_what_rows_are_narrowed_to() {
    let dim = 8;
    for (codec, narrow) in NARROW {
        for count in [0, 400] {
            let rows = rows_of(&clustered(count, dim, 9, 1), dim, Metric::L2);
            let (folder, segment) = built(&rows, &config(10, codec));
            let index = LiveIndex::open(segment);
            // Larger than 16-bit floats are.
            let newer: Vec<f32> = clustered(300, dim, 9, 2).iter().map(|x| x * 1e6).collect();
            for (row, label) in newer.chunks(dim).zip(1200..) {
                index.add(label, row).unwrap();
            }
            let built = index.compact(&folder.path().join("next"), 4).unwrap();
            assert_eq!((built.rows, index.newer()), (count.max(200) + 100, 0));
            let segment = index.segment();
            assert_eq!(segment.narrow(), Some(narrow));
            for (row, label) in newer.chunks(dim).zip(1200..) {
                let found = segment.search(row, &lists(1, 64, 10), None).unwrap();
                assert_eq!(found.neighbors[0].label, label, "{codec:?} from {count}");
            }
        }
    }
}

/// A file without vectors: everything is compared as the narrowed rows stand for, whichever way it is searched.
#[test]
fn rows_alone_are_compared_as_what_they_stand_for() {
    let mut wrong = Vec::new();
    let (dim, k) = (67, 10);
    let values = clustered(2500, dim, 20, 11);
    for metric in METRICS {
        for (codec, narrow) in NARROW {
            for lists in [1, 30] {
                let rows = rows_of(&values, dim, metric);
                let mut alone = config(lists, codec);
                alone.ivf.as_mut().unwrap().vectors = false;
                let (_folder, segment) = built(&rows, &alone);
                let (_beside, both) = built(&rows, &config(lists, codec));
                let what = format!("{metric} {} lists {lists}", narrow.name());
                assert!(!segment.has_vectors() && both.has_vectors(), "{what}");
                let saved = both.bytes() - segment.bytes();
                assert!(saved >= 4 * values.len() as u64, "{what}: {saved}");
                let queries = &values[40 * dim..60 * dim];
                let exact = SearchParams::exact(k);
                let batch = segment.search_batch(queries, &exact, None).unwrap();
                let odd = segment.allow(|label| label % 2 == 1);
                for (query, found) in queries.chunks(dim).zip(&batch) {
                    let one = segment.search(query, &exact, None).unwrap();
                    let every = SearchParams::ivf(k, lists);
                    let listed = segment.search(query, &every, None).unwrap();
                    let expected = reference(&segment, query, |_| true);
                    let odd_found = segment.search(query, &exact, Some(&odd)).unwrap();
                    let odd_expected = reference(&segment, query, |label| label % 2 == 1);
                    let agree = [
                        same(&one, found),
                        near(&one, &expected[..k]),
                        near(&listed, &expected[..k]),
                        near(&odd_found, &odd_expected[..k]),
                    ];
                    if agree != [true; 4] {
                        wrong.push(format!("{what}: {agree:?}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn same(a: &Found, b: &Found) -> bool {
    a.neighbors == b.neighbors
}

/// The best scores by plain sums in f64 over what [`Segment::row`] gives.
fn reference(segment: &Segment, query: &[f32], allow: impl Fn(u64) -> bool) -> Vec<(u64, f64)> {
    let wide = |values: &[f32]| values.iter().map(|&x| f64::from(x)).collect::<Vec<f64>>();
    let mut query = wide(query);
    if segment.metric() == Metric::Cosine {
        let length = query.iter().map(|x| x * x).sum::<f64>().sqrt();
        query.iter_mut().for_each(|x| *x /= length);
    }
    let score = |row: usize| {
        let pairs = wide(&segment.row(row)).into_iter().zip(query.clone());
        match segment.metric() {
            Metric::L2 => -pairs.map(|(a, b)| (a - b) * (a - b)).sum::<f64>(),
            Metric::InnerProduct | Metric::Cosine => pairs.map(|(a, b)| a * b).sum(),
        }
    };
    let rows = (0..segment.len()).filter(|&row| allow(segment.labels()[row]));
    let mut scored: Vec<_> = rows
        .map(|row| (segment.labels()[row], score(row)))
        .collect();
    scored.sort_by(|a, b| b.1.total_cmp(&a.1));
    scored
}

/// The same labels in the same order with about the same scores.
fn near(found: &Found, expected: &[(u64, f64)]) -> bool {
    let close = |(n, (label, score)): (&nigh_index::Neighbor, &(u64, f64))| {
        n.label == *label && (f64::from(n.score) - score).abs() <= 1e-5 * (1.0 + score.abs())
    };
    found.neighbors.len() == expected.len() && found.neighbors.iter().zip(expected).all(close)
}

/// Cosines of rows alone are those of vectors of length 1, and a live index over them goes on.
#[test]
fn rows_alone_have_unit_length_for_cosine_and_can_be_changed() {
    let (dim, values) = (48, clustered(600, 48, 6, 3));
    for (codec, narrow) in NARROW {
        let rows = rows_of(&values, dim, Metric::Cosine);
        let mut alone = config(8, codec);
        alone.ivf.as_mut().unwrap().vectors = false;
        let (folder, segment) = built(&rows, &alone);
        let off = |row: usize| {
            let length: f64 = segment.row(row).iter().map(|&x| f64::from(x).powi(2)).sum();
            (length - 1.0).abs()
        };
        let worst = (0..segment.len()).map(off).fold(0.0, f64::max);
        assert!(worst < 1e-5, "{}: {worst}", narrow.name());
        let index = LiveIndex::open(segment);
        index.add(7, &values[..dim]).unwrap();
        index.delete(1003);
        index.compact(&folder.path().join("next"), 4).unwrap();
        let found = index.search(&values[..dim], &SearchParams::exact(2), None);
        let labels: Vec<u64> = found.unwrap().neighbors.iter().map(|n| n.label).collect();
        assert!(labels.contains(&7) && labels.contains(&1000), "{labels:?}");
        assert_eq!(index.len(), 600);
    }
}
