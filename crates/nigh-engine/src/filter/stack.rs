//! A stack that is deep enough whoever calls.
//!
//! The SQL parser recurses, by about 25 KB a level where it is greediest (measured, optimised),
//! and a long chain of operators is a deep tree, whose dropping recurses too. How much stack the
//! caller has left is not known: a server's worker has 2 MiB, a Python thread on macOS half of
//! one. A thread of its own costs about 50 µs a filter and makes the limits in `parse` hold.

use std::{io, panic, thread};

/// Reserved, not used: the system gives pages as they are touched.
const STACK_BYTES: usize = 32 << 20;

/// Runs the work on such a stack.
///
/// # Errors
/// When the system gives no thread.
pub(super) fn run<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let builder = thread::Builder::new().name("filter".to_owned());
        let thread = builder.stack_size(STACK_BYTES).spawn_scoped(scope, work)?;
        // A panic of the work is the caller's.
        Ok(thread
            .join()
            .unwrap_or_else(|reason| panic::resume_unwind(reason)))
    })
}
