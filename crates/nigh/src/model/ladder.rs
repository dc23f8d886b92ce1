//! `nigh model ladder`.

use anyhow::{Context, Result, bail};
use bytesize::ByteSize;
use nigh_engine::models::{LadderOptions, LadderReport, Reason, Rung, RungPrecision, ladder};

use super::picture;
use super::sample::{Wanted, sample};
use crate::catalog::import::source_options;
use crate::cli::EncoderArgs;
use crate::cli::model::{LadderArgs, PrecisionArg};
use crate::index::Bars;
use crate::output::{Exit, Output};
use crate::{encoder, table};

pub(crate) fn run(args: &LadderArgs, threads: usize, output: Output) -> Result<Exit> {
    let wanted = Wanted {
        sources: &args.sources,
        columns: source_options(&args.columns),
        count: args.sample as usize,
        seed: args.seed,
        label: args.relevant.clone(),
    };
    let sample = sample(wanted, output)?;
    let options = options(args)?;
    let report =
        Bars::new(output)?.run("measuring", 0, |watch| ladder(&sample, &options, watch))?;
    let failed = report.failed.iter();
    failed.for_each(|reason| output.note(format!("not measured: {reason}")));
    if let Some(path) = &args.picture {
        let svg = picture::svg(&report, args.relevant.as_deref());
        std::fs::write(path, svg).with_context(|| format!("cannot write {}", path.display()))?;
        output.note(format!("drawn in {}", path.display()));
    }
    if args.json {
        output.json(&report)?;
    } else {
        lines(&report, args, threads)
            .iter()
            .try_for_each(|line| output.line(line))?;
    }
    match verdict(&report) {
        Some(verdict) => output.note(verdict),
        None => bail!("no rung fits: raise --budget-ms or lower --min-quality"),
    }
    Ok(Exit::Done)
}

fn options(args: &LadderArgs) -> Result<LadderOptions> {
    let encoder = EncoderArgs {
        encoder: None,
        preprocess: Vec::new(),
        sidecar: None,
        runtime: args.runtime,
    };
    let precision = |precision: &PrecisionArg| match precision {
        PrecisionArg::Given => RungPrecision::Given,
        PrecisionArg::Int8 => RungPrecision::Int8,
        PrecisionArg::F16 => RungPrecision::F16,
    };
    Ok(LadderOptions {
        models: args.models.clone(),
        precisions: args.precisions.iter().map(precision).collect(),
        dimensions: args.dims.iter().map(|dims| *dims as usize).collect(),
        core_hour_price: args.core_hour_price,
        budget_ms: args.budget_ms,
        least_quality: args.min_quality,
        request: encoder::request(&encoder, 1)?,
    })
}

fn lines(report: &LadderReport, args: &LadderArgs, threads: usize) -> Vec<String> {
    let header = [
        "",
        "model",
        "precision",
        "dims",
        "params",
        "file",
        "memory",
        "ms",
        "p99",
        "images/s",
        "precision@10",
        "recall@10",
        "price/M",
    ];
    let recommended = report.recommended.map(|recommended| recommended.rung);
    let rows: Vec<_> = report
        .rungs
        .iter()
        .enumerate()
        .map(|(at, rung)| row(rung, recommended == Some(at)))
        .collect();
    let mut lines = table::lines(&header, &rows);
    lines.push(String::new());
    lines.push(format!(
        "* no other rung is faster, better and smaller at once; > recommended. {} pictures{}; \
         ms: one picture on one core; images/s on {threads}; price at {} a core-hour{}",
        report.pictures,
        match report.fitted_on {
            0 => String::new(),
            fitted => format!(", axes fitted on {fitted} others"),
        },
        args.core_hour_price,
        match &args.relevant {
            Some(label) => format!("; precision by {label}"),
            None => String::new(),
        },
    ));
    lines
}

