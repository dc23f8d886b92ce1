//! The files of a ranking: `DIR/model/current` names the folder of one training over one state of the graph.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use nigh_index::{IvfConfig, Metric, Segment, SegmentBuilder, SegmentConfig};
use nigh_learn::{GnnTraining, LinkModel, LinkTables};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::Ranking;
use crate::network::NetworkError;
use crate::publish::write_atomically;

/// From this many people on the index has lists.
const IVF_PEOPLE: usize = 10_000;

/// What a ranking is of: beside its files as `about.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// XXH3 of the model: rows of the tables and the index are of no other.
    pub fingerprint: String,
    /// The last change that the tables and the index know.
    pub sequence: u64,
    /// People in the tables.
    pub people: usize,
    /// Numbers in an embedding.
    pub dim: usize,
}

/// One folder of them.
pub(super) struct Files {
    folder: PathBuf,
}

const MODEL: &str = "links.model";
const TABLES: &str = "links.tables";
const INDEX: &str = "people.segment";
const ABOUT: &str = "about.json";

impl Files {
    /// Those that are published.
    pub(super) fn current(dir: &Path) -> Option<Files> {
        let name = fs::read_to_string(current(dir)).ok()?;
        let folder = model_folder(dir).join(name.trim());
        Some(Files { folder })
    }

    /// The published ranking, if there is one, or a sentence.
    pub(super) fn open(dir: &Path) -> Result<Option<Ranking>, String> {
        let Some(mut files) = Files::current(dir) else {
            return Ok(None);
        };
        loop {
            let read = files.read();
            // Another may have been published meanwhile, and this one removed.
            match Files::current(dir) {
                Some(now) if read.is_err() && now.folder != files.folder => files = now,
                _ => return read.map(Some),
            }
        }
    }

    /// All of them, or a sentence.
    fn read(&self) -> Result<Ranking, String> {
        let said = |error: &dyn std::fmt::Display| format!("{}: {error}", self.folder.display());
        let bytes = |name: &str| fs::read(self.folder.join(name)).map_err(|error| said(&error));
        let model_bytes = bytes(MODEL)?;
        let about: About = serde_json::from_slice(&bytes(ABOUT)?).map_err(|error| said(&error))?;
        if about.fingerprint != fingerprint(&model_bytes) {
            return Err(said(&"the model is not the one of the index"));
        }
        let model = LinkModel::decode(&model_bytes).map_err(|error| said(&error))?;
        let tables = LinkTables::decode(&bytes(TABLES)?).map_err(|error| said(&error))?;
        let index = Segment::open(&self.folder.join(INDEX)).map_err(|error| said(&error))?;
        let rows = tables.embeddings().rows();
        let fits = index.dim() == rows.cols() && index.len() <= rows.rows();
        if !fits || index.sequence() != about.sequence {
            return Err(said(&"the index is not of the tables"));
        }
        let index = Some(index);
        Ok(Ranking {
            model,
            tables,
            index,
            sequence: about.sequence,
        })
    }

    /// Writes a ranking and makes it the published one; `gone` says of a number that it is nobody's any more.
    pub(super) fn publish(
        dir: &Path,
        model: &LinkModel,
        tables: &LinkTables,
        sequence: u64,
        gone: impl Fn(u32) -> bool,
    ) -> Result<About, NetworkError> {
        let files = Files::new(dir, sequence)?;
        let bytes = model.encode()?;
        let about = About {
            fingerprint: fingerprint(&bytes),
            sequence,
            people: tables.people(),
            dim: tables.embeddings().rows().cols(),
        };
        files.write(MODEL, &bytes)?;
        files.write(TABLES, &tables.encode()?)?;
        files.write_index(tables, sequence, gone)?;
        let json = serde_json::to_vec_pretty(&about).map_err(std::io::Error::other);
        files.write(ABOUT, &json.map_err(|source| io(&files.folder, source))?)?;
        let name = files.folder.file_name().unwrap_or_default();
        let current = current(dir);
        write_atomically(&current, name.as_encoded_bytes())
            .map_err(|source| io(&current, source))?;
        files.remove_others(dir);
        Ok(about)
    }

