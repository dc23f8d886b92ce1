//! Recall on real pictures: the raw pixels of Fashion-MNIST, every fourth of 60,000 rows of 784 values, Euclidean distance.
//!
//! The data comes from `NIGH_TEST_DATA` (default `../shared/data` beside the workspace); without it the test
//! says so and passes, unless `NIGH_REQUIRE_DATA=1`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it skips"
)]

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use flate2::read::GzDecoder;
use nigh_index::{Found, IvfConfig, Metric, SearchParams, Segment, SegmentBuilder, SegmentConfig};

const DIM: usize = 784;

#[test]
fn few_lists_find_nearly_all_neighbours_of_real_pictures() {
    let Some(folder) = data() else { return };
    let rows: Vec<f32> = pixels(&folder.join("train-images-idx3-ubyte.gz"))
        .chunks(DIM)
        .step_by(4)
        .flatten()
        .copied()
        .collect();
    let queries = pixels(&folder.join("t10k-images-idx3-ubyte.gz"))[..500 * DIM].to_vec();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("segment");
    let config = SegmentConfig {
        sequence: 0,
        ivf: Some(IvfConfig::default()),
    };
    let mut builder = SegmentBuilder::create(&path, DIM, Metric::L2, config).unwrap();
    rows.chunks(DIM)
        .zip(0..)
        .for_each(|(row, label)| builder.push(label, row).unwrap());
    builder.finish().unwrap();
    let segment = Segment::open(&path).unwrap();
    let exact = segment
        .search_batch(&queries, &SearchParams::exact(10).with_threads(0), None)
        .unwrap();
    let mut wrong = Vec::new();
    for (nprobe, wanted) in [(1, 0.50), (4, 0.85), (8, 0.94), (16, 0.98)] {
        let found = segment
            .search_batch(
                &queries,
                &SearchParams::ivf(10, nprobe).with_threads(0),
                None,
            )
            .unwrap();
        let recall = recall(&exact, &found);
        println!("nprobe {nprobe}: recall@10 {recall:.4}");
        if recall < wanted {
            wrong.push((nprobe, recall, wanted));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

fn recall(exact: &[Found], found: &[Found]) -> f64 {
    let labels = |found: &Found| {
        found
            .neighbors
            .iter()
            .map(|n| n.label)
            .collect::<HashSet<u64>>()
    };
    let hits: usize = exact
        .iter()
        .zip(found)
        .map(|(a, b)| labels(a).intersection(&labels(b)).count())
        .sum();
    hits as f64 / (10 * exact.len()) as f64
}

/// The pixels of an IDX file of pictures, 0 to 255, after its header of 16 bytes.
fn pixels(path: &PathBuf) -> Vec<f32> {
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
