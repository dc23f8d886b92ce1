//! One worker of an import: a chunk of rows in, a chunk of outcomes out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, Sender};
use nigh_encode::{DecodeError, EncodeError, Picture};
use nigh_store::{CatalogStore, Item, Upsert};

use super::batch::Batch;
use super::meter::{ImportStage, Meter};
use super::{Chunk, ImportError, ImportOptions, panic_text};
use crate::batcher::Batcher;
use crate::load::read_image_file;
use crate::reduction::Reducer;
use crate::source::{ImageContent, RawImage, Reject, Row};

/// What became of one item, and what of it could not be used.
pub(crate) enum Outcome {
    /// To be written; `encoded` images were encoded for it.
    Write {
        upsert: Upsert,
        /// Embeddings for the generation that is not searched, where this encoder makes them too.
        other: Option<Vec<f32>>,
        encoded: usize,
        update: bool,
    },
    /// In the collection already, just so.
    Unchanged,
    /// A row, a file or one image of an item that could not be used.
    Rejected(Reject),
}

/// A chunk that went through a worker.
pub(crate) struct Finished {
    pub(crate) number: u64,
    pub(crate) outcomes: Result<Vec<Outcome>, ImportError>,
}

/// What becomes of the encoder's embeddings.
pub(crate) struct Reducers {
    pub(crate) current: Reducer,
    /// Of the collection's embeddings.
    pub(crate) dimension: usize,
    /// For the generation that is not searched, if its embeddings are of the same encoder.
    pub(crate) other: Option<Reducer>,
}

/// What every worker shares.
#[derive(Clone, Copy)]
pub(crate) struct Worker<'a> {
    pub(crate) store: &'a CatalogStore,
    pub(crate) encoder: &'a Batcher<Picture, Vec<f32>, EncodeError>,
    /// Pictures that the encoder likes to have at once.
    pub(crate) batch_size: usize,
    pub(crate) reducers: &'a Reducers,
    pub(crate) options: &'a ImportOptions,
    pub(crate) meter: &'a Meter,
}

impl Worker<'_> {
    /// Works until the chunks end, `stop` is set, or nobody takes the results.
    /// A panic is caught and sent on: the writer waits for every chunk.
    pub(crate) fn run(
        self,
        chunks: &Receiver<Chunk>,
        finished: &Sender<Finished>,
        stop: &AtomicBool,
    ) {
        for chunk in chunks {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            let number = chunk.number;
            let outcomes = catch_unwind(AssertUnwindSafe(|| self.process(chunk.rows)))
                .unwrap_or_else(|panic| Err(ImportError::Worker(panic_text(&*panic))));
            if finished.send(Finished { number, outcomes }).is_err() {
                return;
            }
        }
    }

    fn process(&self, rows: Vec<Row>) -> Result<Vec<Outcome>, ImportError> {
        let mut batch = Batch::new(*self, self.store.view()?);
        for row in rows {
            match row {
                Row::Rejected(reject) => batch.outcomes.push(Outcome::Rejected(reject)),
                Row::Item(raw) => batch.take(raw)?,
            }
        }
        batch.finish()
    }

    pub(super) fn load(&self, image: RawImage) -> Result<LoadedImage, Fault> {
        let bytes = match image.content {
            ImageContent::Bytes(bytes) => Ok(bytes),
            ImageContent::Path(path) => read_image_file(&path, &self.options.limits),
        };
        match bytes {
            Ok(bytes) => {
                let hash = xxhash_rust::xxh3::xxh3_128(&bytes);
                Ok(LoadedImage {
                    name: image.name,
                    source: image.source,
                    hash,
                    bytes,
                })
            }
            Err(reason) => Err(Fault {
                source: image.source,
                reason,
            }),
        }
    }

    pub(super) fn decode(&self, image: &LoadedImage) -> Result<Picture, Fault> {
        let decode = || nigh_encode::decode(&image.bytes, &self.options.limits);
        let fault = |error: DecodeError| Fault {
            source: image.source.clone(),
            reason: error.to_string(),
        };
        self.meter
            .time(ImportStage::Decode, 1, decode)
            .map_err(fault)
    }
}

/// An item whose images were read, not yet decoded.
pub(super) struct Loaded {
    pub(super) origin: String,
    pub(super) item: Item,
    pub(super) images: Vec<LoadedImage>,
}

pub(super) struct LoadedImage {
    pub(super) name: String,
    pub(super) source: String,
    pub(super) hash: u128,
    pub(super) bytes: Vec<u8>,
}

/// Why one image cannot be used.
pub(super) struct Fault {
    pub(super) source: String,
    pub(super) reason: String,
}
