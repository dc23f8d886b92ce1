//! One worker of an import: a chunk of rows in, a chunk of outcomes out.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, Sender};
use nigh_encode::{EncodeError, Encoder, Picture};
use nigh_store::{CatalogStore, CatalogView, Item, ItemImage, ReadError, Stored, Upsert, Value};

use super::meter::{ImportStage, Meter};
use super::{Chunk, ImportError, ImportOptions};
use crate::source::{ImageContent, RawImage, RawItem, Reject, Row};

/// What became of one item, and what of it could not be used.
pub(crate) enum Outcome {
    /// To be written; `encoded` images were encoded for it.
    Write { upsert: Upsert, encoded: usize, update: bool },
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

/// What every worker shares.
#[derive(Clone, Copy)]
pub(crate) struct Worker<'a> {
    pub(crate) store: &'a CatalogStore,
    pub(crate) encoder: &'a Encoder,
    pub(crate) options: &'a ImportOptions,
    pub(crate) meter: &'a Meter,
}

/// Pixels that may wait decoded for a batch of the encoder: large photos are
/// encoded a few at a time, so that memory stays bounded.
const PENDING_PIXELS: usize = 16 << 20;

impl Worker<'_> {
    /// Works until the chunks end, `stop` is set, or nobody takes the results.
    pub(crate) fn run(self, chunks: &Receiver<Chunk>, finished: &Sender<Finished>, stop: &AtomicBool) {
        for chunk in chunks {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            let number = chunk.number;
            let outcomes = self.process(chunk.rows);
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

    /// Reads and hashes an item's images; those that cannot be read are rejects.
    fn load(&self, raw: RawItem, rejects: &mut Vec<Outcome>) -> Loaded {
        let mut images = Vec::with_capacity(raw.images.len());
        for image in raw.images {
            match self.meter.time(ImportStage::Load, 1, || load_image(image)) {
                Ok(loaded) => images.push(loaded),
                Err(reject) => rejects.push(Outcome::Rejected(reject)),
            }
        }
        Loaded { id: raw.id, origin: raw.origin, attributes: raw.attributes, images }
    }
}

/// An item whose images were read, not yet decoded.
struct Loaded {
    id: String,
    origin: String,
    attributes: BTreeMap<String, Value>,
    images: Vec<LoadedImage>,
}

struct LoadedImage {
    name: String,
    source: String,
    hash: u128,
    bytes: Vec<u8>,
}

fn load_image(image: RawImage) -> Result<LoadedImage, Reject> {
    let bytes = match image.content {
        ImageContent::Bytes(bytes) => bytes,
        ImageContent::Path(path) => std::fs::read(&path).map_err(|error| Reject {
            origin: image.source.clone(),
            column: None,
            reason: format!("cannot read the image: {error}"),
        })?,
    };
    let hash = xxhash_rust::xxh3::xxh3_128(&bytes);
    Ok(LoadedImage { name: image.name, source: image.source, hash, bytes })
}

/// Items of one chunk on their way to the encoder, and what became of the others.
struct Batch<'a> {
    worker: Worker<'a>,
    stored: CatalogView,
    outcomes: Vec<Outcome>,
    pending: Vec<Pending>,
    pictures: Vec<Picture>,
    pixels: usize,
}

/// An item whose pictures are the next `item.images.len()` of the batch.
struct Pending {
    item: Item,
    update: bool,
}

impl<'a> Batch<'a> {
    fn new(worker: Worker<'a>, stored: CatalogView) -> Self {
        Self { worker, stored, outcomes: Vec::new(), pending: Vec::new(), pictures: Vec::new(), pixels: 0 }
    }

    fn finish(mut self) -> Result<Vec<Outcome>, ImportError> {
        self.encode();
        Ok(self.outcomes)
    }

    /// Takes one item as far as it goes before it needs the encoder.
    fn take(&mut self, raw: RawItem) -> Result<(), ImportError> {
        let loaded = self.worker.load(raw, &mut self.outcomes);
        if loaded.images.is_empty() {
            return Ok(());
        }
        match self.stored.get(&loaded.id)? {
            None => self.decode(loaded, false),
            Some(stored) => match self.difference(&stored, &loaded)? {
                Difference::None => self.outcomes.push(Outcome::Unchanged),
                Difference::Attributes => self.rewrite(loaded),
                Difference::Images => self.decode(loaded, true),
            },
        }
        Ok(())
    }

    /// The pictures are the stored ones: their embeddings stay.
    fn rewrite(&mut self, loaded: Loaded) {
        let keep = self.worker.options.keep_images;
        let images = loaded.images.into_iter().map(|image| stored_image(image, keep)).collect();
        let item = Item { id: loaded.id, attributes: loaded.attributes, images };
        self.write(Upsert { item, embeddings: None }, 0, true);
    }

