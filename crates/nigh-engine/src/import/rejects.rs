//! The list of what could not be imported, with a reason each.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::source::Reject;

/// The rejects file could not be written.
#[derive(Debug, Error)]
#[error("cannot write the rejects file {}: {source}", path.display())]
pub struct RejectsError {
    path: PathBuf,
    source: std::io::Error,
}

/// `rejects.csv` in the collection's folder, made with the first reject; one of
/// an earlier import is removed.
#[derive(Debug)]
pub(crate) struct RejectsFile {
    path: PathBuf,
    file: Option<BufWriter<File>>,
}

const FILE_NAME: &str = "rejects.csv";

impl RejectsFile {
    pub(crate) fn new(dir: &Path) -> Result<Self, RejectsError> {
        Self::named(dir, FILE_NAME)
    }

    /// The same under another name.
    pub(crate) fn named(dir: &Path, name: &str) -> Result<Self, RejectsError> {
        let path = dir.join(name);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(RejectsError { path, source })
            }
            _ => Ok(Self { path, file: None }),
        }
    }

    pub(crate) fn push(&mut self, reject: &Reject) -> Result<(), RejectsError> {
        let line = format!(
            "{},{},{}\n",
            quoted(&reject.origin),
            quoted(reject.column.as_deref().unwrap_or("")),
            quoted(&reject.reason)
        );
        self.write(line.as_bytes()).map_err(|source| RejectsError {
            path: self.path.clone(),
            source,
        })
    }

    /// Hands what was pushed to the operating system.
    pub(crate) fn flush(&mut self) -> Result<(), RejectsError> {
        let flushed = self.file.as_mut().map_or(Ok(()), Write::flush);
        flushed.map_err(|source| RejectsError {
            path: self.path.clone(),
            source,
        })
    }

    /// The file's path, if there was any reject.
    pub(crate) fn finish(mut self) -> Result<Option<PathBuf>, RejectsError> {
        self.flush()?;
        Ok(self.file.is_some().then_some(self.path))
    }

    fn write(&mut self, line: &[u8]) -> std::io::Result<()> {
        if self.file.is_none() {
            let mut file = BufWriter::new(File::create(&self.path)?);
            file.write_all(b"origin,column,reason\n")?;
            self.file = Some(file);
        }
        self.file
            .as_mut()
            .map_or(Ok(()), |file| file.write_all(line))
    }
}

/// One CSV field: always quoted, quotes doubled (RFC 4180).
fn quoted(field: &str) -> String {
    format!("\"{}\"", field.replace('"', "\"\""))
}
