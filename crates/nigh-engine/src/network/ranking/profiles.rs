//! What people say about themselves, as columns.

use std::collections::{BTreeSet, HashSet};

use nigh_learn::{Attribute, AttributeKind, ProfileEncoder, Profiles};
use nigh_store::{Date, Person, Value};

/// So many different whole numbers are still kinds, like a year or a house; or one for every so many people.
const KINDS: usize = 64;
const PEOPLE_A_KIND: usize = 20;
/// A text is one of some kinds where it is said so often, on average.
const SAID: usize = 4;

/// Learns what attributes there are, and describes everybody.
pub(super) fn fit(people: &[Person]) -> (ProfileEncoder, Profiles) {
    let names: BTreeSet<&String> = people
        .iter()
        .flat_map(|person| person.attributes.keys())
        .collect();
    let read_as = |name: &&String| {
        let values = people
            .iter()
            .filter_map(|person| person.attributes.get(*name));
        ((*name).clone(), kind(&values.collect::<Vec<_>>()))
    };
    let named: Vec<(String, AttributeKind)> = names.iter().map(read_as).collect();
    let columns = Columns::of(people, &named);
    let borrowed = columns.borrow();
    let attributes = borrowed.attributes();
    let names = named.iter().map(|(name, _)| name.clone());
    let fitted: Vec<(String, Attribute<'_>)> = names.zip(attributes.iter().copied()).collect();
    let encoder = ProfileEncoder::fit(&fitted);
    let profiles = encoder.encode(&attributes, people.len());
    (encoder, profiles)
}

/// Describes everybody as in training.
pub(super) fn of(encoder: &ProfileEncoder, people: &[Person]) -> Profiles {
    let columns = Columns::of(people, encoder.attributes());
    encoder.encode(&columns.borrow().attributes(), people.len())
}

/// The row of one person.
pub(super) fn of_one(encoder: &ProfileEncoder, person: &Person) -> Vec<f32> {
    of(encoder, std::slice::from_ref(person)).row(0)
}

fn kind(values: &[&Value]) -> AttributeKind {
    let at_most = |limit: usize| {
        let mut seen = HashSet::new();
        values
            .iter()
            .all(|value| !seen.insert(value.to_string()) || seen.len() <= limit)
    };
    let few = KINDS.max(values.len() / PEOPLE_A_KIND);
    match values.first() {
        Some(Value::Float(_)) => AttributeKind::Numeric,
        Some(Value::Integer(_)) if !at_most(few) => AttributeKind::Numeric,
        Some(Value::Date(_)) if !at_most(few) => AttributeKind::Numeric,
        Some(Value::String(_)) if !at_most(KINDS.max(values.len() / SAID)) => AttributeKind::Text,
        _ => AttributeKind::Categorical,
    }
}

/// A number, of dates the days; NaN for whatever else.
fn number(value: Option<&Value>) -> f32 {
    match value {
        Some(&Value::Integer(number)) => number as f32,
        Some(&Value::Float(number)) => number as f32,
        Some(&Value::Date(Date(days))) => days as f32,
        Some(&Value::Boolean(is)) => f32::from(u8::from(is)),
        Some(Value::String(_)) | None => f32::NAN,
    }
}

/// The values of each attribute, a place for each person.
struct Columns(Vec<Column>);

enum Column {
    Categorical(Vec<Option<String>>),
    Numeric(Vec<f32>),
    Text(Vec<String>),
}

impl Columns {
    fn of(people: &[Person], named: &[(String, AttributeKind)]) -> Columns {
        let column = |(name, kind): &(String, AttributeKind)| {
            let values = people.iter().map(|person| person.attributes.get(name));
            let text = |value: Option<&Value>| value.map(Value::to_string);
            match kind {
                AttributeKind::Categorical => Column::Categorical(values.map(text).collect()),
                AttributeKind::Numeric => Column::Numeric(values.map(number).collect()),
                AttributeKind::Text => {
                    Column::Text(values.map(|v| text(v).unwrap_or_default()).collect())
                }
            }
        };
        Columns(named.iter().map(column).collect())
    }

    fn borrow(&self) -> Borrowed<'_> {
        Borrowed(self.0.iter().map(BorrowedColumn::of).collect())
    }
}

/// The same, as encoders read them.
struct Borrowed<'a>(Vec<BorrowedColumn<'a>>);

enum BorrowedColumn<'a> {
    Categorical(Vec<Option<&'a str>>),
    Numeric(&'a [f32]),
    Text(Vec<&'a str>),
}

impl<'a> BorrowedColumn<'a> {
    fn of(column: &'a Column) -> BorrowedColumn<'a> {
        match column {
            Column::Categorical(values) => {
                BorrowedColumn::Categorical(values.iter().map(Option::as_deref).collect())
            }
            Column::Numeric(values) => BorrowedColumn::Numeric(values),
            Column::Text(values) => {
                BorrowedColumn::Text(values.iter().map(String::as_str).collect())
            }
        }
    }

    fn attribute(&self) -> Attribute<'_> {
        match self {
            BorrowedColumn::Categorical(values) => Attribute::Categorical(values),
            BorrowedColumn::Numeric(values) => Attribute::Numeric(values),
            BorrowedColumn::Text(values) => Attribute::Text(values),
        }
    }
}

impl Borrowed<'_> {
    fn attributes(&self) -> Vec<Attribute<'_>> {
        self.0.iter().map(BorrowedColumn::attribute).collect()
    }
}
