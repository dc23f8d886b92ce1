//! Conditions on an item's attributes: `gender = 'Women' AND year >= 2012`.
//!
//! A [`Filter`] is read from SQL's language of conditions against a schema, so that a wrong
//! column name or a text compared with a number is told before anything runs. It then gives the
//! positions in a published view that satisfy it ([`Filter::evaluate`]), or judges one item that
//! is in no view yet ([`Filter::matches`]); the two always agree.
//!
//! **It knows** `=` `!=` `<>` `<` `<=` `>` `>=`, IN, BETWEEN, LIKE and ILIKE (`%`, `_`, ESCAPE),
//! IS NULL, each with NOT, AND, OR, NOT, parentheses, boolean columns by themselves, TRUE, FALSE,
//! and dates as `DATE '2024-01-31'` or just `'2024-01-31'`. Nulls follow SQL: a comparison with a
//! missing value is unknown, and an item passes only where the whole is true. Column names may be
//! written in another case where that is unambiguous, and in double quotes; `id` is the item's id
//! unless an attribute has that name (in any case). Texts are compared by Unicode code points, numbers exactly,
//! also an integer with a float; a NaN is different from every number.
//!
//! **It is not** a query language: no functions, arithmetic, subqueries, or comparison of two
//! columns.

mod bind;
mod display;
mod error;
mod like;
mod literal;
mod names;
mod parse;
mod place;
mod rows;
mod shape;
mod stack;
mod tree;
mod wanted;

use std::collections::BTreeMap;

use nigh_store::{Schema, Value};
use roaring::RoaringBitmap;

use crate::columns::Columns;
pub use error::FilterError;
pub use place::Place;
use rows::Rows;
use tree::Node;

/// A condition that an item satisfies or not. Its `Display` is a normal form that parses to the
/// same filter again.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    root: Node,
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// When the text is no condition, or does not suit the schema: a sentence that says what was
    /// found, where, and what would do.
    pub fn parse(text: &str, schema: &Schema) -> Result<Filter, FilterError> {
        let root = stack::run(|| {
            let expression = parse::expression(text, schema)?;
            bind::condition(&expression, text, schema)
        });
        let root = root.map_err(|error| FilterError::NoThread {
            reason: error.to_string(),
        })??;
        Ok(Filter { root })
    }

    /// What satisfies both.
    #[must_use]
    pub fn and(self, other: Filter) -> Filter {
        let terms = |node| match node {
            Node::All(terms) => terms,
            node => vec![node],
        };
        let mut all = terms(self.root);
        all.extend(terms(other.root));
        Filter {
            root: Node::All(all),
        }
    }

    /// The positions whose items satisfy the filter. `id` gives the item's id at a position, and
    /// is asked only where the filter is about ids.
    ///
    /// A column that the view lacks, because it was published before the column came into being,
    /// is null throughout. Time is linear in items × terms: about a millisecond per term for a
    /// million items; some 50 to 500 ms for `id`, for IN with thousands of numbers, and for LIKE
    /// where a million texts are all different.
    pub fn evaluate<'a>(
        &self,
        columns: &'a Columns,
        id: &'a dyn Fn(u32) -> &'a str,
    ) -> RoaringBitmap {
        let rows = Rows { columns, id }.rows(&self.root, true);
        let bytes: Vec<u8> = rows
            .words()
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect();
        RoaringBitmap::from_lsb0_bytes(0, &bytes)
    }

    /// Whether one item satisfies the filter.
    pub fn matches(&self, attributes: &BTreeMap<String, Value>, id: &str) -> bool {
        rows::truth(&self.root, attributes, id) == Some(true)
    }
}

#[cfg(test)]
mod tests;
