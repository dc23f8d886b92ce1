//! A catalog that is open for reading: the published view, the tail of what is
//! newer, and the store behind them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nigh_index::{Allowed, Segment};
use nigh_store::{
    CatalogStore, CatalogView, Generation, Header, Other, Precision, ReadError, Schema, Value,
};
use thiserror::Error;

pub use self::budget::StageCost;
use self::budget::StageCosts;
pub use self::check::{Checked, RunningRecall, ShapeRecall};
pub(crate) use self::examine::examine;
pub use self::info::{CatalogInfo, ColumnInfo, OtherInfo};
pub use self::live::{LiveCatalog, LiveError, NewItem, NewPicture, Outcome, Prepared, Write};
pub(crate) use self::refine::set_of;
pub use self::refine::{FacetValue, OrderBy, Refined, Refinement};
pub use self::search::{Hit, Method, SearchError, SearchOptions, SearchReply};
pub use self::tune::{CatalogTuneError, TuneOptions, tune_catalog};
pub(crate) use self::tune::{own_queries, tune_view};
pub use self::why_not::WhyNot;
use crate::encoder::{EncoderError, EncoderRecord};
use crate::eval::EvalQuery;
use crate::filter::{Filter, FilterError};
use crate::label::place;
use crate::pipeline::{Pipeline, PipelineError};
use crate::publish::{PublishError, publish};
use crate::reduction::{Reducer, ReductionError};
use crate::tail::{Tail, TailError};
use crate::tuning::{CatalogTuned, TuningFileError, TuningGoal, read};
use crate::view::View;

mod budget;
mod candidates;
mod check;
mod exact;
mod examine;
mod info;
mod items;
mod live;
mod neighbors;
mod rank;
mod refine;
mod search;
mod tune;
mod why_not;

/// An open catalog. Reads only; many threads may share one.
#[derive(Debug)]
pub struct Catalog {
    dir: PathBuf,
    encoder: EncoderRecord,
    /// From the encoder's embeddings to the collection's.
    reducer: Reducer,
    schema: Schema,
    dimension: usize,
    generation: Generation,
    other: Option<Other>,
    created: String,
    /// None while another process writes: the view alone is searched then.
    store: Option<OpenStore>,
    view: Option<View>,
    tail: Tail,
    /// The view's rows that were neither replaced nor deleted since; None = all.
    current_rows: Option<Allowed>,
    /// The view's positions that were replaced or deleted since.
    stale: BTreeSet<u32>,
    /// What searches of the view reach, if it was measured.
    tuned: Option<CatalogTuned>,
    /// How searches run that say nothing else.
    pipeline: Option<Pipeline>,
    /// What their stages cost here.
    costs: Arc<StageCosts>,
    notes: Vec<String>,
}

/// A store that stays open for its consistent view.
#[derive(Debug)]
struct OpenStore {
    view: CatalogView,
    /// Where nobody else has it open.
    _open: Option<CatalogStore>,
}

/// A store as it is when a catalog is opened.
struct Opened {
    header: Header,
    stored: CatalogView,
    /// The store, where the catalog is to keep it open.
    store: Option<CatalogStore>,
}

impl Opened {
    fn of(store: CatalogStore) -> Result<Self, ReadError> {
        Ok(Self {
            header: store.header().clone(),
            stored: store.view()?,
            store: Some(store),
        })
    }
}

/// Why a catalog cannot be opened.
#[derive(Debug, Error)]
pub enum OpenCatalogError {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] nigh_store::OpenError),
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The header names no encoder.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// The tail cannot be read.
    #[error(transparent)]
    Tail(#[from] TailError),
    /// The matrix that queries are reduced by cannot be read.
    #[error(transparent)]
    Reduction(#[from] ReductionError),
    /// Another process writes, and nothing was published that could be searched meanwhile.
    #[error("{held}; nothing of it was published for searching yet: try again when it has ended")]
    NothingPublished {
        /// Who holds it.
        held: String,
    },
}

/// An item as a person asks for it.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemSummary {
    /// The id.
    pub id: String,
    /// The attributes that are not null.
    pub attributes: BTreeMap<String, Value>,
    /// What its images are called, and where they came from.
    pub images: Vec<(String, String)>,
}

