//! `nigh index info`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use nigh_engine::vectors::FittedCosts;
use nigh_index::cost::{narrow_resident_bytes, resident_bytes};
use nigh_index::{Codes, Segment};
use serde_json::{Value, json};

use super::index_file::IndexFile;
use super::shards;
use crate::cli::index::InfoArgs;
use crate::output::{Exit, Output};

pub(crate) fn run(args: &InfoArgs, output: Output) -> Result<Exit> {
    if args.verify {
        verify(&args.index)?;
        output.note("every byte is as it was written");
    }
    let (value, lines) = match IndexFile::open(&args.index)? {
        IndexFile::Segment(segment) => {
            let costs = FittedCosts::of(&args.index, &segment);
            (to_json(&segment, costs), lines(&segment, costs))
        }
        IndexFile::Shards(folder) => (shards::info(&folder), shards::info_lines(&folder)),
    };
    if args.json {
        output.json(&value)?;
    } else {
        lines.iter().try_for_each(|line| output.line(line))?;
    }
    Ok(Exit::Done)
}

/// Reads all of a segment, or of each of the shards.
fn verify(index: &Path) -> Result<()> {
    if !index.is_dir() {
        Segment::open(index)?;
        return Ok(());
    }
    for entry in fs::read_dir(index).with_context(|| format!("cannot read {}", index.display()))? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "segment")
        {
            Segment::open(&path)?;
        }
    }
    Ok(())
}

fn to_json(segment: &Segment, costs: Option<FittedCosts>) -> Value {
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
        "costs": costs,
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

fn lines(segment: &Segment, costs: Option<FittedCosts>) -> Vec<String> {
    vec![
        format!("rows        {}", segment.len()),
        format!("dimension   {}", segment.dim()),
        format!("metric      {}", segment.metric()),
        format!("lists       {}", segment.lists()),
        format!("codes       {}", codes(segment)),
        format!("on disk     {:.1} MB", segment.bytes() as f64 / 1e6),
        format!("sequence    {}", segment.sequence()),
        format!("costs       {}", costs_words(costs)),
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

/// What searches take on this machine.
fn costs_words(costs: Option<FittedCosts>) -> String {
    costs.map_or("not measured".to_owned(), |costs| {
        format!(
            "{:.1} µs a search and {:.2} µs a list; {:.4} µs a row compared exactly, {:.4} µs where few are",
            costs.fixed_us, costs.probe_us, costs.exact_row_us, costs.picked_row_us
        )
    })
}
