//! `nigh catalog snapshot`, `restore` and `export`.

use std::path::Path;

use anyhow::Result;
use nigh_engine::TuningGoal;
use nigh_engine::pipeline::Pipeline;
use nigh_store::CatalogStore;
use serde_json::json;

use crate::cli::{ExportArgs, RestoreArgs, SnapshotArgs};
use crate::output::{Exit, Output};

pub(crate) fn snapshot(args: &SnapshotArgs, output: Output) -> Result<Exit> {
    CatalogStore::open_reader(&args.dir)?.snapshot(&args.destination)?;
    carry_settings(&args.dir, &args.destination, output);
    if args.json {
        output.json(&json!({"snapshot": args.destination}))?;
    } else {
        output.line(format!(
            "{} is a copy of {}",
            args.destination.display(),
            args.dir.display()
        ))?;
    }
    Ok(Exit::Done)
}

/// The copy is complete without the goal that searches are tuned for, and without their pipeline.
fn carry_settings(from: &Path, to: &Path, output: Output) {
    if let Err(error) = TuningGoal::carry_over(from, to) {
        output.note(format!("the copy is not tuned: {error}"));
    }
    if let Err(error) = Pipeline::carry_over(from, to) {
        output.note(format!("the copy has no pipeline: {error}"));
    }
}

pub(crate) fn restore(args: &RestoreArgs, output: Output) -> Result<Exit> {
    CatalogStore::restore(&args.snapshot, &args.dir)?;
    carry_settings(&args.snapshot, &args.dir, output);
    if args.json {
        output.json(&json!({"restored": args.dir}))?;
    } else {
        output.line(format!(
            "{} was restored from {}",
            args.dir.display(),
            args.snapshot.display()
        ))?;
    }
    Ok(Exit::Done)
}

pub(crate) fn export(args: &ExportArgs, output: Output) -> Result<Exit> {
    let written = CatalogStore::open_reader(&args.dir)?.export_parquet(&args.file)?;
    if args.json {
        output.json(&json!({"items": written.items, "file": args.file}))?;
    } else {
        output.line(format!(
            "{} items written to {}",
            written.items,
            args.file.display()
        ))?;
    }
    Ok(Exit::Done)
}
