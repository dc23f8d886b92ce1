//! Connections: how many there are, how long one may be still, and how they end.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};

use crate::config::Limits;
use crate::tls::Tls;

mod stalling;

use stalling::Stalling;

/// What connections are served with.
#[derive(Clone)]
pub(crate) struct Connections {
    router: Router,
    tls: Option<Tls>,
    places: Arc<Semaphore>,
    patience: Patience,
}

/// How long a connection may be still.
#[derive(Clone, Copy)]
struct Patience {
    /// Until the handshake is done, and then until the head of the first request is there.
    first: Duration,
    /// Until that of the next is there, or until some of a reply is taken.
    idle: Duration,
}

/// What those get who were accepted when the server was asked to end: for their handshake and the head of a request.
const LATE: Duration = Duration::from_secs(1);
/// Before another try where no more files may be open: others will end.
const PAUSE: Duration = Duration::from_millis(50);

impl Connections {
    pub(crate) fn new(router: Router, tls: Option<Tls>, limits: &Limits) -> Self {
        let patience = Patience {
            first: Duration::from_secs(limits.header_seconds),
            idle: Duration::from_secs(limits.idle_seconds),
        };
        let places = limits.connections.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            router,
            tls,
            places: Arc::new(Semaphore::new(places)),
            patience,
        }
    }

    /// Serves until `stopped`; then closes the port, and returns when every connection's last request is answered.
    pub(crate) async fn serve(self, listener: TcpListener, stopped: impl Future<Output = ()>) {
        let (ending, _) = watch::channel(());
        let mut stopped = pin!(stopped);
        loop {
            let (stream, place) = tokio::select! {
                biased;
                () = &mut stopped => break,
                next = self.next(&listener) => next,
            };
            tokio::spawn(self.clone().hold(stream, place, ending.subscribe()));
        }
        // Whoever is connected already and waits to be accepted is not sent away.
        let (late, _) = watch::channel(());
        while let Ok(Ok((stream, _))) = timeout(Duration::ZERO, listener.accept()).await {
            tokio::spawn(self.clone().hold(stream, None, late.subscribe()));
        }
        drop(listener);
        // Nobody listens where there is no connection.
        let _ = ending.send(());
        // They get a moment to say what they came for.
        let _ = timeout(LATE, late.closed()).await;
        let _ = late.send(());
        ending.closed().await;
        late.closed().await;
    }

    /// The next connection, when there is a place for it; until then the system keeps it waiting.
    async fn next(&self, listener: &TcpListener) -> (TcpStream, Option<OwnedSemaphorePermit>) {
        // Nobody closes the semaphore.
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        loop {
            match listener.accept().await {
                Ok((stream, _)) => return (stream, place),
                Err(error) => {
                    tracing::error!(%error, "cannot accept a connection");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    /// Serves one connection, which keeps its place as long as it is open.
    async fn hold(
        self,
        stream: TcpStream,
        place: Option<OwnedSemaphorePermit>,
        mut ending: watch::Receiver<()>,
    ) {
        // Small replies are sent at once; without it they are only slower.
        let _ = stream.set_nodelay(true);
        let stream = Stalling::new(stream, self.patience.idle);
        match self.tls.clone() {
            None => self.answer(stream, ending).await,
            Some(tls) => {
                let greeted = tokio::select! {
                    _ = ending.changed() => return,
                    greeted = timeout(self.patience.first, tls.handshake(stream)) => greeted,
                };
                if let Ok(Some(stream)) = greeted {
                    self.answer(stream, ending).await;
                }
            }
        }
        drop(place);
    }

    /// Answers requests until the client goes, is still for too long, or the server ends.
    async fn answer<T>(self, stream: T, mut ending: watch::Receiver<()>)
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let begun = Arc::new(AtomicBool::new(false));
        let entry = Entry {
            router: TowerToHyperService::new(self.router),
            begun: Arc::clone(&begun),
        };
        let mut http = http1::Builder::new();
        // It runs from the last reply on, or from the beginning.
        http.timer(TokioTimer::new())
            .header_read_timeout(self.patience.idle);
        let mut connection = pin!(http.serve_connection(TokioIo::new(stream), entry));
        let mut first = pin!(sleep(self.patience.first));
        let (mut ends, mut looked) = (false, false);
        loop {
            tokio::select! {
                // That a client goes, or speaks no HTTP, is nothing to tell.
                _ = connection.as_mut() => return,
                _ = ending.changed(), if !ends => {
                    ends = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = &mut first, if !looked => {
                    looked = true;
                    if !begun.load(Ordering::Relaxed) {
                        return;
                    }
                }
            }
        }
    }
}

/// Where requests come in; knows whether one did.
struct Entry {
    router: TowerToHyperService<Router>,
    begun: Arc<AtomicBool>,
}

impl Service<Request<Incoming>> for Entry {
    type Response = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Response;
    type Error = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Error;
    type Future = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Future;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        self.begun.store(true, Ordering::Relaxed);
        self.router.call(request)
    }
}
