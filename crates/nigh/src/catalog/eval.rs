//! `nigh catalog eval`.

use anyhow::Result;
use nigh_encode::DecodeLimits;
use nigh_engine::eval::{EvalOptions, EvalQuery, EvalReport, evaluate, from_source, sample};
use nigh_engine::{Catalog, source};

use super::import::source_options;
use super::search::method;
use crate::cli::EvalArgs;
use crate::output::{Exit, Output};
use crate::{encoder, table};

pub(crate) fn run(args: &EvalArgs, threads: usize, output: Output) -> Result<Exit> {
    let catalog = Catalog::open(&args.dir)?;
    catalog.notes().iter().for_each(|note| output.note(note));
    let options = EvalOptions {
        k: args.k as usize,
        relevant: args.relevant.clone(),
        method: method(&args.method),
        threads,
    };
    let (queries, rejected) = queries(&catalog, args, output)?;
    rejected
        .iter()
        .for_each(|reason| output.note(format!("not a query: {reason}")));
    let report = EvalReport {
        rejected,
        ..evaluate(&catalog, &queries, &options)?
    };
    if args.json {
        output.json(&report)?;
    } else {
        lines(&report)
            .iter()
            .try_for_each(|line| output.line(line))?;
    }
    Ok(Exit::Done)
}

/// The queries, and a sentence for each that cannot be one.
fn queries(
    catalog: &Catalog,
    args: &EvalArgs,
    output: Output,
) -> Result<(Vec<EvalQuery>, Vec<String>)> {
    if let Some(share) = args.sample {
        return Ok((sample(catalog, share, args.seed)?, Vec::new()));
    }
    let plan = source::plan(&args.queries, &source_options(&args.columns))?;
    plan.describe().iter().for_each(|line| output.note(line));
    let encoder = catalog
        .encoder()
        .open(&encoder::request(&args.encoder, 1)?)?;
    let (queries, rejected) = from_source(&plan, &encoder, &DecodeLimits::default());
    Ok((catalog.reduce_all(queries), rejected))
}

fn lines(report: &EvalReport) -> Vec<String> {
    let row = |(name, precision): (&String, &Option<f64>)| {
        let precision = precision.map_or("no query has a value".to_owned(), |share| {
            format!("{share:.4}")
        });
        vec![
            name.clone(),
            precision,
            report
                .labelled_queries
                .get(name)
                .copied()
                .unwrap_or(0)
                .to_string(),
        ]
    };
    let header = format!("precision@{}", report.k);
    let rows: Vec<_> = report.precision_at_k.iter().map(row).collect();
    let mut lines = table::lines(&["attribute", &header, "queries"], &rows);
    let latency = &report.latency_us;
    lines.push(String::new());
    lines.push(format!(
        "recall@{} of the index against exact search: {:.4}",
        report.k, report.recall_at_k
    ));
    lines.push(format!(
        "latency: mean {:.0} µs, median {} µs, p99 {} µs",
        latency.mean, latency.p50, latency.p99
    ));
    lines
}
