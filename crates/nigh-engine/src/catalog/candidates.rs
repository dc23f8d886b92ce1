//! From the rows of the index to items: what passes, what is near, what is known about it.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashSet;

use nigh_index::{Allowed, Neighbor};
use roaring::RoaringBitmap;

use super::Catalog;
use super::search::{Hit, SearchError, SearchOptions};
use crate::filter::Filter;
use crate::label::{image, place};
use crate::tail::TailItem;
use crate::trace::Trace;
use crate::view::{View, image_names};

/// Where an item stands: in the view (by position) or in the tail (by place).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Place {
    View(u32),
    Tail(u32),
}

/// One image that was found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    place: Place,
    image: usize,
    score: f32,
    number: u64,
}

impl Candidate {
    pub(super) fn in_view(view: &View, neighbor: Neighbor) -> Self {
        let position = place(neighbor.label);
        Self {
            place: Place::View(position),
            image: image(neighbor.label),
            score: neighbor.score,
            number: view.items.number(position),
        }
    }

    /// Nearest first, then by the item's number: the order of hits.
    fn order(&self, other: &Self) -> Ordering {
        other
            .score
            .total_cmp(&self.score)
            .then(self.number.cmp(&other.number))
            .then(self.image.cmp(&other.image))
    }
}

/// The rows that may be found.
pub(super) struct Passing<'a> {
    pub(super) view: Option<Cow<'a, Allowed>>,
    pub(super) tail: Option<Allowed>,
    pub(super) items: usize,
}

impl Catalog {
    /// The rows that pass the filter and are not replaced.
    pub(super) fn pass<'a>(
        &'a self,
        options: &SearchOptions,
        trace: &mut Trace,
    ) -> Result<Passing<'a>, SearchError> {
        let Some(filter) = &options.filter else {
            return Ok(Passing {
                view: self.current_rows.as_ref().map(Cow::Borrowed),
                tail: None,
                items: self.len(),
            });
        };
        let all = self.len();
        trace.stage(
            "filter",
            || self.apply(filter),
            |passing| (all, passing.items),
        )
    }

    fn apply(&self, filter: &Filter) -> Result<Passing<'_>, SearchError> {
        let tail = self.tail.allow(filter);
        let tail_items = self
            .tail
            .items()
            .filter(|tail| filter.matches(&tail.item.attributes, &tail.item.id));
        let tail_count = tail_items.count();
        let Some(view) = &self.view else {
            return Ok(Passing {
                view: None,
                tail: Some(tail),
                items: tail_count,
            });
        };
        let mut positions = filter.evaluate(view.columns()?, &|position| view.items.id(position));
        for &stale in &self.stale {
            positions.remove(stale);
        }
        let items = positions.len() as usize + tail_count;
        Ok(Passing {
            view: Some(Cow::Owned(rows_of(view, &positions))),
            tail: Some(tail),
            items,
        })
    }

    pub(super) fn search_tail(
        &self,
        query: &[f32],
        options: &SearchOptions,
        allowed: Option<&Allowed>,
        trace: &mut Trace,
    ) -> Result<Vec<Candidate>, SearchError> {
        let rows = rows_wanted(options.k, options, self.tail.most_images());
        let rows = rows.min(self.tail.images().max(1));
        let search = || self.tail.search(query, rows, allowed);
        let found = trace.stage("tail", search, |found| {
            (found.distances, found.neighbors.len())
        })?;
        let candidate = |neighbor: Neighbor| {
            let place = place(neighbor.label);
            Some(Candidate {
                place: Place::Tail(place),
                image: image(neighbor.label),
                score: neighbor.score,
                number: self.tail.item(place)?.number,
            })
        };
        Ok(found.neighbors.into_iter().filter_map(candidate).collect())
    }

    /// Images to items: the best `k`, each once, with what is known about them.
    pub(super) fn collect(
        &self,
        mut candidates: Vec<Candidate>,
        options: &SearchOptions,
        k: usize,
    ) -> Result<Vec<Hit>, SearchError> {
        candidates.sort_unstable_by(Candidate::order);
        let mut seen = HashSet::new();
        let mut hits = Vec::with_capacity(k.min(candidates.len()));
        for candidate in candidates {
            let enough = hits.len() == k
                || options
                    .min_score
                    .is_some_and(|least| candidate.score < least);
            if enough {
                break;
            }
            if !seen.insert(candidate.place)
                || options.exclude.as_deref() == Some(self.id(candidate.place))
            {
                continue;
            }
            hits.push(self.hit(candidate)?);
        }
        Ok(hits)
    }

    fn id(&self, place: Place) -> &str {
        match (place, &self.view) {
            (Place::Tail(place), _) => self.tail.item(place).map_or("", |tail| &tail.item.id),
            (Place::View(position), Some(view)) => view.items.id(position),
            // A view's position is only made by searching the view.
            (Place::View(_), None) => "",
        }
    }

    fn hit(&self, candidate: Candidate) -> Result<Hit, SearchError> {
        let (images, attributes) = match (candidate.place, &self.view) {
            (Place::View(position), Some(view)) => (
                view.items.images(position)?,
                view.columns()?.attributes(position),
            ),
            (Place::View(_), None) => Default::default(),
            (Place::Tail(place), _) => self
                .tail
                .item(place)
                .map_or_else(Default::default, |TailItem { item, .. }| {
                    (image_names(item), item.attributes.clone())
                }),
        };
        let best = images.into_iter().nth(candidate.image);
        let (image, source) = best
            .map(|image| (image.name, image.source))
            .unwrap_or_default();
        Ok(Hit {
            id: self.id(candidate.place).to_owned(),
            score: candidate.score,
            image,
            source,
            attributes,
            ranked: None,
            candidate,
        })
    }

    /// The embedding that a hit was found by.
    pub(super) fn embedding(&self, candidate: Candidate) -> Option<Cow<'_, [f32]>> {
        match candidate.place {
            Place::Tail(place) => self.tail.row(place, candidate.image).map(Cow::Borrowed),
            Place::View(position) => {
                let segment = &self.view.as_ref()?.segment;
                let of = |row: &usize| image(segment.labels()[*row]) == candidate.image;
                let row = self.view.as_ref()?.rows_of(position).find(of)?;
                Some(segment.row(row))
            }
        }
    }
}

/// Rows to ask for, so that so many items are among them: an item can take as many
/// rows as it has images, and the excluded one takes its own.
pub(super) fn rows_wanted(items: usize, options: &SearchOptions, most_images: usize) -> usize {
    let items = items.saturating_add(usize::from(options.exclude.is_some()));
    items.saturating_mul(most_images.max(1))
}

/// The segment's rows of the items at these positions.
fn rows_of(view: &View, positions: &RoaringBitmap) -> Allowed {
    let mut passes = vec![false; view.len()];
    positions
        .iter()
        .for_each(|position| passes[position as usize] = true);
    view.segment.allow(|label| passes[place(label) as usize])
}
