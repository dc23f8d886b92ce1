//! The people of a network.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use nigh_engine::Filter;
use nigh_engine::network::{AroundKind, EdgeRow, Reason, SuggestOptions};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::search::within;
use crate::app::Shared;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::extract::{ApiJson, ApiPath, ApiQuery, at_most};
use crate::values::{attributes, attributes_to_json};

/// People whose ids begin alike.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct People {
    people: Vec<ListedPerson>,
    /// Everybody, not only those whose ids begin so.
    total: usize,
}

/// Somebody in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListedPerson {
    id: String,
    /// How many friends they have; null where they hide them.
    friends: Option<usize>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PeoplePage {
    /// How the ids begin.
    #[serde(default)]
    prefix: String,
    /// People before the page.
    #[serde(default)]
    offset: usize,
    /// People of the page.
    #[param(default = 20, minimum = 1)]
    limit: Option<usize>,
}

const DEFAULT_PAGE: usize = 20;
const DEFAULT_K: usize = 10;
const MOST_OFFSET: usize = 1_000_000;
const DEFAULT_AROUND: usize = 40;
const MOST_AROUND: usize = 200;

/// People, in the order in which they came.
#[utoipa::path(get, path = "/v1/networks/{name}/people", tag = "networks",
    params(("name" = String, Path, description = "The network"), PeoplePage),
    responses((status = 200, body = People),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<Shared>,
    ApiPath(name): ApiPath<String>,
    ApiQuery(page): ApiQuery<PeoplePage>,
) -> ApiResult<Json<People>> {
    let network = app.collections.network(&name)?;
    let limit = page.limit.unwrap_or(DEFAULT_PAGE);
    within("limit", limit, 1, app.config.limits.k)?;
    within("offset", page.offset, 0, MOST_OFFSET)?;
    let list = move || {
        network.ask(|network, _| {
            let people = network.people_like(&page.prefix, page.offset, limit);
            Ok(People {
                people: people
                    .into_iter()
                    .map(|(id, friends)| ListedPerson { id, friends })
                    .collect(),
                total: network.info().people,
            })
        })
    };
    app.pool.run(list).await.map(Json)
}

/// Somebody.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonOut {
    id: String,
    attributes: Map<String, Value>,
    /// How many friends they have; null where they hide them.
    friends: Option<usize>,
}

/// Somebody.
#[utoipa::path(get, path = "/v1/networks/{name}/people/{id}", tag = "networks",
    params(("name" = String, Path, description = "The network"), ("id" = String, Path, description = "The person")),
    responses((status = 200, body = PersonOut),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn get(
    State(app): State<Shared>,
    ApiPath((name, id)): ApiPath<(String, String)>,
) -> ApiResult<Json<PersonOut>> {
    let network = app.collections.network(&name)?;
    let get = move || {
        let (attributes, friends) = network.ask(|network, _| network.about(&id))?;
        Ok(PersonOut {
            id,
            attributes: attributes_to_json(&attributes),
            friends,
        })
    };
    app.pool.run(get).await.map(Json)
}

/// What is known of somebody.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PersonBody {
    /// Replaces what was known.
    attributes: Map<String, Value>,
}

/// What a change to a network did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonWritten {
    id: String,
    /// `created`, `updated` or `erased`.
    result: &'static str,
    /// Always true: the change is on disk.
    durable: bool,
}

