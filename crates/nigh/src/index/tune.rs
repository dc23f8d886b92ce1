//! `nigh index tune`, and the operating points that it keeps.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use nigh_engine::vectors::{Family, Goal, OperatingPoint, Setting, Tuned, tune, tuning_options};
use nigh_index::Segment;
use serde::Serialize;

use super::bar::Bars;
use super::setting::words;
use crate::cli::index::TuneArgs;
use crate::output::{Exit, Output};
use crate::table;

/// What is printed.
#[derive(Serialize)]
struct Report<'a> {
    chosen: Option<&'a OperatingPoint>,
    #[serde(flatten)]
    tuned: &'a Tuned,
}

pub(crate) fn run(args: &TuneArgs, threads: usize, output: Output) -> Result<Exit> {
    let goal = goal(args.recall, args.latency_us)?;
    let segment = super::segment(&args.index)?;
    let mut queries = super::queries(&args.queries)?;
    if let Some(first) = args.first {
        queries.truncate(first as usize);
    }
    let options = tuning_options(threads);
    let tuned = Bars::new(output)?.run("measuring", 0, |watch| {
        tune(
            &segment,
            &queries,
            &Family::some_of(&segment),
            &options,
            watch,
        )
    })?;
    let kept = place(&args.index);
    let written = tuned.keep(&kept);
    written.with_context(|| format!("cannot write {}", kept.display()))?;
    let chosen = tuned.choose(goal);
    if args.json {
        output.json(&Report {
            chosen,
            tuned: &tuned,
        })?;
    } else {
        let lines = point_lines(&tuned, chosen);
        lines.iter().try_for_each(|line| output.line(line))?;
    }
    if chosen.is_none() {
        bail!("no setting reaches this goal; the points above were kept all the same");
    }
    Ok(Exit::Done)
}

/// What to reach, of the two flags of which one is given.
pub(crate) fn goal(recall: Option<f64>, latency_us: Option<f64>) -> Result<Goal> {
    match (recall, latency_us) {
        (Some(recall), _) => Ok(Goal::Recall(recall)),
        (None, Some(latency)) => {
            ensure!(
                latency > 0.0 && latency.is_finite(),
                "a latency is a number greater than 0, received {latency}"
            );
            Ok(Goal::LatencyUs(latency))
        }
        // The flags demand one of the two.
        (None, None) => bail!("either --recall or --latency-us says what to reach"),
    }
}

/// The fastest setting that was measured to reach a recall on this segment.
pub(super) fn kept(index: &Path, segment: &Segment, recall: f64) -> Result<Setting> {
    let path = place(index);
    let hint = || format!("`nigh index tune --index {}` makes it", index.display());
    let text = fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}: {}", path.display(), hint()))?;
    let tuned: Tuned = serde_json::from_str(&text)
        .with_context(|| format!("{} is damaged: {}", path.display(), hint()))?;
    ensure!(
        tuned.is_of(segment),
        "{} was measured on other rows: {}",
        path.display(),
        hint()
    );
    let point = tuned.choose(Goal::Recall(recall));
    let point = point.with_context(|| format!("no setting was measured to reach {recall}"))?;
    Ok(point.setting)
}

fn place(index: &Path) -> PathBuf {
    let mut name = index.as_os_str().to_owned();
    name.push(".tuned.json");
    name.into()
}

/// The points worth a look as a table, an arrow at the chosen one.
pub(crate) fn point_lines(tuned: &Tuned, chosen: Option<&OperatingPoint>) -> Vec<String> {
    let row = |point: &OperatingPoint| {
        let recall = point.recall_at_10;
        vec![
            if Some(point) == chosen { "→" } else { "" }.to_owned(),
            format!("{:.4}", recall.mean),
            format!("{:.4} to {:.4}", recall.low, recall.high),
            format!("{:.1}", point.latency_us),
            format!("{:.1}", point.latency_p99_us),
            format!("{:.1}", point.resident_bytes as f64 / 1e6),
            words(&point.setting),
        ]
    };
    let rows: Vec<_> = telling(&tuned.points, chosen)
        .into_iter()
        .map(row)
        .collect();
    let header = [
        "",
        "recall@10",
        "with 95 % confidence",
        "µs",
        "p99 µs",
        "MB",
        "setting",
    ];
    table::lines(&header, &rows)
}

/// Of points by rising recall those that no other beats, some steps apart, and the chosen one.
fn telling<'a>(
    points: &'a [OperatingPoint],
    chosen: Option<&OperatingPoint>,
) -> Vec<&'a OperatingPoint> {
    let mut kept: Vec<&OperatingPoint> = Vec::new();
    let mut least = f64::INFINITY;
    for point in points.iter().rev() {
        let missed = 1.0 - point.recall_at_10.mean;
        // Steps of a fifth of what is missed: as fine near 1 as people ask for.
        let is_step = kept
            .last()
            .is_none_or(|last| missed >= 1.2 * (1.0 - last.recall_at_10.mean) + 0.0005);
        if Some(point) == chosen || (is_step && point.latency_us < least) {
            kept.push(point);
        }
        least = least.min(point.latency_us);
    }
    kept.reverse();
    kept
}
