//! Values one after the other behind a header: `.fbin`, `.u8bin`, and the inside of `.npy`.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use half::f16;

use super::{Block, FileError};

/// Where the values are and what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Raw {
    pub(super) offset: u64,
    pub(super) element: Element,
    pub(super) rows: usize,
    pub(super) dim: usize,
}

/// A little-endian number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    F16,
    F32,
    F64,
    U8,
}

impl Element {
    fn bytes(self) -> usize {
        match self {
            Element::F16 => 2,
            Element::F32 => 4,
            Element::F64 => 8,
            Element::U8 => 1,
        }
    }

    fn decode(self, bytes: &[u8], values: &mut Vec<f32>) {
        match self {
            Element::F16 => extend(bytes, values, |bytes| f16::from_le_bytes(bytes).to_f32()),
            Element::F32 => extend(bytes, values, f32::from_le_bytes),
            Element::F64 => extend(bytes, values, |bytes| f64::from_le_bytes(bytes) as f32),
            Element::U8 => values.extend(bytes.iter().map(|&byte| f32::from(byte))),
        }
    }
}

fn extend<const N: usize>(bytes: &[u8], values: &mut Vec<f32>, decode: impl Fn([u8; N]) -> f32) {
    let (numbers, _) = bytes.as_chunks::<N>();
    values.extend(numbers.iter().map(|&number| decode(number)));
}

pub(super) fn open_bin(path: &Path, bytes: bool) -> Result<Raw, FileError> {
    let (kind, element) = match bytes {
        true => (".u8bin", Element::U8),
        false => (".fbin", Element::F32),
    };
    let mut file = File::open(path).map_err(FileError::read(path))?;
    let (rows, dim) = read_shape(&mut file, path, kind)?;
    let raw = Raw {
        offset: 8,
        element,
        rows,
        dim,
    };
    raw.check_length(path, &file)?;
    Ok(raw)
}

/// The two counts that begin `.fbin`, `.u8bin` and `.ibin` files.
pub(in crate::vectors) fn read_shape(
    file: &mut File,
    path: &Path,
    kind: &'static str,
) -> Result<(usize, usize), FileError> {
    let bytes = length(file, path)?;
    if bytes < 8 {
        let path = path.to_owned();
        return Err(FileError::NoHeader { path, bytes, kind });
    }
    let mut header = [0; 8];
    file.read_exact(&mut header)
        .map_err(FileError::read(path))?;
    let [a, b, c, d, e, f, g, h] = header;
    let count = |bytes| u32::from_le_bytes(bytes) as usize;
    Ok((count([a, b, c, d]), count([e, f, g, h])))
}

pub(in crate::vectors) fn length(file: &File, path: &Path) -> Result<u64, FileError> {
    Ok(file.metadata().map_err(FileError::read(path))?.len())
}

impl Raw {
    /// A file that is shorter was cut; one that is longer is not what its name says.
    pub(super) fn check_length(&self, path: &Path, file: &File) -> Result<(), FileError> {
        let bytes = length(file, path)?;
        let values = (self.rows as u64).checked_mul(self.dim as u64);
        let expected = values
            .and_then(|values| values.checked_mul(self.element.bytes() as u64))
            .and_then(|bytes| bytes.checked_add(self.offset));
        if expected == Some(bytes) {
            return Ok(());
        }
        Err(FileError::Length {
            path: path.to_owned(),
            bytes,
            expected,
            rows: self.rows,
            dim: self.dim,
        })
    }

    pub(super) fn blocks(&self, path: &Path) -> Result<RawBlocks, FileError> {
        let mut file = File::open(path).map_err(FileError::read(path))?;
        file.seek(SeekFrom::Start(self.offset))
            .map_err(FileError::read(path))?;
        Ok(RawBlocks {
            file,
            element: self.element,
            bytes: Vec::new(),
        })
    }
}

#[derive(Debug)]
pub(super) struct RawBlocks {
    file: File,
    element: Element,
    bytes: Vec<u8>,
}

impl RawBlocks {
    pub(super) fn read(
        &mut self,
        path: &Path,
        rows: usize,
        block: &mut Block,
    ) -> Result<(), FileError> {
        let bytes = rows * block.dim * self.element.bytes();
        self.bytes.resize(bytes, 0);
        self.file
            .read_exact(&mut self.bytes)
            .map_err(FileError::read(path))?;
        self.element.decode(&self.bytes, &mut block.values);
        Ok(())
    }
}
