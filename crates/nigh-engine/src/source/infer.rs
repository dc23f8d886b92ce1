//! Which attribute type a column's cells have, and the value of a cell of that type.

use nigh_store::{AttributeType, Value};

use super::cell::Cell;
use super::date;

/// The type of one cell, `None` where it says nothing.
pub(super) fn kind(cell: &Cell<'_>) -> Option<AttributeType> {
    match cell {
        Cell::Raw(text) => raw_kind(text),
        Cell::Text(text) if text.is_empty() => None,
        Cell::Text(text) if date::parse(text.trim()).is_some() => Some(AttributeType::Date),
        Cell::Text(_) | Cell::List(_) => Some(AttributeType::String),
        Cell::Integer(_) => Some(AttributeType::Integer),
        Cell::Float(number) => number.is_finite().then_some(AttributeType::Float),
        Cell::Boolean(_) => Some(AttributeType::Boolean),
        Cell::Date(_) => Some(AttributeType::Date),
        Cell::Instant { nanoseconds, .. } => Some(match date::midnight(*nanoseconds) {
            Some(_) => AttributeType::Date,
            None => AttributeType::String,
        }),
        Cell::Null | Cell::Bytes(_) | Cell::File { .. } | Cell::Unfit(_) => None,
    }
}

/// Null in a column of any type.
pub(super) fn is_null(text: &str) -> bool {
    matches!(text.trim(), "" | "NULL" | "null" | "\\N")
}

/// The value of an untyped cell in a column of this kind.
pub(super) fn raw_value(text: &str, kind: AttributeType) -> Result<Option<Value>, String> {
    if is_null(text) || kind != AttributeType::String && is_mark(text.trim()) {
        return Ok(None);
    }
    let trimmed = text.trim();
    let value = match kind {
        AttributeType::String => Some(Value::String(text.to_owned())),
        AttributeType::Integer => integer(trimmed).map(Value::Integer),
        AttributeType::Float => number(trimmed).map(Value::Float),
        AttributeType::Boolean => boolean(trimmed).map(Value::Boolean),
        AttributeType::Date => date::parse(trimmed).map(Value::Date),
    };
    value.map(Some).ok_or_else(|| misfit(text, kind))
}

pub(super) fn misfit(text: &str, kind: AttributeType) -> String {
    let shown: String = text.chars().take(40).collect();
    format!("`{shown}` is not of type {kind}, which the rest of the column has")
}

fn raw_kind(text: &str) -> Option<AttributeType> {
    let text = text.trim();
    let first = *text.as_bytes().first()?;
    if is_null(text) || is_mark(text) {
        return None;
    }
    if !matches!(first, b'0'..=b'9' | b'-' | b'.' | b't' | b'T' | b'f' | b'F') {
        return Some(AttributeType::String);
    }
    Some(if integer(text).is_some() {
        AttributeType::Integer
    } else if number(text).is_some() {
        AttributeType::Float
    } else if boolean(text).is_some() {
        AttributeType::Boolean
    } else if date::parse(text).is_some() {
        AttributeType::Date
    } else {
        AttributeType::String
    })
}

/// What spreadsheets and data frames write for "unknown" among typed values.
fn is_mark(text: &str) -> bool {
    const MARKS: [&str; 8] = ["NA", "N/A", "#N/A", "NaN", "nan", "n/a", "None", "none"];
    MARKS.contains(&text)
}

fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    (plain && !has_leading_zero(digits))
        .then(|| text.parse().ok())
        .flatten()
}

/// Integers too, so that a float column may hold `3`; but not those beyond 64 bits, whose digits
/// a float would lose.
fn number(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let starts = unsigned.starts_with(|first: char| first == '.' || first.is_ascii_digit());
    let only = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'-' | b'+');
    if !starts || has_leading_zero(unsigned) || !unsigned.bytes().all(only) {
        return None;
    }
    if unsigned.bytes().all(|byte| byte.is_ascii_digit()) && integer(text).is_none() {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

fn has_leading_zero(digits: &str) -> bool {
    matches!(digits.as_bytes(), [b'0', b'0'..=b'9', ..])
}

fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        return Some(true);
    }
    text.eq_ignore_ascii_case("false").then_some(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn untyped_text_has_the_narrowest_type_that_loses_nothing() {
        use AttributeType::{Boolean, Date, Float, Integer, String};
        let table = [
            ("", None),
            ("  ", None),
            ("NULL", None),
            ("NA", None),
            ("NaN", None),
            ("7", Some(Integer)),
            ("-7", Some(Integer)),
            (" 7 ", Some(Integer)),
            ("0", Some(Integer)),
            ("00123", Some(String)),
            ("007.5", Some(String)),
            ("+49123", Some(String)),
            ("9223372036854775807", Some(Integer)),
            ("9223372036854775808", Some(String)),
            ("0.5", Some(Float)),
            (".5", Some(Float)),
            ("-1e-3", Some(Float)),
            ("1e999", Some(String)),
            ("inf", Some(String)),
            ("1.2.3", Some(String)),
            ("-", Some(String)),
            ("true", Some(Boolean)),
            ("FALSE", Some(Boolean)),
            ("truely", Some(String)),
            ("2024-05-01", Some(Date)),
            ("2024-05-32", Some(String)),
            ("Navy Blue", Some(String)),
        ];
        for (text, expected) in table {
            assert_eq!(raw_kind(text), expected, "{text}");
        }
    }

    #[test]
    fn a_mark_is_null_among_numbers_and_text_among_strings() {
        assert_eq!(raw_value("NA", AttributeType::Integer), Ok(None));
        let text = Value::String("NA".to_owned());
        assert_eq!(raw_value("NA", AttributeType::String), Ok(Some(text)));
        assert_eq!(raw_value("null", AttributeType::String), Ok(None));
        assert!(raw_value("x", AttributeType::Integer).is_err());
    }
}
