//! `nigh index build`.

use anyhow::Result;
use nigh_engine::vectors::{BuildReport, build};

use super::bar::Bars;
use super::setting::segment_config;
use crate::cli::index::BuildArgs;
use crate::output::{Exit, Output};

pub(crate) fn run(args: &BuildArgs, output: Output) -> Result<Exit> {
    let base = super::base(&args.base)?;
    let config = segment_config(&args.index, base.rows());
    let metric = super::metric(args.metric);
    let report = Bars::new(output)?.run("building", base.rows(), |watch| {
        build(&base, metric, config, &args.out, watch)
    })?;
    super::note_rejected(&report.rejected, output);
    if args.json {
        output.json(&report)?;
    } else {
        output.line(format!("{}: {}", args.out.display(), summary(&report)))?;
    }
    match args.strict && report.rejected.count > 0 {
        true => Ok(Exit::Rejects),
        false => Ok(Exit::Done),
    }
}

/// What was built.
pub(super) fn summary(report: &BuildReport) -> String {
    format!(
        "{} rows in {} list(s), {} left out, {:.1} MB, in {:.1} s ({:.1} s of CPU time)",
        report.rows,
        report.lists,
        report.rejected.count,
        report.bytes as f64 / 1e6,
        report.build_seconds_wall,
        report.build_seconds
    )
}
