//! `nigh index gen`.

use anyhow::Result;
use nigh_engine::vectors::{GenerateOptions, generate};

use super::bar::Bars;
use crate::cli::index::GenArgs;
use crate::output::{Exit, Output};

pub(crate) fn run(args: &GenArgs, output: Output) -> Result<Exit> {
    let options = GenerateOptions {
        rows: args.rows,
        dims: args.dims,
        queries: args.queries,
        intrinsic: args.intrinsic,
        clusters: args.clusters,
        seed: args.seed,
        normalize: !args.raw,
    };
    let rows = args.rows as usize + args.queries as usize;
    let made = Bars::new(output)?.run("generating", rows, |watch| {
        generate(&args.into, &options, watch)
    })?;
    if args.json {
        output.json(&made)?;
    } else {
        output.line(format!(
            "{} rows of {} values from {} clusters: {}",
            args.rows,
            args.dims,
            made.clusters,
            made.base.display()
        ))?;
        output.line(format!(
            "{} queries: {}",
            args.queries,
            made.queries.display()
        ))?;
    }
    Ok(Exit::Done)
}
