//! A query's pipeline as data: filter → neighbours → exact comparison → rank formula, and a budget for all of it.
//!
//! A collection can have one of its own, which every search follows that brings none:
//!
//! ```text
//! DIR/pipeline.json        a Pipeline, as it is sent over HTTP and read by `nigh catalog pipeline`
//! ```

use std::path::{Path, PathBuf};

use nigh_store::{AttributeType, Date, Schema};
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use self::ranking::{RankPart, Ranked, Ranking};
use crate::catalog::{Method, Refinement, SearchOptions};
use crate::filter::{Filter, FilterError};
use crate::tuning::{TuningFileError, read, write};

mod ranking;

/// How a search runs, stage by stage. What is absent is as without a pipeline.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pipeline {
    /// Filter: only items of which this is true, besides the search's own condition.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Neighbours: how they are looked for, and how many are compared exactly.
    #[serde(skip_serializing_if = "is_default")]
    pub neighbors: Neighbors,
    /// Rank: the formula that orders the nearest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank: Option<Rank>,
    /// Milliseconds for the whole search. Stages take fewer candidates where, by what they were measured to cost, the budget would not
    /// be kept; each takes enough to fill the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_ms: Option<f64>,
}

/// How neighbours are looked for: as the collection is tuned where nothing is given. At most one of `exact`, `nprobe` and `recall`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Neighbors {
    /// Every item is compared.
    #[serde(skip_serializing_if = "is_default")]
    pub exact: bool,
    /// Inverted lists that are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nprobe: Option<usize>,
    /// The fastest setting that was measured to reach this recall.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recall: Option<f64>,
    /// Of the candidates that the codes of the index tell apart roughly, how many are compared exactly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep: Option<usize>,
}

/// The rank formula: cosine + boosts + freshness; then, if asked for, diversity by maximal marginal relevance (Carbonell and Goldstein,
/// SIGIR 1998).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rank {
    /// How many of the nearest are ordered by the formula; ten pages, and 100 at least, where this is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep: Option<usize>,
    /// What attributes add to the score.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub boosts: Vec<Boost>,
    /// What being new adds to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freshness: Option<Freshness>,
    /// Whether hits should differ from each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diversity: Option<Diversity>,
}

/// Adds to the score: `weight` where a condition is true, or `weight · v / (v + pivot)` of a numeric attribute's value v, which is half the
/// weight at the pivot and never more than the weight. Values below 0 and absent ones add nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Boost {
    /// The condition.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Or the attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// The attribute's value that is worth half of the weight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pivot: Option<f64>,
    /// In units of the cosine; below 0 it is a malus.
    pub weight: f32,
}

/// Adds `weight · 2^(−age / half_life_days)`, where age is the days since a date; dates to come count as today.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Freshness {
    /// The attribute: a date.
    pub attribute: String,
    /// Days after which half is left.
    pub half_life_days: f64,
    /// In units of the cosine.
    pub weight: f32,
}

/// Picks hits one by one: the one with the greatest `lambda · score − (1 − lambda) · cosine to the nearest hit picked before`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Diversity {
    /// 1 is the score alone, 0 difference alone.
    pub lambda: f32,
}

/// Why a pipeline cannot be followed.
#[derive(Debug, Error)]
pub enum PipelineError {
    /// A condition is none.
    #[error("{field}: {source}")]
    Filter {
        /// Which one.
        field: String,
        /// Why.
        source: Box<FilterError>,
    },
    /// An attribute is not there, or of another type.
    #[error(
        "{field}: {name:?} is no attribute that is {expected}; there are {}",
        or_none(known)
    )]
    Attribute {
        /// Where it is named.
        field: String,
        /// What was named.
        name: String,
        /// What it should be.
        expected: &'static str,
        /// Attributes that are.
        known: Vec<String>,
    },
    /// The catalog was not tuned for this recall.
    #[error(
        "neighbors.recall: no setting was measured to reach a recall of {recall}: `nigh catalog tune DIR --recall {recall}` does that"
    )]
    Untuned {
        /// The recall.
        recall: f64,
    },
    /// A number is out of range.
    #[error("{field}: expected {expected}, received {received}")]
    Range {
        /// Which one.
        field: String,
        /// What it may be.
        expected: &'static str,
        /// What it is.
        received: String,
    },
}

impl PipelineError {
    /// The field that is wrong.
    pub fn field(&self) -> &str {
        match self {
            Self::Filter { field, .. } | Self::Attribute { field, .. } => field,
            Self::Range { field, .. } => field,
            Self::Untuned { .. } => "neighbors.recall",
        }
    }
}

impl Pipeline {
    /// The pipeline of the collection at `dir`, if it has one.
    ///
    /// # Errors
    /// [`TuningFileError`].
    pub fn of(dir: &Path) -> Result<Option<Pipeline>, TuningFileError> {
        read(&file(dir))
    }

