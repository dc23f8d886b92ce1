//! The web page: files in the binary, and nothing from elsewhere.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::app::Shared;

/// Scripts and styles from here alone, pictures from here and from the person's own disk.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; \
                      form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

include!(concat!(env!("OUT_DIR"), "/page_files.rs"));

/// The page and its files.
pub(crate) fn router() -> axum::Router<Shared> {
    let mut router = axum::Router::new();
    for (name, kind, text) in FILES {
        let path = match *name {
            "index.html" => "/".to_owned(),
            name => format!("/{name}"),
        };
        router = router.route(&path, get(|| async { file(kind, text) }));
        if *name == REFERENCE {
            router = router.route(REFERENCE_PATH, get(|| async { file(kind, text) }));
        }
    }
    router
}

/// The page that shows the document of the interface, and its place beside it.
const REFERENCE: &str = "reference.html";
const REFERENCE_PATH: &str = "/v1/reference";

/// Whether a path is one of the page's.
pub(crate) fn is_file(path: &str) -> bool {
    path == "/"
        || path == REFERENCE_PATH
        || FILES
            .iter()
            .any(|(name, ..)| path.strip_prefix('/') == Some(name))
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(POLICY),
        ),
        (
            HeaderName::from_static("referrer-policy"),
            HeaderValue::from_static("no-referrer"),
        ),
    ];
    (headers, text).into_response()
}
