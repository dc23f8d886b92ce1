//! `nigh catalog snapshot`, `restore` and `export`.

use anyhow::Result;
use nigh_engine::TuningGoal;
use nigh_store::CatalogStore;
use serde_json::json;

use crate::cli::{ExportArgs, RestoreArgs, SnapshotArgs};
use crate::output::{Exit, Output};

pub(crate) fn snapshot(args: &SnapshotArgs, output: Output) -> Result<Exit> {
    CatalogStore::open_reader(&args.dir)?.snapshot(&args.destination)?;
    TuningGoal::carry_over(&args.dir, &args.destination)?;
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

pub(crate) fn restore(args: &RestoreArgs, output: Output) -> Result<Exit> {
    CatalogStore::restore(&args.snapshot, &args.dir)?;
    TuningGoal::carry_over(&args.snapshot, &args.dir)?;
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
