//! An import's events as a bar, as JSON lines, or not at all.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle as BarStyle};
use nigh_engine::{Counts, ImportEvent};
use serde_json::{Value, json};

use crate::cli::ProgressStyle;
use crate::output::Output;

/// Shows an import's events.
pub(crate) enum Progress {
    Bar(ProgressBar),
    Json,
    None,
}

const TEMPLATE: &str = "{bar:32} {pos}/{len} items · {per_sec} · {eta} left{msg}";
const TEMPLATE_UNKNOWN: &str = "{spinner} {pos} items · {per_sec} · {elapsed}{msg}";

impl Progress {
    /// `expected` items, where the source says how many (0: unknown).
    pub(crate) fn new(style: ProgressStyle, quiet: bool, expected: u64) -> Self {
        let bar = std::io::stderr().is_terminal() && !quiet;
        match style {
            ProgressStyle::Json => Self::Json,
            ProgressStyle::Auto if bar => Self::Bar(new_bar(expected)),
            ProgressStyle::Bar => Self::Bar(new_bar(expected)),
            ProgressStyle::Auto | ProgressStyle::None => Self::None,
        }
    }

    pub(crate) fn show(&mut self, event: ImportEvent<'_>) {
        match (self, event) {
            (Self::Bar(bar), ImportEvent::Progress(counts)) => show_counts(bar, counts),
            (Self::Bar(bar), ImportEvent::Publishing(items)) => {
                bar.set_message(format!(" · indexing {items} items"))
            }
            (Self::Json, event) => print_json(&event),
            (Self::Bar(_) | Self::None, _) => {}
        }
    }

    /// A sentence beside the events, in their form.
    pub(crate) fn note(&self, output: Output, text: &str) {
        match self {
            Self::Bar(bar) if !output.quiet => bar.suspend(|| output.note(text)),
            Self::Json => print_line(&json!({"event": "note", "text": text})),
            Self::Bar(_) | Self::None => output.note(text),
        }
    }

    /// Takes the bar off the screen.
    pub(crate) fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

fn new_bar(expected: u64) -> ProgressBar {
    let (bar, template) = match expected {
        0 => (ProgressBar::new_spinner(), TEMPLATE_UNKNOWN),
        items => (ProgressBar::new(items), TEMPLATE),
    };
    bar.set_style(BarStyle::with_template(template).unwrap_or_else(|_| BarStyle::default_bar()));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn show_counts(bar: &ProgressBar, counts: Counts) {
    bar.set_position(counts.items + counts.unchanged + counts.rejected);
    if counts.rejected > 0 {
        bar.set_message(format!(" · {} rejected", counts.rejected));
    }
}

/// One object a line. A commit is printed after it is durable: the line is the
/// acknowledgement.
fn print_json(event: &ImportEvent<'_>) {
    let line = match event {
        ImportEvent::Commit { sequence, ids } => {
            json!({"event": "commit", "sequence": sequence, "ids": ids})
        }
        ImportEvent::Publishing(items) => json!({"event": "publishing", "items": items}),
        ImportEvent::Progress(_) => return,
    };
    print_line(&line);
}

fn print_line(line: &Value) {
    // One write, so that a line is whole or absent. Standard error may be
    // closed; the import goes on without a listener.
    let _ = std::io::stderr().write_all(format!("{line}\n").as_bytes());
}
