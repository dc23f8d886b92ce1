//! Segment files: built the two ways, repeatable, refused when damaged, and as large as the cost function says.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it skips"
)]

mod support;

use std::fs;
use std::path::Path;

use nigh_index::{
    BuildError, Built, Codec, Codes, IvfConfig, Metric, Mode, OpenError, SearchParams, Segment,
    SegmentBuilder, SegmentConfig, Vectors, Verification, build_segment, cost,
};
use support::clustered;

const DIM: usize = 12;

fn config(lists: usize) -> SegmentConfig {
    let ivf = IvfConfig {
        lists,
        ..IvfConfig::default()
    };
    SegmentConfig {
        sequence: 42,
        ivf: (lists > 0).then_some(ivf),
    }
}

fn rows(count: usize, metric: Metric) -> Vectors {
    let mut rows = Vectors::new(DIM, metric);
    for (values, label) in clustered(count, DIM, 20, 4).chunks(DIM).zip(100..) {
        rows.push(label, values).unwrap();
    }
    rows
}

fn stream(path: &Path, count: usize, metric: Metric, config: SegmentConfig) -> Built {
    let mut builder = SegmentBuilder::create(path, DIM, metric, config).unwrap();
    for (values, label) in clustered(count, DIM, 20, 4).chunks(DIM).zip(100..) {
        builder.push(label, values).unwrap();
    }
    builder.finish().unwrap()
}

fn names_in(folder: &Path) -> Vec<String> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn both_builders_write_the_same_file_whatever_the_threads() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b, c) = (
        folder.path().join("a"),
        folder.path().join("b"),
        folder.path().join("c"),
    );
    for metric in [Metric::L2, Metric::InnerProduct, Metric::Cosine] {
        for lists in [0, 1, 30] {
            let rows = rows(3000, metric);
            let built = build_segment(&a, &rows, &config(lists)).unwrap();
            assert_eq!(stream(&b, 3000, metric, config(lists)), built);
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(3)
                .build()
                .unwrap();
            pool.install(|| build_segment(&c, &rows, &config(lists)).unwrap());
            let bytes = fs::read(&a).unwrap();
            assert!(
                bytes == fs::read(&b).unwrap() && bytes == fs::read(&c).unwrap(),
                "{metric} {lists}"
            );
        }
    }
    let mut names = names_in(folder.path());
    names.sort();
    assert_eq!(names, ["a", "b", "c"], "no temporary file is left");
}

#[test]
fn a_segment_says_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("segment");
    let rows = rows(500, Metric::Cosine);
    let built = build_segment(&path, &rows, &config(8)).unwrap();
    let segment = Segment::open(&path).unwrap();
    assert_eq!(
        (segment.len(), segment.dim(), segment.lists()),
        (500, DIM, 8)
    );
    assert_eq!(
        (segment.metric(), segment.sequence(), segment.is_empty()),
        (Metric::Cosine, 42, false)
    );
    assert_eq!(
        (segment.bytes(), built.rows, built.lists),
        (built.bytes, 500, 8)
    );
    let mut labels = segment.labels().to_vec();
    labels.sort_unstable();
    assert_eq!(labels, (100..600).collect::<Vec<u64>>());
    for (row, &label) in segment.labels().iter().enumerate() {
        assert_eq!(segment.row(row), rows.row(label as usize - 100));
    }
}

