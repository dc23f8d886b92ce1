//! `writer.lock`: at most one process writes, and the others learn who.
//!
//! The lock is the operating system's, held on the open file, so a killed holder frees it. What the
//! file says is only for people; a file left behind by a killed process blocks nobody.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::OpenError;
use crate::date::now_rfc3339;

const FILE: &str = "writer.lock";
/// How long a writer tries again, since a reader that asks who writes holds the lock for a moment.
const PATIENCE: Duration = Duration::from_millis(200);
const PAUSE: Duration = Duration::from_millis(10);

/// Who holds the lock.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Holder {
    pid: u32,
    command: Vec<String>,
    since: String,
    /// Held only while a repair runs, not for as long as a program does.
    pub(crate) passing: bool,
}

impl Holder {
    pub(crate) fn into_error(self, folder: &Path) -> OpenError {
        let command = match self.command.is_empty() {
            true => "a command that has not said its name yet".to_owned(),
            false => self.command.join(" "),
        };
        let since = if self.since.is_empty() {
            "just now".to_owned()
        } else {
            self.since
        };
        OpenError::HeldByWriter {
            path: folder.to_path_buf(),
            pid: self.pid,
            command,
            since,
        }
    }
}

/// The writer's lock, held until dropped.
#[derive(Debug)]
pub(crate) struct WriterLock {
    file: File,
}

impl WriterLock {
    /// Takes the lock, or says who holds it. Waits up to `patience` for a holder in passing.
    pub(crate) fn acquire(
        folder: &Path,
        passing: bool,
        patience: Duration,
    ) -> Result<Self, OpenError> {
        let io = |error| OpenError::from_io(folder, error);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(folder.join(FILE)).map_err(io)?;
        let start = Instant::now();
        while !taken(file.try_lock()).map_err(io)? {
            let holder = read_holder(&file);
            let limit = if holder.passing {
                patience.max(PATIENCE)
            } else {
                PATIENCE
            };
            if start.elapsed() > limit {
                return Err(holder.into_error(folder));
            }
            std::thread::sleep(PAUSE);
        }
        // Only now: dropping a lock clears the file, which is the holder's.
        let mut lock = Self { file };
        lock.sign(passing).map_err(io)?;
        Ok(lock)
    }

    /// Who holds the lock now, if anybody does.
    pub(crate) fn holder(folder: &Path) -> io::Result<Option<Holder>> {
        let file = match File::open(folder.join(FILE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let free = taken(file.try_lock_shared())?;
        Ok((!free).then(|| read_holder(&file)))
    }

    fn sign(&mut self, passing: bool) -> io::Result<()> {
        let command = std::env::args_os()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        let holder = Holder {
            pid: std::process::id(),
            command,
            since: now_rfc3339(),
            passing,
        };
        let text = serde_json::to_vec(&holder)?;
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(&text)
    }
}

impl Drop for WriterLock {
    fn drop(&mut self) {
        // The text is for people only, so a failure to clear it is harmless.
        let _ = self.file.set_len(0);
    }
}

fn taken(result: Result<(), TryLockError>) -> io::Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// What the file says. A holder that has not signed yet, or one of another version, is nameless.
fn read_holder(mut file: &File) -> Holder {
    let mut text = Vec::new();
    let read = file.rewind().and_then(|()| file.read_to_end(&mut text));
    read.ok()
        .and_then(|_| serde_json::from_slice(&text).ok())
        .unwrap_or_default()
}
