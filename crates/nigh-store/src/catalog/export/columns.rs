//! Items as Arrow columns.

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, Float32Builder, ListBuilder};
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray,
    StructArray,
};
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema as ArrowSchema, SchemaRef};

use crate::catalog::export::Shape;
use crate::{AttributeType, CatalogView, ReadError, Schema, Stored, Value};

/// The columns of one export.
pub(super) struct Columns {
    schema: SchemaRef,
    attributes: Schema,
    shape: Shape,
}

impl Columns {
    pub(super) fn new(attributes: &Schema, shape: Shape) -> Self {
        let reserved: Vec<String> = (0..shape.images)
            .flat_map(|at| [numbered("image", at), numbered("embedding", at)])
            .collect();
        let mut fields = vec![Field::new("id", DataType::Utf8, false)];
        for column in &attributes.columns {
            let name = free_name(&column.name, &fields, &reserved, attributes);
            fields.push(Field::new(name, data_type(column.kind), true));
        }
        for at in 0..shape.images {
            fields.push(Field::new(numbered("image", at), image_type(shape), true));
            fields.push(Field::new(
                numbered("embedding", at),
                embedding_type(),
                true,
            ));
        }
        Self {
            schema: Arc::new(ArrowSchema::new(fields)),
            attributes: attributes.clone(),
            shape,
        }
    }

    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.schema
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect()
    }

    pub(super) fn batch(
        &self,
        view: &CatalogView,
        items: &[Stored],
    ) -> Result<Result<RecordBatch, ArrowError>, ReadError> {
        let ids: StringArray = items
            .iter()
            .map(|stored| Some(stored.item.id.as_str()))
            .collect();
        let mut columns: Vec<ArrayRef> = vec![Arc::new(ids)];
        for column in &self.attributes.columns {
            let values = items
                .iter()
                .map(|stored| stored.item.attributes.get(&column.name));
            columns.push(attribute(column.kind, values));
        }
        let embeddings: Vec<Vec<f32>> = items
            .iter()
            .map(|stored| Ok(view.embeddings(stored.number)?.unwrap_or_default()))
            .collect::<Result<_, ReadError>>()?;
        for position in 0..self.shape.images {
            columns.push(self.images(view, items, position)?);
            columns.push(embedding(items, &embeddings, position));
        }
        Ok(RecordBatch::try_new(self.schema(), columns))
    }

    fn images(
        &self,
        view: &CatalogView,
        items: &[Stored],
        position: usize,
    ) -> Result<ArrayRef, ReadError> {
        let sources = items.iter().map(|stored| {
            stored
                .item
                .images
                .get(position)
                .map(|image| image.source.as_str())
        });
        let paths: StringArray = sources.clone().collect();
        if !self.shape.bytes {
            return Ok(Arc::new(paths));
        }
        let mut bytes = BinaryBuilder::new();
        for stored in items {
            bytes.append_option(view.image_bytes(stored.number, position)?);
        }
        let present: Vec<bool> = sources.map(|source| source.is_some()).collect();
        let columns: Vec<ArrayRef> = vec![Arc::new(bytes.finish()), Arc::new(paths)];
        Ok(Arc::new(StructArray::new(
            image_fields(),
            columns,
            Some(present.into()),
        )))
    }
}

/// One attribute of all items. The view has cast each value to its column's type already.
fn attribute<'a>(kind: AttributeType, values: impl Iterator<Item = Option<&'a Value>>) -> ArrayRef {
    match kind {
        AttributeType::String => Arc::new(
            values
                .map(|value| value.map(ToString::to_string))
                .collect::<StringArray>(),
        ),
        AttributeType::Integer => {
            let values = values.map(|value| {
                if let Some(Value::Integer(n)) = value {
                    Some(*n)
                } else {
                    None
                }
            });
            Arc::new(values.collect::<Int64Array>())
        }
        AttributeType::Float => {
            let values = values.map(|value| {
                if let Some(Value::Float(x)) = value {
                    Some(*x)
                } else {
                    None
                }
            });
            Arc::new(values.collect::<Float64Array>())
        }
        AttributeType::Boolean => {
            let values = values.map(|value| {
                if let Some(Value::Boolean(b)) = value {
                    Some(*b)
                } else {
                    None
                }
            });
            Arc::new(values.collect::<BooleanArray>())
        }
        AttributeType::Date => {
            let values = values.map(|value| {
                if let Some(Value::Date(date)) = value {
                    Some(date.0)
                } else {
                    None
                }
            });
            Arc::new(values.collect::<Date32Array>())
        }
    }
}

/// The rows of the images at one position.
fn embedding(items: &[Stored], embeddings: &[Vec<f32>], position: usize) -> ArrayRef {
    let mut lists = ListBuilder::new(Float32Builder::new()).with_field(element());
    for (stored, rows) in items.iter().zip(embeddings) {
        let dimension = rows.len() / stored.item.images.len().max(1);
        let row = rows
            .get(position * dimension..(position + 1) * dimension)
            .unwrap_or_default();
        lists.values().append_slice(row);
        lists.append(!row.is_empty());
    }
    Arc::new(lists.finish())
}

fn numbered(name: &str, position: usize) -> String {
    if position == 0 {
        name.to_owned()
    } else {
        format!("{name}_{}", position + 1)
    }
}

/// The attribute's name, with as many `_` after it as it takes to be nobody else's.
fn free_name(name: &str, taken: &[Field], reserved: &[String], attributes: &Schema) -> String {
    let is_taken = |name: &str| {
        reserved.iter().any(|r| r == name) || taken.iter().any(|field| field.name() == name)
    };
    let mut free = name.to_owned();
    while is_taken(&free) || (free != name && attributes.column(&free).is_some()) {
        free.push('_');
    }
    free
}

fn data_type(kind: AttributeType) -> DataType {
    match kind {
        AttributeType::String => DataType::Utf8,
        AttributeType::Integer => DataType::Int64,
        AttributeType::Float => DataType::Float64,
        AttributeType::Boolean => DataType::Boolean,
        AttributeType::Date => DataType::Date32,
    }
}

fn image_type(shape: Shape) -> DataType {
    if shape.bytes {
        DataType::Struct(image_fields())
    } else {
        DataType::Utf8
    }
}

fn image_fields() -> Fields {
    Fields::from(vec![
        Field::new("bytes", DataType::Binary, true),
        Field::new("path", DataType::Utf8, true),
    ])
}

fn embedding_type() -> DataType {
    DataType::List(Arc::new(element()))
}

fn element() -> Field {
    Field::new("element", DataType::Float32, false)
}
