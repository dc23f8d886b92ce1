//! The items of a catalog.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use utoipa::{IntoParams, ToSchema};

use super::search::{Facet, facets_out, within};
use crate::app::Shared;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::extract::{ApiPath, ApiQuery};
use crate::values::AttributesOut;

mod lines;
mod new;
pub(crate) mod write;

/// An item as it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ItemOut {
    id: String,
    #[schema(value_type = serde_json::Map<String, serde_json::Value>)]
    attributes: AttributesOut,
    /// The names of its pictures.
    images: Vec<String>,
}

/// Some items.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ItemsOut {
    items: Vec<ItemOut>,
    /// How many pass.
    total: usize,
    /// For each attribute asked for, the values of all that pass: the most frequent first.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    facets: BTreeMap<String, Vec<Facet>>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    /// Items before the page.
    #[serde(default)]
    offset: usize,
    /// Items of the page.
    #[param(default = 20, minimum = 1)]
    limit: Option<usize>,
    /// Only items of which this is true.
    #[serde(rename = "where")]
    condition: Option<String>,
    /// Attributes whose values are counted over all that pass: `gender,price`.
    facets: Option<String>,
}

const DEFAULT_PAGE: usize = 20;

/// Items, in the order in which they were first imported.
#[utoipa::path(get, path = "/v1/catalogs/{name}/items", operation_id = "list_items", tag = "catalogs",
    params(("name" = String, Path, description = "The catalog"), Page),
    responses((status = 200, description = "Some items", body = ItemsOut),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<Shared>,
    ApiPath(name): ApiPath<String>,
    ApiQuery(page): ApiQuery<Page>,
) -> ApiResult<Json<ItemsOut>> {
    let catalog = app.collections.catalog(&name)?;
    let limit = page.limit.unwrap_or(DEFAULT_PAGE);
    within("limit", limit, 1, app.config.limits.k)?;
    let facets = page.facets.as_deref().unwrap_or_default().split(',');
    let facets: Vec<String> = facets
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    within("facets", facets.len(), 0, app.config.limits.parts)?;
    let list = move || {
        let open = catalog.live.read()?;
        let filter = page
            .condition
            .as_deref()
            .map(|text| open.filter(text))
            .transpose()?;
        let (items, total) = open.list(filter.as_ref(), page.offset, limit)?;
        Ok(ItemsOut {
            items: items.into_iter().map(item_out).collect(),
            total,
            facets: facets_out(open.facets(filter.as_ref(), &facets)?),
        })
    };
    app.pool.run(list).await.map(Json)
}

/// One item.
#[utoipa::path(get, path = "/v1/catalogs/{name}/items/{id}", operation_id = "get_item", tag = "catalogs",
    params(("name" = String, Path, description = "The catalog"), ("id" = String, Path, description = "The item")),
    responses((status = 200, description = "The item", body = ItemOut),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn get(
    State(app): State<Shared>,
    ApiPath((name, id)): ApiPath<(String, String)>,
) -> ApiResult<Json<ItemOut>> {
    let catalog = app.collections.catalog(&name)?;
    let get = move || Ok(item_out(catalog.live.read()?.get(&id)?));
    app.pool.run(get).await.map(Json)
}

fn item_out(item: nigh_engine::ItemSummary) -> ItemOut {
    ItemOut {
        attributes: AttributesOut(item.attributes),
        id: item.id,
        images: item.images.into_iter().map(|(name, _)| name).collect(),
    }
}

/// A picture of an item, as its file came.
#[utoipa::path(get, path = "/v1/catalogs/{name}/items/{id}/images/{image}", operation_id = "get_item_image", tag = "catalogs",
    params(("name" = String, Path, description = "The catalog"), ("id" = String, Path, description = "The item"),
        ("image" = String, Path, description = "The picture's name")),
    responses((status = 200, description = "The picture's file", content((Vec<u8> = "image/*"), (Vec<u8> = "application/octet-stream"))),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn image(
    State(app): State<Shared>,
    ApiPath((name, id, image)): ApiPath<(String, String, String)>,
) -> ApiResult<Response> {
    let catalog = app.collections.catalog(&name)?;
    let find = move || {
        let bytes = catalog.live.read()?.image_bytes(&id, &image);
        bytes.ok_or_else(|| {
            let message = format!(
                "item {id:?} has no picture {image:?}, or it is not where it was imported from any more"
            );
            ApiError::not_found("unknown_image", message)
        })
    };
    let bytes = app.pool.run(find).await?;
    // Only what is known to be a picture is said to be one: a browser runs scripts of other files.
    let kind = match nigh_encode::Format::of(&bytes) {
        Some(format) => format.media_type(),
        None => "application/octet-stream",
    };
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "private, max-age=60"),
    ];
    Ok((headers, bytes).into_response())
}
