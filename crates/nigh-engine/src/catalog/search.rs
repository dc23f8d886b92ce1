//! One query: filter → scan or probe → tail → collect.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};
use std::time::Instant;

use nigh_index::{Allowed, Mode, Neighbor, SearchParams};
use nigh_store::Value;
use roaring::RoaringBitmap;
use thiserror::Error;

use super::Catalog;
use crate::filter::Filter;
use crate::label::{image, place};
use crate::tail::TailItem;
use crate::trace::{Trace, microseconds};
use crate::tuning::CatalogTuned;
use crate::vectors::{Interval, OperatingPoint, RECALL_AT, Setting};
use crate::view::{View, ViewError, image_names};

/// What is wanted of a search.
#[derive(Clone, Debug)]
pub struct SearchOptions {
    /// How many items.
    pub k: usize,
    /// Only items that pass.
    pub filter: Option<Filter>,
    /// Only items with at least this score (cosine, -1 to 1).
    pub min_score: Option<f32>,
    /// How the nearest are found.
    pub method: Method,
    /// Threads that one query may use.
    pub threads: usize,
    /// An item that must not be found: the query itself.
    pub exclude: Option<String>,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self {
            k: 10,
            filter: None,
            min_score: None,
            method: Method::Auto,
            threads: 1,
            exclude: None,
        }
    }
}

/// How the nearest are found.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Method {
    /// As the catalog was tuned ([`tune_catalog`](crate::tune_catalog)); if it was not, exact for a small one, and for a large one the
    /// index, reading an eighth of its lists.
    #[default]
    Auto,
    /// Every item is compared.
    Exact,
    /// The fastest setting that was measured to find at least this mean share of the ten nearest.
    Recall(f64),
    /// Only this many inverted lists are read: the nearest ones.
    Nprobe(usize),
}

/// An item that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// The item.
    pub id: String,
    /// Cosine of query and the item's best image: -1 to 1, higher is nearer.
    pub score: f32,
    /// The best image's name.
    pub image: String,
    /// Where the best image came from.
    pub source: String,
    /// Attributes that are not null.
    pub attributes: BTreeMap<String, Value>,
}

/// The answer to one query.
#[derive(Clone, Debug)]
pub struct SearchReply {
    /// The nearest first; ties by the order in which items were first imported.
    pub hits: Vec<Hit>,
    /// How the published view was searched.
    pub setting: Setting,
    /// The recall of this setting for ten neighbours without a condition, as it was measured when the catalog was tuned; that of an exact
    /// search is known.
    pub recall_at_10: Option<Interval>,
    /// Microseconds for all stages.
    pub latency_us: u64,
    /// Stage by stage.
    pub trace: Trace,
}

/// Why a search cannot run.
#[derive(Debug, Error)]
pub enum SearchError {
    /// The query is not an embedding of this catalog.
    #[error(transparent)]
    Query(#[from] nigh_index::SearchError),
    /// A file of the view cannot be read.
    #[error(transparent)]
    View(#[from] ViewError),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] nigh_store::ReadError),
    /// The catalog was not tuned for this recall.
    #[error(
        "no setting was measured to reach a recall of {0}: `nigh catalog tune DIR --recall {0}` does that"
    )]
    Untuned(f64),
    /// No item has this attribute.
    #[error("no item has an attribute {name:?}; there are {}", known.join(", "))]
    UnknownAttribute {
        /// What was named.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// No item has this id.
    #[error("no item has the id {0:?}")]
    UnknownId(String),
}

/// From this many images on [`Method::Auto`] reads lists instead of everything.
const AUTO_EXACT_IMAGES: usize = 100_000;

/// Where an item stands: in the view (by position) or in the tail (by place).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Place {
    View(u32),
    Tail(u32),
}

/// One image that was found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
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
struct Passing<'a> {
    view: Option<Cow<'a, Allowed>>,
    tail: Option<Allowed>,
    items: usize,
}

impl Catalog {
    /// The items nearest to `queries` (one embedding, or several of one item:
    /// `n × dimension`), each item scored by its best image.
    pub fn search(
        &self,
        queries: &[f32],
        options: &SearchOptions,
    ) -> Result<SearchReply, SearchError> {
        let started = Instant::now();
        let mut trace = Trace::default();
        let (setting, recall) = self.setting(options)?;
        let recall_at_10 = recall.filter(|_| options.filter.is_none() || setting == Setting::Exact);
        let passing = self.pass(options, &mut trace)?;
        let candidates = self.candidates(queries, options, setting, &passing, &mut trace)?;
        let found = candidates.len();
        let collect = || self.collect(candidates, options);
        let hits = trace.stage("collect", collect, |hits| (found, hits.len()))?;
        Ok(SearchReply {
            hits,
            setting,
            recall_at_10,
            latency_us: microseconds(started),
            trace,
        })
    }

