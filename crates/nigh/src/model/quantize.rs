//! `nigh model quantize`.

use std::path::Path;

use anyhow::{Result, bail};
use bytesize::ByteSize;
use nigh_encode::{Arithmetic, RangeRule, Sidecar};
use nigh_engine::models::{
    PrecisionTarget, QuantizeModelError, QuantizeOptions, QuantizeReport, Side, Tried,
    quantize_model,
};

use super::sample::{Wanted, sample};
use crate::cli::model::{ArithmeticArg, QuantizeArgs, RangesArg, To};
use crate::index::Bars;
use crate::output::{Exit, Output};
use crate::{encoder, table};

pub(crate) fn run(args: &QuantizeArgs, output: Output) -> Result<Exit> {
    if args.model == "features" {
        bail!("\"features\" is built in and has no weights: there is nothing to quantize");
    }
    if args.to == To::F16 && (!args.calibrate.is_empty() || args.arithmetic != ArithmeticArg::Auto)
    {
        bail!(
            "--to f16 has nothing to calibrate and no arithmetic of its own: use --on to compare"
        );
    }
    let sources = match args.calibrate.is_empty() {
        true => &args.on,
        false => &args.calibrate,
    };
    let wanted = Wanted {
        sources,
        columns: Default::default(),
        count: args.sample as usize,
        seed: args.seed,
        label: None,
    };
    let sample = sample(wanted, output)?;
    if sources.is_empty() {
        output.note(format!(
            "compared on {} drawn pictures; --on SOURCE compares on yours",
            sample.pictures.len()
        ));
    }
    let model = encoder::model_path(&args.encoder())?;
    let options = options(args)?;
    let result = Bars::new(output)?.run("measuring", 0, |watch| {
        quantize_model(&model, &args.out, &sample.pictures, &options, watch)
    });
    match result {
        Ok(report) => print(&report, args.json, output),
        Err(error) => {
            if let Some(report) = refused(&error) {
                lines(report).iter().for_each(|line| output.note(line));
            }
            Err(error.into())
        }
    }
}

fn options(args: &QuantizeArgs) -> Result<QuantizeOptions> {
    let request = encoder::request(&args.encoder(), 1)?;
    let text = serde_json::Value::Object(request.overrides).to_string();
    Ok(QuantizeOptions {
        to: match args.to {
            To::Int8 => PrecisionTarget::Int8,
            To::F16 => PrecisionTarget::F16,
        },
        arithmetic: match args.arithmetic {
            ArithmeticArg::Auto => None,
            ArithmeticArg::Float => Some(Arithmetic::Float),
            ArithmeticArg::Products => Some(Arithmetic::Products),
            ArithmeticArg::Pointwise => Some(Arithmetic::ProductsAndPointwise),
        },
        ranges: (!args.calibrate.is_empty()).then_some(match args.ranges {
            RangesArg::Mse => RangeRule::LeastSquares,
            RangesArg::Percentile => RangeRule::Percentile(0.9999),
        }),
        sidecar: Sidecar::parse(&text)?,
        runtime: request.runtime,
        force: args.force,
    })
}

/// What was measured of a model that was not written.
fn refused(error: &QuantizeModelError) -> Option<&QuantizeReport> {
    match error {
        QuantizeModelError::Disagrees { report } | QuantizeModelError::BringsNothing { report } => {
            Some(report)
        }
        _ => None,
    }
}

fn print(report: &QuantizeReport, json: bool, output: Output) -> Result<Exit> {
    if json {
        output.json(report)?;
    } else {
        lines(report)
            .iter()
            .try_for_each(|line| output.line(line))?;
        output.note(format!("written to {}", report.out.display()));
    }
    Ok(Exit::Done)
}

fn lines(report: &QuantizeReport) -> Vec<String> {
    let header = [
        "",
        "file",
        "weights in memory",
        "ms a picture",
        "p99",
        "pictures/s",
    ];
    let rows = [
        side_row(&file_name(&report.model), &report.before),
        side_row(&file_name(&report.out), &report.after),
    ];
    let mut lines = table::lines(&header, &rows);
    let agreement = &report.agreement;
    let ratio = report.after.file_bytes as f64 / report.before.file_bytes.max(1) as f64;
    lines.push(String::new());
    lines.push(format!(
        "{ratio:.2} of the bytes, {:.2} times as fast (processor time, both in turn)",
        report.speedup
    ));
    lines.push(format!(
        "agreement on {} pictures: cosine {:.5} in the mean, {:.5} at the first percentile, {:.5} at worst; \
         {:.1} % of the ten nearest are the same",
        agreement.pictures,
        agreement.cosine_mean,
        agreement.cosine_p1,
        agreement.cosine_min,
        100.0 * agreement.recall_at_10
    ));
    lines.push(how(report));
    if report.tried.len() > 1 {
        lines.extend(report.tried.iter().map(tried));
    }
    lines
}

fn how(report: &QuantizeReport) -> String {
    let products = match (report.integer_products, report.calibrated) {
        (0, _) => "computed in f32".to_owned(),
        (n, true) => format!("{n} products in integers, with constant scales"),
        (n, false) => format!("{n} products in integers, scaled row by row"),
    };
    format!("{products}; {} weights stored narrow", report.stored_narrow)
}

fn tried(tried: &Tried) -> String {
    format!(
        "  tried {}: {:.2} times as fast, cosine {:.5}",
        tried.arithmetic, tried.speedup, tried.cosine_mean
    )
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

fn side_row(name: &str, side: &Side) -> Vec<String> {
    let size = |bytes| ByteSize::b(bytes).display().si().to_string();
    vec![
        name.to_owned(),
        size(side.file_bytes),
        size(side.weight_bytes),
        format!("{:.1}", side.speed.p50_ms),
        format!("{:.1}", side.speed.p99_ms),
        format!("{:.1}", side.speed.images_per_second),
    ]
}
