//! What can go wrong, one enum per operation, each with a sentence for a person.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a collection could not be created or opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// There is no such folder, or it holds no collection.
    #[error("{path} is not a nigh collection: {reason}", path = path.display())]
    NotACollection {
        /// The folder that was named.
        path: PathBuf,
        /// What was missing or strange.
        reason: String,
    },
    /// A collection is already there.
    #[error("{path} already holds a collection, so a new one cannot be created in it", path = path.display())]
    AlreadyExists {
        /// The folder that was named.
        path: PathBuf,
    },
    /// The folder is a collection of another kind.
    #[error("{path} holds a {found}, not a {expected}", path = path.display())]
    WrongKind {
        /// The folder that was named.
        path: PathBuf,
        /// The kind in its header.
        found: crate::Kind,
        /// The kind that was asked for.
        expected: crate::Kind,
    },
    /// The collection was made by a later version of nigh.
    #[error(
        "{path} was made by nigh {program} in format {found}, and this version reads formats up to {supported}: \
         update nigh, or export the collection with that version and import it with this one",
        path = path.display()
    )]
    Newer {
        /// The folder that was named.
        path: PathBuf,
        /// The program version in the header.
        program: String,
        /// The format in the header.
        found: u32,
        /// The latest format this build reads.
        supported: u32,
    },
    /// Another process writes to the collection.
    #[error("{path} is held by another writer: process {pid} ({command}), since {since}", path = path.display())]
    HeldByWriter {
        /// The folder that was named.
        path: PathBuf,
        /// Its process id; 0 where it has not written it yet.
        pid: u32,
        /// The words of its command line.
        command: String,
        /// When it took the lock, RFC 3339 in UTC.
        since: String,
    },
    /// Readers in other processes did not finish within the waiting time.
    #[error(
        "{path} is being read by another process, which did not finish within {waited_ms} ms: try again, or stop it",
        path = path.display()
    )]
    HeldByReaders {
        /// The folder that was named.
        path: PathBuf,
        /// How long this process waited.
        waited_ms: u64,
    },
    /// The folder or a file in it may not be written.
    #[error("{path} cannot be written: {source} (a read-only folder can be searched, not changed)", path = path.display())]
    ReadOnly {
        /// The folder that was named.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The last writer was killed and the files need a repair that this process may not do.
    #[error(
        "{path} was not closed properly and needs a repair, but cannot be written: open it once where it can",
        path = path.display()
    )]
    NeedsRepair {
        /// The folder that was named.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("no space left in {path}", path = path.display())]
    NoSpace {
        /// The folder that was named.
        path: PathBuf,
    },
    /// The files are damaged beyond what a crash can do.
    #[error("the collection in {path} is damaged: {reason}", path = path.display())]
    Damaged {
        /// The folder that was named.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// The operating system refused something else.
    #[error("cannot open the collection in {path}: {source}", path = path.display())]
    Io {
        /// The folder or file that was named.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Why a batch was not written. After any of these but [`WriteError::OpenedForReading`] the batch
/// is wholly absent, or (where the failure came while syncing) wholly present, never in part.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The disk is full. The writer is poisoned.
    #[error("no space left in {path}: nothing of this batch was acknowledged")]
    NoSpace {
        /// The folder of the collection.
        path: String,
    },
    /// An earlier write failed, so that what is on disk is no longer known to this writer.
    #[error(
        "the collection in {path} takes no more writes since an earlier one failed ({reason}): close and reopen it"
    )]
    Poisoned {
        /// The folder of the collection.
        path: String,
        /// The sentence of the first failure.
        reason: String,
    },
    /// The collection was opened by a reader.
    #[error("the collection in {path} was opened for reading only")]
    OpenedForReading {
        /// The folder of the collection.
        path: String,
    },
    /// The operating system or the engine refused. The writer is poisoned.
    #[error("cannot write to the collection in {path}: {reason}")]
    Failed {
        /// The folder of the collection.
        path: String,
        /// What it said.
        reason: String,
    },
    /// What had to be read before writing could not be.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Why stored data could not be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The operating system or the engine refused.
    #[error("cannot read table {table} of the collection in {path}: {reason}")]
    Failed {
        /// The folder of the collection.
        path: String,
        /// The table.
        table: String,
        /// What it said.
        reason: String,
    },
    /// A record is not what this version writes.
    #[error("table {table} holds a record that cannot be decoded at key {key}: {reason}")]
    Undecodable {
        /// The table.
        table: &'static str,
        /// The key, for a person.
        key: String,
        /// What was expected.
        reason: String,
    },
}

/// Why one item was refused. Nothing of its batch was written.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum ItemError {
    /// The id is the empty string.
    #[error("an item has an empty id")]
    EmptyId,
    /// The id is too long to be a key.
    #[error("the id starting {start:?} has {bytes} bytes, and at most {limit} are allowed")]
    LongId {
        /// Its first characters.
        start: String,
        /// Its length.
        bytes: usize,
        /// The limit, [`crate::MAX_ID_BYTES`].
        limit: usize,
    },
    /// An item holds more images than can be numbered.
    #[error("item {id:?} has {found} images, and at most {limit} are allowed")]
    TooManyImages {
        /// The item.
        id: String,
        /// How many it has.
        found: usize,
        /// The limit, [`crate::MAX_IMAGES`].
        limit: usize,
    },
    /// The embeddings are not one row per image.
    #[error(
        "item {id:?} has {images} images of {dimension} numbers each, and {found} numbers were given"
    )]
    Dimension {
        /// The item.
        id: String,
        /// How many images it has.
        images: usize,
        /// The collection's dimension.
        dimension: usize,
        /// How many numbers came.
        found: usize,
    },
    /// An embedding holds NaN or an infinity.
    #[error("item {id:?} has an embedding with {value} at image {image}, position {position}")]
    NotFinite {
        /// The item.
        id: String,
        /// The image, from 0.
        image: usize,
        /// The position in its row, from 0.
        position: usize,
        /// The number.
        value: f32,
    },
    /// The stored embeddings were to be kept, and there are none that fit.
    #[error("item {id:?} came without embeddings for its {images} images, and {stored} are stored")]
    NothingToKeep {
        /// The item.
        id: String,
        /// How many images it has now.
        images: usize,
        /// How many rows are stored for it.
        stored: usize,
    },
}

/// Why a batch of upserts was not written.
#[derive(Debug, Error)]
pub enum UpsertError {
    /// One item was refused; nothing was written.
    #[error(transparent)]
    Item(#[from] ItemError),
    /// The batch could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl From<ReadError> for UpsertError {
    fn from(error: ReadError) -> Self {
        Self::Write(error.into())
    }
}

/// Why a copy (snapshot, restore or export) failed. What was begun is not a collection.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CopyError {
    /// The source could not be opened, or the destination not created.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The source could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The destination could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The export file could not be written.
    #[error("cannot write {path}: {reason}", path = path.display())]
    Export {
        /// The file.
        path: PathBuf,
        /// What the writer or the operating system said.
        reason: String,
    },
}

impl OpenError {
    /// Sorts an error of the operating system into the variant that has its own sentence.
    pub(crate) fn from_io(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace { path },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::ReadOnly { path, source }
            }
            io::ErrorKind::NotFound => Self::NotACollection {
                path,
                reason: "there is no such folder or file".to_owned(),
            },
            _ => Self::Io { path, source },
        }
    }
}
