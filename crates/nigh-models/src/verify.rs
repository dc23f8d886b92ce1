use std::fs::File;
use std::io;
use std::path::Path;

use crate::checksum::{Hasher, hash_into};
use crate::{FolderError, Manifest, ManifestFile};

/// What became of a file since it was pulled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileState {
    /// It is as it was.
    Whole,
    /// It is gone.
    Missing,
    /// It is longer or shorter.
    Length {
        /// Its length now.
        bytes: u64,
    },
    /// Its content is another.
    Changed {
        /// SHA-256 of its content now.
        sha256: String,
    },
}

/// Reads every file of a pulled model again and compares it with the manifest.
///
/// # Errors
/// [`FolderError::Io`] where a file is there and cannot be read.
pub fn verify<'m>(
    model: &Path,
    manifest: &'m Manifest,
) -> Result<Vec<(&'m ManifestFile, FileState)>, FolderError> {
    let states = manifest.files.iter().map(|file| {
        let path = model.join(&file.path);
        match state(&path, file) {
            Ok(state) => Ok((file, state)),
            Err(source) => Err(FolderError::Io { path, source }),
        }
    });
    states.collect()
}

fn state(path: &Path, expected: &ManifestFile) -> io::Result<FileState> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(FileState::Missing),
        Err(error) => return Err(error),
    };
    let bytes = file.metadata()?.len();
    if bytes != expected.bytes {
        return Ok(FileState::Length { bytes });
    }
    let mut hasher = Hasher::new(None);
    hash_into(&mut hasher, &mut file)?;
    let sha256 = hasher.finish().sha256;
    Ok(match sha256 == expected.sha256 {
        true => FileState::Whole,
        false => FileState::Changed { sha256 },
    })
}
