//! Attributes in JSON.

use std::collections::BTreeMap;

use nigh_store::{AttributeType, Schema, Value};
use serde_json::{Map, Value as Json};

use crate::error::{ApiError, ApiResult};

pub(crate) fn attributes_to_json(attributes: &BTreeMap<String, Value>) -> Map<String, Json> {
    let entry = |(name, value): (&String, &Value)| (name.clone(), value.into());
    attributes.iter().map(entry).collect()
}

/// Attributes of an item or a person. A value takes the type of its column where it can; null says that there is none.
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
                (None, Some(float)) => Value::Float(float),
                (None, None) => return Err(wrong(&name, "a number that is out of range")),
            },
            Json::Array(_) => return Err(wrong(&name, "a list")),
            Json::Object(_) => return Err(wrong(&name, "an object")),
        };
        if name.is_empty() || name == "id" {
            let message = format!("an attribute cannot be called {name:?}");
            return Err(ApiError::bad("bad_attribute", message).field("attributes"));
        }
        let column = schema.column(&name);
        let cast = match column {
            Some(column) => value.cast(column.kind),
            // JSON has no dates; a column that turns out to hold other texts too becomes one of texts.
            None => value.cast(AttributeType::Date),
        };
        attributes.insert(name, cast.unwrap_or(value));
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
        let check = |given: Json| {
            let Json::Object(given) = given else {
                unreachable!("the rows below are objects");
            };
            attributes(given, &schema)
                .map(|attributes| Json::Object(attributes_to_json(&attributes)))
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
            (json!({"day": "soon"}), Ok(json!({"day": "soon"}))),
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
