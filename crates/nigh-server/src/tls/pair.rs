use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};

use super::TlsError;

/// Where a certificate and its key are.
#[derive(Clone, Debug)]
pub(super) struct Files {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

/// A certificate and its key, ready to be used.
pub(super) struct Pair {
    pub(super) config: Arc<ServerConfig>,
    /// Of both files.
    pub(super) digest: [u8; 32],
}

/// When two files were written, and their lengths; none where one cannot be seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Stamp([Option<(SystemTime, u64)>; 2]);

impl Stamp {
    fn of(files: &Files) -> Self {
        let stamp = |path: &Path| {
            let metadata = std::fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        };
        Self([stamp(&files.certificate), stamp(&files.key)])
    }
}

impl Pair {
    pub(super) fn read(files: &Files) -> Result<Self, TlsError> {
        let (certificate, key) = (read(&files.certificate)?, read(&files.key)?);
        let mut digest = Sha256::new();
        digest.update(Sha256::digest(&certificate));
        digest.update(Sha256::digest(&key));
        Ok(Self {
            config: Arc::new(config(files, &certificate, &key)?),
            digest: digest.finalize().into(),
        })
    }

    /// Reads the files where they are not those that were seen.
    pub(super) fn read_if_changed(
        files: &Files,
        seen: &Stamp,
    ) -> Option<(Stamp, Result<Self, TlsError>)> {
        // Before they are read: what is written meanwhile is seen at the next look.
        let stamp = Stamp::of(files);
        (stamp != *seen).then(|| (stamp, Self::read(files)))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|source| TlsError::Read {
        path: path.to_owned(),
        source,
    })
}

fn config(files: &Files, certificate: &[u8], key: &[u8]) -> Result<ServerConfig, TlsError> {
    let none = || TlsError::NoCertificate {
        path: files.certificate.clone(),
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    let chain = chain.ok_or_else(none)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::NoKey {
        path: files.key.clone(),
    })?;
    let unusable = |error: rustls::Error| TlsError::Pair {
        certificate: files.certificate.clone(),
        key: files.key.clone(),
        reason: error.to_string(),
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(unusable)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
