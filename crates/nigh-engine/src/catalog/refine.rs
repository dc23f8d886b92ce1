//! What is done with the items that were found: grouped, ordered, counted, paged.

use std::collections::{BTreeMap, HashSet};
use std::time::Instant;

use nigh_store::{AttributeType, Value};

use super::Catalog;
use super::budget::Budget;
use super::rank::Ranker;
use super::search::{Hit, SearchError, SearchOptions, SearchReply};
use super::why_not::{Stages, WhyNot};
use crate::pipeline::Ranking;
use crate::trace::microseconds;

/// How a page of a search's answer is made. All of it is about the *relevant set*: the `depth` nearest items that pass.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Refinement {
    /// Hits to leave out before the first.
    pub offset: usize,
    /// Of items with the same value of this attribute only the nearest is shown; items without it are all shown.
    pub group_by: Option<String>,
    /// The relevant set is shown in this order, not by nearness.
    pub order_by: Option<OrderBy>,
    /// Attributes whose values are counted over the relevant set.
    pub facets: Vec<String>,
    /// The formula that orders the nearest before all of this.
    pub ranking: Option<Ranking>,
    /// An item whose absence is to be explained.
    pub why_not: Option<String>,
    /// Items in the relevant set; ten pages, and 100 at least, where this is absent and something needs one.
    pub depth: Option<usize>,
}

/// By which attribute, and which way. Items without it come last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderBy {
    /// Its name.
    pub attribute: String,
    /// The greatest first.
    pub descending: bool,
}

/// How many items of the relevant set have a value.
#[derive(Clone, Debug, PartialEq)]
pub struct FacetValue {
    /// The value.
    pub value: Value,
    /// Items.
    pub count: usize,
}

/// A page, and what was counted beside it.
#[derive(Clone, Debug)]
pub struct Refined {
    /// The reply; its hits are those of the page.
    pub reply: SearchReply,
    /// For each attribute asked for, its values: the most frequent first.
    pub facets: BTreeMap<String, Vec<FacetValue>>,
    /// Where the item that was asked about was dropped.
    pub why_not: Option<WhyNot>,
}

/// Values that are counted of one attribute.
const MOST_VALUES: usize = 50;
const LEAST_DEPTH: usize = 100;
const DEPTH_PAGES: usize = 10;

impl Refinement {
    /// Whether anything is done with the hits but to rank them.
    fn refines(&self) -> bool {
        let plain = Refinement {
            ranking: self.ranking.clone(),
            depth: self.depth,
            ..Refinement::default()
        };
        *self != plain
    }

    /// How many nearest items are needed for `k` hits.
    #[must_use]
    pub fn depth(&self, k: usize) -> usize {
        let page = self.offset.saturating_add(k);
        let counted = self.group_by.is_some() || self.order_by.is_some() || !self.facets.is_empty();
        let usual = match counted {
            true => set_of(page),
            false => page,
        };
        let ranked = self.ranking.as_ref();
        let ranked = ranked.map_or(0, |ranking| ranking.keep(k));
        self.depth.unwrap_or(usual.max(ranked)).max(page)
    }
}

/// How many items stand for what a page is chosen from.
pub(crate) fn set_of(page: usize) -> usize {
    page.saturating_mul(DEPTH_PAGES).max(LEAST_DEPTH)
}

impl Catalog {
    /// [`Catalog::search`], and what `refinement` makes of it.
    ///
    /// # Errors
    /// [`SearchError`]; [`SearchError::UnknownAttribute`] for one that no item has.
    pub fn search_refined(
        &self,
        queries: &[f32],
        options: &SearchOptions,
        refinement: &Refinement,
    ) -> Result<Refined, SearchError> {
        self.check_attributes(refinement)?;
        let started = Instant::now();
        let page = refinement.offset.saturating_add(options.k);
        let depth = refinement.depth(options.k);
        let deep = SearchOptions {
            k: depth.min(self.len().max(1)),
            ..options.clone()
        };
        let mut budget = Budget::new(&self.costs, started, options.budget);
        let mut reply = self.search_within(queries, &deep, page, &mut budget)?;
        let cut = budget.coverage < 1.0;
        let hits = std::mem::take(&mut reply.hits);
        let mut ranker = Ranker {
            catalog: self,
            page,
            budget: &mut budget,
            trace: &mut reply.trace,
        };
        let found = match &refinement.ranking {
            Some(ranking) => ranker.rank(ranking, ranking.keep(options.k), hits),
            None => hits,
        };
        let refining = Instant::now();
        let facets = count(&found, &refinement.facets);
        let asked_about = refinement.why_not.as_ref().map(|_| found.clone());
        let entered = found.len();
        let mut ordered = self.grouped(found, refinement);
        let lambda = refinement
            .ranking
            .as_ref()
            .and_then(|ranking| ranking.lambda);
        let mut shown_us = microseconds(refining);
        if let Some(lambda) = lambda.filter(|_| refinement.order_by.is_none()) {
            ordered = ranker.diversify(lambda, ordered);
        }
        let refining = Instant::now();
        self.order(&mut ordered, refinement);
        let why_not = match (&refinement.why_not, &asked_about) {
            (Some(id), Some(found)) => {
                let stages = Stages {
                    found,
                    ordered: &ordered,
                    wanted: cut.then_some(deep.k),
                };
                Some(self.why_not(id, queries, options, refinement, &stages)?)
            }
            _ => None,
        };
        let page = ordered.into_iter().skip(refinement.offset);
        reply.hits = page.take(options.k).collect();
        shown_us += microseconds(refining);
        if refinement.refines() {
            reply
                .trace
                .took("refine", entered, reply.hits.len(), shown_us);
        }
        self.costs.learn(&reply.trace);
        reply.coverage = budget.coverage;
        reply.latency_us = microseconds(started);
        Ok(Refined {
            reply,
            facets,
            why_not,
        })
    }

