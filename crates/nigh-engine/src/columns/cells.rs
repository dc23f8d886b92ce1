//! The cells of one column: a typed vector and a bit per item that says whether it has a value.

use nigh_store::{AttributeType, Date, Value};

use super::bits::Bits;
use super::text::{TextBuilder, TextCells};

/// One column; absent values hold a zero in the vector and a zero in `present`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cells {
    pub(crate) present: Bits,
    pub(crate) data: Data,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Data {
    Text(TextCells),
    Integer(Vec<i64>),
    Float(Vec<f64>),
    Boolean(Bits),
    Days(Vec<i32>),
}

impl Cells {
    pub(crate) fn value(&self, position: usize) -> Option<Value> {
        if !self.present.get(position) {
            return None;
        }
        Some(match &self.data {
            Data::Text(cells) => {
                let code = *cells.codes().get(position)?;
                Value::String(cells.entry(code as usize).to_owned())
            }
            Data::Integer(values) => Value::Integer(*values.get(position)?),
            Data::Float(values) => Value::Float(*values.get(position)?),
            Data::Boolean(bits) => Value::Boolean(bits.get(position)),
            Data::Days(days) => Value::Date(Date(*days.get(position)?)),
        })
    }

    /// Whether a dictionary without entries stands for nulls alone.
    pub(super) fn is_sound(&self) -> bool {
        match &self.data {
            Data::Text(cells) => cells.distinct() > 0 || self.present.is_all(false),
            _ => true,
        }
    }

    pub(crate) fn bytes(&self) -> u64 {
        let bits = |bits: &Bits| bits.words().len() as u64 * 8;
        bits(&self.present)
            + match &self.data {
                Data::Text(cells) => cells.bytes(),
                Data::Integer(values) => values.len() as u64 * 8,
                Data::Float(values) => values.len() as u64 * 8,
                Data::Boolean(values) => bits(values),
                Data::Days(days) => days.len() as u64 * 4,
            }
    }
}

/// Collects one column in item order.
#[derive(Debug)]
pub(super) struct CellsBuilder {
    present: Bits,
    data: DataBuilder,
}

#[derive(Debug)]
enum DataBuilder {
    Text(TextBuilder),
    Integer(Vec<i64>),
    Float(Vec<f64>),
    Boolean(Bits),
    Days(Vec<i32>),
}

impl CellsBuilder {
    pub(super) fn new(kind: AttributeType) -> CellsBuilder {
        let data = match kind {
            AttributeType::String => DataBuilder::Text(TextBuilder::default()),
            AttributeType::Integer => DataBuilder::Integer(Vec::new()),
            AttributeType::Float => DataBuilder::Float(Vec::new()),
            AttributeType::Boolean => DataBuilder::Boolean(Bits::default()),
            AttributeType::Date => DataBuilder::Days(Vec::new()),
        };
        let present = Bits::default();
        CellsBuilder { present, data }
    }

    /// `value` must be of the column's type: the caller has cast it; anything else is a null.
    pub(super) fn push(&mut self, value: Option<&Value>) {
        let present = match &mut self.data {
            DataBuilder::Text(texts) => {
                let text = value.and_then(text);
                texts.push(text);
                text.is_some()
            }
            DataBuilder::Integer(values) => put(values, value.and_then(integer)),
            DataBuilder::Float(values) => put(values, value.and_then(float)),
            DataBuilder::Days(values) => put(values, value.and_then(days)),
            DataBuilder::Boolean(bits) => {
                let bit = value.and_then(boolean);
                bits.push(bit.unwrap_or(false));
                bit.is_some()
            }
        };
        self.present.push(present);
    }

    pub(super) fn finish(self) -> Cells {
        let data = match self.data {
            DataBuilder::Text(texts) => Data::Text(texts.finish()),
            DataBuilder::Integer(values) => Data::Integer(values),
            DataBuilder::Float(values) => Data::Float(values),
            DataBuilder::Boolean(bits) => Data::Boolean(bits),
            DataBuilder::Days(days) => Data::Days(days),
        };
        let present = self.present;
        Cells { present, data }
    }
}

/// Appends the value, or a zero for a null; says whether it was a value.
fn put<T: Copy + Default>(values: &mut Vec<T>, value: Option<T>) -> bool {
    values.push(value.unwrap_or_default());
    value.is_some()
}

pub(crate) fn text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

pub(crate) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(value) => Some(*value),
        _ => None,
    }
}

pub(crate) fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Float(value) => Some(*value),
        _ => None,
    }
}

pub(crate) fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Boolean(value) => Some(*value),
        _ => None,
    }
}

pub(crate) fn days(value: &Value) -> Option<i32> {
    match value {
        Value::Date(date) => Some(date.0),
        _ => None,
    }
}
