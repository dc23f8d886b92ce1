//! `nigh index eval`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use nigh_engine::vectors::{
    Accepted, BuildReport, Family, Measured, Point, Queries, Setting, SweepOptions, Truth,
    VectorFile, build, sweep,
};
use nigh_index::{Metric, Segment};
use serde::Serialize;
use tempfile::TempDir;

use super::bar::Bars;
use super::setting::{grid_words, params, segment_config, words};
use crate::cli::index::{EvalArgs, EvalKind, GridArgs, Kind, SettingArgs};
use crate::output::{Exit, Output};
use crate::table;

mod grid;

/// What is printed; `S` is a setting.
#[derive(Serialize)]
struct Report<S> {
    rows: usize,
    dim: usize,
    metric: &'static str,
    /// None of a grid.
    lists: Option<usize>,
    bytes: u64,
    #[serde(flatten)]
    built: Built,
    queries: usize,
    timed_queries: usize,
    threads: usize,
    points: Vec<Point<S>>,
}

/// What building took; nothing where the index was there already.
#[derive(Clone, Copy, Default, Serialize)]
struct Built {
    build_seconds: Option<f64>,
    build_seconds_wall: Option<f64>,
    rejected: Option<u64>,
}

pub(crate) fn run(args: &EvalArgs, threads: usize, output: Output) -> Result<Exit> {
    check_flags(args)?;
    let work = Work::prepare(args, threads, output)?;
    match args.kind {
        EvalKind::Grid => print(&grid::measure(args, &work)?, grid_words, args.json, output)?,
        _ => print(&measure(args, &work)?, words, args.json, output)?,
    }
    Ok(Exit::Done)
}

/// A flag that does nothing would be taken for one that did not help.
fn check_flags(args: &EvalArgs) -> Result<()> {
    let GridArgs {
        tables,
        hash,
        probes,
    } = args.grid;
    let SettingArgs {
        exact,
        nprobe,
        margin,
        rescore,
        recall,
    } = args.setting;
    let of_grid = tables.is_some() || hash.is_some() || probes.is_some();
    let of_lists = exact || nprobe.is_some() || margin.is_some() || rescore.is_some();
    ensure!(
        recall.is_none(),
        "--recall is for `nigh index search`, of an index that was tuned; --sweep shows what reaches it"
    );
    match args.kind {
        EvalKind::Grid => {
            ensure!(
                !of_lists,
                "a grid is searched with --probes: --exact, --nprobe, --margin and --rescore are of lists"
            );
            ensure!(
                args.file.is_none(),
                "a grid is built anew each time that it is measured: leave out --index"
            );
        }
        _ => ensure!(!of_grid, "--tables, --hash and --probes are of --kind grid"),
    }
    Ok(())
}

/// What every kind of index is measured with.
struct Work {
    base: VectorFile,
    queries: Queries,
    accepted: Accepted,
    metric: Metric,
    options: SweepOptions,
    bars: Bars,
    output: Output,
}

impl Work {
    fn prepare(args: &EvalArgs, threads: usize, output: Output) -> Result<Work> {
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
        let options = SweepOptions {
            threads,
            ..SweepOptions::default()
        };
        Ok(Work {
            base,
            queries,
            accepted,
            metric,
            options,
            bars,
            output,
        })
    }

    fn sweep<I: Measured>(
        &self,
        index: &I,
        families: &[Family<I::Params>],
    ) -> Result<Vec<Point<I::Setting>>> {
        let points = self.bars.run("measuring", 0, |watch| {
            sweep(
                index,
                &self.queries,
                &self.accepted,
                families,
                &self.options,
                watch,
            )
        });
        Ok(points?)
    }

    fn timed_queries(&self) -> usize {
        self.queries.len().min(self.options.timed_queries)
    }
}

fn measure(args: &EvalArgs, work: &Work) -> Result<Report<Setting>> {
    let index = Index::open_or_build(args, &work.base, work.metric, &work.bars)?;
    if let Some(built) = &index.built {
        super::note_rejected(&built.rejected, work.output);
    }
    let segment = &index.segment;
    let families = match args.sweep {
        true => Family::all_of(segment),
        false => vec![Family::single(params(&args.setting, segment.lists(), 10))],
    };
    let built = index.built.as_ref().map(|built| Built {
        build_seconds: Some(built.build_seconds),
        build_seconds_wall: Some(built.build_seconds_wall),
        rejected: Some(built.rejected.count),
    });
    Ok(Report {
        rows: segment.len(),
        dim: segment.dim(),
        metric: segment.metric().name(),
        lists: Some(segment.lists()),
        bytes: segment.bytes(),
        built: built.unwrap_or_default(),
        queries: work.queries.len(),
        timed_queries: work.timed_queries(),
        threads: work.options.threads,
        points: work.sweep(segment, &families)?,
    })
}

fn print<S: Serialize>(
    report: &Report<S>,
    words: fn(&S) -> String,
    json: bool,
    output: Output,
) -> Result<()> {
    if json {
        return output.json(report);
    }
    let lines = lines(report, words);
    lines.iter().try_for_each(|line| output.line(line))
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
        let kind = match args.kind {
            EvalKind::Ivf => Kind::Ivf,
            EvalKind::Exact => Kind::Exact,
            EvalKind::Auto | EvalKind::Grid | EvalKind::Graph => Kind::Auto,
        };
        let config = segment_config(&args.index, kind, base.rows());
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

fn lines<S>(report: &Report<S>, words: fn(&S) -> String) -> Vec<String> {
    let row = |point: &Point<S>| {
        vec![
            format!("{:.4}", point.recall_at_10),
            format!("{:.0}", point.single_qps),
            format!("{:.0}", point.batch_qps),
            format!("{:.0}", point.single_p99_us),
            format!("{:.0}", point.single_qps_wall),
            format!("{:.0}", point.batch_qps_wall),
            words(&point.setting),
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
        "{} rows of {} values, {}{}, {:.1} MB{}",
        report.rows,
        report.dim,
        report.metric,
        report
            .lists
            .map_or(String::new(), |lists| format!(", {lists} list(s)")),
        report.bytes as f64 / 1e6,
        report
            .built
            .build_seconds
            .map_or(String::new(), |seconds| format!(
                ", built in {seconds:.1} s of CPU time"
            ))
    )];
    lines.push(String::new());
    lines.extend(table::lines(&header, &rows));
    lines
}
