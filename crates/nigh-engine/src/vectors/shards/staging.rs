//! A folder of shards in the making: an earlier one stays until the new one is complete.

use std::fs;
use std::path::{Path, PathBuf};

use super::manifest::Manifest;
use super::segment_path;
use crate::vectors::files::FileError;

/// Segments on their way, in a folder inside the one that they are for; removed when dropped.
#[derive(Debug)]
pub(super) struct Staging {
    out: PathBuf,
    /// Whether the outer folder was made for this.
    made: bool,
    inner: PathBuf,
}

impl Staging {
    pub(super) fn create(out: &Path) -> Result<Staging, FileError> {
        let made = !out.exists();
        fs::create_dir_all(out).map_err(FileError::write(out))?;
        let staging = Staging {
            out: out.to_owned(),
            made,
            inner: out.join(format!(".building-{}", std::process::id())),
        };
        fs::create_dir_all(&staging.inner).map_err(FileError::write(&staging.inner))?;
        Ok(staging)
    }

    /// Where a segment is written to.
    pub(super) fn segment(&self, shard: usize) -> PathBuf {
        segment_path(&self.inner, shard)
    }

    /// Puts `count` segments into their place. The folder has no `shards.json` then.
    pub(super) fn publish(&mut self, count: usize) -> Result<(), FileError> {
        remove(&Manifest::path(&self.out))?;
        for shard in 0..count {
            let place = segment_path(&self.out, shard);
            fs::rename(self.segment(shard), &place).map_err(FileError::write(&place))?;
        }
        self.made = false;
        // An earlier folder may have had more shards.
        let more = (count..).map(|shard| segment_path(&self.out, shard));
        for left in more.take_while(|path| path.exists()) {
            remove(&left)?;
        }
        sync(&self.out).map_err(FileError::write(&self.out))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // Nothing can be done about a failure here, and a leftover harms nobody.
        let _ = fs::remove_dir_all(&self.inner);
        if self.made {
            let _ = fs::remove_dir(&self.out);
        }
    }
}

fn remove(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(FileError::write(path)(error))
        }
        _ => Ok(()),
    }
}

/// The segments' names must be on disk before the file that says that they are there.
#[cfg(unix)]
fn sync(folder: &Path) -> std::io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

// Elsewhere a folder cannot be opened for syncing; the renames themselves are the best there is.
#[cfg(not(unix))]
fn sync(_folder: &Path) -> std::io::Result<()> {
    Ok(())
}