#[test]
fn files_are_as_large_as_the_cost_function_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("segment");
    let mut wrong = Vec::new();
    for (count, lists) in [
        (0, 0),
        (0, 5),
        (1, 0),
        (1, 3),
        (10, 30),
        (777, 0),
        (777, 20),
        (30_000, 50),
    ] {
        let built = build_segment(&path, &rows(count, Metric::L2), &config(lists)).unwrap();
        let expected = cost::segment_bytes(count as u64, DIM as u64, built.lists as u64);
        if built.bytes != expected || fs::metadata(&path).unwrap().len() != expected {
            wrong.push((count, lists, built, expected));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn costs_grow_as_documented() {
    assert_eq!(cost::exact_distances(1000, 0.1), 100.0);
    assert_eq!(cost::ivf_distances(1000, 10, 2, 0.5), 10.0 + 100.0);
    assert_eq!(cost::ivf_distances(1000, 10, 99, 1.0), 1010.0);
    let ivf = IvfConfig {
        lists: 10,
        sample: 20,
        iterations: 3,
        seed: 0,
        ..IvfConfig::default()
    };
    assert_eq!(
        cost::build_distances(1000, &ivf),
        10 * (160 + 3 * 200 + 1000)
    );
    assert_eq!(IvfConfig::default_lists(40_000, Codec::F32), 400);
}

#[test]
fn damaged_segments_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("segment");
    build_segment(&path, &rows(50, Metric::L2), &config(4)).unwrap();
    let good = fs::read(&path).unwrap();
    let mut accepted = Vec::new();
    for at in (0..good.len()).step_by(7) {
        let mut bytes = good.clone();
        bytes[at] ^= 0x55;
        fs::write(&path, bytes).unwrap();
        if Segment::open(&path).is_ok() {
            accepted.push(format!("changed byte {at}"));
        }
        fs::write(&path, &good[..at]).unwrap();
        if Segment::open_with(&path, Verification::Structure).is_ok() {
            accepted.push(format!("cut at {at}"));
        }
    }
    assert!(accepted.is_empty(), "{accepted:?}");
    fs::remove_file(&path).unwrap();
    assert!(matches!(
        Segment::open(&path),
        Err(OpenError::File(nigh_mmap::OpenError::Missing { .. }))
    ));
}

/// Intact files of the right kind whose content makes no sense: nothing a search could trip over gets through.
#[test]
fn contradictory_segments_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("segment");
    let format = nigh_mmap::Format {
        magic: *b"nighSEG\0",
        version: 1,
    };
    type Case<'a> = (
        &'a str,
        [u64; 5],
        &'a [u64],
        &'a [u64],
        &'a [f32],
        &'a [f32],
        bool,
    );
    let good = [2, 1, 0, 9, 2];
    let cases: [Case<'_>; 11] = [
        (
            "good",
            good,
            &[5, 6],
            &[0, 1, 2],
            &[0.0, 1.0],
            &[0.0, 1.0],
            true,
        ),
        (
            "no centroids",
            good,
            &[5, 6],
            &[0, 1, 2],
            &[],
            &[0.0, 1.0],
            false,
        ),
        (
            "unknown metric",
            [2, 1, 3, 9, 2],
            &[5, 6],
            &[0, 1, 2],
            &[0.0, 1.0],
            &[0.0, 1.0],
            false,
        ),
        (
            "no dimension",
            [2, 0, 0, 9, 2],
            &[5, 6],
            &[0, 1, 2],
            &[],
            &[],
            false,
        ),
        (
            "no lists",
            [2, 1, 0, 9, 0],
            &[5, 6],
            &[0],
            &[],
            &[0.0, 1.0],
            false,
        ),
        (
            "absurd rows",
            [u64::MAX, 1, 0, 9, 2],
            &[5, 6],
            &[0, 1, 2],
            &[0.0, 1.0],
            &[0.0, 1.0],
            false,
        ),
        (
            "few labels",
            good,
            &[5],
            &[0, 1, 2],
            &[0.0, 1.0],
            &[0.0, 1.0],
            false,
        ),
        (
            "few values",
            good,
            &[5, 6],
            &[0, 1, 2],
            &[0.0, 1.0],
            &[0.0],
            false,
        ),
        (
            "few centroids",
            good,
            &[5, 6],
            &[0, 1, 2],
            &[0.0],
            &[0.0, 1.0],
            false,
        ),
        (
            "unordered lists",
            good,
            &[5, 6],
            &[0, 3, 2],
            &[0.0, 1.0],
            &[0.0, 1.0],
            false,
        ),
        (
            "short lists",
            good,
            &[5, 6],
            &[0, 1, 1],
            &[0.0, 1.0],
            &[0.0, 1.0],
            false,
        ),
    ];
    let mut wrong = Vec::new();
    for (name, meta, labels, lists, centroids, vectors, valid) in cases {
        let mut writer = nigh_mmap::SectionWriter::create(&path, format).unwrap();
        writer.put("meta", &meta).unwrap();
        writer.put("labels", labels).unwrap();
        writer.put("lists", lists).unwrap();
        writer.put("centroids", centroids).unwrap();
        writer.put("vectors", vectors).unwrap();
        writer.finish().unwrap();
        match Segment::open(&path) {
            Ok(_) if valid => {}
            Err(OpenError::Inconsistent { .. }) if !valid => {}
            other => wrong.push((name, other.map(|_| ()))),
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    nigh_mmap::SectionWriter::create(&path, format)
        .unwrap()
        .finish()
        .unwrap();
    assert!(matches!(Segment::open(&path), Err(OpenError::Section(_))));
    let newer = nigh_mmap::Format {
        version: 3,
        ..format
    };
    nigh_mmap::SectionWriter::create(&path, newer)
        .unwrap()
        .finish()
        .unwrap();
    assert!(Segment::open(&path).unwrap_err().is_newer());
}

/// Written by the program of version 1: 120 rows of 6 values, cosine, five lists.
#[test]
fn files_of_version_1_stay_readable() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/v1.segment");
    let segment = Segment::open(&path).unwrap();
    let shape = (
        segment.len(),
        segment.dim(),
        segment.lists(),
        segment.sequence(),
    );
    assert_eq!((shape, segment.codes()), ((120, 6, 5, 77), None));
    let query = [1.0, 0.5, -0.25, 0.0, 2.0, -1.0];
    let labels = |params: SearchParams| -> Vec<u64> {
        let found = segment.search(&query, &params, None).unwrap();
        found.neighbors.iter().map(|n| n.label).collect()
    };
    assert_eq!(labels(SearchParams::exact(4)), [5087, 5028, 5016, 5011]);
    assert_eq!(labels(SearchParams::ivf(4, 2)), [5087, 5016, 5011, 5007]);
}

