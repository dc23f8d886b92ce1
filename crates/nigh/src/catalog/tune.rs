//! `nigh catalog tune`.

use anyhow::{Result, bail};
use bytesize::ByteSize;
use nigh_encode::DecodeLimits;
use nigh_engine::eval::{EvalQuery, from_source};
use nigh_engine::vectors::OperatingPoint;
use nigh_engine::{Catalog, CatalogTuned, TuneOptions, TuningGoal, source, tune_catalog};
use serde::Serialize;

use super::import::source_options;
use crate::cli::TuneArgs;
use crate::encoder;
use crate::index::{Bars, goal, point_lines, words};
use crate::output::{Exit, Output};

/// What is printed.
#[derive(Serialize)]
struct Report<'a> {
    chosen: Option<&'a OperatingPoint>,
    #[serde(flatten)]
    tuned: &'a CatalogTuned,
}

pub(crate) fn run(args: &TuneArgs, threads: usize, output: Output) -> Result<Exit> {
    let options = TuneOptions {
        goal: TuningGoal {
            goal: goal(args.recall, args.latency_us)?,
            memory_bytes: args.memory.map(|memory| memory.as_u64()),
        },
        sample: args.sample as usize,
        seed: args.seed,
        threads: 1,
    };
    let catalog = Catalog::open(&args.dir)?;
    catalog.notes().iter().for_each(|note| output.note(note));
    let queries = queries(&catalog, args, threads, output)?;
    let tuned = Bars::new(output)?.run("measuring", 0, |watch| {
        tune_catalog(catalog, queries.as_deref(), &options, watch)
    })?;
    let chosen = tuned.chosen();
    if args.json {
        output.json(&Report {
            chosen,
            tuned: &tuned,
        })?;
    } else {
        let lines = point_lines(&tuned.tuned, chosen);
        lines.iter().try_for_each(|line| output.line(line))?;
    }
    let Some(chosen) = chosen else {
        bail!("no setting reaches this goal: searches go on as before");
    };
    output.note(verdict(&tuned, chosen));
    Ok(Exit::Done)
}

fn queries(
    catalog: &Catalog,
    args: &TuneArgs,
    threads: usize,
    output: Output,
) -> Result<Option<Vec<EvalQuery>>> {
    if args.queries.is_empty() {
        return Ok(None);
    }
    let plan = source::plan(&args.queries, &source_options(&args.columns))?;
    plan.describe().iter().for_each(|line| output.note(line));
    let request = encoder::request(&args.encoder, threads)?;
    let encoder = catalog.encoder().open(&request)?;
    let (queries, rejected) = from_source(&plan, &encoder, &DecodeLimits::default());
    let told = rejected.iter();
    told.for_each(|reason| output.note(format!("not a query: {reason}")));
    Ok(Some(catalog.reduce_all(queries)))
}

/// What searches do from now on, and what it is worth.
fn verdict(tuned: &CatalogTuned, chosen: &OperatingPoint) -> String {
    let recall = chosen.recall_at_10;
    let other = tuned.exact().filter(|exact| *exact != chosen);
    let exact = other.map_or(String::new(), |exact| {
        let times = exact.latency_us / chosen.latency_us;
        format!(", {times:.0} times as fast as comparing everything")
    });
    format!(
        "searches use {} from now on: {:.0} µs{exact}, {:.1} to {:.1} % of the ten nearest, {} of memory",
        words(&chosen.setting),
        chosen.latency_us,
        100.0 * recall.low,
        100.0 * recall.high,
        ByteSize::b(chosen.resident_bytes).display().si(),
    )
}
