//! Generations of embeddings: the one that is searched, and one beside it that is being prepared or kept.
//!
//! The first generation lies in a table of its own, as it always has; the later ones share another, each key beginning with the
//! generation's number. Which ones count is said by the header alone, so that going from one to another is one rename; rows
//! of a generation that it does not name are leftovers, removed before their number is given again.

use thiserror::Error;

use crate::catalog::chunk::{Chunk, Layout};
use crate::catalog::{CatalogStore, EMBEDDINGS};
use crate::ledger::decode_number;
use crate::{
    Batch, Durability, Generation, Header, ItemNumber, Ledger, OpenError, Other, OtherState,
    ReadError, Row, Scan, View, WriteError,
};

/// Generation and chunk number to embeddings, for all generations but the first.
const GENERATIONS: &str = "generations";

/// Why a generation of embeddings could not be begun, ended or put in another's place.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GenerationError {
    /// There is another one already.
    #[error("generation {number} of the embeddings is there already, {}", state_words(*state))]
    Another {
        /// Its number.
        number: u64,
        /// What it is there for.
        state: OtherState,
    },
    /// There is none besides the one that is searched.
    #[error("there are no other embeddings than those that are searched")]
    None,
    /// The header could not be written.
    #[error(transparent)]
    Header(#[from] OpenError),
    /// The store could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

fn state_words(state: OtherState) -> &'static str {
    match state {
        OtherState::Preparing => "being prepared",
        OtherState::Kept => "kept to go back to",
    }
}

impl CatalogStore {
    /// Begins another generation of embeddings beside the one that is searched; it has none at first. Returns its number, in
    /// place of the one given.
    ///
    /// # Errors
    /// [`GenerationError::Another`], and where the store cannot be written.
    pub fn prepare(&mut self, generation: Generation) -> Result<u64, GenerationError> {
        let header = self.header();
        if let Some(Other { state, generation }) = &header.other {
            let (number, state) = (generation.number, *state);
            return Err(GenerationError::Another { number, state });
        }
        let current = header.current();
        // What a killed process has left of a generation by this number is not this one's.
        remove_others(&self.ledger, &[current.number])?;
        let number = current.number + 1;
        let other = Other {
            state: OtherState::Preparing,
            generation: Generation {
                number,
                ..generation
            },
        };
        let header = header.with_generations(current, Some(other));
        self.ledger.set_header(header)?;
        Ok(number)
    }

    /// Writes embeddings of the generation that is not searched: of those items that are still as they were after the operation
    /// of the number given, and have as many images. Returns of how many that is so.
    ///
    /// # Errors
    /// [`GenerationError::None`], and those of [`Batch::commit`](crate::Batch::commit).
    pub fn put_other_embeddings(
        &self,
        rows: &[(ItemNumber, u64, Vec<f32>)],
        durability: Durability,
    ) -> Result<usize, GenerationError> {
        let other = self.header().other.as_ref().ok_or(GenerationError::None)?;
        let mut draft = Draft::of(&other.generation);
        let mut batch = self.ledger.batch()?;
        let mut taken = 0;
        for (number, sequence, rows) in rows {
            let stored = super::write::stored_at(&batch, *number).map_err(WriteError::from)?;
            let images = rows.len() / draft.stored.layout.dimension().max(1);
            let fits = rows.len() % draft.stored.layout.dimension().max(1) == 0;
            let same = stored.is_some_and(|stored| {
                stored.sequence == *sequence && stored.item.images.len() == images
            });
            if same && fits {
                let bytes = draft.stored.layout.encode(rows);
                *draft.rows(&batch, *number).map_err(WriteError::from)? = bytes;
                taken += 1;
            }
        }
        draft.put(&mut batch);
        batch.commit(durability)?;
        Ok(taken)
    }

    /// Exchanges the two generations: from here on the other one is searched, and this one kept. One step: a crash leaves the one
    /// or the other.
    ///
    /// # Errors
    /// [`GenerationError::None`], and where the header cannot be written.
    pub fn exchange(&mut self) -> Result<(), GenerationError> {
        // Whatever the other generation holds must be on the disk before anybody relies on it.
        self.ledger.sync()?;
        let header = self.header();
        let other = header.other.clone().ok_or(GenerationError::None)?;
        let kept = Other {
            state: OtherState::Kept,
            generation: header.current(),
        };
        let header = header.with_generations(other.generation, Some(kept));
        Ok(self.ledger.set_header(header)?)
    }

    /// Removes the generation that is not searched, with its files. Returns its number.
    ///
    /// # Errors
    /// [`GenerationError::None`], and where the store cannot be written.
    pub fn drop_other(&mut self) -> Result<u64, GenerationError> {
        let header = self.header();
        let other = header.other.clone().ok_or(GenerationError::None)?;
        let current = header.current();
        let header = header.with_generations(current, None);
        let kept = header.files.clone();
        self.ledger.set_header(header)?;
        remove_others(&self.ledger, &[self.header().generation])?;
        for file in other.generation.files {
            if !kept.contains(&file) {
                // What is left of it harms nobody.
                let _ = std::fs::remove_file(self.ledger.folder().join(file));
            }
        }
        Ok(other.generation.number)
    }
}

/// Removes the rows of all generations but some.
fn remove_others(ledger: &Ledger, keep: &[u64]) -> Result<(), WriteError> {
    let view = ledger.view()?;
    let mut keys = Vec::new();
    for row in view.scan(GENERATIONS, ..)? {
        let key = row?.key().to_vec();
        if !keep.iter().any(|kept| key.starts_with(&kept.to_be_bytes())) {
            keys.push(key);
        }
    }
    let first = !keep.contains(&0) && view.len(EMBEDDINGS)? > 0;
    drop(view);
    if keys.is_empty() && !first {
        return Ok(());
    }
    let mut batch = ledger.batch()?;
    if first {
        batch.clear(EMBEDDINGS);
    }
    keys.into_iter()
        .for_each(|key| batch.remove(GENERATIONS, key));
    batch.commit(Durability::Synced).map(|_| ())
}

