//! Files of vectors, read in blocks of rows and written row by row.

use std::path::{Path, PathBuf};

pub use self::block::{Block, RowProblem};
pub use self::error::FileError;
pub use self::write::FbinWriter;

pub(super) use self::integers::read_integers;
pub(super) use self::raw::{length, read_shape};
pub(super) use self::write::{begin, publish};

use self::parquet::{ParquetBlocks, ParquetVectors};
use self::raw::{Raw, RawBlocks};

mod block;
mod error;
mod integers;
mod npy;
mod parquet;
mod raw;
mod write;

/// About how many bytes of values, as f32, are in memory at once.
const BLOCK_BYTES: usize = 8 << 20;

/// Rows in a block at most: short rows have labels and sentences too.
const BLOCK_ROWS: usize = 1 << 16;

/// A file of vectors that was looked at: its form, its number of rows and their dimension are known.
///
/// The form is told by the name: `.fbin` (u32 rows, u32 dimension, f32 values, little endian),
/// `.u8bin` (the same with u8 values), `.npy` (two-dimensional, C order, `<f2`, `<f4`, `<f8` or
/// `|u1`) or `.parquet` (a column of lists of numbers). All values are read as f32.
#[derive(Clone, Debug)]
pub struct VectorFile {
    path: PathBuf,
    rows: usize,
    dim: usize,
    layout: Layout,
}

#[derive(Clone, Debug)]
enum Layout {
    Raw(Raw),
    Parquet(ParquetVectors),
}

impl VectorFile {
    /// Looks at a file; `column` names the Parquet column where several hold lists of numbers;
    /// no other form has columns.
    ///
    /// # Errors
    /// If the file cannot be read, is of no known form, holds no rows, or its length is not what
    /// its header says.
    pub fn open(path: &Path, column: Option<&str>) -> Result<VectorFile, FileError> {
        let extension = path.extension().and_then(|extension| extension.to_str());
        let extension = extension.unwrap_or_default().to_ascii_lowercase();
        let (rows, dim, layout) = match extension.as_str() {
            "fbin" | "u8bin" | "npy" if column.is_some() => {
                return Err(FileError::NoColumns {
                    path: path.to_owned(),
                });
            }
            "fbin" | "u8bin" => raw::open_bin(path, extension == "u8bin").map(from_raw)?,
            "npy" => npy::open(path).map(from_raw)?,
            "parquet" => {
                let (rows, dim, vectors) = parquet::open(path, column)?;
                (rows, dim, Layout::Parquet(vectors))
            }
            _ => return Err(FileError::unknown_kind(path)),
        };
        if rows == 0 || dim == 0 {
            let path = path.to_owned();
            return Err(FileError::Empty { path, rows, dim });
        }
        Ok(VectorFile {
            path: path.to_owned(),
            rows,
            dim,
            layout,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Number of rows, those included that turn out to be unusable.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Values per row; for Parquet lists of varying length, that of the first row.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Reads from the beginning, some megabytes at a time.
    ///
    /// # Errors
    /// If the file cannot be opened any more.
    pub fn blocks(&self) -> Result<Blocks, FileError> {
        let rows = (BLOCK_BYTES / (4 * self.dim)).clamp(1, BLOCK_ROWS);
        let reader = match &self.layout {
            Layout::Raw(raw) => Reader::Raw(raw.blocks(&self.path)?),
            Layout::Parquet(vectors) => Reader::Parquet(vectors.blocks(&self.path, rows)?),
        };
        Ok(Blocks {
            path: self.path.clone(),
            reader,
            block: Block::new(self.dim),
            block_rows: rows.min(self.rows),
            rows: self.rows,
        })
    }

    /// All rows end to end: for queries, which are few and none of which may be missing.
    ///
    /// # Errors
    /// If the file cannot be read or any row cannot be compared.
    pub fn read_all(&self) -> Result<Vec<f32>, FileError> {
        let mut all = Vec::new();
        let mut blocks = self.blocks()?;
        while let Some(block) = blocks.advance()? {
            for (row, values) in block.rows() {
                let path = || self.path.clone();
                let refuse = |problem| FileError::Row {
                    path: path(),
                    row,
                    problem,
                };
                all.extend_from_slice(values.map_err(refuse)?);
            }
        }
        Ok(all)
    }
}

fn from_raw(raw: Raw) -> (usize, usize, Layout) {
    (raw.rows, raw.dim, Layout::Raw(raw))
}

/// The blocks of a file, one in memory at a time.
#[derive(Debug)]
pub struct Blocks {
    path: PathBuf,
    reader: Reader,
    block: Block,
    block_rows: usize,
    rows: usize,
}

#[derive(Debug)]
enum Reader {
    Raw(RawBlocks),
    Parquet(ParquetBlocks),
}

impl Blocks {
    /// The next block; none after the last.
    ///
    /// # Errors
    /// If the file cannot be read, or ends before its last row.
    pub fn advance(&mut self) -> Result<Option<&Block>, FileError> {
        let first = self.block.first + self.block.len();
        self.block.clear(first);
        let left = self.rows - first.min(self.rows);
        match &mut self.reader {
            Reader::Raw(reader) => {
                reader.read(&self.path, left.min(self.block_rows), &mut self.block)?;
            }
            Reader::Parquet(reader) => reader.read(&self.path, &mut self.block)?,
        }
        if self.block.is_empty() != (left == 0) {
            let (path, expected) = (self.path.clone(), self.rows);
            let received = first + self.block.len();
            return Err(FileError::RowCount {
                path,
                expected,
                received,
            });
        }
        Ok((left > 0).then_some(&self.block))
    }
}
