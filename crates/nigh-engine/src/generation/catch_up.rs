//! Makes the embeddings that a generation lacks, while others search and write.
//!
//! The store is opened for a moment at a time: to read some items that lack embeddings, and to write theirs. In between, pictures are
//! read and encoded without it. An item that was written meanwhile keeps none of what was made of it before: the store takes
//! embeddings only for an item that is as it was, and an item that is written anew loses those of the other generation. So what
//! is still lacking is always found by looking.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nigh_encode::Encoder;
use nigh_store::{CatalogStore, CatalogView, Durability, ItemNumber, OpenError, ReadError};

use super::EmbeddingsError;
use super::pictures::{Pictures, Work};
use super::reencode::{REJECTS, ReencodeEvent, ReencodeOptions, Reencoding};
use crate::import::RejectsFile;
use crate::publish::PublishError;
use crate::reduction::Reducer;
use crate::source::Reject;
use crate::vectors::Stopped;
use crate::view::current_file;

/// Items read, encoded and written together.
const BATCH: usize = 256;
/// Of these, bytes of pictures that the collection keeps.
const BATCH_BYTES: usize = 64 << 20;
const PAUSE: Duration = Duration::from_millis(50);

/// A generation on its way to being whole.
pub(super) struct CatchUp<'a> {
    pub(super) dir: &'a Path,
    pub(super) number: u64,
    pub(super) pictures: Pictures<'a>,
    pub(super) rejects: RejectsFile,
    pub(super) stop: &'a AtomicBool,
    pub(super) on_event: &'a mut dyn FnMut(ReencodeEvent),
    /// The items whose pictures cannot be read, and the operation by which they were written.
    pub(super) unreadable: BTreeMap<u64, u64>,
    pub(super) encoded: u64,
}

/// Where the next look begins.
struct Looked {
    work: Vec<Work>,
    next: Option<ItemNumber>,
}

