//! `nigh index eval --kind grid`.

use anyhow::Result;
use nigh_engine::vectors::{Family, GridSetting, build_grid};
use nigh_index::Grid;

use super::{Built, Report, Work, place};
use crate::cli::index::EvalArgs;
use crate::index::note_rejected;
use crate::index::setting::grid_config;

/// The buckets looked into where no flag says how many: eight for each table of the default.
const DEFAULT_PROBES: usize = 128;

pub(super) fn measure(args: &EvalArgs, work: &Work) -> Result<Report<GridSetting>> {
    let (path, _temporary) = place(None)?;
    let config = grid_config(&args.grid, args.index.seed);
    let built = work.bars.run("building", work.base.rows(), |watch| {
        build_grid(&work.base, work.metric, &config, &path, watch)
    })?;
    note_rejected(&built.rejected, work.output);
    let grid = Grid::open(&path)?;
    let family = match (args.sweep, args.grid.probes) {
        (true, _) => Family::grid(&grid),
        (false, probes) => Family::probes(probes.map_or(DEFAULT_PROBES, |probes| probes as usize)),
    };
    Ok(Report {
        rows: grid.len(),
        dim: grid.dim(),
        metric: grid.metric().name(),
        lists: None,
        bytes: grid.bytes(),
        built: Built {
            build_seconds: Some(built.build_seconds),
            build_seconds_wall: Some(built.build_seconds_wall),
            rejected: Some(built.rejected.count),
        },
        queries: work.queries.len(),
        timed_queries: work.timed_queries(),
        threads: work.options.threads,
        points: work.sweep(&grid, &[family])?,
    })
}
