//! Other embeddings for a catalog in use: what others see and write meanwhile.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use nigh_engine::generation::{
    CurveOptions, DeriveOptions, EmbeddingsError, ReencodeEvent, ReencodeOptions, ReencodeReport,
    Reencoding, abandon, curve, derive, drop_old, reencode, rollback,
};
use nigh_engine::source::{self, SourceOptions};
use nigh_engine::vectors::Watch;
use nigh_index::ReductionMethod;
use nigh_store::Precision;
use serde_json::{Value, json};

use nigh_engine::{Catalog, CatalogWriter, EncoderRequest, Hit, ImportOptions, SearchOptions};

/// Pictures of two colours each, as 2 × 1 BMP files, numbered from `first`.
fn photos(dir: &Path, first: u32, count: u32) -> PathBuf {
    let photos = dir.join(format!("photos-{first}"));
    std::fs::create_dir_all(&photos).unwrap();
    for number in first..first + count {
        let mut file =
            b"BM\x3e\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x02\0\0\0\x01\0\0\0\x01\0\x18\0".to_vec();
        file.extend([0; 24]);
        let [a, b, c, d] = number.wrapping_mul(0x9E37_79B1).to_le_bytes();
        file.extend([a, b, c, d, 20 ^ a, b, 0, 0]);
        std::fs::write(photos.join(format!("{number:04}.bmp")), file).unwrap();
    }
    photos
}

fn request(spec: Option<&str>) -> EncoderRequest {
    EncoderRequest {
        spec: spec.map(str::to_owned),
        ..EncoderRequest::default()
    }
}

/// A model that every checkout has.
fn tiny() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../nigh-encode/tests/golden/tiny.onnx");
    path.canonicalize().unwrap().to_str().unwrap().to_owned()
}

fn import(photos: &Path, shop: &Path, spec: Option<&str>) {
    let plan = source::plan(&[photos.to_owned()], &SourceOptions::default()).unwrap();
    let (writer, encoder) = CatalogWriter::open_or_create(shop, &request(spec)).unwrap();
    let (options, stop) = (ImportOptions::default(), AtomicBool::new(false));
    writer
        .import(&plan, &encoder, &options, &stop, &mut |_| {})
        .unwrap();
}

/// What the items look like, one after the other.
fn answers(shop: &Path) -> Vec<(String, Vec<Hit>)> {
    let catalog = Catalog::open(shop).unwrap();
    let mut ids: Vec<String> = catalog.ids().map(str::to_owned).collect();
    ids.sort();
    let ask = |id: String| {
        let rows = catalog.embeddings(&id).unwrap();
        let mut hits = catalog
            .search(&rows, &SearchOptions::default())
            .unwrap()
            .hits;
        // Where pictures lie differs between the collections that are compared.
        hits.iter_mut().for_each(|hit| hit.source = String::new());
        (id, hits)
    };
    ids.into_iter().map(ask).collect()
}

fn run(
    shop: &Path,
    options: &ReencodeOptions,
    on_event: &mut dyn FnMut(ReencodeEvent),
) -> Result<ReencodeReport, EmbeddingsError> {
    let stop = AtomicBool::new(false);
    let run = Reencoding {
        stop: &stop,
        on_event,
    };
    reencode(shop, &request(Some(&tiny())), options, run)
}

fn back(shop: &Path) -> ReencodeReport {
    let stop = AtomicBool::new(false);
    let run = Reencoding {
        stop: &stop,
        on_event: &mut |_| {},
    };
    rollback(
        shop,
        nigh_encode::Runtime::Rten,
        &ReencodeOptions::default(),
        run,
    )
    .unwrap()
}

