//! The last stage of an import: outcomes, in order, into durable commits.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use nigh_store::{Durability, Upsert};

use super::meter::ImportStage;
use super::publisher::Publisher;
use super::rejects::RejectsFile;
use super::worker::{Finished, Outcome};
use super::{Counts, ImportError, ImportEvent, ImportOptions};

/// Collects outcomes and commits them; runs on the thread that called `import`.
pub(crate) struct Writer<'a> {
    publisher: Publisher<'a>,
    rejects: RejectsFile,
    options: &'a ImportOptions,
    on_event: &'a mut dyn FnMut(ImportEvent<'_>),
    counts: Counts,
    waiting: Vec<Upsert>,
    /// For each of these, embeddings for the generation that is not searched.
    others: Vec<Option<Vec<f32>>>,
    waiting_bytes: usize,
    waiting_since: Instant,
}

/// Between looks at the clock when a commit is overdue.
const SHORTEST_WAIT: Duration = Duration::from_millis(1);
/// Bytes of embeddings and kept images in one commit, whatever its items are.
const COMMIT_BYTES: usize = 64 << 20;

impl<'a> Writer<'a> {
    pub(crate) fn new(
        publisher: Publisher<'a>,
        rejects: RejectsFile,
        options: &'a ImportOptions,
        on_event: &'a mut dyn FnMut(ImportEvent<'_>),
    ) -> Self {
        let (counts, waiting, waiting_since) = (Counts::default(), Vec::new(), Instant::now());
        Self {
            publisher,
            rejects,
            options,
            on_event,
            counts,
            waiting,
            others: Vec::new(),
            waiting_bytes: 0,
            waiting_since,
        }
    }

    /// Takes chunks until the workers are gone, in the order of their numbers.
    /// A chunk that comes early waits for those before it; how many can wait is
    /// bounded by the tokens in `closed`.
    pub(crate) fn write_all(
        &mut self,
        finished: Receiver<Finished>,
        closed: &Receiver<()>,
    ) -> Result<(), ImportError> {
        let mut early = BTreeMap::new();
        let mut next = 0;
        loop {
            let patience = self
                .options
                .commit_interval
                .saturating_sub(self.waiting_since.elapsed());
            let chunk = match finished.recv_timeout(patience.max(SHORTEST_WAIT)) {
                Ok(chunk) => chunk,
                Err(RecvTimeoutError::Timeout) => {
                    self.commit()?;
                    self.waiting_since = Instant::now();
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return self.commit(),
            };
            early.insert(chunk.number, chunk.outcomes);
            while let Some(outcomes) = early.remove(&next) {
                self.take(outcomes?)?;
                next += 1;
                // Lets the reader open another chunk; each one left its token.
                let _ = closed.try_recv();
            }
        }
    }

    /// Publishes; what was done, and the rejects file if there is one.
    pub(crate) fn finish(mut self) -> Result<(Counts, Option<PathBuf>), ImportError> {
        self.publisher.publish(self.on_event)?;
        Ok((self.counts, self.rejects.finish()?))
    }

    fn take(&mut self, outcomes: Vec<Outcome>) -> Result<(), ImportError> {
        for outcome in outcomes {
            match outcome {
                Outcome::Unchanged => self.counts.unchanged += 1,
                Outcome::Rejected(reject) => {
                    self.counts.rejected += 1;
                    self.rejects.push(&reject)?;
                }
                Outcome::Write {
                    upsert,
                    other,
                    encoded,
                    update,
                } => {
                    self.others.push(other);
                    self.wait(upsert, encoded, update)?;
                }
            }
        }
        (self.on_event)(ImportEvent::Progress(self.counts));
        Ok(())
    }

    fn wait(&mut self, upsert: Upsert, encoded: usize, update: bool) -> Result<(), ImportError> {
        if self.waiting.is_empty() {
            self.waiting_since = Instant::now();
        }
        self.counts.items += 1;
        self.counts.updated += u64::from(update);
        self.counts.encoded += encoded as u64;
        self.waiting_bytes += bytes(&upsert);
        self.waiting.push(upsert);
        let due = self.waiting.len() >= self.options.commit_items
            || self.waiting_bytes >= COMMIT_BYTES
            || self.waiting_since.elapsed() >= self.options.commit_interval;
        if due { self.commit() } else { Ok(()) }
    }

    fn commit(&mut self) -> Result<(), ImportError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let upserts = std::mem::take(&mut self.waiting);
        let others = std::mem::take(&mut self.others);
        self.waiting_bytes = 0;
        let ids: Vec<String> = upserts
            .iter()
            .map(|upsert| upsert.item.id.clone())
            .collect();
        let store = self.publisher.store;
        let write = || store.upsert_with_others(&upserts, &others, Durability::Synced);
        let meter = self.publisher.meter;
        let commit = meter.time(ImportStage::Write, ids.len(), write)?;
        (self.on_event)(ImportEvent::Commit {
            sequence: commit.last,
            ids: &ids,
        });
        self.rejects.flush()?;
        self.publisher.committed(ids.len(), self.on_event)
    }
}

fn bytes(upsert: &Upsert) -> usize {
    let kept = upsert
        .item
        .images
        .iter()
        .filter_map(|image| image.bytes.as_ref())
        .map(Vec::len)
        .sum::<usize>();
    kept + upsert
        .embeddings
        .as_ref()
        .map_or(0, |rows| size_of_val(rows.as_slice()))
}
