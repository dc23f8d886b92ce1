//! Choosing how a catalog is searched, by measurement on its own items.

use std::collections::HashMap;
use std::path::Path;

use nigh_index::is_held_out;
use nigh_store::CatalogStore;
use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{Catalog, RebuildError};
use crate::eval::EvalQuery;
use crate::label::{image, label, place};
use crate::publish::NewView;
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
    /// None of the pictures given can be asked.
    #[error("none of the pictures given can be a query")]
    NoQueries,
    /// Another view was published meanwhile.
    #[error("the collection changed while it was measured: tune it again")]
    Changed,
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
/// on, and every view that is published later is measured for it before it is searched. Without `queries` a sample of the
/// catalog's own items is asked, each left out of its own answer.
///
/// Where the goal calls for shorter or longer codes than the index has, for a limit of memory, another index is built and measured; it takes
/// the place of this one if it reaches the goal.
///
/// # Errors
/// See [`CatalogTuneError`]. That no setting reaches the goal is none: [`CatalogTuned::chosen`] is empty then, and nothing is
/// changed.
pub fn tune_catalog(
    catalog: Catalog,
    queries: Option<&[EvalQuery]>,
    options: &TuneOptions,
    watch: &Watch<'_>,
) -> Result<CatalogTuned, CatalogTuneError> {
    let view = catalog.view.as_ref().ok_or(CatalogTuneError::Empty)?;
    let dir = catalog.dir().to_owned();
    if !fits(view, &options.goal)? {
        drop(catalog);
        return tune_rebuilt(&dir, queries, options, watch);
    }
    let tuned = measured(view, queries, options, watch)?;
    if tuned.chosen().is_some() {
        if View::current_folder(&dir, catalog.generation.number)?.as_deref() != Some(view.folder())
        {
            return Err(CatalogTuneError::Changed);
        }
        tuned.keep(view.folder())?;
        options.goal.keep(&dir)?;
    }
    Ok(tuned)
}

/// Tunes an index that is built for the goal first.
fn tune_rebuilt(
    dir: &Path,
    queries: Option<&[EvalQuery]>,
    options: &TuneOptions,
    watch: &Watch<'_>,
) -> Result<CatalogTuned, CatalogTuneError> {
    let rebuild = |error: RebuildError| CatalogTuneError::Rebuild(Box::new(error));
    let store = CatalogStore::open_writer(dir).map_err(|error| rebuild(error.into()))?;
    let stored = store.view().map_err(|error| rebuild(error.into()))?;
    let built = NewView::build(dir, &store, &stored, Some(&options.goal));
    let built = built.map_err(|error| rebuild(error.into()))?;
    let view = View::open_folder(built.folder())?;
    let tuned = measured(&view, queries, options, watch)?;
    if tuned.chosen().is_some() {
        tuned.keep(built.folder())?;
        options.goal.keep(dir)?;
        built
            .make_current()
            .map_err(|error| rebuild(error.into()))?;
    }
    Ok(tuned)
}

fn measured(
    view: &View,
    queries: Option<&[EvalQuery]>,
    options: &TuneOptions,
    watch: &Watch<'_>,
) -> Result<CatalogTuned, CatalogTuneError> {
    let asked = match queries {
        None => own_queries(view, options.sample, options.seed)?,
        Some([]) => return Err(CatalogTuneError::NoQueries),
        Some(given) => given_queries(view, given)?,
    };
    tune_view(view, &options.goal, &asked, options.threads, watch)
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
    // Where there is one list, nothing was trained.
    let trained = view.segment.lists() > 1;
    let positions = sampled(view.len() as u32, count, seed, trained);
    let wanted: HashMap<u32, usize> = positions.iter().copied().zip(0..).collect();
    let dim = view.segment.dim();
    let mut values = vec![0.0; positions.len() * dim];
    for (row, &found) in view.segment.labels().iter().enumerate() {
        if let (0, Some(&at)) = (image(found), wanted.get(&place(found))) {
            values[at * dim..][..dim].copy_from_slice(&view.segment.row(row));
        }
    }
    let own = positions.iter().map(|&position| labels_of(view, position));
    let own = own.collect::<Result<Vec<_>, _>>()?;
    Ok(Queries::from_rows(view.folder(), dim, values, own))
}

/// Items that the index was not trained on, if it was `trained`: those below `len` with the least hashes, in the order of these, so
/// that any part of a sample is a sample too.
fn sampled(len: u32, count: usize, seed: u64, trained: bool) -> Vec<u32> {
    let hash = |position: u32| xxh3_64_with_seed(&position.to_le_bytes(), seed);
    let unseen = (0..len).filter(|&position| !trained || is_held_out(label(position, 0)));
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

/// Whether the index is coded as the goal calls for.
fn fits(view: &View, goal: &TuningGoal) -> Result<bool, CatalogTuneError> {
    let allowed = goal.memory_bytes.unwrap_or(u64::MAX);
    let rows = view.segment.len() as u64;
    let too_small = |needed| CatalogTuneError::Memory {
        allowed,
        images: view.segment.len(),
        needed,
        exact: view.segment.bytes(),
    };
    let Some(codes) = view.segment.codes() else {
        let needed = view.segment.bytes();
        return match needed <= allowed {
            true => Ok(true),
            false => Err(too_small(needed)),
        };
    };
    let bits = refine_bits_within(allowed, rows, &codes);
    let bits = bits.ok_or_else(|| too_small(bytes_with(rows, &codes, 2)))?;
    Ok(bits == codes.refine_bits)
}