#[test]
fn others_search_the_old_ones_and_write_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let (first, shop) = (photos(dir.path(), 0, 600), dir.path().join("shop"));
    import(&first, &shop, None);
    let old = answers(&shop);
    let later = photos(dir.path(), 1000, 40);
    let changed = dir.path().join("photos-0/0007.bmp");
    let mut events = 0;
    let report = run(&shop, &ReencodeOptions::default(), &mut |event| {
        let ReencodeEvent::Progress { .. } = event else {
            return;
        };
        events += 1;
        if events == 1 {
            assert_eq!(answers(&shop), old, "searched while it is encoded anew");
            // New items, another picture for an old one, and one that goes.
            import(&later, &shop, None);
            std::fs::copy(later.join("1003.bmp"), &changed).unwrap();
            import(&first, &shop, None);
            let gone = BTreeSet::from(["0011".to_owned()]);
            CatalogWriter::open(&shop).unwrap().delete(&gone).unwrap();
            assert_eq!(answers(&shop).len(), 639);
        }
    });
    let report = report.unwrap();
    assert!(events > 1 && report.missing == 0, "{events} {report:?}");
    assert_eq!((report.items, report.generation), (639, 1));
    std::fs::remove_file(first.join("0011.bmp")).unwrap();
    let fresh = |name: &str, spec: Option<&str>| {
        let shop = dir.path().join(name);
        import(&first, &shop, spec);
        import(&later, &shop, spec);
        answers(&shop)
    };
    assert_eq!(answers(&shop), fresh("new", Some(&tiny())));
    // Back again, with what came meanwhile.
    let report = back(&shop);
    assert_eq!((report.encoded, report.generation), (0, 0));
    assert_eq!(answers(&shop), fresh("old", None));
    // Forth, and something is imported that the old encoder has not seen.
    back(&shop);
    let last = photos(dir.path(), 2000, 5);
    import(&last, &shop, None);
    let report = back(&shop);
    assert_eq!((report.encoded, report.generation), (5, 0));
    let both = dir.path().join("both");
    for photos in [&first, &later, &last] {
        import(photos, &both, None);
    }
    assert_eq!(answers(&shop), answers(&both));
    drop_old(&shop).unwrap();
    assert!(matches!(drop_old(&shop), Err(EmbeddingsError::NoneKept)));
    assert_eq!(answers(&shop), answers(&both));
}

#[test]
fn it_stops_and_goes_on_and_can_be_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let (photos, shop) = (photos(dir.path(), 0, 700), dir.path().join("shop"));
    import(&photos, &shop, None);
    let old = answers(&shop);
    let stop = AtomicBool::new(false);
    let stopping = || {
        let run = Reencoding {
            stop: &stop,
            on_event: &mut |_| stop.store(true, Ordering::Relaxed),
        };
        let options = ReencodeOptions::default();
        let stopped = reencode(&shop, &request(Some(&tiny())), &options, run);
        assert!(
            matches!(stopped, Err(EmbeddingsError::Stopped(_))),
            "{stopped:?}"
        );
    };
    stopping();
    assert_eq!(answers(&shop), old);
    let info = Catalog::open(&shop).unwrap().info().unwrap();
    assert_eq!(info.other.unwrap().items, Some(256));
    abandon(&shop).unwrap();
    assert!(matches!(abandon(&shop), Err(EmbeddingsError::NonePrepared)));
    stop.store(false, Ordering::Relaxed);
    stopping();
    let mut encoded = 0;
    let report = run(&shop, &ReencodeOptions::default(), &mut |event| {
        if let ReencodeEvent::Progress { encoded: now, .. } = event {
            encoded = now;
        }
    });
    assert_eq!(
        (report.unwrap().encoded, encoded),
        (444, 444),
        "700 without the 256 of before"
    );
    let fresh = dir.path().join("fresh");
    import(&photos, &fresh, Some(&tiny()));
    assert_eq!(answers(&shop), answers(&fresh));
}

