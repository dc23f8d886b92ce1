//! `nigh model …`: one file for each command.

pub(crate) mod ladder;
pub(crate) mod list;
mod picture;
pub(crate) mod quantize;
mod sample;
