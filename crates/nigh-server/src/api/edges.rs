//! Friendships.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use nigh_engine::network::EdgeRow;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::search::within;
use crate::app::Shared;
use crate::caller::By;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::extract::{ApiJson, ApiPath, ApiQuery, objects};

/// Friendships.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edges {
    #[serde(deserialize_with = "objects::<_, _, 100_000>")]
    edges: Vec<EdgeBody>,
}

/// A friendship.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EdgeBody {
    a: String,
    b: String,
    /// Seconds since 1970; 0 where unknown.
    #[serde(default)]
    time: i64,
    #[schema(default = 1.0)]
    weight: Option<f32>,
}

/// What an addition did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EdgesWritten {
    /// Friendships that were not there.
    added: usize,
    /// Friendships that were there and have this time and weight now.
    updated: usize,
    /// People who came.
    people: usize,
    /// Always true: the change is on disk.
    durable: bool,
}

/// Adds friendships, all or none; people who are not there come.
#[utoipa::path(post, path = "/v1/networks/{name}/edges", operation_id = "add_edges", tag = "networks",
    params(("name" = String, Path, description = "The network")),
    request_body = Edges, responses((status = 200, description = "They are on disk", body = EdgesWritten),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn add(
    State(app): State<Shared>,
    ApiPath(name): ApiPath<String>,
    by: By,
    ApiJson(body): ApiJson<Edges>,
) -> ApiResult<Json<EdgesWritten>> {
    let network = app.collections.network(&name)?;
    within("edges", body.edges.len(), 1, app.config.limits.items)?;
    let row = |edge: EdgeBody| EdgeRow {
        a: edge.a,
        b: edge.b,
        time: edge.time,
        weight: edge.weight.unwrap_or(1.0),
    };
    let rows: Vec<EdgeRow> = body.edges.into_iter().map(row).collect();
    let add = move || {
        let added = network.change(|network| network.plan_edges(&rows))?;
        tracing::info!(target: "nigh::audit", key = by.key, request = by.request, network = network.name, edges = added.edges, "friendships added");
        Ok(EdgesWritten {
            added: added.edges,
            updated: added.updated,
            people: added.people,
            durable: true,
        })
    };
    app.networks.run(add).await.map(Json)
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct EdgeQuery {
    /// One end.
    a: String,
    /// The other end.
    b: String,
}

/// Removes a friendship.
#[utoipa::path(delete, path = "/v1/networks/{name}/edges", operation_id = "remove_edge", tag = "networks",
    params(("name" = String, Path, description = "The network"), EdgeQuery),
    responses((status = 204, description = "It is gone, on disk too"),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn remove(
    State(app): State<Shared>,
    ApiPath(name): ApiPath<String>,
    by: By,
    ApiQuery(edge): ApiQuery<EdgeQuery>,
) -> ApiResult<StatusCode> {
    let network = app.collections.network(&name)?;
    let remove = move || {
        let EdgeQuery { a, b } = edge;
        match network.change(|network| network.plan_removal(&a, &b))? {
            true => {
                tracing::info!(target: "nigh::audit", key = by.key, request = by.request, network = network.name, a, b, "friendship removed");
                Ok(StatusCode::NO_CONTENT)
            }
            false => {
                let message = format!("{a:?} and {b:?} are no friends");
                Err(ApiError::not_found("unknown_edge", message))
            }
        }
    };
    app.networks.run(remove).await
}