/// Above this many items newer than the view, and a quarter of the view, a new
/// view is built before searching: the tail is scanned for every query.
const LARGE_TAIL: usize = 10_000;

impl Catalog {
    /// Opens the catalog at `dir` for reading.
    ///
    /// A view that is missing, torn or far behind is built again from the store
    /// first, if this process may write there; if not, what is newer than the
    /// view is searched from memory, and [`Catalog::notes`] says so.
    pub fn open(dir: &Path) -> Result<Self, OpenCatalogError> {
        let store = match CatalogStore::open_reader(dir) {
            Ok(store) => store,
            Err(held @ nigh_store::OpenError::HeldByWriter { .. }) => {
                return Self::open_published(dir, &held);
            }
            Err(error) => return Err(error.into()),
        };
        let mut notes = Vec::new();
        let stored = store.view()?;
        let view = usable_view(&store, &stored, &mut notes);
        let changed = changed_since(&stored, view.as_ref())?;
        let most = view
            .as_ref()
            .map_or(0, |view| LARGE_TAIL.max(view.len() / 4));
        if changed.len() <= most {
            return Self::assemble(dir, Opened::of(store)?, view, &changed, notes);
        }
        drop((stored, store, view));
        match rebuild_view(dir) {
            Ok(items) => notes.push(format!("the index was built from the store: {items} items")),
            Err(error) => notes.push(format!(
                "the index could not be rebuilt ({error}); searching without it"
            )),
        }
        Self::open_as_it_is(dir, notes)
    }

    /// Opens without building anything.
    fn open_as_it_is(dir: &Path, notes: Vec<String>) -> Result<Self, OpenCatalogError> {
        let store = match CatalogStore::open_reader(dir) {
            Ok(store) => store,
            Err(held @ nigh_store::OpenError::HeldByWriter { .. }) => {
                return Self::open_published(dir, &held);
            }
            Err(error) => return Err(error.into()),
        };
        let stored = store.view()?;
        let view = usable_view(&store, &stored, &mut Vec::new());
        let changed = changed_since(&stored, view.as_ref())?;
        Self::assemble(dir, Opened::of(store)?, view, &changed, notes)
    }
}

impl Catalog {
    /// What a person should know about this opening: a rebuilt index, a writer
    /// at work. Sentences.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Numbers in one embedding of the collection.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// How the items' embeddings were made.
    pub fn encoder(&self) -> &EncoderRecord {
        &self.encoder
    }

    /// Brings embeddings of the collection's encoder, one or more laid end to end, to those that the collection holds: shorter ones
    /// where they are reduced. What a search is asked with.
    pub fn reduce(&self, embeddings: Vec<f32>) -> Vec<f32> {
        self.reducer.apply(embeddings)
    }

    /// The same for queries as a source gives them.
    pub fn reduce_all(&self, mut queries: Vec<EvalQuery>) -> Vec<EvalQuery> {
        for query in &mut queries {
            query.embeddings = self.reduce(std::mem::take(&mut query.embeddings));
        }
        queries
    }

    /// How the numbers of its embeddings are kept.
    pub fn precision(&self) -> Precision {
        self.generation.precision
    }

    /// The published vectors, if there are some.
    pub(crate) fn segment(&self) -> Option<Segment> {
        self.view.as_ref().map(|view| view.segment.clone())
    }

    /// The attributes' names and types.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Items that can be found.
    pub fn len(&self) -> usize {
        self.view.as_ref().map_or(0, View::len) - self.stale.len() + self.tail.len()
    }

