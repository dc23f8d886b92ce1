//! Attributes in JSON.

use std::collections::BTreeMap;

use nigh_store::{AttributeType, Schema, Value};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json};

use crate::error::{ApiError, ApiResult};

/// Attributes on their way out: an object, written as they are.
#[derive(Debug)]
pub(crate) struct AttributesOut(pub(crate) BTreeMap<String, Value>);

impl Serialize for AttributesOut {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entries = self.0.iter();
        serializer.collect_map(entries.map(|(name, value)| (name, ValueOut(value))))
    }
}

struct ValueOut<'a>(&'a Value);

impl Serialize for ValueOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::String(text) => serializer.serialize_str(text),
            Value::Integer(number) => serializer.serialize_i64(*number),
            Value::Float(number) => serializer.serialize_f64(*number),
            Value::Boolean(truth) => serializer.serialize_bool(*truth),
            Value::Date(date) => serializer.collect_str(date),
        }
    }
}

/// Attributes of an item or a person. A value takes the type of its column; null says that there is none.
pub(crate) fn attributes(
    given: Map<String, Json>,
    schema: &Schema,
) -> ApiResult<BTreeMap<String, Value>> {
    let mut attributes = BTreeMap::new();
    for (name, value) in given {
        let value = match value {
            Json::Null => continue,
            Json::Bool(truth) => Value::Boolean(truth),
            Json::String(text) => Value::String(text),
            Json::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(integer), _) => Value::Integer(integer),
                (None, Some(float)) if number.is_f64() => Value::Float(float),
                (None, _) => return Err(wrong(&name, "a number that is out of range")),
            },
            Json::Array(_) => return Err(wrong(&name, "a list")),
            Json::Object(_) => return Err(wrong(&name, "an object")),
        };
        if name.is_empty() || name == "id" {
            let message = format!("an attribute cannot be called {name:?}");
            return Err(ApiError::bad("bad_attribute", message).field("attributes"));
        }
        let value = match schema.column(&name) {
            Some(_) => schema.fit(&name, value)?,
            // JSON has no dates.
            None => value.cast(AttributeType::Date).unwrap_or(value),
        };
        attributes.insert(name, value);
    }
    Ok(attributes)
}

fn wrong(name: &str, found: &str) -> ApiError {
    let message =
        format!("attribute {name:?} is {found}; expected a string, a number, true, false or null");
    ApiError::bad("bad_attribute", message).field(format!("attributes.{name}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_follow_the_columns() {
        let mut schema = Schema::default();
        schema.include("day", AttributeType::Date);
        schema.include("price", AttributeType::Float);
        schema.include("count", AttributeType::Integer);
        let check = |given: Json| {
            let Json::Object(given) = given else {
                unreachable!("the rows below are objects");
            };
            attributes(given, &schema)
                .map(|attributes| serde_json::to_value(AttributesOut(attributes)).unwrap())
                .map_err(|error| error.message().to_owned())
        };
        let rows = [
            (
                json!({"day": "2024-05-01", "price": 3}),
                Ok(json!({"day": "2024-05-01", "price": 3.0})),
            ),
            (
                json!({"new": true, "none": null, "n": -7}),
                Ok(json!({"new": true, "n": -7})),
            ),
            (
                json!({"day": "soon"}),
                Err("attribute \"day\" is of type date here, received \"soon\"".to_owned()),
            ),
            (json!({"count": 1.5}), Ok(json!({"count": 1.5}))),
            (json!({"price": "3"}), Ok(json!({"price": 3.0}))),
            (
                json!({"price": "dear"}),
                Err("attribute \"price\" is of type float here, received \"dear\"".to_owned()),
            ),
            (
                json!({"count": true}),
                Err("attribute \"count\" is of type integer here, received \"true\"".to_owned()),
            ),
            (
                json!({"since": "2024-05-01", "number": "12"}),
                Ok(json!({"since": "2024-05-01", "number": "12"})),
            ),
            (
                json!({"a": [1]}),
                Err(
                    "attribute \"a\" is a list; expected a string, a number, true, false or null"
                        .to_owned(),
                ),
            ),
            (
                json!({"n": 9_223_372_036_854_775_808_u64}),
                Err("attribute \"n\" is a number that is out of range; expected a string, a number, true, false or null".to_owned()),
            ),
            (
                json!({"id": 1}),
                Err("an attribute cannot be called \"id\"".to_owned()),
            ),
        ];
        let wrong: Vec<_> = rows
            .into_iter()
            .filter(|(given, expected)| check(given.clone()) != *expected)
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
