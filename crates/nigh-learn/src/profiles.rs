//! What people say about themselves, as models read it.

use nigh_graph::Random;
use xxhash_rust::xxh3::xxh3_64;

use crate::{Attribute, AttributeConfig, AttributeEncoder, AttributeKind, Matrix};

/// What models read of attributes: a row of numbers for each person, of length 1 or 0, and their values to be compared.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Profiles {
    rows: Matrix,
    /// A hash of each value, attribute by attribute for each person; 0 where not known.
    values: Vec<u32>,
    attributes: usize,
}

/// How two people compare by their attributes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProfileMatch {
    /// Attributes that are the same.
    pub same: usize,
    /// Attributes that are known of both.
    pub known: usize,
    /// Cosine of the rows.
    pub cosine: f32,
}

impl Profiles {
    /// Numbers in a row.
    #[must_use]
    pub fn cols(&self) -> usize {
        self.rows.cols()
    }

    /// A person's row; zeros for people beyond the last.
    #[must_use]
    pub fn row(&self, person: u32) -> Vec<f32> {
        match (person as usize) < self.rows.rows() {
            true => self.rows.row(person as usize).to_vec(),
            false => vec![0.0; self.cols()],
        }
    }

    /// How two people compare; nothing is known of people beyond the last.
    #[must_use]
    pub fn compare(&self, a: u32, b: u32) -> ProfileMatch {
        let (Some(of_a), Some(of_b)) = (self.values_of(a), self.values_of(b)) else {
            return ProfileMatch::default();
        };
        let both = of_a.iter().zip(of_b);
        let known = both.clone().filter(|&(&a, &b)| a != 0 && b != 0).count();
        ProfileMatch {
            same: both.filter(|&(&a, &b)| a != 0 && a == b).count(),
            known,
            cosine: nigh_simd::dot(self.rows.row(a as usize), self.rows.row(b as usize)),
        }
    }

    /// Whether nothing is known of a person.
    #[must_use]
    pub fn is_blank(&self, person: u32) -> bool {
        let values = self.values_of(person).unwrap_or(&[]);
        values.iter().all(|&value| value == 0) && self.row(person).iter().all(|&x| x == 0.0)
    }

    /// Whether there are as many rows, or none at all.
    pub(crate) fn are_of(&self, people: usize) -> bool {
        let numbers = people.checked_mul(self.cols());
        let rows = numbers == Some(self.rows.data().len());
        let values = people.checked_mul(self.attributes) == Some(self.values.len());
        self.attributes == 0 && self.rows.data().is_empty() || rows && values
    }

    /// A hash of each value, attribute by attribute for each person; 0 where not known.
    #[must_use]
    pub fn values(&self) -> &[u32] {
        &self.values
    }

    fn values_of(&self, person: u32) -> Option<&[u32]> {
        let first = person as usize * self.attributes;
        match self.attributes {
            0 => None,
            count => self.values.get(first..first + count),
        }
    }
}

/// What was learned from the attributes of training, so that people who come later are described alike.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ProfileEncoder {
    attributes: Vec<(String, AttributeKind)>,
    encoder: AttributeEncoder,
}

/// Columns of a profile at most: more are projected to as many.
const COLUMNS: usize = 64;

impl ProfileEncoder {
    /// Learns kinds, means and deviations of named attributes.
    #[must_use]
    pub fn fit(attributes: &[(String, Attribute<'_>)]) -> ProfileEncoder {
        let columns: Vec<Attribute<'_>> = attributes.iter().map(|entry| entry.1).collect();
        ProfileEncoder {
            attributes: attributes
                .iter()
                .map(|(name, column)| (name.clone(), column.kind()))
                .collect(),
            encoder: AttributeEncoder::fit(&columns, &AttributeConfig::default()),
        }
    }

    /// The attributes, and what they were read as, in the order in which [`ProfileEncoder::encode`] expects them.
    #[must_use]
    pub fn attributes(&self) -> &[(String, AttributeKind)] {
        &self.attributes
    }

    /// The profiles of so many people.
    #[must_use]
    pub fn encode(&self, attributes: &[Attribute<'_>], people: usize) -> Profiles {
        let mut values = vec![0; people * attributes.len()];
        for (column, attribute) in attributes.iter().enumerate() {
            let own = values.iter_mut().skip(column).step_by(attributes.len());
            own.enumerate()
                .for_each(|(person, value)| *value = hash(attribute, person));
        }
        Profiles {
            rows: narrow(self.encoder.encode(attributes, people)).normalized(),
            values,
            attributes: attributes.len(),
        }
    }
}

/// A random projection (Johnson and Lindenstrauss, 1984), where there are more columns than wanted.
fn narrow(rows: Matrix) -> Matrix {
    if rows.cols() <= COLUMNS {
        return rows;
    }
    let mut random = Random::stream(&[0x9f0f_11e5]);
    let projection = Matrix::normal(rows.cols(), COLUMNS, 1.0, &mut random);
    rows.times(&projection)
}

fn hash(attribute: &Attribute<'_>, person: usize) -> u32 {
    let text = |text: &str| match text.is_empty() {
        true => 0,
        // 0 is kept for what is not known.
        false => xxh3_64(text.as_bytes()) as u32 | 1,
    };
    match attribute {
        Attribute::Categorical(values) => values.get(person).copied().flatten().map_or(0, text),
        Attribute::Text(values) => text(values.get(person).copied().unwrap_or("")),
        Attribute::Numeric(values) => match values.get(person) {
            Some(value) if value.is_finite() => xxh3_64(&value.to_le_bytes()) as u32 | 1,
            _ => 0,
        },
    }
}
