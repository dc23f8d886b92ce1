//! `nigh index …`: one file for each command.

use std::path::Path;

use anyhow::{Result, ensure};
use nigh_engine::vectors::{FileError, Queries, Rejected, Stopped, VectorFile, open_segment};
use nigh_index::{Metric, Segment};

use crate::cli::index::{BaseArgs, MetricName, QueriesArgs};
use crate::output::Output;

mod bar;
pub(crate) mod build;
pub(crate) mod eval;
pub(crate) mod generate;
mod index_file;
pub(crate) mod info;
pub(crate) mod search;
mod setting;
pub(crate) mod shards;
pub(crate) mod truth;
pub(crate) mod tune;

pub(crate) use bar::Bars;
pub(crate) use setting::words;
pub(crate) use tune::{goal, point_lines};

/// Whether the work ended because it was asked to.
pub(crate) fn was_stopped(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.is::<Stopped>())
}

fn metric(name: MetricName) -> Metric {
    match name {
        MetricName::L2 => Metric::L2,
        MetricName::Ip => Metric::InnerProduct,
        MetricName::Cosine => Metric::Cosine,
    }
}

fn base(args: &BaseArgs) -> Result<VectorFile, FileError> {
    VectorFile::open(&args.base, args.column.as_deref())
}

fn queries(args: &QueriesArgs) -> Result<Queries, FileError> {
    let file = VectorFile::open(&args.queries, args.query_column.as_deref())?;
    Queries::read(&file)
}

fn segment(path: &Path) -> Result<Segment> {
    shards::refuse_folder(path)?;
    Ok(open_segment(path)?)
}

/// Queries of another dimension than that of the rows are refused, with both files' names.
fn check_dimension(queries: &Queries, dim: usize, index: &Path) -> Result<()> {
    ensure!(
        queries.dim() == dim,
        "the queries of {} have {} values, but the rows of {} have {dim}",
        queries.path().display(),
        queries.dim(),
        index.display()
    );
    Ok(())
}

/// The rows left out, for a person.
fn note_rejected(rejected: &Rejected, output: Output) {
    rejected
        .sentences
        .iter()
        .for_each(|sentence| output.note(sentence));
    let told = rejected.sentences.len() as u64;
    if rejected.count > told {
        output.note(format!("… and {} more rows", rejected.count - told));
    }
}
