//! The folder in which collections are made over HTTP, and from which they are deleted.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use nigh_store::Header;

use crate::error::{ApiError, ApiResult};

/// A folder of collections that belongs to this server.
pub(crate) struct DataFolder {
    dir: PathBuf,
}

/// Folders on their way to be removed or made begin so; no collection is called so.
const DELETED: &str = ".deleted-";
const MAKING: &str = ".making-";
const LONGEST_NAME: usize = 64;

impl DataFolder {
    /// Opens the folder, made where there is none, and removes what a creation or deletion that was cut off has left.
    pub(crate) fn open(dir: &Path) -> io::Result<DataFolder> {
        std::fs::create_dir_all(dir)?;
        let folder = DataFolder {
            dir: dir.canonicalize()?,
        };
        for path in folder.entries()? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with(DELETED) || name.starts_with(MAKING) {
                std::fs::remove_dir_all(&path)?;
            }
        }
        Ok(folder)
    }

    /// The collections in it, by name.
    pub(crate) fn collections(&self) -> io::Result<Vec<PathBuf>> {
        let mut found = self.entries()?;
        found.retain(|path| Header::exists(path));
        found.sort();
        Ok(found)
    }

    /// Where a collection of this name lies.
    pub(crate) fn place(&self, name: &str) -> ApiResult<PathBuf> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        let fits = !name.is_empty()
            && name.len() <= LONGEST_NAME
            && !name.starts_with('.')
            && name.bytes().all(plain);
        match fits {
            true => Ok(self.dir.join(name)),
            false => {
                let message = format!(
                    "a name has 1 to {LONGEST_NAME} letters, digits, dots, dashes and underscores, and begins with no dot; received {name:?}"
                );
                Err(ApiError::bad("bad_name", message).field("name"))
            }
        }
    }

    /// Whether a collection's folder is one of this folder's.
    pub(crate) fn holds(&self, collection: &Path) -> bool {
        let real = collection.canonicalize().ok();
        real.is_some_and(|real| real.parent() == Some(&self.dir))
    }

    /// Makes a collection: beside the others first, so that one that is cut off is none.
    pub(crate) fn make(
        &self,
        collection: &Path,
        create: impl FnOnce(&Path) -> ApiResult<()>,
    ) -> ApiResult<()> {
        let new = self.hidden(MAKING);
        let made = create(&new).and_then(|()| {
            std::fs::rename(&new, collection)
                .and_then(|()| self.sync())
                .map_err(ApiError::internal)
        });
        if made.is_err() {
            // It would only fill the disk; the next opening removes what is left.
            let _ = std::fs::remove_dir_all(&new);
        }
        made
    }

    /// Removes a collection that nobody has open: its name is free, on disk too, when this returns.
    ///
    /// # Errors
    /// It is there as before. That its files cannot all be removed is logged; the next opening tries again.
    pub(crate) fn delete(&self, collection: &Path) -> io::Result<()> {
        let gone = self.hidden(DELETED);
        std::fs::rename(collection, &gone)?;
        let removed = self.sync().and_then(|()| std::fs::remove_dir_all(&gone));
        if let Err(error) = removed {
            tracing::error!(%error, "files of a collection that was deleted are left");
        }
        Ok(())
    }

    fn hidden(&self, begin: &str) -> PathBuf {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        self.dir
            .join(format!("{begin}{}-{number}", std::process::id()))
    }

    /// Names of the folder are on disk.
    fn sync(&self) -> io::Result<()> {
        std::fs::File::open(&self.dir)?.sync_all()
    }

    fn entries(&self) -> io::Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(&self.dir)?;
        let paths = entries.map(|entry| Ok(entry?.path()));
        let paths: io::Result<Vec<PathBuf>> = paths.collect();
        Ok(paths?.into_iter().filter(|path| path.is_dir()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_within_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(&dir.path().join("data")).unwrap();
        let check = |name: &str, expected: bool| {
            assert_eq!(folder.place(name).is_ok(), expected, "{name:?}");
        };
        let good = ["shop", "shop-2", "a.b_c", "0"];
        let long = "x".repeat(65);
        let bad = [
            "", ".", "..", ".hidden", "a/b", "../a", "a\\b", "a b", "ä", "a\0", &long,
        ];
        good.into_iter().for_each(|name| check(name, true));
        bad.into_iter().for_each(|name| check(name, false));
        assert!(!folder.holds(dir.path()));
        assert!(!folder.holds(&folder.dir));
        assert!(!folder.holds(&folder.dir.join("none")));
    }

    #[test]
    fn what_is_deleted_is_gone_and_leftovers_go_at_the_next_opening() {
        let dir = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(dir.path()).unwrap();
        let shop = folder.place("shop").unwrap();
        std::fs::create_dir_all(shop.join("index")).unwrap();
        assert!(folder.holds(&shop));
        folder.delete(&shop).unwrap();
        assert!(!shop.exists());
        std::fs::create_dir(dir.path().join(".deleted-1-0")).unwrap();
        std::fs::create_dir(dir.path().join(".making-1-0")).unwrap();
        let failed = folder.make(&shop, |new| {
            std::fs::create_dir(new).unwrap();
            Err(ApiError::internal("the disk is full"))
        });
        assert!(failed.is_err() && !shop.exists());
        DataFolder::open(dir.path()).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
