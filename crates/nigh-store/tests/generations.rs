//! Generations of embeddings and narrower numbers: what is searched, what is beside it, and what a crash between leaves.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do, by a panic"
)]

use std::path::Path;

use nigh_store::{
    CatalogStore, CatalogView, Durability, Generation, Header, Item, ItemImage, ItemNumber,
    OtherState, Precision, Upsert,
};
use serde_json::json;

const DIMENSION: usize = 24;

fn rows(seed: u64, dimension: usize, images: usize) -> Vec<f32> {
    let mut rng = fastrand::Rng::with_seed(seed);
    (0..dimension * images).map(|_| rng.f32() - 0.5).collect()
}

fn upsert(id: u64, version: u64) -> Upsert {
    let images = (id % 3 + 1) as usize;
    let image = |at| ItemImage {
        name: format!("{at}"),
        source: format!("{id}-{at}.jpg"),
        hash: u128::from(id * 1000 + version * 10 + at as u64),
        bytes: None,
    };
    Upsert {
        item: Item {
            id: format!("item {id}"),
            attributes: [].into(),
            images: (0..images).map(image).collect(),
        },
        embeddings: Some(rows(id * 100 + version, DIMENSION, images)),
    }
}

fn generation(dimension: usize, precision: Precision) -> Generation {
    Generation {
        number: 0,
        dimension,
        precision,
        fingerprint: json!({ "encoder": dimension }),
        files: Vec::new(),
    }
}

fn filled(folder: &Path, precision: Precision) -> CatalogStore {
    let store =
        CatalogStore::create_narrow(folder, DIMENSION, precision, json!({"encoder": "old"}));
    let store = store.unwrap();
    let upserts: Vec<Upsert> = (0..200).map(|id| upsert(id, 0)).collect();
    store.upsert(&upserts, Durability::Synced).unwrap();
    store
}

type Numbered = Vec<(u64, Vec<f32>)>;

fn current(view: &CatalogView) -> Numbered {
    let rows = view.scan_embeddings().unwrap().map(Result::unwrap);
    rows.map(|(number, rows)| (number.0, rows)).collect()
}

fn other(view: &CatalogView) -> Numbered {
    let rows = view.scan_other_embeddings().unwrap().into_iter().flatten();
    rows.map(Result::unwrap)
        .map(|(number, rows)| (number.0, rows))
        .collect()
}

/// New embeddings for every item as it is now.
fn anew(view: &CatalogView, dimension: usize) -> Vec<(ItemNumber, u64, Vec<f32>)> {
    let items = view.scan().unwrap().map(Result::unwrap);
    let of = |stored: nigh_store::Stored| {
        let images = stored.item.images.len();
        let rows = rows(stored.number.0 + 7, dimension, images);
        (stored.number, stored.sequence, rows)
    };
    items.map(of).collect()
}

#[test]
fn narrow_numbers_come_back_as_they_were_rounded() {
    for precision in Precision::ALL {
        let folder = tempfile::tempdir().unwrap();
        let store = filled(folder.path(), precision);
        // Rewriting neighbours in the same chunk rounds nothing again.
        for version in 1..4 {
            let some: Vec<Upsert> = (0..200).step_by(7).map(|id| upsert(id, version)).collect();
            store.upsert(&some, Durability::Deferred).unwrap();
        }
        store.close().unwrap();
        let header = Header::read(folder.path()).unwrap();
        let format = if precision == Precision::F32 { 1 } else { 2 };
        assert_eq!((header.precision, header.format), (precision, format));
        let view = CatalogStore::open_reader(folder.path())
            .unwrap()
            .view()
            .unwrap();
        for id in 0..200 {
            let version = if id % 7 == 0 { 3 } else { 0 };
            let given = upsert(id, version).embeddings.unwrap();
            let rounded = given
                .chunks(DIMENSION)
                .flat_map(|row| precision.rounded(row));
            let found = view.embeddings(ItemNumber(id)).unwrap().unwrap();
            assert_eq!(found, rounded.collect::<Vec<f32>>(), "{precision} {id}");
            assert!(view.has_embeddings(ItemNumber(id)).unwrap());
        }
    }
}

