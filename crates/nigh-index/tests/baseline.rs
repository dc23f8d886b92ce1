//! Behaviour that must not change unnoticed: recall, rows compared and bytes on seeded data, against a saved file.
//!
//! `NIGH_UPDATE_BASELINES=1 cargo test -p nigh-index --test baseline` rewrites the file; review the difference.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it skips"
)]

mod support;

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

use nigh_index::{IvfConfig, Metric, SearchParams, Segment, SegmentConfig, Vectors, build_segment};
use serde::{Deserialize, Serialize};
use support::clustered;

const ROWS: usize = 20_000;
const DIM: usize = 32;
const QUERIES: usize = 300;
const K: usize = 10;

#[derive(Debug, Serialize, Deserialize)]
struct Behaviour {
    metric: String,
    lists: usize,
    bytes: u64,
    points: Vec<Point>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Point {
    nprobe: usize,
    recall_at_10: f64,
    rows_per_query: f64,
}

#[test]
fn behaviour_is_as_saved() {
    let path = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/baselines/ivf.json"
    ));
    let now = [Metric::L2, Metric::InnerProduct, Metric::Cosine].map(measure);
    if std::env::var_os("NIGH_UPDATE_BASELINES").is_some_and(|value| value == "1") {
        fs::write(&path, serde_json::to_string_pretty(&now).unwrap() + "\n").unwrap();
        return;
    }
    let saved: Vec<Behaviour> = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let differing: Vec<_> = saved
        .iter()
        .zip(&now)
        .filter(|(saved, now)| !same(saved, now))
        .collect();
    assert!(
        differing.is_empty() && saved.len() == now.len(),
        "saved, now: {differing:#?}"
    );
}

/// Sizes agree exactly. The rest may differ a little, as SIMD levels round differently and k-means amplifies it.
fn same(saved: &Behaviour, now: &Behaviour) -> bool {
    let points = saved.points.iter().zip(&now.points).all(|(saved, now)| {
        saved.nprobe == now.nprobe
            && (saved.recall_at_10 - now.recall_at_10).abs() <= 0.01
            && (saved.rows_per_query / now.rows_per_query - 1.0).abs() <= 0.03
    });
    points
        && saved.points.len() == now.points.len()
        && (&saved.metric, saved.lists, saved.bytes) == (&now.metric, now.lists, now.bytes)
}

fn measure(metric: Metric) -> Behaviour {
    let mut rows = Vectors::new(DIM, metric);
    for (values, label) in clustered(ROWS, DIM, 150, 1).chunks(DIM).zip(0..) {
        rows.push(label, values).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("segment");
    let built = build_segment(
        &path,
        &rows,
        &SegmentConfig {
            sequence: 0,
            ivf: Some(IvfConfig::default()),
        },
    )
    .unwrap();
    let segment = Segment::open(&path).unwrap();
    let queries = clustered(QUERIES, DIM, 150, 2);
    let points = [1, 2, 4, 8, 16, 32]
        .map(|nprobe| point(&segment, &queries, nprobe))
        .into();
    Behaviour {
        metric: metric.name().to_owned(),
        lists: built.lists,
        bytes: built.bytes,
        points,
    }
}

fn point(segment: &Segment, queries: &[f32], nprobe: usize) -> Point {
    let exact = segment
        .search_batch(queries, &SearchParams::exact(K), None)
        .unwrap();
    let found = segment
        .search_batch(queries, &SearchParams::ivf(K, nprobe), None)
        .unwrap();
    let labels = |found: &nigh_index::Found| {
        found
            .neighbors
            .iter()
            .map(|n| n.label)
            .collect::<HashSet<u64>>()
    };
    let hits: usize = exact
        .iter()
        .zip(&found)
        .map(|(a, b)| labels(a).intersection(&labels(b)).count())
        .sum();
    let rows: usize = found.iter().map(|found| found.distances).sum();
    Point {
        nprobe,
        recall_at_10: round(hits as f64 / (K * QUERIES) as f64, 4),
        rows_per_query: round(rows as f64 / QUERIES as f64, 1),
    }
}

fn round(x: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    (x * scale).round() / scale
}