    fn check_attributes(&self, refinement: &Refinement) -> Result<(), SearchError> {
        let order = refinement.order_by.as_ref().map(|order| &order.attribute);
        let named = refinement
            .group_by
            .iter()
            .chain(order)
            .chain(&refinement.facets);
        self.check_named(named)
    }

    pub(super) fn check_named<'a>(
        &self,
        mut names: impl Iterator<Item = &'a String>,
    ) -> Result<(), SearchError> {
        match names.find(|name| self.schema.column(name).is_none()) {
            None => Ok(()),
            Some(name) => {
                let columns = self.schema.columns.iter();
                Err(SearchError::UnknownAttribute {
                    name: name.clone(),
                    known: columns.map(|column| column.name.clone()).collect(),
                })
            }
        }
    }

    /// Of each group the first.
    fn grouped(&self, mut hits: Vec<Hit>, refinement: &Refinement) -> Vec<Hit> {
        if let Some(group) = &refinement.group_by {
            let mut seen = HashSet::new();
            let value = |hit: &Hit| hit.attributes.get(group).map(ToString::to_string);
            hits.retain(|hit| value(hit).is_none_or(|value| seen.insert(value)));
        }
        hits
    }

    fn order(&self, hits: &mut [Hit], refinement: &Refinement) {
        let Some(order) = &refinement.order_by else {
            return;
        };
        // All of one type, whatever they were written as: else they would have no order.
        let kind = self.schema.column(&order.attribute);
        let kind = kind.map_or(AttributeType::String, |column| column.kind);
        let value = |hit: &Hit| hit.attributes.get(&order.attribute)?.cast(kind);
        // Stable: among equals the nearest comes first.
        hits.sort_by(|a, b| match (value(a), value(b)) {
            (Some(a), Some(b)) if order.descending => compare(&b, &a),
            (Some(a), Some(b)) => compare(&a, &b),
            (a, b) => a.is_none().cmp(&b.is_none()),
        });
    }
}

/// Numbers by size, everything else by its text, which for dates is by time. Both are of one type.
fn compare(a: &Value, b: &Value) -> std::cmp::Ordering {
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => a.total_cmp(b),
        _ => a.to_string().cmp(&b.to_string()),
    }
}

fn count(hits: &[Hit], facets: &[String]) -> BTreeMap<String, Vec<FacetValue>> {
    let values = |name: &String| {
        let mut count = Counting::default();
        let values = hits.iter().filter_map(|hit| hit.attributes.get(name));
        values.for_each(|value| count.add(value));
        (name.clone(), count.values())
    };
    facets.iter().map(values).collect()
}

/// Counts equal values. Those that are written alike are equal: 2 and 2.0 are.
#[derive(Default)]
pub(super) struct Counting(BTreeMap<String, FacetValue>);

impl Counting {
    pub(super) fn add(&mut self, value: &Value) {
        let counted = self.0.entry(value.to_string());
        let counted = counted.or_insert_with(|| FacetValue {
            value: value.clone(),
            count: 0,
        });
        counted.count += 1;
    }

    /// The most frequent first.
    pub(super) fn values(self) -> Vec<FacetValue> {
        let mut values: Vec<FacetValue> = self.0.into_values().collect();
        values.sort_by_key(|value| std::cmp::Reverse(value.count));
        values.truncate(MOST_VALUES);
        values
    }
}
