//! `nigh index eval`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use nigh_engine::vectors::{
    Accepted, BuildReport, Family, Point, Queries, SweepOptions, Truth, VectorFile, build, sweep,
};
use nigh_index::{Metric, Segment};
use serde::Serialize;
use tempfile::TempDir;

use super::bar::Bars;
use super::setting::{params, segment_config};
use crate::cli::index::EvalArgs;
use crate::output::{Exit, Output};
use crate::table;

/// What is printed.
#[derive(Serialize)]
struct Report {
    rows: usize,
    dim: usize,
    metric: &'static str,
    lists: usize,
    bytes: u64,
    /// None where the index was there already.
    build_seconds: Option<f64>,
    build_seconds_wall: Option<f64>,
    rejected: Option<u64>,
    queries: usize,
    timed_queries: usize,
    threads: usize,
    points: Vec<Point>,
}

pub(crate) fn run(args: &EvalArgs, threads: usize, output: Output) -> Result<Exit> {
    let base = super::base(&args.base)?;
    let mut queries = super::queries(&args.queries)?;
    let mut truth = Truth::read(&args.truth)?;
    if let Some(first) = args.first {
        queries.truncate(first as usize);
        truth.truncate(first as usize);
    }
    let metric = super::metric(args.metric);
    let bars = Bars::new(output)?;
    // Before anything is built: a wrong truth is found out at once.
    let accepted = bars
        .run("checking", base.rows(), |watch| {
            Accepted::new(&truth, &base, &queries, metric, watch)
        })
        .with_context(|| args.truth.display().to_string())?;
    let index = Index::open_or_build(args, &base, metric, &bars)?;
    if let Some(built) = &index.built {
        super::note_rejected(&built.rejected, output);
    }
    let report = measure(args, threads, &index, &queries, &accepted, &bars)?;
    if args.json {
        output.json(&report)?;
    } else {
        lines(&report)
            .iter()
            .try_for_each(|line| output.line(line))?;
    }
    Ok(Exit::Done)
}

fn measure(
    args: &EvalArgs,
    threads: usize,
    index: &Index,
    queries: &Queries,
    accepted: &Accepted,
    bars: &Bars,
) -> Result<Report> {
    let segment = &index.segment;
    let families = match args.sweep {
        true => Family::all_of(segment),
        false => vec![Family::single(params(&args.setting, segment.lists(), 10))],
    };
    let options = SweepOptions {
        threads,
        ..SweepOptions::default()
    };
    let points = bars.run("measuring", 0, |watch| {
        sweep(segment, queries, accepted, &families, &options, watch)
    })?;
    let built = index.built.as_ref();
    Ok(Report {
        rows: segment.len(),
        dim: segment.dim(),
        metric: segment.metric().name(),
        lists: segment.lists(),
        bytes: segment.bytes(),
        build_seconds: built.map(|built| built.build_seconds),
        build_seconds_wall: built.map(|built| built.build_seconds_wall),
        rejected: built.map(|built| built.rejected.count),
        queries: queries.len(),
        timed_queries: queries.len().min(options.timed_queries),
        threads,
        points,
    })
}

/// What is measured, and what it took to build where it was built just now.
struct Index {
    segment: Segment,
    built: Option<BuildReport>,
    /// Removed with what is in it.
    _temporary: Option<TempDir>,
}

impl Index {
    fn open_or_build(
        args: &EvalArgs,
        base: &VectorFile,
        metric: Metric,
        bars: &Bars,
    ) -> Result<Index> {
        if let Some(path) = args.file.as_deref().filter(|path| path.exists()) {
            let segment = super::segment(path)?;
            check(&segment, path, base, metric)?;
            return Ok(Index {
                segment,
                built: None,
                _temporary: None,
            });
        }
        let (path, temporary) = place(args.file.as_deref())?;
        let config = segment_config(&args.index, base.rows());
        let built = bars.run("building", base.rows(), |watch| {
            build(base, metric, config, &path, watch)
        })?;
        Ok(Index {
            segment: super::segment(&path)?,
            built: Some(built),
            _temporary: temporary,
        })
    }
}

fn place(kept: Option<&Path>) -> Result<(PathBuf, Option<TempDir>)> {
    if let Some(path) = kept {
        return Ok((path.to_owned(), None));
    }
    let folder = tempfile::tempdir().context("cannot make a folder for the index")?;
    Ok((folder.path().join("eval.segment"), Some(folder)))
}

/// An index of another base would be measured as a bad one.
fn check(segment: &Segment, path: &Path, base: &VectorFile, metric: Metric) -> Result<()> {
    let (path, file) = (path.display(), base.path().display());
    ensure!(
        segment.dim() == base.dim(),
        "the rows of {path} have {} values, but those of {file} have {}",
        segment.dim(),
        base.dim()
    );
    ensure!(
        segment.metric() == metric,
        "{path} was built for {}, not for {metric}",
        segment.metric()
    );
    ensure!(
        segment.sequence() == base.rows() as u64,
        "{path} was built of {} rows, but {file} has {}: remove it to build it anew",
        segment.sequence(),
        base.rows()
    );
    Ok(())
}

fn lines(report: &Report) -> Vec<String> {
    let row = |point: &Point| {
        vec![
            format!("{:.4}", point.recall_at_10),
            format!("{:.0}", point.single_qps),
            format!("{:.0}", point.batch_qps),
            format!("{:.0}", point.single_p99_us),
            format!("{:.0}", point.single_qps_wall),
            format!("{:.0}", point.batch_qps_wall),
            super::setting::words(&point.setting),
        ]
    };
    let header = [
        "recall@10",
        "single/s",
        "batch/s",
        "p99 µs",
        "single wall/s",
        "batch wall/s",
        "setting",
    ];
    let rows: Vec<_> = report.points.iter().map(row).collect();
    let mut lines = vec![format!(
        "{} rows of {} values, {}, {} list(s), {:.1} MB{}",
        report.rows,
        report.dim,
        report.metric,
        report.lists,
        report.bytes as f64 / 1e6,
        report
            .build_seconds
            .map_or(String::new(), |seconds| format!(
                ", built in {seconds:.1} s of CPU time"
            ))
    )];
    lines.push(String::new());
    lines.extend(table::lines(&header, &rows));
    lines
}
