//! Which image models are there, and are their files whole?
//!
//! `nigh-models` holds a table of [`known()`] models (where they are published, what they give,
//! under which licence), the folder in which a machine keeps its models ([`ModelsFolder`]) and,
//! with the feature `hub`, the way there from the Hugging Face hub.
//!
//! This crate **is**
//! - the keeper of a folder of models: one folder each, with a [`Manifest`] of sources, sizes and
//!   checksums;
//! - a downloader that resumes, checks what it got, and shows a folder only when it is whole.
//!
//! This crate **is not**
//! - a runner or reader of models: what a file means is `nigh-encode`'s;
//! - a mirror of the hub's whole interface.
#![forbid(unsafe_code)]

mod checksum;
mod folder;
#[cfg(feature = "hub")]
pub mod hub;
mod known;
mod manifest;
mod near;
mod verify;

pub use checksum::Checksum;
pub use folder::{FolderError, ModelsFolder, Present};
pub use known::{KnownModel, known, known_model, near_names};
pub use manifest::{Manifest, ManifestFile};
pub use verify::{FileState, verify};
