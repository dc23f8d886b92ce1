//! The server: what every request passes through, and how it begins and ends.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::header;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::get;
use nigh_encode::Runtime;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch::channel as watch_channel;

use crate::app::{App, Shared};
use crate::authorize::authorize;
use crate::bodies::room;
use crate::config::ServerConfig;
use crate::connections::Connections;
use crate::error::ApiError;
use crate::fetch::BadHost;
use crate::keys::{Keys, KeysError};
use crate::tls::{Tls, TlsError};
use crate::watch::watch;
use crate::{api, exposition, health, page, tls};

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
    /// Settings under which nothing could be answered.
    #[error("{0}")]
    Settings(String),
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
    /// A host to fetch pictures from is none.
    #[error("fetch.allow: {0}")]
    Fetch(#[from] BadHost),
    /// Connections cannot be encrypted.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The threads for requests cannot be had.
    #[error("cannot begin: {0}")]
    Runtime(std::io::Error),
}

/// What is served, opened and ready to listen.
pub struct Server {
    app: Shared,
    tls: Option<Tls>,
}

/// Threads that compute for each that only reads and writes sockets: with more of these they wake each other for nothing.
const THREADS_A_SOCKET_THREAD: usize = 4;
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
        config.check().map_err(ServeError::Settings)?;
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
        let tls = tls::open(config.tls_certificate.as_ref(), config.tls_key.as_ref())?;
        let app = Arc::new(App::open(config, keys, runtime, dirs)?);
        warn_of_unknown_names(&app);
        Ok(Server { app, tls })
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
            .worker_threads(
                self.app
                    .config
                    .threads
                    .div_ceil(THREADS_A_SOCKET_THREAD)
                    .max(1),
            )
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
        let limits = &self.app.config.limits;
        if let Some(tls) = self.tls.clone() {
            tokio::spawn(tls.keep_fresh());
        }
        let connections = Connections::new(router(Arc::clone(&self.app)), self.tls, limits);
        let (ended, mut end) = watch_channel(());
        let app = Arc::clone(&self.app);
        let stopped = async move {
            while !stop.load(Ordering::Relaxed) {
                tokio::time::sleep(POLL).await;
            }
            app.ending.store(true, Ordering::Relaxed);
            let seconds = app.config.limits.drain_seconds;
            tracing::info!(
                seconds,
                "ending: requests get so long to end; asked a second time it ends at once"
            );
            drop(ended);
        };
        let drain = Duration::from_secs(limits.drain_seconds);
        let overdue = async move {
            // The sender is dropped when the end begins.
            let _ = end.changed().await;
            tokio::time::sleep(drain).await;
        };
        tokio::select! {
            () = connections.serve(listener, stopped) => {}
            () = overdue => {
                tracing::warn!("requests were cut off: they took longer than limits.drain_seconds");
            }
        }
        Ok(())
    }
}

fn warn_of_unknown_names(app: &App) {
    let served = &app.collections;
    let known = |name: &str| served.catalog(name).is_ok() || served.network(name).is_ok();
    let names = app.keys.collections().into_iter();
    for name in names.filter(|name| !known(name)) {
        tracing::warn!(name, "a key is for a collection that is not served");
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
    api.route("/metrics", get(exposition::metrics))
        // Whoever may not ask takes no memory.
        .layer(from_fn_with_state(Arc::clone(&app), room))
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
