//! Catalogs: items, their embeddings and their images, in a ledger.

mod chunk;
mod export;
mod generation;
#[cfg(test)]
mod model;
mod view;
mod write;

use std::path::Path;

pub use export::ExportSummary;
pub use generation::{Embeddings, GenerationError};
pub use view::{CatalogView, Change, Changes, Items, Operation};
pub use write::Deleted;

#[cfg(test)]
pub(crate) use model::{Model, Step};

use crate::{
    Commit, CopyError, Durability, Generation, Header, ItemNumber, Kind, Ledger, OpenError,
    Precision, ReadError,
};
use crate::{Hashes, Schema, Stored, Upsert, UpsertError, WriteError};

/// Id to number.
const IDS: &str = "ids";
/// Number to item record.
const ITEMS: &str = "items";
/// Chunk number to the embeddings of a run of item numbers.
const EMBEDDINGS: &str = "embeddings";
/// Item number and image position to the image file's bytes.
const IMAGES: &str = "images";
/// The schema and the next item number.
const META: &str = "meta";
const SCHEMA: &[u8] = b"schema";
const NEXT_NUMBER: &[u8] = b"next_number";

/// A durable catalog, open in this process. Shared by reference between threads.
#[derive(Debug)]
pub struct CatalogStore {
    ledger: Ledger,
}

impl CatalogStore {
    /// Creates an empty catalog for embeddings of `dimension` numbers by the encoder of this
    /// fingerprint, and opens it for writing.
    ///
    /// # Errors
    /// Those of [`Ledger::create`].
    pub fn create(
        folder: &Path,
        dimension: usize,
        fingerprint: serde_json::Value,
    ) -> Result<Self, OpenError> {
        Self::create_narrow(folder, dimension, Precision::F32, fingerprint)
    }

    /// The same for embeddings that are kept in another precision.
    ///
    /// # Errors
    /// Those of [`Ledger::create`].
    pub fn create_narrow(
        folder: &Path,
        dimension: usize,
        precision: Precision,
        fingerprint: serde_json::Value,
    ) -> Result<Self, OpenError> {
        let header = Header::new(Kind::Catalog, dimension, fingerprint);
        let current = Generation {
            precision,
            ..header.current()
        };
        let header = header.with_generations(current, None);
        Ok(Self {
            ledger: Ledger::create(folder, &header)?,
        })
    }

    /// Opens a catalog for writing.
    ///
    /// # Errors
    /// Those of [`Ledger::open_writer`], and [`OpenError::WrongKind`].
    pub fn open_writer(folder: &Path) -> Result<Self, OpenError> {
        check_kind(folder)?;
        Ok(Self {
            ledger: Ledger::open_writer(folder)?,
        })
    }

    /// The same for a moment only; see [`Ledger::open_writer_in_passing`].
    ///
    /// # Errors
    /// As for [`CatalogStore::open_writer`].
    pub fn open_writer_in_passing(folder: &Path) -> Result<Self, OpenError> {
        check_kind(folder)?;
        Ok(Self {
            ledger: Ledger::open_writer_in_passing(folder)?,
        })
    }

    /// Opens a catalog for reading, beside other readers.
    ///
    /// # Errors
    /// Those of [`Ledger::open_reader`], and [`OpenError::WrongKind`].
    pub fn open_reader(folder: &Path) -> Result<Self, OpenError> {
        check_kind(folder)?;
        Ok(Self {
            ledger: Ledger::open_reader(folder)?,
        })
    }

    /// The ledger below.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What the catalog says of itself.
    #[must_use]
    pub fn header(&self) -> &Header {
        self.ledger.header()
    }

