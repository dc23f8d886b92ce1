//! `nigh index shards`, and what `build` and `info` say of shards.

use std::path::Path;

use anyhow::Result;
use nigh_engine::vectors::{
    Asked, Categories, Interval, Oversized, ShardFolder, ShardPlan, ShardReport, VectorFile,
    build_shards, imbalance, shard_report,
};
use nigh_index::{Metric, Segment, SegmentConfig};
use serde_json::{Value, json};

use super::bar::Bars;
use crate::cli::index::{BuildArgs, ShardsArgs};
use crate::output::{Exit, Output};
use crate::table;

pub(crate) fn run(args: &ShardsArgs, threads: usize, output: Output) -> Result<Exit> {
    let folder = ShardFolder::open(&args.folder)?;
    let mut queries = super::queries(&args.queries)?;
    super::check_dimension(&queries, folder.shards().dim(), &args.folder)?;
    let categories = args.categories.as_deref().map(Categories::read);
    let mut categories = categories.transpose()?;
    if let Some(first) = args.first {
        queries.truncate(first as usize);
        if let Some(categories) = &mut categories {
            categories.truncate(first as usize);
        }
    }
    let report = Bars::new(output)?.run("comparing", 0, |watch| {
        shard_report(&folder, &queries, categories.as_ref(), threads, watch)
    })?;
    if args.json {
        output.json(&report)?;
    } else {
        let lines = report_lines(&folder, &report);
        lines.iter().try_for_each(|line| output.line(line))?;
    }
    Ok(Exit::Done)
}

/// `nigh index build --shards`.
pub(super) fn build(
    args: &BuildArgs,
    shards: usize,
    base: &VectorFile,
    metric: Metric,
    config: SegmentConfig,
    output: Output,
) -> Result<u64> {
    let categories = args.sharding.categories.as_deref().map(Categories::read);
    let categories = categories.transpose()?;
    let plan = match &categories {
        Some(categories) => ShardPlan::Category { shards, categories },
        None => ShardPlan::Hash { shards },
    };
    let built = Bars::new(output)?.run("building", base.rows(), |watch| {
        build_shards(base, metric, config, plan, &args.out, watch)
    })?;
    super::note_rejected(&built.rejected, output);
    if args.json {
        output.json(&built)?;
        return Ok(built.rejected.count);
    }
    output.line(format!(
        "{}: {} rows by {} in {} shards, {} left out, {:.1} MB, in {:.1} s ({:.1} s of CPU time)",
        args.out.display(),
        built.rows,
        built.by.name(),
        built.shards.len(),
        built.rejected.count,
        built.bytes as f64 / 1e6,
        built.build_seconds_wall,
        built.build_seconds
    ))?;
    let rows: Vec<usize> = built.shards.iter().map(|shard| shard.rows).collect();
    output.line(balance(&rows))?;
    let large = built.oversized.iter().map(oversized);
    large.into_iter().try_for_each(|line| output.line(line))?;
    Ok(built.rejected.count)
}

/// `nigh index info` of a folder.
pub(super) fn info(folder: &ShardFolder) -> Value {
    let shards = folder.shards();
    let of = |(number, segment): (usize, &Segment)| {
        json!({
            "rows": segment.len(),
            "lists": segment.lists(),
            "bytes": segment.bytes(),
            "codes": super::info::codes_json(segment),
            "categories": folder.categories_of(number),
        })
    };
    json!({
        "by": folder.by(),
        "rows": shards.len(),
        "dim": shards.dim(),
        "metric": shards.metric().name(),
        "bytes": shards.bytes(),
        "sequence": shards.sequence(),
        "imbalance": folder.imbalance(),
        "oversized": folder.oversized(),
        "shards": shards.segments().iter().enumerate().map(of).collect::<Vec<_>>(),
    })
}

/// The same for a person.
pub(super) fn info_lines(folder: &ShardFolder) -> Vec<String> {
    let shards = folder.shards();
    let mut lines = vec![
        format!("rows        {}", shards.len()),
        format!("dimension   {}", shards.dim()),
        format!("metric      {}", shards.metric()),
        format!("on disk     {:.1} MB", shards.bytes() as f64 / 1e6),
        format!("sequence    {}", shards.sequence()),
    ];
    lines.extend(shard_lines(folder));
    lines
}

fn shard_lines(folder: &ShardFolder) -> Vec<String> {
    let segments = folder.shards().segments();
    let rows: Vec<usize> = segments.iter().map(Segment::len).collect();
    let row = |(number, segment): (usize, &Segment)| {
        vec![
            number.to_string(),
            segment.len().to_string(),
            segment.lists().to_string(),
            folder.categories_of(number).join(", "),
        ]
    };
    let cells: Vec<Vec<String>> = segments.iter().enumerate().map(row).collect();
    let mut lines = vec![format!(
        "sharded by  {}; {}",
        folder.by().name(),
        balance(&rows)
    )];
    lines.extend(folder.oversized().iter().map(oversized));
    lines.push(String::new());
    lines.extend(table::lines(
        &["shard", "rows", "lists", "categories"],
        &cells,
    ));
    lines
}

fn balance(rows: &[usize]) -> String {
    format!(
        "{} to {} rows a shard, the largest {:.2} times the mean",
        rows.iter().min().copied().unwrap_or(0),
        rows.iter().max().copied().unwrap_or(0),
        imbalance(rows)
    )
}

fn oversized(one: &Oversized) -> String {
    let Oversized {
        category,
        rows,
        times_mean,
    } = one;
    format!("category {category} alone has {rows} rows, {times_mean:.2} times a mean shard")
}

fn report_lines(folder: &ShardFolder, report: &ShardReport) -> Vec<String> {
    let shards = report.rows.len();
    let mut rows = Vec::new();
    if let Some(own) = &report.own {
        rows.push(row("that of its category".to_owned(), &own.asked));
    }
    let nearest = report.nearest.iter();
    rows.extend(nearest.map(|asked| match asked.shards {
        all if all == shards => row(format!("all {all}"), asked),
        1 => row("nearest by centroid".to_owned(), asked),
        some => row(format!("{some} nearest by centroid"), asked),
    }));
    rows.push(row(
        format!("fullest of {shards} by hash"),
        &report.best_by_hash,
    ));
    let mut lines = shard_lines(folder);
    lines.push(String::new());
    lines.push(format!(
        "{} queries, of whose ten nearest rows the shards asked hold",
        report.queries
    ));
    let header = ["shards asked", "all ten, of queries", "share of the ten"];
    lines.extend(table::lines(&header, &rows));
    lines.push(String::new());
    for needed in &report.needed {
        lines.push(format!(
            "recall {} needs {} of {shards} shards, nearest by centroid",
            needed.recall, needed.shards
        ));
    }
    if let Some(unknown) = report
        .own
        .map(|own| own.unknown)
        .filter(|unknown| *unknown > 0)
    {
        lines.push(format!(
            "{unknown} queries have a category that no row has: they are not in the first line"
        ));
    }
    lines
}

fn row(asked: String, measured: &Asked) -> Vec<String> {
    vec![
        asked,
        interval(measured.suffice),
        interval(measured.recall_at_10),
    ]
}

fn interval(Interval { mean, low, high }: Interval) -> String {
    format!("{mean:.4} ({low:.4} to {high:.4})")
}

/// Refuses a folder where a command takes one segment.
pub(super) fn refuse_folder(path: &Path) -> Result<()> {
    anyhow::ensure!(
        !path.is_dir(),
        "{} is a folder, and this command takes one segment; `nigh index search`, `info` and `shards` take folders of shards",
        path.display()
    );
    Ok(())
}
