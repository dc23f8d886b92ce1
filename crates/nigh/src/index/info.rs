//! `nigh index info`.

use anyhow::Result;
use nigh_index::cost::resident_bytes;
use nigh_index::{Codes, Segment};
use serde_json::{Value, json};

use super::index_file::IndexFile;
use super::shards;
use crate::cli::index::InfoArgs;
use crate::output::{Exit, Output};

pub(crate) fn run(args: &InfoArgs, output: Output) -> Result<Exit> {
    let (value, lines) = match IndexFile::open(&args.index)? {
        IndexFile::Segment(segment) => (to_json(&segment), lines(&segment)),
        IndexFile::Shards(folder) => (shards::info(&folder), shards::info_lines(&folder)),
    };
    if args.json {
        output.json(&value)?;
    } else {
        lines.iter().try_for_each(|line| output.line(line))?;
    }
    Ok(Exit::Done)
}

fn to_json(segment: &Segment) -> Value {
    json!({
        "rows": segment.len(),
        "dim": segment.dim(),
        "metric": segment.metric().name(),
        "lists": segment.lists(),
        "bytes": segment.bytes(),
        "sequence": segment.sequence(),
        "codes": codes_json(segment),
    })
}

/// How rows are coded; null if they are not.
pub(super) fn codes_json(segment: &Segment) -> Value {
    segment.codes().map_or(Value::Null, |codes| {
        json!({
            "scan_dims": codes.scan_dims,
            "refine_dims": codes.refine_dims,
            "refine_bits": codes.refine_bits,
            "resident_bytes_per_row": resident_bytes(
                codes.scan_dims as u64,
                codes.refine_dims as u64,
                codes.refine_bits.into(),
            ),
        })
    })
}

fn lines(segment: &Segment) -> Vec<String> {
    vec![
        format!("rows        {}", segment.len()),
        format!("dimension   {}", segment.dim()),
        format!("metric      {}", segment.metric()),
        format!("lists       {}", segment.lists()),
        format!("codes       {}", codes(segment)),
        format!("on disk     {:.1} MB", segment.bytes() as f64 / 1e6),
        format!("sequence    {}", segment.sequence()),
    ]
}

fn codes(segment: &Segment) -> String {
    let Some(codes) = segment.codes() else {
        return "none: rows as they are".to_owned();
    };
    let Codes {
        scan_dims,
        refine_dims,
        refine_bits,
    } = codes;
    let resident = resident_bytes(scan_dims as u64, refine_dims as u64, refine_bits.into());
    format!(
        "1 bit on {scan_dims} axes, {refine_bits} bits on {refine_dims}; {resident} bytes a row in memory"
    )
}
