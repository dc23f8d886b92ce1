//! What a column holds, for a person who is about to write a filter.

use nigh_store::{Date, Value};

use super::bits::Bits;
use super::cells::{Cells, Data};

/// The values of one column at a glance.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnSummary {
    /// Items without a value.
    pub nulls: u64,
    /// How many different values there are (exact).
    pub distinct: u64,
    /// The most frequent values with their counts, the most frequent first, ties by value.
    pub top: Vec<(Value, u64)>,
    /// The lowest and the highest value; `None` where all are null.
    pub range: Option<(Value, Value)>,
}

impl ColumnSummary {
    pub(super) fn of(cells: &Cells, top: usize) -> ColumnSummary {
        let tally = tally(cells);
        let ends = tally.first().zip(tally.last());
        let range = ends.map(|((low, _), (high, _))| (low.clone(), high.clone()));
        ColumnSummary {
            nulls: (cells.present.len() - cells.present.count()) as u64,
            distinct: tally.len() as u64,
            range,
            top: most_frequent(tally, top),
        }
    }
}

fn most_frequent(mut tally: Vec<(Value, u64)>, top: usize) -> Vec<(Value, u64)> {
    // The sort is stable, so that equal counts stay in the order of their values.
    tally.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    tally.truncate(top);
    tally
}

/// Every distinct value with its count, ascending.
fn tally(cells: &Cells) -> Vec<(Value, u64)> {
    let present = &cells.present;
    match &cells.data {
        Data::Text(texts) => {
            let text = |code: u32| Value::String(texts.entry(code as usize).to_owned());
            count(sorted(texts.codes(), present, u32::cmp), text)
        }
        Data::Integer(values) => count(sorted(values, present, i64::cmp), Value::Integer),
        Data::Float(values) => count(sorted(values, present, f64::total_cmp), Value::Float),
        Data::Days(days) => {
            let date = |days| Value::Date(Date(days));
            count(sorted(days, present, i32::cmp), date)
        }
        Data::Boolean(bits) => {
            let bits: Vec<bool> = (0..bits.len()).map(|i| bits.get(i)).collect();
            count(sorted(&bits, present, bool::cmp), Value::Boolean)
        }
    }
}

fn sorted<T: Copy>(
    values: &[T],
    present: &Bits,
    order: impl Fn(&T, &T) -> std::cmp::Ordering,
) -> Vec<T> {
    let there = values.iter().enumerate().filter(|(i, _)| present.get(*i));
    let mut there: Vec<T> = there.map(|(_, value)| *value).collect();
    there.sort_unstable_by(order);
    there
}

fn count<T: Copy + PartialEq>(sorted: Vec<T>, value: impl Fn(T) -> Value) -> Vec<(Value, u64)> {
    let runs = sorted.chunk_by(|a, b| a == b);
    runs.filter_map(|run| Some((value(*run.first()?), run.len() as u64)))
        .collect()
}
