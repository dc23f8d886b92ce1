//! `nigh catalog pipeline`.

use std::io::Read;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result};
use nigh_engine::pipeline::Pipeline;
use nigh_engine::{Catalog, LiveCatalog};
use nigh_store::Date;

use crate::cli::PipelineArgs;
use crate::output::{Exit, Output};

pub(crate) fn run(args: &PipelineArgs, output: Output) -> Result<Exit> {
    if args.clear {
        LiveCatalog::open(&args.dir)?.set_pipeline(None)?;
        output.note("searches follow no pipeline from now on");
        return Ok(Exit::Done);
    }
    if let Some(path) = &args.set {
        let pipeline = read(path)?;
        LiveCatalog::open(&args.dir)?.set_pipeline(Some(pipeline.clone()))?;
        output.note("searches follow this pipeline from now on");
        output.json(&pipeline)?;
        return Ok(Exit::Done);
    }
    let catalog = Catalog::open(&args.dir)?;
    catalog.notes().iter().for_each(|note| output.note(note));
    match catalog.pipeline() {
        Some(pipeline) => output.json(pipeline)?,
        None => output.note("the collection has no pipeline: `--set FILE.json` gives it one"),
    }
    Ok(Exit::Done)
}

/// The pipeline in a file, or of standard input.
pub(super) fn read(path: &Path) -> Result<Pipeline> {
    let name = || format!("the pipeline in {}", path.display());
    let text = match path == Path::new("-") {
        true => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            text
        }
        false => std::fs::read_to_string(path).with_context(name)?,
    };
    serde_json::from_str(&text).with_context(name)
}

/// The day by this machine's clock.
pub(super) fn today() -> Date {
    Date::of(SystemTime::now())
}
