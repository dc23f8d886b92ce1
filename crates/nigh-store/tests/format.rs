//! The on-disk format: a collection that format 1 wrote is read by every later version.
//!
//! The fixture is a small collection, gzipped. `NIGH_WRITE_FIXTURE=1 cargo test -p nigh-store --test
//! format` writes it anew; that is right only while its format has not been released.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do, by a panic"
)]

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use nigh_store::{
    AttributeType, CatalogStore, Date, Durability, Item, ItemImage, ItemNumber, Operation, Upsert,
    Value,
};

const DIMENSION: usize = 5;
const FILES: [&str; 2] = ["nigh.json", "store.redb"];

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/v1-catalog")
}

/// The items of the fixture: every type, none and several images, kept bytes, an odd id.
fn items() -> Vec<Upsert> {
    let values = |n: i64| {
        [
            (
                "title",
                (n != 3).then(|| Value::String(format!("Schön {n}"))),
            ),
            (
                "year",
                Some(if n == 2 {
                    Value::Float(2012.5)
                } else {
                    Value::Integer(2000 + n)
                }),
            ),
            ("sold", (n % 2 == 0).then_some(Value::Boolean(n == 4))),
            (
                "since",
                Some(Value::Date(Date::from_civil(2012, 2, n as i32 + 1))),
            ),
        ]
    };
    let image = |n: i64, at: i64| ItemImage {
        name: ["front", "side"][at as usize].to_owned(),
        source: format!("images/{n}-{at}.jpg"),
        hash: u128::MAX / (n + at + 1) as u128,
        bytes: (n == 1).then(|| vec![at as u8; 40]),
    };
    let item = |n: i64| Item {
        id: format!("item {n} ✓"),
        attributes: values(n)
            .into_iter()
            .filter_map(|(k, v)| Some((k.to_owned(), v?)))
            .collect(),
        images: (0..n % 3).map(|at| image(n, at)).collect(),
    };
    let embeddings = |n: i64| {
        (0..(n % 3) * DIMENSION as i64)
            .map(|at| (n * 100 + at) as f32 / 7.0)
            .collect()
    };
    (0..6)
        .map(|n| Upsert {
            item: item(n),
            embeddings: Some(embeddings(n)),
        })
        .collect()
}

fn write_fixture() {
    let base = tempfile::tempdir().unwrap();
    let (full, packed) = (base.path().join("full"), base.path().join("packed"));
    let fingerprint = serde_json::json!({ "architecture": "fixture", "dimension": DIMENSION });
    let store = CatalogStore::create(&full, DIMENSION, fingerprint).unwrap();
    store.upsert(&items(), Durability::Synced).unwrap();
    store.delete(&["item 5 ✓"], Durability::Synced).unwrap();
    store.snapshot(&packed).unwrap();
    fs::create_dir_all(fixture()).unwrap();
    for file in FILES {
        let target = fs::File::create(fixture().join(format!("{file}.gz"))).unwrap();
        let mut encoder = GzEncoder::new(target, Compression::best());
        encoder
            .write_all(&fs::read(packed.join(file)).unwrap())
            .unwrap();
        encoder.finish().unwrap();
    }
}

fn unpack(folder: &Path) {
    for file in FILES {
        let packed = fs::File::open(fixture().join(format!("{file}.gz"))).unwrap();
        let mut bytes = Vec::new();
        GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
        fs::write(folder.join(file), bytes).unwrap();
    }
}

#[test]
fn format_1_is_read_and_written_on() {
    if env::var("NIGH_WRITE_FIXTURE").is_ok() {
        write_fixture();
    }
    let folder = tempfile::tempdir().unwrap();
    unpack(folder.path());
    let store = CatalogStore::open_writer(folder.path()).unwrap();
    assert_eq!(
        (store.header().format, store.header().dimension),
        (1, DIMENSION)
    );
    assert_eq!(store.header().fingerprint["architecture"], "fixture");
    let view = store.view().unwrap();
    let columns: Vec<_> = view
        .schema()
        .columns
        .iter()
        .map(|c| (c.name.as_str(), c.kind))
        .collect();
    let float = AttributeType::Float;
    let expected = [
        ("since", AttributeType::Date),
        ("sold", AttributeType::Boolean),
        ("title", AttributeType::String),
        ("year", float),
    ];
    assert_eq!(columns, expected);
    let (items, mut seen) = (items(), Vec::new());
    for stored in view.scan().unwrap().map(Result::unwrap) {
        let n = stored.number.0 as usize;
        let Upsert {
            mut item,
            embeddings,
        } = items[n].clone();
        for (position, image) in item.images.iter_mut().enumerate() {
            assert_eq!(
                view.image_bytes(stored.number, position).unwrap(),
                image.bytes.take()
            );
        }
        let year = item.attributes.get_mut("year").unwrap();
        *year = year.cast(float).unwrap();
        assert_eq!((stored.item, stored.sequence), (item, n as u64 + 1));
        assert_eq!(
            view.embeddings(stored.number).unwrap(),
            embeddings.filter(|rows| !rows.is_empty())
        );
        seen.push(n);
    }
    assert_eq!(seen, [0, 1, 2, 3, 4]);
    let last = view.changes(7).unwrap().next().unwrap().unwrap();
    assert_eq!(
        (last.operation, last.number, last.id.as_str()),
        (Operation::Delete, ItemNumber(5), "item 5 ✓")
    );
    // And it goes on where it ended: a new item gets a number that was never used.
    let commit = store.upsert(&items[5..], Durability::Synced).unwrap();
    assert_eq!((commit.first, commit.last), (8, 8));
    assert_eq!(
        store.get("item 5 ✓").unwrap().unwrap().number,
        ItemNumber(6)
    );
}
