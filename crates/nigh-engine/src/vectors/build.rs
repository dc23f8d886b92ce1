//! From a file of vectors to a segment, or to a grid.

use std::path::{Path, PathBuf};

use nigh_index::{
    BuildError, Built, GridBuildError, GridConfig, IvfConfig, Metric, Segment, SegmentBuilder,
    SegmentConfig, Vectors, Verification,
};
use serde::Serialize;

use super::costs::{FittedCosts, fit_costs};
use super::files::{FileError, RowProblem, VectorFile};
use super::reject::Rejected;
use super::stopwatch::{ClockError, Stopwatch};
use super::watch::{Stopped, Watch};

/// What was built, and what it took.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BuildReport {
    /// Rows of the segment.
    pub rows: usize,
    /// Lists that they are divided into.
    pub lists: usize,
    /// Length of the segment's file.
    pub bytes: u64,
    /// CPU seconds of all threads, reading the base included.
    pub build_seconds: f64,
    /// Seconds by the clock.
    pub build_seconds_wall: f64,
    /// What its searches and its building cost on this machine, if it has lists enough to tell; kept in `OUT.cost.json`.
    pub costs: Option<FittedCosts>,
    /// Rows of the base that were set aside.
    pub rejected: Rejected,
}

/// Builds a segment of all rows that can be compared; their labels are their numbers in `base`,
/// counted from 0. The base is read in blocks.
///
/// # Errors
/// If a file cannot be read or written, no row can be compared, or the watcher asks to stop.
pub fn build(
    base: &VectorFile,
    metric: Metric,
    config: SegmentConfig,
    out: &Path,
    watch: &Watch<'_>,
) -> Result<BuildReport, BuildVectorsError> {
    let stopwatch = Stopwatch::start()?;
    let mut rejected = Rejected::default();
    let mut builder = SegmentBuilder::create(out, base.dim(), metric, config)?;
    let mut blocks = base.blocks()?;
    while let Some(block) = blocks.advance()? {
        for (row, values) in block.rows() {
            if let Some(problem) = push(&mut builder, row, values)? {
                rejected.push(base.path(), row, &problem);
            }
        }
        watch.advance(block.len())?;
    }
    if builder.is_empty() {
        return Err(no_rows(base, rejected));
    }
    let Built { rows, lists, bytes } = builder.finish()?;
    let lap = stopwatch.lap()?;
    Ok(BuildReport {
        rows,
        lists,
        bytes,
        costs: costs(out, lap.cpu, config.ivf.as_ref()),
        build_seconds: lap.cpu,
        build_seconds_wall: lap.wall,
        rejected,
    })
}

/// What was built of a grid, and what it took.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GridReport {
    /// Rows of the grid.
    pub rows: usize,
    /// Tables.
    pub tables: usize,
    /// Bits of a bucket's code.
    pub bits: u32,
    /// Length of the grid's file.
    pub bytes: u64,
    /// CPU seconds of all threads, reading the base included.
    pub build_seconds: f64,
    /// Seconds by the clock.
    pub build_seconds_wall: f64,
    /// Rows of the base that were set aside.
    pub rejected: Rejected,
}

/// As [`build`], but a grid, of rows that are all in memory meanwhile.
///
/// # Errors
/// As for [`build`].
pub fn build_grid(
    base: &VectorFile,
    metric: Metric,
    config: &GridConfig,
    out: &Path,
    watch: &Watch<'_>,
) -> Result<GridReport, BuildVectorsError> {
    let stopwatch = Stopwatch::start()?;
    let mut rejected = Rejected::default();
    let mut rows = Vectors::new(base.dim(), metric);
    let mut blocks = base.blocks()?;
    while let Some(block) = blocks.advance()? {
        for (row, values) in block.rows() {
            let pushed = values.and_then(|values| {
                let pushed = rows.push(row as u64, values);
                pushed.map_err(|refused| refused.source.into())
            });
            if let Err(problem) = pushed {
                rejected.push(base.path(), row, &problem);
            }
        }
        watch.advance(block.len())?;
    }
    if rows.is_empty() {
        return Err(no_rows(base, rejected));
    }
    let built = nigh_index::build_grid(out, &rows, config)?;
    let lap = stopwatch.lap()?;
    Ok(GridReport {
        rows: built.rows,
        tables: built.tables,
        bits: built.bits,
        bytes: built.bytes,
        build_seconds: lap.cpu,
        build_seconds_wall: lap.wall,
        rejected,
    })
}

pub(super) fn no_rows(base: &VectorFile, rejected: Rejected) -> BuildVectorsError {
    BuildVectorsError::NoRows {
        path: base.path().to_owned(),
        first: rejected.sentences.into_iter().next().unwrap_or_default(),
    }
}

/// Measured and kept; an index without them is as good.
fn costs(index: &Path, seconds: f64, ivf: Option<&IvfConfig>) -> Option<FittedCosts> {
    let segment = Segment::open_with(index, Verification::Structure).ok()?;
    let costs = fit_costs(&segment, ivf.map(|ivf| (seconds, ivf))).ok()??;
    costs.keep(index).ok()?;
    Some(costs)
}

/// Adds a row, or says why it cannot be added.
pub(super) fn push(
    builder: &mut SegmentBuilder,
    row: usize,
    values: Result<&[f32], RowProblem>,
) -> Result<Option<RowProblem>, BuildError> {
    let values = match values {
        Ok(values) => values,
        Err(problem) => return Ok(Some(problem)),
    };
    match builder.push(row as u64, values) {
        Ok(()) => Ok(None),
        Err(BuildError::Row(refused)) => Ok(Some(refused.source.into())),
        Err(error) => Err(error),
    }
}

/// Why there is no segment.
#[derive(Debug, thiserror::Error)]
pub enum BuildVectorsError {
    /// The base cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The segment cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The grid cannot be built.
    #[error(transparent)]
    Grid(#[from] GridBuildError),
    /// Nothing to build of.
    #[error("{} has no row that can be compared: {first}", path.display())]
    NoRows {
        /// The base.
        path: PathBuf,
        /// What is wrong with the first row.
        first: String,
    },
    /// The time cannot be told.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// Asked to stop.
    #[error("no segment was built")]
    Stopped(#[from] Stopped),
}