    /// A folder that was not there: one of the same state of the graph may be in use, or torn.
    fn new(dir: &Path, sequence: u64) -> Result<Files, NetworkError> {
        let all = model_folder(dir);
        fs::create_dir_all(&all).map_err(|source| io(&all, source))?;
        for attempt in 0_u32.. {
            let folder = all.join(format!("{sequence}-{attempt}"));
            match fs::create_dir(&folder) {
                Ok(()) => return Ok(Files { folder }),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(source) => return Err(io(&folder, source)),
            }
        }
        Err(io(&all, ErrorKind::AlreadyExists.into()))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), NetworkError> {
        let path = self.folder.join(name);
        write_atomically(&path, bytes).map_err(|source| io(&path, source))
    }

    fn write_index(
        &self,
        tables: &LinkTables,
        sequence: u64,
        gone: impl Fn(u32) -> bool,
    ) -> Result<(), NetworkError> {
        let rows = tables.embeddings().rows();
        let ivf = (rows.rows() >= IVF_PEOPLE).then(IvfConfig::default);
        let config = SegmentConfig { sequence, ivf };
        let path = self.folder.join(INDEX);
        let mut segment = SegmentBuilder::create(&path, rows.cols(), Metric::InnerProduct, config)?;
        for person in (0..rows.rows() as u32).filter(|&person| !gone(person)) {
            segment
                .push(person.into(), rows.row(person as usize))
                .map_err(|source| io(&path, std::io::Error::other(source)))?;
        }
        segment.finish()?;
        Ok(())
    }

    /// Folders that nobody will open any more.
    fn remove_others(&self, dir: &Path) {
        let Ok(entries) = fs::read_dir(model_folder(dir)) else {
            return;
        };
        let paths = entries.flatten().map(|entry| entry.path());
        for path in paths.filter(|path| path.is_dir() && *path != self.folder) {
            // One that cannot be removed now is removed by the next publication.
            let _ = fs::remove_dir_all(path);
        }
    }
}

/// The folder that is in use.
pub(in crate::network) fn current_folder(dir: &Path) -> Option<PathBuf> {
    Files::current(dir).map(|files| files.folder)
}

/// Removes whatever was trained.
pub(super) fn remove_all(dir: &Path) -> Result<(), NetworkError> {
    let folder = model_folder(dir);
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(io(&folder, error)),
        _ => Ok(()),
    }
}

/// Keeps other trainings of the network away; `None` where one is at work.
pub(super) fn lock_training(dir: &Path) -> Result<Option<fs::File>, NetworkError> {
    let folder = model_folder(dir);
    fs::create_dir_all(&folder).map_err(|source| io(&folder, source))?;
    let path = folder.join("training.lock");
    let file = fs::File::create(&path).map_err(|source| io(&path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(source)) => Err(io(&path, source)),
    }
}

/// Removes where a training was: it may have learned from somebody who was erased since.
pub(super) fn remove_checkpoint(dir: &Path) {
    Checkpoint::new(dir, 0).remove();
}

/// Where a training that may be gone on with is.
pub(super) struct Checkpoint {
    path: PathBuf,
    /// Of what it is: a checkpoint of other data or settings is none.
    key: u64,
}

impl Checkpoint {
    pub(super) fn new(dir: &Path, key: u64) -> Checkpoint {
        let path = model_folder(dir).join("training.checkpoint");
        Checkpoint { path, key }
    }

    /// The training, if there is one of this key.
    pub(super) fn read(&self) -> Option<GnnTraining> {
        let bytes = fs::read(&self.path).ok()?;
        let (key, training) = bytes.split_first_chunk::<8>()?;
        let same = u64::from_le_bytes(*key) == self.key;
        same.then(|| GnnTraining::from_bytes(training).ok())?
    }

    pub(super) fn write(&self, training: &GnnTraining) -> Result<(), NetworkError> {
        let mut bytes = self.key.to_le_bytes().to_vec();
        let training = training.to_bytes().map_err(nigh_learn::LinkError::from)?;
        bytes.extend(training);
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).map_err(|source| io(folder, source))?;
        }
        write_atomically(&self.path, &bytes).map_err(|source| io(&self.path, source))
    }

    pub(super) fn remove(&self) {
        // One that stays is of another key by then, or leads to the same training.
        let _ = fs::remove_file(&self.path);
    }
}

fn fingerprint(model: &[u8]) -> String {
    format!("{:016x}", xxh3_64(model))
}

fn io(path: &Path, source: std::io::Error) -> NetworkError {
    NetworkError::Io {
        path: path.to_owned(),
        source,
    }
}

fn model_folder(dir: &Path) -> PathBuf {
    dir.join("model")
}

fn current(dir: &Path) -> PathBuf {
    model_folder(dir).join("current")
}
