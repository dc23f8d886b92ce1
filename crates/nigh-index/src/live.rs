//! An index that is added to and deleted from while it is searched.

use std::path::Path;
use std::sync::{Arc, Mutex, RwLock, Weak};

use crate::metric::Metric;
use crate::search::{Found, SearchError, SearchParams};
use crate::segment::build::{BuildError, Built};
use crate::segment::{OpenError, Segment};
use crate::vectors::{PushError, check_dimension};

mod ask;
mod balance;
mod base;
mod compact;
mod filter;
mod labels;
mod lock;
mod nearest;
mod tail;

pub use compact::Snapshot;
pub use filter::Filter;

use base::{Base, Newer};
use lock::{lock, read, write};

/// A [`Segment`] and what changed since it was written. Shared by reference: any number of threads search, add and delete at
/// the same time, and none of them waits for a search.
///
/// New rows join the list whose centroid is nearest and are kept in memory as they are, with sign codes if the segment's rows are
/// coded; a search of lists looks at those in the lists that it looks at in the segment. (Rows unlike all that the lists were made
/// for are the more often missed until a compaction divides the lists that they gather in.) Deleted and replaced rows of the segment are masked. [`LiveIndex::compact`] writes all
/// that into a next segment, without training again, while everything else goes on.
///
/// A label has one row: adding it again replaces what had it before. What a search returns was all there at one moment during
/// the search, but for rows of the segment that are replaced or deleted in that time: these may still be returned, or be
/// missing while nothing fills their place; never are the old and the new row of a label both returned.
///
/// What changed is in memory only: after a restart it has to be added again (the collection's store knows it).
///
/// ```
/// use nigh_index::{build_segment, Filter, IvfConfig, LiveIndex, Metric, SearchParams, Segment, SegmentConfig, Vectors};
///
/// # let folder = tempfile::tempdir()?;
/// # let (first, second) = (folder.path().join("1.segment"), folder.path().join("2.segment"));
/// let mut rows = Vectors::new(2, Metric::L2);
/// for i in 0..100u8 {
///     rows.push(i.into(), &[f32::from(i), 0.0])?;
/// }
/// build_segment(&first, &rows, &SegmentConfig { sequence: 1, ivf: Some(IvfConfig::default()) })?;
///
/// let index = LiveIndex::open(Segment::open(&first)?);
/// index.add(1000, &[50.4, 0.0])?;
/// index.add(3, &[50.2, 0.0])?; // it lay elsewhere before
/// assert!(index.delete(50));
///
/// let params = SearchParams::ivf(3, 4);
/// let labels = |filter: Option<&Filter>| -> Result<Vec<u64>, nigh_index::SearchError> {
///     let found = index.search(&[50.0, 0.0], &params, filter)?;
///     Ok(found.neighbors.iter().map(|neighbor| neighbor.label).collect())
/// };
/// assert_eq!(labels(None)?, [3, 1000, 49]);
/// assert_eq!(labels(Some(&Filter::new(|label| label % 2 == 1)))?, [3, 49, 51]);
///
/// index.compact(&second, 2)?; // in the background, if that matters
/// assert_eq!(labels(None)?, [3, 1000, 49]);
/// assert_eq!((index.len(), index.newer(), index.segment().sequence()), (100, 0, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct LiveIndex {
    epoch: RwLock<Arc<Epoch>>,
    writer: Mutex<Writer>,
}

/// What a search holds on to: rows that were there at `since` or later stay until nobody does.
#[derive(Debug)]
struct Epoch {
    base: Arc<Base>,
    since: u64,
}

/// What writing takes, one at a time.
#[derive(Debug, Default)]
struct Writer {
    newer: Newer,
    /// Epochs before the current one that may still be held.
    before: Vec<Arc<Epoch>>,
    /// The labels written since the oldest snapshot in use was taken, in order.
    written: Vec<u64>,
    /// Held by the snapshots in use.
    watch: Weak<()>,
}

/// With fewer labels left, the rest is caught up with while writers wait: about a millisecond.
const FEW_LEFT: usize = 256;

/// Whoever writes as fast as this index catches up is made to wait after as many rounds.
const ROUNDS: usize = 16;

