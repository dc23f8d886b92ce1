//! `nigh index info`.

use anyhow::Result;
use nigh_index::cost::{narrow_resident_bytes, resident_bytes};
use nigh_index::{Codes, Segment};
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
            "codec": codec(&segment),
            "resident_bytes_per_row": resident(&segment),
            "codes": segment.codes().map(|codes| json!({
                "scan_dims": codes.scan_dims,
                "refine_dims": codes.refine_dims,
                "refine_bits": codes.refine_bits,
                "resident_bytes_per_row": resident(&segment),
            })),
        }))?;
        return Ok(Exit::Done);
    }
    let lines = [
        format!("rows        {}", segment.len()),
        format!("dimension   {}", segment.dim()),
        format!("metric      {}", segment.metric()),
        format!("lists       {}", segment.lists()),
        format!("codes       {}", codes(&segment)),
        format!("on disk     {:.1} MB", segment.bytes() as f64 / 1e6),
        format!("sequence    {}", segment.sequence()),
    ];
    lines.iter().try_for_each(|line| output.line(line))?;
    Ok(Exit::Done)
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
