//! What a catalog refuses, and what its readers see while it is written.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use nigh_store::{
    AttributeType, CatalogStore, Durability, Item, ItemError, ItemImage, MAX_ID_BYTES, MAX_IMAGES,
    Upsert, UpsertError, Value,
};
use serde_json::Value as Json;

fn upsert(id: &str, images: usize, embeddings: Option<Vec<f32>>) -> Upsert {
    let item = Item {
        id: id.to_owned(),
        images: vec![ItemImage::default(); images],
        ..Item::default()
    };
    Upsert { item, embeddings }
}

#[test]
fn bad_items_are_named_and_nothing_of_their_batch_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let store = CatalogStore::create(folder.path(), 2, Json::Null).unwrap();
    let long = "ü".repeat(MAX_ID_BYTES / 2 + 1);
    let rows = [
        (upsert("", 0, None), "an item has an empty id"),
        (
            upsert(&long, 0, None),
            "ü\" has 1026 bytes, and at most 1024 are allowed",
        ),
        (
            upsert("a", 1, Some(vec![1.0])),
            "item \"a\" has 1 images of 2 numbers each, and 1 numbers were given",
        ),
        (
            upsert("a", 0, Some(vec![1.0, 2.0])),
            "item \"a\" has 0 images of 2 numbers each, and 2 numbers were given",
        ),
        (
            upsert("a", 2, Some(vec![0.0, 0.0, 0.0, f32::NAN])),
            "item \"a\" has an embedding with NaN at image 1, position 1",
        ),
        (
            upsert("a", 1, Some(vec![f32::INFINITY, 0.0])),
            "item \"a\" has an embedding with inf at image 0, position 0",
        ),
        (
            upsert("a", 1, None),
            "item \"a\" came without embeddings for its 1 images, and 0 are stored",
        ),
        (
            upsert("good", 2, None),
            "item \"good\" came without embeddings for its 2 images, and 1 are stored",
        ),
        (
            upsert("a", MAX_IMAGES + 1, None),
            "item \"a\" has 1001 images, and at most 1000 are allowed",
        ),
    ];
    let good = upsert("good", 1, Some(vec![1.0, 2.0]));
    store.upsert(&[good], Durability::Synced).unwrap();
    let mut wrong = Vec::new();
    for (bad, sentence) in rows {
        let batch = [upsert("new", 0, None), bad];
        match store.upsert(&batch, Durability::Synced) {
            Err(UpsertError::Item(error)) if error.to_string().contains(sentence) => {}
            other => wrong.push(format!("{other:?} instead of {sentence}")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let view = store.view().unwrap();
    assert_eq!(
        (
            view.sequence(),
            view.len().unwrap(),
            view.get("new").unwrap()
        ),
        (1, 1, None)
    );
    assert_eq!(upsert("", 0, None).check(2), Err(ItemError::EmptyId));
    let limit = "x".repeat(MAX_ID_BYTES);
    store
        .upsert(&[upsert(&limit, 0, None)], Durability::Synced)
        .unwrap();
    assert!(store.get(&limit).unwrap().is_some());
}

#[test]
fn an_id_keeps_its_number_until_it_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let store = CatalogStore::create(folder.path(), 2, Json::Null).unwrap();
    let write = |id: &str| {
        store
            .upsert(&[upsert(id, 0, None)], Durability::Deferred)
            .unwrap()
    };
    let number = |id: &str| store.get(id).unwrap().map(|stored| stored.number.0);
    write("a");
    write("b");
    write("a");
    assert_eq!((number("a"), number("b")), (Some(0), Some(1)));
    let deleted = store.delete(&["b", "b", "c"], Durability::Synced).unwrap();
    assert_eq!(
        (deleted.commit.operations(), deleted.missing),
        (1, vec!["b".to_owned(), "c".to_owned()])
    );
    write("b");
    assert_eq!(
        (number("a"), number("b"), number("c")),
        (Some(0), Some(2), None)
    );
    let nothing = store.delete(&["c"], Durability::Synced).unwrap();
    assert_eq!(nothing.commit.operations(), 0);
}

#[test]
fn a_schema_that_widens_loses_no_value() {
    let folder = tempfile::tempdir().unwrap();
    let store = CatalogStore::create(folder.path(), 2, Json::Null).unwrap();
    let write = |id: &str, value: Value| {
        let mut upsert = upsert(id, 0, None);
        upsert.item.attributes.insert("size".to_owned(), value);
        store.upsert(&[upsert], Durability::Synced).unwrap();
    };
    let read = |id: &str| store.get(id).unwrap().unwrap().item.attributes["size"].clone();
    write("a", Value::Integer(40));
    write("b", Value::Float(41.5));
    assert_eq!(
        (read("a"), read("b")),
        (Value::Float(40.0), Value::Float(41.5))
    );
    write("c", Value::String("XL".to_owned()));
    assert_eq!(read("a"), Value::String("40".to_owned()));
    assert_eq!(
        store.schema().unwrap().columns[0].kind,
        AttributeType::String
    );
    // The hashes are of what was given, so widening makes nothing look changed.
    let mut given = Item::default();
    given
        .attributes
        .insert("size".to_owned(), Value::Integer(40));
    assert_eq!(
        store.hashes("a").unwrap().unwrap().attributes,
        given.attributes_hash()
    );
    let mut schema = store.schema().unwrap();
    schema.include("weight", AttributeType::Float);
    store.set_schema(&schema, Durability::Synced).unwrap();
    assert_eq!(store.schema().unwrap(), schema);
}

#[test]
fn readers_see_whole_commits_while_one_writes() {
    const ITEMS: u64 = 40;
    let folder = tempfile::tempdir().unwrap();
    let store = CatalogStore::create(folder.path(), 2, Json::Null).unwrap();
    let round = |n: u64| -> Vec<Upsert> {
        let item = |at| upsert(&format!("item {at}"), 1, Some(vec![n as f32, at as f32]));
        (0..ITEMS).map(item).collect()
    };
    store.upsert(&round(1), Durability::Synced).unwrap();
    let done = AtomicBool::new(false);
    let read = || {
        let mut views = 0;
        while !done.load(Ordering::Relaxed) || views == 0 {
            let view = store.view().unwrap();
            let n = view.sequence() / ITEMS;
            assert_eq!(view.sequence() % ITEMS, 0);
            thread::yield_now();
            let rows: Vec<_> = view
                .scan_embeddings()
                .unwrap()
                .map(|row| row.unwrap().1)
                .collect();
            assert_eq!(rows.len() as u64, ITEMS);
            assert!(
                rows.iter()
                    .enumerate()
                    .all(|(at, row)| *row == [n as f32, at as f32]),
                "view {n}: {rows:?}"
            );
            assert!(
                view.scan()
                    .unwrap()
                    .all(|item| item.unwrap().sequence > view.sequence() - ITEMS)
            );
            views += 1;
        }
        views
    };
    thread::scope(|scope| {
        let readers: Vec<_> = (0..3).map(|_| scope.spawn(read)).collect();
        let write = |from: u64| {
            for n in 0..60 {
                let durability = if n % 4 == 0 {
                    Durability::Synced
                } else {
                    Durability::Deferred
                };
                store.upsert(&round(from + n), durability).unwrap();
            }
        };
        write(2);
        done.store(true, Ordering::Relaxed);
        let views: Vec<_> = readers
            .into_iter()
            .map(|reader| reader.join().unwrap())
            .collect();
        println!("views read by each thread: {views:?}");
    });
    let other = || {
        for n in 0..50 {
            store.upsert(&round(n), Durability::Deferred).unwrap();
        }
    };
    thread::scope(|scope| {
        scope.spawn(other);
        scope.spawn(other);
    });
    assert_eq!(store.view().unwrap().sequence(), ITEMS * (61 + 100));
}
