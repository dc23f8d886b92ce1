//! Attribute values, their types and how one type widens to another.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Date;

/// The type of one attribute column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AttributeType {
    /// UTF-8 text.
    String,
    /// 64-bit signed whole numbers.
    Integer,
    /// 64-bit floating-point numbers.
    Float,
    /// True or false.
    Boolean,
    /// Calendar days.
    Date,
}

impl AttributeType {
    /// The narrowest type that holds values of both.
    ///
    /// Equal types stay; integer and float give float (whole numbers beyond 2^53 then round);
    /// every other pair gives string, which holds everything.
    #[must_use]
    pub fn widen(self, other: Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a,
            (Self::Integer, Self::Float) | (Self::Float, Self::Integer) => Self::Float,
            _ => Self::String,
        }
    }
}

impl fmt::Display for AttributeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Boolean => "boolean",
            Self::Date => "date",
        })
    }
}

/// One attribute value. Null is the absence of the attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// Text.
    String(String),
    /// A whole number.
    Integer(i64),
    /// A floating-point number.
    Float(f64),
    /// True or false.
    Boolean(bool),
    /// A calendar day.
    Date(Date),
}

impl Value {
    /// The type of this value.
    #[must_use]
    pub fn kind(&self) -> AttributeType {
        match self {
            Self::String(_) => AttributeType::String,
            Self::Integer(_) => AttributeType::Integer,
            Self::Float(_) => AttributeType::Float,
            Self::Boolean(_) => AttributeType::Boolean,
            Self::Date(_) => AttributeType::Date,
        }
    }

    /// This value as another type, `None` where it has no such form.
    ///
    /// Every value has a string form, and every value widens as [`AttributeType::widen`] says.
    /// Narrowing succeeds only without loss: the string "12" is the integer 12, the float 2.0 is
    /// the integer 2, the strings "true" and "false" are booleans, "2012-01-31" is a date.
    #[must_use]
    pub fn cast(&self, to: AttributeType) -> Option<Self> {
        match (self, to) {
            (value, to) if value.kind() == to => Some(value.clone()),
            (value, AttributeType::String) => Some(Self::String(value.to_string())),
            (Self::Integer(n), AttributeType::Float) => Some(Self::Float(*n as f64)),
            (Self::Float(x), AttributeType::Integer) => exact_integer(*x).map(Self::Integer),
            (Self::String(text), to) => parse(text.trim(), to),
            _ => None,
        }
    }
}

/// As JSON has it; a date is a string: `"2012-01-31"`.
impl From<&Value> for serde_json::Value {
    fn from(value: &Value) -> Self {
        match value {
            Value::String(text) => text.as_str().into(),
            Value::Integer(number) => (*number).into(),
            Value::Float(number) => (*number).into(),
            Value::Boolean(truth) => (*truth).into(),
            Value::Date(date) => date.to_string().into(),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(text) => f.write_str(text),
            Self::Integer(n) => write!(f, "{n}"),
            Self::Float(x) => write!(f, "{x}"),
            Self::Boolean(b) => write!(f, "{b}"),
            Self::Date(date) => write!(f, "{date}"),
        }
    }
}

/// One column of a [`Schema`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// The attribute's name.
    pub name: String,
    /// The type that every value of it is read as.
    pub kind: AttributeType,
}

/// The attribute columns of a collection, in the order in which they were first seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// The columns.
    pub columns: Vec<Column>,
}

/// A value that would change what its column means.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("attribute {name:?} is of type {kind} here, received {received:?}")]
pub struct Misfit {
    /// The column.
    pub name: String,
    /// Its type.
    pub kind: AttributeType,
    /// The value, shortened.
    pub received: String,
}

impl Schema {
    /// A value as its column has it; as it is where there is no such column yet, or where whole numbers are followed by others.
    ///
    /// # Errors
    /// [`Misfit`] for a value of another type: [`Schema::include`] would make the column one of texts, and conditions on it would mean nothing any
    /// more.
    pub fn fit(&self, name: &str, value: Value) -> Result<Value, Misfit> {
        const SHOWN: usize = 40;
        let Some(kind) = self.column(name).map(|column| column.kind) else {
            return Ok(value);
        };
        match value.cast(kind) {
            Some(cast) => Ok(cast),
            None if kind.widen(value.kind()) == AttributeType::Float => Ok(value),
            None => Err(Misfit {
                name: name.to_owned(),
                kind,
                received: value.to_string().chars().take(SHOWN).collect(),
            }),
        }
    }

    /// Attributes as [`Schema::fit`] has them, for which there is room then.
    ///
    /// # Errors
    /// [`Misfit`], and there is room for none.
    pub fn admit(
        &mut self,
        attributes: BTreeMap<String, Value>,
    ) -> Result<BTreeMap<String, Value>, Misfit> {
        let fit = |(name, value): (String, Value)| {
            let value = self.fit(&name, value)?;
            Ok((name, value))
        };
        let attributes: BTreeMap<_, _> =
            attributes.into_iter().map(fit).collect::<Result<_, _>>()?;
        for (name, value) in &attributes {
            self.include(name, value.kind());
        }
        Ok(attributes)
    }

    /// The column of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Makes room for values of this name and type: a new column goes last, a column of another
    /// type widens as [`AttributeType::widen`] says. Returns whether anything changed.
    pub fn include(&mut self, name: &str, kind: AttributeType) -> bool {
        match self.columns.iter_mut().find(|column| column.name == name) {
            None => {
                self.columns.push(Column {
                    name: name.to_owned(),
                    kind,
                });
                true
            }
            Some(column) => {
                let wider = column.kind.widen(kind);
                std::mem::replace(&mut column.kind, wider) != wider
            }
        }
    }

