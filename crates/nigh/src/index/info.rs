//! `nigh index info`.

use anyhow::Result;
use nigh_index::cost::{narrow_resident_bytes, resident_bytes};
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
        "codec": codec(segment),
        "resident_bytes_per_row": resident(segment),
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
            "resident_bytes_per_row": resident(segment),
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
    let resident = resident(segment);
    match (segment.codes(), segment.narrow()) {
        (
            Some(Codes {
                scan_dims,
                refine_dims,
                refine_bits,
            }),
            _,
        ) => format!(
            "1 bit on {scan_dims} axes, {refine_bits} bits on {refine_dims}; {resident} bytes a row in memory"
        ),
        (None, Some(narrow)) => format!("{}; {resident} bytes a row in memory", narrow.name()),
        (None, None) => "none: rows as they are".to_owned(),
    }
}

/// How lists hold their rows, as `--codec` calls it.
fn codec(segment: &Segment) -> &'static str {
    match (segment.codes(), segment.narrow()) {
        (Some(_), _) => "rabitq",
        (None, Some(narrow)) => narrow.name(),
        (None, None) => "f32",
    }
}

/// What a search of lists keeps in memory for a row.
fn resident(segment: &Segment) -> u64 {
    let dim = segment.dim() as u64;
    match (segment.codes(), segment.narrow()) {
        (Some(codes), _) => resident_bytes(
            codes.scan_dims as u64,
            codes.refine_dims as u64,
            codes.refine_bits.into(),
        ),
        (None, Some(narrow)) => narrow_resident_bytes(dim, narrow, segment.metric()),
        (None, None) => 8 + 4 * dim,
    }
}
