//! The pictures of stored items, read again.

use std::ops::Range;
use std::path::{Path, PathBuf};

use nigh_encode::{DecodeLimits, Encoder, Picture};
use nigh_store::{CatalogView, Item, ItemNumber, ReadError};

use crate::load::read_image_file;
use crate::reduction::Reducer;
use crate::source::read_image;

/// Where pictures are looked for, and what makes embeddings of them.
pub(super) struct Pictures<'a> {
    pub(super) encoder: &'a Encoder,
    pub(super) reducer: &'a Reducer,
    /// Looked into for a picture that is not where it was imported from, by its file's name.
    pub(super) folder: Option<&'a Path>,
    pub(super) limits: &'a DecodeLimits,
}

/// Items on their way to the encoder, by their places among the results.
#[derive(Default)]
struct Batch {
    pictures: Vec<Picture>,
    /// Which of the pictures are an item's.
    items: Vec<(usize, Range<usize>)>,
}

impl Batch {
    fn push(&mut self, place: usize, pictures: Vec<Picture>) {
        let from = self.pictures.len();
        self.pictures.extend(pictures);
        self.items.push((place, from..self.pictures.len()));
    }
}

/// An item to make embeddings for.
pub(super) struct Work {
    pub(super) number: ItemNumber,
    pub(super) sequence: u64,
    pub(super) item: Item,
}

impl Work {
    /// The item of a number, with the bytes of the pictures that the collection keeps.
    pub(super) fn read(view: &CatalogView, stored: nigh_store::Stored) -> Result<Work, ReadError> {
        let nigh_store::Stored {
            number,
            sequence,
            mut item,
        } = stored;
        for (at, image) in item.images.iter_mut().enumerate() {
            image.bytes = view.image_bytes(number, at)?;
        }
        Ok(Work {
            number,
            sequence,
            item,
        })
    }
}

impl Pictures<'_> {
    /// The embeddings of each item, or which of its pictures cannot be used and why. As many items as fill a batch of the encoder
    /// are encoded together.
    pub(super) fn encode<'w>(
        &self,
        work: impl Iterator<Item = &'w Work>,
    ) -> Vec<Result<Vec<f32>, String>> {
        let (mut results, mut batch) = (Vec::new(), Batch::default());
        for work in work {
            let pictures = work.item.images.iter().map(|image| self.picture(image));
            match pictures.collect::<Result<Vec<Picture>, String>>() {
                Ok(pictures) => {
                    batch.push(results.len(), pictures);
                    results.push(Ok(Vec::new()));
                }
                Err(reason) => results.push(Err(reason)),
            }
            if batch.pictures.len() >= self.encoder.batch_size() {
                self.finish(std::mem::take(&mut batch), &mut results);
            }
        }
        self.finish(batch, &mut results);
        results
    }

    /// Encodes what was gathered. Where that fails each item is encoded alone.
    fn finish(&self, batch: Batch, results: &mut [Result<Vec<f32>, String>]) {
        let dimension = self.encoder.dimension();
        let (pictures, items) = (&batch.pictures, &batch.items);
        if let Ok(rows) = self.rows(pictures) {
            for (place, range) in items {
                let rows = &rows[range.start * dimension..range.end * dimension];
                results[*place] = Ok(self.reducer.apply(rows.to_vec()));
            }
            return;
        }
        for (place, range) in items {
            let rows = self.rows(&pictures[range.clone()]);
            results[*place] = rows.map(|rows| self.reducer.apply(rows));
        }
    }

    fn rows(&self, pictures: &[Picture]) -> Result<Vec<f32>, String> {
        let rows = self.encoder.encode(pictures);
        rows.map_err(|error| error.to_string())
    }

    fn picture(&self, image: &nigh_store::ItemImage) -> Result<Picture, String> {
        let kept = image.bytes.clone();
        let bytes = kept
            .or_else(|| read_image(&image.source, image.hash))
            .or_else(|| self.elsewhere(image));
        let bytes = bytes.ok_or_else(|| {
            let source = &image.source;
            format!("{source}: the picture that was imported from there is not there any more")
        })?;
        nigh_encode::decode(&bytes, self.limits)
            .map_err(|error| format!("{}: {error}", image.source))
    }

    /// The same picture in the folder that was named.
    fn elsewhere(&self, image: &nigh_store::ItemImage) -> Option<Vec<u8>> {
        let source = PathBuf::from(&image.source);
        let path = self.folder?.join(source.file_name()?);
        let bytes = read_image_file(&path, self.limits).ok()?;
        (xxhash_rust::xxh3::xxh3_128(&bytes) == image.hash).then_some(bytes)
    }
}
