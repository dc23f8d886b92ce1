use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use ureq::Proxy;
use ureq::tls::{Certificate, PemItem, RootCerts, parse_pem};

use super::error::{HubError, io_error};

/// How the hub is reached. Its debug form leaves out what is secret.
#[derive(Clone)]
pub struct HubSettings {
    /// The hub or its mirror, without a `/` at the end.
    pub endpoint: String,
    /// Sent to the endpoint's host alone.
    pub token: Option<String>,
    /// `[http://][user:password@]host[:port]`.
    pub proxy: Option<String>,
    /// Hosts that are reached without it.
    pub no_proxy: Vec<String>,
    /// Certificates to trust instead of the usual ones: a proxy's that opens connections.
    pub certificates: Option<PathBuf>,
    /// Fetch nothing.
    pub offline: bool,
    /// How long to wait before a second try; doubled before each further one.
    pub pause: Duration,
}

impl fmt::Debug for HubSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |secret: &Option<String>| secret.as_ref().map(|_| "…");
        f.debug_struct("HubSettings")
            .field("endpoint", &self.endpoint)
            .field("token", &told(&self.token))
            .field("proxy", &told(&self.proxy))
            .field("offline", &self.offline)
            .finish_non_exhaustive()
    }
}

const PUBLIC_HUB: &str = "https://huggingface.co";

impl HubSettings {
    /// The settings of the environment, as Hugging Face's own programs read them: `HF_ENDPOINT`,
    /// `HF_TOKEN`, `HF_HUB_OFFLINE`; `HTTPS_PROXY` (`HTTP_PROXY` for an endpoint without TLS),
    /// `ALL_PROXY`, `NO_PROXY`, in capitals or not; `SSL_CERT_FILE`.
    #[must_use]
    pub fn from_env() -> HubSettings {
        let endpoint = variable("HF_ENDPOINT").unwrap_or_else(|| PUBLIC_HUB.to_owned());
        let proxy = match endpoint.starts_with("http://") {
            true => either_case("HTTP_PROXY"),
            false => either_case("HTTPS_PROXY"),
        };
        let no_proxy = either_case("NO_PROXY").unwrap_or_default();
        HubSettings {
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            token: variable("HF_TOKEN"),
            proxy: proxy.or_else(|| either_case("ALL_PROXY")),
            no_proxy: no_proxy
                .split(',')
                .map(|host| host.trim().to_owned())
                .collect(),
            certificates: variable("SSL_CERT_FILE").map(PathBuf::from),
            offline: variable("HF_HUB_OFFLINE").is_some_and(|value| is_true(&value)),
            pause: Duration::from_secs(1),
        }
    }

    pub(super) fn check(&self) -> Result<(), HubError> {
        let host = self
            .endpoint
            .strip_prefix("https://")
            .or_else(|| self.endpoint.strip_prefix("http://"));
        match host {
            Some(host) if !host.is_empty() && !host.contains(char::is_whitespace) => Ok(()),
            _ => Err(HubError::Setting {
                variable: "HF_ENDPOINT",
                received: self.endpoint.clone(),
                reason: "expected an address that begins with https:// or http://".to_owned(),
            }),
        }
    }

    /// The proxy with its exceptions.
    pub(super) fn resolved_proxy(&self) -> Result<Option<Proxy>, HubError> {
        let Some(address) = &self.proxy else {
            return Ok(None);
        };
        let refuse = |error: ureq::Error| HubError::Setting {
            variable: "HTTPS_PROXY",
            received: without_password(address),
            reason: format!("expected [http://][user:password@]host[:port] ({error})"),
        };
        let plain = Proxy::new(address).map_err(refuse)?;
        let mut builder = Proxy::builder(plain.protocol())
            .host(plain.host())
            .port(plain.port());
        if let Some(user) = plain.username() {
            builder = builder.username(user);
        }
        if let Some(password) = plain.password() {
            builder = builder.password(password);
        }
        for host in &self.no_proxy {
            builder = builder.no_proxy(host);
        }
        builder.build().map(Some).map_err(refuse)
    }

    /// The certificates of `SSL_CERT_FILE`, which stand in for the built-in ones.
    pub(super) fn roots(&self) -> Result<Option<RootCerts>, HubError> {
        let Some(path) = &self.certificates else {
            return Ok(None);
        };
        let text = std::fs::read(path).map_err(io_error(path))?;
        let certificates: Vec<Certificate<'static>> = parse_pem(&text)
            .filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            })
            .collect();
        if certificates.is_empty() {
            return Err(HubError::Setting {
                variable: "SSL_CERT_FILE",
                received: path.display().to_string(),
                reason: "there is no certificate in it (PEM)".to_owned(),
            });
        }
        Ok(Some(RootCerts::from(certificates)))
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name)
        .ok()
        .filter(|value| !value.trim().is_empty())
}

fn either_case(name: &str) -> Option<String> {
    variable(name).or_else(|| variable(&name.to_lowercase()))
}

fn is_true(value: &str) -> bool {
    ["1", "true", "yes", "on"].contains(&value.to_lowercase().as_str())
}

/// What may be shown of a proxy's address.
fn without_password(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((_, host)) => format!("…@{host}"),
        None => address.to_owned(),
    }
}
