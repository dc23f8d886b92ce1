//! Items together with their embeddings.

use std::cmp::Ordering;
use std::iter::Peekable;

use nigh_store::{CatalogView, Embeddings, ItemNumber, Items, ReadError, Stored};
use thiserror::Error;

/// Items and their embeddings, in the order of the item numbers. An item that has none is left out: its pictures could not be
/// read when the embeddings were made anew.
pub(crate) struct Paired {
    items: Items,
    embeddings: Peekable<Embeddings>,
}

/// Why items and embeddings cannot be brought together.
#[derive(Debug, Error)]
pub enum PairedError {
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] ReadError),
    /// There are embeddings of no item.
    #[error("the store has embeddings of item number {0}, which it does not hold: it is damaged")]
    NoItem(ItemNumber),
}

impl Paired {
    /// With the embeddings that are searched.
    pub(crate) fn of(stored: &CatalogView) -> Result<Paired, ReadError> {
        Ok(Paired {
            items: stored.scan()?,
            embeddings: stored.scan_embeddings()?.peekable(),
        })
    }

    /// With those of the generation that is not searched, if there is one.
    pub(crate) fn of_other(stored: &CatalogView) -> Result<Option<Paired>, ReadError> {
        let embeddings = stored.scan_other_embeddings()?;
        let pair = |embeddings: Embeddings| -> Result<Paired, ReadError> {
            Ok(Paired {
                items: stored.scan()?,
                embeddings: embeddings.peekable(),
            })
        };
        embeddings.map(pair).transpose()
    }

    fn step(&mut self) -> Result<Option<(Stored, Vec<f32>)>, PairedError> {
        while let Some(item) = self.items.next().transpose()? {
            let next = match self.embeddings.peek() {
                Some(Ok((number, _))) => number.cmp(&item.number),
                Some(Err(_)) => Ordering::Equal,
                None => Ordering::Greater,
            };
            match next {
                Ordering::Greater => {}
                Ordering::Less => break,
                Ordering::Equal => {
                    let embeddings = self.embeddings.next().transpose()?;
                    return Ok(embeddings.map(|(_, embeddings)| (item, embeddings)));
                }
            }
        }
        let left = self.embeddings.next().transpose()?;
        left.map_or(Ok(None), |(number, _)| Err(PairedError::NoItem(number)))
    }
}

impl Iterator for Paired {
    type Item = Result<(Stored, Vec<f32>), PairedError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}
