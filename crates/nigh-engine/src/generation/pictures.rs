//! The pictures of stored items, read again.

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
    /// The embeddings of an item, or which of its pictures cannot be used and why.
    pub(super) fn encode(&self, item: &Item) -> Result<Vec<f32>, String> {
        let pictures = item.images.iter().map(|image| self.picture(image));
        let pictures = pictures.collect::<Result<Vec<Picture>, String>>()?;
        let mut rows = Vec::new();
        for some in pictures.chunks(self.encoder.batch_size().max(1)) {
            rows.extend(
                self.encoder
                    .encode(some)
                    .map_err(|error| error.to_string())?,
            );
        }
        Ok(self.reducer.apply(rows))
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
