//! Consistent read views of a catalog.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::catalog::generation::{Embeddings, Stored as StoredRows};
use crate::catalog::write::read_schema;
use crate::catalog::{IDS, IMAGES, ITEMS, META, SCHEMA, image_key};
use crate::item::{decode, decode_versioned};
use crate::ledger::{LOG, decode_number};
use crate::{Hashes, Header, ItemNumber, ReadError, Row, Scan, Schema, Stored, View};

/// A catalog as it was after one commit, whatever is written later. Cheap to clone, and used from
/// many threads at once.
#[derive(Clone)]
pub struct CatalogView {
    view: View,
    schema: Arc<Schema>,
    rows: StoredRows,
    other: Option<StoredRows>,
}

/// What happened to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Operation {
    /// It was added, or any part of it replaced.
    Upsert,
    /// It was deleted.
    Delete,
}

/// One numbered operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its number.
    pub sequence: u64,
    /// What happened.
    pub operation: Operation,
    /// The item's number.
    pub number: ItemNumber,
    /// The item's id.
    pub id: String,
}

/// What the log holds of one operation.
#[derive(Serialize, Deserialize)]
pub(super) struct LogRecord<'a> {
    pub(super) operation: Operation,
    pub(super) number: u64,
    pub(super) id: &'a str,
}

impl CatalogView {
    pub(super) fn new(view: View, header: &Header) -> Result<Self, ReadError> {
        let schema = Arc::new(read_schema(view.get(META, SCHEMA)?.as_deref())?);
        let other = header.other.as_ref();
        Ok(Self {
            view,
            schema,
            rows: StoredRows::of(&header.current()),
            other: other.map(|other| StoredRows::of(&other.generation)),
        })
    }