impl LiveIndex {
    /// Nothing changed yet. Sorts the segment's labels: about 0.1 s for a million.
    pub fn open(segment: Segment) -> LiveIndex {
        let base = Arc::new(Base::new(segment));
        LiveIndex {
            epoch: RwLock::new(Arc::new(Epoch { base, since: 0 })),
            writer: Mutex::default(),
        }
    }

    /// Adds a row in place of those that have its label, if there are some. A search that begins after this returned finds it.
    ///
    /// # Errors
    /// As for [`Vectors::push`](crate::Vectors::push); nothing has changed then.
    pub fn add(&self, label: u64, values: &[f32]) -> Result<(), PushError> {
        let base = Arc::clone(&self.epoch().base);
        let row = prepared(base.segment(), values).map_err(|source| PushError { label, source })?;
        // Found before anyone has to wait; a base adopted meanwhile may have other lists.
        let spot = base.spot(&row);
        let mut writer = lock(&self.writer);
        let epoch = self.epoch();
        let spot = match Arc::ptr_eq(&base, &epoch.base) {
            true => spot,
            false => epoch.base.spot(&row),
        };
        writer.note(label);
        epoch.base.put(&mut writer.newer, label, &row, &spot);
        self.sweep(&mut writer, &epoch.base);
        Ok(())
    }

    /// Deletes the rows with a label; says whether there were some. A search that begins after this returned does not find them.
    pub fn delete(&self, label: u64) -> bool {
        let mut writer = lock(&self.writer);
        let epoch = self.epoch();
        let deleted = epoch.base.remove(&mut writer.newer, label);
        if deleted {
            writer.note(label);
            self.sweep(&mut writer, &epoch.base);
        }
        deleted
    }

