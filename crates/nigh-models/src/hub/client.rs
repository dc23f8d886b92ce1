use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ureq::config::RedirectAuthHeaders;
use ureq::http::{HeaderMap, Response};
use ureq::tls::TlsConfig;
use ureq::{Agent, Body};

use super::error::{Failure, HubError};
use super::settings::HubSettings;

/// A connection to a hub.
#[derive(Debug)]
pub struct Hub {
    agent: Agent,
    pub(super) settings: HubSettings,
}

/// A connection that says nothing for so long is broken.
const SILENCE: Duration = Duration::from_secs(30);

/// More tries after the first; any progress starts the count anew.
const RETRIES: u32 = 4;

/// A hub that wants to be left alone for longer is taken at its word.
const LONGEST_WAIT_SECONDS: u64 = 60;

/// What a request is about, for the sentence when it fails.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) repo: &'a str,
    pub(super) revision: &'a str,
    pub(super) file: Option<&'a str>,
}

impl Hub {
    /// Prepares to connect.
    ///
    /// # Errors
    /// [`HubError::Setting`] where a setting makes no sense.
    pub fn new(settings: HubSettings) -> Result<Hub, HubError> {
        settings.check()?;
        let mut tls = TlsConfig::builder();
        if let Some(roots) = settings.roots()? {
            tls = tls.root_certs(roots);
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .user_agent(concat!("nigh/", env!("CARGO_PKG_VERSION")))
            .proxy(settings.resolved_proxy()?)
            .redirect_auth_headers(RedirectAuthHeaders::SameHost)
            .timeout_connect(Some(SILENCE))
            .timeout_per_read(Some(SILENCE))
            .timeout_per_write(Some(SILENCE))
            .tls_config(tls.build())
            .build();
        Ok(Hub {
            agent: config.new_agent(),
            settings,
        })
    }

    /// One GET, from a byte on where one is given; statuses below 300 and 416 are answers.
    pub(super) fn get(
        &self,
        url: &str,
        from: Option<u64>,
        subject: Subject<'_>,
    ) -> Result<Response<Body>, Failure> {
        let mut request = self.agent.get(url);
        if let Some(token) = &self.settings.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        if let Some(from) = from {
            request = request.header("Range", format!("bytes={from}-"));
        }
        let response = request.call().map_err(|error| broken(url, error))?;
        let status = response.status().as_u16();
        if status >= 300 && status != 416 {
            return Err(self.refusal(url, status, response.headers(), subject));
        }
        if let Some(page) =
            text(response.headers(), "content-type").filter(|kind| kind.starts_with("text/html"))
        {
            return Err(Failure::Final(HubError::NotTheHub {
                url: url.to_owned(),
                received: format!("a page ({page})"),
            }));
        }
        Ok(response)
    }

    /// What a file's address answers with, before it leads elsewhere: the status and the headers.
    pub(super) fn head(
        &self,
        url: &str,
        subject: Subject<'_>,
    ) -> Result<(u16, HeaderMap), Failure> {
        let mut request = self.agent.head(url);
        if let Some(token) = &self.settings.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let request = request.config().max_redirects(0).build();
        let response = request.call().map_err(|error| broken(url, error))?;
        let status = response.status().as_u16();
        match status {
            0..400 => Ok((status, response.headers().clone())),
            _ => Err(self.refusal(url, status, response.headers(), subject)),
        }
    }

    /// Tries again what may pass; `stop` ends the waiting.
    pub(super) fn retrying<T>(
        &self,
        stop: &AtomicBool,
        waits: &mut dyn FnMut(&HubError, Duration),
        mut attempt: impl FnMut() -> Result<T, Failure>,
    ) -> Result<T, HubError> {
        let mut retries = 0;
        loop {
            if stop.load(Ordering::Relaxed) {
                return Err(HubError::Stopped);
            }
            match attempt() {
                Ok(value) => return Ok(value),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Again {
                    error,
                    after_seconds,
                }) => {
                    let patient = after_seconds.is_none_or(|after| after <= LONGEST_WAIT_SECONDS);
                    if retries == RETRIES || !patient {
                        return Err(error);
                    }
                    let doubled = self.settings.pause * 2u32.pow(retries);
                    let pause = after_seconds.map_or(doubled, Duration::from_secs);
                    waits(&error, pause);
                    sleep(pause, stop);
                    retries += 1;
                }
            }
        }
    }

    fn refusal(
        &self,
        url: &str,
        status: u16,
        headers: &HeaderMap,
        subject: Subject<'_>,
    ) -> Failure {
        let endpoint = self.settings.endpoint.clone();
        let repo = subject.repo.to_owned();
        let code = text(headers, "x-error-code").unwrap_or_default();
        let error = match (status, code, subject.file) {
            (401 | 403, "GatedRepo", _) => HubError::Gated { endpoint, repo },
            (401, _, _) if self.settings.token.is_none() => HubError::NoModel { endpoint, repo },
            (401 | 403, _, _) => HubError::Denied { repo, status },
            (404, "RevisionNotFound", _) => HubError::NoRevision {
                repo,
                revision: subject.revision.to_owned(),
            },
            (404, _, Some(file)) => HubError::NoFile {
                repo,
                file: file.to_owned(),
                models: Vec::new(),
            },
            (404, _, None) => HubError::NoModel { endpoint, repo },
            (429, _, _) => {
                let after_seconds =
                    text(headers, "retry-after").and_then(|after| after.trim().parse().ok());
                return Failure::Again {
                    error: HubError::RateLimited {
                        retry_after_seconds: after_seconds,
                    },
                    after_seconds,
                };
            }
            _ => {
                let url = url.to_owned();
                let error = HubError::Status { url, status };
                return match status {
                    408 | 500 | 502 | 503 | 504 => Failure::Again {
                        error,
                        after_seconds: None,
                    },
                    _ => Failure::Final(error),
                };
            }
        };
        Failure::Final(error)
    }
}

/// A header's text.
pub(super) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// What a request that got no answer means.
pub(super) fn broken(url: &str, error: ureq::Error) -> Failure {
    let url = url.to_owned();
    let reason = error.to_string();
    match error {
        ureq::Error::TooManyRedirects => Failure::Final(HubError::Redirects { url }),
        // A certificate, an address or a name does not become right by trying again.
        ureq::Error::Rustls(_)
        | ureq::Error::Tls(_)
        | ureq::Error::BadUri(_)
        | ureq::Error::HostNotFound => Failure::Final(HubError::Network { url, reason }),
        _ => Failure::Again {
            error: HubError::Network { url, reason },
            after_seconds: None,
        },
    }
}

fn sleep(pause: Duration, stop: &AtomicBool) {
    const STEP: Duration = Duration::from_millis(100);
    let begin = Instant::now();
    while begin.elapsed() < pause && !stop.load(Ordering::Relaxed) {
        std::thread::sleep(STEP.min(pause.saturating_sub(begin.elapsed())));
    }
}
