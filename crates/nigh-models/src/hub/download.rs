//! One file: fetched into a part that a later try goes on with, checked, put in place.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ureq::Body;
use ureq::http::Response;

use super::client::{Hub, Subject, text};
use super::error::{Failure, HubError, io_error};
use super::listing::Remote;
use crate::ManifestFile;
use crate::checksum::{Hasher, hash_into};

/// What a fetch tells on the way.
pub(super) enum Step<'a> {
    /// So many bytes of the file are there.
    Bytes(u64),
    /// It failed and is tried again after a pause.
    Again(&'a HubError, Duration),
}

/// A file on its way.
pub(super) struct Download<'a> {
    pub(super) hub: &'a Hub,
    pub(super) url: String,
    pub(super) subject: Subject<'a>,
    pub(super) remote: &'a Remote,
    /// Where it is to be in the end.
    pub(super) to: PathBuf,
}

/// How much of it lies in the part.
struct Part {
    file: File,
    hasher: Hasher,
    bytes: u64,
}

impl Download<'_> {
    /// Fetches what is missing of the file, and puts it in place once it is what was published.
    pub(super) fn run(
        &self,
        stop: &AtomicBool,
        on: &mut dyn FnMut(Step<'_>),
    ) -> Result<ManifestFile, HubError> {
        let path = part_path(&self.to, self.remote);
        let mut part = self.open(&path)?;
        on(Step::Bytes(part.bytes));
        // Each round that brings something is followed by a fresh count of tries.
        loop {
            let before = part.bytes;
            match self.rounds(&mut part, stop, on) {
                Ok(()) => break,
                Err(HubError::Network { .. } | HubError::Status { .. }) if part.bytes > before => {}
                Err(error) => return Err(error),
            }
        }
        self.finish(part, &path)
    }

    fn rounds(
        &self,
        part: &mut Part,
        stop: &AtomicBool,
        on: &mut dyn FnMut(Step<'_>),
    ) -> Result<(), HubError> {
        // Both closures report; they never run at the same time.
        let on = std::cell::RefCell::new(on);
        let mut waits = |error: &HubError, pause| (on.borrow_mut())(Step::Again(error, pause));
        self.hub.retrying(stop, &mut waits, || {
            self.round(part, stop, &mut |bytes| {
                (on.borrow_mut())(Step::Bytes(bytes))
            })
        })
    }

    /// One request, from where the part ends.
    fn round(
        &self,
        part: &mut Part,
        stop: &AtomicBool,
        on_bytes: &mut dyn FnMut(u64),
    ) -> Result<(), Failure> {
        if self.remote.bytes == Some(part.bytes) {
            return Ok(());
        }
        let from = (part.bytes > 0).then_some(part.bytes);
        let response = self.hub.get(&self.url, from, self.subject)?;
        if from.is_some() && !goes_on(&response, part.bytes) {
            self.restart(part)?;
            if response.status().as_u16() == 416 {
                return Err(self.cut_off("it gives no part of the file".to_owned()));
            }
        }
        let mut body = response
            .into_body()
            .into_with_config()
            .limit(u64::MAX)
            .reader();
        let mut buffer = vec![0; 1 << 16];
        loop {
            if stop.load(Ordering::Relaxed) {
                return Err(HubError::Stopped.into());
            }
            match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => self.append(part, &buffer[..read])?,
                Err(error) => return Err(self.cut_off(error.to_string())),
            }
            // More than was published cannot be right, and must not fill the disk.
            if self.remote.bytes.is_some_and(|bytes| part.bytes > bytes) {
                break;
            }
            on_bytes(part.bytes);
        }
        match self.remote.bytes {
            Some(bytes) if part.bytes < bytes => {
                Err(self.cut_off(format!("it ended after {} of {bytes} bytes", part.bytes)))
            }
            _ => Ok(()),
        }
    }

    /// The part as an earlier try left it; what cannot be the file's beginning is thrown away.
    fn open(&self, path: &Path) -> Result<Part, HubError> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(io_error(folder))?;
        }
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path);
        let mut part = Part {
            file: file.map_err(io_error(path))?,
            hasher: Hasher::new(self.remote.bytes),
            bytes: 0,
        };
        let length = part.file.metadata().map_err(io_error(path))?.len();
        let usable = self.remote.checksum.is_some()
            && self.remote.bytes.is_some_and(|bytes| length <= bytes);
        match usable {
            true => {
                let content = (&mut part.file).take(length);
                part.bytes = hash_into(&mut part.hasher, content).map_err(io_error(path))?
            }
            false => self.restart(&mut part)?,
        }
        Ok(part)
    }

    fn restart(&self, part: &mut Part) -> Result<(), HubError> {
        part.bytes = 0;
        part.hasher = Hasher::new(self.remote.bytes);
        part.file.set_len(0).map_err(io_error(&self.to))?;
        part.file
            .seek(SeekFrom::Start(0))
            .map_err(io_error(&self.to))?;
        Ok(())
    }

    fn append(&self, part: &mut Part, bytes: &[u8]) -> Result<(), HubError> {
        part.file.write_all(bytes).map_err(io_error(&self.to))?;
        part.hasher.update(bytes);
        part.bytes += bytes.len() as u64;
        Ok(())
    }

    fn cut_off(&self, reason: String) -> Failure {
        Failure::Again {
            error: HubError::Network {
                url: self.url.clone(),
                reason,
            },
            after_seconds: None,
        }
    }

    /// Holds the content against what was published; a wrong one is not kept.
    fn finish(&self, part: Part, path: &Path) -> Result<ManifestFile, HubError> {
        let Part {
            file,
            hasher,
            bytes,
        } = part;
        let sums = hasher.finish();
        let name = self.remote.path.clone();
        let wrong = match (&self.remote.bytes, &self.remote.checksum) {
            (Some(expected), _) if *expected != bytes => Some(HubError::Size {
                path: name.clone(),
                expected: *expected,
                received: bytes,
            }),
            (_, Some(expected)) if sums.like(expected) != *expected => Some(HubError::Checksum {
                path: name.clone(),
                expected: expected.clone(),
                received: sums.like(expected),
            }),
            _ => None,
        };
        if let Some(error) = wrong {
            drop(file);
            fs::remove_file(path).map_err(io_error(path))?;
            return Err(error);
        }
        file.sync_all().map_err(io_error(path))?;
        fs::rename(path, &self.to).map_err(io_error(&self.to))?;
        Ok(ManifestFile {
            path: name,
            bytes,
            sha256: sums.sha256,
            published: self.remote.checksum.clone(),
        })
    }
}

/// The part's name holds the checksum, so that a part of another version is never gone on with.
pub(super) fn part_path(to: &Path, remote: &Remote) -> PathBuf {
    let sum = remote
        .checksum
        .as_ref()
        .map_or("unchecked", |sum| &sum.hex()[..12]);
    let mut name = OsString::from(to);
    name.push(format!(".{sum}.part"));
    name.into()
}

/// Whether the answer begins where the part ends.
fn goes_on(response: &Response<Body>, from: u64) -> bool {
    let range = text(response.headers(), "content-range");
    response.status().as_u16() == 206
        && range.is_none_or(|range| range.starts_with(&format!("bytes {from}-")))
}
