//! Which of a few items pass, by hand.

use std::collections::BTreeMap;

use nigh_store::{Date, Value};

use crate::columns::ColumnsBuilder;
use crate::filter::Filter;

const IDS: [&str; 5] = ["p0", "p1", "p2", "p3", "p4"];

/// The last item has no attributes at all.
fn items() -> Vec<BTreeMap<String, Value>> {
    let item = |colour: &str, price: f64, year: i64, stock: bool, added: &str| {
        BTreeMap::from([
            ("baseColour".to_owned(), Value::String(colour.to_owned())),
            ("price".to_owned(), Value::Float(price)),
            ("year".to_owned(), Value::Integer(year)),
            ("in_stock".to_owned(), Value::Boolean(stock)),
            ("added".to_owned(), Value::Date(Date::parse(added).unwrap())),
        ])
    };
    vec![
        item("Red", 9.5, 2010, true, "2024-01-31"),
        item("Navy Blue", 20.0, 2012, false, "2024-02-01"),
        item("été 100%", 19.99, 2013, true, "1969-12-31"),
        item("日本", -3.0, i64::MAX, false, "2024-01-31"),
        BTreeMap::new(),
    ]
}

#[test]
fn filters_pass_the_items_that_sql_would() {
    let rows: [(&str, &[u32]); 56] = [
        ("baseColour = 'Red'", &[0]),
        ("baseColour <> 'Red'", &[1, 2, 3]),
        ("NOT baseColour = 'Red'", &[1, 2, 3]),
        ("NOT (baseColour != 'Red')", &[0]),
        ("basecolour = 'Red'", &[0]),
        ("BASECOLOUR = 'red'", &[]),
        ("\"baseColour\" = 'Red'", &[0]),
        ("'Red' = baseColour", &[0]),
        ("baseColour == 'Red'", &[0]),
        ("baseColour = '日本'", &[3]),
        ("baseColour >= 'Red'", &[0, 2, 3]),
        ("baseColour < 'Red'", &[1]),
        ("baseColour IN ('Red', '日本', 'Green')", &[0, 3]),
        ("baseColour NOT IN ('Red', '日本')", &[1, 2]),
        ("baseColour BETWEEN 'N' AND 'S'", &[0, 1]),
        ("baseColour NOT BETWEEN 'N' AND 'S'", &[2, 3]),
        ("baseColour LIKE '% %'", &[1, 2]),
        ("baseColour LIKE '__'", &[3]),
        ("baseColour NOT LIKE '%e%'", &[2, 3]),
        ("baseColour ILIKE 'ÉTÉ%'", &[2]),
        ("baseColour LIKE '%!%' ESCAPE '!'", &[2]),
        ("price < 20", &[0, 2, 3]),
        ("20 > price", &[0, 2, 3]),
        ("price <= 20.0", &[0, 1, 2, 3]),
        ("price = -3", &[3]),
        ("price > - 3 AND price < +20", &[0, 2]),
        ("price BETWEEN 9.5 AND 19.99", &[0, 2]),
        ("price BETWEEN 20 AND 10", &[]),
        ("price NOT BETWEEN 20 AND 10", &[0, 1, 2, 3]),
        ("price IN (20, 9.5)", &[0, 1]),
        ("year > 2012.5", &[2, 3]),
        ("year = 2012.0", &[1]),
        ("year = 2012.5", &[]),
        ("year != 2012.5", &[0, 1, 2, 3]),
        ("year IN (2010, 2012.5)", &[0]),
        ("year = 9223372036854775807", &[3]),
        ("year < 9223372036854775808", &[0, 1, 2, 3]),
        ("year >= 9223372036854775808", &[]),
        ("year < 99999999999999999999", &[0, 1, 2, 3]),
        ("in_stock", &[0, 2]),
        ("NOT in_stock", &[1, 3]),
        ("in_stock = FALSE", &[1, 3]),
        ("in_stock AND price < 10", &[0]),
        ("in_stock IN (true, false)", &[0, 1, 2, 3]),
        ("added = '2024-01-31'", &[0, 3]),
        ("added > DATE '2024-01-31'", &[1]),
        ("added < '1970-01-01'", &[2]),
        ("added BETWEEN date '2024-01-01' AND '2024-01-31'", &[0, 3]),
        ("price IS NULL", &[4]),
        ("price IS NOT NULL AND NOT in_stock", &[1, 3]),
        ("in_stock OR price IS NULL", &[0, 2, 4]),
        ("NOT (in_stock AND year > 2012)", &[0, 1, 3]),
        ("year = 2010 OR year = 2012 AND in_stock", &[0]),
        ("id = 'p4' OR ID IN ('p0', 'x')", &[0, 4]),
        ("TRUE", &[0, 1, 2, 3, 4]),
        ("FALSE OR id IS NULL", &[]),
    ];
    let schema = super::schema();
    let items = items();
    let mut builder = ColumnsBuilder::new(&schema);
    items.iter().for_each(|item| builder.push(item).unwrap());
    let columns = builder.finish();
    let mut failed = Vec::new();
    for (text, expected) in rows {
        let filter = match Filter::parse(text, &schema) {
            Ok(filter) => filter,
            Err(error) => {
                failed.push(format!("{text}: {error}"));
                continue;
            }
        };
        let found: Vec<u32> = filter
            .evaluate(&columns, &|i| IDS[i as usize])
            .iter()
            .collect();
        let passes = |i: &u32| filter.matches(&items[*i as usize], IDS[*i as usize]);
        let single: Vec<u32> = (0..5).filter(passes).collect();
        if found != expected || single != expected {
            failed.push(format!(
                "{text}: {found:?}, singly {single:?}, expected {expected:?}"
            ));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn the_normal_form_is_plain() {
    let rows = [
        (
            "basecolour='Red'  and (price<20 or YEAR>=2012)",
            "baseColour = 'Red' AND (price < 20 OR year >= 2012)",
        ),
        (
            "((in_stock)) AND (TRUE AND NOT in_stock)",
            "in_stock AND TRUE AND NOT (in_stock)",
        ),
        ("20 > price", "price < 20"),
        ("price <> -0.5", "price != -0.5"),
        ("added > '2024-01-31'", "added > DATE '2024-01-31'"),
        ("baseColour not in ('it''s')", "baseColour NOT IN ('it''s')"),
        (
            "\"sleeve-length\" between 1 and 2.0",
            "\"sleeve-length\" BETWEEN 1 AND 2.0",
        ),
        (
            "maker.name ilike '%x!%' escape '!'",
            "\"maker.name\" ILIKE '%x!%' ESCAPE '!'",
        ),
        ("Id IS NOT NULL", "id IS NOT NULL"),
    ];
    for (text, expected) in rows {
        let filter = Filter::parse(text, &super::schema()).unwrap();
        assert_eq!(filter.to_string(), expected, "{text}");
    }
}

/// Every SQL keyword can be a column's name, if it is in quotes; the normal form puts it there.
#[test]
fn columns_may_be_called_like_keywords() {
    let mut failed = Vec::new();
    for keyword in sqlparser::keywords::ALL_KEYWORDS {
        let mut schema = nigh_store::Schema::default();
        schema.include(keyword, nigh_store::AttributeType::Boolean);
        for text in [
            "{}",
            "NOT {} OR {}",
            "{} = TRUE AND {}",
            "{} IN (TRUE)",
            "{} IS NULL",
        ] {
            let text = text.replace("{}", &format!("\"{keyword}\""));
            let filter = Filter::parse(&text, &schema);
            let again = filter
                .as_ref()
                .map(|f| Filter::parse(&f.to_string(), &schema));
            if !matches!((&filter, again), (Ok(filter), Ok(Ok(again))) if *filter == again) {
                failed.push(text);
            }
        }
    }
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn filters_that_differ_in_their_values_have_one_shape() {
    let rows = [
        ("baseColour = 'Red'", "baseColour = ?"),
        ("NOT basecolour = 'Navy Blue'", "NOT (baseColour = ?)"),
        (
            "price < 3 AND (year >= 2012 OR in_stock)",
            "price < ? AND (year >= ? OR in_stock)",
        ),
        ("year IN (1, 2, 3)", "year IN (?)"),
        ("year IN (7)", "year IN (?)"),
        (
            "year NOT BETWEEN 1 AND 2 AND added IS NULL",
            "year NOT BETWEEN ? AND ? AND added IS NULL",
        ),
        ("baseColour ILIKE 'r%'", "baseColour ILIKE ?"),
    ];
    let shape = |text| Filter::parse(text, &super::schema()).map(|filter| filter.shape());
    let wrong: Vec<String> = rows
        .iter()
        .filter(|(text, expected)| shape(text).as_deref() != Ok(*expected))
        .map(|(text, expected)| format!("{text}: expected {expected}, got {:?}", shape(text)))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
