//! Who is not to be shown to whom.

use axum::extract::State;
use axum::http::StatusCode;
use nigh_engine::network::{Network, RuleOf};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::Shared;
use crate::caller::By;
use crate::error::{ApiResult, ErrorBody};
use crate::extract::{ApiJson, ApiPath};

/// Somebody else.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Other {
    other: String,
}

/// A kind of rule: its name in the log, and the rule about somebody and somebody else.
#[derive(Clone, Copy)]
struct Kind {
    word: &'static str,
    rule: for<'a> fn(&'a str, &'a str) -> RuleOf<'a>,
}

const DISMISSAL: Kind = Kind {
    word: "dismissal",
    rule: |id, other| RuleOf::Dismissed(id, other),
};
const BLOCK: Kind = Kind {
    word: "block",
    rule: |id, other| RuleOf::Blocked(id, other),
};
const OPT_OUT: Kind = Kind {
    word: "opt-out",
    rule: |id, _| RuleOf::OptedOut(id),
};

/// Somebody, and somebody else where the rule is about two.
type People = (String, Option<String>);

#[derive(Clone, Copy)]
enum Step {
    LayDown,
    TakeBack,
}

async fn change(
    app: Shared,
    name: String,
    people: People,
    kind: Kind,
    step: Step,
    by: By,
) -> ApiResult<StatusCode> {
    let network = app.collections.network(&name)?;
    let change = move || {
        let (id, other) = (&people.0, people.1.as_deref());
        let rule = (kind.rule)(id, other.unwrap_or_default());
        let (changed, what) = match step {
            Step::LayDown => {
                network.change(|network| network.plan_rule(rule))?;
                (true, "")
            }
            Step::TakeBack => {
                let plan = |network: &Network| network.plan_taking_back(rule);
                (network.change(plan)?, " taken back")
            }
        };
        if changed {
            tracing::info!(target: "nigh::audit", key = by.key, request = by.request, network = network.name, person = id, other, "{}{what}", kind.word);
        }
        Ok(())
    };
    app.networks.run(change).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Somebody is not suggested to somebody again.
#[utoipa::path(post, path = "/v1/networks/{name}/people/{id}/dismissals", tag = "networks",
    params(("name" = String, Path, description = "The network"), ("id" = String, Path, description = "The person")),
    request_body = Other, responses((status = 204, description = "It is on disk"),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn dismiss(
    State(app): State<Shared>,
    ApiPath((name, id)): ApiPath<(String, String)>,
    by: By,
    ApiJson(body): ApiJson<Other>,
) -> ApiResult<StatusCode> {
    change(
        app,
        name,
        (id, Some(body.other)),
        DISMISSAL,
        Step::LayDown,
        by,
    )
    .await
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
    by: By,
) -> ApiResult<StatusCode> {
    change(app, name, (id, Some(other)), DISMISSAL, Step::TakeBack, by).await
}

/// Two people are kept apart: neither is suggested to the other, nor named to them.
#[utoipa::path(post, path = "/v1/networks/{name}/people/{id}/blocks", tag = "networks",
    params(("name" = String, Path, description = "The network"), ("id" = String, Path, description = "The person")),
    request_body = Other, responses((status = 204, description = "It is on disk"),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn block(
    State(app): State<Shared>,
    ApiPath((name, id)): ApiPath<(String, String)>,
    by: By,
    ApiJson(body): ApiJson<Other>,
) -> ApiResult<StatusCode> {
    change(app, name, (id, Some(body.other)), BLOCK, Step::LayDown, by).await
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
    by: By,
) -> ApiResult<StatusCode> {
    change(app, name, (id, Some(other)), BLOCK, Step::TakeBack, by).await
}

/// Somebody is suggested to nobody.
#[utoipa::path(post, path = "/v1/networks/{name}/people/{id}/opt-out", tag = "networks",
    params(("name" = String, Path, description = "The network"), ("id" = String, Path, description = "The person")),
    responses((status = 204, description = "It is on disk"),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn opt_out(
    State(app): State<Shared>,
    ApiPath((name, id)): ApiPath<(String, String)>,
    by: By,
) -> ApiResult<StatusCode> {
    change(app, name, (id, None), OPT_OUT, Step::LayDown, by).await
}

/// Somebody may be suggested again.
#[utoipa::path(delete, path = "/v1/networks/{name}/people/{id}/opt-out", tag = "networks",
    params(("name" = String, Path, description = "The network"), ("id" = String, Path, description = "The person")),
    responses((status = 204, description = "It is on disk"),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn opt_in(
    State(app): State<Shared>,
    ApiPath((name, id)): ApiPath<(String, String)>,
    by: By,
) -> ApiResult<StatusCode> {
    change(app, name, (id, None), OPT_OUT, Step::TakeBack, by).await
}
