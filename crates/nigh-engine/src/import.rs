//! Images and attributes into a collection: read → load → decode → encode →
//! write, each stage bounded, on all cores.
//!
//! ```text
//! source ─▶ chunks ─▶ workers: load ▸ compare ▸ decode ─▶ writer: commit ▸ acknowledge ▸ publish
//!                                                │  ▲
//!                                                ▼  │
//!                                        batcher: encode, while the next are decoded
//! ```
//!
//! Chunks are numbered as they are read and committed in that order, whichever
//! worker finishes first: the same source gives the same collection on any
//! number of cores. The queues between the stages hold a few chunks each, so
//! memory does not grow with the source.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use nigh_encode::{DecodeLimits, Encoder, Picture};
use nigh_store::{CatalogStore, Column, Durability, ReadError, UpsertError, WriteError};
use serde::Serialize;
use thiserror::Error;

pub use self::meter::StageThroughput;
use self::meter::{ImportStage, Meter};
use self::publisher::Publisher;
pub(crate) use self::rejects::{RejectsError, RejectsFile};
use self::worker::{Finished, Reducers, Worker};
use self::writer::Writer;
use crate::batcher::{Batcher, BatcherConfig};
use crate::encoder::{EncoderError, EncoderRecord};
use crate::publish::PublishError;
use crate::reduction::{Reducer, ReductionError};
use crate::source::{ImageContent, Plan, RawImage, Row};

mod batch;
mod meter;
mod publisher;
mod rejects;
mod worker;
mod writer;

/// How an import runs.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// Worker threads that load, decode and encode.
    pub threads: usize,
    /// Store the images' bytes in the collection too.
    pub keep_images: bool,
    /// What is refused before it is decoded.
    pub limits: DecodeLimits,
    /// A commit is made when this many items wait for it…
    pub commit_items: usize,
    /// …or when the oldest has waited this long.
    pub commit_interval: Duration,
    /// While the import runs, a view for other processes is published this
    /// often at most, and only when a quarter of the collection is new.
    pub view_interval: Duration,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self {
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            keep_images: false,
            limits: DecodeLimits::default(),
            commit_items: 512,
            commit_interval: Duration::from_millis(500),
            view_interval: Duration::from_secs(30),
        }
    }
}

/// What happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Items written: new ones and changed ones.
    pub items: u64,
    /// Of these, items that were there before.
    pub updated: u64,
    /// Items that were there already, just so.
    pub unchanged: u64,
    /// Rows, files or images that could not be used.
    pub rejected: u64,
    /// Images that were encoded.
    pub encoded: u64,
}

/// Something an import tells while it runs.
#[derive(Debug)]
pub enum ImportEvent<'a> {
    /// These items survive a power cut from now on.
    Commit {
        /// The sequence number of the last operation in the commit.
        sequence: u64,
        /// The ids of the items, in order.
        ids: &'a [String],
    },
    /// So far.
    Progress(Counts),
    /// The searchable view is being built, of this many items.
    Publishing(u64),
}

/// What an import did.
#[derive(Clone, Debug, Serialize)]
pub struct ImportReport {
    /// Items, unchanged items, rejects.
    #[serde(flatten)]
    pub counts: Counts,
    /// Wall-clock time, publishing included.
    pub seconds: f64,
    /// Items written or found unchanged, a second.
    pub items_per_second: f64,
    /// True when it was stopped before the source's end.
    pub interrupted: bool,
    /// Items in the collection now.
    pub collection_items: u64,
    /// The collection's sequence number now.
    pub sequence: u64,
    /// Where each reject stands with its reason, if there was any.
    pub rejects_file: Option<PathBuf>,
    /// Columns of the collection that got a wider type, a sentence each.
    pub widened: Vec<String>,
    /// Where the time went.
    pub stages: Vec<StageThroughput>,
}