#[test]
fn pictures_that_are_gone_are_told_and_found_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let (first, shop) = (photos(dir.path(), 0, 100), dir.path().join("shop"));
    import(&first, &shop, None);
    let archive = dir.path().join("archive");
    std::fs::create_dir(&archive).unwrap();
    for number in [3, 5] {
        let name = format!("{number:04}.bmp");
        std::fs::rename(first.join(&name), archive.join(&name)).unwrap();
    }
    // Another picture under the same name is not the one that was imported.
    std::fs::copy(first.join("0001.bmp"), archive.join("0009.bmp")).unwrap();
    std::fs::remove_file(first.join("0009.bmp")).unwrap();
    let error = run(&shop, &ReencodeOptions::default(), &mut |_| {}).unwrap_err();
    let sentence = error.to_string();
    assert!(
        sentence.starts_with("3 of 100 items would have no embeddings"),
        "{sentence}"
    );
    let rejects = std::fs::read_to_string(shop.join("reencode-rejects.csv")).unwrap();
    assert_eq!(rejects.lines().count(), 4, "{rejects}");
    assert!(
        rejects.contains("\"0005\"") && rejects.contains("not there any more"),
        "{rejects}"
    );
    let elsewhere = ReencodeOptions {
        images: Some(archive),
        ..ReencodeOptions::default()
    };
    let report = run(&shop, &elsewhere, &mut |_| {}).unwrap();
    assert_eq!((report.encoded, report.missing), (2, 1));
    let there = |shop: &Path| Catalog::open(shop).unwrap().len();
    assert_eq!(there(&shop), 99);
    let diagnosis = nigh_engine::doctor::diagnose(&shop, None).unwrap();
    assert_eq!(diagnosis.wrong(), 0, "{diagnosis:?}");
    let told = |part: &str| {
        diagnosis
            .checks
            .iter()
            .any(|check| check.sentence.contains(part))
    };
    assert!(
        told("1 of them are not found") && told("kept to go back to"),
        "{diagnosis:?}"
    );
    // Imported again it is found, though its attributes and its file's bytes are as they were.
    let again = photos(dir.path(), 9, 1);
    std::fs::rename(again.join("0009.bmp"), first.join("0009.bmp")).unwrap();
    import(&first, &shop, None);
    assert_eq!(there(&shop), 100);
}

#[test]
fn full_embeddings_come_back_from_the_pictures() {
    let dir = tempfile::tempdir().unwrap();
    let (photos, shop) = (photos(dir.path(), 0, 300), dir.path().join("shop"));
    import(&photos, &shop, Some(&tiny()));
    let full = answers(&shop);
    let same = |options: &ReencodeOptions| run(&shop, options, &mut |_| {});
    let refused = same(&ReencodeOptions::default());
    assert!(matches!(refused, Err(EmbeddingsError::SameEncoder { .. })));
    let narrow = |reduction, precision| {
        let options = DeriveOptions {
            reduction,
            precision,
            seed: 1,
        };
        let watch = Watch {
            stop: &AtomicBool::new(false),
            done: &|_| {},
        };
        derive(&shop, &options, &watch)
    };
    narrow(Some((ReductionMethod::Random, 8)), Some(Precision::Int8)).unwrap();
    drop_old(&shop).unwrap();
    let wider = narrow(None, Some(Precision::F32)).unwrap_err().to_string();
    assert!(wider.contains("reencode --precision f32"), "{wider}");
    let report = same(&ReencodeOptions {
        precision: Some(Precision::F32),
        ..ReencodeOptions::default()
    });
    assert_eq!(report.unwrap().encoded, 300);
    assert_eq!(answers(&shop), full);
    // Narrower alone, and back to that.
    drop_old(&shop).unwrap();
    narrow(None, Some(Precision::Int8)).unwrap();
    drop_old(&shop).unwrap();
    let refused = same(&ReencodeOptions::default());
    let sentence = refused.unwrap_err().to_string();
    assert!(sentence.contains("int8 keeps no more"), "{sentence}");
    let options = ReencodeOptions {
        precision: Some(Precision::F32),
        ..ReencodeOptions::default()
    };
    same(&options).unwrap();
    assert_eq!(answers(&shop), full);
}

