use std::collections::BTreeMap;

use nigh_store::{AttributeType, Column, Date, Schema, Value};

use super::{Columns, ColumnsBuilder, LoadError, PushError, column_bytes};

fn schema() -> Schema {
    let columns = [
        ("colour", AttributeType::String),
        ("year", AttributeType::Integer),
        ("price", AttributeType::Float),
        ("in_stock", AttributeType::Boolean),
        ("added", AttributeType::Date),
    ];
    let column = |(name, kind): (&str, AttributeType)| Column {
        name: name.to_owned(),
        kind,
    };
    Schema {
        columns: columns.map(column).to_vec(),
    }
}

fn item(colour: &str, year: i64) -> BTreeMap<String, Value> {
    let values = [
        ("colour", Value::String(colour.to_owned())),
        ("year", Value::Integer(year)),
        ("price", Value::Float(year as f64 / 4.0)),
        ("in_stock", Value::Boolean(year % 2 == 0)),
        ("added", Value::Date(Date(year as i32 * 365))),
    ];
    values.map(|(name, value)| (name.to_owned(), value)).into()
}

/// A hundred items; every seventh has no attribute, every fifth no colour.
fn items() -> Vec<BTreeMap<String, Value>> {
    let mut items: Vec<_> = (0..100)
        .map(|i| item(["red", "blue", "écru"][i % 3], i as i64))
        .collect();
    items.iter_mut().step_by(7).for_each(BTreeMap::clear);
    items.iter_mut().step_by(5).for_each(|item| {
        item.remove("colour");
    });
    items
}

fn columns(items: &[BTreeMap<String, Value>]) -> Columns {
    let mut builder = ColumnsBuilder::new(&schema());
    items.iter().for_each(|item| builder.push(item).unwrap());
    builder.finish()
}

fn saved(columns: &Columns) -> Vec<u8> {
    let mut bytes = Vec::new();
    columns.save(&mut bytes).unwrap();
    bytes
}

#[test]
fn items_come_back_as_they_were() {
    for items in [items(), Vec::new(), vec![BTreeMap::new(); 65]] {
        let built = columns(&items);
        let loaded = Columns::load(&saved(&built)).unwrap();
        assert_eq!(built, loaded);
        assert_eq!(loaded.len() as usize, items.len());
        let back: Vec<_> = (0..loaded.len())
            .map(|position| loaded.attributes(position))
            .collect();
        assert_eq!(back, items);
    }
}

#[test]
fn what_is_not_there_is_none() {
    let columns = columns(&items());
    assert_eq!(
        columns.value(columns.column("year").unwrap(), 1),
        Some(Value::Integer(1))
    );
    assert_eq!(columns.value(0, 100), None);
    assert_eq!(columns.value(5, 0), None);
    assert_eq!(columns.column("Year"), None);
}

#[test]
fn narrower_values_widen_and_misfits_are_refused() {
    let mut builder = ColumnsBuilder::new(&schema());
    builder
        .push(&BTreeMap::from([("price".to_owned(), Value::Integer(3))]))
        .unwrap();
    let wrong = BTreeMap::from([
        ("colour".to_owned(), Value::String("red".to_owned())),
        ("year".to_owned(), Value::Boolean(true)),
    ]);
    let refused = builder.push(&wrong).unwrap_err();
    let expected =
        "the column \"year\" holds values of type integer, but an item has Boolean(true)";
    assert_eq!(refused.to_string(), expected);
    let unknown = BTreeMap::from([("size".to_owned(), Value::Integer(3))]);
    let name = "size".to_owned();
    assert_eq!(
        builder.push(&unknown),
        Err(PushError::UnknownAttribute { name })
    );
    let columns = builder.finish();
    assert_eq!(
        (columns.len(), columns.value(2, 0)),
        (1, Some(Value::Float(3.0)))
    );
}

#[test]
fn summaries_count_values() {
    let columns = columns(&items());
    let summary = columns.summary(0, 2).unwrap();
    let text = |text: &str| Value::String(text.to_owned());
    assert_eq!((summary.nulls, summary.distinct), (32, 3));
    assert_eq!(summary.range, Some((text("blue"), text("écru"))));
    let counts: u64 = columns
        .summary(0, 9)
        .unwrap()
        .top
        .iter()
        .map(|(_, count)| count)
        .sum();
    assert_eq!((summary.top.len(), counts), (2, 68));
    assert!(summary.top[0].1 >= summary.top[1].1);
    let stock = columns.summary(3, 9).unwrap();
    assert_eq!((stock.nulls, stock.distinct), (15, 2));
    let year = columns.summary(1, 1).unwrap();
    assert_eq!(year.range, Some((Value::Integer(1), Value::Integer(99))));
    assert_eq!(columns.summary(5, 1), None);
}

#[test]
fn the_cost_function_tells_the_memory() {
    let columns = columns(&items());
    let kinds = schema().columns.into_iter().map(|column| column.kind);
    let text = "red".len() + "blue".len() + "écru".len();
    let costs = kinds.map(|kind| column_bytes(kind, 100, 3, text as u64));
    assert_eq!(columns.bytes(), costs.sum::<u64>());
}

#[test]
fn bytes_that_are_something_else_are_told() {
    let bytes = saved(&columns(&items()));
    let changed = |at: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = byte;
        Columns::load(&bytes).unwrap_err().to_string()
    };
    assert!(changed(0, b'x').contains("are not attribute columns"));
    assert!(changed(8, 2).contains("version 2, but this program reads version 1"));
    assert!(changed(12, 6).contains("0 bytes are left where 4 are wanted"));
    assert!(changed(12, 4).contains("bytes follow the last column"));
    assert!(changed(23, 1).contains("of at most 4294967295"));
    assert!(changed(28, 0xff).contains("\"0\" is corrupt: its name is not UTF-8"));
    assert!(changed(34, 9).contains("\"colour\" is corrupt: its type is unknown"));
}

#[test]
fn every_cut_is_an_error() {
    let bytes = saved(&columns(&items()));
    for cut in 0..bytes.len() {
        let error = Columns::load(&bytes[..cut]).unwrap_err();
        assert!(
            matches!(error, LoadError::Torn { .. } | LoadError::NotColumns),
            "{cut}: {error}"
        );
    }
}

/// Whatever the bytes say, they are refused or can be used to the full.
#[test]
fn no_changed_byte_makes_anything_panic() {
    let bytes = saved(&columns(&items()));
    for at in 0..bytes.len() {
        for byte in [0, 1, 0x7f, 0xff, bytes[at] ^ 1, bytes[at] ^ 0x80] {
            let mut bytes = bytes.clone();
            bytes[at] = byte;
            let Ok(columns) = Columns::load(&bytes) else {
                continue;
            };
            for column in 0..columns.schema().columns.len() {
                let _ = columns.summary(column, 3);
            }
            (0..columns.len().min(200)).for_each(|position| drop(columns.attributes(position)));
        }
    }
}
