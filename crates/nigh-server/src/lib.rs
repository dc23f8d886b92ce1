//! Catalogs and networks over HTTP, with a web page.
//!
//! `nigh-server` opens collections for this process alone to write ([`Server::open`]) and answers requests about them ([`Server::run`]):
//! searches, suggestions, changes, embeddings and events under `/v1`, a page for people at `/`, counters at `/metrics`.
//!
//! This crate **is**
//! - the wire: JSON in and out, keys, limits, one shape of errors, the OpenAPI document ([`openapi::document`]);
//! - where the engine's work waits for a thread, and pictures for a batch.
//!
//! This crate **is not**
//! - an algorithm: what it answers was computed by `nigh-engine`;
//! - a command line: it reads no flags and prints nothing.
//!
//! ```no_run
//! use std::sync::Arc;
//! use std::sync::atomic::AtomicBool;
//!
//! use nigh_server::{Keys, Server, ServerConfig};
//!
//! let config = ServerConfig::default();
//! let server = Server::open(config, Keys::default(), Default::default(), &["shop".into()])?;
//! server.run(&Arc::new(AtomicBool::new(false)), |address| drop(address))?;
//! # Ok::<(), nigh_server::ServeError>(())
//! ```
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails by panicking"))]

mod api;
mod app;
mod authorize;
mod bodies;
mod cache;
mod caller;
mod collections;
mod config;
mod connections;
mod data_folder;
mod encoders;
mod error;
mod events;
mod exposition;
mod extract;
mod fetch;
mod health;
mod incoming;
mod keys;
mod metrics;
pub mod openapi;
mod page;
mod pool;
mod serve;
mod tls;
mod values;
mod watch;

pub use config::{Batching, Caches, Fetch, Limits, ServerConfig};
pub use fetch::BadHost;
pub use keys::{Access, Expected, Keys, KeysError};
pub use serve::{ServeError, Server};
pub use tls::TlsError;
