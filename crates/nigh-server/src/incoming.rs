//! The body of a request on its way in: how long it says it is, and whether all of it came.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, Method, header};

use crate::extract::content_type;

/// Whether a body has come to its end.
#[derive(Clone, Debug)]
pub(crate) struct Ended(Arc<AtomicBool>);

impl Ended {
    /// Watches the body of a request.
    pub(crate) fn of(request: Request) -> (Request, Ended) {
        let (parts, body) = request.into_parts();
        let ended = Ended(Arc::new(AtomicBool::new(body.is_end_stream())));
        let watched = Watched {
            body,
            ended: ended.clone(),
        };
        (Request::from_parts(parts, Body::new(watched)), ended)
    }

    /// Whether it has; a request without a body ends with its head.
    pub(crate) fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The bytes that a request says it brings.
pub(crate) fn announced(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

/// Whether a media type, in small letters, is that of lines of JSON.
pub(crate) fn is_ndjson(kind: &str) -> bool {
    kind.starts_with("application/x-ndjson")
}

/// Whether a request's body is taken piece by piece, as it comes, so that neither its length nor its time is limited as a whole.
pub(crate) fn is_stream(request: &Request) -> bool {
    let matched = request.extensions().get::<MatchedPath>();
    *request.method() == Method::POST
        && matched.is_some_and(|path| path.as_str() == "/v1/catalogs/{name}/items")
        && is_ndjson(&content_type(request))
}

struct Watched {
    body: Body,
    ended: Ended,
}

impl HttpBody for Watched {
    type Data = <Body as HttpBody>::Data;
    type Error = <Body as HttpBody>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if matches!(frame, Poll::Ready(None)) || self.body.is_end_stream() {
            self.ended.0.store(true, Ordering::Release);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
