//! The only place that prints: results on standard output, everything else on
//! standard error.

use std::io::Write;

use anyhow::Result;
use serde::Serialize;

/// Why the program ends, as a number for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// It failed; standard error says why.
    Failed = 1,
    /// `--strict`, and something was rejected.
    Rejects = 3,
    /// What was asked for by id is not there.
    NotFound = 4,
    /// Stopped by Ctrl-C; what was acknowledged is kept.
    Interrupted = 130,
}

/// Where results and notes go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// No notes.
    pub(crate) quiet: bool,
}

impl Output {
    /// A line of the result.
    pub(crate) fn line(self, text: impl AsRef<str>) -> Result<()> {
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_ref().as_bytes())?;
        Ok(out.write_all(b"\n")?)
    }

    /// The result as one JSON object.
    pub(crate) fn json(self, value: &impl Serialize) -> Result<()> {
        self.line(serde_json::to_string(value)?)
    }

    /// Something a person should know beside the result.
    pub(crate) fn note(self, text: impl AsRef<str>) {
        if !self.quiet {
            print_error(text.as_ref());
        }
    }

    /// A failure: printed even when quiet.
    pub(crate) fn error(self, error: &anyhow::Error) {
        print_error(&format!("nigh: {}", sentence(error)));
    }
}

/// Standard error may be closed; then nobody can be told.
fn print_error(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// The chain of causes as one sentence, without a cause that only repeats.
fn sentence(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.contains(&cause) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause);
    }
    text
}

/// True where `error` says that nobody reads standard output any more: `nigh … | head`.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<std::io::Error>());
    io.is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
}