    /// The attributes with every value as its column's type. Stored values keep the type they
    /// came with, so a column that widens later loses nothing.
    pub(crate) fn cast_all(&self, attributes: &mut BTreeMap<String, Value>) {
        for (name, value) in attributes {
            let wanted = self.column(name).map_or(value.kind(), |column| column.kind);
            if value.kind() != wanted
                && let Some(cast) = value.cast(wanted)
            {
                *value = cast;
            }
        }
    }
}

fn exact_integer(x: f64) -> Option<i64> {
    // Both bounds are exact in f64; the upper one is the first value that no i64 holds.
    let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&x);
    (fits && x.fract() == 0.0).then_some(x as i64)
}

fn parse(text: &str, to: AttributeType) -> Option<Value> {
    match to {
        AttributeType::String => Some(Value::String(text.to_owned())),
        AttributeType::Integer => text.parse().ok().map(Value::Integer),
        AttributeType::Float => text.parse().ok().map(Value::Float),
        AttributeType::Boolean => text.to_ascii_lowercase().parse().ok().map(Value::Boolean),
        AttributeType::Date => Date::parse(text).map(Value::Date),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_another_type_is_not_admitted() {
        use AttributeType as T;
        let row = |value: &Value| BTreeMap::from([("a".to_owned(), value.clone())]);
        let rows = [
            (
                T::Integer,
                Value::Integer(5),
                Some((T::Integer, Value::Integer(5))),
            ),
            (T::Integer, text("5"), Some((T::Integer, Value::Integer(5)))),
            (
                T::Integer,
                Value::Float(1.5),
                Some((T::Float, Value::Float(1.5))),
            ),
            (
                T::Float,
                Value::Integer(5),
                Some((T::Float, Value::Float(5.0))),
            ),
            (
                T::String,
                Value::Boolean(true),
                Some((T::String, text("true"))),
            ),
            (T::Integer, text("red"), None),
            (T::Integer, Value::Boolean(true), None),
            (T::Date, text("soon"), None),
        ];
        for (kind, value, expected) in rows {
            let mut schema = Schema::default();
            schema.include("a", kind);
            let admitted = schema.admit(row(&value));
            let found = admitted
                .ok()
                .map(|row| (schema.columns[0].kind, row["a"].clone()));
            assert_eq!(found, expected, "{kind} {value:?}");
        }
        let mut schema = Schema::default();
        let both = BTreeMap::from([("a".to_owned(), text("x")), ("b".to_owned(), text("y"))]);
        schema.include("b", T::Integer);
        assert!(schema.admit(both).is_err());
        assert_eq!(schema.columns.len(), 1, "none where one does not fit");
    }

    fn text(text: &str) -> Value {
        Value::String(text.to_owned())
    }

    #[test]
    fn values_cast() {
        use AttributeType as T;
        let rows = [
            (Value::Integer(5), T::Float, Some(Value::Float(5.0))),
            (Value::Integer(5), T::String, Some(text("5"))),
            (Value::Integer(1), T::Boolean, None),
            (Value::Integer(1), T::Date, None),
            (Value::Float(2.0), T::Integer, Some(Value::Integer(2))),
            (Value::Float(2.5), T::Integer, None),
            (Value::Float(1e300), T::Integer, None),
            (Value::Float(f64::NAN), T::Integer, None),
            (Value::Float(9_223_372_036_854_775_808.0), T::Integer, None),
            (Value::Float(0.1), T::String, Some(text("0.1"))),
            (Value::Boolean(true), T::String, Some(text("true"))),
            (Value::Boolean(true), T::Integer, None),
            (Value::Date(Date(0)), T::String, Some(text("1970-01-01"))),
            (text(" 12 "), T::Integer, Some(Value::Integer(12))),
            (text("12.5"), T::Integer, None),
            (text("12.5"), T::Float, Some(Value::Float(12.5))),
            (text("TRUE"), T::Boolean, Some(Value::Boolean(true))),
            (text("yes"), T::Boolean, None),
            (text("1970-01-02"), T::Date, Some(Value::Date(Date(1)))),
            (text("x"), T::String, Some(text("x"))),
        ];
        let wrong: Vec<_> = rows
            .iter()
            .filter(|(value, to, cast)| value.cast(*to) != *cast)
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn types_widen_and_every_value_follows() {
        use AttributeType as T;
        let samples = [
            text("a"),
            Value::Integer(3),
            Value::Float(0.5),
            Value::Boolean(false),
            Value::Date(Date(15_000)),
        ];
        for a in &samples {
            for b in &samples {
                let wide = a.kind().widen(b.kind());
                assert_eq!(wide, b.kind().widen(a.kind()), "{a:?} {b:?}");
                assert!(
                    a.cast(wide).is_some() && b.cast(wide).is_some(),
                    "{a:?} {b:?} {wide}"
                );
            }
        }
        assert_eq!(T::Integer.widen(T::Float), T::Float);
        assert_eq!(T::Boolean.widen(T::Integer), T::String);
    }

    #[test]
    fn a_schema_grows_and_widens() {
        let mut schema = Schema::default();
        assert!(schema.include("year", AttributeType::Integer));
        assert!(!schema.include("year", AttributeType::Integer));
        assert!(schema.include("gender", AttributeType::String));
        assert!(schema.include("year", AttributeType::Float));
        assert!(!schema.include("year", AttributeType::Integer));
        let names: Vec<_> = schema
            .columns
            .iter()
            .map(|c| (c.name.as_str(), c.kind))
            .collect();
        assert_eq!(
            names,
            [
                ("year", AttributeType::Float),
                ("gender", AttributeType::String)
            ]
        );
    }
}
