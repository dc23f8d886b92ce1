//! `nigh catalog reduce` and `nigh catalog precision`.

use std::path::Path;

use anyhow::{Result, bail};
use nigh_encode::Runtime;
use nigh_engine::generation::{
    CurveOptions, CurvePoint, DeriveOptions, Derived, ReencodeEvent, ReencodeOptions,
    ReencodeReport, Reencoding, abandon, curve, derive, drop_old, rollback,
};
use nigh_index::ReductionMethod;
use nigh_store::Precision;
use serde::Serialize;
use serde_json::json;

use crate::cli::{KeptArgs, PrecisionArgs, PrecisionName, ReduceArgs, ReductionName};
use crate::index::Bars;
use crate::output::{Exit, Output};
use crate::{interrupt, table};

/// What is printed.
#[derive(Serialize)]
struct Report<'a> {
    curve: &'a [CurvePoint],
    /// None where only measured.
    reduced: Option<&'a Derived>,
}

pub(crate) fn reduce(args: &ReduceArgs, output: Output) -> Result<Exit> {
    if let Some(exit) = kept(&args.dir, &args.kept, args.json, output)? {
        return Ok(exit);
    }
    let bars = Bars::new(output)?;
    if args.no_curve && args.dims.is_none() {
        bail!("--no-curve goes with --dims: without either there is nothing to do");
    }
    let points = match args.no_curve {
        true => Vec::new(),
        false => bars.run("measuring", 0, |watch| {
            curve(&args.dir, &curve_options(args), watch)
        })?,
    };
    if !args.json {
        let lines = curve_lines(&points);
        lines.iter().try_for_each(|line| output.line(line))?;
    }
    let dims = args.dims.filter(|_| !args.dry_run);
    let options = dims.map(|dims| DeriveOptions {
        reduction: Some((method(args.method), dims as usize)),
        precision: args.precision.map(PrecisionName::precision),
        seed: args.seed,
    });
    let derived =
        options.map(|options| bars.run("reducing", 0, |watch| derive(&args.dir, &options, watch)));
    let derived = derived.transpose()?;
    if args.json {
        let reduced = derived.as_ref();
        output.json(&Report {
            curve: &points,
            reduced,
        })?;
    } else if let Some(derived) = &derived {
        output.line(words(derived))?;
        output.note(HOW_BACK);
    }
    Ok(Exit::Done)
}

const HOW_BACK: &str =
    "the embeddings of before are kept: --rollback goes back to them, --drop-old frees them";

pub(crate) fn precision(args: &PrecisionArgs, output: Output) -> Result<Exit> {
    if let Some(exit) = kept(&args.dir, &args.kept, args.json, output)? {
        return Ok(exit);
    }
    let options = DeriveOptions {
        reduction: None,
        precision: args.precision.map(PrecisionName::precision),
        seed: 0,
    };
    let derived =
        Bars::new(output)?.run("converting", 0, |watch| derive(&args.dir, &options, watch))?;
    match args.json {
        true => output.json(&derived)?,
        false => {
            output.line(words(&derived))?;
            output.note(HOW_BACK);
        }
    }
    Ok(Exit::Done)
}

/// Does what is to become of the embeddings of before, if that was asked for.
fn kept(dir: &Path, args: &KeptArgs, json: bool, output: Output) -> Result<Option<Exit>> {
    if args.rollback {
        let stop = interrupt::flag()?;
        let run = Reencoding {
            stop: &stop,
            on_event: &mut |event| {
                if let ReencodeEvent::Waiting(held) = event {
                    output.note(format!("waiting: {held}"));
                }
            },
        };
        let report = rollback(dir, Runtime::default(), &ReencodeOptions::default(), run)?;
        print_back(&report, json, output)?;
        return Ok(Some(Exit::Done));
    }
    end(dir, args, json, output)
}

/// What going back did.
pub(crate) fn print_back(report: &ReencodeReport, json: bool, output: Output) -> Result<()> {
    match json {
        true => output.json(report),
        false => output.line(format!(
            "searches use the embeddings of before again: {} ({} items encoded, {} without embeddings)",
            report.encoder, report.encoded, report.missing
        )),
    }
}

/// Frees or gives up a generation, if that was asked for.
pub(crate) fn end(dir: &Path, args: &KeptArgs, json: bool, output: Output) -> Result<Option<Exit>> {
    let (encoder, done) = match (args.drop_old, args.abandon) {
        (true, _) => (drop_old(dir)?, "freed"),
        (_, true) => (abandon(dir)?, "given up"),
        _ => return Ok(None),
    };
    match json {
        true => output.json(&json!({ "encoder": encoder, "done": done }))?,
        false => output.line(format!("{done}: {encoder}"))?,
    }
    Ok(Some(Exit::Done))
}

fn curve_options(args: &ReduceArgs) -> CurveOptions {
    let default = CurveOptions::default();
    let mut dimensions = default.dimensions;
    dimensions.extend(args.dims.map(|dims| dims as usize));
    dimensions.sort_unstable_by(|a, b| b.cmp(a));
    dimensions.dedup();
    CurveOptions {
        methods: args
            .method
            .map_or(default.methods, |name| vec![method(Some(name))]),
        dimensions,
        precision: args.precision.map(PrecisionName::precision),
        images: args.images as usize,
        queries: args.queries as usize,
        seed: args.seed,
    }
}

fn method(name: Option<ReductionName>) -> ReductionMethod {
    match name {
        None | Some(ReductionName::Pca) => ReductionMethod::Pca,
        Some(ReductionName::Random) => ReductionMethod::Random,
        Some(ReductionName::Truncate) => ReductionMethod::Truncate,
    }
}

impl PrecisionName {
    pub(crate) fn precision(self) -> Precision {
        match self {
            PrecisionName::F32 => Precision::F32,
            PrecisionName::F16 => Precision::F16,
            PrecisionName::Int8 => Precision::Int8,
        }
    }
}

fn curve_lines(points: &[CurvePoint]) -> Vec<String> {
    if points.is_empty() {
        return Vec::new();
    }
    let optional = |value: Option<f64>, digits: usize| {
        value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
    };
    let row = |point: &CurvePoint| {
        vec![
            point.method.to_owned(),
            point.dimension.to_string(),
            point.precision.to_string(),
            format!("{:.4}", point.recall_at_10),
            point.bytes_per_image.to_string(),
            format!("{:.0}", point.index_bytes_per_image),
            format!("{:.0}", point.exact_us),
            optional(point.index_recall_at_10, 4),
            optional(point.index_us, 0),
        ]
    };
    let header = [
        "method",
        "numbers",
        "kept as",
        "recall@10",
        "bytes",
        "index bytes",
        "exact µs",
        "index recall@10",
        "index µs",
    ];
    table::lines(&header, &points.iter().map(row).collect::<Vec<_>>())
}

fn words(derived: &Derived) -> String {
    let [before, now] = derived.bytes_per_image;
    format!(
        "{} items: {} numbers of {} each instead of {} of {}, {now} bytes an image instead of {before}, in {:.1} s",
        derived.items,
        derived.dimension[1],
        derived.precision[1],
        derived.dimension[0],
        derived.precision[0],
        derived.seconds
    )
}
