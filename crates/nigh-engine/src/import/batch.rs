//! The items of one chunk, compared with what is stored and taken through the
//! encoder together.

use std::collections::VecDeque;

use nigh_encode::{EncodeError, Picture};
use nigh_store::{CatalogView, Hashes, Item, ItemImage, MAX_IMAGES, ReadError, Upsert};

use super::ImportError;
use super::meter::ImportStage;
use super::worker::{Fault, Loaded, LoadedImage, Outcome, Worker};
use crate::batcher::{BatchError, Ticket};
use crate::source::{RawItem, Reject};

/// Pixels that may wait decoded for a batch of the encoder: large photos are
/// encoded a few at a time, so that memory stays bounded.
const PENDING_PIXELS: usize = 16 << 20;

/// Items of one chunk on their way to the encoder, and what became of the others.
pub(super) struct Batch<'a> {
    worker: Worker<'a>,
    stored: CatalogView,
    pub(super) outcomes: Vec<Outcome>,
    /// Items whose pictures wait or are encoded, in order.
    pending: Vec<Pending>,
    pictures: Vec<Picture>,
    pixels: usize,
    /// Of pictures that are being encoded, in order.
    tickets: Vec<Ticket<Vec<f32>, EncodeError>>,
    /// Of pictures that have been.
    embeddings: VecDeque<Result<Vec<f32>, EncodeError>>,
}

fn lost() -> ImportError {
    ImportError::Worker("the encoder panicked".to_owned())
}

/// An item that takes the next `item.images.len()` embeddings.
struct Pending {
    origin: String,
    item: Item,
    update: bool,
}

