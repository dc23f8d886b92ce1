//! One collection in several segments: a folder of them, by hash or by category.
//!
//! The folder holds `shard-0000.segment`, `shard-0001.segment` … and `shards.json`, which says how many there are and which rows
//! went where. `shards.json` is written last: without it the folder is not complete.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use nigh_index::{OpenShardsError, Shards, Verification};
use serde::{Deserialize, Serialize};

pub use self::build::{BuildShardsError, BuiltShard, ShardPlan, ShardsBuilt, build_shards};
pub use self::report::{Asked, Needed, OwnShard, ShardReport, ShardReportError, shard_report};

use self::manifest::Manifest;
use super::costs::CHECKED_BYTES;

mod build;
mod manifest;
mod report;
mod staging;

/// How rows were divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ShardBy {
    /// By [`nigh_index::hash_shard`] of the label.
    Hash,
    /// By a category of each row, all rows of one in the same shard.
    Category,
}

impl ShardBy {
    /// The name used in files and messages.
    pub fn name(self) -> &'static str {
        match self {
            ShardBy::Hash => "hash",
            ShardBy::Category => "category",
        }
    }
}

/// An open folder of shards.
#[derive(Clone, Debug)]
pub struct ShardFolder {
    path: PathBuf,
    manifest: Manifest,
    shards: Shards,
}

impl ShardFolder {
    /// Opens a folder. Every byte of its segments is checked if they have no more than [`CHECKED_BYTES`] together; of longer ones the
    /// structure is.
    ///
    /// # Errors
    /// If the folder is not complete, or one of its files is torn, corrupt, newer or of another collection; the file is
    /// named.
    pub fn open(path: &Path) -> Result<ShardFolder, ShardFolderError> {
        let manifest = Manifest::read(path)?;
        let files: Vec<PathBuf> = (0..manifest.rows.len())
            .map(|shard| segment_path(path, shard))
            .collect();
        let lengths = files
            .iter()
            .filter_map(|file| Some(fs::metadata(file).ok()?.len()));
        let verification = match lengths.sum::<u64>() > CHECKED_BYTES {
            true => Verification::Structure,
            false => Verification::Full,
        };
        let shards = Shards::open_with(&files, verification)?;
        manifest.check(path, &shards)?;
        Ok(ShardFolder {
            path: path.to_owned(),
            manifest,
            shards,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The shards, to be searched.
    pub fn shards(&self) -> &Shards {
        &self.shards
    }

    /// How rows were divided.
    pub fn by(&self) -> ShardBy {
        self.manifest.by
    }

    /// The shard that holds all rows of a category; none if no row has it.
    pub fn shard_of(&self, category: &str) -> Option<usize> {
        let place = self.manifest.categories.get(category);
        place.map(|place| place.shard)
    }

    /// The categories of a shard, by name.
    pub fn categories_of(&self, shard: usize) -> Vec<&str> {
        let places = self.manifest.categories.iter();
        let own = places.filter(|(_, place)| place.shard == shard);
        own.map(|(name, _)| name.as_str()).collect()
    }

    /// Rows of the largest shard over the mean; see [`imbalance`].
    pub fn imbalance(&self) -> f64 {
        imbalance(&self.manifest.rows)
    }

    /// The categories that alone have more rows than a mean shard, the largest first.
    pub fn oversized(&self) -> Vec<Oversized> {
        self.manifest.oversized()
    }
}

/// A category that alone has more rows than a mean shard: no packing makes its shard smaller.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Oversized {
    /// Its name.
    pub category: String,
    /// Its rows.
    pub rows: usize,
    /// Its rows over those of a mean shard.
    pub times_mean: f64,
}

/// Rows of the largest shard over the mean: 1 if all are equally large, the number of shards if one holds everything.
pub fn imbalance(rows: &[usize]) -> f64 {
    let largest = rows.iter().max().copied().unwrap_or(0);
    let total: usize = rows.iter().sum();
    match total {
        0 => 1.0,
        total => (largest * rows.len()) as f64 / total as f64,
    }
}

/// Where a category is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    shard: usize,
    rows: usize,
}

type Places = BTreeMap<String, Place>;

fn segment_path(folder: &Path, shard: usize) -> PathBuf {
    folder.join(format!("shard-{shard:04}.segment"))
}

/// Why a folder of shards cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ShardFolderError {
    /// There is no `shards.json`.
    #[error("{} is no complete folder of shards: it has no shards.json", path.display())]
    Incomplete {
        /// The folder.
        path: PathBuf,
    },
    /// `shards.json` cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// `shards.json` is cut or was changed.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
    /// `shards.json` was written by a newer program.
    #[error("{} has version {version}, this program knows versions up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        version: u32,
        /// The newest version known here.
        known: u32,
    },
    /// A segment cannot be opened, or is of another collection.
    #[error(transparent)]
    Shards(#[from] OpenShardsError),
    /// A segment is not the one that was put there.
    #[error("{} holds {received} rows, but shards.json beside it says {expected}", path.display())]
    Rows {
        /// The segment.
        path: PathBuf,
        /// Its rows.
        received: usize,
        /// Its rows, as stated.
        expected: usize,
    },
}
