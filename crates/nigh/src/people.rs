//! `nigh people …`.

pub(crate) mod bench;
pub(crate) mod changes;
pub(crate) mod eval;
pub(crate) mod import;
pub(crate) mod partition;
pub(crate) mod stats;
mod stream;
pub(crate) mod suggest;
pub(crate) mod train;

use nigh_engine::network::{NetworkError, PeopleError};

use crate::output::Exit;

/// The exit code of an error of these commands.
pub(crate) fn exit_of(error: &anyhow::Error) -> Option<Exit> {
    let people = error.chain().find_map(|cause| match cause.downcast_ref() {
        Some(NetworkError::People(error)) => Some(error),
        _ => cause.downcast_ref::<PeopleError>(),
    });
    matches!(people, Some(PeopleError::Unknown { .. })).then_some(Exit::NotFound)
}
