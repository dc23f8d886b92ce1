//! Random filters over random items: printed, parsed, evaluated, and compared with a reference
//! that judges row by row in three-valued logic and knows nothing of the code under test.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use fastrand::Rng;
use nigh_store::{AttributeType, Column, Date, Schema, Value};

use crate::columns::{Columns, ColumnsBuilder};
use crate::filter::Filter;

type Row = (String, BTreeMap<String, Value>);

/// A filter as the generator builds it.
#[derive(Debug, Clone)]
enum Tree {
    Constant(bool),
    And(Vec<Tree>),
    Or(Vec<Tree>),
    Not(Box<Tree>),
    IsNull(String, bool),
    Bare(String),
    Compare(String, &'static str, Value),
    Flipped(Value, &'static str, String),
    Between(String, bool, Value, Value),
    In(String, bool, Vec<Value>),
    Like(String, bool, bool, String),
}

const SIGNS: [&str; 7] = ["=", "!=", "<>", "<", "<=", ">", ">="];
const TEXTS: [&str; 10] = [
    "", "red", "Red", "RED", "it's", "écru", "100%", "a_b", "NULL", "'''",
];
const PATTERNS: [&str; 9] = ["%", "", "r%", "%d", "%e%", "_ed", "é___", "%''%", "a_b"];
const INTEGERS: [i64; 12] = [
    0,
    1,
    -1,
    2012,
    i64::MAX,
    i64::MAX - 1,
    i64::MIN,
    i64::MIN + 1,
    1 << 53,
    (1 << 53) + 1,
    -(1 << 53) - 1,
    (1 << 62) + 1,
];
const FLOATS: [f64; 16] = [
    0.0,
    -0.0,
    0.5,
    -0.5,
    2012.0,
    2012.5,
    9_007_199_254_740_992.0,
    9_007_199_254_740_994.0,
    -9_007_199_254_740_992.0,
    9_223_372_036_854_775_808.0,
    -9_223_372_036_854_775_808.0,
    1e300,
    -1e300,
    5e-324,
    f64::MAX,
    0.1,
];

#[test]
fn bitmaps_single_items_and_the_reference_agree() {
    for seed in 0..3000 {
        let mut rng = Rng::with_seed(seed);
        let schema = schema(&mut rng);
        let rows = rows(&schema, &mut rng);
        let columns = columns(&schema, &rows);
        let tree = tree(&schema, &mut rng, 4);
        let text = printed(&tree, &mut rng);
        check(&tree, &text, &schema, &rows, &columns).unwrap_or_else(|problem| {
            panic!("seed {seed}: {problem}\n{text}\n{tree:?}\n{schema:?}");
        });
    }
}

/// An older view, published before columns widened or came into being, gives what a new one would.
#[test]
fn an_older_view_agrees_with_single_items() {
    for seed in 0..1000 {
        let mut rng = Rng::with_seed(seed);
        let older = schema(&mut rng);
        let rows = rows(&older, &mut rng);
        let mut newer = older.clone();
        newer.include("newcomer", AttributeType::Integer);
        for column in &mut newer.columns {
            column.kind = if rng.bool() {
                column.kind.widen(AttributeType::Float)
            } else {
                column.kind
            };
        }
        let text = printed(&tree(&newer, &mut rng, 3), &mut rng);
        let filter = Filter::parse(&text, &newer).unwrap();
        let columns = columns(&older, &rows);
        let found: Vec<u32> = filter
            .evaluate(&columns, &|i| &rows[i as usize].0)
            .iter()
            .collect();
        assert_eq!(found, matching(&filter, &rows), "seed {seed}: {text}");
    }
}

fn check(
    tree: &Tree,
    text: &str,
    schema: &Schema,
    rows: &[Row],
    columns: &Columns,
) -> Result<(), String> {
    let filter = Filter::parse(text, schema).map_err(|error| error.to_string())?;
    let expected: Vec<u32> = (0u32..)
        .zip(rows)
        .filter(|(_, row)| truth(tree, schema, row) == Some(true))
        .map(|(position, _)| position)
        .collect();
    let found: Vec<u32> = filter
        .evaluate(columns, &|i| &rows[i as usize].0)
        .iter()
        .collect();
    if found != expected {
        return Err(format!("bitmap {found:?}, expected {expected:?}"));
    }
    let single = matching(&filter, rows);
    if single != expected {
        return Err(format!("single items {single:?}, expected {expected:?}"));
    }
    let normal = filter.to_string();
    match Filter::parse(&normal, schema) {
        Ok(again) if again == filter => Ok(()),
        other => Err(format!("the normal form {normal} parses to {other:?}")),
    }
}

fn matching(filter: &Filter, rows: &[Row]) -> Vec<u32> {
    let rows = (0u32..).zip(rows);
    rows.filter(|(_, (id, attributes))| filter.matches(attributes, id))
        .map(|(position, _)| position)
        .collect()
}

fn schema(rng: &mut Rng) -> Schema {
    let names = [
        "price",
        "baseColour",
        "order",
        "a b",
        "say \"hi\"",
        "größe",
        "id",
        "x.y",
        "_1",
    ];
    let mut schema = Schema::default();
    for _ in 0..rng.usize(1..8) {
        let kinds = [
            AttributeType::String,
            AttributeType::Integer,
            AttributeType::Float,
            AttributeType::Boolean,
            AttributeType::Date,
        ];
        let (name, kind) = (
            names[rng.usize(..names.len())],
            kinds[rng.usize(..kinds.len())],
        );
        if schema.column(name).is_none() {
            schema.columns.push(Column {
                name: name.to_owned(),
                kind,
            });
        }
    }
    schema
}

fn rows(schema: &Schema, rng: &mut Rng) -> Vec<Row> {
    let mut rows = Vec::new();
    for i in 0..rng.usize(0..200) {
        let mut attributes = BTreeMap::new();
        for column in &schema.columns {
            if rng.f32() < 0.7 {
                let value = match column.kind {
                    AttributeType::Integer => Value::Integer(INTEGERS[rng.usize(..12)]),
                    AttributeType::Float if rng.u8(..20) == 0 => Value::Float(f64::NAN),
                    AttributeType::Float => Value::Float(FLOATS[rng.usize(..16)]),
                    kind => literal(kind, rng),
                };
                attributes.insert(column.name.clone(), value);
            }
        }
        rows.push((format!("{}{i}", TEXTS[rng.usize(..4)]), attributes));
    }
    rows
}

fn columns(schema: &Schema, rows: &[Row]) -> Columns {
    let mut builder = ColumnsBuilder::new(schema);
    rows.iter()
        .for_each(|(_, attributes)| builder.push(attributes).unwrap());
    let mut bytes = Vec::new();
    builder.finish().save(&mut bytes).unwrap();
    Columns::load(&bytes).unwrap()
}

fn literal(kind: AttributeType, rng: &mut Rng) -> Value {
    match kind {
        AttributeType::String => Value::String(TEXTS[rng.usize(..10)].to_owned()),
        AttributeType::Integer | AttributeType::Float => {
            if rng.bool() {
                Value::Integer(INTEGERS[rng.usize(..12)])
            } else {
                Value::Float(FLOATS[rng.usize(..16)])
            }
        }
        AttributeType::Boolean => Value::Boolean(rng.bool()),
        AttributeType::Date => Value::Date(Date(rng.i32(-3..3) * 400)),
    }
}

fn tree(schema: &Schema, rng: &mut Rng, depth: usize) -> Tree {
    let inner = |rng: &mut Rng| tree(schema, rng, depth - 1);
    if depth > 0 && rng.f32() < 0.7 {
        let count = rng.usize(2..4);
        return match rng.u8(..5) {
            0 | 1 => Tree::And((0..count).map(|_| inner(rng)).collect()),
            2 | 3 => Tree::Or((0..count).map(|_| inner(rng)).collect()),
            _ => Tree::Not(Box::new(inner(rng))),
        };
    }
    leaf(schema, rng)
}

fn leaf(schema: &Schema, rng: &mut Rng) -> Tree {
    let place = rng.usize(..=schema.columns.len());
    let (name, kind) = match schema.columns.get(place) {
        Some(column) => (column.name.clone(), column.kind),
        None => ("id".to_owned(), kind_of_id(schema)),
    };
    let value = |rng: &mut Rng| literal(kind, rng);
    match rng.u8(..10) {
        0 => Tree::Constant(rng.bool()),
        1 => Tree::IsNull(name, rng.bool()),
        2 if kind == AttributeType::Boolean => Tree::Bare(name),
        3 if kind == AttributeType::String => {
            let pattern = PATTERNS[rng.usize(..9)].to_owned();
            Tree::Like(name, rng.bool(), rng.bool(), pattern)
        }
        4 => Tree::Between(name, rng.bool(), value(rng), value(rng)),
        5 => {
            let values = (0..rng.usize(1..5)).map(|_| value(rng)).collect();
            Tree::In(name, rng.bool(), values)
        }
        6 => Tree::Flipped(value(rng), SIGNS[rng.usize(..7)], name),
        _ => Tree::Compare(name, SIGNS[rng.usize(..7)], value(rng)),
    }
}

fn kind_of_id(schema: &Schema) -> AttributeType {
    schema
        .column("id")
        .map_or(AttributeType::String, |column| column.kind)
}

fn printed(tree: &Tree, rng: &mut Rng) -> String {
    let name = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let not = |negated: bool| if negated { "NOT " } else { "" };
    match tree {
        Tree::Constant(value) => value.to_string(),
        Tree::And(trees) => operands(trees, " AND ", rng),
        Tree::Or(trees) => operands(trees, "\n or ", rng),
        Tree::Not(tree) => format!("NOT ({})", printed(tree, rng)),
        Tree::IsNull(column, negated) => format!("{} IS {}NULL", name(column), not(*negated)),
        Tree::Bare(column) => name(column),
        Tree::Compare(column, sign, value) => {
            format!("{}{sign} {}", name(column), written(value, rng))
        }
        Tree::Flipped(value, sign, column) => {
            format!("{} {sign} {}", written(value, rng), name(column))
        }
        Tree::Between(column, negated, low, high) => {
            let (low, high) = (written(low, rng), written(high, rng));
            format!("{} {}BETWEEN {low} and {high}", name(column), not(*negated))
        }
        Tree::In(column, negated, values) => {
            let values: Vec<String> = values.iter().map(|value| written(value, rng)).collect();
            format!(
                "{} {}IN ({})",
                name(column),
                not(*negated),
                values.join(",")
            )
        }
        Tree::Like(column, negated, any_case, pattern) => {
            let like = if *any_case { "ILIKE" } else { "like" };
            format!("{} {}{like} '{pattern}'", name(column), not(*negated))
        }
    }
}

fn operands(trees: &[Tree], word: &str, rng: &mut Rng) -> String {
    let operand = |tree: &Tree, rng: &mut Rng| match tree {
        Tree::And(_) | Tree::Or(_) => format!("({})", printed(tree, rng)),
        _ => printed(tree, rng),
    };
    let operands: Vec<String> = trees.iter().map(|tree| operand(tree, rng)).collect();
    operands.join(word)
}

fn written(value: &Value, rng: &mut Rng) -> String {
    match value {
        Value::String(text) => format!("'{}'", text.replace('\'', "''")),
        Value::Integer(value) => value.to_string(),
        Value::Float(value) => format!("{value:?}"),
        Value::Boolean(value) => value.to_string(),
        Value::Date(date) if rng.bool() => format!("date '{date}'"),
        Value::Date(date) => format!("'{date}'"),
    }
}

/// True, false, or `None` for SQL's unknown.
fn truth(tree: &Tree, schema: &Schema, row: &Row) -> Option<bool> {
    let truths = |trees: &[Tree]| -> Vec<Option<bool>> {
        trees.iter().map(|tree| truth(tree, schema, row)).collect()
    };
    let value = |name: &str| match row.1.get(name) {
        None if name == "id" && schema.column("id").is_none() => Some(Value::String(row.0.clone())),
        value => value.cloned(),
    };
    let orders = |a: &Value, b: &Value, sign: &str| match sign {
        "=" => order(a, b) == Some(Ordering::Equal),
        "!=" | "<>" => order(a, b) != Some(Ordering::Equal),
        "<" => order(a, b) == Some(Ordering::Less),
        "<=" => matches!(order(a, b), Some(Ordering::Less | Ordering::Equal)),
        ">" => order(a, b) == Some(Ordering::Greater),
        _ => matches!(order(a, b), Some(Ordering::Greater | Ordering::Equal)),
    };
    match tree {
        Tree::Constant(value) => Some(*value),
        Tree::And(trees) if truths(trees).contains(&Some(false)) => Some(false),
        Tree::Or(trees) if truths(trees).contains(&Some(true)) => Some(true),
        Tree::And(trees) | Tree::Or(trees) if truths(trees).contains(&None) => None,
        Tree::And(_) => Some(true),
        Tree::Or(_) => Some(false),
        Tree::Not(tree) => truth(tree, schema, row).map(|truth| !truth),
        Tree::IsNull(name, negated) => Some(value(name).is_none() != *negated),
        Tree::Bare(name) => Some(value(name)? == Value::Boolean(true)),
        Tree::Compare(name, sign, with) => Some(orders(&value(name)?, with, sign)),
        Tree::Flipped(with, sign, name) => Some(orders(with, &value(name)?, sign)),
        Tree::Between(name, negated, low, high) => {
            let value = value(name)?;
            Some((orders(&value, low, ">=") && orders(&value, high, "<=")) != *negated)
        }
        Tree::In(name, negated, values) => {
            let value = value(name)?;
            Some(values.iter().any(|with| orders(&value, with, "=")) != *negated)
        }
        Tree::Like(name, negated, any_case, pattern) => {
            let (mut text, mut pattern) = (value(name)?.to_string(), pattern.replace("''", "'"));
            if *any_case {
                (text, pattern) = (text.to_lowercase(), pattern.to_lowercase());
            }
            let (text, pattern): (Vec<char>, Vec<char>) =
                (text.chars().collect(), pattern.chars().collect());
            Some(like(&pattern, &text) != *negated)
        }
    }
}

fn like(pattern: &[char], text: &[char]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((&'%', rest)), _) => (0..=text.len()).any(|taken| like(rest, &text[taken..])),
        (Some((&'_', pattern)), Some((_, text))) => like(pattern, text),
        (Some((wanted, pattern)), Some((char, text))) if wanted == char => like(pattern, text),
        _ => false,
    }
}

fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::String(a), Value::String(b)) => Some(a.chars().cmp(b.chars())),
        (Value::Boolean(a), Value::Boolean(b)) => Some(a.cmp(b)),
        (Value::Date(a), Value::Date(b)) => Some(a.0.cmp(&b.0)),
        (Value::Integer(a), Value::Integer(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Integer(a), Value::Float(b)) => exact(*a, *b),
        (Value::Float(a), Value::Integer(b)) => exact(*b, *a).map(Ordering::reverse),
        _ => panic!("the generator compares {a:?} with {b:?}"),
    }
}

/// Whole parts as 128-bit integers, then the fraction: every float within ±2^64 converts exactly.
fn exact(whole: i64, real: f64) -> Option<Ordering> {
    if real.is_nan() || real.abs() > 2f64.powi(64) {
        return 0.0.partial_cmp(&real);
    }
    let by_whole = i128::from(whole).cmp(&(real.trunc() as i128));
    Some(by_whole.then_with(|| 0.0.partial_cmp(&real.fract()).unwrap()))
}