/// Why an import ended early. What was acknowledged before stays.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The collection could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The collection could not be written.
    #[error(transparent)]
    Upsert(#[from] UpsertError),
    /// The collection's schema could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The rejects file could not be written.
    #[error(transparent)]
    Rejects(#[from] RejectsError),
    /// The items are stored, but the searchable view could not be built.
    #[error("the items are stored, but the index could not be built: {0}")]
    Publish(#[from] PublishError),
    /// The collection's header names no encoder.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
    /// The matrix that the collection's embeddings are reduced by cannot be read.
    #[error(transparent)]
    Reduction(#[from] ReductionError),
    /// A thread of the import panicked: a defect in nigh.
    #[error("a worker of the import failed; this is a defect in nigh: {0}")]
    Worker(String),
}

/// Imports everything `plan` reads into `store`, which is at `dir`.
///
/// `stop` ends it early at the next chunk; the collection is valid then, and
/// importing the same source again goes on where this ended. `on_event` runs on
/// the calling thread.
pub(crate) fn import(
    dir: &Path,
    store: &CatalogStore,
    plan: &Plan,
    encoder: &Encoder,
    options: &ImportOptions,
    stop: &AtomicBool,
    on_event: &mut dyn FnMut(ImportEvent<'_>),
) -> Result<ImportReport, ImportError> {
    let started = Instant::now();
    let meter = Meter::default();
    let widened = widen_schema(store, plan)?;
    let publisher = Publisher::new(dir, store, options.view_interval, &meter);
    let mut writer = Writer::new(publisher, RejectsFile::new(dir)?, options, on_event);
    let reducers = reducers(dir, store)?;
    let encoding = (encoder, &reducers);
    let interrupted = run_pipeline(store, plan, encoding, options, stop, &meter, &mut writer)?;
    let (counts, rejects_file) = writer.finish()?;
    let view = store.view()?;
    let collection_items = view.len()?;
    let seconds = started.elapsed().as_secs_f64();
    Ok(ImportReport {
        counts,
        seconds,
        items_per_second: (counts.items + counts.unchanged) as f64 / seconds.max(1e-9),
        interrupted,
        collection_items,
        sequence: view.sequence(),
        rejects_file,
        widened,
        stages: meter.report(options.threads.max(1)),
    })
}

/// What the collection and the generation beside it make of the encoder's embeddings.
fn reducers(dir: &Path, store: &CatalogStore) -> Result<Reducers, ImportError> {
    let header = store.header();
    let record = EncoderRecord::of(header)?;
    let other = header.other.as_ref();
    let other = other.map(|other| EncoderRecord::of_value(&other.generation.fingerprint));
    let same = other.transpose()?;
    let same = same.filter(|other| other.fingerprint == record.fingerprint);
    let other = same.map(|other| Reducer::of(dir, &other)).transpose()?;
    Ok(Reducers {
        current: Reducer::of(dir, &record)?,
        dimension: header.dimension,
        other,
    })
}

/// Makes room for the source's columns, in its order and of its types, before
/// the first item: a column that is null everywhere is a column too. Returns a
/// sentence for each column of the collection that gets a wider type.
fn widen_schema(store: &CatalogStore, plan: &Plan) -> Result<Vec<String>, ImportError> {
    let old = store.schema()?;
    let mut schema = old.clone();
    let mut changed = false;
    for column in &plan.schema().columns {
        changed |= schema.include(&column.name, column.kind);
    }
    if changed {
        store.set_schema(&schema, Durability::Deferred)?;
    }
    let widened = |column: &Column| {
        let kind = schema.column(&column.name)?.kind;
        let (name, was) = (&column.name, column.kind);
        (kind != was).then(|| format!("column `{name}` is {kind} from now on: it was {was}"))
    };
    Ok(old.columns.iter().filter_map(widened).collect())
}

/// A numbered piece of the source.
#[derive(Default)]
struct Chunk {
    number: u64,
    rows: Vec<Row>,
    /// Of the images that came with their rows.
    bytes: usize,
}

impl Chunk {
    fn push(&mut self, row: Row) {
        if let Row::Item(item) = &row {
            let bytes = |image: &RawImage| match &image.content {
                ImageContent::Bytes(bytes) => bytes.len(),
                ImageContent::Path(_) => 0,
            };
            self.bytes += item.images.iter().map(bytes).sum::<usize>();
        }
        self.rows.push(row);
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= CHUNK_ITEMS || self.bytes >= CHUNK_BYTES
    }

    /// This chunk; an empty one with the next number takes its place.
    fn take(&mut self) -> Self {
        let next = Self {
            number: self.number + 1,
            ..Self::default()
        };
        std::mem::replace(self, next)
    }
}

/// Items in a chunk: enough to fill a batch of the encoder on every image, few
/// enough that an interrupted import ends soon.
const CHUNK_ITEMS: usize = 32;
/// Bytes of images in a chunk, so that large ones do not add up in the queues.
const CHUNK_BYTES: usize = 8 << 20;
/// Chunks waiting before the workers, and finished ones before the writer, for
/// each worker.
const QUEUED_CHUNKS: usize = 2;
/// Chunks that were read but not yet committed, for each worker: a slow chunk
/// holds back the ones behind it, which wait in memory.
const OPEN_CHUNKS: usize = 8;

/// Takes the source through all stages; whether it was stopped before the end.
fn run_pipeline(
    store: &CatalogStore,
    plan: &Plan,
    (encoder, reducers): (&Encoder, &Reducers),
    options: &ImportOptions,
    stop: &AtomicBool,
    meter: &Meter,
    writer: &mut Writer<'_>,
) -> Result<bool, ImportError> {
    let workers = options.threads.max(1);
    let (chunk_sender, chunks) = crossbeam_channel::bounded::<Chunk>(workers * QUEUED_CHUNKS);
    let (finished_sender, finished) =
        crossbeam_channel::bounded::<Finished>(workers * QUEUED_CHUNKS);
    let (open, closed) = crossbeam_channel::bounded::<()>(workers * OPEN_CHUNKS);
    let batch_size = encoder.batch_size().max(1);
    let gathering = BatcherConfig {
        max_batch: batch_size,
        // A worker that hands over less than a batch waits for it, so nothing more would come.
        max_wait: Duration::ZERO,
        queue: 2 * workers * batch_size,
        threads: workers,
    };
    let encode = |pictures: &[Picture]| {
        let rows = meter.time(ImportStage::Encode, pictures.len(), || {
            encoder.encode(pictures)
        })?;
        let rows = rows.chunks_exact(encoder.dimension());
        Ok(rows.map(<[f32]>::to_vec).collect())
    };
    std::thread::scope(|scope| {
        let batcher = Batcher::scoped(scope, gathering, encode)
            .map(Arc::new)
            .map_err(|error| ImportError::Worker(format!("no thread to encode with: {error}")))?;
        let queue = ChunkQueue {
            open,
            chunks: chunk_sender,
            stop,
        };
        let reader = scope.spawn(move || read(plan, &queue, meter));
        for _ in 0..workers {
            let (chunks, finished) = (chunks.clone(), finished_sender.clone());
            let batcher = Arc::clone(&batcher);
            scope.spawn(move || {
                let worker = Worker {
                    store,
                    encoder: &batcher,
                    batch_size,
                    reducers,
                    options,
                    meter,
                };
                worker.run(&chunks, &finished, stop);
            });
        }
        // The queues close when their last user is gone, so none may stay here.
        drop((chunks, finished_sender, batcher));
        let written = writer.write_all(finished, &closed);
        drop(closed);
        let stopped = reader
            .join()
            .map_err(|panic| ImportError::Worker(panic_text(&*panic)))?;
        written.map(|()| stopped)
    })
}

/// The way from the reader to the workers.
struct ChunkQueue<'a> {
    /// Holds one token for each chunk that is not committed yet.
    open: Sender<()>,
    chunks: Sender<Chunk>,
    stop: &'a AtomicBool,
}

impl ChunkQueue<'_> {
    /// Waits for room; breaks at `stop` or when nobody takes chunks any more,
    /// which is so only after a failure of the writer, who reports it.
    fn send(&self, chunk: Chunk) -> ControlFlow<()> {
        let sent = self.open.send(()).is_ok() && self.chunks.send(chunk).is_ok();
        if sent && !self.stop.load(Ordering::Relaxed) {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }
}

/// Reads the source to its end, or as long as the queue takes chunks. Returns
/// whether it was stopped before the end.
fn read(plan: &Plan, queue: &ChunkQueue<'_>, meter: &Meter) -> bool {
    let mut chunk = Chunk::default();
    let mut since = Instant::now();
    let report = plan.read(|row| {
        chunk.push(row);
        if !chunk.is_full() {
            return ControlFlow::Continue(());
        }
        meter.add(ImportStage::Read, chunk.rows.len(), since.elapsed());
        let flow = queue.send(chunk.take());
        since = Instant::now();
        flow
    });
    meter.add(ImportStage::Read, chunk.rows.len(), since.elapsed());
    let last = queue.send(chunk);
    report.stopped || last.is_break()
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
        .to_owned()
}
