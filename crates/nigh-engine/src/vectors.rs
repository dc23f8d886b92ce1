//! Raw vectors: files of numbers, without images or attributes.
//!
//! [`VectorFile`] streams the rows of `.fbin`, `.u8bin`, `.npy` and Parquet files in blocks;
//! [`generate()`] makes clustered data of any size; [`exact_truth`] finds the exact neighbours that
//! a [`Truth`] file holds; [`build()`] makes a segment whose labels are the numbers of the rows,
//! counted from 0; [`sweep()`] measures its operating points. [`build_shards`] divides the rows among several segments, in a
//! [`ShardFolder`]; [`shard_report`] measures how many of them a query needs.
//!
//! Memory is bounded everywhere: by a block of the base, the queries and what is kept of each.
//! A row that cannot be compared (NaN, infinite, another length) is set aside, named and counted
//! in [`Rejected`]; the rest goes on. Parallel work runs on the current rayon pool.

mod build;
mod categories;
mod costs;
mod files;
mod generate;
mod queries;
mod recall;
mod reject;
mod shards;
mod stopwatch;
mod sweep;
mod truth;
mod tune;
mod watch;

pub use build::{BuildReport, BuildVectorsError, GridReport, build, build_grid};
pub use categories::{Categories, CategoriesError};
pub use costs::{CHECKED_BYTES, FitError, FittedCosts, build_work, fit_costs, open_segment};
pub use files::{Block, Blocks, FbinWriter, FileError, RowProblem, VectorFile};
pub use generate::{GenerateError, GenerateOptions, Generated, generate};
pub use queries::Queries;
pub use recall::Accepted;
pub(crate) use recall::{RECALL_AT, others};
pub use reject::Rejected;
pub use shards::{
    Asked, BuildShardsError, BuiltShard, Needed, Oversized, OwnShard, ShardBy, ShardFolder,
    ShardFolderError, ShardPlan, ShardReport, ShardReportError, ShardsBuilt, build_shards,
    imbalance, shard_report,
};
pub use stopwatch::ClockError;
pub(crate) use stopwatch::Stopwatch;
pub use sweep::{Family, GridSetting, Measured, Point, Setting, SweepError, SweepOptions, sweep};
pub use truth::{Truth, TruthError, TruthReport, exact_truth};
pub(crate) use tune::coded_bytes;
pub use tune::{
    Goal, Interval, LEAST_QUERIES, OperatingPoint, TuneError, Tuned, tune, tuning_options,
};
pub use watch::{Stopped, Watch};
