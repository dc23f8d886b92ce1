//! Shorter or narrower embeddings, made of those that are there.

use std::path::Path;
use std::time::Instant;

use nigh_index::{Reduction, ReductionMethod, SecondMoments};
use nigh_store::{CatalogStore, CatalogView, Durability, Generation, ItemNumber, Precision};
use serde::Serialize;

use super::{EmbeddingsError, make_room, remove_other};
use crate::encoder::EncoderRecord;
use crate::paired::Paired;
use crate::publish::{PublishError, publish_other};
use crate::reduction::{FOLDER, Reducer, ReductionRecord};
use crate::vectors::Watch;

/// What is to become of the embeddings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeriveOptions {
    /// How they are made shorter, and how many numbers each is to have.
    pub reduction: Option<(ReductionMethod, usize)>,
    /// How they are to be kept; as they are where absent.
    pub precision: Option<Precision>,
    /// The seed of a random rotation.
    pub seed: u64,
}

/// What became of the embeddings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Derived {
    /// Items that have embeddings.
    pub items: u64,
    /// Their images.
    pub images: u64,
    /// The encoder's fingerprint in words, and how its embeddings are reduced.
    pub encoder: String,
    /// Numbers of an embedding before and now.
    pub dimension: [usize; 2],
    /// How they were kept and are.
    pub precision: [Precision; 2],
    /// Bytes of an image's embedding in the store before and now.
    pub bytes_per_image: [usize; 2],
    /// The generation's number.
    pub generation: u64,
    /// Wall-clock time, publishing included.
    pub seconds: f64,
}

/// Bytes of embeddings written in one commit.
const BATCH_BYTES: usize = 16 << 20;

/// Makes the embeddings of the collection at `dir` shorter or narrower, and searches these from then on; the old ones are kept.
/// Reads them one by one, twice where a reduction is fitted on them, in memory that does not grow with their number. Nobody else
/// can write meanwhile; searches go on with what is published.
///
/// # Errors
/// See [`EmbeddingsError`].
pub fn derive(
    dir: &Path,
    options: &DeriveOptions,
    watch: &Watch<'_>,
) -> Result<Derived, EmbeddingsError> {
    let started = Instant::now();
    let mut store = CatalogStore::open_writer(dir)?;
    let before = store.header().current();
    let precision = options.precision.unwrap_or(before.precision);
    check(options, &before, precision)?;
    make_room(dir, &mut store)?;
    let stored = store.view()?;
    if stored.is_empty()? {
        return Err(EmbeddingsError::Empty);
    }
    let reduction = fitted(options, &stored, before.dimension, watch)?;
    let record = EncoderRecord::of(store.header())?;
    let now = generation(dir, &record, &before, reduction.as_ref(), precision)?;
    let encoder = EncoderRecord::of_value(&now.fingerprint)?.to_string();
    let dimension = now.dimension;
    let number = store.prepare(now)?;
    let written = write(&store, &stored, reduction.as_ref(), watch);
    drop(stored);
    let written = written.and_then(|counts| {
        publish_other(dir, &store, &store.view()?)?;
        Ok(counts)
    });
    let (items, images) = match written {
        Ok(counts) => counts,
        Err(error) => {
            // It is begun anew the next time; what cannot be removed now is removed then.
            let _ = remove_other(dir, &mut store);
            return Err(error);
        }
    };
    store.exchange()?;
    Ok(Derived {
        items,
        images,
        encoder,
        dimension: [before.dimension, dimension],
        precision: [before.precision, precision],
        bytes_per_image: [
            before.precision.row_bytes(before.dimension),
            precision.row_bytes(dimension),
        ],
        generation: number,
        seconds: started.elapsed().as_secs_f64(),
    })
}

