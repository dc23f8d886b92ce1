//! One query: filter → scan, or probe and rescore → tail → collect.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use nigh_index::SearchParams;
use nigh_store::Value;
use thiserror::Error;

use super::Catalog;
use super::budget::Budget;
use super::candidates::Candidate;
use super::neighbors::Search;
use crate::filter::Filter;
use crate::label::place;
use crate::pipeline::Ranked;
use crate::trace::{Trace, microseconds};
use crate::tuning::CatalogTuned;
use crate::vectors::{Interval, OperatingPoint, RECALL_AT, Setting};
use crate::view::ViewError;

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
    /// How many of the candidates that codes tell apart roughly are compared exactly; as the setting has it where absent.
    pub rescore: Option<usize>,
    /// The time for everything, from the call on: stages take fewer candidates where it would not be enough.
    pub budget: Option<Duration>,
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
            rescore: None,
            budget: None,
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
#[derive(Clone, Debug)]
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
    /// What a rank formula made of it, where one ordered the hits.
    pub ranked: Option<Ranked>,
    pub(super) candidate: Candidate,
}

/// Where the item stands in the files of the view is no part of what was found.
impl PartialEq for Hit {
    fn eq(&self, other: &Hit) -> bool {
        (&self.id, &self.image, &self.source) == (&other.id, &other.image, &other.source)
            && self.score == other.score
            && self.ranked == other.ranked
            && self.attributes == other.attributes
    }
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
    /// Items of which the condition is true.
    pub total: usize,
    /// The least share that a stage took of the candidates it would have taken without a budget: 1 where there was time for all.
    pub coverage: f64,
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

impl Catalog {
    /// The items nearest to `queries` (one embedding, or several of one item:
    /// `n × dimension`), each item scored by its best image.
    pub fn search(
        &self,
        queries: &[f32],
        options: &SearchOptions,
    ) -> Result<SearchReply, SearchError> {
        let started = Instant::now();
        let mut budget = Budget::new(&self.costs, started, options.budget);
        let reply = self.search_within(queries, options, options.k, &mut budget)?;
        self.costs.learn(&reply.trace);
        Ok(SearchReply {
            latency_us: microseconds(started),
            ..reply
        })
    }

    /// A search for `options.k` items as far as the budget allows, but for `least` at any rate.
    pub(super) fn search_within<'c>(
        &'c self,
        queries: &[f32],
        options: &SearchOptions,
        least: usize,
        budget: &mut Budget<'c>,
    ) -> Result<SearchReply, SearchError> {
        let mut trace = Trace::default();
        let (asked, recall) = self.setting(options)?;
        let passing = self.pass(options, &mut trace)?;
        let mut search = Search {
            catalog: self,
            options,
            passing: &passing,
            asked,
            used: None,
            least,
            budget,
            trace: &mut trace,
        };
        let candidates = search.candidates(queries)?;
        let used = search.used;
        let near = budget.coverage;
        let wanted = options.k.min(candidates.len());
        let later = budget.predicts("rank", least)
            + budget.predicts("diversify", least.saturating_mul(least));
        let k = budget.allows("collect", wanted, least, 1, later);
        let found = candidates.len();
        let collect = || self.collect(candidates, options, k);
        let hits = trace.stage("collect", collect, |hits| (found, hits.len()))?;
        trace.worked(hits.len());
        if hits.len() == k && k < wanted {
            trace.cut(wanted);
            budget.took(k, wanted);
        }
        // What is true of the setting alone is told of searches that it alone has made.
        let exact = asked == Setting::Exact;
        let known = near >= 1.0
            && used.is_none()
            && (exact || options.filter.is_none() && options.rescore.is_none());
        Ok(SearchReply {
            hits,
            setting: used.unwrap_or(asked.comparing(options.rescore)),
            recall_at_10: recall.filter(|_| known),
            total: passing.items,
            coverage: budget.coverage,
            latency_us: 0,
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
    pub(super) fn setting(
        &self,
        options: &SearchOptions,
    ) -> Result<(Setting, Option<Interval>), SearchError> {
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
}
