//! A Parquet column of lists of numbers.

use std::fs::File;
use std::ops::Range;
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float16Type, Float32Type, Float64Type, UInt8Type};
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, Field};
use nigh_index::VectorError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};

use super::{Block, FileError, RowProblem};

/// Which column of which file.
#[derive(Clone, Debug)]
pub(super) struct ParquetVectors {
    metadata: ArrowReaderMetadata,
    column: usize,
}

/// The rows, the values of each, and how to read them.
pub(super) fn open(
    path: &Path,
    column: Option<&str>,
) -> Result<(usize, usize, ParquetVectors), FileError> {
    let file = File::open(path).map_err(FileError::read(path))?;
    let metadata = guarded(path, || load(&file))?;
    let fields = metadata.schema().fields();
    let column = choose(path, fields.iter().map(AsRef::as_ref), column)?;
    let groups = metadata.metadata().row_groups().iter();
    let rows = groups.map(|group| usize::try_from(group.num_rows()).unwrap_or(0));
    let (rows, data_type) = (rows.sum(), fields[column].data_type().clone());
    let vectors = ParquetVectors { metadata, column };
    let dim = match data_type {
        DataType::FixedSizeList(_, dim) => usize::try_from(dim).unwrap_or(0),
        _ => vectors.first_length(path)?,
    };
    Ok((rows, dim, vectors))
}

fn load(file: &File) -> parquet::errors::Result<ArrowReaderMetadata> {
    let options = ArrowReaderOptions::new();
    ArrowReaderMetadata::load(file, options.clone())
        // The Arrow schema that a writer embeds is a hint; the Parquet one stands without it.
        .or_else(|_| ArrowReaderMetadata::load(file, options.with_skip_arrow_metadata(true)))
}

/// The one asked for, or the only one.
fn choose<'a>(
    path: &Path,
    fields: impl Iterator<Item = &'a Field> + Clone,
    column: Option<&str>,
) -> Result<usize, FileError> {
    let numbered = fields.clone().enumerate();
    let vectors = numbered.filter(|(_, field)| holds_vectors(field.data_type()));
    let wanted = vectors.filter(|(_, field)| column.is_none_or(|name| field.name() == name));
    let wanted: Vec<(usize, &Field)> = wanted.collect();
    match wanted.as_slice() {
        [(only, _)] => Ok(*only),
        [] => Err(FileError::NoColumn {
            path: path.to_owned(),
            column: column.map(str::to_owned),
            columns: fields
                .map(|field| format!("{} ({})", field.name(), field.data_type()))
                .collect(),
        }),
        several => Err(FileError::SeveralColumns {
            path: path.to_owned(),
            columns: several
                .iter()
                .map(|(_, field)| field.name().clone())
                .collect(),
        }),
    }
}

fn holds_vectors(data_type: &DataType) -> bool {
    use DataType as T;
    match data_type {
        T::List(field) | T::LargeList(field) | T::FixedSizeList(field, _) => matches!(
            field.data_type(),
            T::Float16 | T::Float32 | T::Float64 | T::UInt8
        ),
        _ => false,
    }
}

impl ParquetVectors {
    pub(super) fn blocks(&self, path: &Path, rows: usize) -> Result<ParquetBlocks, FileError> {
        let file = File::open(path).map_err(FileError::read(path))?;
        let reader = guarded(path, || {
            let rows_of =
                ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
            let mask = ProjectionMask::roots(rows_of.parquet_schema(), [self.column]);
            rows_of.with_projection(mask).with_batch_size(rows).build()
        })?;
        Ok(ParquetBlocks { reader })
    }

    /// How long the first list with values is; 0 where there is none.
    fn first_length(&self, path: &Path) -> Result<usize, FileError> {
        let mut blocks = self.blocks(path, 64)?;
        while let Some(column) = blocks.column(path)? {
            let lists = Lists::of(column.as_ref());
            let mut lengths = (0..column.len()).filter_map(|row| lists.range(row));
            if let Some(first) = lengths.find(|length| !length.is_empty()) {
                return Ok(first.len());
            }
        }
        Ok(0)
    }
}

