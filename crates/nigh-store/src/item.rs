//! Items, their images and how a record of one is encoded.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use crate::{ItemError, ReadError, Value};

/// The longest id, in bytes of UTF-8.
pub const MAX_ID_BYTES: usize = 1_024;
/// The most images that one item may have.
pub const MAX_IMAGES: usize = 1_000;

/// The version byte before each record, so that one collection may hold several.
const RECORD_VERSION: u8 = 1;

/// The number that an item got with its first upsert. It keeps it over later upserts; after a
/// deletion the same id gets a new one, so a number never stands for two items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemNumber(pub u64);

impl fmt::Display for ItemNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One item of a catalog.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Item {
    /// What people know it by: not empty, at most [`MAX_ID_BYTES`], unique in its catalog.
    pub id: String,
    /// Its attributes by name. An attribute that is null is left out.
    pub attributes: BTreeMap<String, Value>,
    /// Its images, in the order of its embeddings; at most [`MAX_IMAGES`].
    pub images: Vec<ItemImage>,
}

/// One image of an item.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ItemImage {
    /// Which view of the item it is: "front", or the file's stem.
    pub name: String,
    /// Where it came from: a path, or "file.parquet#row".
    pub source: String,
    /// A hash of the image file's bytes, by which an unchanged image is known.
    pub hash: u128,
    /// The image file's bytes to keep. Absent in what is read back: see
    /// [`CatalogView::image_bytes`](crate::CatalogView::image_bytes).
    pub bytes: Option<Vec<u8>>,
}

/// An item as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// Its number.
    pub number: ItemNumber,
    /// The number of the operation that last wrote it.
    pub sequence: u64,
    /// The item, each attribute as its column's type, images without their bytes.
    pub item: Item,
}

/// What tells whether an item has changed, without reading its embeddings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashes {
    /// The item's number.
    pub number: ItemNumber,
    /// [`Item::attributes_hash`] of the item as it was upserted.
    pub attributes: u128,
    /// [`ItemImage::hash`] of each image, in order.
    pub images: Vec<u128>,
}

impl Item {
    /// A hash of the attributes' names, types and values (XXH3, 128 bits).
    #[must_use]
    pub fn attributes_hash(&self) -> u128 {
        // Writing to memory cannot fail, and none of the types can refuse.
        xxh3_128(&postcard::to_stdvec(&self.attributes).unwrap_or_default())
    }
}

/// An upsert: an item, and the embeddings of its images.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Upsert {
    /// The item.
    pub item: Item,
    /// One row of the collection's dimension per image, row after row. `None` keeps the stored
    /// ones, where the item is stored with as many images.
    pub embeddings: Option<Vec<f32>>,
}

impl Upsert {
    /// Whether a collection of this dimension takes it.
    ///
    /// # Errors
    /// An [`ItemError`] that names the id. [`ItemError::NothingToKeep`] is found only by the
    /// upsert itself.
    pub fn check(&self, dimension: usize) -> Result<(), ItemError> {
        let id = &self.item.id;
        check_id(id)?;
        let images = self.item.images.len();
        if images > MAX_IMAGES {
            return Err(ItemError::TooManyImages {
                id: id.clone(),
                found: images,
                limit: MAX_IMAGES,
            });
        }
        let numbers = self.embeddings.as_ref();
        numbers.map_or(Ok(()), |numbers| self.check_rows(numbers, dimension))
    }

    /// Whether these are embeddings of its images.
    pub(crate) fn check_rows(&self, numbers: &[f32], dimension: usize) -> Result<(), ItemError> {
        let (id, images) = (&self.item.id, self.item.images.len());
        if numbers.len() != images * dimension {
            return Err(ItemError::Dimension {
                id: id.clone(),
                images,
                dimension,
                found: numbers.len(),
            });
        }
        let Some(at) = numbers.iter().position(|number| !number.is_finite()) else {
            return Ok(());
        };
        let (image, position) = (at / dimension, at % dimension);
        Err(ItemError::NotFinite {
            id: id.clone(),
            image,
            position,
            value: numbers[at],
        })
    }
}

fn check_id(id: &str) -> Result<(), ItemError> {
    match id.len() {
        0 => Err(ItemError::EmptyId),
        bytes if bytes > MAX_ID_BYTES => Err(ItemError::LongId {
            start: id.chars().take(40).collect(),
            bytes,
            limit: MAX_ID_BYTES,
        }),
        _ => Ok(()),
    }
}

/// What is written of an item: everything but image bytes and embeddings.
#[derive(Serialize)]
struct RecordRef<'a> {
    id: &'a str,
    sequence: u64,
    attributes: &'a BTreeMap<String, Value>,
    images: Vec<(&'a str, &'a str, u128)>,
}

#[derive(Deserialize)]
struct Record {
    id: String,
    sequence: u64,
    attributes: BTreeMap<String, Value>,
    images: Vec<(String, String, u128)>,
}

/// The record of an item: a version byte, then postcard.
pub(crate) fn encode(item: &Item, sequence: u64) -> Vec<u8> {
    let images = item
        .images
        .iter()
        .map(|image| (&*image.name, &*image.source, image.hash))
        .collect();
    let record = RecordRef {
        id: &item.id,
        sequence,
        attributes: &item.attributes,
        images,
    };
    encode_versioned(&record)
}

/// The item of a record.
pub(crate) fn decode(
    table: &'static str,
    number: ItemNumber,
    bytes: &[u8],
) -> Result<Stored, ReadError> {
    let record: Record = decode_versioned(table, &number, bytes)?;
    let image = |(name, source, hash)| ItemImage {
        name,
        source,
        hash,
        bytes: None,
    };
    let images = record.images.into_iter().map(image).collect();
    let item = Item {
        id: record.id,
        attributes: record.attributes,
        images,
    };
    Ok(Stored {
        number,
        sequence: record.sequence,
        item,
    })
}

pub(crate) fn encode_versioned(record: &impl Serialize) -> Vec<u8> {
    // Writing to memory cannot fail, and none of the records' types can refuse.
    postcard::to_extend(record, vec![RECORD_VERSION]).unwrap_or_default()
}

pub(crate) fn decode_versioned<'a, T: Deserialize<'a>>(
    table: &'static str,
    key: &impl fmt::Display,
    bytes: &'a [u8],
) -> Result<T, ReadError> {
    let undecodable = |reason| ReadError::Undecodable {
        table,
        key: key.to_string(),
        reason,
    };
    match bytes.split_first() {
        Some((&RECORD_VERSION, body)) => {
            postcard::from_bytes(body).map_err(|error| undecodable(error.to_string()))
        }
        Some((version, _)) => Err(undecodable(format!(
            "it has version {version}, and this program reads {RECORD_VERSION}"
        ))),
        None => Err(undecodable("it is empty".to_owned())),
    }
}
