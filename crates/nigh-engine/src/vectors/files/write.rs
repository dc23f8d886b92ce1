//! Writing `.fbin`, whole or not at all.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::FileError;

/// Writes an `.fbin` file of known shape. It appears under its name when it is finished.
#[derive(Debug)]
pub struct FbinWriter {
    path: PathBuf,
    file: BufWriter<Unfinished>,
    dim: usize,
    expected: usize,
    rows: usize,
}

impl FbinWriter {
    /// Begins a file of `rows` rows of `dim` values.
    ///
    /// # Errors
    /// If it cannot be written to.
    pub fn create(path: &Path, rows: u32, dim: u32) -> Result<FbinWriter, FileError> {
        let mut writer = FbinWriter {
            path: path.to_owned(),
            file: begin(path)?,
            dim: dim as usize,
            expected: rows as usize,
            rows: 0,
        };
        let header = [rows.to_le_bytes(), dim.to_le_bytes()].concat();
        writer.put(&header)?;
        Ok(writer)
    }

    /// Adds rows, laid end to end.
    ///
    /// # Errors
    /// If the disk is full or fails.
    pub fn write(&mut self, values: &[f32]) -> Result<(), FileError> {
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.rows += values.len() / self.dim.max(1);
        self.put(&bytes)
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// If rows are missing or too many, or the disk is full or fails.
    pub fn finish(self) -> Result<(), FileError> {
        if self.rows != self.expected {
            return Err(FileError::RowCount {
                path: self.path,
                expected: self.expected,
                received: self.rows,
            });
        }
        publish(self.file, &self.path)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.file
            .write_all(bytes)
            .map_err(FileError::write(&self.path))
    }
}

/// A file on its way, under another name; removed when dropped.
#[derive(Debug)]
pub(in crate::vectors) struct Unfinished {
    path: PathBuf,
    file: File,
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After publishing there is nothing to remove; before, a leftover harms nobody.
        let _ = fs::remove_file(&self.path);
    }
}

pub(in crate::vectors) fn begin(path: &Path) -> Result<BufWriter<Unfinished>, FileError> {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.tmp", std::process::id()));
    let unfinished = path.with_file_name(name);
    let file = File::create(&unfinished).map_err(FileError::write(path))?;
    let unfinished = Unfinished {
        path: unfinished,
        file,
    };
    Ok(BufWriter::with_capacity(1 << 20, unfinished))
}

pub(in crate::vectors) fn publish(
    mut file: BufWriter<Unfinished>,
    path: &Path,
) -> Result<(), FileError> {
    file.flush().map_err(FileError::write(path))?;
    let unfinished = file.get_ref();
    unfinished.file.sync_all().map_err(FileError::write(path))?;
    fs::rename(&unfinished.path, path).map_err(FileError::write(path))
}
