use thiserror::Error;
use ureq::http::Uri;

use super::FetchError;

/// The hosts that pictures are fetched from.
#[derive(Debug)]
pub(super) struct Allowed {
    hosts: Vec<Host>,
}

#[derive(Debug)]
struct Host {
    /// In small letters; of an IPv6 address with brackets.
    name: String,
    /// Whether those below it are meant, and not it itself.
    below: bool,
    /// The usual two where there is none.
    port: Option<u16>,
}

/// An entry of `fetch.allow` that names no host.
#[derive(Debug, Error)]
#[error(
    "expected a host such as images.example.com, *.example.com or images.example.com:8080, found {entry:?}"
)]
pub struct BadHost {
    entry: String,
}

const USUAL_PORTS: [u16; 2] = [80, 443];

impl Allowed {
    pub(super) fn parse(entries: &[String]) -> Result<Self, BadHost> {
        let host = |entry: &String| {
            let bad = || BadHost {
                entry: entry.clone(),
            };
            Host::parse(entry).ok_or_else(bad)
        };
        let hosts: Result<_, _> = entries.iter().map(host).collect();
        Ok(Self { hosts: hosts? })
    }

    /// Whether a URL is one that may be fetched.
    pub(super) fn check(&self, url: &Uri) -> Result<(), FetchError> {
        let usual = match url.scheme_str() {
            Some("http") => 80,
            Some("https") => 443,
            _ => return Err(FetchError::Url),
        };
        let authority = url.authority().ok_or(FetchError::Url)?;
        // A user's name would be one that somebody else chose.
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(FetchError::Url);
        }
        let port = match authority.port() {
            Some(port) => port.as_u16(),
            None if authority.as_str() == authority.host() => usual,
            // A number that no port has.
            None => return Err(FetchError::Url),
        };
        let name = authority.host().to_ascii_lowercase();
        let mut hosts = self.hosts.iter();
        let allowed = hosts.any(|host| host.is(&name) && host.takes(port));
        allowed.then_some(()).ok_or(FetchError::Host)
    }
}

impl Host {
    fn parse(entry: &str) -> Option<Self> {
        let entry = entry.to_ascii_lowercase();
        let (below, rest) = match entry.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, entry.as_str()),
        };
        let end = rest.rfind(']').map_or(0, |end| end + 1);
        let (name, port) = match rest[end..].find(':') {
            None => (rest, None),
            Some(colon) => {
                let (name, port) = rest.split_at(end + colon);
                (name, Some(port[1..].parse().ok().filter(|port| *port > 0)?))
            }
        };
        is_name(name).then(|| Self {
            name: name.to_owned(),
            below,
            port,
        })
    }

    fn is(&self, name: &str) -> bool {
        match self.below {
            false => name == self.name,
            true => {
                let above = name.strip_suffix(self.name.as_str());
                let above = above.and_then(|above| above.strip_suffix('.'));
                above.is_some_and(|above| !above.is_empty())
            }
        }
    }

    fn takes(&self, port: u16) -> bool {
        match self.port {
            Some(own) => own == port,
            None => USUAL_PORTS.contains(&port),
        }
    }
}

/// A name of the DNS, or an address.
fn is_name(name: &str) -> bool {
    let address = name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
            let mut labels = name.split('.');
            labels.all(|label| !label.is_empty() && label.chars().all(plain))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports() {
        let entries = [
            "Images.Example.com",
            "*.cdn.example.com",
            "files.example.com:8080",
            "[::1]:81",
            "10.0.0.7",
        ];
        let allowed = Allowed::parse(&entries.map(str::to_owned)).unwrap();
        let mut wrong = Vec::new();
        for (url, expected) in [
            ("https://images.example.com/a.jpg", "fetched"),
            ("http://IMAGES.EXAMPLE.COM", "fetched"),
            ("http://images.example.com:443/", "fetched"),
            ("http://images.example.com:8080/", "host"),
            ("http://images.example.com:0080/", "fetched"),
            ("http://a.images.example.com/", "host"),
            ("http://images.example.com.evil.example/", "host"),
            ("http://images.example.com./", "host"),
            ("https://a.cdn.example.com/", "fetched"),
            ("https://a.b.cdn.example.com/", "fetched"),
            ("https://cdn.example.com/", "host"),
            ("https://.cdn.example.com/", "host"),
            ("https://evilcdn.example.com/", "host"),
            ("http://files.example.com:8080/", "fetched"),
            ("http://files.example.com/", "host"),
            ("http://[::1]:81/", "fetched"),
            ("http://[::1]/", "host"),
            ("http://10.0.0.7/", "fetched"),
            ("http://10.0.0.07/", "host"),
            ("http://me:secret@images.example.com/", "url"),
            ("http://images.example.com@evil.example/", "url"),
            ("ftp://images.example.com/", "url"),
            ("/images.example.com", "url"),
            ("images.example.com", "url"),
            ("http://images.example.com:99999/", "url"),
        ] {
            let found = match url.parse::<Uri>().map_err(|_| FetchError::Url) {
                Err(_) => "url",
                Ok(url) => match allowed.check(&url) {
                    Ok(()) => "fetched",
                    Err(FetchError::Host) => "host",
                    Err(_) => "url",
                },
            };
            if found != expected {
                wrong.push(format!("{url}: {found}, not {expected}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn entries_that_name_no_host() {
        for entry in [
            "",
            "*",
            "*.",
            "a.*.example.com",
            "https://images.example.com",
            "images.example.com/a",
            "me@images.example.com",
            "images.example.com:",
            "images.example.com:0",
            "images.example.com:70000",
            "images..example.com",
            "[::1",
            "[images]",
        ] {
            let error = Allowed::parse(&[entry.to_owned()]).err();
            assert!(error.is_some(), "{entry}");
        }
    }
}