/// Writes what is known of somebody, who comes if they are new.
#[utoipa::path(put, path = "/v1/networks/{name}/people/{id}", tag = "networks",
    params(("name" = String, Path, description = "The network"), ("id" = String, Path, description = "The person")),
    request_body = PersonBody,
    responses((status = 200, body = PersonWritten),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn put(
    State(app): State<Shared>,
    ApiPath((name, id)): ApiPath<(String, String)>,
    ApiJson(body): ApiJson<PersonBody>,
) -> ApiResult<Json<PersonWritten>> {
    let network = app.collections.network(&name)?;
    let put = move || {
        let attributes = attributes(body.attributes, &network.schema())?;
        let kinds: Vec<_> = attributes
            .iter()
            .map(|(name, value)| (name.clone(), value.kind()))
            .collect();
        let new = network.change(|network| network.put_person(&id, attributes))?;
        kinds
            .iter()
            .for_each(|(name, kind)| network.include(name, *kind));
        let result = if new { "created" } else { "updated" };
        tracing::info!(target: "nigh::audit", network = network.name, person = id, result, "person written");
        Ok(PersonWritten {
            id,
            result,
            durable: true,
        })
    };
    app.pool.run(put).await.map(Json)
}

/// Erases somebody: no file of the network holds anything of them after this.
#[utoipa::path(delete, path = "/v1/networks/{name}/people/{id}", tag = "networks",
    params(("name" = String, Path, description = "The network"), ("id" = String, Path, description = "The person")),
    responses((status = 200, body = PersonWritten),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn erase(
    State(app): State<Shared>,
    ApiPath((name, id)): ApiPath<(String, String)>,
) -> ApiResult<Json<PersonWritten>> {
    let network = app.collections.network(&name)?;
    let erase = move || {
        network.change(|network| network.erase(&id))?;
        // Nothing of the person may stay in a log either.
        tracing::info!(target: "nigh::audit", network = network.name, "a person was erased");
        Ok(PersonWritten {
            id,
            result: "erased",
            durable: true,
        })
    };
    app.pool.run(erase).await.map(Json)
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuggestQuery {
    /// How many.
    #[param(default = 10, minimum = 1)]
    k: Option<usize>,
    /// Only people of whom this is true.
    #[serde(rename = "where")]
    condition: Option<String>,
}

/// Whom somebody may know, the likeliest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Suggestions {
    person: String,
    suggestions: Vec<SuggestionOut>,
    /// `trained` or `resource_allocation`.
    ranking: &'static str,
    /// What every stage did.
    #[schema(value_type = Vec<Object>)]
    trace: nigh_engine::Trace,
    latency_us: u64,
}

/// Somebody whom the person may know.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SuggestionOut {
    id: String,
    /// Comparable within one answer.
    score: f32,
    reasons: Vec<ReasonOut>,
    attributes: Map<String, Value>,
}

/// Why somebody is suggested.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReasonOut {
    /// `kind`, and what belongs to it.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    reason: Reason,
    /// The same in words.
    text: String,
}