#[test]
fn narrower_numbers_take_less_room() {
    let bytes = Precision::ALL.map(|precision| {
        let folder = tempfile::tempdir().unwrap();
        let fingerprint = json!(null);
        let store = CatalogStore::create_narrow(folder.path(), 512, precision, fingerprint);
        let store = store.unwrap();
        for part in 0..10 {
            let upserts = (part * 200..part * 200 + 200).map(|id| {
                let images = upsert(id, 0).item.images.len();
                Upsert {
                    embeddings: Some(rows(id, 512, images)),
                    ..upsert(id, 0)
                }
            });
            let upserts: Vec<Upsert> = upserts.collect();
            store.upsert(&upserts, Durability::Deferred).unwrap();
        }
        let copy = folder.path().join("packed");
        store.snapshot(&copy).unwrap();
        std::fs::metadata(copy.join("store.redb")).unwrap().len()
    });
    let shares = [1, 2].map(|at| bytes[at] as f64 / bytes[0] as f64);
    assert!(shares[0] < 0.62 && shares[1] < 0.42, "{bytes:?} {shares:?}");
}

#[test]
fn another_generation_is_prepared_exchanged_and_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = filled(folder.path(), Precision::F32);
    let before = current(&store.view().unwrap());
    let number = store.prepare(generation(9, Precision::F16)).unwrap();
    assert_eq!(number, 1);
    assert!(store.prepare(generation(9, Precision::F16)).is_err());
    let view = store.view().unwrap();
    assert!(other(&view).is_empty());
    let mut prepared = anew(&view, 9);
    drop(view);
    // Meanwhile one changes, one goes, one comes, and one gets other attributes only.
    store
        .upsert(&[upsert(3, 1), upsert(900, 0)], Durability::Synced)
        .unwrap();
    store.delete(&["item 5"], Durability::Synced).unwrap();
    let plain = Upsert {
        embeddings: None,
        ..upsert(8, 0)
    };
    store.upsert(&[plain], Durability::Synced).unwrap();
    let taken = store
        .put_other_embeddings(&prepared, Durability::Synced)
        .unwrap();
    assert_eq!(taken, 197, "three of 200 are not what they were");
    let view = store.view().unwrap();
    let lacking: Vec<u64> = view
        .scan()
        .unwrap()
        .map(|item| item.unwrap().number)
        .filter(|&number| !view.has_other_embeddings(number).unwrap())
        .map(|number| number.0)
        .collect();
    assert_eq!(lacking, [3, 8, 200]);
    prepared = anew(&view, 9);
    drop(view);
    let lacks = |row: &(ItemNumber, u64, Vec<f32>)| lacking.contains(&row.0.0);
    let rest: Vec<_> = prepared.iter().filter(|row| lacks(row)).cloned().collect();
    assert_eq!(
        store
            .put_other_embeddings(&rest, Durability::Deferred)
            .unwrap(),
        3
    );
    // A change between leaves no embedding of the picture before.
    store.upsert(&[upsert(10, 1)], Durability::Synced).unwrap();
    assert!(
        !store
            .view()
            .unwrap()
            .has_other_embeddings(ItemNumber(10))
            .unwrap()
    );
    let also = rows(10 + 7, 9, 2);
    store
        .upsert_with_others(&[upsert(10, 2)], &[Some(also.clone())], Durability::Synced)
        .unwrap();
    let old = current(&store.view().unwrap());
    store.exchange().unwrap();
    let header = Header::read(folder.path()).unwrap();
    assert_eq!(
        (header.dimension, header.generation, header.format),
        (9, 1, 2)
    );
    assert_eq!(header.fingerprint, json!({"encoder": 9}));
    let kept = header.other.unwrap();
    assert_eq!((kept.state, kept.generation.number), (OtherState::Kept, 0));
    let view = store.view().unwrap();
    assert_eq!(other(&view), old);
    assert_eq!(current(&view).len(), 200);
    let tenth = view.embeddings(ItemNumber(10)).unwrap().unwrap();
    let rounded: Vec<f32> = also
        .chunks(9)
        .flat_map(|row| Precision::F16.rounded(row))
        .collect();
    assert_eq!(tenth, rounded);
    drop(view);
    // There and back again, through a copy too.
    let copy = folder.path().join("copy");
    store.snapshot(&copy).unwrap();
    store.exchange().unwrap();
    store.drop_other().unwrap();
    assert_eq!(current(&store.view().unwrap()), old);
    assert_eq!(Header::read(folder.path()).unwrap().format, 1);
    assert_ne!(before, old);
    let mut copy = CatalogStore::open_writer(&copy).unwrap();
    assert_eq!(other(&copy.view().unwrap()), old);
    assert_eq!(copy.drop_other().unwrap(), 0);
    assert_eq!(
        copy.view()
            .unwrap()
            .scan_other_embeddings()
            .unwrap()
            .map(|_| ()),
        None
    );
    assert_eq!(current(&copy.view().unwrap()).len(), 200);
    // A generation number that was given before comes without the rows of then.
    let mut again = store;
    again.prepare(generation(9, Precision::F16)).unwrap();
    assert!(other(&again.view().unwrap()).is_empty());
}