impl<'a> Batch<'a> {
    pub(super) fn new(worker: Worker<'a>, stored: CatalogView) -> Self {
        let (outcomes, pending, pictures) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            worker,
            stored,
            outcomes,
            pending,
            pictures,
            pixels: 0,
            tickets: Vec::new(),
            embeddings: VecDeque::new(),
        }
    }

    pub(super) fn finish(mut self) -> Result<Vec<Outcome>, ImportError> {
        self.collect()?;
        for pending in std::mem::take(&mut self.pending) {
            self.release(pending);
        }
        Ok(self.outcomes)
    }

    /// Takes one item as far as it goes before it needs the encoder.
    pub(super) fn take(&mut self, raw: RawItem) -> Result<(), ImportError> {
        if raw.images.len() > MAX_IMAGES {
            let reason = format!(
                "has {} images, an item can have {MAX_IMAGES}",
                raw.images.len()
            );
            self.outcomes.push(Outcome::Rejected(Reject {
                origin: raw.origin,
                column: None,
                reason,
            }));
            return Ok(());
        }
        let mut loaded = self.load(raw);
        let hashes = self.stored.hashes(&loaded.item.id)?;
        if let Some(hashes) = &hashes {
            self.drop_broken(&mut loaded, hashes);
        }
        if loaded.images.is_empty() {
            return Ok(());
        }
        match hashes {
            None => self.decode(loaded, false)?,
            Some(hashes) => match self.difference(&hashes, &loaded)? {
                Difference::None => self.outcomes.push(Outcome::Unchanged),
                Difference::Attributes => self.rewrite(loaded),
                Difference::Images => self.decode(loaded, true)?,
            },
        }
        Ok(())
    }

    /// Reads and hashes an item's images; those that cannot be read are rejects.
    fn load(&mut self, raw: RawItem) -> Loaded {
        let mut images = Vec::with_capacity(raw.images.len());
        for image in raw.images {
            match self
                .worker
                .meter
                .time(ImportStage::Load, 1, || self.worker.load(image))
            {
                Ok(image) => images.push(image),
                Err(fault) => self.reject(&raw.origin, fault),
            }
        }
        let item = Item {
            id: raw.id,
            attributes: raw.attributes,
            images: Vec::new(),
        };
        Loaded {
            origin: raw.origin,
            item,
            images,
        }
    }

    /// Rejects what cannot be decoded among the images that are not stored, so
    /// that an item with a broken picture is compared by its good ones.
    fn drop_broken(&mut self, loaded: &mut Loaded, stored: &Hashes) {
        for image in std::mem::take(&mut loaded.images) {
            let known = stored.images.contains(&image.hash);
            match if known {
                Ok(())
            } else {
                self.worker.decode(&image).map(drop)
            } {
                Ok(()) => loaded.images.push(image),
                Err(fault) => self.reject(&loaded.origin, fault),
            }
        }
    }

    /// The pictures are the stored ones: their embeddings stay.
    fn rewrite(&mut self, loaded: Loaded) {
        let keep = self.worker.options.keep_images;
        let images = loaded
            .images
            .into_iter()
            .map(|image| stored_image(image, keep))
            .collect();
        let item = Item {
            images,
            ..loaded.item
        };
        self.write(
            &loaded.origin,
            Upsert {
                item,
                embeddings: None,
            },
            None,
            0,
            true,
        );
    }

    fn decode(&mut self, loaded: Loaded, update: bool) -> Result<(), ImportError> {
        let Loaded {
            origin,
            mut item,
            images,
        } = loaded;
        for image in images {
            match self.worker.decode(&image) {
                Ok(picture) => {
                    self.wait(picture)?;
                    item.images
                        .push(stored_image(image, self.worker.options.keep_images));
                }
                Err(fault) => self.reject(&origin, fault),
            }
        }
        if !item.images.is_empty() {
            self.pending.push(Pending {
                origin,
                item,
                update,
            });
        }
        Ok(())
    }

    /// Takes a picture; it is encoded while the next ones are decoded.
    fn wait(&mut self, picture: Picture) -> Result<(), ImportError> {
        self.pixels += picture.rgb.len() / 3;
        self.pictures.push(picture);
        if self.pictures.len() >= self.worker.batch_size {
            self.submit()?;
        }
        match self.pixels >= PENDING_PIXELS {
            true => self.collect(),
            false => Ok(()),
        }
    }

    /// Hands the waiting pictures to the encoder.
    fn submit(&mut self) -> Result<(), ImportError> {
        for picture in std::mem::take(&mut self.pictures) {
            let ticket = self.worker.encoder.submit(picture);
            self.tickets.push(ticket.map_err(|_| lost())?);
        }
        Ok(())
    }

    /// Waits until every picture is encoded.
    fn collect(&mut self) -> Result<(), ImportError> {
        self.submit()?;
        for ticket in std::mem::take(&mut self.tickets) {
            match ticket.wait() {
                Err(BatchError::Lost) => return Err(lost()),
                Ok(embedding) => self.embeddings.push_back(Ok(embedding)),
                Err(BatchError::Item(error)) => self.embeddings.push_back(Err(error)),
            }
        }
        self.pixels = 0;
        Ok(())
    }

    fn release(&mut self, pending: Pending) {
        let Pending {
            origin,
            mut item,
            update,
        } = pending;
        let mut rows = Vec::new();
        for image in std::mem::take(&mut item.images) {
            match self.embeddings.pop_front() {
                Some(Ok(embedding)) => {
                    rows.extend(embedding);
                    item.images.push(image);
                }
                Some(Err(error)) => {
                    self.reject(
                        &origin,
                        Fault {
                            source: image.source,
                            reason: error.to_string(),
                        },
                    );
                }
                // Every picture that waits is encoded before its item is released.
                None => return,
            }
        }
        let encoded = item.images.len();
        if encoded > 0 {
            let reducers = self.worker.reducers;
            let other = reducers.other.as_ref();
            let other = other.map(|other| other.apply(rows.clone()));
            let embeddings = Some(reducers.current.apply(rows));
            self.write(&origin, Upsert { item, embeddings }, other, encoded, update);
        }
    }

    /// Lets an item go that the store will take; one that it would refuse is a
    /// reject, so that it fails alone.
    fn write(
        &mut self,
        origin: &str,
        upsert: Upsert,
        other: Option<Vec<f32>>,
        encoded: usize,
        update: bool,
    ) {
        let outcome = match upsert.check(self.worker.reducers.dimension) {
            Ok(()) => Outcome::Write {
                upsert,
                other,
                encoded,
                update,
            },
            Err(error) => Outcome::Rejected(Reject {
                origin: origin.to_owned(),
                column: None,
                reason: error.to_string(),
            }),
        };
        self.outcomes.push(outcome);
    }

    /// Names the row, and the image where it has a name of its own.
    fn reject(&mut self, row: &str, fault: Fault) {
        let alone = fault.source.ends_with(row.trim_start_matches("./"));
        let origin = match alone {
            true => row.to_owned(),
            false => format!("{row}: {}", fault.source),
        };
        self.outcomes.push(Outcome::Rejected(Reject {
            origin,
            column: None,
            reason: fault.reason,
        }));
    }

    fn difference(&self, hashes: &Hashes, loaded: &Loaded) -> Result<Difference, ReadError> {
        if !self.stored.has_embeddings(hashes.number)? {
            // Its pictures could not be read when the embeddings were made anew.
            return Ok(Difference::Images);
        }
        if !hashes
            .images
            .iter()
            .copied()
            .eq(loaded.images.iter().map(|image| image.hash))
        {
            return Ok(Difference::Images);
        }
        if hashes.attributes != loaded.item.attributes_hash() {
            return Ok(Difference::Attributes);
        }
        let Some(stored) = self.stored.get_number(hashes.number)? else {
            return Ok(Difference::Images);
        };
        let named = |(stored, loaded): (&ItemImage, &LoadedImage)| {
            stored.name == loaded.name && stored.source == loaded.source
        };
        let same = stored.item.images.iter().zip(&loaded.images).all(named) && self.kept(hashes)?;
        Ok(if same {
            Difference::None
        } else {
            Difference::Attributes
        })
    }

    /// True where all bytes that should be kept are.
    fn kept(&self, hashes: &Hashes) -> Result<bool, ReadError> {
        if !self.worker.options.keep_images {
            return Ok(true);
        }
        for image in 0..hashes.images.len() {
            if self.stored.image_bytes(hashes.number, image)?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// How an item differs from the stored one.
enum Difference {
    None,
    Attributes,
    Images,
}

fn stored_image(image: LoadedImage, keep: bool) -> ItemImage {
    ItemImage {
        name: image.name,
        source: image.source,
        hash: image.hash,
        bytes: keep.then_some(image.bytes),
    }
}
