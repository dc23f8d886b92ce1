//! The header of a collection: a small JSON file that is read before anything else.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::date::now_rfc3339;
use crate::{OpenError, Precision};

/// The latest format that this version reads. It writes 1 where everything in a collection is as versions before knew it, and 2
/// where embeddings are kept in a narrower [`Precision`] or in several generations.
pub const FORMAT: u32 = 2;
const FIRST_FORMAT: u32 = 1;

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
    /// The on-disk format, at most [`FORMAT`].
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
    /// Which generation of embeddings these are; 0 until the first is replaced.
    #[serde(default, skip_serializing_if = "is_first")]
    pub generation: u64,
    /// How the numbers of the embeddings are kept.
    #[serde(default, skip_serializing_if = "is_plain")]
    pub precision: Precision,
    /// The files in the folder that the embeddings cannot be used without; a copy takes them along.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Another generation of embeddings, which is not searched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<Other>,
}

/// One generation of embeddings: those of one encoder, kept in one way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Generation {
    /// Its number. Each one that is begun has a higher one than those that are there.
    #[serde(rename = "generation")]
    pub number: u64,
    /// How many numbers one embedding has.
    pub dimension: usize,
    /// How they are kept.
    #[serde(default)]
    pub precision: Precision,
    /// The fingerprint of their encoder; opaque to the store.
    pub fingerprint: serde_json::Value,
    /// See [`Header::files`].
    #[serde(default)]
    pub files: Vec<String>,
}

/// The generation that is not searched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Other {
    /// What it is there for.
    pub state: OtherState,
    /// The generation.
    #[serde(flatten)]
    pub generation: Generation,
}

/// What a generation that is not searched is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OtherState {
    /// It is being written, and will be searched.
    Preparing,
    /// It was searched before, and is kept so that one can go back.
    Kept,
}

fn is_first(generation: &u64) -> bool {
    *generation == 0
}

fn is_plain(precision: &Precision) -> bool {
    *precision == Precision::F32
}

impl Header {
    /// The header of a collection that is created now by this version.
    #[must_use]
    pub fn new(kind: Kind, dimension: usize, fingerprint: serde_json::Value) -> Self {
        let program = env!("CARGO_PKG_VERSION").to_owned();
        Self {
            format: FIRST_FORMAT,
            kind,
            program,
            created: now_rfc3339(),
            dimension,
            fingerprint,
            generation: 0,
            precision: Precision::F32,
            files: Vec::new(),
            other: None,
        }
    }

    /// The generation of embeddings that is searched.
    #[must_use]
    pub fn current(&self) -> Generation {
        Generation {
            number: self.generation,
            dimension: self.dimension,
            precision: self.precision,
            fingerprint: self.fingerprint.clone(),
            files: self.files.clone(),
        }
    }

    /// The same collection with these generations.
    #[must_use]
    pub fn with_generations(&self, current: Generation, other: Option<Other>) -> Self {
        let plain = current.number == 0 && current.precision == Precision::F32 && other.is_none();
        Self {
            format: if plain { FIRST_FORMAT } else { FORMAT },
            kind: self.kind,
            program: self.program.clone(),
            created: self.created.clone(),
            dimension: current.dimension,
            fingerprint: current.fingerprint,
            generation: current.number,
            precision: current.precision,
            files: current.files,
            other,
        }
    }

    /// The files of all generations.
    pub(crate) fn all_files(&self) -> impl Iterator<Item = &String> {
        let other = self.other.iter().flat_map(|other| &other.generation.files);
        self.files.iter().chain(other)
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
