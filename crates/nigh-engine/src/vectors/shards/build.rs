//! From a file of vectors to a folder of shards.

use std::path::Path;

use nigh_index::{
    BuildError, Built, Metric, OpenShardsError, SegmentBuilder, SegmentConfig, Shards, hash_shard,
    pack_categories,
};
use serde::Serialize;

use super::manifest::Manifest;
use super::staging::Staging;
use super::{Oversized, Place, Places, ShardBy, imbalance};
use crate::vectors::build::{BuildVectorsError, no_rows, push};
use crate::vectors::categories::{Categories, CategoriesError};
use crate::vectors::files::{FileError, VectorFile};
use crate::vectors::reject::Rejected;
use crate::vectors::stopwatch::{ClockError, Stopwatch};
use crate::vectors::watch::{Stopped, Watch};

/// How to divide rows.
#[derive(Clone, Copy, Debug)]
pub enum ShardPlan<'a> {
    /// By [`hash_shard`] of the label, into so many shards (0 count as 1).
    Hash {
        /// How many.
        shards: usize,
    },
    /// All rows of a category into the same shard, by [`pack_categories`].
    Category {
        /// How many.
        shards: usize,
        /// One for each row of the base.
        categories: &'a Categories,
    },
}

/// What was built, and what it took.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShardsBuilt {
    /// How rows were divided.
    pub by: ShardBy,
    /// Rows of all shards.
    pub rows: usize,
    /// Length of all segments.
    pub bytes: u64,
    /// Rows of the largest shard over the mean.
    pub imbalance: f64,
    /// Categories that alone have more rows than a mean shard.
    pub oversized: Vec<Oversized>,
    /// Each shard.
    pub shards: Vec<BuiltShard>,
    /// CPU seconds of all threads, reading the base included.
    pub build_seconds: f64,
    /// Seconds by the clock.
    pub build_seconds_wall: f64,
    /// Rows of the base that were set aside.
    pub rejected: Rejected,
}

/// One of the shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct BuiltShard {
    /// Its rows.
    pub rows: usize,
    /// Lists that they are divided into.
    pub lists: usize,
    /// Length of its segment.
    pub bytes: u64,
}

/// Builds a folder of shards from all rows that can be compared, each shard as `config` says; labels are the numbers of the rows in
/// `base`, counted from 0. The base is read in blocks, once; one file is open for each shard. An earlier folder of
/// shards at `out` stays until the new segments are complete.
///
/// # Errors
/// If a file cannot be read or written, the categories are those of other rows, no row can be compared, or the watcher
/// asks to stop.
pub fn build_shards(
    base: &VectorFile,
    metric: Metric,
    config: SegmentConfig,
    plan: ShardPlan<'_>,
    out: &Path,
    watch: &Watch<'_>,
) -> Result<ShardsBuilt, BuildShardsError> {
    let stopwatch = Stopwatch::start()?;
    let mut division = Division::new(plan, base)?;
    let mut staging = Staging::create(out)?;
    let mut builders = (0..division.shards)
        .map(|shard| SegmentBuilder::create(&staging.segment(shard), base.dim(), metric, config))
        .collect::<Result<Vec<_>, _>>()?;
    let rejected = fill(&mut builders, &mut division, base, watch)?;
    let mut shards = Vec::with_capacity(builders.len());
    for builder in builders {
        watch.advance(0)?;
        let Built { rows, lists, bytes } = builder.finish()?;
        shards.push(BuiltShard { rows, lists, bytes });
    }
    let paths: Vec<_> = (0..shards.len())
        .map(|shard| staging.segment(shard))
        .collect();
    let manifest = Manifest::of(division.by, &Shards::open(&paths)?, division.into_places());
    staging.publish(shards.len())?;
    manifest.write(out)?;
    let lap = stopwatch.lap()?;
    Ok(ShardsBuilt {
        by: manifest.by,
        rows: manifest.rows.iter().sum(),
        bytes: shards.iter().map(|shard| shard.bytes).sum(),
        imbalance: imbalance(&manifest.rows),
        oversized: manifest.oversized(),
        shards,
        build_seconds: lap.cpu,
        build_seconds_wall: lap.wall,
        rejected,
    })
}

