//! The rank formula, bound to a catalog's attributes.

use std::collections::BTreeMap;
use std::sync::Arc;

use nigh_store::{AttributeType, Date, Schema, Value};
use serde::Serialize;

use super::{Boost, Diversity, Freshness, PipelineError, Rank, attribute, filter};
use crate::catalog::set_of;
use crate::filter::Filter;

/// A formula whose attributes are known to be there.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    keep: Option<usize>,
    pub(crate) lambda: Option<f32>,
    terms: Vec<Term>,
}

/// What a formula made of a hit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ranked {
    /// The sum: hits are ordered by it, the greatest first.
    pub score: f32,
    /// What it is the sum of; the cosine is the first.
    pub parts: Vec<RankPart>,
}

/// A part of the sum.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RankPart {
    /// `similarity`, a boost's condition or attribute, or `freshness`.
    #[serde(serialize_with = "as_text")]
    pub part: Arc<str>,
    /// What it adds.
    pub value: f32,
}

#[derive(Clone, Debug, PartialEq)]
struct Term {
    name: Arc<str>,
    weight: f32,
    of: Of,
}

#[derive(Clone, Debug, PartialEq)]
enum Of {
    Condition(Filter),
    Attribute {
        name: String,
        pivot: f64,
    },
    Freshness {
        name: String,
        half_life_days: f64,
        today: Date,
    },
}

fn as_text<S: serde::Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

impl Ranking {
    pub(super) fn of(rank: &Rank, schema: &Schema, today: Date) -> Result<Ranking, PipelineError> {
        let boosts = rank.boosts.iter().enumerate();
        let mut terms = boosts
            .map(|(at, boost)| Term::boost(boost, &format!("rank.boosts[{at}]"), schema))
            .collect::<Result<Vec<_>, _>>()?;
        if let Some(freshness) = &rank.freshness {
            terms.push(Term::freshness(freshness, schema, today)?);
        }
        if rank.keep == Some(0) {
            return Err(range("rank.keep", "a number of items", 0));
        }
        Ok(Ranking {
            keep: rank.keep,
            lambda: rank.diversity.map(lambda).transpose()?,
            terms,
        })
    }

    /// Pairs of `items` that are compared for a page to differ in itself that ends after so many hits: 0 where it need not.
    #[must_use]
    pub fn comparisons(&self, k: usize, page: usize, items: usize) -> usize {
        match self.lambda {
            Some(_) => self.keep(k).min(items).saturating_mul(page),
            None => 0,
        }
    }

    /// How many of the nearest are ordered, for pages of `k` hits: the same for every page.
    pub(crate) fn keep(&self, k: usize) -> usize {
        self.keep.unwrap_or_else(|| set_of(k))
    }

    /// What the formula makes of an item with this cosine.
    pub(crate) fn rank(
        &self,
        similarity: f32,
        id: &str,
        attributes: &BTreeMap<String, Value>,
    ) -> Ranked {
        let mut parts = vec![RankPart {
            part: "similarity".into(),
            value: similarity,
        }];
        let added = self.terms.iter().filter_map(|term| {
            let share = term.share(id, attributes);
            (share != 0.0).then(|| RankPart {
                part: Arc::clone(&term.name),
                value: term.weight * share,
            })
        });
        parts.extend(added);
        Ranked {
            score: parts.iter().map(|part| part.value).sum(),
            parts,
        }
    }
}

impl Term {
    fn boost(boost: &Boost, field: &str, schema: &Schema) -> Result<Term, PipelineError> {
        let weight = finite(boost.weight, &format!("{field}.weight"))?;
        let (name, of) = match (&boost.condition, &boost.attribute, boost.pivot) {
            (Some(text), None, None) => {
                let condition = filter(text, schema, &format!("{field}.where"))?;
                (text.as_str(), Of::Condition(condition))
            }
            (None, Some(name), pivot) => {
                let pivot = pivot.unwrap_or(1.0);
                if !(pivot.is_finite() && pivot > 0.0) {
                    let field = format!("{field}.pivot");
                    return Err(range(&field, "a number above 0", pivot));
                }
                let kinds = [AttributeType::Integer, AttributeType::Float];
                let field = format!("{field}.attribute");
                let bound = attribute(schema, name, &field, &kinds, "a number")?;
                (name.as_str(), Of::Attribute { name: bound, pivot })
            }
            _ => {
                let received = serde_json::to_string(boost).unwrap_or_default();
                let expected = "either where, or attribute and its pivot";
                return Err(range(field, expected, received));
            }
        };
        Ok(Term {
            name: name.into(),
            weight,
            of,
        })
    }

    fn freshness(
        freshness: &Freshness,
        schema: &Schema,
        today: Date,
    ) -> Result<Term, PipelineError> {
        let half_life_days = freshness.half_life_days;
        if !(half_life_days.is_finite() && half_life_days > 0.0) {
            let field = "rank.freshness.half_life_days";
            return Err(range(field, "days above 0", half_life_days));
        }
        let field = "rank.freshness.attribute";
        let kinds = [AttributeType::Date];
        let name = attribute(schema, &freshness.attribute, field, &kinds, "a date")?;
        Ok(Term {
            name: "freshness".into(),
            weight: finite(freshness.weight, "rank.freshness.weight")?,
            of: Of::Freshness {
                name,
                half_life_days,
                today,
            },
        })
    }

    /// The share of its weight that an item gets: 0 to 1.
    fn share(&self, id: &str, attributes: &BTreeMap<String, Value>) -> f32 {
        match &self.of {
            Of::Condition(filter) => f32::from(u8::from(filter.matches(attributes, id))),
            Of::Attribute { name, pivot } => {
                let value = match attributes.get(name) {
                    Some(Value::Integer(value)) => *value as f64,
                    Some(Value::Float(value)) => *value,
                    _ => 0.0,
                };
                match value {
                    value if value.is_infinite() && value > 0.0 => 1.0,
                    value if value > 0.0 => (value / (value + pivot)) as f32,
                    _ => 0.0,
                }
            }
            Of::Freshness {
                name,
                half_life_days,
                today,
            } => match attributes.get(name) {
                Some(Value::Date(date)) => {
                    let age = (f64::from(today.0) - f64::from(date.0)).max(0.0);
                    (-age / half_life_days).exp2() as f32
                }
                _ => 0.0,
            },
        }
    }
}

fn lambda(diversity: Diversity) -> Result<f32, PipelineError> {
    match (0.0..=1.0).contains(&diversity.lambda) {
        true => Ok(diversity.lambda),
        false => Err(range(
            "rank.diversity.lambda",
            "a number from 0 to 1",
            diversity.lambda,
        )),
    }
}

fn finite(weight: f32, field: &str) -> Result<f32, PipelineError> {
    match weight.is_finite() {
        true => Ok(weight),
        false => Err(range(field, "a number", weight)),
    }
}

fn range(field: &str, expected: &'static str, received: impl ToString) -> PipelineError {
    PipelineError::Range {
        field: field.to_owned(),
        expected,
        received: received.to_string(),
    }
}
