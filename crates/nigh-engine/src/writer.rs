//! A catalog that is open for writing: one process at a time.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use nigh_encode::Encoder;
use nigh_store::{CatalogStore, Durability, Header, Precision, WriteError};
use thiserror::Error;

use crate::encoder::{EncoderError, EncoderRecord, EncoderRequest};
use crate::import::{ImportError, ImportEvent, ImportOptions, ImportReport, import};
use crate::source::Plan;

/// An open catalog that takes items and deletions.
#[derive(Debug)]
pub struct CatalogWriter {
    dir: PathBuf,
    store: CatalogStore,
}

/// Why a catalog cannot be opened for writing.
#[derive(Debug, Error)]
pub enum OpenWriterError {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] nigh_store::OpenError),
    /// A collection is a folder.
    #[error("{} is a file: a collection needs a folder of its own", path.display())]
    File {
        /// What was named.
        path: PathBuf,
    },
    /// The encoder cannot be used with it.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// The collection keeps its embeddings in another precision.
    #[error(
        "the collection keeps its embeddings as {stored}, not {asked}: `nigh catalog precision` changes that"
    )]
    Precision {
        /// What the collection has.
        stored: Precision,
        /// What was asked for.
        asked: Precision,
    },
    /// The encoder's record has no JSON form: a defect in nigh.
    #[error("the encoder cannot be written down: {0}")]
    Record(#[from] serde_json::Error),
}

impl CatalogWriter {
    /// Opens the catalog at `dir`.
    pub fn open(dir: &Path) -> Result<Self, OpenWriterError> {
        Ok(Self {
            dir: dir.to_owned(),
            store: CatalogStore::open_writer(dir)?,
        })
    }

    /// Opens the catalog at `dir`, made where there is none, and its encoder.
    pub fn open_or_create(
        dir: &Path,
        request: &EncoderRequest,
    ) -> Result<(Self, Encoder), OpenWriterError> {
        Self::open_or_create_narrow(dir, request, None)
    }

    /// The same with the precision that the embeddings are kept in: f32 for a new catalog where none is asked for.
    pub fn open_or_create_narrow(
        dir: &Path,
        request: &EncoderRequest,
        precision: Option<Precision>,
    ) -> Result<(Self, Encoder), OpenWriterError> {
        if dir.is_file() {
            return Err(OpenWriterError::File {
                path: dir.to_owned(),
            });
        }
        if Header::exists(dir) {
            let writer = Self::open(dir)?;
            let stored = writer.store.header().precision;
            if let Some(asked) = precision.filter(|&asked| asked != stored) {
                return Err(OpenWriterError::Precision { stored, asked });
            }
            let encoder = EncoderRecord::of(writer.store.header())?.open(request)?;
            return Ok((writer, encoder));
        }
        let (encoder, record) = EncoderRecord::create(request)?;
        let (dimension, precision) = (encoder.dimension(), precision.unwrap_or_default());
        let fingerprint = serde_json::to_value(&record)?;
        let store = CatalogStore::create_narrow(dir, dimension, precision, fingerprint)?;
        Ok((
            Self {
                dir: dir.to_owned(),
                store,
            },
            encoder,
        ))
    }

    /// Imports everything that `plan` reads; see [`ImportOptions`].
    ///
    /// `stop` ends it early at the next chunk; the collection is valid then, and
    /// importing the same source again goes on where this ended. `on_event` runs
    /// on the calling thread.
    pub fn import(
        &self,
        plan: &Plan,
        encoder: &Encoder,
        options: &ImportOptions,
        stop: &AtomicBool,
        on_event: &mut dyn FnMut(ImportEvent<'_>),
    ) -> Result<ImportReport, ImportError> {
        import(
            &self.dir,
            &self.store,
            plan,
            encoder,
            options,
            stop,
            on_event,
        )
    }

    /// Deletes items, durable when this returns. Returns the ids that were not there.
    pub fn delete(&self, ids: &BTreeSet<String>) -> Result<Vec<String>, WriteError> {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        Ok(self.store.delete(&ids, Durability::Synced)?.missing)
    }
}