    /// True where there is nothing to find.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Items that are newer than the published view, searched from memory.
    pub fn tail_len(&self) -> usize {
        self.tail.len()
    }

    /// Images that can be found.
    pub fn images(&self) -> usize {
        let rows = self.current_rows.as_ref();
        let stale = rows.map_or(0, |rows| rows.rows() - rows.count());
        self.published().0 - stale + self.tail.images()
    }

    /// The number of the last change that the published view knows.
    pub fn published_sequence(&self) -> u64 {
        self.view.as_ref().map_or(0, View::sequence)
    }

    /// Which generation of embeddings is searched.
    pub fn generation(&self) -> u64 {
        self.generation.number
    }

    /// Images in the published view, and the inverted lists they lie in (0: none).
    pub fn published(&self) -> (usize, usize) {
        self.view
            .as_ref()
            .map_or((0, 0), |view| (view.segment.len(), view.segment.lists()))
    }

    /// What searches of the published view reach, if it was measured.
    pub fn tuned(&self) -> Option<&CatalogTuned> {
        self.tuned.as_ref()
    }

    /// How searches of it run that bring no pipeline, if it has one.
    pub fn pipeline(&self) -> Option<&Pipeline> {
        self.pipeline.as_ref()
    }

    /// Whether searches can follow a pipeline.
    ///
    /// # Errors
    /// [`PipelineError`]; [`PipelineError::Untuned`] where it asks for a recall that nothing was measured to reach.
    pub fn check_pipeline(&self, pipeline: &Pipeline) -> Result<(), PipelineError> {
        pipeline.check(&self.schema)?;
        let options = SearchOptions {
            method: pipeline.neighbors.method()?,
            ..SearchOptions::default()
        };
        match (self.setting(&options), pipeline.neighbors.recall) {
            (Err(SearchError::Untuned(_)), Some(recall)) => Err(PipelineError::Untuned { recall }),
            _ => Ok(()),
        }
    }

    /// What the stages of its searches have cost since it was opened, for each candidate.
    pub fn stage_costs(&self) -> Vec<StageCost> {
        self.costs.all()
    }

    /// The condition of a `--where`, checked against this catalog's columns.
    pub fn filter(&self, text: &str) -> Result<Filter, Box<FilterError>> {
        Ok(Filter::parse(text, &self.schema)?)
    }

    /// View and tail together: every item once, as it is in the store.
    fn assemble(
        dir: &Path,
        opened: Opened,
        view: Option<View>,
        changed: &BTreeSet<u64>,
        mut notes: Vec<String>,
    ) -> Result<Self, OpenCatalogError> {
        let Opened {
            header,
            stored,
            store,
        } = opened;
        let tail = Tail::load(&stored, header.dimension, changed)?;
        let position = |number: &u64| view.as_ref()?.items.position_of_number(*number);
        let stale: BTreeSet<u32> = changed.iter().filter_map(position).collect();
        let current = |view: &View| view.segment.allow(|label| !stale.contains(&place(label)));
        let current_rows = view.as_ref().filter(|_| !stale.is_empty()).map(current);
        let encoder = EncoderRecord::of(&header)?;
        Ok(Self {
            dir: dir.to_owned(),
            reducer: Reducer::of(dir, &encoder)?,
            encoder,
            schema: stored.schema().clone(),
            dimension: header.dimension,
            generation: header.current(),
            other: header.other,
            created: header.created,
            store: Some(OpenStore {
                view: stored,
                _open: store,
            }),
            tuned: tuned(dir, view.as_ref(), &mut notes),
            pipeline: pipeline(dir, &mut notes),
            costs: Arc::new(StageCosts::of(view.as_ref())),
            view,
            tail,
            current_rows,
            stale,
            notes,
        })
    }

