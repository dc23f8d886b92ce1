//! Pictures by their URL: from hosts that the operator named, at addresses that were looked at, and no larger or slower than allowed.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use ureq::Agent;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use crate::config;
use crate::error::ApiResult;
use crate::incoming::announced;

mod addresses;
mod allowed;
#[cfg(test)]
mod tests;

use addresses::may_be_reached;
use allowed::Allowed;
pub use allowed::BadHost;

/// Fetches pictures; blocks the thread that asks.
pub(crate) struct Fetcher {
    agent: Agent,
    allowed: Arc<Allowed>,
    bytes: u64,
    seconds: u64,
}

/// Why a picture was not fetched. What the server found out of other machines is not repeated.
#[derive(Debug, Error)]
pub(crate) enum FetchError {
    #[error(
        "expected a URL such as https://images.example.com/1.jpg, of http or https, without a user's name in it"
    )]
    Url,
    #[error("this server does not fetch from this host and port (fetch.allow)")]
    Host,
    #[error("the host has an address that this server does not connect to")]
    Address,
    #[error("no such host was found")]
    Unknown,
    #[error("the picture was not there after {seconds} s (fetch.seconds)")]
    Slow { seconds: u64 },
    #[error("it is larger than {bytes} bytes (limits.image_bytes)")]
    Large { bytes: u64 },
    #[error("the host answered {status}")]
    Status { status: u16 },
    #[error("it was redirected more than {REDIRECTS} times")]
    Redirects,
    #[error("no connection by TLS: this build has none, or the certificate is not trusted")]
    Tls,
    #[error("the connection was refused or broke off")]
    Broken,
}

const REDIRECTS: u32 = 3;
/// Of a reply's head.
const HEAD_BYTES: usize = 16 << 10;

impl Fetcher {
    /// None where no host is allowed.
    pub(crate) fn new(config: &config::Fetch, image_bytes: u64) -> Result<Option<Self>, BadHost> {
        if config.allow.is_empty() {
            return Ok(None);
        }
        let allowed = Arc::new(Allowed::parse(&config.allow)?);
        let resolver = Looking {
            allowed: Arc::clone(&allowed),
            private: config.private,
            names: DefaultResolver::default(),
        };
        // A proxy would look names up itself, and a kept connection would not be looked at again.
        let settings = Agent::config_builder()
            .http_status_as_error(false)
            .user_agent(concat!("nigh/", env!("CARGO_PKG_VERSION")))
            .accept("image/*")
            .proxy(None)
            .max_redirects(REDIRECTS)
            .max_idle_connections(0)
            .max_response_header_size(HEAD_BYTES)
            .timeout_global(Some(Duration::from_secs(config.seconds)))
            .build();
        Ok(Some(Self {
            agent: Agent::with_parts(settings, DefaultConnector::new(), resolver),
            allowed,
            bytes: image_bytes,
            seconds: config.seconds,
        }))
    }

    /// The file at `url`; blocks for `fetch.seconds` at most.
    pub(crate) fn fetch(&self, url: &str) -> ApiResult<Vec<u8>> {
        Ok(self.file(url)?)
    }

    fn file(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        let url: Uri = url.parse().map_err(|_| FetchError::Url)?;
        self.allowed.check(&url)?;
        let asked = self.agent.get(url).call();
        let mut reply = asked.map_err(|error| self.reason(error))?;
        let status = reply.status().as_u16();
        if status != 200 {
            return Err(FetchError::Status { status });
        }
        if announced(reply.headers()).is_some_and(|bytes| bytes > self.bytes) {
            return Err(FetchError::Large { bytes: self.bytes });
        }
        // One more, so that it is seen whether there is more.
        let body = reply.body_mut().with_config();
        let read = body.limit(self.bytes.saturating_add(1)).read_to_vec();
        read.map_err(|error| self.reason(error))
    }

    fn reason(&self, error: ureq::Error) -> FetchError {
        use ureq::Error;
        match error {
            Error::Other(refused) => match refused.downcast::<FetchError>() {
                Ok(refused) => *refused,
                Err(_) => FetchError::Broken,
            },
            Error::BadUri(_) | Error::Http(_) => FetchError::Url,
            Error::HostNotFound => FetchError::Unknown,
            Error::Timeout(_) => FetchError::Slow {
                seconds: self.seconds,
            },
            Error::Io(error) if error.kind() == io::ErrorKind::TimedOut => FetchError::Slow {
                seconds: self.seconds,
            },
            Error::BodyExceedsLimit(_) => FetchError::Large { bytes: self.bytes },
            Error::TooManyRedirects => FetchError::Redirects,
            Error::TlsRequired | Error::Tls(_) => FetchError::Tls,
            #[cfg(feature = "tls")]
            Error::Rustls(_) => FetchError::Tls,
            _ => FetchError::Broken,
        }
    }
}

/// Looks at a URL and at every address of its host, before each connection: also before those that a redirect leads to. The connection is made
/// to these very addresses, so that a name cannot stand for another one meanwhile.
#[derive(Debug)]
struct Looking {
    allowed: Arc<Allowed>,
    private: bool,
    names: DefaultResolver,
}

impl Resolver for Looking {
    fn resolve(
        &self,
        url: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let refused = |error: FetchError| ureq::Error::Other(Box::new(error));
        self.allowed.check(url).map_err(refused)?;
        let found = self.names.resolve(url, config, timeout);
        let found = found.map_err(|error| match error {
            ureq::Error::Io(_) => refused(FetchError::Unknown),
            error => error,
        })?;
        let mut addresses = found.iter().map(|address| address.ip());
        match addresses.all(|address| may_be_reached(address, self.private)) {
            true => Ok(found),
            false => Err(refused(FetchError::Address)),
        }
    }
}
