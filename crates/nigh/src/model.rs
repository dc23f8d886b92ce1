//! `nigh model …`: one file for each command.

pub(crate) mod info;
pub(crate) mod ladder;
pub(crate) mod list;
mod picture;
#[cfg(feature = "hub")]
pub(crate) mod pull;
pub(crate) mod quantize;
pub(crate) mod rm;
mod sample;
pub(crate) mod verify;