    /// The stored embeddings of an item: `images × dimension`.
    pub fn embeddings(&self, id: &str) -> Result<Vec<f32>, SearchError> {
        let unknown = || SearchError::UnknownId(id.to_owned());
        if let Some(store) = &self.store {
            let number = store.view.number_of(id)?.ok_or_else(unknown)?;
            return store.view.embeddings(number)?.ok_or_else(unknown);
        }
        let view = self.view.as_ref().ok_or_else(unknown)?;
        let position = view.items.position_of_id(id).ok_or_else(unknown)?;
        let labels = view.segment.labels();
        let mut rows: Vec<usize> = (0..labels.len())
            .filter(|&row| place(labels[row]) == position)
            .collect();
        rows.sort_unstable_by_key(|&row| labels[row]);
        Ok(rows
            .into_iter()
            .flat_map(|row| view.segment.row(row).into_owned())
            .collect())
    }

    /// How the view is to be searched, and the recall of that where it is known.
    fn setting(&self, options: &SearchOptions) -> Result<(Setting, Option<Interval>), SearchError> {
        let (images, lists) = self.published();
        let probe = |nprobe| Setting::of(&SearchParams::ivf(RECALL_AT, nprobe));
        let of = |point: &OperatingPoint| (point.setting, Some(point.recall_at_10));
        let tuned = self.tuned.as_ref();
        let setting = match options.method {
            Method::Exact => Setting::Exact,
            Method::Nprobe(_) if lists <= 1 => Setting::Exact,
            Method::Nprobe(nprobe) => probe(nprobe),
            Method::Recall(recall) if lists <= 1 && recall <= 1.0 => Setting::Exact,
            Method::Recall(recall) => {
                let point = tuned.and_then(|tuned| tuned.for_recall(recall));
                return point.map(of).ok_or(SearchError::Untuned(recall));
            }
            Method::Auto => match tuned.and_then(CatalogTuned::chosen) {
                Some(point) => return Ok(of(point)),
                None if images < AUTO_EXACT_IMAGES => Setting::Exact,
                None => probe(lists.div_ceil(8)),
            },
        };
        Ok((
            setting,
            (setting == Setting::Exact).then_some(Interval::CERTAIN),
        ))
    }

    /// The rows that pass the filter and are not replaced.
    fn pass<'a>(
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

    /// The best images, enough of them for `k` distinct items.
    fn candidates(
        &self,
        queries: &[f32],
        options: &SearchOptions,
        setting: Setting,
        passing: &Passing<'_>,
        trace: &mut Trace,
    ) -> Result<Vec<Candidate>, SearchError> {
        let mut candidates = Vec::new();
        for query in queries.chunks(self.dimension.max(1)) {
            if let Some(view) = &self.view {
                let k = rows_wanted(options, view.items.header().most_images);
                let params = setting.params(k).with_threads(options.threads);
                candidates.extend(search_view(
                    view,
                    query,
                    &params,
                    passing.view.as_deref(),
                    trace,
                )?);
            }
            if self.tail.len() > 0 {
                candidates.extend(self.search_tail(
                    query,
                    options,
                    passing.tail.as_ref(),
                    trace,
                )?);
            }
        }
        Ok(candidates)
    }

    pub(super) fn search_tail(
        &self,
        query: &[f32],
        options: &SearchOptions,
        allowed: Option<&Allowed>,
        trace: &mut Trace,
    ) -> Result<Vec<Candidate>, SearchError> {
        let rows = rows_wanted(options, self.tail.most_images());
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
    ) -> Result<Vec<Hit>, SearchError> {
        candidates.sort_unstable_by(Candidate::order);
        let mut seen = HashSet::new();
        let mut hits = Vec::with_capacity(options.k);
        for candidate in candidates {
            let enough = hits.len() == options.k
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
        })
    }
}

fn search_view(
    view: &View,
    query: &[f32],
    params: &SearchParams,
    allowed: Option<&Allowed>,
    trace: &mut Trace,
) -> Result<Vec<Candidate>, SearchError> {
    let exact = params.mode == Mode::Exact;
    let stage = if exact { "scan" } else { "probe" };
    let search = || view.segment.search(query, params, allowed);
    let found = trace.stage(stage, search, |found| {
        (found.distances, found.neighbors.len())
    })?;
    Ok(found
        .neighbors
        .into_iter()
        .map(|neighbor| Candidate::in_view(view, neighbor))
        .collect())
}

/// Rows to ask for, so that `k` items are among them: an item can take as many
/// rows as it has images, and the excluded one takes its own.
fn rows_wanted(options: &SearchOptions, most_images: usize) -> usize {
    (options.k + usize::from(options.exclude.is_some())) * most_images.max(1)
}

/// The segment's rows of the items at these positions.
fn rows_of(view: &View, positions: &RoaringBitmap) -> Allowed {
    let mut passes = vec![false; view.len()];
    positions
        .iter()
        .for_each(|position| passes[position as usize] = true);
    view.segment.allow(|label| passes[place(label) as usize])
}
