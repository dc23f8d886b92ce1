//! `nigh model rm`.

use anyhow::Result;
use bytesize::ByteSize;
use nigh_models::ModelsFolder;
use serde_json::json;

use crate::cli::model::RmArgs;
use crate::output::{Exit, Output};

pub(crate) fn run(args: &RmArgs, output: Output) -> Result<Exit> {
    let folder = ModelsFolder::from_env()?;
    let freed = folder.remove(&args.model)?;
    if let Some(left) = folder.find(&args.model) {
        output.note(format!(
            "what was added to {} by hand is still there",
            left.display()
        ));
    }
    match args.json {
        true => output.json(&json!({"name": args.model, "freed_bytes": freed}))?,
        false => output.line(format!(
            "{} is deleted: {} freed",
            args.model,
            ByteSize::b(freed).display().si()
        ))?,
    }
    Ok(Exit::Done)
}
