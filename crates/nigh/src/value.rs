//! Attribute values as JSON and as text.

use std::collections::BTreeMap;

use nigh_store::Value;
use serde_json::{Map, json};

/// A date is a string in JSON: `"2012-01-31"`.
pub(crate) fn to_json(value: &Value) -> serde_json::Value {
    match value {
        Value::String(text) => json!(text),
        Value::Integer(number) => json!(number),
        Value::Float(number) => json!(number),
        Value::Boolean(truth) => json!(truth),
        Value::Date(date) => json!(date.to_string()),
    }
}

pub(crate) fn attributes_to_json(attributes: &BTreeMap<String, Value>) -> serde_json::Value {
    let entry = |(name, value): (&String, &Value)| (name.clone(), to_json(value));
    serde_json::Value::Object(attributes.iter().map(entry).collect::<Map<_, _>>())
}
