//! `nigh catalog …`: one file for each command.

use nigh_engine::SearchError;

use crate::output::Exit;

pub(crate) mod copies;
pub(crate) mod embeddings;
pub(crate) mod eval;
pub(crate) mod growth;
pub(crate) mod import;
pub(crate) mod info;
pub(crate) mod items;
pub(crate) mod pipeline;
pub(crate) mod query;
pub(crate) mod reencode;
pub(crate) mod search;
pub(crate) mod tune;

/// The exit code of a failure: an id that does not exist is no broken collection.
pub(crate) fn exit_of(error: &anyhow::Error) -> Exit {
    let not_found = error
        .chain()
        .any(|cause| matches!(cause.downcast_ref(), Some(SearchError::UnknownId(_))));
    if not_found {
        Exit::NotFound
    } else {
        Exit::Failed
    }
}
