//! The ledger: the one durable write path of every kind of collection.
//!
//! It knows named tables of byte keys and values and a log of numbered operations, and nothing of
//! items or people.

mod batch;
mod check;
mod copy;
#[cfg(test)]
mod fault;
mod header;
mod lock;
#[cfg(test)]
mod power_cut;
mod view;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use redb::{Builder, Database, DatabaseError, ReadOnlyDatabase, ReadableDatabase};

pub use batch::{Batch, Commit, Durability};
pub use header::{FORMAT, Generation, Header, Kind, Other, OtherState};
pub use view::{OwnedValue, Row, Scan, View};

pub(crate) use view::{LOG, decode_number, definition};

use crate::{OpenError, ReadError, WriteError};
use header::sync_folder;
use lock::WriterLock;

const FILE: &str = "store.redb";
/// What is written to take the place of the store, or to become it.
const NEW_FILE: &str = "store.redb.new";
/// The engine's own cache. The operating system's page cache lies below it, so it stays small.
const CACHE_BYTES: usize = 64 << 20;
/// How long an opening waits for readers to finish, or for another process's repair.
const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(20);

/// A durable collection of named tables, open in this process.
///
/// A writer excludes other writers and readers in other processes; readers in several processes
/// share. Within the process any number of threads may hold a [`View`] while one writes.
#[derive(Debug)]
pub struct Ledger {
    folder: PathBuf,
    path: Arc<str>,
    header: Header,
    // Before the lock: the database closes first, so that the next writer finds it closed.
    engine: Engine,
    state: Mutex<WriterState>,
    _lock: Option<WriterLock>,
}

enum Engine {
    Writer(Database),
    Reader(ReadOnlyDatabase),
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Writer(_) => "Writer",
            Self::Reader(_) => "Reader",
        })
    }
}

#[derive(Debug, Default)]
pub(crate) struct WriterState {
    last_sequence: u64,
    poisoned: Option<String>,
}

impl Ledger {
    /// Creates an empty collection in `folder`, which may exist, and opens it for writing. A crash
    /// at any instant leaves a collection or none.
    ///
    /// # Errors
    /// [`OpenError::AlreadyExists`], and what [`Ledger::open_writer`] says.
    pub fn create(folder: &Path, header: &Header) -> Result<Self, OpenError> {
        let io = |error| OpenError::from_io(folder, error);
        fs::create_dir_all(folder).map_err(io)?;
        let lock = WriterLock::acquire(folder, false, PATIENCE)?;
        if Header::exists(folder) {
            return Err(OpenError::AlreadyExists {
                path: folder.to_path_buf(),
            });
        }
        create_database(folder)?;
        header.write(folder)?;
        // The folder's own name must survive too; a parent that cannot be read is no reason to fail.
        let _ = folder
            .canonicalize()
            .map(|full| full.parent().map(sync_folder));
        Self::write_with_lock(folder, header.clone(), lock)
    }

    /// Opens the collection in `folder` for writing, repairing it if the last writer was killed.
    ///
    /// # Errors
    /// [`OpenError::HeldByWriter`], [`OpenError::HeldByReaders`] after a few seconds,
    /// [`OpenError::ReadOnly`], and what [`Header::read`] says.
    pub fn open_writer(folder: &Path) -> Result<Self, OpenError> {
        Self::open_writing(folder, false)
    }

    /// The same for a moment only: others who want to write or read wait a few seconds for it to be over.
    ///
    /// # Errors
    /// As for [`Ledger::open_writer`].
    pub fn open_writer_in_passing(folder: &Path) -> Result<Self, OpenError> {
        Self::open_writing(folder, true)
    }

    fn open_writing(folder: &Path, passing: bool) -> Result<Self, OpenError> {
        Header::read(folder)?;
        let lock = WriterLock::acquire(folder, passing, PATIENCE)?;
        // Only now does nobody else change it.
        let header = Header::read(folder)?;
        // What a killed writer has left, which may hold what was removed since.
        let leftovers = [folder.join(NEW_FILE), header::new_file(folder)];
        for leftover in leftovers {
            remove_leftover(&leftover).map_err(|error| OpenError::from_io(folder, error))?;
        }
        Self::write_with_lock(folder, header, lock)
    }

    /// Opens the collection in `folder` for reading, beside other readers. If the last writer was
    /// killed, this repairs it first, as a writer would.
    ///
    /// An open reader keeps writers out, so a program that stays should read what it needs and
    /// drop it.
    ///
    /// # Errors
    /// [`OpenError::HeldByWriter`], [`OpenError::NeedsRepair`], and what [`Header::read`] says.
    pub fn open_reader(folder: &Path) -> Result<Self, OpenError> {
        Header::read(folder)?;
        let database = open_shared(folder)?;
        // Only now does no writer change it.
        let header = Header::read(folder)?;
        Self::assemble(folder, header, Engine::Reader(database), None)
    }

