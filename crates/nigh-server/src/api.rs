//! The resources under `/v1`.

use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::Shared;

pub(crate) mod collections;
pub(crate) mod embeddings;
pub(crate) mod events;
pub(crate) mod items;
pub(crate) mod operations;
pub(crate) mod people;
pub(crate) mod search;

/// All routes, and the document that describes them.
pub(crate) fn router() -> (axum::Router<Shared>, OpenApi) {
    OpenApiRouter::with_openapi(crate::openapi::frame())
        .routes(routes!(collections::list))
        .routes(routes!(items::list, items::put_many))
        .routes(routes!(items::get, items::put, items::delete))
        .routes(routes!(items::image))
        .routes(routes!(search::search))
        .routes(routes!(people::list))
        .routes(routes!(people::get, people::put, people::erase))
        .routes(routes!(people::suggestions))
        .routes(routes!(people::neighborhood))
        .routes(routes!(people::dismiss))
        .routes(routes!(people::block))
        .routes(routes!(people::opt_out))
        .routes(routes!(people::add_edges, people::remove_edge))
        .routes(routes!(embeddings::create))
        .routes(routes!(events::append))
        .routes(routes!(operations::operations))
        .split_for_parts()
}
