//! Measures the store: `cargo run --release -p nigh-store --example figures [ITEMS] [DIMENSION]`.
//!
//! Upserts items with ten attributes and one embedding each in synced batches of 256, then opens the
//! collection after a proper close and after a writer that was killed, scans it and exports it.

#![expect(
    clippy::print_stdout,
    reason = "printing figures is what this program is for"
)]

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use nigh_store::{CatalogStore, Durability, Item, ItemImage, Upsert, Value};

const BATCH: usize = 256;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, folder] = &words[..]
        && mode == "die"
    {
        return write_and_die(Path::new(folder));
    }
    let number = |at: usize, default| {
        words
            .get(at)
            .map_or(Ok(default), |word| word.parse::<usize>())
    };
    let (items, dimension) = (number(0, 40_000)?, number(1, 512)?);
    let base = tempfile::tempdir()?;
    let folder = base.path().join("c");
    fill(&folder, items, dimension)?;
    open("clean", &folder)?;
    Command::new(std::env::current_exe()?)
        .arg("die")
        .arg(&folder)
        .status()?;
    open("killed", &folder)?;
    read(&folder, base.path())
}

fn fill(folder: &Path, items: usize, dimension: usize) -> Result<(), Box<dyn Error>> {
    let store = CatalogStore::create(folder, dimension, serde_json::Value::Null)?;
    let mut rng = fastrand::Rng::with_seed(0);
    let (mut seconds, mut slowest) = (0.0, 0.0_f64);
    for start in (0..items).step_by(BATCH) {
        let numbers = start..(start + BATCH).min(items);
        let batch: Vec<_> = numbers.map(|n| upsert(n, dimension, &mut rng)).collect();
        let clock = Instant::now();
        store.upsert(&batch, Durability::Synced)?;
        let took = clock.elapsed().as_secs_f64();
        (seconds, slowest) = (seconds + took, slowest.max(took));
    }
    store.close()?;
    let bytes = std::fs::metadata(folder.join("store.redb"))?.len() as usize;
    println!(
        "upsert    {:9.0} items/s, slowest commit {:.1} ms",
        items as f64 / seconds,
        slowest * 1e3
    );
    println!(
        "on disk   {:9} bytes an item, of which {} are its embedding",
        bytes / items,
        dimension * 4
    );
    Ok(())
}

fn upsert(n: usize, dimension: usize, rng: &mut fastrand::Rng) -> Upsert {
    let value = |at| {
        (
            format!("attribute{at}"),
            Value::String(format!("value {}", n * at % 99)),
        )
    };
    let attributes = (0..10).map(value).collect();
    let image = ItemImage {
        name: n.to_string(),
        source: format!("images/{n}.jpg"),
        hash: rng.u128(..),
        bytes: None,
    };
    let item = Item {
        id: n.to_string(),
        attributes,
        images: vec![image],
    };
    Upsert {
        item,
        embeddings: Some((0..dimension).map(|_| rng.f32()).collect()),
    }
}

fn write_and_die(folder: &Path) -> Result<(), Box<dyn Error>> {
    let store = CatalogStore::open_writer(folder)?;
    let dimension = store.header().dimension;
    let batch: Vec<_> = (0..BATCH)
        .map(|n| upsert(n, dimension, &mut fastrand::Rng::with_seed(1)))
        .collect();
    let clock = Instant::now();
    store.upsert(&batch, Durability::Synced)?;
    println!(
        "upsert    {:9.1} ms for {BATCH} known items",
        clock.elapsed().as_secs_f64() * 1e3
    );
    // No destructor runs, as in a killed process.
    std::process::abort()
}

fn open(after: &str, folder: &Path) -> Result<(), Box<dyn Error>> {
    let clock = Instant::now();
    let store = CatalogStore::open_reader(folder)?;
    let found = store.get("7")?.is_some();
    println!(
        "open      {:9.2} ms with a first get, after: {after} ({found})",
        clock.elapsed().as_secs_f64() * 1e3
    );
    Ok(())
}

fn read(folder: &Path, base: &Path) -> Result<(), Box<dyn Error>> {
    let view = CatalogStore::open_reader(folder)?;
    let view = (view.view()?, view);
    let clock = Instant::now();
    let items = view.0.scan()?.try_fold(0, |n, item| item.map(|_| n + 1))?;
    println!(
        "scan      {:9.0} ms for {items} items",
        clock.elapsed().as_secs_f64() * 1e3
    );
    let clock = Instant::now();
    let rows = view
        .0
        .scan_embeddings()?
        .try_fold(0, |n, row| row.map(|_| n + 1))?;
    println!(
        "scan      {:9.0} ms for {rows} embeddings",
        clock.elapsed().as_secs_f64() * 1e3
    );
    let clock = Instant::now();
    view.0.export_parquet(&base.join("out.parquet"))?;
    println!("export    {:9.0} ms", clock.elapsed().as_secs_f64() * 1e3);
    let clock = Instant::now();
    view.1.snapshot(&base.join("copy"))?;
    println!("snapshot  {:9.0} ms", clock.elapsed().as_secs_f64() * 1e3);
    Ok(())
}