    fn decode(&mut self, loaded: Loaded, update: bool) {
        let keep = self.worker.options.keep_images;
        let mut images = Vec::with_capacity(loaded.images.len());
        for image in loaded.images {
            let limits = &self.worker.options.limits;
            match self.worker.meter.time(ImportStage::Decode, 1, || nigh_encode::decode(&image.bytes, limits)) {
                Ok(picture) => {
                    self.pixels += picture.rgb.len() / 3;
                    self.pictures.push(picture);
                    images.push(stored_image(image, keep));
                }
                Err(error) => self.outcomes.push(reject_image(&loaded.origin, &image.source, &error)),
            }
        }
        if !images.is_empty() {
            self.pending.push(Pending { item: Item { id: loaded.id, attributes: loaded.attributes, images }, update });
        }
        if self.pictures.len() >= self.worker.encoder.batch_size() || self.pixels >= PENDING_PIXELS {
            self.encode();
        }
    }

    /// Encodes all waiting pictures and lets their items go.
    fn encode(&mut self) {
        let pictures = std::mem::take(&mut self.pictures);
        let meter = self.worker.meter;
        let mut embeddings = meter.time(ImportStage::Encode, pictures.len(), || self.encode_each(&pictures)).into_iter();
        self.pixels = 0;
        for pending in std::mem::take(&mut self.pending) {
            let mine = embeddings.by_ref().take(pending.item.images.len()).collect();
            self.release(pending, mine);
        }
    }

    /// One embedding for each picture. A batch that fails is tried picture by
    /// picture, so that one of them fails alone.
    fn encode_each(&self, pictures: &[Picture]) -> Vec<Result<Vec<f32>, EncodeError>> {
        let encoder = self.worker.encoder;
        let one = |picture: &Picture| encoder.encode(std::slice::from_ref(picture));
        match encoder.encode(pictures) {
            Ok(rows) => rows.chunks_exact(encoder.dimension()).map(|row| Ok(row.to_vec())).collect(),
            Err(_) => pictures.iter().map(one).collect(),
        }
    }

    fn release(&mut self, pending: Pending, embeddings: Vec<Result<Vec<f32>, EncodeError>>) {
        let Pending { mut item, update } = pending;
        let mut rows = Vec::new();
        let mut kept = Vec::with_capacity(item.images.len());
        for (image, embedding) in item.images.into_iter().zip(embeddings) {
            match embedding {
                Ok(embedding) => {
                    rows.extend(embedding);
                    kept.push(image);
                }
                Err(error) => self.outcomes.push(reject_image(&item.id, &image.source, &error)),
            }
        }
        let encoded = kept.len();
        item.images = kept;
        if encoded > 0 {
            self.write(Upsert { item, embeddings: Some(rows) }, encoded, update);
        }
    }

    /// Lets an item go that the store will take; one that it would refuse is a
    /// reject, so that it fails alone.
    fn write(&mut self, upsert: Upsert, encoded: usize, update: bool) {
        let outcome = match upsert.check(self.worker.encoder.dimension()) {
            Ok(()) => Outcome::Write { upsert, encoded, update },
            Err(error) => {
                let origin = upsert.item.images.first().map_or(upsert.item.id.clone(), |image| image.source.clone());
                Outcome::Rejected(Reject { origin, column: None, reason: error.to_string() })
            }
        };
        self.outcomes.push(outcome);
    }

    fn difference(&self, stored: &Stored, loaded: &Loaded) -> Result<Difference, ReadError> {
        let images = &stored.item.images;
        if !images.iter().map(|image| image.hash).eq(loaded.images.iter().map(|image| image.hash)) {
            return Ok(Difference::Images);
        }
        let named = |(stored, loaded): (&ItemImage, &LoadedImage)| stored.name == loaded.name && stored.source == loaded.source;
        let same = images.iter().zip(&loaded.images).all(named) && stored.item.attributes == loaded.attributes;
        let kept = !self.worker.options.keep_images || self.stored.image_bytes(stored.number, 0)?.is_some();
        Ok(if same && kept { Difference::None } else { Difference::Attributes })
    }
}

/// How an item differs from the stored one.
enum Difference {
    None,
    Attributes,
    Images,
}

fn stored_image(image: LoadedImage, keep: bool) -> ItemImage {
    ItemImage { name: image.name, source: image.source, hash: image.hash, bytes: keep.then_some(image.bytes) }
}

/// Names the image; and the item's row, where the image's own name doesn't.
fn reject_image(item: &str, source: &str, error: &dyn std::error::Error) -> Outcome {
    let origin = if source == item { source.to_owned() } else { format!("{source} (item {item})") };
    Outcome::Rejected(Reject { origin, column: None, reason: error.to_string() })
}