/// Whom somebody may know, with reasons.
#[utoipa::path(get, path = "/v1/networks/{name}/people/{id}/suggestions", tag = "networks",
    params(("name" = String, Path, description = "The network"), ("id" = String, Path, description = "The person"), SuggestQuery),
    responses((status = 200, body = Suggestions),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn suggestions(
    State(app): State<Shared>,
    ApiPath((name, id)): ApiPath<(String, String)>,
    ApiQuery(asked): ApiQuery<SuggestQuery>,
) -> ApiResult<Json<Suggestions>> {
    let network = app.collections.network(&name)?;
    let k = asked.k.unwrap_or(DEFAULT_K);
    within("k", k, 1, app.config.limits.k)?;
    let shared = app.clone();
    let suggest = move || {
        let filter = asked.condition.as_deref().map(|text| {
            let filter = Filter::parse(text, &network.schema());
            filter.map_err(|error| ApiError::from(Box::new(error)))
        });
        let options = SuggestOptions {
            k,
            filter: filter.transpose()?,
            ..SuggestOptions::default()
        };
        let reply = network.ask(|network, scratch| network.suggest(&id, &options, scratch))?;
        shared.metrics.stages(&network.name, &reply.trace);
        let reason = |reason: Reason| ReasonOut {
            text: reason.to_string(),
            reason,
        };
        let suggestions = reply
            .suggestions
            .into_iter()
            .map(|suggestion| SuggestionOut {
                id: suggestion.id,
                score: suggestion.score,
                reasons: suggestion.reasons.into_iter().map(reason).collect(),
                attributes: attributes_to_json(&suggestion.attributes),
            });
        Ok(Suggestions {
            person: reply.person,
            suggestions: suggestions.collect(),
            ranking: reply.ranking,
            trace: reply.trace,
            latency_us: reply.latency_us,
        })
    };
    app.pool.run(suggest).await.map(Json)
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct AroundQuery {
    /// People at most.
    #[param(default = 40, minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// Somebody's friends and suggestions, and who of them knows whom.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NeighborhoodOut {
    person: String,
    nodes: Vec<Node>,
    /// Pairs of ids.
    edges: Vec<[String; 2]>,
}

/// Somebody in a drawing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Node {
    id: String,
    /// `self`, `friend` or `suggested`.
    kind: &'static str,
}

/// The network around somebody, to be drawn.
#[utoipa::path(get, path = "/v1/networks/{name}/people/{id}/neighborhood", tag = "networks",
    params(("name" = String, Path, description = "The network"), ("id" = String, Path, description = "The person"), AroundQuery),
    responses((status = 200, body = NeighborhoodOut),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn neighborhood(
    State(app): State<Shared>,
    ApiPath((name, id)): ApiPath<(String, String)>,
    ApiQuery(asked): ApiQuery<AroundQuery>,
) -> ApiResult<Json<NeighborhoodOut>> {
    let network = app.collections.network(&name)?;
    let limit = asked.limit.unwrap_or(DEFAULT_AROUND);
    within("limit", limit, 1, MOST_AROUND)?;
    let around = move || {
        let found = network.ask(|network, scratch| network.neighborhood(&id, limit, scratch))?;
        let kind = |kind| match kind {
            AroundKind::Myself => "self",
            AroundKind::Friend => "friend",
            AroundKind::Suggested => "suggested",
        };
        let ids = |&(a, b): &(usize, usize)| [a, b].map(|place| found.people[place].id.clone());
        Ok(NeighborhoodOut {
            edges: found.edges.iter().map(ids).collect(),
            nodes: found
                .people
                .iter()
                .map(|person| Node {
                    id: person.id.clone(),
                    kind: kind(person.kind),
                })
                .collect(),
            person: id,
        })
    };
    app.pool.run(around).await.map(Json)
}

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
        network.change(|network| network.dismiss(&id, &body.other))?;
        tracing::info!(target: "nigh::audit", network = network.name, person = id, other = body.other, "dismiss");
        Ok(())
    };
    app.pool.run(dismiss).await?;
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
        network.change(|network| network.block(&id, &body.other))?;
        tracing::info!(target: "nigh::audit", network = network.name, person = id, other = body.other, "block");
        Ok(())
    };
    app.pool.run(block).await?;
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
        network.change(|network| network.opt_out(&id))?;
        tracing::info!(target: "nigh::audit", network = network.name, person = id, "opt-out");
        Ok(())
    };
    app.pool.run(opt_out).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Friendships.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edges {
    #[serde(deserialize_with = "at_most::<_, _, 100_000>")]
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
#[utoipa::path(post, path = "/v1/networks/{name}/edges", tag = "networks",
    params(("name" = String, Path, description = "The network")),
    request_body = Edges, responses((status = 200, body = EdgesWritten),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn add_edges(
    State(app): State<Shared>,
    ApiPath(name): ApiPath<String>,
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
        let added = network.change(|network| network.add_edges(&rows))?;
        tracing::info!(target: "nigh::audit", network = network.name, edges = added.edges, "friendships added");
        Ok(EdgesWritten {
            added: added.edges,
            updated: added.updated,
            people: added.people,
            durable: true,
        })
    };
    app.pool.run(add).await.map(Json)
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
#[utoipa::path(delete, path = "/v1/networks/{name}/edges", tag = "networks",
    params(("name" = String, Path, description = "The network"), EdgeQuery),
    responses((status = 204, description = "It is gone, on disk too"),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn remove_edge(
    State(app): State<Shared>,
    ApiPath(name): ApiPath<String>,
    ApiQuery(edge): ApiQuery<EdgeQuery>,
) -> ApiResult<StatusCode> {
    let network = app.collections.network(&name)?;
    let remove = move || {
        let EdgeQuery { a, b } = edge;
        match network.change(|network| network.remove_edge(&a, &b))? {
            true => {
                tracing::info!(target: "nigh::audit", network = network.name, a, b, "friendship removed");
                Ok(StatusCode::NO_CONTENT)
            }
            false => {
                let message = format!("{a:?} and {b:?} are no friends");
                Err(ApiError::not_found("unknown_edge", message))
            }
        }
    };
    app.pool.run(remove).await
}
