//! The server: what every request passes through, and how it begins and ends.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use nigh_encode::Runtime;
use thiserror::Error;
use tokio::net::TcpListener;

use crate::app::{App, Shared};
use crate::config::ServerConfig;
use crate::error::ApiError;
use crate::keys::{Access, Keys, KeysError};
use crate::{api, health, page};

/// Why a server does not begin, or ended.
#[derive(Debug, Error)]
pub enum ServeError {
    /// A collection cannot be opened.
    #[error("cannot serve {}: {reason}", path.display())]
    Open {
        /// Its folder.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The keys cannot be read.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// Everybody could write, though somebody took care that it be otherwise.
    #[error("{} holds no key", path.display())]
    NoKeys {
        /// The file.
        path: PathBuf,
    },
    /// Events cannot be kept.
    #[error("cannot keep events in {}: {source}", path.display())]
    Events {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The folder in which collections are made cannot be used.
    #[error("cannot keep collections in {}: {source}", path.display())]
    Data {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Everybody could write.
    #[error(
        "{listen} can be reached from other machines, and there are no API keys, so that everybody could read and write: \
         give --keys-file FILE with lines `read KEY` and `write KEY`, or listen on 127.0.0.1"
    )]
    Unprotected {
        /// The address.
        listen: SocketAddr,
    },
    /// The address cannot be had.
    #[error("cannot listen on {listen}: {source}")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The threads for requests cannot be had.
    #[error("cannot begin: {0}")]
    Runtime(std::io::Error),
}

/// What is served, opened and ready to listen.
pub struct Server {
    app: Shared,
}

/// Threads that only read and write sockets.
const SOCKET_THREADS: usize = 2;
const POLL: Duration = Duration::from_millis(50);

impl Server {
    /// Opens the collections at `dirs`, for this process alone to write. Keys are those of the configured file and `keys`.
    ///
    /// # Errors
    /// [`ServeError`]; nothing listens then.
    pub fn open(
        config: ServerConfig,
        mut keys: Keys,
        runtime: Runtime,
        dirs: &[PathBuf],
    ) -> Result<Server, ServeError> {
        if let Some(path) = &config.keys_file {
            keys.extend(Keys::read(path)?);
            if keys.is_empty() {
                return Err(ServeError::NoKeys { path: path.clone() });
            }
        }
        let listen = config.listen;
        if keys.is_empty() && !listen.ip().is_loopback() {
            return Err(ServeError::Unprotected { listen });
        }
        let app = App::open(config, keys, runtime, dirs)?;
        Ok(Server { app: Arc::new(app) })
    }

    /// Serves until `stop` is set; then no new connections are taken, requests get time to end, and collections are closed.
    /// `on_listening` gets the address, whose port is the one that the system chose where 0 was asked for.
    ///
    /// # Errors
    /// [`ServeError::Listen`] and [`ServeError::Runtime`].
    pub fn run(
        self,
        stop: &Arc<AtomicBool>,
        on_listening: impl FnOnce(SocketAddr),
    ) -> Result<(), ServeError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(SOCKET_THREADS)
            .thread_name("socket")
            .enable_all()
            .build()
            .map_err(ServeError::Runtime)?;
        let served = runtime.block_on(self.listen(Arc::clone(stop), on_listening));
        // Requests had their time; what a thread still computes ends now or with the process.
        runtime.shutdown_timeout(POLL);
        served
    }

    async fn listen(
        self,
        stop: Arc<AtomicBool>,
        on_listening: impl FnOnce(SocketAddr),
    ) -> Result<(), ServeError> {
        let listen = self.app.config.listen;
        let failed = |source| ServeError::Listen { listen, source };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        on_listening(listener.local_addr().map_err(failed)?);
        let app = Arc::clone(&self.app);
        let stopped = async move {
            while !stop.load(Ordering::Relaxed) {
                tokio::time::sleep(POLL).await;
            }
            app.ending.store(true, Ordering::Relaxed);
        };
        let drain = Duration::from_secs(self.app.config.limits.drain_seconds);
        let (ended, mut end) = tokio::sync::watch::channel(());
        let graceful = async move {
            stopped.await;
            drop(ended);
        };
        let router = router(Arc::clone(&self.app));
        let serving = axum::serve(NoDelay(listener), router).with_graceful_shutdown(graceful);
        let overdue = async move {
            // The sender is dropped when the end begins.
            let _ = end.changed().await;
            tokio::time::sleep(drain).await;
        };
        tokio::select! {
            served = serving => served.map_err(failed),
            () = overdue => {
                tracing::warn!("requests were cut off: they took longer than limits.drain_seconds");
                Ok(())
            }
        }
    }
}

/// Small replies are sent at once.
struct NoDelay(TcpListener);

impl axum::serve::Listener for NoDelay {
    type Io = tokio::net::TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            match self.0.accept().await {
                Ok((stream, address)) => {
                    // Without it replies are only slower.
                    let _ = stream.set_nodelay(true);
                    return (stream, address);
                }
                Err(error) => {
                    // No more files may be open: others will end.
                    tracing::error!(%error, "cannot accept a connection");
                    tokio::time::sleep(POLL).await;
                }
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

/// All routes, and what every request passes through: the outermost last.
pub(crate) fn router(app: Shared) -> axum::Router {
    let (api, document) = api::router();
    let document: Arc<str> = document.to_pretty_json().unwrap_or_default().into();
    let openapi = move || async move {
        let kind = [(header::CONTENT_TYPE, "application/json")];
        (kind, document.to_string()).into_response()
    };
    let body_limit = DefaultBodyLimit::max(app.config.limits.body_bytes);
    api.route("/metrics", get(health::metrics))
        .layer(from_fn_with_state(Arc::clone(&app), authorize))
        .route("/v1/openapi.json", get(openapi))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .merge(page::router())
        .fallback(|| async {
            ApiError::not_found(
                "unknown_path",
                "there is nothing at this path: see /v1/openapi.json",
            )
        })
        .method_not_allowed_fallback(|| async { ApiError::method() })
        .layer(body_limit)
        .layer(from_fn_with_state(Arc::clone(&app), watch))
        .with_state(app)
}

/// Reading needs a key that may read, where there are keys; everything else one that may write.
async fn authorize(State(app): State<Shared>, request: Request, next: Next) -> Response {
    if app.keys.is_empty() {
        return match is_own(&request) {
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
fn is_own(request: &Request) -> bool {
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
    let origin = text(header::ORIGIN).is_none_or(|origin| origin == format!("http://{host}"));
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

static REQUESTS: AtomicU64 = AtomicU64::new(1);
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Counts, logs, limits the time, and sets the headers that every reply has.
async fn watch(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = known(request.method());
    let matched = request.extensions().get::<MatchedPath>();
    let route = match matched {
        Some(path) if page::is_file(path.as_str()) => "GET page".to_owned(),
        Some(path) => format!("{method} {}", path.as_str()),
        None => "other".to_owned(),
    };
    let id = request_id(&request);
    let limit = Duration::from_secs(app.config.limits.request_seconds);
    let response = tokio::time::timeout(limit, next.run(request)).await;
    let mut response = response.unwrap_or_else(|_| ApiError::timeout().into_response());
    let (status, took) = (response.status().as_u16(), started.elapsed());
    app.metrics.request(&route, status, took);
    let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    // The route and not the path: that may name somebody who is being erased.
    let id_text = id.to_str().unwrap_or_default();
    tracing::info!(target: "nigh::request", id = id_text, route, status, us, "request");
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
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
