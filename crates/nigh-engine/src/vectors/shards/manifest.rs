//! `shards.json`: what a folder of shards holds.

use std::cmp::Reverse;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use nigh_index::Shards;
use serde::{Deserialize, Serialize};

use super::{Oversized, Places, ShardBy, ShardFolderError, segment_path};
use crate::vectors::files::{FileError, begin, publish};

const VERSION: u32 = 1;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) version: u32,
    pub(super) by: ShardBy,
    pub(super) metric: String,
    pub(super) dim: usize,
    pub(super) sequence: u64,
    /// Of each shard.
    pub(super) rows: Vec<usize>,
    /// None for shards by hash.
    #[serde(default, skip_serializing_if = "Places::is_empty")]
    pub(super) categories: Places,
}

/// What every version begins with.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

impl Manifest {
    pub(super) fn of(by: ShardBy, shards: &Shards, categories: Places) -> Manifest {
        let segments = shards.segments().iter();
        Manifest {
            version: VERSION,
            by,
            metric: shards.metric().name().to_owned(),
            dim: shards.dim(),
            sequence: shards.sequence(),
            rows: segments.map(|segment| segment.len()).collect(),
            categories,
        }
    }

    pub(super) fn path(folder: &Path) -> PathBuf {
        folder.join("shards.json")
    }

    pub(super) fn read(folder: &Path) -> Result<Manifest, ShardFolderError> {
        let path = Manifest::path(folder);
        let text = fs::read(&path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound if folder.is_dir() => ShardFolderError::Incomplete {
                path: folder.to_owned(),
            },
            _ => ShardFolderError::Read {
                path: path.clone(),
                source,
            },
        })?;
        let damaged = |error: serde_json::Error| damaged(&path, error.to_string());
        let Version { version } = serde_json::from_slice(&text).map_err(damaged)?;
        if version > VERSION {
            return Err(ShardFolderError::Newer {
                path,
                version,
                known: VERSION,
            });
        }
        serde_json::from_slice(&text).map_err(damaged)
    }

    /// Puts it into its folder, whole or not at all.
    pub(super) fn write(&self, folder: &Path) -> Result<(), FileError> {
        let path = Manifest::path(folder);
        let text = serde_json::to_vec_pretty(self).map_err(io::Error::from);
        let text = text.map_err(FileError::write(&path))?;
        let mut file = begin(&path)?;
        file.write_all(&text).map_err(FileError::write(&path))?;
        publish(file, &path)
    }

    /// Holds it against the segments that were found.
    pub(super) fn check(&self, folder: &Path, shards: &Shards) -> Result<(), ShardFolderError> {
        for (shard, (segment, &expected)) in shards.segments().iter().zip(&self.rows).enumerate() {
            if segment.len() != expected {
                return Err(ShardFolderError::Rows {
                    path: segment_path(folder, shard),
                    received: segment.len(),
                    expected,
                });
            }
        }
        let stated = (self.dim, self.metric.as_str(), self.sequence);
        let found = (shards.dim(), shards.metric().name(), shards.sequence());
        if stated != found {
            let what = format!(
                "it says {stated:?} where the segments have {found:?}: dimension, metric, sequence"
            );
            return Err(damaged(&Manifest::path(folder), what));
        }
        let mut held = vec![0; self.rows.len()];
        for (name, place) in &self.categories {
            match held.get_mut(place.shard) {
                // Sums that cannot be are no shard's either.
                Some(held) => *held = place.rows.saturating_add(*held),
                None => {
                    let what = format!(
                        "category {name:?} is in shard {} of {}",
                        place.shard,
                        self.rows.len()
                    );
                    return Err(damaged(&Manifest::path(folder), what));
                }
            }
        }
        if self.by == ShardBy::Category && held != self.rows {
            let what = format!(
                "its categories have {held:?} rows, its shards {:?}",
                self.rows
            );
            return Err(damaged(&Manifest::path(folder), what));
        }
        Ok(())
    }

    pub(super) fn oversized(&self) -> Vec<Oversized> {
        let mean = self.rows.iter().sum::<usize>() as f64 / self.rows.len().max(1) as f64;
        let large = self
            .categories
            .iter()
            .filter(|(_, place)| place.rows as f64 > mean);
        let mut oversized: Vec<Oversized> = large
            .map(|(name, place)| Oversized {
                category: name.clone(),
                rows: place.rows,
                times_mean: place.rows as f64 / mean,
            })
            .collect();
        oversized.sort_by_key(|one| Reverse(one.rows));
        oversized
    }
}

fn damaged(path: &Path, what: String) -> ShardFolderError {
    ShardFolderError::Damaged {
        path: path.to_owned(),
        what,
    }
}
