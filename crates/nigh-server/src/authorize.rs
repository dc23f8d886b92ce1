//! Who is let through: by key, or on this machine alone.

use axum::extract::{Request, State};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::Shared;
use crate::error::ApiError;
use crate::keys::Access;

/// Reading needs a key that may read, where there are keys; everything else one that may write.
pub(crate) async fn authorize(State(app): State<Shared>, request: Request, next: Next) -> Response {
    if app.keys.is_empty() {
        return match is_own(&request, app.config.scheme()) {
            true => next.run(request).await,
            false => {
                let message = "without API keys only this machine's own programs and nigh's own page are answered: \
                               the request came for another host, or from another page";
                ApiError::foreign(message).into_response()
            }
        };
    }
    let given = request.headers().get(header::AUTHORIZATION);
    let key = given
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, key)| key.trim());
    let Some(key) = key else {
        let message = "this server wants an API key: send Authorization: Bearer KEY";
        return ApiError::unauthorized(message).into_response();
    };
    match app.keys.access(key) {
        None => ApiError::unauthorized("this server does not know this API key").into_response(),
        Some(Access::Read) if !only_reads(&request) => {
            ApiError::forbidden("this API key may only read").into_response()
        }
        Some(_) => next.run(request).await,
    }
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
