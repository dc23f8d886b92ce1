//! Behaviour of grid hashing that must not change unnoticed: recall, rows compared and bytes, on seeded data against a saved
//! file and on the raw pixels of Fashion-MNIST.
//!
//! `NIGH_UPDATE_BASELINES=1 cargo test -p nigh-index --test grid_recall` rewrites the file; review the difference. The pictures
//! come from `NIGH_TEST_DATA` (default `../shared/data` beside the workspace); without them that test says so and
//! passes, unless `NIGH_REQUIRE_DATA=1`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it skips"
)]

mod support;

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use nigh_index::{Found, Grid, GridConfig, GridHash, GridSearch, Metric, Vectors, build_grid};
use serde::{Deserialize, Serialize};
use support::clustered;

const ROWS: usize = 20_000;
const DIM: usize = 32;
const QUERIES: usize = 300;
const K: usize = 10;
const PIXELS: usize = 784;

#[derive(Debug, Serialize, Deserialize)]
struct Behaviour {
    hash: String,
    metric: String,
    tables: usize,
    bits: u32,
    bytes: u64,
    points: Vec<Point>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Point {
    probes: usize,
    recall_at_10: f64,
    rows_per_query: f64,
}

#[test]
fn behaviour_is_as_saved() {
    let path = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/baselines/grid.json"
    ));
    let hashes = [GridHash::Hyperplane, GridHash::CrossPolytope];
    let metrics = [Metric::L2, Metric::InnerProduct, Metric::Cosine];
    let now: Vec<Behaviour> = hashes
        .iter()
        .flat_map(|&hash| metrics.map(|metric| measure(hash, metric)))
        .collect();
    if std::env::var_os("NIGH_UPDATE_BASELINES").is_some_and(|value| value == "1") {
        fs::write(&path, serde_json::to_string_pretty(&now).unwrap() + "\n").unwrap();
        return;
    }
    let saved: Vec<Behaviour> = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let pairs = saved.iter().zip(&now);
    let differing: Vec<_> = pairs.filter(|(saved, now)| !same(saved, now)).collect();
    assert!(
        differing.is_empty() && saved.len() == now.len(),
        "saved, now: {differing:#?}"
    );
}

/// Sizes agree exactly. The rest may differ a little, as SIMD levels round differently and a row at a border may fall
/// to either side.
fn same(saved: &Behaviour, now: &Behaviour) -> bool {
    let points = saved.points.iter().zip(&now.points).all(|(saved, now)| {
        saved.probes == now.probes
            && (saved.recall_at_10 - now.recall_at_10).abs() <= 0.003
            && (saved.rows_per_query / now.rows_per_query - 1.0).abs() <= 0.005
    });
    let what = |b: &Behaviour| (b.hash.clone(), b.metric.clone(), b.tables, b.bits, b.bytes);
    points && saved.points.len() == now.points.len() && what(saved) == what(now)
}

fn measure(hash: GridHash, metric: Metric) -> Behaviour {
    let rows = rows(&clustered(ROWS, DIM, 150, 1), DIM, metric);
    let grid = grid(&rows, hash);
    let queries = clustered(QUERIES, DIM, 150, 2);
    let exact = exact(&rows, &queries);
    let point = |probes| {
        let (recall, compared) = point(&grid, &queries, &exact, probes);
        Point {
            probes,
            recall_at_10: round(recall, 4),
            rows_per_query: round(compared, 1),
        }
    };
    Behaviour {
        hash: format!("{hash:?}"),
        metric: metric.name().to_owned(),
        tables: grid.tables(),
        bits: grid.bits(),
        bytes: grid.bytes(),
        points: [1, 8, 32, 128, 512].map(point).into(),
    }
}

fn rows(values: &[f32], dim: usize, metric: Metric) -> Vectors {
    let mut rows = Vectors::new(dim, metric);
    for (values, label) in values.chunks(dim).zip(0..) {
        rows.push(label, values).unwrap();
    }
    rows
}

