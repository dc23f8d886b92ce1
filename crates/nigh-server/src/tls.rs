//! Encrypted connections.

use std::path::PathBuf;

use thiserror::Error;

#[cfg(feature = "tls")]
mod acceptor;
#[cfg(feature = "tls")]
mod pair;
#[cfg(feature = "tls")]
pub(crate) use acceptor::Tls;

#[cfg(not(feature = "tls"))]
mod absent;
#[cfg(not(feature = "tls"))]
pub(crate) use absent::Tls;

/// Why connections cannot be encrypted.
#[derive(Debug, Error)]
pub enum TlsError {
    /// One of both is not given.
    #[error("tls_certificate and tls_key are given together or not at all")]
    Half,
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file holds no certificate.
    #[error("{} holds no certificate: PEM is expected (`-----BEGIN CERTIFICATE-----`)", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// A file holds no key. What it holds is not repeated.
    #[error(
        "{} holds no private key: PEM without a password is expected (`-----BEGIN PRIVATE KEY-----`)", path.display()
    )]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// The certificate and the key cannot be used.
    #[error("{} and {} cannot be used together: {reason}", certificate.display(), key.display())]
    Pair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// Why.
        reason: String,
    },
    /// There is no TLS in this program.
    #[error("this program was built without TLS (the feature `tls`)")]
    Absent,
}

/// Both files or none.
pub(crate) fn open(
    certificate: Option<&PathBuf>,
    key: Option<&PathBuf>,
) -> Result<Option<Tls>, TlsError> {
    match (certificate, key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Tls::open(certificate, key).map(Some),
        _ => Err(TlsError::Half),
    }
}
