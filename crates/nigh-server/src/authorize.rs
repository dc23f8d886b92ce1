//! Who is let through: by key, or on this machine alone.

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::{App, Shared};
use crate::caller::{Asked, Caller};
use crate::error::{ApiError, ApiResult};
use crate::keys::Access;

/// Reading needs a key that may read, where there are keys; everything else one that may write.
pub(crate) async fn authorize(
    State(app): State<Shared>,
    parameters: Result<RawPathParams, RawPathParamsRejection>,
    mut request: Request,
    next: Next,
) -> Response {
    let parameters = parameters.ok();
    let collection = parameters.as_ref().and_then(collection);
    tracing::Span::current().record("collection", collection);
    match admit(&app, &request, collection) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(error) => error.into_response(),
    }
}

/// The collection that a path is about.
fn collection(parameters: &RawPathParams) -> Option<&str> {
    let mut named = parameters.iter().filter(|(name, _)| *name == "name");
    named.next().map(|(_, collection)| collection)
}

fn admit(app: &App, request: &Request, collection: Option<&str>) -> ApiResult<Caller> {
    if app.keys.is_empty() {
        return match is_own(request, app.config.scheme()) {
            true => Ok(Caller::anybody()),
            false => Err(ApiError::foreign(
                "without API keys only this machine's own programs and nigh's own page are answered: \
                 the request came for another host, or from another page",
            )),
        };
    }
    let caller = caller(app, request)?;
    if let Some(asked) = request.extensions().get::<Asked>() {
        asked.by(&caller);
    }
    caller.take_turn()?;
    if caller.access() == Access::Read && !only_reads(request) {
        return Err(ApiError::forbidden("this API key may only read"));
    }
    if caller.is_limited() {
        admit_limited(&caller, request, collection)?;
    }
    Ok(caller)
}

/// Who holds the key that was sent.
fn caller(app: &App, request: &Request) -> ApiResult<Caller> {
    let given = request.headers().get(header::AUTHORIZATION);
    let key = given
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, key)| key.trim());
    let none =
        || ApiError::unauthorized("this server wants an API key: send Authorization: Bearer KEY");
    let unknown = || ApiError::unauthorized("this server does not know this API key");
    app.keys.caller(key.ok_or_else(none)?).ok_or_else(unknown)
}

/// Paths that are about all collections, whose handlers look at the caller.
const SEE_THE_CALLER: [(Method, &str); 4] = [
    (Method::GET, "/v1/collections"),
    (Method::GET, "/v1/operations"),
    (Method::POST, "/v1/embeddings"),
    (Method::POST, "/v1/events"),
];

/// A key for some collections is let to these, and to nothing that may tell of others.
fn admit_limited(caller: &Caller, request: &Request, collection: Option<&str>) -> ApiResult<()> {
    if let Some(collection) = collection {
        return caller.require(collection);
    }
    let method = match *request.method() {
        // As GET, without the body.
        Method::HEAD => &Method::GET,
        ref method => method,
    };
    let asked = (method, request.uri().path());
    let sees = SEE_THE_CALLER
        .iter()
        .any(|(method, path)| (method, *path) == asked);
    sees.then_some(()).ok_or_else(ApiError::other_collection)
}

/// Whether the request was meant for this machine by its own name, and came from no other page. A page elsewhere can let its name stand
/// for this machine, or send requests that a browser does not ask about first.
fn is_own(request: &Request, scheme: &str) -> bool {
    let headers = request.headers();
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(host) = text(header::HOST) else {
        return false;
    };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let address = name.parse::<std::net::IpAddr>();
    let local = name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|ip| ip.is_loopback());
    let origin = text(header::ORIGIN).is_none_or(|origin| origin == format!("{scheme}://{host}"));
    local && origin
}

fn only_reads(request: &Request) -> bool {
    let path = request.uri().path();
    let asks = request.method() == Method::POST
        && (path.ends_with("/search") && path.starts_with("/v1/catalogs/")
            || path == "/v1/embeddings");
    asks || matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    )
}
