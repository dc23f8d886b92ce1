//! Attributes as JSON.

use std::collections::BTreeMap;

use nigh_store::Value;
use serde_json::Map;

pub(crate) fn attributes_to_json(attributes: &BTreeMap<String, Value>) -> serde_json::Value {
    let entry = |(name, value): (&String, &Value)| (name.clone(), value.into());
    serde_json::Value::Object(attributes.iter().map(entry).collect::<Map<_, _>>())
}
