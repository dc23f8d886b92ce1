//! A consistent copy of a whole ledger into a new folder.

use std::path::Path;

use redb::Database;

use crate::ledger::lock::WriterLock;
use crate::ledger::{
    Engine, FILE, Header, Ledger, NEW_FILE, PATIENCE, builder, classify, definition, engine_error,
    remove_leftover, sync_folder,
};
use crate::{CopyError, OpenError, View};

/// How many bytes one transaction of a copy carries.
const STEP_BYTES: usize = 16 << 20;

impl Ledger {
    /// Copies the present state, with its numbers and its log, into `destination`, which must hold
    /// no collection. Other threads may write meanwhile. The copy is tightly packed; it is a
    /// collection once this has returned, and none if it is interrupted.
    ///
    /// # Errors
    /// See [`CopyError`].
    pub fn snapshot(&self, destination: &Path) -> Result<(), CopyError> {
        let io = |error| OpenError::from_io(destination, error);
        std::fs::create_dir_all(destination).map_err(io)?;
        let _lock = WriterLock::acquire(destination, false, PATIENCE)?;
        if Header::exists(destination) || destination.join(FILE).exists() {
            return Err(OpenError::AlreadyExists {
                path: destination.to_path_buf(),
            }
            .into());
        }
        let temporary = destination.join(NEW_FILE);
        let copy = copy_tables(&self.view()?, destination, &temporary)?;
        copy.close()
            .map_err(|error| engine_failure(destination, error.into()))?;
        std::fs::rename(&temporary, destination.join(FILE)).map_err(io)?;
        for file in self.header().all_files() {
            self.copy_file(file, destination).map_err(io)?;
        }
        sync_folder(destination).map_err(io)?;
        Ok(self.header().write(destination)?)
    }

    fn copy_file(&self, file: &str, destination: &Path) -> std::io::Result<()> {
        let plain = |part| matches!(part, std::path::Component::Normal(_));
        if !Path::new(file).components().all(plain) {
            let outside = format!("{file:?} lies outside of the collection's folder");
            return Err(std::io::Error::other(outside));
        }
        let to = destination.join(file);
        let folder = to.parent().unwrap_or(destination);
        std::fs::create_dir_all(folder)?;
        std::fs::copy(self.folder.join(file), &to)?;
        std::fs::File::open(&to)?.sync_all()?;
        sync_folder(folder)
    }

    /// Writes the present state into a new file and puts it in the place of the old one, so that nothing of what was removed
    /// before is left in it: the engine itself leaves freed pages as they are until it uses them again, and its compaction
    /// moves pages without clearing those it leaves.
    ///
    /// The new file is whole and durable before it takes the name, and locked before anybody else can find it; a crash at any
    /// instant leaves the old or the new one. Views of before fail from here on.
    ///
    /// # Errors
    /// See [`CopyError`]. The old file stays in use where the new one could not be put in its place.
    pub fn rewrite(&mut self) -> Result<(), CopyError> {
        let io = |error| OpenError::from_io(&self.folder, error);
        // Refuses a reader, and a writer that has failed.
        drop(self.batch()?);
        let temporary = self.folder.join(NEW_FILE);
        let copy = copy_tables(&self.view()?, &self.folder, &temporary).and_then(|copy| {
            std::fs::rename(&temporary, self.folder.join(FILE)).map_err(io)?;
            Ok(copy)
        });
        let copy = copy.inspect_err(|_| {
            // The next writer removes it where this cannot.
            let _ = remove_leftover(&temporary);
        })?;
        // From here on the old file is nobody's: it goes with its last handle.
        self.engine = Engine::Writer(copy);
        if let Err(error) = sync_folder(&self.folder) {
            // After a power cut the old file could be back, without what would be acknowledged from now on.
            self.poison(&error.to_string());
            return Err(OpenError::from_io(&self.folder, error).into());
        }
        Ok(())
    }
}

/// Copies all tables into a new file, durable when this returns and still open.
fn copy_tables(view: &View, folder: &Path, file: &Path) -> Result<Database, CopyError> {
    remove_leftover(file).map_err(|error| OpenError::from_io(folder, error))?;
    let database = builder()
        .create(file)
        .map_err(|error| engine_error(folder, error))?;
    for name in view.table_names() {
        let mut rows = view.scan_all(name)?.peekable();
        while rows.peek().is_some() {
            copy_step(&database, name, &mut rows).map_err(|error| match error {
                StepError::Read(error) => CopyError::Read(error),
                StepError::Engine(error) => engine_failure(folder, error),
            })?;
        }
    }
    Ok(database)
}

fn engine_failure(folder: &Path, error: redb::Error) -> CopyError {
    classify(&folder.display().to_string(), &error).into()
}

enum StepError {
    Read(crate::ReadError),
    Engine(redb::Error),
}

fn copy_step(
    database: &redb::Database,
    name: &str,
    rows: &mut impl Iterator<Item = Result<crate::Row, crate::ReadError>>,
) -> Result<(), StepError> {
    let engine = |error: redb::Error| StepError::Engine(error);
    let mut transaction = database
        .begin_write()
        .map_err(|error| engine(error.into()))?;
    transaction.set_quick_repair(true);
    {
        let mut table = transaction
            .open_table(definition(name))
            .map_err(|error| engine(error.into()))?;
        let mut bytes = 0;
        while bytes < STEP_BYTES {
            let Some(row) = rows.next() else { break };
            let row = row.map_err(StepError::Read)?;
            bytes += row.key().len() + row.value().len();
            table
                .insert(row.key(), row.value())
                .map_err(|error| engine(error.into()))?;
        }
    }
    transaction.commit().map_err(|error| engine(error.into()))
}
