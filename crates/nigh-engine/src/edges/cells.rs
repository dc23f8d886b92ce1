//! The cells of a line, and the numbers in them.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

use super::moment;

pub(super) type CellText<'a> = Cow<'a, [u8]>;

/// The longest id.
pub(super) const ID_BYTES: usize = 1024;

/// Why a row cannot be taken: the column, where one is to blame, and a predicate.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) column: Option<usize>,
    pub(super) reason: String,
}

/// The lines of a block, without their ends.
pub(super) fn lines(block: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    let ends = memchr_iter(b'\n', block);
    let rest = (!block.ends_with(b"\n") && !block.is_empty()).then_some(block.len());
    ends.chain(rest).map(move |end| {
        let line = &block[start..end];
        start = end + 1;
        line.strip_suffix(b"\r").unwrap_or(line)
    })
}

/// Whether a line is blank or a comment.
pub(super) fn is_void(line: &[u8]) -> bool {
    let first = line.iter().find(|byte| !byte.is_ascii_whitespace());
    matches!(first, None | Some(b'#' | b'%'))
}

/// Puts the trimmed cells of a line behind each other. Between blanks any run of them counts as one; between other
/// delimiters a cell may be quoted.
pub(super) fn split<'a>(
    line: &'a [u8],
    delimiter: u8,
    cells: &mut Vec<CellText<'a>>,
) -> Result<(), Fault> {
    cells.clear();
    if delimiter == b' ' {
        split_blanks(line, cells);
    } else if memchr(b'"', line).is_none() {
        let mut rest = line;
        while let Some(end) = rest.iter().position(|&byte| byte == delimiter) {
            cells.push(rest[..end].trim_ascii().into());
            rest = &rest[end + 1..];
        }
        cells.push(rest.trim_ascii().into());
    } else {
        split_quoted(line, delimiter, cells)?;
    }
    Ok(())
}

fn split_blanks<'a>(line: &'a [u8], cells: &mut Vec<CellText<'a>>) {
    let mut start = None;
    for (at, byte) in line.iter().enumerate() {
        match (byte.is_ascii_whitespace(), start) {
            (false, None) => start = Some(at),
            (true, Some(begun)) => {
                cells.push(line[begun..at].into());
                start = None;
            }
            _ => {}
        }
    }
    cells.extend(start.map(|begun| CellText::from(&line[begun..])));
}

fn split_quoted<'a>(
    line: &'a [u8],
    delimiter: u8,
    cells: &mut Vec<CellText<'a>>,
) -> Result<(), Fault> {
    let mut rest = line;
    loop {
        let lead = rest.len() - rest.trim_ascii_start().len();
        let end = match rest.get(lead) {
            Some(b'"') => lead + 1 + quoted(&rest[lead + 1..], cells)?,
            _ => {
                let end = memchr(delimiter, rest).unwrap_or(rest.len());
                cells.push(rest[..end].trim_ascii().into());
                end
            }
        };
        match memchr(delimiter, &rest[end..]) {
            Some(more) => rest = &rest[end + more + 1..],
            None => return Ok(()),
        }
    }
}

/// Reads from behind a quote to behind the next single one.
fn quoted<'a>(text: &'a [u8], cells: &mut Vec<CellText<'a>>) -> Result<usize, Fault> {
    let mut from = 0;
    while let Some(quote) = memchr(b'"', &text[from..]) {
        let end = from + quote;
        if text.get(end + 1) != Some(&b'"') {
            cells.push(unescaped(&text[..end]));
            return Ok(end + 1);
        }
        from = end + 2;
    }
    Err(Fault {
        column: Some(cells.len()),
        reason: "has a quote that is not closed in its line".to_owned(),
    })
}

fn unescaped(cell: &[u8]) -> CellText<'_> {
    match std::str::from_utf8(cell) {
        Ok(text) if text.contains("\"\"") => text.replace("\"\"", "\"").into_bytes().into(),
        _ => cell.into(),
    }
}

/// The number that an id is, if it is written as a program writes numbers.
pub(super) fn integer(id: &[u8]) -> Option<u64> {
    if id.is_empty() || id.len() > 20 || (id[0] == b'0' && id.len() > 1) {
        return None;
    }
    let mut number = 0u64;
    for byte in id {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number.checked_mul(10)?.checked_add(digit.into())?;
    }
    Some(number)
}

/// Seconds or milliseconds as they stand, or the seconds of a date; 0 of an empty cell.
pub(super) fn time(cell: &[u8]) -> Result<i64, String> {
    if cell.is_empty() {
        return Ok(0);
    }
    let time = integer(cell).and_then(|number| i64::try_from(number).ok());
    let Some(time) = time
        .or_else(|| moment::parse(cell))
        .or_else(|| number(cell).map(|n| n as i64))
    else {
        let expected = "seconds or milliseconds since 1970, or a date such as 2024-05-01T12:00:00Z";
        return Err(format!("is no time: {}, expected {expected}", shown(cell)));
    };
    match time {
        0.. if !cell.starts_with(b"-") => Ok(time),
        _ => Err(format!("is a time before 1970: {}", shown(cell))),
    }
}

/// A finite number from 0 up; 1 of an empty cell.
pub(super) fn weight(cell: &[u8]) -> Result<f32, String> {
    if cell.is_empty() {
        return Ok(1.0);
    }
    let weight = text(cell).and_then(|text| text.parse::<f32>().ok());
    match weight {
        Some(weight) if weight.is_finite() && weight >= 0.0 => Ok(weight),
        _ => Err(format!(
            "is no weight: {}, expected a finite number from 0 up",
            shown(cell)
        )),
    }
}

/// A finite number.
pub(super) fn number(cell: &[u8]) -> Option<f64> {
    let number = text(cell)?.parse().ok();
    number.filter(|number: &f64| number.is_finite())
}

/// A cell in a sentence.
pub(super) fn shown(cell: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(cell).chars().take(40).collect();
    format!("`{}`", text.escape_debug())
}

fn text(cell: &[u8]) -> Option<&str> {
    std::str::from_utf8(cell).ok()
}