/// Puts every row into its shard.
fn fill(
    builders: &mut [SegmentBuilder],
    division: &mut Division<'_>,
    base: &VectorFile,
    watch: &Watch<'_>,
) -> Result<Rejected, BuildVectorsError> {
    let mut rejected = Rejected::default();
    let mut blocks = base.blocks()?;
    while let Some(block) = blocks.advance()? {
        for (row, values) in block.rows() {
            match push(&mut builders[division.shard(row)], row, values)? {
                Some(problem) => rejected.push(base.path(), row, &problem),
                None => division.keep(row),
            }
        }
        watch.advance(block.len())?;
    }
    if builders.iter().all(SegmentBuilder::is_empty) {
        return Err(no_rows(base, rejected));
    }
    Ok(rejected)
}

/// Which row goes where.
struct Division<'a> {
    by: ShardBy,
    shards: usize,
    categories: Option<Packed<'a>>,
}

/// The shard of each category, and how many of its rows were kept.
struct Packed<'a> {
    categories: &'a Categories,
    places: Vec<Place>,
}

impl<'a> Division<'a> {
    fn new(plan: ShardPlan<'a>, base: &VectorFile) -> Result<Division<'a>, CategoriesError> {
        match plan {
            ShardPlan::Hash { shards } => Ok(Division {
                by: ShardBy::Hash,
                shards: shards.max(1),
                categories: None,
            }),
            ShardPlan::Category { shards, categories } => {
                categories.check(base.path(), base.rows())?;
                let packed = pack_categories(&categories.sizes(), shards);
                let places = packed.into_iter().map(|shard| Place { shard, rows: 0 });
                Ok(Division {
                    by: ShardBy::Category,
                    shards: shards.max(1),
                    categories: Some(Packed {
                        categories,
                        places: places.collect(),
                    }),
                })
            }
        }
    }

    fn shard(&self, row: usize) -> usize {
        let packed = self.categories.as_ref();
        let place = packed.and_then(|packed| Some(packed.places[packed.categories.of(row)?].shard));
        place.unwrap_or_else(|| hash_shard(row as u64, self.shards))
    }

    /// Counts a row for its category.
    fn keep(&mut self, row: usize) {
        if let Some(packed) = &mut self.categories
            && let Some(category) = packed.categories.of(row)
        {
            packed.places[category].rows += 1;
        }
    }

    fn into_places(self) -> Places {
        let Some(Packed { categories, places }) = self.categories else {
            return Places::new();
        };
        categories.names().iter().cloned().zip(places).collect()
    }
}

/// Why there are no shards.
#[derive(Debug, thiserror::Error)]
pub enum BuildShardsError {
    /// The base cannot be read, or a segment cannot be built.
    #[error(transparent)]
    Build(#[from] BuildVectorsError),
    /// The categories do not fit the base.
    #[error(transparent)]
    Categories(#[from] CategoriesError),
    /// What was built cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenShardsError),
}

impl From<FileError> for BuildShardsError {
    fn from(error: FileError) -> BuildShardsError {
        BuildVectorsError::from(error).into()
    }
}

impl From<BuildError> for BuildShardsError {
    fn from(error: BuildError) -> BuildShardsError {
        BuildVectorsError::from(error).into()
    }
}

impl From<ClockError> for BuildShardsError {
    fn from(error: ClockError) -> BuildShardsError {
        BuildVectorsError::from(error).into()
    }
}

impl From<Stopped> for BuildShardsError {
    fn from(error: Stopped) -> BuildShardsError {
        BuildVectorsError::from(error).into()
    }
}