fn check(
    options: &DeriveOptions,
    before: &Generation,
    precision: Precision,
) -> Result<(), EmbeddingsError> {
    let dimension = before.dimension;
    match options.reduction {
        Some((_, asked)) if !(1..dimension).contains(&asked) => {
            Err(EmbeddingsError::Dimensions { dimension, asked })
        }
        None if precision == before.precision => Err(EmbeddingsError::Nothing {
            dimension,
            precision,
        }),
        _ if precision.is_wider_than(before.precision) => Err(EmbeddingsError::Wider {
            stored: before.precision,
            asked: precision,
        }),
        _ => Ok(()),
    }
}

/// The reduction of the embeddings that are stored.
fn fitted(
    options: &DeriveOptions,
    stored: &CatalogView,
    dimension: usize,
    watch: &Watch<'_>,
) -> Result<Option<Reduction>, EmbeddingsError> {
    let Some((method, to)) = options.reduction else {
        return Ok(None);
    };
    Ok(Some(match method {
        ReductionMethod::Truncate => Reduction::truncated(dimension, to),
        ReductionMethod::Random => Reduction::random(dimension, to, options.seed),
        ReductionMethod::Pca => {
            let mut moments = SecondMoments::new(dimension);
            for pair in Paired::of(stored)? {
                let (item, rows) = pair?;
                for row in rows.chunks_exact(dimension) {
                    moments
                        .push(row)
                        .map_err(|source| EmbeddingsError::Vector {
                            id: item.item.id.clone(),
                            source,
                        })?;
                }
                watch.advance(1)?;
            }
            Reduction::principal(&moments.axes(), to)
        }
    }))
}

/// The generation that is to be, its matrix written down.
fn generation(
    dir: &Path,
    record: &EncoderRecord,
    before: &Generation,
    reduction: Option<&Reduction>,
    precision: Precision,
) -> Result<Generation, EmbeddingsError> {
    let Some(reduction) = reduction else {
        return Ok(Generation {
            precision,
            ..before.clone()
        });
    };
    // From the encoder's embeddings on.
    let whole = match Reducer::of(dir, record)?.reduction() {
        None => reduction.clone(),
        Some(first) => reduction
            .after(first)
            .map_err(|source| EmbeddingsError::Vector {
                id: String::new(),
                source,
            })?,
    };
    let reduced = ReductionRecord::of(&whole);
    let path = dir.join(reduced.file());
    let folder = dir.join(FOLDER);
    std::fs::create_dir_all(&folder).map_err(|source| PublishError::Write {
        path: folder.clone(),
        source,
    })?;
    whole
        .write(&path)
        .map_err(|source| EmbeddingsError::Matrix {
            path: path.clone(),
            source,
        })?;
    let files = vec![reduced.file()];
    let record = EncoderRecord {
        reduction: Some(reduced),
        ..record.clone()
    };
    Ok(Generation {
        number: 0,
        dimension: whole.to(),
        precision,
        fingerprint: serde_json::to_value(&record)?,
        files,
    })
}

/// Writes the new embeddings of all items; how many items and images.
fn write(
    store: &CatalogStore,
    stored: &CatalogView,
    reduction: Option<&Reduction>,
    watch: &Watch<'_>,
) -> Result<(u64, u64), EmbeddingsError> {
    let (mut items, mut images, mut bytes) = (0, 0, 0);
    let mut batch: Vec<(ItemNumber, u64, Vec<f32>)> = Vec::new();
    for pair in Paired::of(stored)? {
        let (item, rows) = pair?;
        let rows = match reduction {
            Some(reduction) => reduction.apply(&rows),
            None => rows,
        };
        items += 1;
        images += item.item.images.len() as u64;
        bytes += size_of_val(rows.as_slice());
        batch.push((item.number, item.sequence, rows));
        if bytes >= BATCH_BYTES {
            store.put_other_embeddings(&batch, Durability::Deferred)?;
            batch.clear();
            bytes = 0;
        }
        watch.advance(1)?;
    }
    store.put_other_embeddings(&batch, Durability::Synced)?;
    Ok((items, images))
}
