//! Imports as other processes and threads see them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nigh_engine::source::{self, SourceOptions};
use nigh_engine::{
    Catalog, CatalogWriter, EncoderRequest, ImportEvent, ImportOptions, ImportReport, SearchOptions,
};

/// Pictures of two colours each, as 2 × 1 BMP files.
fn photos(dir: &Path, count: u32) -> PathBuf {
    let photos = dir.join("photos");
    std::fs::create_dir(&photos).unwrap();
    for number in 0..count {
        let mut file =
            b"BM\x3e\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x02\0\0\0\x01\0\0\0\x01\0\x18\0".to_vec();
        file.extend([0; 24]);
        let [first, second, ..] = number.wrapping_mul(0x9E37_79B1).to_le_bytes();
        file.extend([first, second, 90, second, 20, first, 0, 0]);
        std::fs::write(photos.join(format!("{number:04}.bmp")), file).unwrap();
    }
    photos
}

fn import(
    photos: &Path,
    shop: &Path,
    options: &ImportOptions,
    stop: &AtomicBool,
    on_event: &mut dyn FnMut(ImportEvent<'_>),
) -> ImportReport {
    let plan = source::plan(&[photos.to_owned()], &SourceOptions::default()).unwrap();
    let (writer, encoder) =
        CatalogWriter::open_or_create(shop, &EncoderRequest::default()).unwrap();
    writer
        .import(&plan, &encoder, options, stop, on_event)
        .unwrap()
}

#[test]
fn a_running_import_can_be_searched() {
    let dir = tempfile::tempdir().unwrap();
    let (photos, shop) = (photos(dir.path(), 200), dir.path().join("shop"));
    let options = ImportOptions {
        commit_items: 16,
        view_interval: Duration::ZERO,
        ..ImportOptions::default()
    };
    let mut seen = Vec::new();
    let stop = AtomicBool::new(false);
    import(&photos, &shop, &options, &stop, &mut |event| {
        if let ImportEvent::Commit { .. } = event
            && let Ok(catalog) = Catalog::open(&shop)
        {
            assert!(
                catalog.notes()[0].contains("is held by"),
                "{:?}",
                catalog.notes()
            );
            let reply = catalog.search(
                &catalog.embeddings("0000").unwrap(),
                &SearchOptions::default(),
            );
            assert_eq!(reply.unwrap().hits[0].id, "0000");
            seen.push(catalog.len());
        }
    });
    assert!(
        seen.is_sorted() && seen.len() > 3 && seen[0] < 100,
        "{seen:?}"
    );
    assert_eq!(Catalog::open(&shop).unwrap().len(), 200);
}

#[test]
fn the_same_source_gives_the_same_collection_on_any_number_of_threads() {
    let dir = tempfile::tempdir().unwrap();
    let photos = photos(dir.path(), 150);
    let import_with = |threads: usize| {
        let shop = dir.path().join(format!("shop-{threads}"));
        let options = ImportOptions {
            threads,
            commit_items: 10,
            ..ImportOptions::default()
        };
        let mut ids = Vec::new();
        import(
            &photos,
            &shop,
            &options,
            &AtomicBool::new(false),
            &mut |event| {
                if let ImportEvent::Commit { ids: committed, .. } = event {
                    ids.extend_from_slice(committed);
                }
            },
        );
        let listed: Vec<String> = Catalog::open(&shop)
            .unwrap()
            .ids()
            .map(str::to_owned)
            .collect();
        assert_eq!(
            listed, ids,
            "{threads} threads: items are numbered as they were acknowledged"
        );
        ids
    };
    let one = import_with(1);
    assert_eq!(one.len(), 150);
    assert_eq!(import_with(4), one);
}

#[test]
fn a_stopped_import_is_valid_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (photos, shop) = (photos(dir.path(), 600), dir.path().join("shop"));
    let options = ImportOptions {
        commit_items: 8,
        ..ImportOptions::default()
    };
    let stop = AtomicBool::new(false);
    let first = import(&photos, &shop, &options, &stop, &mut |event| {
        if let ImportEvent::Commit { .. } = event {
            stop.store(true, Ordering::Relaxed);
        }
    });
    assert!(
        first.interrupted && first.counts.items < 600,
        "{:?}",
        first.counts
    );
    assert_eq!(
        Catalog::open(&shop).unwrap().len() as u64,
        first.counts.items
    );
    let second = import(
        &photos,
        &shop,
        &options,
        &AtomicBool::new(false),
        &mut |_| {},
    );
    assert_eq!(second.counts.unchanged, first.counts.items);
    assert_eq!(second.collection_items, 600);
    assert!(!second.interrupted);
}
