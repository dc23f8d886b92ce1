use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::TlsError;
use super::pair::{Files, Pair, Stamp};

/// Answers handshakes with the newest certificate that can be used.
#[derive(Clone)]
pub(crate) struct Tls {
    files: Files,
    pair: Arc<watch::Sender<Pair>>,
}

/// Between two looks at the files.
const LOOK: Duration = Duration::from_secs(2);

impl Tls {
    pub(crate) fn open(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let files = Files {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        };
        let pair = Pair::read(&files)?;
        Ok(Self {
            files,
            pair: Arc::new(watch::Sender::new(pair)),
        })
    }

    /// None where the client wants something else, or goes.
    pub(crate) async fn handshake<T>(&self, stream: T) -> Option<TlsStream<T>>
    where
        T: AsyncRead + AsyncWrite + Unpin,
    {
        let acceptor = TlsAcceptor::from(Arc::clone(&self.pair.borrow().config));
        acceptor.accept(stream).await.ok()
    }

    /// Looks at the files again and again; does not end.
    pub(crate) async fn keep_fresh(self) {
        let mut seen = Stamp::default();
        loop {
            let (files, before) = (self.files.clone(), seen.clone());
            let look = tokio::task::spawn_blocking(move || Pair::read_if_changed(&files, &before));
            if let Ok(Some((stamp, read))) = look.await {
                seen = stamp;
                self.take(read);
            }
            sleep(LOOK).await;
        }
    }

    fn take(&self, read: Result<Pair, TlsError>) {
        match read {
            Ok(pair) if pair.digest == self.pair.borrow().digest => {}
            Ok(pair) => {
                self.pair.send_replace(pair);
                tracing::info!("new connections get the new certificate");
            }
            Err(error) => tracing::error!(%error, "the certificate before is kept"),
        }
    }
}
