//! `nigh model …`: one file for each command.

pub(crate) mod list;
