//! Looking at items without searching: by id, in order, by a condition.

use std::collections::BTreeMap;

use nigh_store::Value;

use super::refine::{Counting, FacetValue};
use super::search::SearchError;
use super::{Catalog, ItemSummary};
use crate::filter::Filter;
use crate::source::read_image;
use crate::tail::TailItem;
use crate::view::{View, image_names};

impl Catalog {
    /// The ids of all items: the published ones in the order in which they were
    /// first imported, then those that changed since.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let published = self
            .view
            .iter()
            .flat_map(|view| self.positions(view).map(|at| view.items.id(at)));
        published.chain(self.tail.items().map(|tail| tail.item.id.as_str()))
    }

    /// One item.
    pub fn get(&self, id: &str) -> Result<ItemSummary, SearchError> {
        let unknown = || SearchError::UnknownId(id.to_owned());
        if let Some(store) = &self.store {
            let stored = store.view.get(id)?.ok_or_else(unknown)?;
            return Ok(summary(&stored.item));
        }
        let view = self.view.as_ref().ok_or_else(unknown)?;
        let position = view.items.position_of_id(id).ok_or_else(unknown)?;
        view_summary(view, position)
    }

    /// The attributes of one item.
    pub fn attributes(&self, id: &str) -> Result<BTreeMap<String, Value>, SearchError> {
        Ok(self.get(id)?.attributes)
    }

    /// The items that pass, in the order of [`Catalog::ids`], and how many pass in all.
    pub fn list(
        &self,
        filter: Option<&Filter>,
        offset: usize,
        limit: usize,
    ) -> Result<(Vec<ItemSummary>, usize), SearchError> {
        let published = self
            .view
            .as_ref()
            .map_or(Ok(Vec::new()), |view| self.passing_positions(view, filter))?;
        let passes = |tail: &&TailItem| {
            filter.is_none_or(|filter| filter.matches(&tail.item.attributes, &tail.item.id))
        };
        let newer: Vec<&TailItem> = self.tail.items().filter(passes).collect();
        let total = published.len() + newer.len();
        let mut items = Vec::with_capacity(limit.min(total));
        if let Some(view) = &self.view {
            for &position in published.iter().skip(offset).take(limit) {
                items.push(view_summary(view, position)?);
            }
        }
        let skipped = offset.saturating_sub(published.len());
        let left = limit - items.len();
        items.extend(
            newer
                .iter()
                .skip(skipped)
                .take(left)
                .map(|tail| summary(&tail.item)),
        );
        Ok((items, total))
    }

    /// How many of the items that pass have which values, for each of these attributes: the most frequent first.
    ///
    /// # Errors
    /// [`SearchError::UnknownAttribute`] for one that no item has.
    pub fn facets(
        &self,
        filter: Option<&Filter>,
        names: &[String],
    ) -> Result<BTreeMap<String, Vec<FacetValue>>, SearchError> {
        if names.is_empty() {
            return Ok(BTreeMap::new());
        }
        self.check_named(names.iter())?;
        let passes = |tail: &&TailItem| {
            filter.is_none_or(|filter| filter.matches(&tail.item.attributes, &tail.item.id))
        };
        let newer: Vec<&TailItem> = self.tail.items().filter(passes).collect();
        let published = match &self.view {
            Some(view) => self.passing_positions(view, filter)?,
            None => Vec::new(),
        };
        let mut facets = BTreeMap::new();
        for name in names {
            let mut count = Counting::default();
            if let Some(view) = &self.view {
                let columns = view.columns()?;
                let column = columns.column(name);
                let value = |&position: &u32| columns.value(column?, position);
                published
                    .iter()
                    .filter_map(value)
                    .for_each(|value| count.add(&value));
            }
            let values = newer
                .iter()
                .filter_map(|tail| tail.item.attributes.get(name));
            values.for_each(|value| count.add(value));
            facets.insert(name.clone(), count.values());
        }
        Ok(facets)
    }

    /// The bytes of one image of an item: those that the collection keeps, else
    /// read again from where they came from, if they are still there and the same.
    pub fn image_bytes(&self, id: &str, image: &str) -> Option<Vec<u8>> {
        let Some(store) = &self.store else {
            let view = self.view.as_ref()?;
            let images = view.items.images(view.items.position_of_id(id)?).ok()?;
            let image = images.into_iter().find(|named| named.name == image)?;
            return read_image(&image.source, u128::from_str_radix(&image.hash, 16).ok()?);
        };
        let stored = store.view.get(id).ok()??;
        let ordinal = stored
            .item
            .images
            .iter()
            .position(|stored| stored.name == image)?;
        let kept = store.view.image_bytes(stored.number, ordinal).ok()?;
        let image = &stored.item.images[ordinal];
        kept.or_else(|| read_image(&image.source, image.hash))
    }

    fn positions<'a>(&'a self, view: &'a View) -> impl Iterator<Item = u32> + 'a {
        (0..view.len() as u32).filter(|position| !self.stale.contains(position))
    }

    fn passing_positions(
        &self,
        view: &View,
        filter: Option<&Filter>,
    ) -> Result<Vec<u32>, SearchError> {
        let Some(filter) = filter else {
            return Ok(self.positions(view).collect());
        };
        let passing = filter.evaluate(view.columns()?, &|position| view.items.id(position));
        Ok(passing
            .iter()
            .filter(|position| !self.stale.contains(position))
            .collect())
    }
}

fn view_summary(view: &View, position: u32) -> Result<ItemSummary, SearchError> {
    let images = view.items.images(position)?;
    Ok(ItemSummary {
        id: view.items.id(position).to_owned(),
        attributes: view.columns()?.attributes(position),
        images: images
            .into_iter()
            .map(|image| (image.name, image.source))
            .collect(),
    })
}

fn summary(item: &nigh_store::Item) -> ItemSummary {
    let images = image_names(item)
        .into_iter()
        .map(|image| (image.name, image.source));
    ItemSummary {
        id: item.id.clone(),
        attributes: item.attributes.clone(),
        images: images.collect(),
    }
}