#[test]
fn a_rollback_after_items_went_missing_publishes_what_it_adds() {
    let dir = tempfile::tempdir().unwrap();
    let (photos, shop) = (photos(dir.path(), 0, 50), dir.path().join("shop"));
    import(&photos, &shop, Some(&tiny()));
    let away = dir.path().join("away.bmp");
    std::fs::rename(photos.join("0007.bmp"), &away).unwrap();
    let options = ReencodeOptions {
        allow_missing: true,
        ..ReencodeOptions::default()
    };
    let stop = AtomicBool::new(false);
    let there = || Catalog::open(&shop).unwrap().len();
    let features = || {
        let run = Reencoding {
            stop: &stop,
            on_event: &mut |_| {},
        };
        reencode(&shop, &request(Some("features")), &options, run).unwrap()
    };
    assert_eq!((features().missing, there()), (1, 49));
    // Back, and forth: the second generation gets what it lacked, and its view of before is not taken for one of now.
    assert_eq!((back(&shop).encoded, there()), (0, 50));
    std::fs::rename(&away, photos.join("0007.bmp")).unwrap();
    assert_eq!((back(&shop).encoded, there()), (1, 50));
}

/// Recall and bytes on 2,000 real pictures by the built-in descriptor, against a saved file.
///
/// `NIGH_UPDATE_BASELINES=1 cargo test -p nigh-engine --test generations` rewrites it; review the difference.
#[test]
fn what_shorter_and_narrower_embeddings_cost_is_as_saved() {
    let Some(products) = products() else { return };
    let dir = tempfile::tempdir().unwrap();
    let shop = dir.path().join("shop");
    import(&products, &shop, None);
    let mut now = Vec::new();
    for precision in Precision::ALL {
        let methods = match precision {
            Precision::F32 => ReductionMethod::ALL.to_vec(),
            _ => vec![ReductionMethod::Pca],
        };
        let options = CurveOptions {
            methods,
            precision: Some(precision),
            ..CurveOptions::default()
        };
        let stop = AtomicBool::new(false);
        let watch = Watch {
            stop: &stop,
            done: &|_| {},
        };
        let points = curve(&shop, &options, &watch).unwrap();
        now.extend(points.iter().map(|point| {
            json!({
                "method": point.method,
                "numbers": point.dimension,
                "kept_as": precision.name(),
                "recall_at_10": point.recall_at_10,
                "bytes_per_image": point.bytes_per_image,
                "index_bytes_per_image": point.index_bytes_per_image.round(),
            })
        }));
    }
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/baselines/dimensions.json"
    );
    if std::env::var_os("NIGH_UPDATE_BASELINES").is_some_and(|value| value == "1") {
        std::fs::write(path, serde_json::to_string_pretty(&now).unwrap() + "\n").unwrap();
        return;
    }
    let saved: Vec<Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    // Levels of SIMD round differently.
    let same = |(saved, now): (&Value, &Value)| {
        let recall = |of: &Value| of["recall_at_10"].as_f64().unwrap();
        let rest = [
            "method",
            "numbers",
            "kept_as",
            "bytes_per_image",
            "index_bytes_per_image",
        ];
        rest.iter().all(|key| saved[key] == now[key]) && (recall(saved) - recall(now)).abs() <= 0.01
    };
    let differing: Vec<_> = saved.iter().zip(&now).filter(|&pair| !same(pair)).collect();
    assert!(
        differing.is_empty() && saved.len() == now.len(),
        "saved, now: {differing:#?}"
    );
}

/// Real pictures from `NIGH_TEST_DATA` (default `../shared/data` beside the workspace), or `None` where a stranger has none.
fn products() -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder =
        std::env::var_os("NIGH_TEST_DATA").map_or_else(|| PathBuf::from(default), PathBuf::from);
    let folder = folder.join("products-folder/images");
    if folder.is_dir() {
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
