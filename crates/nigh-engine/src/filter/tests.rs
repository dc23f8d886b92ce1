mod agreement;
mod errors;
mod limits;
mod semantics;

use nigh_store::{AttributeType, Column, Schema};

/// A shop's columns, with names that need care: keywords, hyphens, dots, two that differ in case.
fn schema() -> Schema {
    let columns = [
        ("baseColour", AttributeType::String),
        ("price", AttributeType::Float),
        ("year", AttributeType::Integer),
        ("in_stock", AttributeType::Boolean),
        ("added", AttributeType::Date),
        ("sleeve-length", AttributeType::Integer),
        ("interval", AttributeType::String),
        ("maker.name", AttributeType::String),
        ("Size", AttributeType::String),
        ("SIZE", AttributeType::String),
    ];
    let column = |(name, kind): (&str, AttributeType)| Column {
        name: name.to_owned(),
        kind,
    };
    Schema {
        columns: columns.map(column).to_vec(),
    }
}