fn grid(rows: &Vectors, hash: GridHash) -> Grid {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("grid");
    let config = GridConfig {
        hash,
        ..GridConfig::default()
    };
    build_grid(&path, rows, &config).unwrap();
    Grid::open(&path).unwrap()
}

fn labels(found: &Found) -> HashSet<u64> {
    found.neighbors.iter().map(|n| n.label).collect()
}

fn exact(rows: &Vectors, queries: &[f32]) -> Vec<HashSet<u64>> {
    let queries = queries.chunks(rows.dim());
    queries
        .map(|query| labels(&rows.search(query, K, None).unwrap()))
        .collect()
}

/// Recall, and rows compared per query.
fn point(grid: &Grid, queries: &[f32], exact: &[HashSet<u64>], probes: usize) -> (f64, f64) {
    let search = GridSearch::new(K, probes).with_threads(0);
    let found = grid.search_batch(queries, &search, None).unwrap();
    let hits = |(found, exact): (&Found, &HashSet<u64>)| labels(found).intersection(exact).count();
    let hits: usize = found.iter().zip(exact).map(hits).sum();
    let compared: usize = found.iter().map(|found| found.distances).sum();
    let count = exact.len() as f64;
    (hits as f64 / (K as f64 * count), compared as f64 / count)
}

fn round(x: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    (x * scale).round() / scale
}

/// Every fourth of 60,000 pictures, Euclidean distance.
#[test]
fn a_tenth_of_the_rows_holds_most_neighbours_of_real_pictures() {
    let Some(folder) = data() else { return };
    let values: Vec<f32> = pixels(&folder.join("train-images-idx3-ubyte.gz"))
        .chunks(PIXELS)
        .step_by(4)
        .flatten()
        .copied()
        .collect();
    let queries = pixels(&folder.join("t10k-images-idx3-ubyte.gz"))[..300 * PIXELS].to_vec();
    let rows = rows(&values, PIXELS, Metric::L2);
    let exact = exact(&rows, &queries);
    let mut wrong = Vec::new();
    let cases = [
        (
            GridHash::Hyperplane,
            [(8, 0.50, 350.0), (64, 0.88, 1300.0), (256, 0.97, 2600.0)],
        ),
        (
            GridHash::CrossPolytope,
            [(8, 0.63, 450.0), (64, 0.93, 1600.0), (256, 0.98, 3000.0)],
        ),
    ];
    for (hash, points) in cases {
        let grid = grid(&rows, hash);
        for (probes, least, most) in points {
            let (recall, compared) = point(&grid, &queries, &exact, probes);
            println!(
                "{hash:?} {probes}: recall@10 {recall:.4}, {compared:.0} of 15,000 rows compared"
            );
            if recall < least || compared > most {
                wrong.push((hash, probes, recall, compared));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// The pixels of an IDX file of pictures, 0 to 255, after its header of 16 bytes.
fn pixels(path: &Path) -> Vec<f32> {
    let mut bytes = Vec::new();
    GzDecoder::new(File::open(path).unwrap())
        .read_to_end(&mut bytes)
        .unwrap();
    assert_eq!(
        bytes[..4],
        [0, 0, 8, 3],
        "{} is no IDX file of pictures",
        path.display()
    );
    bytes[16..].iter().map(|&pixel| f32::from(pixel)).collect()
}

fn data() -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder =
        std::env::var_os("NIGH_TEST_DATA").map_or_else(|| PathBuf::from(default), PathBuf::from);
    let folder = folder.join("fashion-mnist");
    if folder.join("train-images-idx3-ubyte.gz").exists() {
        return Some(folder);
    }
    let required = std::env::var_os("NIGH_REQUIRE_DATA").is_some_and(|value| value == "1");
    assert!(
        !required,
        "{} is missing, and NIGH_REQUIRE_DATA=1",
        folder.display()
    );
    println!("{} is missing: skipped", folder.display());
    None
}
