//! Parquet, one batch of rows in memory at a time.

use std::fs::File;
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, RecordBatch, RecordBatchReader};
use arrow_schema::{DataType, TimeUnit};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use super::cells::CellText;
use super::guess::{Format, Shape};
use super::input::{Watch, unreadable};
use super::roles;
use super::rows::Rows;
use super::{EdgeOptions, EdgesError};

const BATCH_ROWS: usize = 8192;

/// Takes every row, and returns how many there are.
pub(super) fn read(
    path: &Path,
    file: File,
    options: &EdgeOptions,
    watch: &Watch<'_>,
    rows: &mut Rows,
) -> Result<(Format, u64), EdgesError> {
    let bytes = file.metadata().map_or(0, |metadata| metadata.len());
    let mut reader = guarded(path, || open(file))?;
    let fields = reader.schema();
    let columns: Vec<String> = fields
        .fields()
        .iter()
        .map(|field| format!("`{}`", field.name()))
        .collect();
    let mut next = || {
        guarded(path, || {
            reader.next().transpose().map_err(|error| error.to_string())
        })
    };
    let mut batch = next()?;
    let sample = batch.as_ref().map_or_else(Vec::new, cells);
    let roles = roles::choose(path, &columns, true, &sample, options)?;
    drop(sample);
    let mut count = 0;
    while let Some(rows_now) = &batch {
        watch.check()?;
        for row in cells(rows_now) {
            count += 1;
            if let Err(fault) = rows.take(&row, columns.len(), &roles) {
                rows.reject(path, "row", count, &columns, &fault);
            }
        }
        batch = next()?;
    }
    // The decoder reads as it likes, so that the whole is told at its end.
    watch.add(bytes);
    let shape = Shape::Table(roles);
    Ok((
        Format {
            kind: "Parquet",
            delimiter: 0,
            shape,
            columns,
            header: true,
        },
        count,
    ))
}

fn open(file: File) -> Result<ParquetRecordBatchReader, String> {
    let rows = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| error.to_string())?;
    let reader = rows.with_batch_size(BATCH_ROWS).build();
    reader.map_err(|error| error.to_string())
}

/// The decoder is meant to report corrupt data as errors; where it panics instead, the panic ends here.
fn guarded<T>(path: &Path, decode: impl FnOnce() -> Result<T, String>) -> Result<T, EdgesError> {
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(decode));
    let decoded = caught.unwrap_or_else(|_| Err("its data is corrupt".to_owned()));
    decoded.map_err(|reason| unreadable(path, &format!("as Parquet: {reason}")))
}

fn cells(batch: &RecordBatch) -> Vec<Vec<CellText<'_>>> {
    let row = |row| {
        batch
            .columns()
            .iter()
            .map(|array| cell(array.as_ref(), row))
            .collect()
    };
    (0..batch.num_rows()).map(row).collect()
}

/// The cell as it would stand in a text; empty of null and of types that are neither ids nor numbers nor times.
fn cell(array: &dyn Array, row: usize) -> CellText<'_> {
    use DataType as T;
    if array.is_null(row) {
        return CellText::default();
    }
    match array.data_type() {
        T::Utf8 => array.as_string::<i32>().value(row).as_bytes().into(),
        T::LargeUtf8 => array.as_string::<i64>().value(row).as_bytes().into(),
        T::Utf8View => array.as_string_view().value(row).as_bytes().into(),
        T::Binary => array.as_binary::<i32>().value(row).into(),
        T::LargeBinary => array.as_binary::<i64>().value(row).into(),
        T::BinaryView => array.as_binary_view().value(row).into(),
        T::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            cell(
                dictionary.values().as_ref(),
                dictionary.normalized_keys()[row],
            )
        }
        _ => number(array, row).map_or_else(CellText::default, |text| text.into_bytes().into()),
    }
}

fn number(array: &dyn Array, row: usize) -> Option<String> {
    use DataType as T;
    macro_rules! text {
        ($kind:ty) => {
            array.as_primitive::<$kind>().value(row).to_string()
        };
    }
    Some(match array.data_type() {
        T::Int8 => text!(Int8Type),
        T::Int16 => text!(Int16Type),
        T::Int32 => text!(Int32Type),
        T::Int64 => text!(Int64Type),
        T::UInt8 => text!(UInt8Type),
        T::UInt16 => text!(UInt16Type),
        T::UInt32 => text!(UInt32Type),
        T::UInt64 => text!(UInt64Type),
        T::Float32 => text!(Float32Type),
        T::Float64 => text!(Float64Type),
        T::Date32 => {
            (i64::from(array.as_primitive::<Date32Type>().value(row)) * 86_400).to_string()
        }
        T::Date64 => (array.as_primitive::<Date64Type>().value(row) / 1000).to_string(),
        T::Timestamp(unit, _) => seconds(array, row, *unit).to_string(),
        _ => return None,
    })
}

fn seconds(array: &dyn Array, row: usize, unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => array.as_primitive::<TimestampSecondType>().value(row),
        TimeUnit::Millisecond => array
            .as_primitive::<TimestampMillisecondType>()
            .value(row)
            .div_euclid(1000),
        TimeUnit::Microsecond => array
            .as_primitive::<TimestampMicrosecondType>()
            .value(row)
            .div_euclid(1_000_000),
        TimeUnit::Nanosecond => array
            .as_primitive::<TimestampNanosecondType>()
            .value(row)
            .div_euclid(1_000_000_000),
    }
}