    /// Everything as it is after the latest commit. To read several things that must fit together,
    /// take one view and read them from it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn view(&self) -> Result<CatalogView, ReadError> {
        CatalogView::new(self.ledger.view()?, self.header())
    }

    /// Writes items, new or known by their id: all of them, or none.
    ///
    /// The schema grows and widens to hold their attributes. An image without bytes whose hash is
    /// the stored one's keeps the bytes that are stored. Where an id comes twice, the later wins.
    ///
    /// # Errors
    /// [`UpsertError::Item`] names the item that was refused, after which nothing is written and
    /// the batch can be sent again without it; [`UpsertError::Write`] as [`Batch::commit`](crate::Batch::commit).
    pub fn upsert(
        &self,
        upserts: &[Upsert],
        durability: Durability,
    ) -> Result<Commit, UpsertError> {
        self.upsert_with_others(upserts, &[], durability)
    }

    /// The same, with embeddings for the generation that is not searched: those of the first upsert first. An upsert with
    /// embeddings that has none of these leaves the item without any there.
    ///
    /// # Errors
    /// As for [`CatalogStore::upsert`].
    pub fn upsert_with_others(
        &self,
        upserts: &[Upsert],
        others: &[Option<Vec<f32>>],
        durability: Durability,
    ) -> Result<Commit, UpsertError> {
        write::upsert(&self.ledger, upserts, others, durability)
    }

    /// Deletes items by id, with their embeddings and images. Says which ids were not there.
    ///
    /// # Errors
    /// Those of [`Batch::commit`](crate::Batch::commit).
    pub fn delete(
        &self,
        ids: &[impl AsRef<str>],
        durability: Durability,
    ) -> Result<Deleted, WriteError> {
        write::delete(&self.ledger, ids, durability)
    }

    /// Replaces the schema, as an import that has inferred the types of all rows does.
    ///
    /// Stored values keep the types they came with and are cast as they are read.
    ///
    /// # Errors
    /// Those of [`Batch::commit`](crate::Batch::commit).
    pub fn set_schema(&self, schema: &Schema, durability: Durability) -> Result<(), WriteError> {
        write::set_schema(&self.ledger, schema, durability)
    }

    /// Makes every deferred commit durable.
    ///
    /// # Errors
    /// Those of [`Batch::commit`](crate::Batch::commit).
    pub fn sync(&self) -> Result<(), WriteError> {
        self.ledger.sync()
    }

    /// Closes the catalog, making deferred commits durable.
    ///
    /// # Errors
    /// Those of [`Ledger::close`].
    pub fn close(self) -> Result<(), WriteError> {
        self.ledger.close()
    }

    /// The item of this id; see [`CatalogView::get`].
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn get(&self, id: &str) -> Result<Option<Stored>, ReadError> {
        self.view()?.get(id)
    }

    /// The embeddings of an item; see [`CatalogView::embeddings`].
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn embeddings(&self, number: ItemNumber) -> Result<Option<Vec<f32>>, ReadError> {
        self.view()?.embeddings(number)
    }

    /// What tells whether an item has changed; see [`CatalogView::hashes`].
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn hashes(&self, id: &str) -> Result<Option<Hashes>, ReadError> {
        self.view()?.hashes(id)
    }

    /// The attribute columns.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn schema(&self) -> Result<Schema, ReadError> {
        Ok(self.view()?.schema().clone())
    }

    /// Copies the present state into a new folder; see [`Ledger::snapshot`].
    ///
    /// # Errors
    /// See [`CopyError`].
    pub fn snapshot(&self, destination: &Path) -> Result<(), CopyError> {
        self.ledger.snapshot(destination)
    }

    /// Copies a snapshot into a new folder, where it is a collection like any other.
    ///
    /// # Errors
    /// See [`CopyError`].
    pub fn restore(snapshot: &Path, destination: &Path) -> Result<(), CopyError> {
        Self::open_reader(snapshot)?.snapshot(destination)
    }

    /// Writes the present state as one Parquet file; see [`CatalogView::export_parquet`].
    ///
    /// # Errors
    /// See [`CopyError`].
    pub fn export_parquet(&self, file: &Path) -> Result<ExportSummary, CopyError> {
        self.view()?.export_parquet(file)
    }

    #[cfg(test)]
    pub(crate) fn over(ledger: Ledger) -> Self {
        Self { ledger }
    }
}

fn check_kind(folder: &Path) -> Result<(), OpenError> {
    let (found, expected) = (Header::read(folder)?.kind, Kind::Catalog);
    if found == expected {
        Ok(())
    } else {
        Err(OpenError::WrongKind {
            path: folder.to_path_buf(),
            found,
            expected,
        })
    }
}

/// The key of one image's bytes: the item's number, then the image's position, both big-endian.
fn image_key(number: ItemNumber, image: usize) -> Vec<u8> {
    let mut key = number.0.to_be_bytes().to_vec();
    key.extend((image as u32).to_be_bytes());
    key
}
