//! `nigh index truth`.

use anyhow::Result;
use nigh_engine::vectors::{Truth, exact_truth};
use serde_json::json;

use super::bar::Bars;
use crate::cli::index::TruthArgs;
use crate::output::{Exit, Output};

pub(crate) fn run(args: &TruthArgs, output: Output) -> Result<Exit> {
    let base = super::base(&args.base)?;
    let queries = super::queries(&args.queries)?;
    let metric = super::metric(args.metric);
    let report = Bars::new(output)?.run("comparing", base.rows(), |watch| {
        exact_truth(&base, &queries, metric, args.k as usize, watch)
    })?;
    super::note_rejected(&report.rejected, output);
    let distances = report.truth.distances.filter(|_| args.distances);
    let truth = Truth {
        distances,
        ..report.truth
    };
    truth.write(&args.out)?;
    if args.json {
        output.json(&json!({
            "truth": args.out,
            "queries": truth.queries(),
            "k": truth.k,
            "distances": args.distances,
            "rejected": report.rejected,
        }))?;
    } else {
        output.line(format!(
            "the {} nearest of {} rows for {} queries: {}",
            truth.k,
            base.rows() as u64 - report.rejected.count,
            truth.queries(),
            args.out.display()
        ))?;
    }
    Ok(Exit::Done)
}
