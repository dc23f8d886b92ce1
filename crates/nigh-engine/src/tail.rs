//! What is newer than the published view: few items, kept in memory, searched
//! exactly. It makes an item searchable as soon as it is stored.

use std::collections::BTreeSet;

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
        Self {
            items: Vec::new(),
            rows: Vectors::new(dimension, Metric::Cosine),
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
            let number = ItemNumber(number);
            if let (Some(item), Some(rows)) =
                (stored.get_number(number)?, stored.embeddings(number)?)
            {
                tail.push(number.0, item.item, &rows)?;
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

    pub(crate) fn search(
        &self,
        query: &[f32],
        k: usize,
        allowed: Option<&Allowed>,
    ) -> Result<nigh_index::Found, SearchError> {
        self.rows.search(query, k, allowed)
    }

    fn push(&mut self, number: u64, item: Item, rows: &[f32]) -> Result<(), TailError> {
        let place = self.items.len() as u32;
        for (image, row) in rows.chunks_exact(self.rows.dim()).enumerate() {
            let pushed = self.rows.push(label(place, image), row);
            pushed.map_err(|source| TailError::Embedding {
                id: item.id.clone(),
                source,
            })?;
        }
        self.most_images = self.most_images.max(item.images.len());
        self.items.push(TailItem { number, item });
        Ok(())
    }
}