    /// The folder that holds the collection.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the collection says of itself.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Puts another header in the place of this one, durable when this returns; a crash leaves the one or the other.
    ///
    /// # Errors
    /// An I/O error; what is opened for reading is not changed.
    pub(crate) fn set_header(&mut self, header: Header) -> Result<(), OpenError> {
        if matches!(self.engine, Engine::Reader(_)) {
            let path = self.folder.clone();
            let source = std::io::ErrorKind::PermissionDenied.into();
            return Err(OpenError::ReadOnly { path, source });
        }
        header.write(&self.folder)?;
        self.header = header;
        Ok(())
    }

    /// Everything as it is after the latest commit.
    ///
    /// # Errors
    /// [`ReadError::Failed`].
    pub fn view(&self) -> Result<View, ReadError> {
        let transaction = match &self.engine {
            Engine::Writer(database) => database.begin_read(),
            Engine::Reader(database) => database.begin_read(),
        };
        let failed = |error: redb::TransactionError| ReadError::Failed {
            path: self.path.to_string(),
            table: "list".to_owned(),
            reason: error.to_string(),
        };
        View::new(&transaction.map_err(failed)?, &self.path)
    }

    /// Begins a batch, after any other thread's batch has ended.
    ///
    /// # Errors
    /// [`WriteError::OpenedForReading`] and [`WriteError::Poisoned`].
    pub fn batch(&self) -> Result<Batch<'_>, WriteError> {
        let path = || self.path.to_string();
        if matches!(self.engine, Engine::Reader(_)) {
            return Err(WriteError::OpenedForReading { path: path() });
        }
        let Ok(state) = self.state.lock() else {
            let reason = "a thread panicked while it wrote".to_owned();
            return Err(WriteError::Poisoned {
                path: path(),
                reason,
            });
        };
        if let Some(reason) = state.poisoned.clone() {
            return Err(WriteError::Poisoned {
                path: path(),
                reason,
            });
        }
        Ok(Batch::new(self, state, self.view()?))
    }

    /// Makes every deferred commit durable.
    ///
    /// # Errors
    /// Those of [`Batch::commit`].
    pub fn sync(&self) -> Result<(), WriteError> {
        self.batch()?.commit(Durability::Synced).map(|_| ())
    }

    /// Closes the collection, making deferred commits durable. Dropping does the same, but cannot
    /// say if it failed. Views that are still alive fail from here on.
    ///
    /// # Errors
    /// [`WriteError::NoSpace`] or [`WriteError::Failed`].
    pub fn close(self) -> Result<(), WriteError> {
        if matches!(self.engine, Engine::Writer(_)) && !self.is_poisoned() {
            self.sync()?;
        }
        let path = self.path.to_string();
        let closed = match self.engine {
            Engine::Writer(database) => database.close(),
            Engine::Reader(database) => database.close(),
        };
        closed.map_err(|error| classify(&path, &error.into()))
    }

    /// A ledger over a file layer that can lose writes.
    #[cfg(test)]
    fn over(backend: impl redb::StorageBackend, header: Header) -> Result<Self, OpenError> {
        let folder = Path::new("in memory");
        let opened = builder().create_with_backend(backend);
        let database = opened.map_err(|error| engine_error(folder, error))?;
        Self::assemble(folder, header, Engine::Writer(database), None)
    }

    fn poison(&self, reason: &str) {
        if let Ok(mut state) = self.state.lock() {
            state.poisoned = Some(reason.to_owned());
        }
    }

    fn is_poisoned(&self) -> bool {
        self.state
            .lock()
            .map_or(true, |state| state.poisoned.is_some())
    }

    fn database(&self) -> Result<&Database, redb::Error> {
        match &self.engine {
            Engine::Writer(database) => Ok(database),
            Engine::Reader(_) => Err(redb::Error::DatabaseClosed),
        }
    }

    fn write_error(&self, error: &redb::Error) -> WriteError {
        classify(&self.path, error)
    }

    fn write_with_lock(folder: &Path, header: Header, lock: WriterLock) -> Result<Self, OpenError> {
        let database = open_exclusive(folder)?;
        Self::assemble(folder, header, Engine::Writer(database), Some(lock))
    }

    fn assemble(
        folder: &Path,
        header: Header,
        engine: Engine,
        lock: Option<WriterLock>,
    ) -> Result<Self, OpenError> {
        let path = Arc::from(folder.display().to_string());
        let state = Mutex::new(WriterState::default());
        let ledger = Self {
            folder: folder.to_path_buf(),
            path,
            header,
            engine,
            state,
            _lock: lock,
        };
        let view = ledger.view().map_err(|error| OpenError::Damaged {
            path: folder.to_path_buf(),
            reason: error.to_string(),
        })?;
        if let Ok(mut state) = ledger.state.lock() {
            state.last_sequence = view.sequence();
        }
        Ok(ledger)
    }
}