/// Where a generation's embeddings lie, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored {
    number: u64,
    pub(super) layout: Layout,
}

impl Stored {
    pub(super) fn of(generation: &Generation) -> Self {
        Self {
            number: generation.number,
            layout: Layout::new(generation.dimension, generation.precision),
        }
    }

    pub(super) fn get(
        &self,
        view: &View,
        number: ItemNumber,
    ) -> Result<Option<Vec<f32>>, ReadError> {
        let (index, slot) = self.layout.place(number);
        let Some(chunk) = view.get(self.table(), &self.key(index))? else {
            return Ok(None);
        };
        let rows = self.layout.slot(index, slot, &chunk)?;
        Ok((!rows.is_empty()).then(|| self.layout.decode(rows)))
    }

    pub(super) fn has(&self, view: &View, number: ItemNumber) -> Result<bool, ReadError> {
        let (index, slot) = self.layout.place(number);
        let chunk = view.get(self.table(), &self.key(index))?;
        chunk.map_or(Ok(false), |chunk| {
            Ok(!self.layout.slot(index, slot, &chunk)?.is_empty())
        })
    }

    pub(super) fn scan(&self, view: &View) -> Result<Embeddings, ReadError> {
        let (first, after) = (self.number.to_be_bytes(), (self.number + 1).to_be_bytes());
        let rows = match self.number {
            0 => view.scan(EMBEDDINGS, ..)?,
            _ => view.scan(GENERATIONS, &first[..]..&after[..])?,
        };
        Ok(Embeddings {
            rows,
            stored: *self,
            pending: Vec::new().into_iter(),
        })
    }

    fn table(&self) -> &'static str {
        match self.number {
            0 => EMBEDDINGS,
            _ => GENERATIONS,
        }
    }

    fn key(&self, chunk: u64) -> Vec<u8> {
        let mut key = Vec::with_capacity(16);
        if self.number > 0 {
            key.extend(self.number.to_be_bytes());
        }
        key.extend(chunk.to_be_bytes());
        key
    }

    fn chunk_number(&self, key: &[u8]) -> Result<u64, ReadError> {
        let prefix = if self.number > 0 { 8 } else { 0 };
        decode_number(self.table(), key.get(prefix..).unwrap_or_default())
    }
}

/// The chunks of a generation that a batch changes.
pub(super) struct Draft {
    pub(super) stored: Stored,
    chunks: std::collections::BTreeMap<u64, Chunk>,
}

impl Draft {
    pub(super) fn of(generation: &Generation) -> Self {
        Self {
            stored: Stored::of(generation),
            chunks: std::collections::BTreeMap::new(),
        }
    }

    /// Of the generations of a collection.
    pub(super) fn all(header: &Header) -> (Self, Option<Self>) {
        let other = header.other.as_ref();
        let other = other.map(|other| Self::of(&other.generation));
        (Self::of(&header.current()), other)
    }

    /// The stored rows of an item, in its chunk.
    pub(super) fn rows(
        &mut self,
        batch: &Batch<'_>,
        number: ItemNumber,
    ) -> Result<&mut Vec<u8>, ReadError> {
        let Stored { layout, .. } = self.stored;
        let (index, slot) = layout.place(number);
        if !self.chunks.contains_key(&index) {
            let stored = batch.get(self.stored.table(), &self.stored.key(index))?;
            let chunk =
                stored.map_or_else(|| Ok(layout.empty()), |bytes| layout.chunk(index, &bytes))?;
            self.chunks.insert(index, chunk);
        }
        let chunk = self.chunks.entry(index).or_insert_with(|| layout.empty());
        Ok(&mut chunk.rows[slot])
    }

    /// Puts the changed chunks into the batch.
    pub(super) fn put(&self, batch: &mut Batch<'_>) {
        for (index, chunk) in &self.chunks {
            let (table, key) = (self.stored.table(), self.stored.key(*index));
            match chunk.is_empty() {
                true => batch.remove(table, key),
                false => batch.put(table, key, chunk.bytes(&self.stored.layout)),
            }
        }
    }
}

/// Embeddings in number order; see [`CatalogView::scan_embeddings`](crate::CatalogView::scan_embeddings).
pub struct Embeddings {
    rows: Scan,
    stored: Stored,
    pending: std::vec::IntoIter<(ItemNumber, Vec<f32>)>,
}

impl Embeddings {
    fn unpack(&mut self, row: Result<Row, ReadError>) -> Result<(), ReadError> {
        let row = row?;
        let index = self.stored.chunk_number(row.key())?;
        let layout = self.stored.layout;
        let rows = layout.chunk(index, row.value())?.rows;
        let numbered = rows.iter().enumerate().filter(|(_, rows)| !rows.is_empty());
        let pending: Vec<_> = numbered
            .map(|(slot, rows)| (layout.number(index, slot), layout.decode(rows)))
            .collect();
        self.pending = pending.into_iter();
        Ok(())
    }
}

impl Iterator for Embeddings {
    type Item = Result<(ItemNumber, Vec<f32>), ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(next) = self.pending.next() {
                return Some(Ok(next));
            }
            let row = self.rows.next()?;
            if let Err(error) = self.unpack(row) {
                return Some(Err(error));
            }
        }
    }
}
