//! How far long work is, on a terminal.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use nigh_engine::vectors::Watch;

use crate::interrupt;
use crate::output::Output;

/// A bar where somebody looks, and the flag that Ctrl-C sets.
pub(crate) struct Bars {
    stop: Arc<AtomicBool>,
    shown: bool,
}

const TEMPLATE: &str = "{msg} {bar:32} {pos}/{len} rows · {per_sec} · {eta} left";
const TEMPLATE_UNKNOWN: &str = "{msg} {spinner} {pos} measured · {elapsed}";

impl Bars {
    pub(crate) fn new(output: Output) -> Result<Bars> {
        Ok(Bars {
            stop: interrupt::flag()?,
            shown: std::io::stderr().is_terminal() && !output.quiet,
        })
    }

    /// Runs one piece of work under a bar of `expected` rows (0: unknown).
    pub(crate) fn run<T>(
        &self,
        what: &'static str,
        expected: usize,
        work: impl FnOnce(&Watch<'_>) -> T,
    ) -> T {
        let bar = match self.shown {
            true => new_bar(what, expected as u64),
            false => ProgressBar::hidden(),
        };
        let watch = Watch {
            stop: &self.stop,
            done: &|done| bar.inc(done),
        };
        let result = work(&watch);
        bar.finish_and_clear();
        result
    }
}

fn new_bar(what: &'static str, expected: u64) -> ProgressBar {
    let (bar, template) = match expected {
        0 => (ProgressBar::new_spinner(), TEMPLATE_UNKNOWN),
        rows => (ProgressBar::new(rows), TEMPLATE),
    };
    bar.set_style(
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    bar.set_message(what);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
