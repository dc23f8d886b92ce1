//! What is newer than the published view: few items, kept in memory, searched
//! exactly. It makes an item searchable as soon as it is stored.

use std::collections::BTreeSet;

use nigh_index::{Allowed, Metric, SearchError, VectorError, Vectors};
use nigh_store::{CatalogStore, Item, ItemNumber, ReadError};
use thiserror::Error;

use crate::filter::Filter;
use crate::label::{MAX_IMAGES, label, place};

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
        source: VectorError,
    },
}

/// One item of the tail.
#[derive(Debug)]
pub(crate) struct TailItem {
    pub(crate) number: u64,
    pub(crate) item: Item,
}

/// The items that were written since the view, and their rows.
#[derive(Debug)]
pub(crate) struct Tail {
    items: Vec<TailItem>,
    rows: Vectors,
    most_images: usize,
}

impl Tail {
    pub(crate) fn empty(dimension: usize) -> Self {
        Self { items: Vec::new(), rows: Vectors::new(dimension, Metric::Cosine), most_images: 0 }
    }

    /// Reads the items with these numbers, those that still exist.
    pub(crate) fn load(store: &CatalogStore, numbers: &BTreeSet<u64>) -> Result<Self, TailError> {
        let mut tail = Self::empty(store.dimension());
        for &number in numbers {
            if let Some(item) = store.get_number(ItemNumber(number))? {
                let rows = store.embeddings(ItemNumber(number))?;
                tail.push(number, item, &rows)?;
            }
        }
        Ok(tail)
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn rows(&self) -> &Vectors {
        &self.rows
    }

    /// The most images that one item of the tail has.
    pub(crate) fn most_images(&self) -> usize {
        self.most_images
    }

    /// The item at a place below `len`.
    pub(crate) fn item(&self, place: u32) -> &TailItem {
        &self.items[place as usize]
    }

    pub(crate) fn items(&self) -> &[TailItem] {
        &self.items
    }

    /// The rows of the items that pass.
    pub(crate) fn allow(&self, filter: &Filter) -> Allowed {
        let passes = |tail: &TailItem| filter.matches(&tail.item.attributes, &tail.item.id);
        let passing: Vec<bool> = self.items.iter().map(passes).collect();
        self.rows.allow(|label| passing[place(label) as usize])
    }

    pub(crate) fn search(&self, query: &[f32], k: usize, allowed: Option<&Allowed>) -> Result<nigh_index::Found, SearchError> {
        self.rows.search(query, k, allowed)
    }

    fn push(&mut self, number: u64, item: Item, rows: &[f32]) -> Result<(), TailError> {
        let place = self.items.len() as u32;
        for (image, row) in rows.chunks_exact(self.rows.dim()).take(MAX_IMAGES).enumerate() {
            let pushed = self.rows.push(label(place, image), row);
            pushed.map_err(|source| TailError::Embedding { id: item.id.clone(), source })?;
        }
        self.most_images = self.most_images.max(item.images.len());
        self.items.push(TailItem { number, item });
        Ok(())
    }
}