/// A header that names no other generation any more, over a store that still has its rows: what a kill in the midst of dropping leaves.
#[test]
fn rows_of_a_generation_that_is_gone_are_never_taken_for_new_ones() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = filled(folder.path(), Precision::Int8);
    store.prepare(generation(5, Precision::F32)).unwrap();
    let prepared = anew(&store.view().unwrap(), 5);
    store
        .put_other_embeddings(&prepared, Durability::Synced)
        .unwrap();
    let header = Header::read(folder.path()).unwrap();
    store.close().unwrap();
    let alone = header.with_generations(header.current(), None);
    let text = serde_json::to_vec(&alone).unwrap();
    std::fs::write(folder.path().join("nigh.json"), text).unwrap();
    let mut store = CatalogStore::open_writer(folder.path()).unwrap();
    store.prepare(generation(5, Precision::F32)).unwrap();
    assert!(other(&store.view().unwrap()).is_empty());
    assert_eq!(current(&store.view().unwrap()).len(), 200);
}

#[test]
fn what_does_not_fit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = filled(folder.path(), Precision::F32);
    let words = |error: nigh_store::GenerationError| error.to_string();
    let none = "there are no other embeddings than those that are searched";
    assert_eq!(words(store.exchange().unwrap_err()), none);
    assert_eq!(words(store.drop_other().unwrap_err()), none);
    store.prepare(generation(9, Precision::F16)).unwrap();
    let there = words(store.prepare(generation(3, Precision::F32)).unwrap_err());
    assert_eq!(
        there,
        "generation 1 of the embeddings is there already, being prepared"
    );
    let short = store
        .upsert_with_others(&[upsert(1, 1)], &[Some(vec![0.0; 3])], Durability::Synced)
        .unwrap_err();
    assert!(
        short.to_string().contains("3 numbers were given"),
        "{short}"
    );
    assert_eq!(store.view().unwrap().sequence(), 200, "nothing was written");
    store.close().unwrap();
    let mut reader = CatalogStore::open_reader(folder.path()).unwrap();
    assert!(reader.exchange().is_err());
    let copy = folder.path().join("copy");
    let mut header = Header::read(folder.path()).unwrap();
    header.files = vec!["../outside".to_owned()];
    drop(reader);
    std::fs::write(folder.path().join("outside"), b"").unwrap();
    let text = serde_json::to_vec(&header).unwrap();
    std::fs::write(folder.path().join("nigh.json"), text).unwrap();
    let reader = CatalogStore::open_reader(folder.path()).unwrap();
    let error = reader.snapshot(&copy).unwrap_err().to_string();
    assert!(error.contains("lies outside"), "{error}");
}
