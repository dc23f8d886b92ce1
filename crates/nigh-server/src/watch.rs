//! What every request passes through, and every reply carries.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::app::Shared;
use crate::caller::{Asked, RequestId};
use crate::error::ApiError;
use crate::incoming::{Ended, announced, is_stream};
use crate::page;

static REQUESTS: AtomicU64 = AtomicU64::new(1);
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Browsers that came by TLS once come by nothing else.
const A_YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Counts, logs, limits the time, and sets the headers that every reply has.
pub(crate) async fn watch(State(app): State<Shared>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = known(request.method());
    let matched = request.extensions().get::<MatchedPath>();
    let route = match matched {
        Some(path) if page::is_file(path.as_str()) => "GET page".to_owned(),
        Some(path) => format!("{method} {}", path.as_str()),
        None => "other".to_owned(),
    };
    let id = request_id(&request);
    let asked = Asked::default();
    request.extensions_mut().insert(asked.clone());
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = span(&request, method, &route, &id);
    let (request, ended) = Ended::of(request);
    let answered = answer(&app, request, next, &ended);
    let mut response = answered.instrument(span.clone()).await;
    let (status, took) = (response.status().as_u16(), started.elapsed());
    trace(&span, status, asked.name());
    app.metrics.request(&route, status, took);
    let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    // The route and not the path: that may name somebody who is being erased.
    let id_text = id.to_str().unwrap_or_default();
    let key = asked.name();
    tracing::info!(target: "nigh::request", id = id_text, key, route, status, us, "request");
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    if !ended.get() {
        // What is left of the body would be taken for the next request: the connection ends with this reply.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if app.config.tls_certificate.is_some() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, A_YEAR);
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(
            "default-src 'none'; frame-ancestors 'none'",
        ));
    response
}

/// The reply, or what stands for it where the request is too long or takes too long.
async fn answer(app: &Shared, request: Request, next: Next, ended: &Ended) -> Response {
    if is_stream(&request) {
        return next.run(request).await;
    }
    let most = app.config.limits.body_bytes as u64;
    if announced(request.headers()).is_some_and(|bytes| bytes > most) {
        let message = format!("a request has at most {most} bytes here (limits.body_bytes)");
        return ApiError::too_large(message).into_response();
    }
    let limit = Duration::from_secs(app.config.limits.request_seconds);
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) if !ended.get() => ApiError::slow_request().into_response(),
        Err(_) => ApiError::timeout().into_response(),
    }
}

/// A request for those who trace: names are those of OpenTelemetry. Off where nobody does.
fn span(request: &Request, method: &str, route: &str, id: &HeaderValue) -> Span {
    let matched = request.extensions().get::<MatchedPath>();
    tracing::debug_span!(
        target: "nigh::trace",
        "request",
        otel.name = route,
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.route = matched.map(MatchedPath::as_str),
        http.response.status_code = Empty,
        request_id = id.to_str().unwrap_or_default(),
        collection = Empty,
        key = Empty,
    )
}

fn trace(span: &Span, status: u16, key: Option<&str>) {
    span.record("http.response.status_code", status);
    span.record("key", key);
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
}

/// A method by its name; what a client makes up is one, so that there are few.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The caller's own id where it is a short plain word, else a number.
fn request_id(request: &Request) -> HeaderValue {
    const LONGEST: usize = 64;
    let plain = |value: &&HeaderValue| {
        value.len() <= LONGEST
            && !value.is_empty()
            && value
                .as_bytes()
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
    };
    let given = request.headers().get(&REQUEST_ID).filter(plain).cloned();
    given.unwrap_or_else(|| HeaderValue::from(REQUESTS.fetch_add(1, Ordering::Relaxed)))
}