    /// Makes it the collection's own, durable when this returns.
    ///
    /// # Errors
    /// [`TuningFileError`].
    pub fn keep(&self, dir: &Path) -> Result<(), TuningFileError> {
        write(&file(dir), self)
    }

    /// Leaves the collection without one.
    ///
    /// # Errors
    /// [`TuningFileError`].
    pub fn remove(dir: &Path) -> Result<(), TuningFileError> {
        let path = file(dir);
        // That it is gone is on disk when the folder is.
        let removed =
            std::fs::remove_file(&path).and_then(|()| std::fs::File::open(dir)?.sync_all());
        match removed {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(TuningFileError::Write { path, source }),
        }
    }

    /// Gives a copy of a collection the pipeline that the collection has.
    ///
    /// # Errors
    /// [`TuningFileError`].
    pub fn carry_over(from: &Path, to: &Path) -> Result<(), TuningFileError> {
        Pipeline::of(from)?.map_or(Ok(()), |pipeline| pipeline.keep(to))
    }

    /// Whether it can be followed by searches of items with these attributes.
    ///
    /// # Errors
    /// [`PipelineError`].
    pub fn check(&self, schema: &Schema) -> Result<(), PipelineError> {
        let (mut options, mut refinement) = Default::default();
        self.apply(schema, Date(0), &mut options, &mut refinement)
    }

    /// Adds to a search and to what is done with its hits what the pipeline says; what these say themselves stands. `today` is what
    /// freshness is counted from.
    ///
    /// # Errors
    /// [`PipelineError`], and nothing is changed.
    pub fn apply(
        &self,
        schema: &Schema,
        today: Date,
        options: &mut SearchOptions,
        refinement: &mut Refinement,
    ) -> Result<(), PipelineError> {
        let own = self.condition.as_deref();
        let own = own.map(|text| filter(text, schema, "where")).transpose()?;
        let method = self.neighbors.method()?;
        let ranking = self.rank.as_ref();
        let ranking = ranking.map(|rank| Ranking::of(rank, schema, today));
        let ranking = ranking.transpose()?;
        let budget = self.budget_ms.map(budget).transpose()?;
        options.filter = match (options.filter.take(), own) {
            (Some(asked), Some(own)) => Some(own.and(asked)),
            (asked, own) => asked.or(own),
        };
        if options.method == Method::Auto {
            options.method = method;
        }
        options.rescore = options.rescore.or(self.neighbors.keep);
        options.budget = options.budget.or(budget);
        refinement.ranking = refinement.ranking.take().or(ranking);
        Ok(())
    }
}

impl Neighbors {
    /// How a search is to look for them.
    ///
    /// # Errors
    /// [`PipelineError::Range`] where more than one is given, or a number is out of range.
    pub fn method(&self) -> Result<Method, PipelineError> {
        match (self.exact, self.nprobe, self.recall) {
            (false, None, None) => Ok(Method::Auto),
            (true, None, None) => Ok(Method::Exact),
            (false, Some(nprobe), None) if nprobe > 0 => Ok(Method::Nprobe(nprobe)),
            (false, None, Some(recall)) if recall > 0.0 && recall <= 1.0 => {
                Ok(Method::Recall(recall))
            }
            _ => Err(PipelineError::Range {
                field: "neighbors".to_owned(),
                expected: "one of exact: true, nprobe of at least 1, and recall above 0 up to 1",
                received: serde_json::to_string(self).unwrap_or_default(),
            }),
        }
    }
}

/// The budget of so many milliseconds.
///
/// # Errors
/// [`PipelineError::Range`] unless they are above 0.
pub fn budget(ms: f64) -> Result<std::time::Duration, PipelineError> {
    let given = std::time::Duration::try_from_secs_f64(ms / 1000.0);
    let range = || PipelineError::Range {
        field: "budget_ms".to_owned(),
        expected: "milliseconds above 0",
        received: ms.to_string(),
    };
    given
        .ok()
        .filter(|budget| !budget.is_zero())
        .ok_or_else(range)
}

fn filter(text: &str, schema: &Schema, field: &str) -> Result<Filter, PipelineError> {
    Filter::parse(text, schema).map_err(|source| PipelineError::Filter {
        field: field.to_owned(),
        source: Box::new(source),
    })
}

/// The attribute of this name, of one of these types.
fn attribute(
    schema: &Schema,
    name: &str,
    field: &str,
    kinds: &[AttributeType],
    expected: &'static str,
) -> Result<String, PipelineError> {
    let fits = |column: &&nigh_store::Column| kinds.contains(&column.kind);
    let column = schema.column(name).filter(fits);
    let known = || {
        let columns = schema.columns.iter().filter(fits);
        columns.map(|column| column.name.clone()).collect()
    };
    let column = column.ok_or_else(|| PipelineError::Attribute {
        field: field.to_owned(),
        name: name.to_owned(),
        expected,
        known: known(),
    })?;
    Ok(column.name.clone())
}

fn or_none(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn file(dir: &Path) -> PathBuf {
    dir.join("pipeline.json")
}