    /// The published view alone, while another process holds the store.
    fn open_published(dir: &Path, held: &nigh_store::OpenError) -> Result<Self, OpenCatalogError> {
        let header = Header::read(dir)?;
        let nothing = |_| OpenCatalogError::NothingPublished {
            held: held.to_string(),
        };
        let view = View::open(dir, header.generation).map_err(nothing)?;
        let view = view.ok_or_else(|| OpenCatalogError::NothingPublished {
            held: held.to_string(),
        })?;
        let schema = view.columns().map_err(nothing)?.schema().clone();
        let dimension = header.dimension;
        let note = format!(
            "{held}; searching what was published up to sequence {}",
            view.sequence()
        );
        let mut notes = vec![note];
        let encoder = EncoderRecord::of(&header)?;
        Ok(Self {
            dir: dir.to_owned(),
            reducer: Reducer::of(dir, &encoder)?,
            encoder,
            schema,
            dimension,
            generation: header.current(),
            other: header.other,
            created: header.created,
            store: None,
            tuned: tuned(dir, Some(&view), &mut notes),
            pipeline: pipeline(dir, &mut notes),
            costs: Arc::new(StageCosts::of(Some(&view))),
            view: Some(view),
            tail: Tail::empty(dimension),
            current_rows: None,
            stale: BTreeSet::new(),
            notes,
        })
    }
}

/// The current view; a torn one is none, with a note, and so is one of a later
/// state than the store's, which was put back from a copy.
fn usable_view(
    store: &CatalogStore,
    stored: &CatalogView,
    notes: &mut Vec<String>,
) -> Option<View> {
    match View::open(store.ledger().folder(), store.header().generation) {
        Ok(view) => view.filter(|view| view.sequence() <= stored.sequence()),
        Err(error) => {
            notes.push(error.to_string());
            None
        }
    }
}

/// What was measured on the view; a goal that it was not measured for is told.
fn tuned(dir: &Path, view: Option<&View>, notes: &mut Vec<String>) -> Option<CatalogTuned> {
    let mut told = |error: TuningFileError| notes.push(error.to_string());
    let goal = TuningGoal::of(dir).map_err(&mut told).ok().flatten();
    let tuned = CatalogTuned::of(view?.folder())
        .map_err(told)
        .ok()
        .flatten();
    let tuned = tuned.filter(|tuned| view.is_some_and(|view| tuned.tuned.is_of(&view.segment)));
    let note = match (goal, &tuned) {
        (Some(_), None) => Some("the index is not measured for the collection's goal"),
        (_, Some(tuned)) if tuned.chosen().is_none() => {
            Some("no setting of this index reaches the collection's goal")
        }
        _ => None,
    };
    if let Err(error) = read::<RunningRecall>(&view?.folder().join(check::CHECKED_FILE)) {
        notes.push(error.to_string());
    }
    notes.extend(note.map(|note| format!("{note}: `nigh catalog tune` measures and chooses")));
    tuned
}

/// The collection's pipeline; a damaged one is told and not followed.
fn pipeline(dir: &Path, notes: &mut Vec<String>) -> Option<Pipeline> {
    let told = |error: TuningFileError| notes.push(error.to_string());
    Pipeline::of(dir).map_err(told).ok().flatten()
}

/// The numbers of the items that changed since the view was built.
fn changed_since(stored: &CatalogView, view: Option<&View>) -> Result<BTreeSet<u64>, ReadError> {
    let next = view.map_or(0, |view| view.sequence() + 1);
    stored
        .changes(next)?
        .map(|change| Ok(change?.number.0))
        .collect()
}

/// Builds the view again, as a writer. Returns the items in it.
fn rebuild_view(dir: &Path) -> Result<u64, RebuildError> {
    let store = CatalogStore::open_writer(dir)?;
    let stored = store.view()?;
    publish(dir, &store, &stored)?;
    Ok(stored.len()?)
}

/// Why a view could not be built again.
#[derive(Debug, Error)]
pub enum RebuildError {
    /// The store cannot be opened for writing.
    #[error(transparent)]
    Open(#[from] nigh_store::OpenError),
    /// The view could not be built.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}
