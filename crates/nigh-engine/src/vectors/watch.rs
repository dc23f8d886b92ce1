//! How long work shows where it is, and is stopped.

use std::sync::atomic::{AtomicBool, Ordering};

/// Watches long work.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Set from outside to end the work at the next block.
    pub stop: &'a AtomicBool,
    /// Called with the number of rows (of a file) or settings (of a sweep) done since the last call.
    pub done: &'a dyn Fn(u64),
}

impl Watch<'_> {
    pub(crate) fn advance(&self, done: usize) -> Result<(), Stopped> {
        (self.done)(done as u64);
        match self.stop.load(Ordering::Relaxed) {
            true => Err(Stopped),
            false => Ok(()),
        }
    }
}

/// The work was asked to stop, and did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("interrupted")]
pub struct Stopped;
