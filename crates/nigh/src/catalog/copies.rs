//! `nigh catalog snapshot`, `restore` and `export`.

use anyhow::Result;
use nigh_store::CatalogStore;

use crate::cli::{ExportArgs, RestoreArgs, SnapshotArgs};
use crate::output::{Exit, Output};

pub(crate) fn snapshot(args: &SnapshotArgs, output: Output) -> Result<Exit> {
    CatalogStore::open_reader(&args.dir)?.snapshot(&args.destination)?;
    output.line(format!("{} is a copy of {}", args.destination.display(), args.dir.display()))?;
    Ok(Exit::Done)
}

pub(crate) fn restore(args: &RestoreArgs, output: Output) -> Result<Exit> {
    CatalogStore::restore(&args.snapshot, &args.dir)?;
    output.line(format!("{} was restored from {}", args.dir.display(), args.snapshot.display()))?;
    Ok(Exit::Done)
}

pub(crate) fn export(args: &ExportArgs, output: Output) -> Result<Exit> {
    let written = CatalogStore::open_reader(&args.dir)?.export_parquet(&args.file)?;
    output.line(format!("{} items written to {}", written.items, args.file.display()))?;
    Ok(Exit::Done)
}