fn row(rung: &Rung, recommended: bool) -> Vec<String> {
    let size = |bytes: u64| match bytes {
        0 => "–".to_owned(),
        bytes => ByteSize::b(bytes).display().si().to_string(),
    };
    let mark = match (recommended, rung.on_front) {
        (true, _) => ">",
        (false, true) => "*",
        (false, false) => "",
    };
    let precision = rung.precision_at_10;
    vec![
        mark.to_owned(),
        name(rung),
        precision_name(rung.precision).to_owned(),
        rung.dimension.to_string(),
        millions(rung.parameters),
        size(rung.file_bytes),
        size(rung.weight_bytes),
        format!("{:.1}", rung.speed.p50_ms),
        format!("{:.1}", rung.speed.p99_ms),
        format!("{:.1}", rung.speed.images_per_second),
        precision.map_or("–".to_owned(), |share| format!("{share:.4}")),
        format!("{:.4}", rung.recall_at_10),
        format!("{:.2}", rung.million_images_price),
    ]
}

fn millions(parameters: u64) -> String {
    match parameters {
        0 => "–".to_owned(),
        parameters => format!("{:.1} M", parameters as f64 / 1e6),
    }
}

/// What sets the model apart from the others: the end of its path, without `.onnx`. Published
/// folders call every image model the same, so that such a one is called by its folder.
pub(super) fn name(rung: &Rung) -> String {
    const COMMON: [&str; 4] = ["vision_model", "model", "visual", "onnx"];
    let path = rung.model.strip_suffix(".onnx").unwrap_or(&rung.model);
    let mut parts = path.rsplit(['/', '\\']).filter(|part| !part.is_empty());
    let telling = parts.find(|part| !COMMON.contains(part));
    telling.unwrap_or(path).to_owned()
}

pub(super) fn precision_name(precision: RungPrecision) -> &'static str {
    match precision {
        RungPrecision::Given => "given",
        RungPrecision::Int8 => "int8",
        RungPrecision::F16 => "f16",
    }
}

/// Which rung, why, and how to get it.
fn verdict(report: &LadderReport) -> Option<String> {
    let recommended = report.recommended?;
    let rung = &report.rungs[recommended.rung];
    let why = match recommended.reason {
        Reason::BestWithinBudget => "the best within the budget",
        Reason::FastestGoodEnough => "the fastest that is good enough",
        Reason::FastestNearBest => "the fastest within a hundredth of the best quality",
    };
    let make = match rung.precision {
        RungPrecision::Given => String::new(),
        precision => format!(
            "; made by `nigh model quantize {} --to {} --out FILE`",
            rung.model,
            precision_name(precision)
        ),
    };
    Some(format!(
        "recommended: {}, {}, {} dimensions: {why}{make}",
        rung.model,
        precision_name(rung.precision),
        rung.dimension
    ))
}

#[cfg(test)]
mod tests {
    use nigh_engine::models::EncoderSpeed;

    use super::*;

    #[test]
    fn models_are_called_by_what_sets_them_apart() {
        let rows = [
            ("features", "features"),
            ("models/mobilenet_v2_1.0_224.onnx", "mobilenet_v2_1.0_224"),
            ("/m/clip-vit-b-32/onnx/vision_model.onnx", "clip-vit-b-32"),
            ("/m/clip-vit-b-32/", "clip-vit-b-32"),
            ("model.onnx", "model"),
        ];
        for (model, expected) in rows {
            let rung = Rung {
                model: model.into(),
                precision: RungPrecision::Given,
                dimension: 1,
                parameters: 0,
                file_bytes: 0,
                weight_bytes: 0,
                embedding_bytes: 4,
                speed: EncoderSpeed {
                    p50_ms: 1.0,
                    p99_ms: 1.0,
                    images_per_second: 1.0,
                    cpu_ms: 1.0,
                },
                precision_at_10: None,
                recall_at_10: 1.0,
                million_images_price: 0.0,
                on_front: false,
            };
            assert_eq!(name(&rung), expected);
        }
    }
}
