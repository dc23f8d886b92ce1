//! The people of a network.

use axum::Json;
use axum::extract::State;
use nigh_engine::Filter;
use nigh_engine::network::{AroundKind, Reason, SuggestOptions};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::search::within;
use crate::app::Shared;
use crate::caller::By;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::extract::{ApiJson, ApiPath, ApiQuery};
use crate::values::{AttributesOut, attributes};

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
#[utoipa::path(get, path = "/v1/networks/{name}/people", operation_id = "list_people", tag = "networks",
    params(("name" = String, Path, description = "The network"), PeoplePage),
    responses((status = 200, description = "People", body = People),
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
    app.networks.run(list).await.map(Json)
}

/// Somebody.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonOut {
    id: String,
    #[schema(value_type = serde_json::Map<String, serde_json::Value>)]
    attributes: AttributesOut,
    /// How many friends they have; null where they hide them.
    friends: Option<usize>,
}

/// Somebody.
#[utoipa::path(get, path = "/v1/networks/{name}/people/{id}", operation_id = "get_person", tag = "networks",
    params(("name" = String, Path, description = "The network"), ("id" = String, Path, description = "The person")),
    responses((status = 200, description = "The person", body = PersonOut),
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
            attributes: AttributesOut(attributes),
            friends,
        })
    };
    app.networks.run(get).await.map(Json)
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
#[utoipa::path(put, path = "/v1/networks/{name}/people/{id}", operation_id = "put_person", tag = "networks",
    params(("name" = String, Path, description = "The network"), ("id" = String, Path, description = "The person")),
    request_body = PersonBody,
    responses((status = 200, description = "Done", body = PersonWritten),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn put(
    State(app): State<Shared>,
    ApiPath((name, id)): ApiPath<(String, String)>,
    by: By,
    ApiJson(body): ApiJson<PersonBody>,
) -> ApiResult<Json<PersonWritten>> {
    let network = app.collections.network(&name)?;
    let put = move || {
        let attributes = attributes(body.attributes, &network.schema())?;
        let new = network.put_person(&id, attributes)?;
        let result = if new { "created" } else { "updated" };
        tracing::info!(target: "nigh::audit", key = by.key, request = by.request, network = network.name, person = id, result, "person written");
        Ok(PersonWritten {
            id,
            result,
            durable: true,
        })
    };
    app.networks.run(put).await.map(Json)
}

/// Erases somebody: no file of the network holds anything of them after this.
#[utoipa::path(delete, path = "/v1/networks/{name}/people/{id}", operation_id = "erase_person", tag = "networks",
    params(("name" = String, Path, description = "The network"), ("id" = String, Path, description = "The person")),
    responses((status = 200, description = "Done", body = PersonWritten),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn erase(
    State(app): State<Shared>,
    ApiPath((name, id)): ApiPath<(String, String)>,
    by: By,
) -> ApiResult<Json<PersonWritten>> {
    let network = app.collections.network(&name)?;
    let erase = move || {
        network.erase(&id)?;
        // Nothing of the person may stay in a log either.
        tracing::info!(target: "nigh::audit", key = by.key, request = by.request, network = network.name, "a person was erased");
        Ok(PersonWritten {
            id,
            result: "erased",
            durable: true,
        })
    };
    app.networks.run(erase).await.map(Json)
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
    #[schema(value_type = serde_json::Map<String, serde_json::Value>)]
    attributes: AttributesOut,
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
    responses((status = 200, description = "The best first", body = Suggestions),
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
                attributes: AttributesOut(suggestion.attributes),
            });
        Ok(Suggestions {
            person: reply.person,
            suggestions: suggestions.collect(),
            ranking: reply.ranking,
            trace: reply.trace,
            latency_us: reply.latency_us,
        })
    };
    app.networks.run(suggest).await.map(Json)
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
    responses((status = 200, description = "To be drawn", body = NeighborhoodOut),
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
    app.networks.run(around).await.map(Json)
}
