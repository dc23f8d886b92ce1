//! Builds the published view of a catalog from its store.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use nigh_index::{
    BuildError, Codec, IvfConfig, Metric, Segment, SegmentBuilder, SegmentConfig, Verification,
};
use nigh_store::{CatalogStore, CatalogView, Generation, Header, Precision, ReadError, Stored};
use thiserror::Error;

use crate::catalog::{own_queries, tune_view};
use crate::columns::{ColumnsBuilder, PushError};
use crate::label::label;
use crate::paired::{Paired, PairedError};
use crate::reduction::FOLDER;
use crate::tuning::{TuningGoal, lists_within};
use crate::vectors::{Stopwatch, Watch, fit_costs};
use crate::view::{
    ITEMS_FILE, ItemsWriteError, ItemsWriter, SEGMENT_FILE, View, current_file, current_folders,
    generations, image_names, index_folder,
};

/// Why a view could not be built. The store is untouched by this, and so is the
/// view that was published before.
#[derive(Debug, Error)]
pub enum PublishError {
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] ReadError),
    /// The segment could not be built.
    #[error(transparent)]
    Segment(#[from] BuildError),
    /// A stored embedding does not fit the segment.
    #[error("item {id:?}: {source}")]
    Embedding {
        /// The item.
        id: String,
        /// Why.
        source: BuildError,
    },
    /// A stored attribute does not fit the schema.
    #[error("item {id:?}: {source}")]
    Attribute {
        /// The item.
        id: String,
        /// Why.
        source: PushError,
    },
    /// The items could not be written.
    #[error(transparent)]
    Items(#[from] ItemsWriteError),
    /// A file or folder could not be made.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The store's items and embeddings do not go together: it is damaged.
    #[error(transparent)]
    Unpaired(#[from] PairedError),
    /// There is no generation of embeddings to publish.
    #[error("there are no other embeddings than those that are searched")]
    NoOther,
    /// More items than a view has places for.
    #[error("a view holds at most {} items", u32::MAX)]
    TooManyItems,
}

/// From this many items on a segment gets inverted lists of codes: below, an exact scan
/// takes a few milliseconds at most and needs none.
pub(crate) const IVF_ITEMS: u64 = 5_000;

/// True where the generation's current view is usable and holds just what `stored` holds.
pub(crate) fn is_published(dir: &Path, generation: u64, stored: &CatalogView) -> bool {
    let same = |view: &View| {
        let schema = view
            .columns()
            .map(|columns| columns.schema() == stored.schema());
        view.sequence() == stored.sequence() && schema.unwrap_or(false)
    };
    View::open(dir, generation).is_ok_and(|view| view.as_ref().is_some_and(same))
}

/// Builds a view of everything that `stored`, a moment of `store`, holds and makes it current. What the collection is tuned
/// for is measured on it first.
pub(crate) fn publish(
    dir: &Path,
    store: &CatalogStore,
    stored: &CatalogView,
) -> Result<(), PublishError> {
    // A goal that is damaged, or cannot be measured, is told whenever the catalog is opened; it holds up no publication.
    let goal = TuningGoal::of(dir).ok().flatten();
    let view = NewView::build(dir, store, stored, goal.as_ref())?;
    goal.iter().for_each(|goal| measure(view.folder(), goal));
    view.make_current()
}

/// The same for the generation that is not searched yet.
pub(crate) fn publish_other(
    dir: &Path,
    store: &CatalogStore,
    stored: &CatalogView,
) -> Result<(), PublishError> {
    let other = store.header().other.as_ref();
    let generation = &other.ok_or(PublishError::NoOther)?.generation;
    let goal = TuningGoal::of(dir).ok().flatten();
    let pairs = Paired::of_other(stored)?.ok_or(PublishError::NoOther)?;
    let view = NewView::build_of(dir, generation, stored, pairs, goal.as_ref())?;
    goal.iter().for_each(|goal| measure(view.folder(), goal));
    view.make_current()
}

/// Removes the views and matrices of generations that are there no more: a process that was killed may have left some.
pub(crate) fn sweep(dir: &Path, header: &Header) {
    let other = header.other.as_ref().map(|other| &other.generation);
    let known = |number: u64| {
        number == header.generation || other.is_some_and(|other| other.number == number)
    };
    // What cannot be removed harms nobody.
    let unknown = generations(dir)
        .into_iter()
        .filter(|&number| !known(number));
    unknown.for_each(|number| drop(std::fs::remove_file(current_file(dir, number))));
    remove_others(dir);
    let files: Vec<PathBuf> = header
        .files
        .iter()
        .chain(other.iter().flat_map(|other| &other.files))
        .map(|file| dir.join(file))
        .collect();
    let matrices = std::fs::read_dir(dir.join(FOLDER)).into_iter().flatten();
    let paths = matrices.flatten().map(|entry| entry.path());
    let unused = paths.filter(|path| !files.contains(path));
    unused.for_each(|path| drop(std::fs::remove_file(path)));
}

/// A view that was built and is not current. It is gone when this is dropped.
pub(crate) struct NewView {
    dir: PathBuf,
    generation: u64,
    folder: PathBuf,
    current: bool,
}

impl NewView {
    /// Builds a view with lists for a goal.
    pub(crate) fn build(
        dir: &Path,
        store: &CatalogStore,
        stored: &CatalogView,
        goal: Option<&TuningGoal>,
    ) -> Result<NewView, PublishError> {
        let generation = store.header().current();
        Self::build_of(dir, &generation, stored, Paired::of(stored)?, goal)
    }

    fn build_of(
        dir: &Path,
        generation: &Generation,
        stored: &CatalogView,
        pairs: Paired,
        goal: Option<&TuningGoal>,
    ) -> Result<NewView, PublishError> {
        let view = NewView {
            dir: dir.to_owned(),
            generation: generation.number,
            folder: new_folder(dir, stored.sequence())?,
            current: false,
        };
        let ivf = lists(dir, generation, stored, goal)?;
        build(&view.folder, generation.dimension, stored, pairs, ivf)?;
        Ok(view)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Searches of its generation see this view from now on; the others of it are removed.
    pub(crate) fn make_current(mut self) -> Result<(), PublishError> {
        make_current(&self.dir, self.generation, &self.folder)?;
        self.current = true;
        remove_others(&self.dir);
        Ok(())
    }
}

impl Drop for NewView {
    fn drop(&mut self) {
        if !self.current {
            // It would only fill the disk.
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// The lists that the view should have, if any: of codes, or of rows as narrow as the store has them.
fn lists(
    dir: &Path,
    generation: &Generation,
    stored: &CatalogView,
    goal: Option<&TuningGoal>,
) -> Result<Option<IvfConfig>, PublishError> {
    let items = stored.len()?;
    let few = items < IVF_ITEMS;
    if let Some(codec) = narrow_codec(generation.precision) {
        return Ok(Some(IvfConfig {
            lists: usize::from(few),
            codec,
            vectors: false,
            ..IvfConfig::default()
        }));
    }
    if few {
        return Ok(None);
    }
    let before = View::open(dir, generation.number).ok().flatten();
    let codes = before.as_ref().and_then(|view| view.segment.codes());
    let images = before.map_or(items, |view| {
        items * view.segment.len() as u64 / (view.len() as u64).max(1)
    });
    Ok(Some(lists_within(goal, images, codes)))
}

/// How lists hold the rows of a narrow precision; none for f32.
pub(crate) fn narrow_codec(precision: Precision) -> Option<Codec> {
    match precision {
        Precision::F32 => None,
        Precision::F16 => Some(Codec::F16),
        Precision::Int8 => Some(Codec::Int8),
    }
}

fn measure(folder: &Path, goal: &TuningGoal) {
    let never = AtomicBool::new(false);
    let watch = Watch {
        stop: &never,
        done: &|_| (),
    };
    if let Ok(view) = View::open_folder(folder) {
        let queries = own_queries(&view, PUBLISHED_SAMPLE, 0);
        let tuned = queries.and_then(|queries| tune_view(&view, goal, &queries, 1, &watch));
        drop(tuned.map(|tuned| tuned.keep(folder)));
    }
}

/// What searches of the view cost; a view without that is as good.
fn keep_costs(segment: &Path, built: Option<(f64, &IvfConfig)>) {
    let Ok(opened) = Segment::open_with(segment, Verification::Structure) else {
        return;
    };
    if let Ok(Some(costs)) = fit_costs(&opened, built) {
        // Without it an estimate decides which filtered searches compare all rows that pass.
        drop(costs.keep(segment));
    }
}

/// Queries that a new view is measured with.
const PUBLISHED_SAMPLE: usize = 600;

fn build(
    folder: &Path,
    dimension: usize,
    stored: &CatalogView,
    pairs: Paired,
    ivf: Option<IvfConfig>,
) -> Result<(), PublishError> {
    let config = SegmentConfig {
        sequence: stored.sequence(),
        ivf,
    };
    let mut rows = Rows {
        dimension,
        segment: SegmentBuilder::create(
            &folder.join(SEGMENT_FILE),
            dimension,
            Metric::Cosine,
            config,
        )?,
        items: ItemsWriter::new(ColumnsBuilder::new(stored.schema())),
    };
    for (position, pair) in pairs.enumerate() {
        let position = u32::try_from(position).map_err(|_| PublishError::TooManyItems)?;
        let (item, embeddings) = pair?;
        rows.push(position, &item, &embeddings)?;
    }
    let stopwatch = Stopwatch::start();
    rows.segment.finish()?;
    let seconds = stopwatch.and_then(|stopwatch| stopwatch.lap()).ok();
    let built = ivf.as_ref().zip(seconds);
    keep_costs(
        &folder.join(SEGMENT_FILE),
        built.map(|(ivf, lap)| (lap.cpu, ivf)),
    );
    rows.items
        .write(&folder.join(ITEMS_FILE), stored.sequence())?;
    Ok(())
}

/// The two files of a view while they are written.
struct Rows {
    dimension: usize,
    segment: SegmentBuilder,
    items: ItemsWriter,
}

impl Rows {
    fn push(
        &mut self,
        position: u32,
        stored: &Stored,
        embeddings: &[f32],
    ) -> Result<(), PublishError> {
        let item = &stored.item;
        for (image, row) in embeddings.chunks_exact(self.dimension).enumerate() {
            let pushed = self.segment.push(label(position, image), row);
            pushed.map_err(|source| PublishError::Embedding {
                id: item.id.clone(),
                source,
            })?;
        }
        let attributes = self.items.columns().push(&item.attributes);
        attributes.map_err(|source| PublishError::Attribute {
            id: item.id.clone(),
            source,
        })?;
        self.items
            .push(stored.number.0, &item.id, &image_names(item))
            .map_err(ItemsWriteError::from)?;
        Ok(())
    }
}

/// A folder that does not exist yet: a view of the same sequence number may be
/// there, torn.
fn new_folder(dir: &Path, sequence: u64) -> Result<PathBuf, PublishError> {
    let index = index_folder(dir);
    std::fs::create_dir_all(&index).map_err(|source| PublishError::Write {
        path: index.clone(),
        source,
    })?;
    let mut attempt = 0_u32;
    loop {
        let folder = index.join(format!("{sequence}-{attempt}"));
        match std::fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => attempt += 1,
            Err(source) => {
                return Err(PublishError::Write {
                    path: folder,
                    source,
                });
            }
        }
    }
}

/// The name is written beside and renamed over the old one, so that a reader
/// sees the old view or the new one, whole.
fn make_current(dir: &Path, generation: u64, folder: &Path) -> Result<(), PublishError> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let path = current_file(dir, generation);
    write_atomically(&path, name.as_bytes()).map_err(|source| PublishError::Write { path, source })
}

/// A name of its own for every write: several processes may write the same file.
fn temporary(path: &Path) -> PathBuf {
    static WRITES: AtomicU64 = AtomicU64::new(0);
    let (process, write) = (std::process::id(), WRITES.fetch_add(1, Ordering::Relaxed));
    path.with_extension(format!("{process}-{write}.new"))
}

/// Durable under its final name when this returns: the bytes are synced, then
/// the name, then the folder that holds the name.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let new = temporary(path);
    let written = std::fs::File::create(&new)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&new, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&new);
        return written;
    }
    // Not every system lets a folder be opened; where it does, its names are synced.
    if let Ok(folder) = std::fs::File::open(folder) {
        folder.sync_all()?;
    }
    Ok(())
}

/// Views that nobody will open any more. One that cannot be removed (it may be
/// mapped, on some systems) is removed by a later publication.
fn remove_others(dir: &Path) {
    let kept = current_folders(dir);
    let Ok(entries) = std::fs::read_dir(index_folder(dir)) else {
        return;
    };
    let others = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir() && !kept.contains(path));
    others.for_each(|path| drop(std::fs::remove_dir_all(path)));
}
