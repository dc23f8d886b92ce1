//! `nigh catalog import`.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context, Result};
use nigh_encode::Encoder;
use nigh_engine::source::{Plan, SourceOptions};
use nigh_engine::{CatalogWriter, EncoderRequest, ImportOptions, ImportReport};
use nigh_store::Precision;

use crate::cli::{ColumnArgs, ImportArgs, PrecisionName};
use crate::encoder;
use crate::interrupt;
use crate::output::{Exit, Output};
use crate::progress::Progress;

pub(crate) fn run(args: &ImportArgs, threads: usize, output: Output) -> Result<Exit> {
    let plan = nigh_engine::source::plan(&args.sources, &source_options(&args.columns))?;
    let progress = Progress::new(args.progress, output.quiet, plan.estimated_items());
    plan.describe()
        .iter()
        .for_each(|line| progress.note(output, line));
    let request = encoder::request(&args.encoder, 1)?;
    let options = ImportOptions {
        threads,
        keep_images: args.keep_images,
        commit_items: args.commit_items as usize,
        ..ImportOptions::default()
    };
    let stop = interrupt::flag()?;
    let precision = args.precision.map(PrecisionName::precision);
    let kept = (&request, precision);
    let report = import(&args.into, &plan, kept, &options, &stop, progress, output)?;
    if args.json {
        output.json(&report)?;
    } else {
        summary(&report, &args.into)
            .iter()
            .try_for_each(|line| output.line(line))?;
    }
    Ok(exit(&report, args.strict))
}

/// Imports `plan` into the collection at `dir`, made where there is none.
pub(crate) fn import(
    dir: &Path,
    plan: &Plan,
    (request, precision): (&EncoderRequest, Option<Precision>),
    options: &ImportOptions,
    stop: &AtomicBool,
    mut progress: Progress,
    output: Output,
) -> Result<ImportReport> {
    let (writer, encoder) = CatalogWriter::open_or_create_narrow(dir, request, precision)?;
    progress.note(output, &format!("encoder: {}", encoder.fingerprint()));
    for guess in assumed(&encoder) {
        progress.note(
            output,
            &format!("  assumed, as nothing says otherwise: {guess}"),
        );
    }
    let report = writer.import(plan, &encoder, options, stop, &mut |event| {
        progress.show(event)
    });
    progress.finish();
    let report =
        report.with_context(|| format!("the import into {} ended early", dir.display()))?;
    if report.interrupted {
        progress.note(output, "interrupted: run the same command again to go on");
    }
    Ok(report)
}

/// What a model's sidecar does not say: a wrong guess makes worse embeddings,
/// not errors, so a person should see it.
fn assumed(encoder: &Encoder) -> &[String] {
    match encoder {
        Encoder::Features(_) => &[],
        Encoder::Onnx(model) => model.assumed(),
    }
}

pub(crate) fn source_options(columns: &ColumnArgs) -> SourceOptions {
    SourceOptions {
        id: columns.id.clone(),
        image: columns.image.clone(),
        columns: columns.columns.clone(),
        attributes: columns.attributes.clone(),
        item_per_folder: columns.item_per_folder,
    }
}

/// What was done, and which stage it waited for most.
pub(crate) fn summary(report: &ImportReport, dir: &Path) -> Vec<String> {
    let counts = &report.counts;
    let seconds = Duration::from_secs_f64(report.seconds);
    let mut lines = vec![format!(
        "{} items written ({} of them updated), {} unchanged, {} rejected in {:.1} s: {:.0} items/s",
        counts.items,
        counts.updated,
        counts.unchanged,
        counts.rejected,
        seconds.as_secs_f64(),
        report.items_per_second
    )];
    lines.extend(report.stages.iter().map(|stage| {
        format!(
            "  {:8} {:>9} in {:>7.2} s on {} thread(s): up to {:>9.0}/s",
            stage.stage, stage.count, stage.busy_seconds, stage.threads, stage.per_second
        )
    }));
    lines.extend(report.widened.iter().cloned());
    lines.extend(
        report
            .rejects_file
            .as_ref()
            .map(|path| format!("rejects, with reasons: {}", path.display())),
    );
    lines.push(format!(
        "{} now holds {} items",
        dir.display(),
        report.collection_items
    ));
    lines
}

fn exit(report: &ImportReport, strict: bool) -> Exit {
    if report.interrupted {
        Exit::Interrupted
    } else if strict && report.counts.rejected > 0 {
        Exit::Rejects
    } else {
        Exit::Done
    }
}
