//! `nigh model pull`.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use anyhow::Result;
use bytesize::ByteSize;
use indicatif::{ProgressBar, ProgressStyle as BarStyle};
use nigh_models::hub::{Hub, HubError, HubSettings, PullEvent, PullRequest, Pulled, pull};
use nigh_models::{ModelsFolder, known_model};
use serde_json::json;

use crate::cli::ProgressStyle;
use crate::cli::model::PullArgs;
use crate::interrupt;
use crate::output::{Exit, Output};

pub(crate) fn run(args: &PullArgs, output: Output) -> Result<Exit> {
    let request = PullRequest {
        revision: args.revision.clone(),
        files: args.file.clone(),
        text: args.text,
        ..PullRequest::of(&args.model)?
    };
    let mut settings = HubSettings::from_env();
    settings.offline |= args.offline;
    let folder = ModelsFolder::from_env()?;
    let hub = Hub::new(settings)?;
    let stop = interrupt::flag()?;
    let mut progress = Progress::new(args.progress, output);
    let result = pull(&folder, &hub, &request, &stop, &mut |event| {
        progress.show(&event)
    });
    progress.finish();
    match result {
        Ok(pulled) => report(args, &request, &pulled, output),
        Err(HubError::Stopped) => {
            output.note(HubError::Stopped.to_string());
            Ok(Exit::Interrupted)
        }
        Err(error) => Err(error.into()),
    }
}

fn report(args: &PullArgs, request: &PullRequest, pulled: &Pulled, output: Output) -> Result<Exit> {
    let Pulled {
        path,
        manifest,
        fetched,
    } = pulled;
    let known = known_model(&request.name).map(|known| known.licence.to_owned());
    let licence = known.or_else(|| manifest.licence.clone());
    if args.json {
        output.json(&json!({
            "name": request.name,
            "path": path,
            "fetched": fetched,
            "bytes": manifest.bytes(),
            "licence": licence,
            "manifest": manifest,
        }))?;
        return Ok(Exit::Done);
    }
    let done = match fetched {
        true => "is here",
        false => "was here already",
    };
    output.line(format!(
        "{} {done}: {} in {} files, {}, licence {}",
        request.name,
        ByteSize::b(manifest.bytes()).display().si(),
        manifest.files.len(),
        path.display(),
        licence.as_deref().unwrap_or("not stated")
    ))?;
    output.note(format!(
        "commit {}; use it with --encoder {}",
        manifest.commit, request.name
    ));
    Ok(Exit::Done)
}

/// A pull's events as a bar, as JSON lines, or not at all.
struct Progress {
    bar: ProgressBar,
    json: bool,
    output: Output,
    /// Bytes that were there when the first request was made.
    begun: bool,
}

const TEMPLATE: &str = "{bar:32} {bytes}/{total_bytes} · {bytes_per_sec} · {eta} left{msg}";

impl Progress {
    fn new(style: ProgressStyle, output: Output) -> Progress {
        let seen = std::io::stderr().is_terminal() && !output.quiet;
        let bar = match style {
            ProgressStyle::Bar => ProgressBar::new(0),
            ProgressStyle::Auto if seen => ProgressBar::new(0),
            _ => ProgressBar::hidden(),
        };
        bar.set_style(
            BarStyle::with_template(TEMPLATE).unwrap_or_else(|_| BarStyle::default_bar()),
        );
        Progress {
            bar,
            json: style == ProgressStyle::Json,
            output,
            begun: false,
        }
    }

    fn show(&mut self, event: &PullEvent<'_>) {
        if self.json {
            return print_json(event);
        }
        match event {
            PullEvent::Listed { bytes, .. } => {
                self.bar.set_length(*bytes);
                self.bar.enable_steady_tick(Duration::from_millis(200));
            }
            PullEvent::Bytes(bytes) => {
                self.bar.set_position(*bytes);
                // The rate is of what is fetched now, not of an earlier try's part.
                if !self.begun {
                    self.bar.reset_eta();
                    self.begun = true;
                }
            }
            PullEvent::File { path, .. } => self.bar.set_message(format!(" · {path}")),
            PullEvent::Again { error, pause } => {
                self.note(&format!("{error}; again in {:.0} s", pause.as_secs_f64()));
            }
            PullEvent::Unchecked { path } => {
                self.note(&format!(
                    "{path}: the hub gave no checksum, only its length was checked"
                ));
            }
        }
    }

    fn note(&self, text: &str) {
        self.bar.suspend(|| self.output.note(text));
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn print_json(event: &PullEvent<'_>) {
    let line = match event {
        PullEvent::Listed {
            commit,
            files,
            bytes,
        } => {
            json!({"event": "listed", "commit": commit, "files": files, "bytes": bytes})
        }
        PullEvent::File {
            path,
            bytes,
            fetched,
        } => {
            json!({"event": "file", "path": path, "bytes": bytes, "fetched": fetched})
        }
        PullEvent::Again { error, pause } => {
            json!({"event": "again", "text": error.to_string(), "pause_seconds": pause.as_secs_f64()})
        }
        PullEvent::Unchecked { path } => json!({"event": "unchecked", "path": path}),
        PullEvent::Bytes(_) => return,
    };
    // Standard error may be closed; the pull goes on without a listener.
    let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}
