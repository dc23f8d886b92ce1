//! A consistent copy of a whole ledger into a new folder.

use std::path::Path;

use crate::ledger::lock::WriterLock;
use crate::ledger::{
    FILE, Header, Ledger, PATIENCE, builder, classify, definition, engine_error, sync_folder,
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
        let temporary = destination.join("store.redb.new");
        if temporary.exists() {
            std::fs::remove_file(&temporary).map_err(io)?;
        }
        copy_tables(&self.view()?, destination, &temporary)?;
        std::fs::rename(&temporary, destination.join(FILE)).map_err(io)?;
        sync_folder(destination).map_err(io)?;
        Ok(self.header().write(destination)?)
    }
}

fn copy_tables(view: &View, folder: &Path, file: &Path) -> Result<(), CopyError> {
    let database = builder()
        .create(file)
        .map_err(|error| engine_error(folder, error))?;
    let failed = |error: redb::Error| classify(&folder.display().to_string(), &error);
    for name in view.table_names() {
        let mut rows = view.scan_all(name)?.peekable();
        while rows.peek().is_some() {
            copy_step(&database, name, &mut rows).map_err(|error| match error {
                StepError::Read(error) => CopyError::Read(error),
                StepError::Engine(error) => failed(error).into(),
            })?;
        }
    }
    database.close().map_err(|error| failed(error.into()))?;
    Ok(())
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
