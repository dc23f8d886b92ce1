//! `nigh catalog reencode`.

use anyhow::{Result, bail};
use nigh_engine::generation::{
    EmbeddingsError, ReencodeEvent, ReencodeOptions, ReencodeReport, Reencoding, reencode, rollback,
};
use serde_json::json;

use super::embeddings::{end, print_back};
use crate::cli::{PrecisionName, ProgressStyle, ReencodeArgs};
use crate::output::{Exit, Output};
use crate::{encoder, interrupt};

pub(crate) fn run(args: &ReencodeArgs, output: Output) -> Result<Exit> {
    if let Some(exit) = end(&args.dir, &args.kept, args.json, output)? {
        return Ok(exit);
    }
    if args.encoder.encoder.is_none() && !args.kept.rollback {
        bail!("--encoder says which encoder is to make the new embeddings");
    }
    let options = ReencodeOptions {
        precision: args.precision.map(PrecisionName::precision),
        images: args.images.clone(),
        allow_missing: args.allow_missing,
        ..ReencodeOptions::default()
    };
    let stop = interrupt::flag()?;
    let run = Reencoding {
        stop: &stop,
        on_event: &mut |event| show(&event, args.progress, output),
    };
    let done = match args.kept.rollback {
        true => rollback(&args.dir, args.encoder.runtime, &options, run),
        false => {
            let request = encoder::request(&args.encoder, 1)?;
            reencode(&args.dir, &request, &options, run)
        }
    };
    let report = match done {
        Err(EmbeddingsError::Stopped(_)) => {
            output.note("interrupted: run the same command again to go on");
            return Ok(Exit::Interrupted);
        }
        done => done?,
    };
    match (args.kept.rollback, args.json) {
        (true, json) => print_back(&report, json, output)?,
        (_, true) => output.json(&report)?,
        _ => print(&report, output)?,
    }
    Ok(Exit::Done)
}

/// Lines on standard error: objects for programs, sentences for people.
fn show(event: &ReencodeEvent, style: ProgressStyle, output: Output) {
    match (event, style) {
        (_, ProgressStyle::None) => {}
        (
            ReencodeEvent::Progress {
                encoded,
                unreadable,
            },
            ProgressStyle::Json,
        ) => {
            output.note(json!({"encoded": encoded, "unreadable": unreadable}).to_string());
        }
        (
            ReencodeEvent::Progress {
                encoded,
                unreadable,
            },
            _,
        ) => output.note(format!(
            "{encoded} items encoded, {unreadable} whose pictures cannot be read"
        )),
        (ReencodeEvent::Waiting(held), _) => output.note(format!("waiting: {held}")),
        (ReencodeEvent::Publishing(items), _) => output.note(format!(
            "building the index of {items} items: searches go on, imports wait"
        )),
    }
}

fn print(report: &ReencodeReport, output: Output) -> Result<()> {
    output.line(format!(
        "{} items are searched by {} from now on: {} encoded in {:.1} s, {} without embeddings",
        report.items, report.encoder, report.encoded, report.seconds, report.missing
    ))?;
    if let Some(path) = &report.rejects_file {
        output.line(format!("these, with reasons: {}", path.display()))?;
    }
    output.note(
        "the embeddings of before are kept: --rollback goes back to them, --drop-old frees them",
    );
    Ok(())
}
