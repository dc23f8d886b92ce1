//! A catalog that one process searches and writes at the same time.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use nigh_encode::{DecodeLimits, Picture};
use nigh_index::Allowed;
use nigh_store::{
    CatalogStore, CatalogView, Durability, Item, ItemImage, MAX_IMAGES, ReadError, Schema, Upsert,
    Value, WriteError,
};
use thiserror::Error;

use super::{Catalog, OpenCatalogError, Opened, changed_since, usable_view};
use crate::pipeline::{Pipeline, PipelineError};
use crate::publish::{PublishError, publish};
use crate::tail::{TailError, read};
use crate::tuning::TuningFileError;
use crate::view::View;

/// A catalog that is open to search and to write; many threads may share one.
///
/// What [`LiveCatalog::write`] has acknowledged is on disk, and every search that begins after that finds it. Taking changes into memory
/// waits for searches that are running, and searches that begin then wait for it; nobody waits for the disk.
#[derive(Debug)]
pub struct LiveCatalog {
    dir: PathBuf,
    store: CatalogStore,
    state: RwLock<Catalog>,
    /// What is asked so often that it must not wait for the catalog.
    marks: Marks,
    /// One commit, and what follows from it in memory, at a time.
    commit: Mutex<()>,
    publishing: Mutex<()>,
}

/// In which state a catalog is.
#[derive(Debug)]
struct Marks {
    sequence: AtomicU64,
    published: AtomicU64,
    /// How often the pipeline was changed.
    pipelines: AtomicU64,
    schema: RwLock<Arc<Schema>>,
}

impl Marks {
    fn of(catalog: &Catalog) -> Marks {
        Marks {
            sequence: AtomicU64::new(catalog.sequence()),
            published: AtomicU64::new(catalog.published_sequence()),
            pipelines: AtomicU64::new(0),
            schema: RwLock::new(Arc::new(catalog.schema.clone())),
        }
    }

    /// Called where the catalog cannot be read by others.
    fn set(&self, catalog: &Catalog) {
        let mut schema = self.schema.write().unwrap_or_else(PoisonError::into_inner);
        if **schema != catalog.schema {
            *schema = Arc::new(catalog.schema.clone());
        }
        self.published
            .store(catalog.published_sequence(), Ordering::Release);
        self.sequence.store(catalog.sequence(), Ordering::Release);
    }
}

/// A change to a catalog.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// An item, new or in place of the one of its id.
    Upsert(Box<Upsert>),
    /// The item of this id goes.
    Delete(String),
}

/// What a change did; it is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The item was not there.
    Created,
    /// The item was there.
    Updated,
    /// The item is there no more.
    Deleted,
    /// There was none to delete.
    Missing,
}

