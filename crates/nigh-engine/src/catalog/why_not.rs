//! Why an item that was expected is not among the hits.

use std::fmt;

use serde::Serialize;

use super::Catalog;
use super::refine::Refinement;
use super::search::{Hit, SearchError, SearchOptions};

/// Where an item was dropped, in the order of the stages.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum WhyNot {
    /// There is no such item, or it has no embeddings.
    Collection,
    /// It is what was searched for.
    Query,
    /// The condition is not true of it.
    Filter,
    /// Its score is below the least that was asked for.
    MinScore {
        /// Its score.
        score: f32,
    },
    /// Others are nearer.
    Farther {
        /// Its score.
        score: f32,
        /// How many items were looked for.
        depth: usize,
        /// The score of the last of these.
        last: f32,
    },
    /// It is near enough, and the part of the index that was read does not hold it.
    Index {
        /// Its score.
        score: f32,
    },
    /// It is near enough, and there was no time to look that far.
    Budget {
        /// Its score.
        score: f32,
    },
    /// A nearer item of its group is shown.
    Group {
        /// That item.
        shown: String,
    },
    /// It is before or after the page.
    Page {
        /// Its place in the order that is shown, from 0.
        place: usize,
    },
    /// It is among the hits.
    Shown {
        /// Its place on the page, from 0.
        place: usize,
    },
}

impl fmt::Display for WhyNot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Collection => f.write_str("there is no such item, or it has no embeddings"),
            Self::Query => f.write_str("it is what was searched for"),
            Self::Filter => f.write_str("the condition is not true of it"),
            Self::MinScore { score } => {
                write!(f, "its score is {score:.4}, below min_score")
            }
            Self::Farther { score, depth, last } => write!(
                f,
                "its score is {score:.4}; the last of the {depth} nearest has {last:.4}"
            ),
            Self::Index { score } => write!(
                f,
                "its score of {score:.4} is high enough, but the lists of the index that were read do not hold it: \
                 an exact search, or one of a higher recall, finds it"
            ),
            Self::Budget { score } => write!(
                f,
                "its score of {score:.4} is high enough, but the budget left no time to look that far: coverage is below 1"
            ),
            Self::Group { shown } => write!(f, "{shown:?} of its group is nearer and shown"),
            Self::Page { place } => write!(f, "it is at place {place} (from 0), not on this page"),
            Self::Shown { place } => write!(f, "it is among the hits, at place {place} (from 0)"),
        }
    }
}

/// What became of the items on their way to the page.
pub(super) struct Stages<'a> {
    /// The nearest that pass.
    pub(super) found: &'a [Hit],
    /// What is left of them, in the order that is shown.
    pub(super) ordered: &'a [Hit],
    /// Where the budget cut the search for them: how many were wanted.
    pub(super) wanted: Option<usize>,
}

impl Catalog {
    /// Where the item of this id was dropped.
    pub(super) fn why_not(
        &self,
        id: &str,
        queries: &[f32],
        options: &SearchOptions,
        refinement: &Refinement,
        stages: &Stages<'_>,
    ) -> Result<WhyNot, SearchError> {
        let is_it = |hit: &Hit| hit.id == id;
        if let Some(place) = stages.ordered.iter().position(is_it) {
            let page = refinement.offset..refinement.offset.saturating_add(options.k);
            return Ok(match page.contains(&place) {
                true => WhyNot::Shown {
                    place: place - refinement.offset,
                },
                false => WhyNot::Page { place },
            });
        }
        if let Some(hit) = stages.found.iter().find(|hit| is_it(hit)) {
            return Ok(group(hit, refinement, stages));
        }
        let dropped = self.dropped_before(id, queries, options, stages.found)?;
        Ok(match (dropped, stages.wanted) {
            (WhyNot::Index { score }, Some(_)) => WhyNot::Budget { score },
            (WhyNot::Farther { score, depth, .. }, Some(wanted)) if depth < wanted => {
                WhyNot::Budget { score }
            }
            (dropped, _) => dropped,
        })
    }

    /// Of an item that is not even among the nearest.
    fn dropped_before(
        &self,
        id: &str,
        queries: &[f32],
        options: &SearchOptions,
        found: &[Hit],
    ) -> Result<WhyNot, SearchError> {
        if options.exclude.as_deref() == Some(id) {
            return Ok(WhyNot::Query);
        }
        let rows = match self.embeddings(id) {
            Ok(rows) => rows,
            Err(SearchError::UnknownId(_)) => return Ok(WhyNot::Collection),
            Err(error) => return Err(error),
        };
        if let Some(filter) = &options.filter
            && !filter.matches(&self.attributes(id)?, id)
        {
            return Ok(WhyNot::Filter);
        }
        let score = best_cosine(queries, &rows, self.dimension);
        if options.min_score.is_some_and(|least| score < least) {
            return Ok(WhyNot::MinScore { score });
        }
        // A rank formula may have ordered them otherwise.
        let last = found.iter().map(|hit| hit.score).min_by(f32::total_cmp);
        Ok(match last {
            Some(last) if found.len() >= options.k && score <= last => WhyNot::Farther {
                score,
                depth: found.len(),
                last,
            },
            _ => WhyNot::Index { score },
        })
    }
}

fn group(hit: &Hit, refinement: &Refinement, stages: &Stages<'_>) -> WhyNot {
    let value = |hit: &Hit| {
        let group = refinement.group_by.as_ref()?;
        hit.attributes.get(group).map(ToString::to_string)
    };
    let own = value(hit);
    let shown = stages.ordered.iter().find(|other| value(other) == own);
    WhyNot::Group {
        shown: shown.map(|other| other.id.clone()).unwrap_or_default(),
    }
}

/// The cosine of the nearest pair, as the search scores an item.
fn best_cosine(queries: &[f32], rows: &[f32], dimension: usize) -> f32 {
    let norm = |row: &[f32]| {
        row.iter()
            .map(|x| f64::from(*x).powi(2))
            .sum::<f64>()
            .sqrt()
    };
    let mut best = f64::NEG_INFINITY;
    for query in queries.chunks_exact(dimension) {
        for row in rows.chunks_exact(dimension) {
            let dot: f64 = query
                .iter()
                .zip(row)
                .map(|(a, b)| f64::from(*a) * f64::from(*b))
                .sum();
            let length = norm(query) * norm(row);
            best = best.max(if length > 0.0 { dot / length } else { 0.0 });
        }
    }
    best as f32
}
