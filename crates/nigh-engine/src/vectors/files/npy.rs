//! NumPy's `.npy`, versions 1 to 3: a header in the form of a Python dictionary, then the values.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::FileError;
use super::raw::{Element, Raw, length};

/// Longer headers are of arrays that no one wants to search.
const LONGEST_HEADER: usize = 1 << 20;

pub(super) fn open(path: &Path) -> Result<Raw, FileError> {
    let Header { file, text, length } = Header::read(path)?;
    let raw = parse(&text).map_err(|what| FileError::Npy {
        path: path.to_owned(),
        what,
    })?;
    let raw = Raw {
        offset: length,
        ..raw
    };
    raw.check_length(path, &file)?;
    Ok(raw)
}

/// What comes before the values.
pub(super) struct Header {
    /// Where the values begin.
    pub(super) file: File,
    /// The dictionary.
    pub(super) text: String,
    /// Bytes up to the values.
    pub(super) length: u64,
}

impl Header {
    pub(super) fn read(path: &Path) -> Result<Header, FileError> {
        let mut file = File::open(path).map_err(FileError::read(path))?;
        let not = |what: String| FileError::Npy {
            path: path.to_owned(),
            what,
        };
        let mut start = [0; 8];
        read(&mut file, path, &mut start)?;
        let [magic @ .., version, _] = start;
        if magic != *b"\x93NUMPY" {
            return Err(not("it does not begin as one".to_owned()));
        }
        let header_length = match version {
            1 => read_le::<2>(&mut file, path)?,
            2 | 3 => read_le::<4>(&mut file, path)?,
            other => {
                return Err(not(format!("it is of version {other}, expected 1, 2 or 3")));
            }
        };
        if header_length > LONGEST_HEADER {
            return Err(not(format!("its header is {header_length} bytes long")));
        }
        let mut header = vec![0; header_length];
        read(&mut file, path, &mut header)?;
        let before = if version == 1 { 10 } else { 12 };
        Ok(Header {
            file,
            text: String::from_utf8_lossy(&header).into_owned(),
            length: before + header_length as u64,
        })
    }
}

fn read(file: &mut File, path: &Path, bytes: &mut [u8]) -> Result<(), FileError> {
    let length = length(file, path)?;
    file.read_exact(bytes).map_err(|error| {
        match error.kind() == std::io::ErrorKind::UnexpectedEof {
            true => FileError::NoHeader {
                path: path.to_owned(),
                bytes: length,
                kind: ".npy",
            },
            false => FileError::read(path)(error),
        }
    })
}

fn read_le<const N: usize>(file: &mut File, path: &Path) -> Result<usize, FileError> {
    let mut bytes = [0; N];
    read(file, path, &mut bytes)?;
    Ok(bytes
        .iter()
        .rev()
        .fold(0, |number, &byte| number << 8 | usize::from(byte)))
}

/// `{'descr': '<f4', 'fortran_order': False, 'shape': (60000, 784), }`
fn parse(header: &str) -> Result<Raw, String> {
    let descr = field(header, "descr")?;
    let element = match descr.get(1..4) {
        Some("<f2") => Element::F16,
        Some("<f4") => Element::F32,
        Some("<f8") => Element::F64,
        Some("|u1") => Element::U8,
        _ => {
            let kind = descr.split(',').next().unwrap_or(descr);
            return Err(format!(
                "its values are {kind}, expected '<f4', '<f2', '<f8' or '|u1'"
            ));
        }
    };
    if !field(header, "fortran_order")?.starts_with("False") {
        return Err("its order is Fortran's, expected C order (rows one after the other): numpy.ascontiguousarray".to_owned());
    }
    let (rows, dim) = shape(field(header, "shape")?)?;
    Ok(Raw {
        offset: 0,
        element,
        rows,
        dim,
    })
}

/// What follows the key.
pub(super) fn field<'a>(header: &'a str, key: &str) -> Result<&'a str, String> {
    let quoted = format!("'{key}':");
    let value = header.split_once(&quoted).map(|(_, value)| value.trim());
    value.ok_or_else(|| format!("its header does not say its {key}"))
}

fn shape(value: &str) -> Result<(usize, usize), String> {
    match *sizes(value)? {
        [rows, dim] => Ok((rows, dim)),
        _ => Err(format!(
            "its shape is {}, expected (rows, values per row)",
            as_written(value)
        )),
    }
}

/// The numbers of a shape.
pub(super) fn sizes(value: &str) -> Result<Vec<usize>, String> {
    let inside = value
        .strip_prefix('(')
        .and_then(|value| value.split_once(')'));
    let (inside, _) = inside.ok_or("its shape cannot be read")?;
    let sizes = inside
        .split(',')
        .map(str::trim)
        .filter(|size| !size.is_empty());
    let sizes: Result<_, _> = sizes.map(str::parse).collect();
    sizes.map_err(|_| format!("its shape is {}, expected numbers", as_written(value)))
}

/// A shape, up to its closing bracket.
pub(super) fn as_written(value: &str) -> &str {
    value.split_inclusive(')').next().unwrap_or(value)
}
