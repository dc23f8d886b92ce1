//! Choosing how a catalog is searched, by measurement on its own items.

use std::collections::HashMap;

use nigh_index::is_held_out;
use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{Catalog, OpenCatalogError, RebuildError, rebuild_view};
use crate::eval::EvalQuery;
use crate::label::{image, label, place};
use crate::tuning::{CatalogTuned, TuningFileError, TuningGoal, bytes_with, refine_bits_within};
use crate::vectors::{Family, Queries, TuneError, Watch, tune, tuning_options};
use crate::view::{View, ViewError};

/// What is tuned for, and with which queries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TuneOptions {
    /// What searches should reach.
    pub goal: TuningGoal,
    /// Items of the catalog that are asked for their neighbours, themselves left out, where no queries are given: at most the one in
    /// sixteen that its centroids were not trained on.
    pub sample: usize,
    /// Which ones.
    pub seed: u64,
    /// Threads that one query may use.
    pub threads: usize,
}

/// Why a catalog was not tuned.
#[derive(Debug, Error)]
pub enum CatalogTuneError {
    /// Nothing is published.
    #[error("the collection holds nothing to tune with: import something first")]
    Empty,
    /// The memory does not hold the index however it is coded.
    #[error(
        "{allowed} bytes of memory are too few for {images} images: the smallest index needs {needed}, the one that misses nothing {exact}"
    )]
    Memory {
        /// What was allowed.
        allowed: u64,
        /// Images in the view.
        images: usize,
        /// What two refining bits need.
        needed: u64,
        /// What the exact search needs.
        exact: u64,
    },
    /// The catalog cannot be opened again.
    #[error(transparent)]
    Open(#[from] OpenCatalogError),
    /// The index could not be built for the memory.
    #[error("the index could not be built for the memory: {0}")]
    Rebuild(#[from] Box<RebuildError>),
    /// The view cannot be read.
    #[error(transparent)]
    View(#[from] ViewError),
    /// The measurement failed.
    #[error(transparent)]
    Measure(#[from] TuneError),
    /// The goal or the points cannot be kept.
    #[error(transparent)]
    Keep(#[from] TuningFileError),
}

/// Measures the settings of the published index and keeps them and the goal: searches use the best setting for it from then
/// on, and every view that is published later is measured for it before it is searched. Where `queries` are empty a sample of the
/// catalog's own items is asked, each left out of its own answer.
///
/// Where a limit of memory calls for shorter codes than the index has, it is built again first.
///
/// # Errors
/// See [`CatalogTuneError`]. That no setting reaches the goal is none: [`CatalogTuned::chosen`] is empty then, and nothing is kept.
pub fn tune_catalog(
    catalog: Catalog,
    queries: &[EvalQuery],
    options: &TuneOptions,
    watch: &Watch<'_>,
) -> Result<CatalogTuned, CatalogTuneError> {
    let catalog = fitted(catalog, &options.goal)?;
    let view = catalog.view.as_ref().ok_or(CatalogTuneError::Empty)?;
    let asked = match queries {
        [] => own_queries(view, options.sample, options.seed)?,
        given => given_queries(view, given)?,
    };
    let tuned = tune_view(view, &options.goal, &asked, options.threads, watch)?;
    if tuned.chosen().is_some() {
        tuned.keep(view.folder())?;
        options.goal.keep(catalog.dir())?;
    }
    Ok(tuned)
}

/// What the settings of one view reach.
pub(crate) fn tune_view(
    view: &View,
    goal: &TuningGoal,
    queries: &Queries,
    threads: usize,
    watch: &Watch<'_>,
) -> Result<CatalogTuned, CatalogTuneError> {
    let options = tuning_options(threads);
    let families = Family::some_of(&view.segment);
    Ok(CatalogTuned {
        asked: *goal,
        tuned: tune(&view.segment, queries, &families, &options, watch)?,
    })
}

/// Some of a view's items as queries, with the first image of each; the same ones for the same seed.
pub(crate) fn own_queries(
    view: &View,
    count: usize,
    seed: u64,
) -> Result<Queries, CatalogTuneError> {
    let positions = sampled(view.len() as u32, count, seed);
    let wanted: HashMap<u32, usize> = positions.iter().copied().zip(0..).collect();
    let dim = view.segment.dim();
    let mut values = vec![0.0; positions.len() * dim];
    for (row, &found) in view.segment.labels().iter().enumerate() {
        if let (0, Some(&at)) = (image(found), wanted.get(&place(found))) {
            values[at * dim..][..dim].copy_from_slice(view.segment.row(row));
        }
    }
    let own = positions.iter().map(|&position| labels_of(view, position));
    let own = own.collect::<Result<Vec<_>, _>>()?;
    Ok(Queries::from_rows(view.folder(), dim, values, own))
}

/// Items that the index was not trained on, those below `len` with the least hashes, in the order of these: any part of a
/// sample is a sample too.
fn sampled(len: u32, count: usize, seed: u64) -> Vec<u32> {
    let hash = |position: u32| xxh3_64_with_seed(&position.to_le_bytes(), seed);
    let unseen = (0..len).filter(|&position| is_held_out(label(position, 0)));
    let mut hashed: Vec<(u64, u32)> = unseen.map(|at| (hash(at), at)).collect();
    hashed.sort_unstable();
    hashed.truncate(count);
    hashed.into_iter().map(|(_, position)| position).collect()
}

/// Images from outside as queries; one whose id is in the view is left out of its own answer.
fn given_queries(view: &View, given: &[EvalQuery]) -> Result<Queries, CatalogTuneError> {
    let dim = view.segment.dim();
    let (mut values, mut own) = (Vec::new(), Vec::new());
    for query in given {
        let position = view.items.position_of_id(&query.id);
        let labels = position.map_or(Ok(Vec::new()), |position| labels_of(view, position))?;
        for image in query.embeddings.chunks_exact(dim) {
            values.extend_from_slice(image);
            own.push(labels.clone());
        }
    }
    Ok(Queries::from_rows(view.folder(), dim, values, own))
}

/// The labels of an item's images.
fn labels_of(view: &View, position: u32) -> Result<Vec<u64>, CatalogTuneError> {
    let images = view.items.images(position)?.len();
    Ok((0..images).map(|image| label(position, image)).collect())
}

/// The catalog with an index that fits the memory asked for.
fn fitted(catalog: Catalog, goal: &TuningGoal) -> Result<Catalog, CatalogTuneError> {
    let view = catalog.view.as_ref().ok_or(CatalogTuneError::Empty)?;
    let Some(allowed) = goal.memory_bytes else {
        return Ok(catalog);
    };
    let rows = view.segment.len() as u64;
    let too_small = |needed| CatalogTuneError::Memory {
        allowed,
        images: view.segment.len(),
        needed,
        exact: view.segment.bytes(),
    };
    let Some(codes) = view.segment.codes() else {
        let needed = view.segment.bytes();
        return if needed <= allowed {
            Ok(catalog)
        } else {
            Err(too_small(needed))
        };
    };
    let bits = refine_bits_within(allowed, rows, &codes);
    let bits = bits.ok_or_else(|| too_small(bytes_with(rows, &codes, 2)))?;
    if bits == codes.refine_bits {
        return Ok(catalog);
    }
    rebuilt(catalog, goal)
}

/// The catalog with its index built again for the goal.
fn rebuilt(catalog: Catalog, goal: &TuningGoal) -> Result<Catalog, CatalogTuneError> {
    let dir = catalog.dir().to_owned();
    goal.keep(&dir)?;
    drop(catalog);
    rebuild_view(&dir).map_err(Box::new)?;
    Ok(Catalog::open(&dir)?)
}