#[derive(Debug)]
pub(super) struct ParquetBlocks {
    reader: ParquetRecordBatchReader,
}

impl ParquetBlocks {
    pub(super) fn read(&mut self, path: &Path, block: &mut Block) -> Result<(), FileError> {
        while block.is_empty() {
            let Some(column) = self.column(path)? else {
                break;
            };
            append(column.as_ref(), block);
        }
        Ok(())
    }

    fn column(&mut self, path: &Path) -> Result<Option<ArrayRef>, FileError> {
        let batch = guarded(path, || self.reader.next().transpose())?;
        Ok(batch.map(|batch| batch.column(0).clone()))
    }
}

fn append(column: &dyn Array, block: &mut Block) {
    let lists = Lists::of(column);
    for row in 0..column.len() {
        let expected = block.dim;
        let pushed = match lists.range(row) {
            None => Err(RowProblem::Null { expected }),
            Some(range) if range.len() != expected => {
                let received = range.len();
                Err(VectorError::Dimension { expected, received }.into())
            }
            Some(range) => lists.push(range, &mut block.values),
        };
        if let Err(problem) = pushed {
            block.push_fault(problem);
        }
    }
}

/// The lists of a column, whatever their kind.
struct Lists<'a> {
    column: &'a dyn Array,
    values: &'a dyn Array,
}

impl<'a> Lists<'a> {
    fn of(column: &'a dyn Array) -> Lists<'a> {
        let values = match column.data_type() {
            DataType::List(_) => column.as_list::<i32>().values(),
            DataType::LargeList(_) => column.as_list::<i64>().values(),
            _ => column.as_fixed_size_list().values(),
        };
        Lists {
            column,
            values: values.as_ref(),
        }
    }

    /// Where the values of a row are; none where it is null.
    fn range(&self, row: usize) -> Option<Range<usize>> {
        if self.column.is_null(row) {
            return None;
        }
        Some(match self.column.data_type() {
            DataType::List(_) => {
                let offsets = self.column.as_list::<i32>().value_offsets();
                offsets[row] as usize..offsets[row + 1] as usize
            }
            DataType::LargeList(_) => {
                let offsets = self.column.as_list::<i64>().value_offsets();
                offsets[row] as usize..offsets[row + 1] as usize
            }
            _ => {
                let lists = self.column.as_fixed_size_list();
                let start = lists.value_offset_at(row);
                start..start + lists.value_length() as usize
            }
        })
    }

    fn push(&self, range: Range<usize>, into: &mut Vec<f32>) -> Result<(), RowProblem> {
        let missing = || range.clone().position(|at| self.values.is_null(at));
        if let Some(position) = (self.values.null_count() > 0).then(missing).flatten() {
            return Err(RowProblem::NullValue { position });
        }
        let values = self.values;
        match values.data_type() {
            DataType::Float16 => {
                let values = &values.as_primitive::<Float16Type>().values()[range];
                into.extend(values.iter().map(|value| value.to_f32()));
            }
            DataType::Float64 => {
                let values = &values.as_primitive::<Float64Type>().values()[range];
                into.extend(values.iter().map(|&value| value as f32));
            }
            DataType::UInt8 => {
                let values = &values.as_primitive::<UInt8Type>().values()[range];
                into.extend(values.iter().map(|&value| f32::from(value)));
            }
            _ => into.extend_from_slice(&values.as_primitive::<Float32Type>().values()[range]),
        }
        Ok(())
    }
}

/// The decoder is meant to report corrupt data as errors; where it panics instead, the panic ends here.
fn guarded<T, E: std::fmt::Display>(
    path: &Path,
    decode: impl FnOnce() -> Result<T, E>,
) -> Result<T, FileError> {
    let unreadable = |what: String| FileError::Parquet {
        path: path.to_owned(),
        what,
    };
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(decode));
    match caught {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => {
            let whole = error.to_string();
            let what = whole.split("Parquet error: ").last().unwrap_or(&whole);
            Err(unreadable(what.to_owned()))
        }
        Err(_) => Err(unreadable("its data is corrupt".to_owned())),
    }
}