    /// Finds the rows nearest to a query of `dim` values, among those that the filter accepts.
    ///
    /// # Errors
    /// If the query has another dimension or values that are not finite.
    pub fn search(
        &self,
        query: &[f32],
        params: &SearchParams,
        filter: Option<&Filter>,
    ) -> Result<Found, SearchError> {
        let epoch = self.epoch();
        base::search(&epoch.base, query, params, filter)
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.epoch().base.counts().0
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rows that are in memory and not in the segment: what a compaction moves, and searches compare one by one.
    pub fn newer(&self) -> usize {
        self.epoch().base.counts().1
    }

    /// Rows of the segment that were deleted or replaced: what a compaction clears away.
    pub fn masked(&self) -> usize {
        self.epoch().base.masked_count()
    }

    /// Rows held in memory, with those that ended and wait to be swept. Never more than some times [`LiveIndex::newer`], and some
    /// more where rows end in the time that one search takes.
    pub fn held(&self) -> usize {
        self.epoch().base.held()
    }

    /// Values per row.
    pub fn dim(&self) -> usize {
        self.epoch().base.segment().dim()
    }

    /// How rows are compared.
    pub fn metric(&self) -> Metric {
        self.epoch().base.segment().metric()
    }

    /// The segment below, to make [`Filter::over`] it.
    pub fn segment(&self) -> Segment {
        self.epoch().base.segment().clone()
    }

    /// Writes all rows, as they are when this is called, into a next segment and goes on with that, keeping what was written
    /// meanwhile. With all threads of the current rayon pool; others add, delete and search on, and wait for no more than
    /// about a millisecond.
    ///
    /// # Errors
    /// If the segment cannot be written or read back. Nothing has changed then.
    pub fn compact(&self, path: &Path, sequence: u64) -> Result<Built, CompactError> {
        let snapshot = self.snapshot();
        let built = snapshot.write(path, sequence)?;
        self.adopt(Segment::open(path)?, snapshot)?;
        Ok(built)
    }

    /// All rows as they are now, to be written in one's own time. Cheap to take; while it is there, what ends is kept in
    /// memory, and eight bytes for each write.
    pub fn snapshot(&self) -> Snapshot {
        let mut writer = lock(&self.writer);
        let watch = writer.watch.upgrade().unwrap_or_else(|| {
            writer.written.clear();
            let watch = Arc::new(());
            writer.watch = Arc::downgrade(&watch);
            watch
        });
        let epoch = self.epoch();
        Snapshot {
            stamp: epoch.base.stamp(),
            masked: epoch.base.masked_count(),
            written: writer.written.len(),
            epoch,
            watch,
        }
    }

    /// Goes on with a segment that a snapshot of this index was written to, and what was written since the snapshot.
    ///
    /// # Errors
    /// If the segment holds rows of another kind, or the snapshot is of another index.
    pub fn adopt(&self, segment: Segment, snapshot: Snapshot) -> Result<(), AdoptError> {
        self.check(&segment)?;
        if !std::ptr::eq(
            lock(&self.writer).watch.as_ptr(),
            Arc::as_ptr(&snapshot.watch),
        ) {
            return Err(AdoptError::Foreign);
        }
        let (fresh, mut newer) = (Base::new(segment), Newer::default());
        let mut done = snapshot.written;
        for _ in 0..ROUNDS {
            let mut labels = lock(&self.writer).written[done..].to_vec();
            if labels.len() < FEW_LEFT {
                break;
            }
            done += labels.len();
            labels.sort_unstable();
            labels.dedup();
            for label in labels {
                let writer = lock(&self.writer);
                let row = self.epoch().base.current(&writer.newer, label);
                drop(writer);
                replay(&fresh, &mut newer, label, row);
            }
        }
        let mut writer = lock(&self.writer);
        for &label in &writer.written[done..] {
            let row = self.epoch().base.current(&writer.newer, label);
            replay(&fresh, &mut newer, label, row);
        }
        writer.newer = newer;
        writer.before.clear();
        let epoch = Epoch {
            since: fresh.stamp(),
            base: Arc::new(fresh),
        };
        let before = std::mem::replace(&mut *write(&self.epoch), Arc::new(epoch));
        drop(writer);
        drop(before);
        Ok(())
    }

    fn check(&self, segment: &Segment) -> Result<(), AdoptError> {
        let (expected, received) = [&self.segment(), segment]
            .map(|segment| (segment.dim(), segment.metric()))
            .into();
        if expected == received {
            return Ok(());
        }
        Err(AdoptError::Other { expected, received })
    }

    fn epoch(&self) -> Arc<Epoch> {
        Arc::clone(&read(&self.epoch))
    }

    /// Sweeps the tail that has become crowded, if one has.
    fn sweep(&self, writer: &mut Writer, base: &Arc<Base>) {
        let Some(tail) = writer.newer.crowded.take() else {
            return;
        };
        let since = base.stamp();
        let epoch = Arc::new(Epoch {
            base: Arc::clone(base),
            since,
        });
        let before = std::mem::replace(&mut *write(&self.epoch), epoch);
        writer.before.push(before);
        // Nobody takes hold of an epoch of before any more: one that only this list knows is over.
        writer.before.retain(|epoch| Arc::strong_count(epoch) > 1);
        let held = writer.before.iter().map(|epoch| epoch.since).min();
        base.sweep(&mut writer.newer, tail, held.unwrap_or(since));
    }
}

impl Writer {
    fn note(&mut self, label: u64) {
        if self.watch.strong_count() > 0 {
            self.written.push(label);
        } else if !self.written.is_empty() {
            self.written = Vec::new();
        }
    }
}

fn prepared(segment: &Segment, values: &[f32]) -> Result<Vec<f32>, crate::VectorError> {
    check_dimension(segment.dim(), values)?;
    let mut row = values.to_vec();
    segment.metric().prepare(&mut row)?;
    Ok(row)
}

/// Brings a label to the state that it has elsewhere.
fn replay(fresh: &Base, newer: &mut Newer, label: u64, row: Option<Vec<f32>>) {
    match row {
        Some(row) => fresh.put(newer, label, &row, &fresh.spot(&row)),
        None => {
            fresh.remove(newer, label);
        }
    }
}

/// Why an index was not compacted.
#[derive(Debug, thiserror::Error)]
pub enum CompactError {
    /// The next segment could not be written.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// It could not be read back.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It is another's.
    #[error(transparent)]
    Adopt(#[from] AdoptError),
}

/// Why a segment was not adopted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdoptError {
    /// The segment holds rows of another kind.
    #[error(
        "the segment holds rows of {} values compared by {}, the index has {} values and {}",
        received.0, received.1, expected.0, expected.1
    )]
    Other {
        /// Values of a row of the index, and how it compares.
        expected: (usize, Metric),
        /// Those of the segment.
        received: (usize, Metric),
    },
    /// The snapshot was taken of another index.
    #[error("the snapshot was taken of another index")]
    Foreign,
}
