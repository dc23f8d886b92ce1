//! Arrow arrays, as Parquet is read into them, to cells.

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, StructArray};
use arrow_schema::{DataType, Fields, TimeUnit};
use nigh_store::{AttributeType, Date};

use super::cell::Cell;
use super::parquet_table::Declared;

/// What a column of this type is good for.
pub(super) fn declared(data_type: &DataType) -> Declared {
    use DataType as T;
    match data_type {
        T::Boolean => Declared::Kind(AttributeType::Boolean),
        T::Date32 | T::Date64 => Declared::Kind(AttributeType::Date),
        T::Timestamp(..) => Declared::ByValues,
        T::Null | T::Utf8 | T::LargeUtf8 | T::Utf8View => Declared::Kind(AttributeType::String),
        T::Binary | T::LargeBinary | T::BinaryView => Declared::Bytes,
        T::Dictionary(_, values) => declared(values),
        T::Struct(fields) if is_file(fields) => Declared::Bytes,
        T::List(field) | T::LargeList(field) | T::FixedSizeList(field, _) => {
            match declared(field.data_type()) {
                Declared::Bytes => Declared::Bytes,
                // An embedding, most likely: hundreds of numbers tell a person nothing.
                Declared::Kind(AttributeType::Float) => {
                    Declared::Unsupported("a list of numbers".to_owned())
                }
                Declared::Kind(_) | Declared::ByValues => Declared::Kind(AttributeType::String),
                Declared::Unsupported(_) => Declared::Unsupported(data_type.to_string()),
            }
        }
        other if other.is_integer() => Declared::Kind(AttributeType::Integer),
        other if other.is_floating() || other.is_decimal() => Declared::Kind(AttributeType::Float),
        other => Declared::Unsupported(other.to_string()),
    }
}

/// The Hugging Face form of a picture: its bytes, its path, or both.
fn is_file(fields: &Fields) -> bool {
    let (Some((_, bytes)), path) = (fields.find("bytes"), fields.find("path")) else {
        return false;
    };
    let binary = matches!(
        bytes.data_type(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView
    );
    binary && path.is_none_or(|(_, path)| is_text(path.data_type()))
}

fn is_text(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    )
}

/// The cell in one row; `Null` for types that [`declared`] calls unsupported.
pub(super) fn cell(array: &dyn Array, row: usize) -> Cell<'_> {
    use DataType as T;
    if array.is_null(row) {
        return Cell::Null;
    }
    match array.data_type() {
        T::Utf8 => Cell::Text(array.as_string::<i32>().value(row).into()),
        T::LargeUtf8 => Cell::Text(array.as_string::<i64>().value(row).into()),
        T::Utf8View => Cell::Text(array.as_string_view().value(row).into()),
        T::Binary => Cell::Bytes(array.as_binary::<i32>().value(row)),
        T::LargeBinary => Cell::Bytes(array.as_binary::<i64>().value(row)),
        T::BinaryView => Cell::Bytes(array.as_binary_view().value(row)),
        T::Boolean => Cell::Boolean(array.as_boolean().value(row)),
        T::Dictionary(..) => dictionary(array, row),
        T::Struct(_) => file(array.as_struct(), row),
        T::List(_) | T::LargeList(_) | T::FixedSizeList(..) => list(array, row),
        _ => number(array, row),
    }
}

fn number(array: &dyn Array, row: usize) -> Cell<'_> {
    use DataType as T;
    match array.data_type() {
        T::Int8 => Cell::Integer(array.as_primitive::<Int8Type>().value(row).into()),
        T::Int16 => Cell::Integer(array.as_primitive::<Int16Type>().value(row).into()),
        T::Int32 => Cell::Integer(array.as_primitive::<Int32Type>().value(row).into()),
        T::Int64 => Cell::Integer(array.as_primitive::<Int64Type>().value(row)),
        T::UInt8 => Cell::Integer(array.as_primitive::<UInt8Type>().value(row).into()),
        T::UInt16 => Cell::Integer(array.as_primitive::<UInt16Type>().value(row).into()),
        T::UInt32 => Cell::Integer(array.as_primitive::<UInt32Type>().value(row).into()),
        T::UInt64 => unsigned(array.as_primitive::<UInt64Type>().value(row)),
        T::Float16 => Cell::Float(array.as_primitive::<Float16Type>().value(row).to_f64()),
        T::Float32 => Cell::Float(shortest(array.as_primitive::<Float32Type>().value(row))),
        T::Float64 => Cell::Float(array.as_primitive::<Float64Type>().value(row)),
        T::Decimal32(..) => decimal(&array.as_primitive::<Decimal32Type>().value_as_string(row)),
        T::Decimal64(..) => decimal(&array.as_primitive::<Decimal64Type>().value_as_string(row)),
        T::Decimal128(..) => decimal(&array.as_primitive::<Decimal128Type>().value_as_string(row)),
        T::Decimal256(..) => decimal(&array.as_primitive::<Decimal256Type>().value_as_string(row)),
        _ => instant(array, row),
    }
}

