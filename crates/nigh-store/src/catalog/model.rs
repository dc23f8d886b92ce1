//! A slow, obvious reference: what a catalog must hold after each step of a random history.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use fastrand::Rng;

use crate::{
    CatalogStore, CatalogView, Change, Durability, Item, ItemImage, ItemNumber, Operation, Upsert,
    Value,
};

/// One write of a history.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Upsert(Vec<Upsert>),
    Delete(Vec<String>),
}

impl Step {
    pub(crate) fn write(
        &self,
        store: &CatalogStore,
        durability: Durability,
    ) -> Result<u64, String> {
        match self {
            Self::Upsert(upserts) => store
                .upsert(upserts, durability)
                .map_err(|e| e.to_string())
                .map(|c| c.last),
            Self::Delete(ids) => store
                .delete(ids, durability)
                .map_err(|e| e.to_string())
                .map(|d| d.commit.last),
        }
    }
}

/// The reference: plain maps.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    items: BTreeMap<String, Expected>,
    log: Vec<(Operation, u64, String)>,
    next_number: u64,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Expected {
    number: u64,
    sequence: u64,
    item: Item,
    embeddings: Vec<f32>,
}

impl Model {
    pub(crate) fn sequence(&self) -> u64 {
        self.log.len() as u64
    }

    /// A step that makes sense here: mostly upserts of 1 to 9 items out of 40 ids.
    pub(crate) fn random_step(&self, dimension: usize, rng: &mut Rng) -> Step {
        if !self.items.is_empty() && rng.u32(..5) == 0 {
            let ids: Vec<_> = self.items.keys().cloned().collect();
            return Step::Delete(
                (0..rng.usize(1..4))
                    .map(|_| ids[rng.usize(..ids.len())].clone())
                    .collect(),
            );
        }
        // An id may come twice in a batch, and the second must fit what the first leaves.
        let mut meanwhile = self.clone();
        let upserts = (0..rng.usize(1..10)).map(|_| {
            let upsert = meanwhile.random_upsert(dimension, rng);
            meanwhile.upsert(&upsert);
            upsert
        });
        Step::Upsert(upserts.collect())
    }

    fn random_upsert(&self, dimension: usize, rng: &mut Rng) -> Upsert {
        let id = format!("item {}", rng.u32(..40));
        let old = self.items.get(&id);
        let mut item = Item {
            id,
            ..Item::default()
        };
        for name in ["colour", "price", "since"] {
            match rng.u32(..4) {
                0 => drop(
                    item.attributes
                        .insert(name.to_owned(), Value::Integer(rng.i64(..))),
                ),
                1 => drop(
                    item.attributes
                        .insert(name.to_owned(), Value::String(rng.u32(..).to_string())),
                ),
                _ => {}
            }
        }
        if let Some(old) = old.filter(|_| rng.u32(..3) == 0) {
            item.images = old
                .item
                .images
                .iter()
                .map(|image| ItemImage {
                    bytes: None,
                    ..image.clone()
                })
                .collect();
            return Upsert {
                item,
                embeddings: None,
            };
        }
        item.images = (0..rng.usize(..4)).map(|_| random_image(rng)).collect();
        let embeddings = Some(
            (0..item.images.len() * dimension)
                .map(|_| rng.f32())
                .collect(),
        );
        Upsert { item, embeddings }
    }

    pub(crate) fn apply(&mut self, step: &Step) {
        match step {
            Step::Upsert(upserts) => upserts.iter().for_each(|upsert| self.upsert(upsert)),
            Step::Delete(ids) => ids.iter().for_each(|id| self.delete(id)),
        }
    }

    fn upsert(&mut self, upsert: &Upsert) {
        let (mut item, id) = (upsert.item.clone(), upsert.item.id.clone());
        let old = self.items.remove(&id);
        let number = old.as_ref().map_or(self.next_number, |old| old.number);
        self.next_number = self.next_number.max(number + 1);
        let old = old.unwrap_or_default();
        for (new, old) in item.images.iter_mut().zip(&old.item.images) {
            if new.bytes.is_none() && new.hash == old.hash {
                new.bytes.clone_from(&old.bytes);
            }
        }
        self.log.push((Operation::Upsert, number, id.clone()));
        let embeddings = upsert.embeddings.clone().unwrap_or(old.embeddings);
        self.items.insert(
            id,
            Expected {
                number,
                sequence: self.log.len() as u64,
                item,
                embeddings,
            },
        );
    }

    fn delete(&mut self, id: &str) {
        if let Some(old) = self.items.remove(id) {
            self.log
                .push((Operation::Delete, old.number, id.to_owned()));
        }
    }

