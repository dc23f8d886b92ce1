//! Shards of real pictures by their category.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it skips"
)]

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use flate2::read::GzDecoder;
use nigh_engine::vectors::{
    Categories, FbinWriter, Queries, ShardFolder, ShardPlan, VectorFile, Watch, build_shards,
    shard_report,
};
use nigh_index::{Metric, SegmentConfig};

static GO_ON: AtomicBool = AtomicBool::new(false);

const WATCH: Watch<'static> = Watch {
    stop: &GO_ON,
    done: &|_| {},
};

const CONFIG: SegmentConfig = SegmentConfig {
    sequence: 400,
    ivf: None,
};

/// Pictures of ten kinds of clothing: every fourth of 60,000 rows of Fashion-MNIST, and 500 queries.
#[test]
fn category_shards_of_real_pictures_hold_most_neighbours() {
    let Some(source) = fashion() else { return };
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let put = |name: &str, images: &str, labels: &str, rows: usize, step: usize| {
        let pixels = unpack(&source.join(images), 16);
        let mut writer = FbinWriter::create(&at(name), rows as u32, 784).unwrap();
        for picture in pixels.chunks(784).step_by(step).take(rows) {
            let row: Vec<f32> = picture.iter().map(|&pixel| f32::from(pixel)).collect();
            writer.write(&row).unwrap();
        }
        writer.finish().unwrap();
        let labels = unpack(&source.join(labels), 8);
        let lines = labels.iter().step_by(step).take(rows).map(u8::to_string);
        let path = at(&format!("{name}.txt"));
        fs::write(&path, lines.collect::<Vec<_>>().join("\n")).unwrap();
        (
            VectorFile::open(&at(name), None).unwrap(),
            Categories::read(&path).unwrap(),
        )
    };
    let (base, categories) = put(
        "base.fbin",
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
        15_000,
        4,
    );
    let (queries, of_queries) = put(
        "query.fbin",
        "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
        500,
        1,
    );
    let queries = Queries::read(&queries).unwrap();
    let plan = ShardPlan::Category {
        shards: 4,
        categories: &categories,
    };
    let built = build_shards(&base, Metric::L2, CONFIG, plan, &at("shards"), &WATCH).unwrap();
    assert!((1.0..1.25).contains(&built.imbalance), "{built:?}");
    let folder = ShardFolder::open(&at("shards")).unwrap();
    let told = shard_report(&folder, &queries, Some(&of_queries), 0, &WATCH).unwrap();
    let (own, nearest) = (told.own.unwrap().asked, told.nearest[0]);
    println!(
        "own {own:?}\nnearest {nearest:?}\nhash {:?}",
        told.best_by_hash
    );
    assert!(
        own.recall_at_10.mean > 0.75 && own.suffice.mean > 0.5,
        "{own:?}"
    );
    assert!(nearest.recall_at_10.mean > 0.75, "{nearest:?}");
    assert!(
        told.best_by_hash.recall_at_10.mean < 0.6,
        "{:?}",
        told.best_by_hash
    );
}

fn unpack(path: &Path, header: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(File::open(path).unwrap())
        .read_to_end(&mut bytes)
        .unwrap();
    bytes.split_off(header)
}

fn fashion() -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder =
        std::env::var_os("NIGH_TEST_DATA").map_or_else(|| PathBuf::from(default), PathBuf::from);
    let folder = folder.join("fashion-mnist");
    if folder.join("train-labels-idx1-ubyte.gz").exists() {
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
