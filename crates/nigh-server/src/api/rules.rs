//! Who is not to be shown to whom.

use axum::extract::State;
use axum::http::StatusCode;
use nigh_engine::network::RuleOf;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::Shared;
use crate::error::{ApiResult, ErrorBody};
use crate::extract::{ApiJson, ApiPath};

/// Somebody else.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Other {
    other: String,
}

/// Somebody is not suggested to somebody again.
#[utoipa::path(post, path = "/v1/networks/{name}/people/{id}/dismissals", tag = "networks",
    params(("name" = String, Path, description = "The network"), ("id" = String, Path, description = "The person")),
    request_body = Other, responses((status = 204, description = "It is on disk"),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn dismiss(
    State(app): State<Shared>,
    ApiPath((name, id)): ApiPath<(String, String)>,
    ApiJson(body): ApiJson<Other>,
) -> ApiResult<StatusCode> {
    let network = app.collections.network(&name)?;
    let dismiss = move || {
        network.change(|network| network.plan_rule(RuleOf::Dismissed(&id, &body.other)))?;
        tracing::info!(target: "nigh::audit", network = network.name, person = id, other = body.other, "dismiss");
        Ok(())
    };
    app.pool.run(dismiss).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a dismissal back.
#[utoipa::path(delete, path = "/v1/networks/{name}/people/{id}/dismissals/{other}", tag = "networks",
    params(("name" = String, Path, description = "The network"), ("id" = String, Path, description = "The person"),
        ("other" = String, Path, description = "Who was dismissed")),
    responses((status = 204, description = "There is none, on disk too"),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn undo_dismissal(
    State(app): State<Shared>,
    ApiPath((name, id, other)): ApiPath<(String, String, String)>,
) -> ApiResult<StatusCode> {
    let network = app.collections.network(&name)?;
    let undo = move || {
        if network.change(|network| network.plan_taking_back(RuleOf::Dismissed(&id, &other)))? {
            tracing::info!(target: "nigh::audit", network = network.name, person = id, other, "dismissal taken back");
        }
        Ok(())
    };
    app.pool.run(undo).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Two people are kept apart: neither is suggested to the other, nor named to them.
#[utoipa::path(post, path = "/v1/networks/{name}/people/{id}/blocks", tag = "networks",
    params(("name" = String, Path, description = "The network"), ("id" = String, Path, description = "The person")),
    request_body = Other, responses((status = 204, description = "It is on disk"),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn block(
    State(app): State<Shared>,
    ApiPath((name, id)): ApiPath<(String, String)>,
    ApiJson(body): ApiJson<Other>,
) -> ApiResult<StatusCode> {
    let network = app.collections.network(&name)?;
    let block = move || {
        network.change(|network| network.plan_rule(RuleOf::Blocked(&id, &body.other)))?;
        tracing::info!(target: "nigh::audit", network = network.name, person = id, other = body.other, "block");
        Ok(())
    };
    app.pool.run(block).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes back that the one blocked the other; where the other did so too, they stay apart.
#[utoipa::path(delete, path = "/v1/networks/{name}/people/{id}/blocks/{other}", tag = "networks",
    params(("name" = String, Path, description = "The network"), ("id" = String, Path, description = "The person"),
        ("other" = String, Path, description = "Who was blocked")),
    responses((status = 204, description = "There is none, on disk too"),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn unblock(
    State(app): State<Shared>,
    ApiPath((name, id, other)): ApiPath<(String, String, String)>,
) -> ApiResult<StatusCode> {
    let network = app.collections.network(&name)?;
    let unblock = move || {
        if network.change(|network| network.plan_taking_back(RuleOf::Blocked(&id, &other)))? {
            tracing::info!(target: "nigh::audit", network = network.name, person = id, other, "block taken back");
        }
        Ok(())
    };
    app.pool.run(unblock).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Somebody is suggested to nobody.
#[utoipa::path(post, path = "/v1/networks/{name}/people/{id}/opt-out", tag = "networks",
    params(("name" = String, Path, description = "The network"), ("id" = String, Path, description = "The person")),
    responses((status = 204, description = "It is on disk"),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn opt_out(
    State(app): State<Shared>,
    ApiPath((name, id)): ApiPath<(String, String)>,
) -> ApiResult<StatusCode> {
    let network = app.collections.network(&name)?;
    let opt_out = move || {
        network.change(|network| network.plan_rule(RuleOf::OptedOut(&id)))?;
        tracing::info!(target: "nigh::audit", network = network.name, person = id, "opt-out");
        Ok(())
    };
    app.pool.run(opt_out).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Somebody may be suggested again.
#[utoipa::path(delete, path = "/v1/networks/{name}/people/{id}/opt-out", tag = "networks",
    params(("name" = String, Path, description = "The network"), ("id" = String, Path, description = "The person")),
    responses((status = 204, description = "It is on disk"),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn opt_in(
    State(app): State<Shared>,
    ApiPath((name, id)): ApiPath<(String, String)>,
) -> ApiResult<StatusCode> {
    let network = app.collections.network(&name)?;
    let opt_in = move || {
        if network.change(|network| network.plan_taking_back(RuleOf::OptedOut(&id)))? {
            tracing::info!(target: "nigh::audit", network = network.name, person = id, "opt-out taken back");
        }
        Ok(())
    };
    app.pool.run(opt_in).await?;
    Ok(StatusCode::NO_CONTENT)
}
