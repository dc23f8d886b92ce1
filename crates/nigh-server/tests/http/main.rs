//! The server as a client sees it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod catalogs;
mod networks;
mod operations;
mod server;
