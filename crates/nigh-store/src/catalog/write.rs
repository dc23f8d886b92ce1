//! Upserts, deletions and schema changes.

use crate::catalog::generation::Draft as Rows;
use crate::catalog::view::{LogRecord, Operation};
use crate::catalog::{IDS, IMAGES, ITEMS, META, NEXT_NUMBER, SCHEMA, image_key};
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
    others: &[Option<Vec<f32>>],
    durability: Durability,
) -> Result<Commit, UpsertError> {
    let header = ledger.header();
    let nothing = std::iter::repeat(&None);
    let pairs = || upserts.iter().zip(others.iter().chain(nothing.clone()));
    for (upsert, also) in pairs() {
        upsert.check(header.dimension)?;
        if let Some((numbers, other)) = also.as_ref().zip(header.other.as_ref()) {
            upsert.check_rows(numbers, other.generation.dimension)?;
        }
    }
    let mut draft = Draft::new(ledger)?;
    for (upsert, also) in pairs() {
        draft.upsert(upsert, also.as_deref())?;
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
    schema: Schema,
    schema_changed: bool,
    next_number: u64,
    rows: Rows,
    /// Of the generation that is not searched, if there is one.
    other: Option<Rows>,
}

impl<'a> Draft<'a> {
    fn new(ledger: &'a Ledger) -> Result<Self, WriteError> {
        let batch = ledger.batch()?;
        let schema = read_schema(batch.get(META, SCHEMA)?.as_deref())?;
        let next = batch.get(META, NEXT_NUMBER)?;
        let next_number = next.map_or(Ok(0), |bytes| decode_number(META, &bytes))?;
        let (rows, other) = Rows::all(ledger.header());
        Ok(Self {
            batch,
            schema,
            schema_changed: false,
            next_number,
            rows,
            other,
        })
    }

    fn upsert(&mut self, upsert: &Upsert, also: Option<&[f32]>) -> Result<(), UpsertError> {
        let item = &upsert.item;
        let old = self.stored(&item.id)?;
        let number = old
            .as_ref()
            .map_or(ItemNumber(self.next_number), |old| old.number);
        self.set_embeddings(number, upsert)?;
        self.set_other(number, upsert, also)?;
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
        self.rows.rows(&self.batch, old.number)?.clear();
        if let Some(other) = &mut self.other {
            other.rows(&self.batch, old.number)?.clear();
        }
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
        stored_at(&self.batch, number)
    }

    fn set_embeddings(&mut self, number: ItemNumber, upsert: &Upsert) -> Result<(), UpsertError> {
        let images = upsert.item.images.len();
        let layout = self.rows.stored.layout;
        let rows = self.rows.rows(&self.batch, number)?;
        match &upsert.embeddings {
            Some(numbers) => *rows = layout.encode(numbers),
            None if rows.len() == images * layout.row_bytes() => {}
            None => {
                let (id, stored) = (upsert.item.id.clone(), rows.len() / layout.row_bytes());
                return Err(ItemError::NothingToKeep { id, images, stored }.into());
            }
        }
        Ok(())
    }

    /// New embeddings come with new images, to which those of the other generation do not belong.
    fn set_other(
        &mut self,
        number: ItemNumber,
        upsert: &Upsert,
        also: Option<&[f32]>,
    ) -> Result<(), ReadError> {
        let Some(other) = &mut self.other else {
            return Ok(());
        };
        let layout = other.stored.layout;
        let rows = other.rows(&self.batch, number)?;
        match also {
            Some(numbers) => *rows = layout.encode(numbers),
            None if upsert.embeddings.is_some() => rows.clear(),
            None => {}
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

    fn record(&mut self, operation: Operation, number: ItemNumber, id: &str) -> u64 {
        self.batch.record(encode_versioned(&LogRecord {
            operation,
            number: number.0,
            id,
        }))
    }

    fn commit(mut self, durability: Durability) -> Result<Commit, WriteError> {
        self.rows.put(&mut self.batch);
        if let Some(other) = &self.other {
            other.put(&mut self.batch);
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

/// The item of a number, as a batch leaves it.
pub(super) fn stored_at(
    batch: &Batch<'_>,
    number: ItemNumber,
) -> Result<Option<Stored>, ReadError> {
    let record = batch.get(ITEMS, &number.0.to_be_bytes())?;
    record
        .map(|record| decode(ITEMS, number, &record))
        .transpose()
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
