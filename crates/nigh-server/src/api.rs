//! The resources under `/v1`.

use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Shared;

pub(crate) mod collections;
mod edges;
pub(crate) mod embeddings;
pub(crate) mod events;
pub(crate) mod items;
pub(crate) mod operations;
pub(crate) mod people;
pub(crate) mod pipeline;
mod rules;
pub(crate) mod search;
mod vector;

/// All routes, and the document that describes them.
pub(crate) fn router() -> (axum::Router<Shared>, OpenApi) {
    OpenApiRouter::with_openapi(crate::openapi::frame())
        .routes(routes!(collections::list))
        .routes(routes!(
            collections::create_catalog,
            collections::delete_catalog
        ))
        .routes(routes!(
            collections::create_network,
            collections::delete_network
        ))
        .routes(routes!(items::list, items::write::put_many))
        .routes(routes!(items::get, items::write::put, items::write::delete))
        .routes(routes!(items::image))
        .routes(routes!(search::search))
        .routes(routes!(pipeline::get, pipeline::put, pipeline::delete))
        .routes(routes!(people::list))
        .routes(routes!(people::get, people::put, people::erase))
        .routes(routes!(people::suggestions))
        .routes(routes!(people::neighborhood))
        .routes(routes!(rules::dismiss))
        .routes(routes!(rules::undo_dismissal))
        .routes(routes!(rules::block))
        .routes(routes!(rules::unblock))
        .routes(routes!(rules::opt_out, rules::opt_in))
        .routes(routes!(edges::add, edges::remove))
        .routes(routes!(embeddings::create))
        .routes(routes!(events::append))
        .routes(routes!(operations::operations))
        .split_for_parts()
}
