//! Upserts, deletions and schema changes.

use std::collections::BTreeMap;

use crate::catalog::chunk::{Chunk, Layout};
use crate::catalog::view::{LogRecord, Operation};
use crate::catalog::{EMBEDDINGS, IDS, IMAGES, ITEMS, META, NEXT_NUMBER, SCHEMA, image_key};
use crate::item::{decode, encode, encode_versioned};
use crate::ledger::decode_number;
use crate::{
    Batch, Commit, Durability, Item, ItemError, ItemNumber, Ledger, ReadError, Schema, Stored,
};
use crate::{Upsert, UpsertError, WriteError};

/// What a deletion did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    /// The numbers of the deletions; none where every id was missing.
    pub commit: Commit,
    /// The ids that were not there.
    pub missing: Vec<String>,
}

pub(super) fn upsert(
    ledger: &Ledger,
    upserts: &[Upsert],
    durability: Durability,
) -> Result<Commit, UpsertError> {
    let dimension = ledger.header().dimension;
    upserts
        .iter()
        .try_for_each(|upsert| upsert.check(dimension))?;
    let mut draft = Draft::new(ledger)?;
    for upsert in upserts {
        draft.upsert(upsert)?;
    }
    Ok(draft.commit(durability)?)
}

pub(super) fn delete(
    ledger: &Ledger,
    ids: &[impl AsRef<str>],
    durability: Durability,
) -> Result<Deleted, WriteError> {
    let mut draft = Draft::new(ledger)?;
    let mut missing = Vec::new();
    for id in ids.iter().map(AsRef::as_ref) {
        if !draft.delete(id)? {
            missing.push(id.to_owned());
        }
    }
    Ok(Deleted {
        commit: draft.commit(durability)?,
        missing,
    })
}

pub(super) fn set_schema(
    ledger: &Ledger,
    schema: &Schema,
    durability: Durability,
) -> Result<(), WriteError> {
    let mut draft = Draft::new(ledger)?;
    draft.schema_changed = draft.schema != *schema;
    draft.schema = schema.clone();
    draft.commit(durability).map(|_| ())
}

/// A batch, with what its items share decoded once.
struct Draft<'a> {
    batch: Batch<'a>,
    layout: Layout,
    dimension: usize,
    schema: Schema,
    schema_changed: bool,
    next_number: u64,
    /// The chunks that this batch has touched.
    chunks: BTreeMap<u64, Chunk>,
}

impl<'a> Draft<'a> {
    fn new(ledger: &'a Ledger) -> Result<Self, WriteError> {
        let batch = ledger.batch()?;
        let schema = read_schema(batch.get(META, SCHEMA)?.as_deref())?;
        let next = batch.get(META, NEXT_NUMBER)?;
        let next_number = next.map_or(Ok(0), |bytes| decode_number(META, &bytes))?;
        let dimension = ledger.header().dimension;
        let layout = Layout::new(dimension);
        Ok(Self {
            batch,
            layout,
            dimension,
            schema,
            schema_changed: false,
            next_number,
            chunks: BTreeMap::new(),
        })
    }

    fn upsert(&mut self, upsert: &Upsert) -> Result<(), UpsertError> {
        let item = &upsert.item;
        let old = self.stored(&item.id)?;
        let number = old
            .as_ref()
            .map_or(ItemNumber(self.next_number), |old| old.number);
        self.set_embeddings(number, upsert)?;
        self.set_images(number, item, old.as_ref().map(|old| &old.item));
        if old.is_none() {
            self.next_number += 1;
            self.batch
                .put(IDS, item.id.as_bytes(), number.0.to_be_bytes().to_vec());
        }
        for (name, value) in &item.attributes {
            self.schema_changed |= self.schema.include(name, value.kind());
        }
        let sequence = self.record(Operation::Upsert, number, &item.id);
        self.batch
            .put(ITEMS, number.0.to_be_bytes(), encode(item, sequence));
        Ok(())
    }

