//! The header of a collection: a small JSON file that is read before anything else.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::OpenError;
use crate::date::now_rfc3339;

/// The format that this version writes, and the latest that it reads.
pub const FORMAT: u32 = 1;

const FILE: &str = "nigh.json";

/// What a collection holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Items with attributes and images.
    Catalog,
    /// People and timed edges.
    Network,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Catalog => "catalog",
            Self::Network => "network",
        })
    }
}

/// What every collection says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// The on-disk format, [`FORMAT`] when written by this version.
    pub format: u32,
    /// What the collection holds.
    pub kind: Kind,
    /// The version of nigh that created it.
    pub program: String,
    /// When it was created, RFC 3339 in UTC.
    pub created: String,
    /// How many numbers one embedding has.
    pub dimension: usize,
    /// The fingerprint of the encoder whose embeddings it holds; opaque to the store.
    pub fingerprint: serde_json::Value,
}

impl Header {
    /// The header of a collection that is created now by this version.
    #[must_use]
    pub fn new(kind: Kind, dimension: usize, fingerprint: serde_json::Value) -> Self {
        let program = env!("CARGO_PKG_VERSION").to_owned();
        Self {
            format: FORMAT,
            kind,
            program,
            created: now_rfc3339(),
            dimension,
            fingerprint,
        }
    }

    /// Whether the folder holds the header of a collection, readable or not.
    #[must_use]
    pub fn exists(folder: &Path) -> bool {
        folder.join(FILE).exists()
    }

    /// Reads the header of the collection in `folder` without opening or locking it.
    ///
    /// # Errors
    /// [`OpenError::NotACollection`], [`OpenError::Newer`], [`OpenError::Damaged`] or an I/O error.
    pub fn read(folder: &Path) -> Result<Self, OpenError> {
        let text = fs::read(folder.join(FILE)).map_err(|error| unreadable(folder, error))?;
        let versions: Versions =
            serde_json::from_slice(&text).map_err(|error| damaged(folder, &error))?;
        if versions.format > FORMAT {
            let (found, program) = (versions.format, versions.program);
            return Err(OpenError::Newer {
                path: folder.to_path_buf(),
                program,
                found,
                supported: FORMAT,
            });
        }
        serde_json::from_slice(&text).map_err(|error| damaged(folder, &error))
    }

    /// Writes the header so that a crash leaves either all of it or none.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), OpenError> {
        let text = serde_json::to_vec_pretty(self).map_err(|error| damaged(folder, &error))?;
        write_atomically(folder, FILE, &text).map_err(|error| OpenError::from_io(folder, error))
    }
}

/// What is written to become the header.
pub(super) fn new_file(folder: &Path) -> PathBuf {
    folder.join(format!("{FILE}.new"))
}

/// The two fields that every format, past and future, has.
#[derive(Deserialize)]
struct Versions {
    format: u32,
    #[serde(default)]
    program: String,
}

fn unreadable(folder: &Path, error: io::Error) -> OpenError {
    let reason = match error.kind() {
        io::ErrorKind::NotFound if !folder.exists() => "there is no such folder",
        io::ErrorKind::NotFound => "it has no nigh.json",
        io::ErrorKind::NotADirectory => "it is a file, not a folder",
        _ => return OpenError::from_io(folder, error),
    };
    OpenError::NotACollection {
        path: folder.to_path_buf(),
        reason: reason.to_owned(),
    }
}

fn damaged(folder: &Path, error: &serde_json::Error) -> OpenError {
    OpenError::Damaged {
        path: folder.to_path_buf(),
        reason: format!("{FILE} is not a header: {error}"),
    }
}

fn write_atomically(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let temporary = folder.join(format!("{name}.new"));
    let mut file = File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, folder.join(name))?;
    sync_folder(folder)
}

/// Makes the names in a folder survive a power cut. Only Unix can; elsewhere the file system does.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()
    } else {
        Ok(())
    }
}