/// Written by a program of version 2: 300 rows of 16 values, L2, ten lists of codes with 6 bits to refine.
#[test]
fn files_of_version_2_stay_readable() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/v2.segment");
    let segment = Segment::open(&path).unwrap();
    let shape = (
        segment.len(),
        segment.dim(),
        segment.lists(),
        segment.sequence(),
    );
    let codes = Codes {
        scan_dims: 16,
        refine_dims: 16,
        refine_bits: 6,
    };
    assert_eq!((shape, segment.codes()), ((300, 16, 10, 88), Some(codes)));
    let query: Vec<f32> = (0..16).map(|i| (i % 5) as f32 - 2.0).collect();
    for params in [SearchParams::exact(5), SearchParams::ivf(5, 2)] {
        let found = segment.search(&query, &params, None).unwrap();
        let labels: Vec<u64> = found.neighbors.iter().map(|n| n.label).collect();
        assert_eq!(labels, [7264, 7033, 7298, 7267, 7126], "{params:?}");
        assert_eq!(found.refined > 0, params.mode != Mode::Exact);
    }
}

#[test]
fn bad_rows_are_refused_by_label_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("segment");
    let mut builder = SegmentBuilder::create(&path, 2, Metric::L2, config(2)).unwrap();
    builder.push(1, &[0.0, 1.0]).unwrap();
    let cases: [(&[f32], &str); 4] = [
        (&[1.0], "vector with label 7: has 1 values, expected 2"),
        (
            &[1.0, f32::NAN],
            "vector with label 7: value 1 is NaN, expected a finite number",
        ),
        (
            &[f32::INFINITY, 0.0],
            "vector with label 7: value 0 is inf, expected a finite number",
        ),
        (
            &[1e30, 0.0],
            "vector with label 7: its values are too large: their squares add up to more than a quarter of the largest f32",
        ),
    ];
    for (values, expected) in cases {
        let error = builder.push(7, values).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert!(matches!(error, BuildError::Row(_)));
    }
    builder.push(2, &[5.0, 1.0]).unwrap();
    assert_eq!((builder.len(), builder.finish().unwrap().rows), (2, 2));
    let found = Segment::open(&path)
        .unwrap()
        .search(&[5.0, 0.0], &SearchParams::exact(1), None)
        .unwrap();
    assert_eq!(found.neighbors[0].label, 2);
}

#[test]
fn what_cannot_be_built_is_refused_and_leaves_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("segment");
    assert!(matches!(
        build_segment(&path, &Vectors::new(0, Metric::L2), &config(0)),
        Err(BuildError::NoDimension)
    ));
    let unfinished = SegmentBuilder::create(&path, 0, Metric::L2, config(0));
    assert!(matches!(unfinished, Err(BuildError::NoDimension)));
    let nowhere = SegmentBuilder::create(
        &folder.path().join("none/segment"),
        2,
        Metric::L2,
        config(0),
    );
    assert!(matches!(nowhere, Err(BuildError::Spill { .. })));
    let mut dropped = SegmentBuilder::create(&path, 2, Metric::L2, config(0)).unwrap();
    dropped.push(1, &[1.0, 2.0]).unwrap();
    drop(dropped);
    assert!(names_in(folder.path()).is_empty());
}

#[test]
fn identical_rows_divide_into_lists_of_which_most_are_empty() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("segment");
    let mut rows = Vectors::new(3, Metric::Cosine);
    (0..100).for_each(|label| rows.push(label, &[1.0, 2.0, 2.0]).unwrap());
    build_segment(&path, &rows, &config(10)).unwrap();
    let segment = Segment::open(&path).unwrap();
    let found = segment
        .search(&[1.0, 0.0, 0.0], &SearchParams::ivf(5, 1), None)
        .unwrap();
    let labels: Vec<u64> = found.neighbors.iter().map(|n| n.label).collect();
    assert_eq!((labels, found.visited_lists), (vec![0, 1, 2, 3, 4], 1));
}
