//! What people did with what they were shown.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::search::within;
use crate::app::Shared;
use crate::caller::Caller;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::extract::{ApiJson, objects};

/// What happened.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EventKind {
    /// Items were shown.
    Impression,
    /// An item was looked at.
    Click,
    /// An item was bought.
    Purchase,
    /// A suggestion was accepted.
    Accept,
}

/// Something that happened.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Event {
    kind: EventKind,
    /// The catalog or the network.
    collection: String,
    /// Seconds since 1970; now where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<f64>,
    /// Who did it: whatever sets one visitor apart from another.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// Which search or list it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    query_id: Option<String>,
    /// What was searched for, where that was an item.
    #[serde(skip_serializing_if = "Option::is_none")]
    query_item: Option<String>,
    /// The items or people that were shown, in order, or the one that was chosen.
    items: Vec<String>,
    /// The place of the chosen one among those shown, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u32>,
    /// How long it was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    dwell_seconds: Option<f32>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    extra: Map<String, Value>,
}

/// Several.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Events {
    #[serde(deserialize_with = "objects::<_, _, 100_000>")]
    events: Vec<Event>,
}

/// How many were taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventsWritten {
    accepted: usize,
    /// Always true: they are on disk.
    durable: bool,
}

/// Keeps events, for learning from them later; all or none.
#[utoipa::path(post, path = "/v1/events", operation_id = "append_events", tag = "events", request_body = Events,
    responses((status = 200, description = "Done", body = EventsWritten),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn append(
    State(app): State<Shared>,
    caller: Caller,
    ApiJson(body): ApiJson<Events>,
) -> ApiResult<Json<EventsWritten>> {
    if app.events.is_none() {
        let message = "this server keeps no events: start it with --events DIR";
        return Err(ApiError::unprocessable("no_events", message));
    }
    within("events", body.events.len(), 1, app.config.limits.items)?;
    let mut lines = Vec::with_capacity(body.events.len());
    for (at, mut event) in body.events.into_iter().enumerate() {
        let field = || format!("events[{at}].collection");
        let allowed = caller.require(&event.collection);
        allowed.map_err(|error| error.field(field()))?;
        let known = app.collections.catalog(&event.collection).is_ok()
            || app.collections.network(&event.collection).is_ok();
        if !known {
            let message = format!("no collection is called {:?}", event.collection);
            return Err(ApiError::unprocessable("unknown_collection", message).field(field()));
        }
        event.time = event.time.or_else(now);
        lines.push(serde_json::to_string(&event).map_err(ApiError::internal)?);
    }
    let (shared, accepted) = (app.clone(), lines.len());
    let append = move || match &shared.events {
        Some(events) => events
            .append(&lines)
            .map_err(|error| ApiError::internal(format!("the events cannot be written: {error}"))),
        None => Ok(()),
    };
    app.pool.run(append).await?;
    Ok(Json(EventsWritten {
        accepted,
        durable: true,
    }))
}

fn now() -> Option<f64> {
    let now = std::time::SystemTime::now();
    let since = now.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(since.as_secs_f64())
}
