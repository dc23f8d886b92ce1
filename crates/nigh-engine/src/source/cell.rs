//! One cell of a table, whatever the table's format, and the attribute it becomes.

use std::borrow::Cow;

use nigh_store::{AttributeType, Date, Value};

use super::{date, infer};

/// A row of a table. `cells` has one entry per column; after a fault, as many as were readable.
#[derive(Debug)]
pub(super) struct Record<'a> {
    /// The line of a text file, or the row of a Parquet file, counted from 1.
    pub(super) number: u64,
    pub(super) cells: Vec<Cell<'a>>,
    pub(super) fault: Option<Fault>,
}

/// Why a row cannot be taken.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    pub(super) column: Option<String>,
    pub(super) reason: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell<'a> {
    Null,
    /// Text of a format without types, whose type is inferred.
    Raw(&'a str),
    /// Text that is text.
    Text(Cow<'a, str>),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Date(Date),
    /// A point in time since 1970.
    Instant {
        nanoseconds: i128,
        utc: bool,
    },
    Bytes(&'a [u8]),
    /// A picture with its bytes, its path, or both.
    File {
        bytes: Option<&'a [u8]>,
        path: Option<&'a str>,
    },
    List(Vec<Cell<'a>>),
    /// A value that no attribute can hold, with the sentence that says so.
    Unfit(String),
}

impl Cell<'_> {
    /// The cell as an id, a name or a path: trimmed text, `None` where there is none.
    pub(super) fn text(&self) -> Option<Cow<'_, str>> {
        let text: Cow<'_, str> = match self {
            Cell::Raw(text) if infer::is_null(text) => return None,
            Cell::Raw(text) => text.trim().into(),
            Cell::Text(text) => text.trim().into(),
            Cell::Integer(number) => number.to_string().into(),
            Cell::Float(number) if number.is_finite() => number.to_string().into(),
            Cell::Boolean(truth) => truth.to_string().into(),
            Cell::Date(date) => date.to_string().into(),
            Cell::Instant { nanoseconds, utc } => date::format_instant(*nanoseconds, *utc).into(),
            Cell::Bytes(bytes) => std::str::from_utf8(bytes).ok()?.trim().into(),
            Cell::File { path, .. } => (*path)?.trim().into(),
            Cell::Null | Cell::Float(_) | Cell::List(_) | Cell::Unfit(_) => return None,
        };
        (!text.is_empty()).then_some(text)
    }

    /// The cell as an attribute of this kind, `None` for null.
    ///
    /// The kind was inferred from these very cells, so an error means that the file has changed
    /// since, or a value that the kind cannot hold.
    pub(super) fn value(&self, kind: AttributeType) -> Result<Option<Value>, String> {
        match self {
            Cell::Null | Cell::Bytes(_) | Cell::File { .. } => Ok(None),
            Cell::Raw(text) => infer::raw_value(text, kind),
            Cell::Text(text) => text_value(text, kind),
            Cell::Float(number) if !number.is_finite() => Ok(None),
            Cell::Unfit(reason) => Err(reason.clone()),
            typed => typed
                .typed_value(kind)
                .map(Some)
                .ok_or_else(|| infer::misfit(&typed.plain(), kind)),
        }
    }

    fn typed_value(&self, kind: AttributeType) -> Option<Value> {
        match (self, kind) {
            (_, AttributeType::String) => Some(Value::String(self.plain())),
            (Cell::Integer(number), AttributeType::Integer) => Some(Value::Integer(*number)),
            (Cell::Integer(number), AttributeType::Float) => Some(Value::Float(*number as f64)),
            (Cell::Float(number), AttributeType::Float) => Some(Value::Float(*number)),
            (Cell::Boolean(truth), AttributeType::Boolean) => Some(Value::Boolean(*truth)),
            (Cell::Date(date), AttributeType::Date) => Some(Value::Date(*date)),
            (Cell::Instant { nanoseconds, .. }, AttributeType::Date) => {
                date::midnight(*nanoseconds).map(Value::Date)
            }
            _ => None,
        }
    }

    fn plain(&self) -> String {
        match self {
            Cell::List(_) => self.json().to_string(),
            other => other.text().unwrap_or_default().into_owned(),
        }
    }

    fn json(&self) -> serde_json::Value {
        match self {
            Cell::List(cells) => cells.iter().map(Cell::json).collect(),
            Cell::Integer(number) => (*number).into(),
            Cell::Float(number) => (*number).into(),
            Cell::Boolean(truth) => (*truth).into(),
            other => other.text().map_or(serde_json::Value::Null, |text| {
                serde_json::Value::String(text.into_owned())
            }),
        }
    }
}

fn text_value(text: &str, kind: AttributeType) -> Result<Option<Value>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    match kind {
        AttributeType::String => Ok(Some(Value::String(text.to_owned()))),
        AttributeType::Date => date::parse(text.trim())
            .map(|date| Some(Value::Date(date)))
            .ok_or_else(|| infer::misfit(text, kind)),
        other => Err(infer::misfit(text, other)),
    }
}