impl<'a> CatchUp<'a> {
    /// Nothing was done yet, and the generation is to be named.
    pub(super) fn new(
        dir: &'a Path,
        options: &'a ReencodeOptions,
        run: Reencoding<'a>,
        (encoder, reducer): (&'a Encoder, &'a Reducer),
    ) -> Result<CatchUp<'a>, EmbeddingsError> {
        let pictures = Pictures {
            encoder,
            reducer,
            folder: options.images.as_deref(),
            limits: &options.limits,
        };
        Ok(CatchUp {
            dir,
            number: 0,
            pictures,
            rejects: RejectsFile::named(dir, REJECTS)?,
            stop: run.stop,
            on_event: run.on_event,
            unreadable: BTreeMap::new(),
            encoded: 0,
        })
    }

    /// Makes embeddings until nothing lacks any but what cannot be read. Others may write again right after.
    pub(super) fn run(&mut self) -> Result<(), EmbeddingsError> {
        loop {
            let before = self.encoded + self.unreadable.len() as u64;
            self.pass()?;
            if self.encoded + self.unreadable.len() as u64 == before {
                return Ok(());
            }
        }
    }

    /// The same under the lock of a writer, where little is left to do: how many items have none in the end.
    pub(super) fn finish_few(
        &mut self,
        store: &CatalogStore,
    ) -> Result<Option<u64>, EmbeddingsError> {
        self.check_there(store)?;
        let looked = self.look(&store.view()?, ItemNumber(0))?;
        if looked.next.is_some() {
            return Ok(None);
        }
        let made = self.make(&looked.work)?;
        self.put(store, &made)?;
        let view = store.view()?;
        let mut lacking = 0;
        for stored in view.scan()? {
            let stored = stored?;
            let has = view.has_other_embeddings(stored.number)?;
            lacking += u64::from(!has && !stored.item.images.is_empty());
        }
        Ok(Some(lacking))
    }

    /// Waits for the store as long as others have it.
    pub(super) fn open<T>(
        &mut self,
        open: impl Fn(&Path) -> Result<T, OpenError>,
    ) -> Result<T, EmbeddingsError> {
        let mut told = false;
        loop {
            self.check_stop()?;
            match open(self.dir) {
                Err(held @ (OpenError::HeldByWriter { .. } | OpenError::HeldByReaders { .. })) => {
                    if !std::mem::replace(&mut told, true) {
                        (self.on_event)(ReencodeEvent::Waiting(held.to_string()));
                    }
                    std::thread::sleep(PAUSE);
                }
                opened => return Ok(opened?),
            }
        }
    }

    /// Once over all items.
    fn pass(&mut self) -> Result<(), EmbeddingsError> {
        let mut from = Some(ItemNumber(0));
        while let Some(number) = from {
            let store = self.open(CatalogStore::open_reader)?;
            self.check_there(&store)?;
            let looked = self.look(&store.view()?, number)?;
            drop(store);
            let made = self.make(&looked.work)?;
            if !made.is_empty() {
                let store = self.open(CatalogStore::open_writer_in_passing)?;
                self.put(&store, &made)?;
                drop(store);
                self.tell();
            }
            from = looked.next;
        }
        Ok(())
    }

    /// Some of the items from a number on that lack embeddings, and may get some.
    fn look(&mut self, view: &CatalogView, from: ItemNumber) -> Result<Looked, ReadError> {
        let (mut work, mut bytes) = (Vec::new(), 0);
        for stored in view.scan_from(from)? {
            let stored = stored?;
            let known = self.unreadable.get(&stored.number.0) == Some(&stored.sequence);
            let has = known || view.has_other_embeddings(stored.number)?;
            if has || stored.item.images.is_empty() {
                continue;
            }
            if work.len() == BATCH || bytes >= BATCH_BYTES {
                let next = Some(stored.number);
                return Ok(Looked { work, next });
            }
            let read = Work::read(view, stored)?;
            let kept = read
                .item
                .images
                .iter()
                .filter_map(|image| image.bytes.as_ref());
            bytes += kept.map(Vec::len).sum::<usize>();
            work.push(read);
        }
        Ok(Looked { work, next: None })
    }

    /// The embeddings of items; what cannot be read is put down.
    fn make(&mut self, work: &[Work]) -> Result<Vec<(ItemNumber, u64, Vec<f32>)>, EmbeddingsError> {
        let encoded = encode_all(&self.pictures, work, self.stop);
        self.check_stop()?;
        let mut made = Vec::new();
        for (work, rows) in work.iter().zip(encoded) {
            match rows {
                Ok(rows) => made.push((work.number, work.sequence, rows)),
                Err(reason) => {
                    let origin = work.item.id.clone();
                    let reject = Reject {
                        origin,
                        column: None,
                        reason,
                    };
                    self.rejects.push(&reject)?;
                    self.unreadable.insert(work.number.0, work.sequence);
                }
            }
        }
        self.rejects.flush()?;
        Ok(made)
    }

    fn put(
        &mut self,
        store: &CatalogStore,
        made: &[(ItemNumber, u64, Vec<f32>)],
    ) -> Result<(), EmbeddingsError> {
        self.check_there(store)?;
        if !made.is_empty() {
            // Embeddings move no sequence number: a view of before would pass for one of now.
            let view = current_file(self.dir, self.number);
            match std::fs::remove_file(&view) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    let (path, source) = (view, error);
                    return Err(PublishError::Write { path, source }.into());
                }
                _ => {}
            }
        }
        self.encoded += store.put_other_embeddings(made, Durability::Synced)? as u64;
        Ok(())
    }

    fn tell(&mut self) {
        (self.on_event)(ReencodeEvent::Progress {
            encoded: self.encoded,
            unreadable: self.unreadable.len() as u64,
        });
    }

    /// Somebody may have given up this generation meanwhile.
    fn check_there(&self, store: &CatalogStore) -> Result<(), EmbeddingsError> {
        let other = store.header().other.as_ref();
        match other.is_some_and(|other| other.generation.number == self.number) {
            true => Ok(()),
            false => Err(EmbeddingsError::Gone),
        }
    }

    fn check_stop(&self) -> Result<(), Stopped> {
        match self.stop.load(Ordering::Relaxed) {
            true => Err(Stopped),
            false => Ok(()),
        }
    }
}

/// The embeddings of all items, by as many threads as the pool has; fewer where it was stopped. Not by the pool itself: an encoder may
/// use that, and a thread that waits for it would take up item after item meanwhile, each on top of the other.
fn encode_all(
    pictures: &Pictures<'_>,
    work: &[Work],
    stop: &AtomicBool,
) -> Vec<Result<Vec<f32>, String>> {
    let share = work.len().div_ceil(rayon::current_num_threads()).max(1);
    let encode = |work: &[Work]| {
        let left = work.iter().take_while(|_| !stop.load(Ordering::Relaxed));
        pictures.encode(left)
    };
    std::thread::scope(|scope| {
        let parts: Vec<_> = work
            .chunks(share)
            .map(|part| scope.spawn(move || encode(part)))
            .collect();
        let joined = parts.into_iter().map(|part| part.join());
        joined
            .flat_map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}
