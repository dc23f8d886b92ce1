//! The server as a client sees it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it skips"
)]

mod bulk;
mod catalogs;
mod collections;
mod connections;
mod document;
mod keys;
mod networks;
mod operations;
mod page;
mod pipelines;
mod server;
#[cfg(feature = "tls")]
mod tls;
