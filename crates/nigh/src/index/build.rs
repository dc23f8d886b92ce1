//! `nigh index build`.

use anyhow::{Result, ensure};
use nigh_engine::vectors::{BuildReport, VectorFile, build};
use nigh_index::{Metric, SegmentConfig};

use super::bar::Bars;
use super::setting::segment_config;
use super::shards;
use crate::cli::index::BuildArgs;
use crate::output::{Exit, Output};

pub(crate) fn run(args: &BuildArgs, output: Output) -> Result<Exit> {
    match args.sharding.shards {
        Some(_) => ensure!(
            !args.out.is_file(),
            "{} is a file: shards need a folder",
            args.out.display()
        ),
        None => ensure!(
            !args.out.is_dir(),
            "{} is a folder: one segment needs a file, --shards N makes a folder of several",
            args.out.display()
        ),
    }
    let base = super::base(&args.base)?;
    let metric = super::metric(args.metric);
    let rejected = match args.sharding.shards {
        Some(shards) => {
            let rows = base.rows().div_ceil(shards as usize);
            let config = SegmentConfig {
                sequence: base.rows() as u64,
                ..segment_config(&args.index, args.kind, rows)
            };
            shards::build(args, shards as usize, &base, metric, config, output)?
        }
        None => build_one(args, &base, metric, output)?,
    };
    match args.strict && rejected > 0 {
        true => Ok(Exit::Rejects),
        false => Ok(Exit::Done),
    }
}

/// One segment; returns how many rows were left out.
fn build_one(args: &BuildArgs, base: &VectorFile, metric: Metric, output: Output) -> Result<u64> {
    let config = segment_config(&args.index, args.kind, base.rows());
    let report = Bars::new(output)?.run("building", base.rows(), |watch| {
        build(base, metric, config, &args.out, watch)
    })?;
    super::note_rejected(&report.rejected, output);
    if args.json {
        output.json(&report)?;
    } else {
        output.line(format!("{}: {}", args.out.display(), summary(&report)))?;
    }
    Ok(report.rejected.count)
}

/// What was built.
fn summary(report: &BuildReport) -> String {
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
