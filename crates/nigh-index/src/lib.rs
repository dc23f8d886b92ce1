#![forbid(unsafe_code)]
//! Which vectors are nearest to this one?
//!
//! Rows of f32 values, each with an opaque 64-bit label, compared by Euclidean distance, inner product or
//! cosine. What is settled lies in an immutable, memory-mapped, checksummed [`Segment`]; what is newer lies
//! in [`Vectors`] in memory, the exact *tail*. Both answer "the `k` nearest", among all rows or the [`Allowed`] ones,
//! and [`merge_neighbors`] makes one answer of several.
//!
//! It is:
//! - exact, at the speed of memory, or approximate, from the same file: k-means lists of rows as they are (IVF-flat), narrowed to
//!   16-bit floats or 8-bit integers, or coded by one bit an axis that is scanned, refined and rescored ([`Codec::RaBitQ`]),
//!   several times as fast;
//! - generous with filters: only allowed rows are compared, and exactly `k` rows come back whenever `k`
//!   are allowed;
//! - repeatable: equal scores are ordered by label; one query, a batch, one thread and many give the same result to the bit,
//!   and so does a search of all lists of rows as they are; the same rows and seed give the same file;
//! - derived: a file that is torn, corrupt or gone is an error to rebuild on, never a wrong answer.
//!
//! Beside it: [`LiveIndex`], a segment that is added to and deleted from while it is searched; [`Shards`], several segments
//! that are searched as one; and [`Grid`], locality-sensitive hashing, which is quick to build and slower to search.
//!
//! It is not:
//! - aware of items, images or people: a caller that has several rows for one thing gives them labels that it can
//!   tell apart, asks for more rows, and keeps the best of each;
//! - durable storage: the collection's store is, and an index is built from it;
//! - rewritten in place: a segment's file never changes; [`LiveIndex::compact`] writes the next one.
//!
//! ```
//! use nigh_index::{build_segment, merge_neighbors, IvfConfig, Metric, SearchParams, Segment, SegmentConfig, Vectors};
//!
//! let mut rows = Vectors::new(2, Metric::Cosine);
//! for degrees in 0..90u8 {
//!     let angle = f32::from(degrees).to_radians();
//!     rows.push(degrees.into(), &[angle.cos(), angle.sin()])?;
//! }
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("angles.segment");
//! build_segment(&path, &rows, &SegmentConfig { sequence: 1, ivf: Some(IvfConfig::default()) })?;
//! let segment = Segment::open(&path)?;
//!
//! let mut tail = Vectors::new(2, Metric::Cosine);
//! tail.push(1000, &[3.0, 3.0])?;
//!
//! let query = [1.0, 1.0]; // 45°
//! let even = segment.allow(|label| label % 2 == 0);
//! let found = segment.search(&query, &SearchParams::ivf(2, 3), Some(&even))?;
//! let newer = tail.search(&query, 2, None)?;
//! let best = merge_neighbors([found.neighbors, newer.neighbors], 2);
//! assert_eq!([best[0].label, best[1].label], [1000, 44]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod allowed;
mod clusters;
mod coarse;
mod coded;
mod grid;
mod held_out;
mod kmeans;
mod live;
mod metric;
mod narrow;
mod neighbor;
mod rabitq;
mod random;
mod reduction;
mod scan;
mod search;
mod segment;
mod shards;
mod top_k;
mod transform;
mod vectors;

pub mod cost;

pub use allowed::Allowed;
pub use grid::{
    Grid, GridBuildError, GridBuilt, GridConfig, GridHash, GridOpenError, GridSearch, build_grid,
    grid_bytes, grid_candidates,
};
pub use held_out::is_held_out;
pub use live::{AdoptError, CompactError, Filter, LiveIndex, Snapshot};
pub use metric::Metric;
pub use narrow::Narrow;
pub use neighbor::Neighbor;
pub use nigh_mmap::Verification;
pub use reduction::{OpenReductionError, PrincipalAxes, Reduction, ReductionMethod, SecondMoments};
pub use search::{Found, IvfSearch, Mode, SearchError, SearchParams};
pub use segment::build::{
    BuildError, Built, Codec, IvfConfig, RaBitQConfig, Rotation, SegmentBuilder, SegmentConfig,
    build_segment,
};
pub use segment::{Codes, OpenError, Segment};
pub use shards::{
    OpenShardsError, ShardRouter, ShardSearchError, Shards, hash_shard, pack_categories,
};
pub use top_k::{TopK, merge_neighbors};
pub use vectors::{PushError, VectorError, Vectors};
