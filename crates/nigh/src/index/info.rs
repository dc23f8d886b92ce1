//! `nigh index info`.

use anyhow::Result;
use serde_json::json;

use crate::cli::index::InfoArgs;
use crate::output::{Exit, Output};

pub(crate) fn run(args: &InfoArgs, output: Output) -> Result<Exit> {
    let segment = super::segment(&args.index)?;
    if args.json {
        output.json(&json!({
            "rows": segment.len(),
            "dim": segment.dim(),
            "metric": segment.metric().name(),
            "lists": segment.lists(),
            "bytes": segment.bytes(),
            "sequence": segment.sequence(),
        }))?;
        return Ok(Exit::Done);
    }
    let lines = [
        format!("rows        {}", segment.len()),
        format!("dimension   {}", segment.dim()),
        format!("metric      {}", segment.metric()),
        format!("lists       {}", segment.lists()),
        format!("on disk     {:.1} MB", segment.bytes() as f64 / 1e6),
        format!("sequence    {}", segment.sequence()),
    ];
    lines.iter().try_for_each(|line| output.line(line))?;
    Ok(Exit::Done)
}