    fn delete(&mut self, id: &str) -> Result<bool, ReadError> {
        let Some(old) = self.stored(id)? else {
            return Ok(false);
        };
        self.rows(old.number)?.clear();
        for image in 0..old.item.images.len() {
            self.batch.remove(IMAGES, image_key(old.number, image));
        }
        self.batch.remove(IDS, id.as_bytes());
        self.batch.remove(ITEMS, old.number.0.to_be_bytes());
        self.record(Operation::Delete, old.number, id);
        Ok(true)
    }

    fn stored(&self, id: &str) -> Result<Option<Stored>, ReadError> {
        let Some(number) = self.batch.get(IDS, id.as_bytes())? else {
            return Ok(None);
        };
        let number = ItemNumber(decode_number(IDS, &number)?);
        let record = self.batch.get(ITEMS, &number.0.to_be_bytes())?;
        record
            .map(|record| decode(ITEMS, number, &record))
            .transpose()
    }

    fn set_embeddings(&mut self, number: ItemNumber, upsert: &Upsert) -> Result<(), UpsertError> {
        let (images, dimension) = (upsert.item.images.len(), self.dimension);
        let rows = self.rows(number)?;
        match &upsert.embeddings {
            Some(numbers) => rows.clone_from(numbers),
            None if rows.len() == images * dimension => {}
            None => {
                let (id, stored) = (upsert.item.id.clone(), rows.len() / dimension);
                return Err(ItemError::NothingToKeep { id, images, stored }.into());
            }
        }
        Ok(())
    }

    fn set_images(&mut self, number: ItemNumber, item: &Item, old: Option<&Item>) {
        let old = old.map_or(&[][..], |old| &old.images);
        for (position, image) in item.images.iter().enumerate() {
            let unchanged = old.get(position).is_some_and(|old| old.hash == image.hash);
            match &image.bytes {
                Some(bytes) => self
                    .batch
                    .put(IMAGES, image_key(number, position), bytes.clone()),
                None if unchanged || position >= old.len() => {}
                None => self.batch.remove(IMAGES, image_key(number, position)),
            }
        }
        for position in item.images.len()..old.len() {
            self.batch.remove(IMAGES, image_key(number, position));
        }
    }

    /// The rows of an item, in its chunk.
    fn rows(&mut self, number: ItemNumber) -> Result<&mut Vec<f32>, ReadError> {
        let (index, slot) = self.layout.place(number);
        if !self.chunks.contains_key(&index) {
            let stored = self.batch.get(EMBEDDINGS, &index.to_be_bytes())?;
            let chunk = stored.map_or_else(
                || Ok(self.layout.empty()),
                |bytes| self.layout.decode(index, &bytes),
            )?;
            self.chunks.insert(index, chunk);
        }
        let layout = self.layout;
        let chunk = self.chunks.entry(index).or_insert_with(|| layout.empty());
        Ok(&mut chunk.rows[slot])
    }

    fn record(&mut self, operation: Operation, number: ItemNumber, id: &str) -> u64 {
        self.batch.record(encode_versioned(&LogRecord {
            operation,
            number: number.0,
            id,
        }))
    }

    fn commit(mut self, durability: Durability) -> Result<Commit, WriteError> {
        for (index, chunk) in &self.chunks {
            match chunk.is_empty() {
                true => self.batch.remove(EMBEDDINGS, index.to_be_bytes()),
                false => self.batch.put(
                    EMBEDDINGS,
                    index.to_be_bytes(),
                    chunk.encode(self.dimension),
                ),
            }
        }
        self.batch
            .put(META, NEXT_NUMBER, self.next_number.to_be_bytes().to_vec());
        if self.schema_changed {
            // Strings and unit variants only, so it cannot fail.
            let schema = serde_json::to_vec(&self.schema).unwrap_or_default();
            self.batch.put(META, SCHEMA, schema);
        }
        self.batch.commit(durability)
    }
}

pub(super) fn read_schema(bytes: Option<&[u8]>) -> Result<Schema, ReadError> {
    let Some(bytes) = bytes else {
        return Ok(Schema::default());
    };
    serde_json::from_slice(bytes).map_err(|error| ReadError::Undecodable {
        table: META,
        key: "schema".to_owned(),
        reason: error.to_string(),
    })
}