    /// The number of the last operation that this view holds; 0 where there was none.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.view.sequence()
    }

    /// The attribute columns.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// How many items there are.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn len(&self) -> Result<u64, ReadError> {
        self.view.len(ITEMS)
    }

    /// Whether there are no items.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn is_empty(&self) -> Result<bool, ReadError> {
        Ok(self.len()? == 0)
    }

    /// The number of the item of this id.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn number_of(&self, id: &str) -> Result<Option<ItemNumber>, ReadError> {
        let found = self.view.get(IDS, id.as_bytes())?;
        found
            .map(|bytes| decode_number(IDS, &bytes).map(ItemNumber))
            .transpose()
    }

    /// The item of this id.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn get(&self, id: &str) -> Result<Option<Stored>, ReadError> {
        self.number_of(id)?
            .map_or(Ok(None), |number| self.get_number(number))
    }

    /// The item of this number.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn get_number(&self, number: ItemNumber) -> Result<Option<Stored>, ReadError> {
        let Some(mut stored) = self.get_raw(number)? else {
            return Ok(None);
        };
        self.schema.cast_all(&mut stored.item.attributes);
        Ok(Some(stored))
    }

    /// What tells whether an item has changed: compare with [`Item::attributes_hash`](crate::Item::attributes_hash)
    /// and the new images' hashes. Reads no embedding.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn hashes(&self, id: &str) -> Result<Option<Hashes>, ReadError> {
        let Some(number) = self.number_of(id)? else {
            return Ok(None);
        };
        let Some(Stored { item, .. }) = self.get_raw(number)? else {
            return Ok(None);
        };
        let images = item.images.iter().map(|image| image.hash).collect();
        Ok(Some(Hashes {
            number,
            attributes: item.attributes_hash(),
            images,
        }))
    }

    /// The embeddings of an item, images x dimension, row after row; `None` where there are none.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn embeddings(&self, number: ItemNumber) -> Result<Option<Vec<f32>>, ReadError> {
        self.rows.get(&self.view, number)
    }

    /// Whether an item has embeddings.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn has_embeddings(&self, number: ItemNumber) -> Result<bool, ReadError> {
        self.rows.has(&self.view, number)
    }

    /// Whether an item has embeddings in the generation that is not searched.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn has_other_embeddings(&self, number: ItemNumber) -> Result<bool, ReadError> {
        let other = self.other.as_ref();
        other.map_or(Ok(false), |other| other.has(&self.view, number))
    }

    /// The kept bytes of an item's image, by its position.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn image_bytes(
        &self,
        number: ItemNumber,
        image: usize,
    ) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self
            .view
            .get(IMAGES, &image_key(number, image))?
            .map(|bytes| bytes.to_vec()))
    }

    /// All items in number order, that is in the order in which they were first upserted.
    ///
    /// # Errors
    /// [`ReadError`], here or with an item.
    pub fn scan(&self) -> Result<Items, ReadError> {
        self.scan_from(ItemNumber(0))
    }

    /// The items from this number on, in number order: a page of a listing ends with a number, and
    /// the next one begins with the number after it.
    ///
    /// # Errors
    /// [`ReadError`], here or with an item.
    pub fn scan_from(&self, number: ItemNumber) -> Result<Items, ReadError> {
        let rows = self.view.scan(ITEMS, &number.0.to_be_bytes()[..]..)?;
        Ok(Items {
            rows,
            schema: Arc::clone(&self.schema),
        })
    }

    /// The embeddings of all items that have some, in number order.
    ///
    /// # Errors
    /// [`ReadError`], here or with a row.
    pub fn scan_embeddings(&self) -> Result<Embeddings, ReadError> {
        self.rows.scan(&self.view)
    }

    /// The embeddings of the generation that is not searched, in number order; none where there is none.
    ///
    /// # Errors
    /// [`ReadError`], here or with a row.
    pub fn scan_other_embeddings(&self) -> Result<Option<Embeddings>, ReadError> {
        let other = self.other.as_ref();
        other.map(|other| other.scan(&self.view)).transpose()
    }

    /// The operations with numbers of at least `from`, in order. What a derived structure that has
    /// applied everything up to `n` still lacks is `changes(n + 1)`.
    ///
    /// # Errors
    /// [`ReadError`], here or with a change.
    pub fn changes(&self, from: u64) -> Result<Changes, ReadError> {
        Ok(Changes {
            rows: self.view.log(from)?,
        })
    }

    pub(super) fn has_rows(&self, table: &'static str) -> Result<bool, ReadError> {
        Ok(self.view.len(table)? > 0)
    }

    /// The item with its attributes as they came, not yet cast to their columns' types.
    pub(super) fn get_raw(&self, number: ItemNumber) -> Result<Option<Stored>, ReadError> {
        let record = self.view.get(ITEMS, &number.0.to_be_bytes())?;
        record
            .map(|record| decode(ITEMS, number, &record))
            .transpose()
    }
}

impl fmt::Debug for CatalogView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CatalogView")
            .field("sequence", &self.sequence())
            .finish_non_exhaustive()
    }
}

/// Items in number order; see [`CatalogView::scan`].
pub struct Items {
    rows: Scan,
    schema: Arc<Schema>,
}

impl Items {
    fn read(&self, row: Result<Row, ReadError>) -> Result<Stored, ReadError> {
        let row = row?;
        let number = ItemNumber(decode_number(ITEMS, row.key())?);
        let mut stored = decode(ITEMS, number, row.value())?;
        self.schema.cast_all(&mut stored.item.attributes);
        Ok(stored)
    }
}

impl Iterator for Items {
    type Item = Result<Stored, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.rows.next()?;
        Some(self.read(row))
    }
}

/// Operations in order; see [`CatalogView::changes`].
pub struct Changes {
    rows: Scan,
}

impl Iterator for Changes {
    type Item = Result<Change, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.rows.next()?.and_then(|row| read_change(&row)))
    }
}

fn read_change(row: &Row) -> Result<Change, ReadError> {
    let sequence = decode_number(LOG, row.key())?;
    let record: LogRecord<'_> = decode_versioned(LOG, &sequence, row.value())?;
    let (number, id) = (ItemNumber(record.number), record.id.to_owned());
    Ok(Change {
        sequence,
        operation: record.operation,
        number,
        id,
    })
}