/// Why a live catalog could not do what was asked.
#[derive(Debug, Error)]
pub enum LiveError {
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenCatalogError),
    /// An item is not one, and nothing was written; or the store cannot be written.
    #[error(transparent)]
    Upsert(#[from] nigh_store::UpsertError),
    /// The store cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What was written cannot be taken into memory.
    #[error(transparent)]
    Tail(#[from] TailError),
    /// A pipeline does not fit the catalog.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// A pipeline cannot be kept.
    #[error(transparent)]
    Keep(#[from] TuningFileError),
    /// A view cannot be built.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// An attribute is of another type than in other items, and nothing was written.
    #[error(transparent)]
    Attribute(#[from] nigh_store::Misfit),
    /// A new item has nothing to be found by.
    #[error("item {id:?} is new and has no picture: it could never be found")]
    NoPicture {
        /// The item.
        id: String,
    },
    /// Another change of the item came between.
    #[error("item {id:?} was changed or deleted by somebody else meanwhile: send it again")]
    ChangedMeanwhile {
        /// The item.
        id: String,
    },
    /// More pictures than an item can have.
    #[error("item {id:?} has {found} pictures, an item can have {MAX_IMAGES}")]
    TooManyPictures {
        /// The item.
        id: String,
        /// How many came.
        found: usize,
    },
    /// A picture cannot be read.
    #[error("item {id:?}, picture {name:?}: {source}")]
    Picture {
        /// The item.
        id: String,
        /// The picture.
        name: String,
        /// Why.
        source: nigh_encode::DecodeError,
    },
    /// Something panicked while it held the catalog.
    #[error("the catalog stopped after a defect in nigh: open it again")]
    Poisoned,
}

/// An item that comes from outside, with its pictures as files' bytes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewItem {
    /// Its id.
    pub id: String,
    /// Its attributes.
    pub attributes: BTreeMap<String, Value>,
    /// Its pictures; none leaves those that are stored.
    pub pictures: Vec<NewPicture>,
}

/// A picture that comes from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewPicture {
    /// What sets it apart from the item's other pictures.
    pub name: String,
    /// Where it came from, in words.
    pub source: String,
    /// The file's bytes.
    pub bytes: Vec<u8>,
}

/// An item on its way to be written: its pictures are to be encoded, if there are any.
#[derive(Debug)]
pub struct Prepared {
    item: Item,
    wanted: usize,
}

/// Changed items from which on a new view is built, and the share of the published ones that they must be.
const PUBLISH_FROM: usize = 2_000;
const PUBLISH_SHARE: usize = 8;

impl LiveCatalog {
    /// Opens the catalog at `dir`; no other process can write it, or open its store, until this is dropped. What was published stays
    /// open to searches of others.
    ///
    /// # Errors
    /// [`LiveError::Open`].
    pub fn open(dir: &Path) -> Result<Self, LiveError> {
        let open = |dir| CatalogStore::open_writer(dir).map_err(OpenCatalogError::from);
        let store = open(dir)?;
        let state = assemble(dir, &store)?;
        let live = Self {
            dir: dir.to_owned(),
            store,
            marks: Marks::of(&state),
            state: RwLock::new(state),
            commit: Mutex::new(()),
            publishing: Mutex::new(()),
        };
        if live.wants_publishing()? {
            live.publish()?;
        }
        Ok(live)
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The catalog as it is now, to be searched; changes wait until this is dropped.
    ///
    /// # Errors
    /// [`LiveError::Poisoned`].
    pub fn read(&self) -> Result<RwLockReadGuard<'_, Catalog>, LiveError> {
        self.state.read().map_err(|_| LiveError::Poisoned)
    }

    /// The numbers of the last change, of the last that is published, and of changes of the pipeline: an answer is as good as new while
    /// they are the same. Never waits.
    pub fn state(&self) -> [u64; 3] {
        let Marks {
            sequence,
            published,
            pipelines,
            ..
        } = &self.marks;
        [sequence, published, pipelines].map(|mark| mark.load(Ordering::Acquire))
    }

    /// Gives the catalog another pipeline, or none; it is kept, and searches that begin then follow it.
    ///
    /// # Errors
    /// [`LiveError::Pipeline`] if it does not fit the catalog, and [`LiveError::Keep`]: nothing is changed then.
    pub fn set_pipeline(&self, pipeline: Option<Pipeline>) -> Result<(), LiveError> {
        let _one = lock(&self.commit)?;
        match &pipeline {
            Some(pipeline) => {
                self.read()?.check_pipeline(pipeline)?;
                pipeline.keep(&self.dir)?;
            }
            None => Pipeline::remove(&self.dir)?,
        }
        let mut catalog = self.state.write().map_err(|_| LiveError::Poisoned)?;
        catalog.pipeline = pipeline;
        self.marks.pipelines.fetch_add(1, Ordering::Release);
        Ok(())
    }

    /// The attributes' names and types. Waits for no search.
    pub fn schema(&self) -> Arc<Schema> {
        let schema = self.marks.schema.read();
        Arc::clone(&schema.unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether something panicked while it held the catalog.
    pub fn is_poisoned(&self) -> bool {
        self.state.is_poisoned() || self.commit.is_poisoned()
    }

    /// Looks which pictures of an item are not stored already: those are to be decoded ([`Prepared::decode`]) and encoded, and
    /// [`Prepared::finish`] follows that.
    ///
    /// # Errors
    /// [`LiveError::NoPicture`], [`LiveError::TooManyPictures`] and [`LiveError::Read`].
    pub fn prepare(&self, new: NewItem) -> Result<Prepared, LiveError> {
        let NewItem {
            id,
            attributes,
            pictures,
        } = new;
        let stored = self.store.get(&id)?;
        if pictures.is_empty() {
            let stored = stored.ok_or_else(|| LiveError::NoPicture { id: id.clone() })?;
            let images = stored.item.images;
            let item = Item {
                id,
                attributes,
                images,
            };
            return Ok(Prepared { item, wanted: 0 });
        }
        if pictures.len() > MAX_IMAGES {
            let found = pictures.len();
            return Err(LiveError::TooManyPictures { id, found });
        }
        let images: Vec<ItemImage> = pictures.into_iter().map(stored_image).collect();
        let hashes = images.iter().map(|image| image.hash);
        let same = stored.as_ref().is_some_and(|stored| {
            let known = stored.item.images.iter().map(|image| image.hash);
            hashes.eq(known)
        });
        let embedded = match &stored {
            Some(stored) if same => self.store.view()?.has_embeddings(stored.number)?,
            _ => false,
        };
        let wanted = match embedded {
            true => 0,
            false => images.len(),
        };
        let item = Item {
            id,
            attributes,
            images,
        };
        Ok(Prepared { item, wanted })
    }

    /// Makes changes, in order and durable when this returns; searches that begin then see them. One that cannot be made leaves the
    /// others as they are.
    ///
    /// Of each change: [`LiveError::Upsert`] where the item is none, [`LiveError::Attribute`], [`LiveError::ChangedMeanwhile`].
    ///
    /// # Errors
    /// [`LiveError::Write`]: some may have been made, and making them again is harmless. After [`LiveError::Tail`] and
    /// [`LiveError::Read`] they are on disk and not yet seen.
    pub fn write<W: Borrow<Write>>(
        &self,
        writes: &[W],
    ) -> Result<Vec<Result<Outcome, LiveError>>, LiveError> {
        let _one = lock(&self.commit)?;
        let mut outcomes = Vec::with_capacity(writes.len());
        let mut upserts: Vec<Upsert> = Vec::new();
        let mut schema = Schema::clone(&self.schema());
        for write in writes {
            outcomes.push(match write.borrow() {
                Write::Upsert(upsert) => self.take(upsert, &mut schema, &mut upserts)?,
                Write::Delete(id) => {
                    self.put(&mut upserts)?;
                    let deleted = self.store.delete(&[id], Durability::Deferred)?;
                    Ok(match deleted.missing.is_empty() {
                        true => Outcome::Deleted,
                        false => Outcome::Missing,
                    })
                }
            });
        }
        self.put(&mut upserts)?;
        self.store.sync()?;
        self.catch_up()?;
        Ok(outcomes)
    }

    /// Puts an item with those that wait to be written, if it can be.
    fn take(
        &self,
        upsert: &Upsert,
        schema: &mut Schema,
        waiting: &mut Vec<Upsert>,
    ) -> Result<Result<Outcome, LiveError>, LiveError> {
        let id = &upsert.item.id;
        if let Err(error) = upsert.check(self.store.header().dimension) {
            return Ok(Err(nigh_store::UpsertError::Item(error).into()));
        }
        if waiting.iter().any(|waiting| waiting.item.id == *id) {
            self.put(waiting)?;
        }
        let known = self.store.hashes(id)?;
        if upsert.embeddings.is_none() {
            // Its pictures were looked at before; the embeddings that stay must be those of the pictures that are stored now.
            let own = upsert.item.images.iter().map(|image| image.hash);
            let same = match &known {
                Some(known) => {
                    own.eq(known.images.iter().copied())
                        && self.store.view()?.has_embeddings(known.number)?
                }
                None => false,
            };
            if !same {
                return Ok(Err(LiveError::ChangedMeanwhile { id: id.clone() }));
            }
        }
        let mut upsert = upsert.clone();
        // Against what was written before it, in this commit too.
        upsert.item.attributes = match schema.admit(upsert.item.attributes) {
            Ok(attributes) => attributes,
            Err(misfit) => return Ok(Err(misfit.into())),
        };
        waiting.push(upsert);
        Ok(Ok(match known {
            Some(_) => Outcome::Updated,
            None => Outcome::Created,
        }))
    }

    /// Whether so much is newer than the published view that searches would gain by a new one.
    ///
    /// # Errors
    /// [`LiveError::Poisoned`].
    pub fn wants_publishing(&self) -> Result<bool, LiveError> {
        let catalog = self.read()?;
        let published = catalog.view.as_ref().map_or(0, View::len);
        let changed = catalog.tail.len().max(catalog.stale.len());
        Ok(changed >= PUBLISH_FROM.max(published / PUBLISH_SHARE))
    }

    /// Builds a view of everything as it is now and searches it from then on. Searches and changes go on meanwhile.
    ///
    /// # Errors
    /// [`LiveError::Publish`] and [`LiveError::Open`]: what was searched before is searched still.
    pub fn publish(&self) -> Result<(), LiveError> {
        let _one = lock(&self.publishing)?;
        publish(&self.dir, &self.store, &self.store.view()?)?;
        let _none = lock(&self.commit)?;
        let fresh = assemble(&self.dir, &self.store)?;
        let mut catalog = self.state.write().map_err(|_| LiveError::Poisoned)?;
        // Stages cost about the same in the new view, and the pipeline may have been changed while it was built.
        catalog.costs.fill(&fresh.costs);
        let fresh = Catalog {
            costs: Arc::clone(&catalog.costs),
            pipeline: catalog.pipeline.take(),
            ..fresh
        };
        *catalog = fresh;
        self.marks.set(&catalog);
        Ok(())
    }

    fn put(&self, upserts: &mut Vec<Upsert>) -> Result<(), LiveError> {
        if upserts.is_empty() {
            return Ok(());
        }
        let put = self.store.upsert(upserts, Durability::Deferred);
        upserts.clear();
        Ok(put.map(drop)?)
    }

    /// Takes what was written into memory. The store is read before searches are kept waiting.
    fn catch_up(&self) -> Result<(), LiveError> {
        let stored = self.store.view()?;
        let mut changed = BTreeMap::new();
        for change in stored.changes(self.state()[0] + 1)? {
            changed.insert(change?.number.0, None);
        }
        for (number, now) in &mut changed {
            *now = read(&stored, *number)?;
        }
        let mut catalog = self.state.write().map_err(|_| LiveError::Poisoned)?;
        let adopted = catalog.adopt(stored, changed);
        self.marks.set(&catalog);
        Ok(adopted?)
    }
}

impl Prepared {
    /// Pictures whose embeddings are wanted: all or none.
    pub fn wanted(&self) -> usize {
        self.wanted
    }

    /// The bytes of a picture's file.
    fn file(&self, place: usize) -> &[u8] {
        let image = self.item.images.get(place);
        image
            .and_then(|image| image.bytes.as_deref())
            .unwrap_or_default()
    }

    /// Pixels that a picture will have, by its header.
    ///
    /// # Errors
    /// [`LiveError::Picture`].
    pub fn pixels(&self, place: usize, limits: &DecodeLimits) -> Result<u64, LiveError> {
        let size = nigh_encode::picture_size(self.file(place), limits);
        let (width, height) = size.map_err(|source| self.bad(place, source))?;
        Ok(u64::from(width) * u64::from(height))
    }

    /// A picture, to be given to an encoder.
    ///
    /// # Errors
    /// [`LiveError::Picture`].
    pub fn decode(&self, place: usize, limits: &DecodeLimits) -> Result<Picture, LiveError> {
        let picture = nigh_encode::decode(self.file(place), limits);
        picture.map_err(|source| self.bad(place, source))
    }

    fn bad(&self, place: usize, source: nigh_encode::DecodeError) -> LiveError {
        let image = self.item.images.get(place);
        LiveError::Picture {
            id: self.item.id.clone(),
            name: image.map(|image| image.name.clone()).unwrap_or_default(),
            source,
        }
    }

    /// The change that writes the item. `rows` are the encoder's embeddings of the pictures that are wanted, laid end to end.
    pub fn finish(self, catalog: &Catalog, rows: Vec<f32>) -> Write {
        let embeddings = (!rows.is_empty()).then(|| catalog.reduce(rows));
        Write::Upsert(Box::new(Upsert {
            item: self.item,
            embeddings,
        }))
    }
}

impl Catalog {
    /// The number of the last change that is known.
    pub fn sequence(&self) -> u64 {
        let view = self.view.as_ref().map_or(0, View::sequence);
        self.store
            .as_ref()
            .map_or(view, |store| store.view.sequence())
    }

    /// Brings what is in memory to a later state of the store, in which these items changed: what they are now, if they are there.
    fn adopt(
        &mut self,
        stored: CatalogView,
        changed: BTreeMap<u64, Option<(Item, Vec<f32>)>>,
    ) -> Result<(), TailError> {
        for (number, now) in changed {
            self.hide(number);
            match now {
                Some((item, rows)) => self.tail.put(number, item, &rows)?,
                None => self.tail.remove(number),
            }
        }
        self.schema = stored.schema().clone();
        if let Some(store) = &mut self.store {
            store.view = stored;
        }
        Ok(())
    }

    /// The view's form of an item is not found any more.
    fn hide(&mut self, number: u64) {
        let Some(view) = &self.view else { return };
        let Some(position) = view.items.position_of_number(number) else {
            return;
        };
        if self.stale.insert(position) {
            let rows = self
                .current_rows
                .get_or_insert_with(|| Allowed::all(view.segment.len()));
            view.rows_of(position).for_each(|row| rows.remove(row));
        }
    }
}

/// The catalog as the store has it now.
fn assemble(dir: &Path, store: &CatalogStore) -> Result<Catalog, OpenCatalogError> {
    let (stored, mut notes) = (store.view()?, Vec::new());
    let view = usable_view(store, &stored, &mut notes);
    let changed = changed_since(&stored, view.as_ref())?;
    let opened = Opened {
        header: store.header().clone(),
        stored,
        store: None,
    };
    Catalog::assemble(dir, opened, view, &changed, notes)
}

fn lock(mutex: &Mutex<()>) -> Result<MutexGuard<'_, ()>, LiveError> {
    mutex.lock().map_err(|_| LiveError::Poisoned)
}

fn stored_image(picture: NewPicture) -> ItemImage {
    ItemImage {
        name: picture.name,
        source: picture.source,
        hash: xxhash_rust::xxh3::xxh3_128(&picture.bytes),
        bytes: Some(picture.bytes),
    }
}
