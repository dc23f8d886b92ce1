//! What is newer than the published view: few items, kept in memory, searched
//! exactly. It makes an item searchable as soon as it is stored.

use std::collections::{BTreeSet, HashMap};

use nigh_index::{Allowed, Metric, PushError, SearchError, Vectors};
use nigh_store::{CatalogView, Item, ItemNumber, ReadError};
use thiserror::Error;

use crate::filter::Filter;
use crate::label::{label, place};

/// Why the tail could not be read.
#[derive(Debug, Error)]
pub enum TailError {
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] ReadError),
    /// A stored embedding is not one.
    #[error("item {id:?}: {source}")]
    Embedding {
        /// The item.
        id: String,
        /// Why.
        source: PushError,
    },
}

/// One item of the tail.
#[derive(Clone, Debug)]
pub(crate) struct TailItem {
    pub(crate) number: u64,
    pub(crate) item: Item,
}

/// The items that were written since the view, and their rows.
#[derive(Debug)]
pub(crate) struct Tail {
    /// By place; none where the item was written anew or deleted since.
    items: Vec<Option<TailItem>>,
    places: HashMap<u64, u32>,
    rows: Vectors,
    /// A bit for each row, clear where its item is gone.
    alive: Vec<u64>,
    gone_rows: usize,
    most_images: usize,
}

/// Rows of items that are gone are swept from so many on, once they are as many as the others.
const SWEPT_ROWS: usize = 256;

impl Tail {
    pub(crate) fn empty(dimension: usize) -> Self {
        Self {
            items: Vec::new(),
            places: HashMap::new(),
            rows: Vectors::new(dimension, Metric::Cosine),
            alive: Vec::new(),
            gone_rows: 0,
            most_images: 0,
        }
    }

    /// Reads the items with these numbers, those that still exist.
    pub(crate) fn load(
        stored: &CatalogView,
        dimension: usize,
        numbers: &BTreeSet<u64>,
    ) -> Result<Self, TailError> {
        let mut tail = Self::empty(dimension);
        for &number in numbers {
            if let Some((item, rows)) = read(stored, number)? {
                tail.push(number, item, &rows)?;
            }
        }
        Ok(tail)
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// Images of its items.
    pub(crate) fn images(&self) -> usize {
        self.rows.len() - self.gone_rows
    }

    /// The most images that one item of the tail has.
    pub(crate) fn most_images(&self) -> usize {
        self.most_images
    }

    /// The item at a place that a search has found.
    pub(crate) fn item(&self, place: u32) -> Option<&TailItem> {
        self.items.get(place as usize)?.as_ref()
    }

    pub(crate) fn items(&self) -> impl Iterator<Item = &TailItem> {
        self.items.iter().flatten()
    }

    /// The embedding of an image of the item at a place.
    pub(crate) fn row(&self, place: u32, image: usize) -> Option<&[f32]> {
        let wanted = label(place, image);
        let row = self
            .rows
            .labels()
            .iter()
            .position(|label| *label == wanted)?;
        Some(self.rows.row(row))
    }

    /// The rows of the items that pass.
    pub(crate) fn allow(&self, filter: &Filter) -> Allowed {
        let passes = |tail: &Option<TailItem>| {
            tail.as_ref()
                .is_some_and(|tail| filter.matches(&tail.item.attributes, &tail.item.id))
        };
        let passing: Vec<bool> = self.items.iter().map(passes).collect();
        self.rows.allow(|label| passing[place(label) as usize])
    }

    /// The nearest rows among those allowed: by default, those whose items are there.
    pub(crate) fn search(
        &self,
        query: &[f32],
        k: usize,
        allowed: Option<&Allowed>,
    ) -> Result<nigh_index::Found, SearchError> {
        if allowed.is_none() && self.gone_rows > 0 {
            let alive = Allowed::from_words(self.rows.len(), self.alive.clone());
            return self.rows.search(query, k, Some(&alive));
        }
        self.rows.search(query, k, allowed)
    }

    /// Takes an item as it is now, in place of what it was.
    pub(crate) fn put(&mut self, number: u64, item: Item, rows: &[f32]) -> Result<(), TailError> {
        self.remove(number);
        self.push(number, item, rows)
    }

    /// Forgets an item, if it is here.
    pub(crate) fn remove(&mut self, number: u64) {
        let Some(gone) = self.places.remove(&number) else {
            return;
        };
        self.items[gone as usize] = None;
        for (row, label) in self.rows.labels().iter().enumerate() {
            if place(*label) == gone {
                self.alive[row / 64] &= !(1 << (row % 64));
                self.gone_rows += 1;
            }
        }
        if self.gone_rows >= SWEPT_ROWS && self.gone_rows * 2 >= self.rows.len() {
            self.sweep();
        }
    }

    fn push(&mut self, number: u64, item: Item, rows: &[f32]) -> Result<(), TailError> {
        let place = self.items.len() as u32;
        for (image, row) in rows.chunks_exact(self.rows.dim()).enumerate() {
            let at = self.rows.len();
            let pushed = self.rows.push(label(place, image), row);
            pushed.map_err(|source| TailError::Embedding {
                id: item.id.clone(),
                source,
            })?;
            self.alive.resize(at / 64 + 1, 0);
            self.alive[at / 64] |= 1 << (at % 64);
        }
        self.most_images = self.most_images.max(item.images.len());
        self.places.insert(number, place);
        self.items.push(Some(TailItem { number, item }));
        Ok(())
    }

    /// Gives back the memory of what is gone.
    fn sweep(&mut self) {
        let mut swept = Self::empty(self.rows.dim());
        let mut rows: HashMap<u32, Vec<f32>> = HashMap::new();
        for (row, label) in self.rows.labels().iter().enumerate() {
            if self.item(place(*label)).is_some() {
                let all = rows.entry(place(*label)).or_default();
                all.extend(self.rows.row(row));
            }
        }
        for (place, tail) in std::mem::take(&mut self.items).into_iter().enumerate() {
            let Some(tail) = tail else { continue };
            let rows = rows.remove(&(place as u32)).unwrap_or_default();
            // These very rows were taken before.
            let _ = swept.push(tail.number, tail.item, &rows);
        }
        *self = swept;
    }
}

/// An item and its embeddings, if both are there.
pub(crate) fn read(
    stored: &CatalogView,
    number: u64,
) -> Result<Option<(Item, Vec<f32>)>, ReadError> {
    let number = ItemNumber(number);
    let item = stored.get_number(number)?;
    Ok(item
        .map(|stored| stored.item)
        .zip(stored.embeddings(number)?))
}
