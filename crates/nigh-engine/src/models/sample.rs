use std::collections::BinaryHeap;
use std::ops::ControlFlow;

use nigh_encode::{DecodeLimits, Picture, decode};
use nigh_store::Value;
use rayon::prelude::*;
use thiserror::Error;

use crate::Catalog;
use crate::catalog::SearchError;
use crate::load::read_image_file;
use crate::source::{ImageContent, Plan, Row};

/// Pictures of different items, drawn at random.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// One picture of each item.
    pub pictures: Vec<Picture>,
    /// The items' values of the attribute that makes two of them alike.
    pub labels: Vec<Option<String>>,
    /// A sentence for each picture that could not be used.
    pub rejected: Vec<String>,
}

/// What is drawn.
#[derive(Clone, Debug)]
pub struct SampleOptions {
    /// Items, or all where there are fewer.
    pub count: usize,
    /// Another seed draws others.
    pub seed: u64,
    /// The attribute that labels come from.
    pub label: Option<String>,
    /// What is refused before it is decoded.
    pub limits: DecodeLimits,
}

/// Why there is no sample.
#[derive(Debug, Error)]
pub enum SampleError {
    /// The collection cannot be read.
    #[error(transparent)]
    Catalog(#[from] SearchError),
    /// No picture could be used.
    #[error("no picture could be used{}", first.as_ref().map_or(String::new(), |first| format!(": {first}")))]
    Empty {
        /// What was wrong with the first.
        first: Option<String>,
    },
    /// No item has the label.
    #[error("no item has a value for {label:?}")]
    NoLabels {
        /// The attribute.
        label: String,
    },
}

/// An item on its way into the sample; ordered by its place in the draw.
struct Drawn {
    place: u64,
    origin: String,
    content: Result<ImageContent, String>,
    label: Option<String>,
}

impl PartialEq for Drawn {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Drawn {}

impl PartialOrd for Drawn {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Drawn {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.place, &self.origin).cmp(&(other.place, &other.origin))
    }
}

impl Sample {
    /// Draws from a source: the items with the smallest hash of seed and id, whatever their order.
    pub fn of_source(plan: &Plan, options: &SampleOptions) -> Result<Sample, SampleError> {
        let mut drawn: BinaryHeap<Drawn> = BinaryHeap::new();
        let mut rejected = Vec::new();
        plan.read(|row| {
            match row {
                Row::Rejected(reject) => {
                    rejected.push(format!("{}: {}", reject.origin, reject.reason));
                }
                Row::Item(mut item) => {
                    let place = place(options.seed, &item.id);
                    let wanted = drawn.len() < options.count
                        || drawn.peek().is_some_and(|last| place < last.place);
                    if wanted && let Some(image) = item.images.drain(..).next() {
                        let label = options.label.as_ref();
                        let label = label.and_then(|name| item.attributes.get(name));
                        drawn.push(Drawn {
                            place,
                            origin: image.source,
                            content: Ok(image.content),
                            label: label.map(Value::to_string),
                        });
                    }
                    if drawn.len() > options.count {
                        drawn.pop();
                    }
                }
            }
            ControlFlow::Continue(())
        });
        decoded(drawn.into_sorted_vec(), rejected, options)
    }

    /// Draws from a collection, reading its pictures again from where they came from.
    pub fn of_catalog(catalog: &Catalog, options: &SampleOptions) -> Result<Sample, SampleError> {
        let mut places: Vec<(u64, String)> = catalog
            .ids()
            .map(|id| (place(options.seed, id), id.to_owned()))
            .collect();
        places.sort_unstable();
        places.truncate(options.count);
        let draw = |(place, id): (u64, String)| -> Result<Drawn, SampleError> {
            let item = catalog.get(&id)?;
            let image = item.images.first();
            let bytes = image.and_then(|(name, _)| catalog.image_bytes(&id, name));
            let label = options.label.as_ref();
            let label = label.and_then(|name| item.attributes.get(name));
            Ok(Drawn {
                place,
                origin: image.map_or(id, |(_, source)| source.clone()),
                content: bytes
                    .map(ImageContent::Bytes)
                    .ok_or_else(|| "is not there any more, or is another picture now".to_owned()),
                label: label.map(Value::to_string),
            })
        };
        let drawn = places.into_iter().map(draw).collect::<Result<_, _>>()?;
        decoded(drawn, Vec::new(), options)
    }
}

fn place(seed: u64, id: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(id.as_bytes(), seed)
}

fn decoded(
    drawn: Vec<Drawn>,
    rejected: Vec<String>,
    options: &SampleOptions,
) -> Result<Sample, SampleError> {
    let mut sample = Sample {
        rejected,
        ..Sample::default()
    };
    let mut bytes = 0;
    let mut left = drawn.into_iter();
    while bytes < MOST_BYTES {
        let block: Vec<Drawn> = left.by_ref().take(BLOCK).collect();
        if block.is_empty() {
            break;
        }
        for (origin, picture, label) in pictures(block, &options.limits) {
            match picture {
                Ok(picture) => {
                    bytes += picture.rgb.len();
                    sample.pictures.push(picture);
                    sample.labels.push(label);
                }
                Err(reason) => sample.rejected.push(format!("{origin}: {reason}")),
            }
        }
    }
    let too_many = left.count();
    if too_many > 0 {
        sample.rejected.push(format!(
            "{too_many} more pictures: the first {} take a gigabyte decoded",
            sample.pictures.len()
        ));
    }
    if sample.pictures.is_empty() {
        let first = sample.rejected.into_iter().next();
        return Err(SampleError::Empty { first });
    }
    match &options.label {
        Some(label) if sample.labels.iter().all(Option::is_none) => Err(SampleError::NoLabels {
            label: label.clone(),
        }),
        _ => Ok(sample),
    }
}

/// Pictures that are decoded at one time, and bytes of pixels that a sample may hold.
const BLOCK: usize = 32;
const MOST_BYTES: usize = 1 << 30;

type Decoded = (String, Result<Picture, String>, Option<String>);

fn pictures(drawn: Vec<Drawn>, limits: &DecodeLimits) -> Vec<Decoded> {
    let decode = |drawn: Drawn| {
        let picture = drawn.content.and_then(|content| picture(content, limits));
        (drawn.origin, picture, drawn.label)
    };
    drawn.into_par_iter().map(decode).collect()
}

fn picture(content: ImageContent, limits: &DecodeLimits) -> Result<Picture, String> {
    let bytes = match content {
        ImageContent::Bytes(bytes) => bytes,
        ImageContent::Path(path) => read_image_file(&path, limits)?,
    };
    decode(&bytes, limits).map_err(|error| error.to_string())
}
