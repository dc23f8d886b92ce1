//! What a term asks of a column's values, made exact for the column's type.
//!
//! Every comparison with a number becomes a closed range of the column's own type, found without
//! rounding: `year < 2012.5` is `year <= 2012` on integers, and a whole number that no float
//! equals is equal to none. Dates are compared as days, booleans as FALSE = 0 and TRUE = 1.

use std::ops::Bound;

use nigh_store::Value;

use super::like::Pattern;
use super::tree::{Asked, Comparison};

/// The test that a value, not null, passes or fails.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    /// Integers, dates and booleans.
    Whole(Wanted<i64>),
    /// Floats. A NaN fails every test.
    Real(Wanted<f64>),
    Text(WantedText),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Wanted<T> {
    /// From the first to the second, both included; none where the first is the higher.
    Range(T, T),
    /// Sorted.
    OneOf(Vec<T>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum WantedText {
    /// By Unicode code points.
    Range(Bound<String>, Bound<String>),
    /// Sorted.
    OneOf(Vec<String>),
    Like(Pattern),
}

impl Test {
    /// The value has been cast to the column's type.
    pub(super) fn passes(&self, value: &Value) -> bool {
        match (self, value) {
            (Test::Whole(wanted), value) => whole(value).is_some_and(|v| wanted.passes(v)),
            (Test::Real(wanted), Value::Float(value)) => wanted.passes(*value),
            (Test::Text(wanted), Value::String(text)) => wanted.passes(text),
            _ => false,
        }
    }

    /// The test of integers, dates or booleans; the values in `asked` have that type or are numbers.
    pub(super) fn whole(asked: &Asked) -> Test {
        let range = |low: i128, high: i128| {
            let (least, most) = (i128::from(i64::MIN), i128::from(i64::MAX));
            if low > most || high < least || low > high {
                return Wanted::Range(i64::MAX, i64::MIN);
            }
            Wanted::Range(low.max(least) as i64, high.min(most) as i64)
        };
        let (least, most) = (i128::MIN, i128::MAX);
        Test::Whole(match asked {
            Asked::Holds => range(1, 1),
            Asked::Compare(Comparison::Equal, v) => range(ceiling(v), floor(v)),
            Asked::Compare(Comparison::Less, v) => range(least, ceiling(v).saturating_sub(1)),
            Asked::Compare(Comparison::LessOrEqual, v) => range(least, floor(v)),
            Asked::Compare(Comparison::Greater, v) => range(floor(v).saturating_add(1), most),
            Asked::Compare(Comparison::GreaterOrEqual, v) => range(ceiling(v), most),
            Asked::Between(low, high) => range(ceiling(low), floor(high)),
            Asked::OneOf(values) => {
                let exact = values.iter().filter(|v| ceiling(v) == floor(v));
                let mut wanted: Vec<i64> =
                    exact.filter_map(|v| i64::try_from(floor(v)).ok()).collect();
                wanted.sort_unstable();
                Wanted::OneOf(wanted)
            }
            Asked::Like { .. } => Wanted::OneOf(Vec::new()),
        })
    }

    /// The test of floats; the values in `asked` are numbers.
    pub(super) fn real(asked: &Asked) -> Test {
        const LEAST: f64 = f64::NEG_INFINITY;
        const MOST: f64 = f64::INFINITY;
        Test::Real(match asked {
            Asked::Compare(Comparison::Equal, v) => Wanted::Range(at_least(v), at_most(v)),
            Asked::Compare(Comparison::Less, v) => Wanted::Range(LEAST, below(v)),
            Asked::Compare(Comparison::LessOrEqual, v) => Wanted::Range(LEAST, at_most(v)),
            Asked::Compare(Comparison::Greater, v) => Wanted::Range(above(v), MOST),
            Asked::Compare(Comparison::GreaterOrEqual, v) => Wanted::Range(at_least(v), MOST),
            Asked::Between(low, high) => Wanted::Range(at_least(low), at_most(high)),
            Asked::OneOf(values) => {
                let exact = values.iter().filter(|v| at_least(v) == at_most(v));
                // Adding zero turns -0.0 into the 0.0 that it equals.
                let mut wanted: Vec<f64> = exact.map(|v| at_most(v) + 0.0).collect();
                wanted.sort_unstable_by(f64::total_cmp);
                Wanted::OneOf(wanted)
            }
            Asked::Holds | Asked::Like { .. } => Wanted::OneOf(Vec::new()),
        })
    }

    /// The test of strings and ids; the values in `asked` are strings.
    pub(super) fn text(asked: &Asked, pattern: Option<Pattern>) -> Test {
        use Bound::{Excluded, Included, Unbounded};
        Test::Text(match asked {
            Asked::Compare(comparison, value) => {
                let text = value.to_string();
                let (low, high) = match comparison {
                    Comparison::Equal => (Included(text.clone()), Included(text)),
                    Comparison::Less => (Unbounded, Excluded(text)),
                    Comparison::LessOrEqual => (Unbounded, Included(text)),
                    Comparison::Greater => (Excluded(text), Unbounded),
                    Comparison::GreaterOrEqual => (Included(text), Unbounded),
                };
                WantedText::Range(low, high)
            }
            Asked::Between(low, high) => {
                WantedText::Range(Included(low.to_string()), Included(high.to_string()))
            }
            Asked::OneOf(values) => {
                let mut wanted: Vec<String> = values.iter().map(Value::to_string).collect();
                wanted.sort_unstable();
                WantedText::OneOf(wanted)
            }
            Asked::Holds | Asked::Like { .. } => {
                pattern.map_or(WantedText::OneOf(Vec::new()), WantedText::Like)
            }
        })
    }
}

impl<T: Copy + PartialOrd> Wanted<T> {
    pub(super) fn passes(&self, value: T) -> bool {
        match self {
            Wanted::Range(low, high) => *low <= value && value <= *high,
            Wanted::OneOf(wanted) => {
                let place = wanted.partition_point(|wanted| *wanted < value);
                wanted.get(place).is_some_and(|wanted| *wanted == value)
            }
        }
    }
}

impl WantedText {
    pub(super) fn passes(&self, text: &str) -> bool {
        match self {
            WantedText::Range(low, high) => reaches(text, low) && !exceeds(text, high),
            WantedText::OneOf(wanted) => wanted
                .binary_search_by(|wanted| wanted.as_str().cmp(text))
                .is_ok(),
            WantedText::Like(pattern) => pattern.matches(text),
        }
    }
}

/// Whether the text is not below the bound of a range's low end.
pub(super) fn reaches(text: &str, low: &Bound<String>) -> bool {
    match low {
        Bound::Included(low) => text >= low.as_str(),
        Bound::Excluded(low) => text > low.as_str(),
        Bound::Unbounded => true,
    }
}

/// Whether the text is above the bound of a range's high end.
pub(super) fn exceeds(text: &str, high: &Bound<String>) -> bool {
    match high {
        Bound::Included(high) => text > high.as_str(),
        Bound::Excluded(high) => text >= high.as_str(),
        Bound::Unbounded => false,
    }
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(value) => Some(*value),
        Value::Date(date) => Some(i64::from(date.0)),
        Value::Boolean(value) => Some(i64::from(*value)),
        Value::Float(_) | Value::String(_) => None,
    }
}

/// The highest whole number that is not above the value.
fn floor(value: &Value) -> i128 {
    match value {
        // Floats beyond an i128 saturate, and stay beyond every i64.
        Value::Float(value) => value.floor() as i128,
        value => whole(value).map_or(0, i128::from),
    }
}

/// The lowest whole number that is not below the value.
fn ceiling(value: &Value) -> i128 {
    match value {
        Value::Float(value) => value.ceil() as i128,
        value => floor(value),
    }
}

/// The float nearest to the value, and how it compares with the value.
fn nearest(value: &Value) -> (f64, std::cmp::Ordering) {
    match value {
        Value::Float(value) => (*value, std::cmp::Ordering::Equal),
        value => {
            let exact = whole(value).unwrap_or(0);
            let near = exact as f64;
            (near, (near as i128).cmp(&i128::from(exact)))
        }
    }
}

/// The highest float that is not above the value.
fn at_most(value: &Value) -> f64 {
    let (near, order) = nearest(value);
    if order.is_gt() {
        near.next_down()
    } else {
        near
    }
}

/// The lowest float that is not below the value.
fn at_least(value: &Value) -> f64 {
    let (near, order) = nearest(value);
    if order.is_lt() { near.next_up() } else { near }
}

/// The highest float below the value.
fn below(value: &Value) -> f64 {
    let (near, order) = nearest(value);
    if order.is_lt() {
        near
    } else {
        near.next_down()
    }
}

/// The lowest float above the value.
fn above(value: &Value) -> f64 {
    let (near, order) = nearest(value);
    if order.is_gt() { near } else { near.next_up() }
}
