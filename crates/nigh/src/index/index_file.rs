//! An index on disk: one segment, or a folder of shards.

use std::path::Path;

use anyhow::{Context, Result, bail};
use nigh_engine::vectors::{ShardBy, ShardFolder, open_segment};
use nigh_index::{Found, SearchParams, Segment};

/// What `--index` names.
pub(super) enum IndexFile {
    Segment(Box<Segment>),
    Shards(ShardFolder),
}

impl IndexFile {
    pub(super) fn open(path: &Path) -> Result<IndexFile> {
        match path.is_dir() {
            true => Ok(IndexFile::Shards(ShardFolder::open(path)?)),
            false => Ok(IndexFile::Segment(Box::new(open_segment(path)?))),
        }
    }

    pub(super) fn dim(&self) -> usize {
        match self {
            IndexFile::Segment(segment) => segment.dim(),
            IndexFile::Shards(folder) => folder.shards().dim(),
        }
    }

    /// Of a segment, or of the shard that has most.
    pub(super) fn lists(&self) -> usize {
        match self {
            IndexFile::Segment(segment) => segment.lists(),
            IndexFile::Shards(folder) => {
                let segments = folder.shards().segments().iter();
                segments.map(Segment::lists).max().unwrap_or(1)
            }
        }
    }

    /// The segment, where settings were measured on one.
    pub(super) fn tuned_segment(&self) -> Result<&Segment> {
        match self {
            IndexFile::Segment(segment) => Ok(segment),
            IndexFile::Shards(_) => {
                bail!(
                    "--recall takes what `nigh index tune` measured, which measures one segment, not shards: say --nprobe"
                )
            }
        }
    }

    /// Searches everything, or the one shard with the rows of a category.
    pub(super) fn search_batch(
        &self,
        queries: &[f32],
        params: &SearchParams,
        category: Option<&str>,
    ) -> Result<Vec<Found>> {
        match (self, category) {
            (IndexFile::Segment(segment), None) => Ok(segment.search_batch(queries, params, None)?),
            (IndexFile::Shards(folder), None) => {
                Ok(folder.shards().search_batch(queries, params, None)?)
            }
            (IndexFile::Shards(folder), Some(category)) => {
                let shard = shard_of(folder, category)?;
                let found = folder
                    .shards()
                    .search_batch_in(&[shard], queries, params, None);
                Ok(found?)
            }
            (IndexFile::Segment(_), Some(_)) => {
                bail!("--category picks a shard, but this index is one segment")
            }
        }
    }
}

fn shard_of(folder: &ShardFolder, category: &str) -> Result<usize> {
    let path = folder.path().display();
    if folder.by() == ShardBy::Hash {
        bail!("--category picks a shard, but those of {path} were made by hash");
    }
    let shard = folder.shard_of(category);
    shard.with_context(|| format!("no row of {path} has the category {category:?}"))
}
