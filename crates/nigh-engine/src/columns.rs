//! The attributes of a published view: one typed column per schema column, nulls kept.
//!
//! [`Columns`] answers two questions: which value has the item at this position, and (through
//! [`Filter`](crate::filter::Filter)) which positions satisfy a condition. It is built once from
//! the items of a view, saved as bytes beside the segment, and never changed.

mod bits;
mod cells;
mod saved;
mod summary;
mod text;

use std::collections::BTreeMap;

use nigh_store::{AttributeType, Schema, Value};

pub(crate) use bits::Bits;
use cells::CellsBuilder;
pub(crate) use cells::{Cells, Data};
pub use saved::LoadError;
pub use summary::ColumnSummary;
pub(crate) use text::TextCells;

/// The attributes of `len()` items, addressed by position `0..len()`.
///
/// Strings are held as a sorted dictionary and a 32-bit code per item, integers and floats in
/// 8 bytes, dates in 4, booleans in a bit; each column has one more bit per item for nulls.
#[derive(Debug, Clone, PartialEq)]
pub struct Columns {
    schema: Schema,
    cells: Vec<Cells>,
    len: u32,
}

/// Collects items in position order into [`Columns`].
#[derive(Debug)]
pub struct ColumnsBuilder {
    schema: Schema,
    cells: Vec<CellsBuilder>,
    len: u32,
}

/// Why an item could not be added to a [`ColumnsBuilder`].
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PushError {
    /// The item has an attribute that the schema does not list.
    #[error("the attribute {name:?} is not in the schema of this view")]
    UnknownAttribute {
        /// The attribute's name.
        name: String,
    },
    /// The value does not fit the column's type.
    #[error("the column {name:?} holds values of type {expected}, but an item has {found:?}")]
    WrongType {
        /// The column's name.
        name: String,
        /// The column's type.
        expected: AttributeType,
        /// The value that the item has.
        found: Value,
    },
    /// Positions are 32-bit numbers, and all are taken.
    #[error("a view holds at most {} items", u32::MAX)]
    Full,
}

impl Columns {
    /// The columns' names and types, in the order of their indexes.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// How many items there are.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The index of the column with just this name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.schema
            .columns
            .iter()
            .position(|column| column.name == name)
    }

    /// The value at a position; `None` for a null, and for a column or position that is not there.
    pub fn value(&self, column: usize, position: u32) -> Option<Value> {
        self.cells.get(column)?.value(position as usize)
    }

    /// All attributes of the item at a position, nulls left out.
    pub fn attributes(&self, position: u32) -> BTreeMap<String, Value> {
        let columns = self.schema.columns.iter().zip(&self.cells);
        columns
            .filter_map(|(column, cells)| {
                Some((column.name.clone(), cells.value(position as usize)?))
            })
            .collect()
    }

    /// What a column holds: its nulls, distinct values, the `top` most frequent, its range.
    ///
    /// Sorts the column: some 40 ms for a million texts from a small dictionary, 300 ms for a
    /// million different numbers.
    pub fn summary(&self, column: usize, top: usize) -> Option<ColumnSummary> {
        let cells = self.cells.get(column)?;
        Some(ColumnSummary::of(cells, top))
    }

    /// Memory that the columns take, in bytes, names left out; see [`column_bytes`].
    pub fn bytes(&self) -> u64 {
        self.cells.iter().map(Cells::bytes).sum()
    }

    pub(crate) fn cells(&self, name: &str) -> Option<(AttributeType, &Cells)> {
        let index = self.column(name)?;
        let column = self.schema.columns.get(index)?;
        Some((column.kind, self.cells.get(index)?))
    }
}

impl ColumnsBuilder {
    /// A builder of columns with the schema's names and types.
    pub fn new(schema: &Schema) -> ColumnsBuilder {
        let kinds = schema.columns.iter().map(|column| column.kind);
        ColumnsBuilder {
            schema: schema.clone(),
            cells: kinds.map(CellsBuilder::new).collect(),
            len: 0,
        }
    }

    /// Adds the item at the next position. An attribute that it lacks is a null; a value of a
    /// narrower type is cast to the column's.
    ///
    /// # Errors
    /// When an attribute is not in the schema or does not fit its type; the item is then not added.
    pub fn push(&mut self, attributes: &BTreeMap<String, Value>) -> Result<(), PushError> {
        let len = self.len.checked_add(1).ok_or(PushError::Full)?;
        let row = self.row(attributes)?;
        for (cells, value) in self.cells.iter_mut().zip(&row) {
            cells.push(value.as_ref());
        }
        self.len = len;
        Ok(())
    }

    fn row(&self, attributes: &BTreeMap<String, Value>) -> Result<Vec<Option<Value>>, PushError> {
        let mut row = Vec::with_capacity(self.cells.len());
        for column in &self.schema.columns {
            let value = attributes.get(&column.name);
            let cast = |value: &Value| {
                value.cast(column.kind).ok_or_else(|| PushError::WrongType {
                    name: column.name.clone(),
                    expected: column.kind,
                    found: value.clone(),
                })
            };
            row.push(value.map(cast).transpose()?);
        }
        let known = |name: &String| {
            self.schema
                .columns
                .iter()
                .any(|column| column.name == *name)
        };
        match attributes.keys().find(|name| !known(name)) {
            Some(name) => Err(PushError::UnknownAttribute { name: name.clone() }),
            None => Ok(row),
        }
    }

    /// The columns of all items pushed.
    pub fn finish(self) -> Columns {
        Columns {
            schema: self.schema,
            cells: self.cells.into_iter().map(CellsBuilder::finish).collect(),
            len: self.len,
        }
    }
}

/// Memory in bytes of one column of `rows` items; for strings, with `distinct` different texts of
/// `text_bytes` bytes in all (both ignored for the other types).
pub fn column_bytes(kind: AttributeType, rows: u64, distinct: u64, text_bytes: u64) -> u64 {
    let bits = rows.div_ceil(64) * 8;
    bits + match kind {
        AttributeType::String => text_bytes + distinct * 8 + rows * 4,
        AttributeType::Integer | AttributeType::Float => rows * 8,
        AttributeType::Boolean => bits,
        AttributeType::Date => rows * 4,
    }
}

#[cfg(test)]
mod tests;