/// Makes an empty database under its final name, unless a crashed creation has left one there.
fn create_database(folder: &Path) -> Result<(), OpenError> {
    let io = |error| OpenError::from_io(folder, error);
    let (path, temporary) = (folder.join(FILE), folder.join(NEW_FILE));
    if path.exists() {
        return refuse_data_without_header(folder);
    }
    remove_leftover(&temporary).map_err(io)?;
    let database = builder()
        .create(&temporary)
        .map_err(|error| engine_error(folder, error))?;
    database
        .close()
        .map_err(|error| engine_error(folder, error))?;
    fs::rename(&temporary, &path).map_err(io)?;
    sync_folder(folder).map_err(io)
}

/// Removes a file of which nobody can say whether it is whole.
fn remove_leftover(path: &Path) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn refuse_data_without_header(folder: &Path) -> Result<(), OpenError> {
    let database = open_exclusive(folder)?;
    let path: Arc<str> = Arc::from(folder.display().to_string());
    let damaged = |reason: String| OpenError::Damaged {
        path: folder.to_path_buf(),
        reason,
    };
    let transaction = database
        .begin_read()
        .map_err(|error| damaged(error.to_string()))?;
    let view = View::new(&transaction, &path).map_err(|error| damaged(error.to_string()))?;
    match view.table_names().is_empty() {
        true => Ok(()),
        false => Err(damaged(format!(
            "{FILE} holds data, but nigh.json is missing"
        ))),
    }
}

fn open_exclusive(folder: &Path) -> Result<Database, OpenError> {
    let start = Instant::now();
    loop {
        match builder().open(folder.join(FILE)) {
            Err(DatabaseError::DatabaseAlreadyOpen) if start.elapsed() < PATIENCE => {
                std::thread::sleep(PAUSE)
            }
            Err(DatabaseError::DatabaseAlreadyOpen) => {
                let waited_ms = PATIENCE.as_millis() as u64;
                return Err(OpenError::HeldByReaders {
                    path: folder.to_path_buf(),
                    waited_ms,
                });
            }
            opened => return opened.map_err(|error| engine_error(folder, error)),
        }
    }
}

fn open_shared(folder: &Path) -> Result<ReadOnlyDatabase, OpenError> {
    let start = Instant::now();
    loop {
        match builder().open_read_only(folder.join(FILE)) {
            Err(DatabaseError::DatabaseAlreadyOpen) => wait_or_name_writer(folder, start)?,
            Err(DatabaseError::RepairAborted) => repair(folder, start)?,
            opened => return opened.map_err(|error| engine_error(folder, error)),
        }
    }
}

/// Returns where the database is held only in passing, by another reader's repair or an opening.
fn wait_or_name_writer(folder: &Path, start: Instant) -> Result<(), OpenError> {
    let holder = WriterLock::holder(folder).map_err(|error| OpenError::from_io(folder, error))?;
    match holder {
        Some(holder) if !holder.passing || start.elapsed() > PATIENCE => {
            Err(holder.into_error(folder))
        }
        None if start.elapsed() > PATIENCE => {
            let waited_ms = PATIENCE.as_millis() as u64;
            Err(OpenError::HeldByReaders {
                path: folder.to_path_buf(),
                waited_ms,
            })
        }
        _ => {
            std::thread::sleep(PAUSE);
            Ok(())
        }
    }
}

fn repair(folder: &Path, start: Instant) -> Result<(), OpenError> {
    if start.elapsed() > PATIENCE {
        let reason = "it was repaired and still needs a repair".to_owned();
        return Err(OpenError::Damaged {
            path: folder.to_path_buf(),
            reason,
        });
    }
    let unwritable = |error| match error {
        OpenError::ReadOnly { path, .. } => OpenError::NeedsRepair { path },
        other => other,
    };
    let _lock = WriterLock::acquire(folder, true, PATIENCE).map_err(unwritable)?;
    let database = open_exclusive(folder).map_err(unwritable)?;
    database
        .close()
        .map_err(|error| engine_error(folder, error))
}

fn builder() -> Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

fn engine_error(folder: &Path, error: DatabaseError) -> OpenError {
    use std::io::ErrorKind::{InvalidData, NotFound, UnexpectedEof};
    let damaged = |reason| OpenError::Damaged {
        path: folder.to_path_buf(),
        reason,
    };
    match redb::Error::from(error) {
        redb::Error::Io(source) if source.kind() == NotFound => {
            damaged(format!("{FILE} is missing"))
        }
        redb::Error::Io(source) if matches!(source.kind(), InvalidData | UnexpectedEof) => {
            damaged(format!("{FILE}: {source}"))
        }
        redb::Error::Io(source) => OpenError::from_io(folder, source),
        other => damaged(format!("{FILE}: {other}")),
    }
}

fn classify(path: &str, error: &redb::Error) -> WriteError {
    use std::io::ErrorKind::{QuotaExceeded, StorageFull};
    let path = path.to_owned();
    match error {
        redb::Error::Io(source) if matches!(source.kind(), StorageFull | QuotaExceeded) => {
            WriteError::NoSpace { path }
        }
        other => WriteError::Failed {
            path,
            reason: other.to_string(),
        },
    }
}
