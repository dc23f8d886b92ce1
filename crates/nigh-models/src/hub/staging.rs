//! A model's files until all of them are there: a folder beside the models that nobody sees.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::error::{HubError, io_error};
use super::listing::Remote;
use crate::checksum::{Hasher, hash_into};
use crate::{Manifest, ManifestFile, ModelsFolder};

/// Where a model is put together; one process at a time.
pub(super) struct Staging {
    dir: PathBuf,
    target: PathBuf,
    /// What the model's folder held before.
    pub(super) before: Option<Manifest>,
    _lock: File,
}

impl Staging {
    pub(super) fn open(folder: &ModelsFolder, name: &str) -> Result<Staging, HubError> {
        let target = folder.path(name)?;
        let hidden = folder.root().join(".pulling");
        let dir = hidden.join(name.replace('/', "--"));
        fs::create_dir_all(&dir).map_err(io_error(&dir))?;
        let lock = lock(&dir.with_added_extension("lock"), name)?;
        let old = dir.with_added_extension("old");
        if !target.exists() && old.exists() {
            // A pull ended between its two renames: what was there before goes back.
            fs::rename(&old, &target).map_err(io_error(&target))?;
        }
        let before = Manifest::read(&target)?;
        if before.is_none() && target.exists() {
            return Err(HubError::NotPulled { path: target });
        }
        Ok(Staging {
            dir,
            target,
            before,
            _lock: lock,
        })
    }

    /// Where a file is put.
    pub(super) fn path(&self, name: &str) -> Result<PathBuf, HubError> {
        Ok(self.dir.join(safe(name)?))
    }

    /// The file as it is here already, fetched by an earlier try or by an earlier pull, if its
    /// content is what is published.
    pub(super) fn reuse(&self, remote: &Remote) -> Result<Option<ManifestFile>, HubError> {
        let place = self.path(&remote.path)?;
        let old = self.target.join(safe(&remote.path)?);
        let known = self
            .before
            .as_ref()
            .and_then(|m| m.files.iter().find(|file| file.path == remote.path));
        if let Some(file) = matching(&place, remote)? {
            return Ok(Some(file));
        }
        if known.is_none() {
            return Ok(None);
        }
        let file = matching(&old, remote)?;
        if file.is_some() {
            link(&old, &place)?;
        }
        Ok(file)
    }

    /// Puts the whole model in its place: files that a person added to the folder stay, those of
    /// an earlier pull go.
    pub(super) fn publish(self, manifest: &Manifest) -> Result<PathBuf, HubError> {
        self.remove_strangers(&self.dir, manifest)?;
        self.keep_added(manifest)?;
        let path = self.dir.join(Manifest::FILE);
        let text =
            serde_json::to_vec_pretty(manifest).map_err(|error| io_error(&path)(error.into()))?;
        fs::write(&path, text).map_err(io_error(&path))?;
        File::open(&path)
            .and_then(|file| file.sync_all())
            .map_err(io_error(&path))?;
        if let Some(parent) = self.target.parent() {
            fs::create_dir_all(parent).map_err(io_error(parent))?;
        }
        let old = self.dir.with_added_extension("old");
        remove(&old)?;
        if self.target.exists() {
            fs::rename(&self.target, &old).map_err(io_error(&self.target))?;
        }
        fs::rename(&self.dir, &self.target).map_err(io_error(&self.target))?;
        remove(&old)?;
        Ok(self.target)
    }

    /// Parts and files of other versions that earlier tries left.
    fn remove_strangers(&self, dir: &Path, manifest: &Manifest) -> Result<(), HubError> {
        for path in files(dir)? {
            let name = below(&path, &self.dir);
            if manifest.files.iter().all(|file| file.path != name) {
                fs::remove_file(&path).map_err(io_error(&path))?;
            }
        }
        Ok(())
    }

    fn keep_added(&self, manifest: &Manifest) -> Result<(), HubError> {
        let Some(before) = &self.before else {
            return Ok(());
        };
        for path in files(&self.target)? {
            let name = below(&path, &self.target);
            let pulled = before
                .files
                .iter()
                .chain(&manifest.files)
                .any(|file| file.path == name);
            if !pulled && name != Manifest::FILE {
                link(&path, &self.dir.join(&name))?;
            }
        }
        Ok(())
    }
}

/// A path below a model's folder, refused where it is not.
pub(super) fn safe(name: &str) -> Result<PathBuf, HubError> {
    let path = PathBuf::from(name);
    let plain = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    // The other signs lead elsewhere on Windows; the last name is the manifest's own.
    let foreign = name.contains(['\\', ':', '\0']) || name.split('/').any(str::is_empty);
    match plain && !foreign && name != Manifest::FILE {
        true => Ok(path),
        false => Err(HubError::UnsafePath {
            path: name.to_owned(),
        }),
    }
}

/// Seconds since 1970; 0 on a clock that is set before.
pub(super) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

fn lock(path: &Path, name: &str) -> Result<File, HubError> {
    let file = File::create(path).map_err(io_error(path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(HubError::Busy {
            name: name.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(io_error(path)(error)),
    }
}

/// The file's entry if it is there and as published; without a published checksum nothing is.
fn matching(path: &Path, remote: &Remote) -> Result<Option<ManifestFile>, HubError> {
    let Some(checksum) = &remote.checksum else {
        return Ok(None);
    };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error(path)(error)),
    };
    let bytes = file.metadata().map_err(io_error(path))?.len();
    if remote.bytes.is_some_and(|published| published != bytes) {
        return Ok(None);
    }
    let mut hasher = Hasher::new(Some(bytes));
    hash_into(&mut hasher, &mut file).map_err(io_error(path))?;
    let sums = hasher.finish();
    Ok((sums.like(checksum) == *checksum).then(|| ManifestFile {
        path: remote.path.clone(),
        bytes,
        sha256: sums.sha256,
        published: Some(checksum.clone()),
    }))
}

/// The same file under a second name, or a copy where the disk has no such thing.
fn link(from: &Path, to: &Path) -> Result<(), HubError> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(io_error(folder))?;
    }
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    fs::copy(from, to).map(drop).map_err(io_error(to))
}

fn remove(dir: &Path) -> Result<(), HubError> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(dir)(error)),
        _ => Ok(()),
    }
}

/// All files below a folder.
fn files(dir: &Path) -> Result<Vec<PathBuf>, HubError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(io_error(dir))? {
        let path = entry.map_err(io_error(dir))?.path();
        match path.is_dir() {
            true => found.extend(files(&path)?),
            false => found.push(path),
        }
    }
    Ok(found)
}

fn below(path: &Path, dir: &Path) -> String {
    let inner = path.strip_prefix(dir).unwrap_or(path);
    let parts: Vec<_> = inner.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}