    /// Everything that differs between what is stored and the model.
    pub(crate) fn differences(&self, view: &CatalogView) -> Vec<String> {
        let mut wrong = Vec::new();
        differ(&mut wrong, "sequence", &view.sequence(), &self.sequence());
        differ(
            &mut wrong,
            "items",
            &view.len().unwrap(),
            &(self.items.len() as u64),
        );
        let log: Vec<Change> = view.changes(1).unwrap().map(Result::unwrap).collect();
        differ(&mut wrong, "log", &log, &self.changes());
        for (id, expected) in &self.items {
            differ(&mut wrong, id, &stored(view, id), &Some(expected.clone()));
        }
        let scanned: BTreeMap<_, _> = view
            .scan()
            .unwrap()
            .map(|item| item.unwrap())
            .map(|s| (s.number.0, s.item.id))
            .collect();
        let expected: BTreeMap<_, _> = self
            .items
            .iter()
            .map(|(id, e)| (e.number, id.clone()))
            .collect();
        differ(&mut wrong, "scan", &scanned, &expected);
        let rows: BTreeSet<_> = view
            .scan_embeddings()
            .unwrap()
            .map(|row| row.unwrap().0.0)
            .collect();
        let with_rows = self
            .items
            .values()
            .filter(|e| !e.embeddings.is_empty())
            .map(|e| e.number);
        differ(&mut wrong, "embeddings", &rows, &with_rows.collect());
        wrong
    }

    fn changes(&self) -> Vec<Change> {
        let change = |(at, (operation, number, id)): (usize, &(Operation, u64, String))| Change {
            sequence: at as u64 + 1,
            operation: *operation,
            number: ItemNumber(*number),
            id: id.clone(),
        };
        self.log.iter().enumerate().map(change).collect()
    }
}

fn differ<T: PartialEq + Debug>(wrong: &mut Vec<String>, what: &str, found: &T, expected: &T) {
    if found != expected {
        wrong.push(format!("{what}: found {found:?}, expected {expected:?}"));
    }
}

/// What is stored of an item, its attributes as they were given.
fn stored(view: &CatalogView, id: &str) -> Option<Expected> {
    let number = view.number_of(id).unwrap()?;
    let mut stored = view.get_raw(number).unwrap()?;
    for (position, image) in stored.item.images.iter_mut().enumerate() {
        image.bytes = view.image_bytes(number, position).unwrap();
    }
    let hashes = view.hashes(id).unwrap()?;
    assert_eq!(hashes.attributes, stored.item.attributes_hash());
    let embeddings = view.embeddings(number).unwrap().unwrap_or_default();
    Some(Expected {
        number: number.0,
        sequence: stored.sequence,
        item: stored.item,
        embeddings,
    })
}

fn random_image(rng: &mut Rng) -> ItemImage {
    let hash = u128::from(rng.u32(..5));
    let bytes = rng.bool().then(|| vec![rng.u8(..); rng.usize(1..6_000)]);
    ItemImage {
        name: "front".to_owned(),
        source: format!("{hash}.jpg"),
        hash,
        bytes,
    }
}

#[test]
fn a_random_history_agrees_with_the_reference() {
    for seed in 0..6 {
        let mut rng = Rng::with_seed(seed);
        let dimension = [3, 512, 5_000][seed as usize % 3];
        let folder = tempfile::tempdir().unwrap();
        let mut store =
            CatalogStore::create(folder.path(), dimension, serde_json::Value::Null).unwrap();
        let mut model = Model::default();
        for round in 0..120 {
            let step = model.random_step(dimension, &mut rng);
            let durability = if rng.bool() {
                Durability::Synced
            } else {
                Durability::Deferred
            };
            model.apply(&step);
            assert_eq!(
                step.write(&store, durability),
                Ok(model.sequence()),
                "seed {seed} round {round}"
            );
            if rng.u32(..8) == 0 {
                store.close().unwrap();
                store = CatalogStore::open_writer(folder.path()).unwrap();
            }
            if rng.u32(..4) == 0 {
                let wrong = model.differences(&store.view().unwrap());
                assert!(wrong.is_empty(), "seed {seed} round {round}: {wrong:#?}");
            }
        }
        // Dropped, not closed: deferred commits become durable all the same.
        drop(store);
        let reader = CatalogStore::open_reader(folder.path()).unwrap();
        assert_eq!(
            model.differences(&reader.view().unwrap()),
            [""; 0],
            "seed {seed}"
        );
        let copy = folder.path().join("copy");
        reader.snapshot(&copy).unwrap();
        let copied = CatalogStore::open_writer(&copy).unwrap();
        assert_eq!(
            model.differences(&copied.view().unwrap()),
            [""; 0],
            "the copy of seed {seed}"
        );
    }
}
