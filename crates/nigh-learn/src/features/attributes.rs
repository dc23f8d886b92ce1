use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64;

use crate::Matrix;

/// One thing that people say about themselves, a value for each person.
#[derive(Clone, Copy, Debug)]
pub enum Attribute<'a> {
    /// One of some kinds; `None` where not known.
    Categorical(&'a [Option<&'a str>]),
    /// A number; NaN where not known.
    Numeric(&'a [f32]),
    /// Words.
    Text(&'a [&'a str]),
}

/// What an attribute is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum AttributeKind {
    /// One of some kinds.
    Categorical,
    /// A number.
    Numeric,
    /// Words.
    Text,
}

impl Attribute<'_> {
    /// What it is.
    #[must_use]
    pub fn kind(&self) -> AttributeKind {
        match self {
            Attribute::Categorical(_) => AttributeKind::Categorical,
            Attribute::Numeric(_) => AttributeKind::Numeric,
            Attribute::Text(_) => AttributeKind::Text,
        }
    }
}

/// How attributes become numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AttributeConfig {
    /// The most frequent kinds of a categorical attribute have a column of their own.
    pub own_columns: usize,
    /// But not kinds of fewer people: what hardly anybody said is nobody else's business, and teaches little.
    pub least_people: usize,
    /// All other kinds share these, by hash.
    pub shared_columns: usize,
    /// Columns of a text, onto which words are hashed.
    pub text_columns: usize,
}

impl Default for AttributeConfig {
    fn default() -> AttributeConfig {
        AttributeConfig {
            own_columns: 64,
            least_people: 5,
            shared_columns: 16,
            text_columns: 64,
        }
    }
}

/// What was learned from the attributes of training, so that people who come later get the same columns.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct AttributeEncoder {
    columns: Vec<Column>,
}

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
enum Column {
    /// XXH3 of the kinds in the order of their columns, then so many shared ones: a model keeps no value that somebody gave.
    Categorical(Vec<u64>, usize),
    Numeric {
        mean: f32,
        deviation: f32,
    },
    /// So many columns.
    Text(usize),
}

impl AttributeEncoder {
    /// Learns kinds, means and deviations.
    #[must_use]
    pub fn fit(attributes: &[Attribute<'_>], config: &AttributeConfig) -> AttributeEncoder {
        let columns = attributes
            .iter()
            .map(|attribute| Column::fit(attribute, config))
            .collect();
        AttributeEncoder { columns }
    }

    /// How many columns there are.
    #[must_use]
    pub fn width(&self) -> usize {
        self.columns.iter().map(Column::width).sum()
    }

    /// A row for each of `people`. What is not known, or of another kind than that attribute had, is zeros; attributes beyond
    /// those of [`AttributeEncoder::fit`] do not count.
    #[must_use]
    pub fn encode(&self, attributes: &[Attribute<'_>], people: usize) -> Matrix {
        let mut out = Matrix::zeros(people, self.width());
        let mut first = 0;
        for (column, attribute) in self.columns.iter().zip(attributes) {
            let range = first..first + column.width();
            for person in 0..people {
                column.put(attribute, person, &mut out.row_mut(person)[range.clone()]);
            }
            first = range.end;
        }
        out
    }
}

impl Column {
    fn fit(attribute: &Attribute<'_>, config: &AttributeConfig) -> Column {
        match attribute {
            Attribute::Categorical(values) => {
                Column::Categorical(most_frequent(values, config), config.shared_columns)
            }
            Attribute::Numeric(values) => numeric(values),
            Attribute::Text(_) => Column::Text(config.text_columns),
        }
    }

    fn width(&self) -> usize {
        match self {
            Column::Categorical(kinds, shared) => kinds.len() + shared,
            // The number, and whether it is known.
            Column::Numeric { .. } => 2,
            Column::Text(columns) => *columns,
        }
    }

    fn put(&self, attribute: &Attribute<'_>, person: usize, row: &mut [f32]) {
        match (self, attribute) {
            (Column::Categorical(kinds, shared), Attribute::Categorical(values)) => {
                let value = values.get(person).copied().flatten();
                let own = |value: &str| {
                    let hash = xxh3_64(value.as_bytes());
                    kinds.iter().position(|&kind| kind == hash)
                };
                let other =
                    |value: &str| (*shared > 0).then(|| kinds.len() + slot(value, *shared).0);
                if let Some(place) = value.and_then(|value| own(value).or_else(|| other(value))) {
                    row[place] = 1.0;
                }
            }
            (Column::Numeric { mean, deviation }, Attribute::Numeric(values)) => {
                if let Some(value) = values.get(person).filter(|value| value.is_finite()) {
                    row.copy_from_slice(&[(value - mean) / deviation, 1.0]);
                }
            }
            (Column::Text(columns), Attribute::Text(values)) if *columns > 0 => {
                put_words(values.get(person).copied().unwrap_or(""), row);
            }
            _ => {}
        }
    }
}

fn most_frequent(values: &[Option<&str>], config: &AttributeConfig) -> Vec<u64> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for value in values.iter().flatten() {
        *counts.entry(value).or_default() += 1;
    }
    counts.retain(|_, &mut count| count >= config.least_people);
    let mut kinds: Vec<_> = counts.into_iter().collect();
    kinds.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    kinds.truncate(config.own_columns);
    let hash = |(kind, _): (&str, usize)| xxh3_64(kind.as_bytes());
    kinds.into_iter().map(hash).collect()
}

fn numeric(values: &[f32]) -> Column {
    let known: Vec<f64> = values
        .iter()
        .filter(|value| value.is_finite())
        .map(|&value| value.into())
        .collect();
    let count = known.len().max(1) as f64;
    let mean = known.iter().sum::<f64>() / count;
    let variance = known
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / count;
    let deviation = if variance > 0.0 {
        variance.sqrt() as f32
    } else {
        1.0
    };
    Column::Numeric {
        mean: mean as f32,
        deviation,
    }
}

/// Words add 1 or -1 to the column of their hash (Weinberger et al., "Feature Hashing for Large Scale Multitask Learning",
/// ICML 2009, §2); the row has length 1.
fn put_words(text: &str, row: &mut [f32]) {
    let letters = |letter: char| !letter.is_alphanumeric();
    for word in text.split(letters).filter(|word| !word.is_empty()) {
        let (place, sign) = slot(&word.to_lowercase(), row.len());
        row[place] += sign;
    }
    let length = row.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        row.iter_mut().for_each(|value| *value /= length);
    }
}

/// A place and a sign for a word.
fn slot(word: &str, columns: usize) -> (usize, f32) {
    let hash = xxh3_64(word.as_bytes());
    let sign = if hash >> 63 == 0 { 1.0 } else { -1.0 };
    ((hash % columns as u64) as usize, sign)
}