fn instant(array: &dyn Array, row: usize) -> Cell<'_> {
    let (units, nanoseconds_each) = match array.data_type() {
        DataType::Date32 => {
            return Cell::Date(Date(array.as_primitive::<Date32Type>().value(row)));
        }
        DataType::Date64 => return day_of(array.as_primitive::<Date64Type>().value(row)),
        DataType::Timestamp(TimeUnit::Second, _) => (
            array.as_primitive::<TimestampSecondType>().value(row),
            1_000_000_000,
        ),
        DataType::Timestamp(TimeUnit::Millisecond, _) => (
            array.as_primitive::<TimestampMillisecondType>().value(row),
            1_000_000,
        ),
        DataType::Timestamp(TimeUnit::Microsecond, _) => (
            array.as_primitive::<TimestampMicrosecondType>().value(row),
            1_000,
        ),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => (
            array.as_primitive::<TimestampNanosecondType>().value(row),
            1,
        ),
        _ => return Cell::Null,
    };
    Cell::Instant {
        nanoseconds: i128::from(units) * nanoseconds_each,
        utc: matches!(array.data_type(), DataType::Timestamp(_, Some(_))),
    }
}

fn day_of(milliseconds: i64) -> Cell<'static> {
    match i32::try_from(milliseconds.div_euclid(86_400_000)) {
        Ok(days) => Cell::Date(Date(days)),
        Err(_) => Cell::Unfit(format!("{milliseconds} ms since 1970 is no date")),
    }
}

fn unsigned(number: u64) -> Cell<'static> {
    i64::try_from(number).map_or_else(
        |_| {
            Cell::Unfit(format!(
                "{number} is beyond the largest integer, {}",
                i64::MAX
            ))
        },
        Cell::Integer,
    )
}

/// The float of 64 bits that is written like this one of 32.
fn shortest(number: f32) -> f64 {
    number.to_string().parse().unwrap_or(f64::from(number))
}

fn decimal(text: &str) -> Cell<'static> {
    text.parse().map_or(Cell::Null, Cell::Float)
}

fn dictionary(array: &dyn Array, row: usize) -> Cell<'_> {
    let dictionary = array.as_any_dictionary();
    match number(dictionary.keys(), row) {
        Cell::Integer(key) => cell(dictionary.values().as_ref(), key as usize),
        _ => Cell::Null,
    }
}

fn file(array: &StructArray, row: usize) -> Cell<'_> {
    let field = |name| {
        array
            .column_by_name(name)
            .map(|field| cell(field.as_ref(), row))
    };
    let bytes = match field("bytes") {
        Some(Cell::Bytes(bytes)) => Some(bytes),
        _ => None,
    };
    let path = match field("path") {
        Some(Cell::Text(std::borrow::Cow::Borrowed(path))) => Some(path),
        _ => None,
    };
    Cell::File { bytes, path }
}

fn list(array: &dyn Array, row: usize) -> Cell<'_> {
    let (values, range) = match array.data_type() {
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let offsets = list.value_offsets();
            (
                list.values(),
                offsets[row] as usize..offsets[row + 1] as usize,
            )
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            let offsets = list.value_offsets();
            (
                list.values(),
                offsets[row] as usize..offsets[row + 1] as usize,
            )
        }
        _ => {
            let list = array.as_fixed_size_list();
            let start = list.value_offset_at(row);
            (list.values(), start..start + list.value_length() as usize)
        }
    };
    Cell::List(range.map(|at| cell(values.as_ref(), at)).collect())
}
