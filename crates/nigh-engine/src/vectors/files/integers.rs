//! One integer for each row, from NumPy's `.npy`.

use std::io::Read;
use std::path::Path;

use super::FileError;
use super::npy::{Header, as_written, field, sizes};

/// The integers of an array of one dimension, or of two of which the second is 1.
///
/// # Errors
/// If the file cannot be read, holds something else, or is not as long as its header says.
pub(in crate::vectors) fn read_integers(path: &Path) -> Result<Vec<i128>, FileError> {
    let Header {
        mut file,
        text,
        length,
    } = Header::read(path)?;
    let not = |what: String| FileError::Npy {
        path: path.to_owned(),
        what,
    };
    let (decode, width) = decoder(field(&text, "descr").map_err(not)?).map_err(not)?;
    let shape = field(&text, "shape").map_err(not)?;
    let rows = match *sizes(shape).map_err(not)? {
        [rows] | [rows, 1] => rows,
        _ => {
            let shape = as_written(shape);
            return Err(not(format!("its shape is {shape}, expected (rows,)")));
        }
    };
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)
        .map_err(FileError::read(path))?;
    if Some(bytes.len()) != rows.checked_mul(width) {
        return Err(FileError::Length {
            path: path.to_owned(),
            bytes: length + bytes.len() as u64,
            expected: (rows as u64)
                .checked_mul(width as u64)
                .and_then(|bytes| bytes.checked_add(length)),
            rows,
            dim: 1,
        });
    }
    Ok(bytes.chunks_exact(width).map(decode).collect())
}

type Decode = fn(&[u8]) -> i128;

/// How an integer is read, and its bytes.
fn decoder(descr: &str) -> Result<(Decode, usize), String> {
    match descr.get(1..4) {
        Some("|u1") => Ok((unsigned, 1)),
        Some("<u2") => Ok((unsigned, 2)),
        Some("<u4") => Ok((unsigned, 4)),
        Some("<u8") => Ok((unsigned, 8)),
        Some("|i1") => Ok((signed, 1)),
        Some("<i2") => Ok((signed, 2)),
        Some("<i4") => Ok((signed, 4)),
        Some("<i8") => Ok((signed, 8)),
        _ => {
            let kind = descr.split(',').next().unwrap_or(descr);
            Err(format!(
                "its values are {kind}, expected little-endian integers such as '<i8' or '|u1'"
            ))
        }
    }
}

fn unsigned(bytes: &[u8]) -> i128 {
    bytes
        .iter()
        .rev()
        .fold(0, |number, &byte| number << 8 | i128::from(byte))
}

fn signed(bytes: &[u8]) -> i128 {
    let number = unsigned(bytes);
    let half = 1 << (8 * bytes.len() - 1);
    if number < half {
        number
    } else {
        number - 2 * half
    }
}
