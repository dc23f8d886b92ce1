//! What can be set: in a file, by the environment, by flags.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Everything that can be set. Every key has a default; an unknown key is refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Address and port.
    pub listen: SocketAddr,
    /// A file of API keys: a line `read KEY` or `write KEY` for each, with `name=`, `collections=` and `per_minute=` after it.
    pub keys_file: Option<PathBuf>,
    /// A PEM file: the certificate, and those between it and its root. Read again when it changes.
    pub tls_certificate: Option<PathBuf>,
    /// A PEM file: the certificate's private key.
    pub tls_key: Option<PathBuf>,
    /// Where events are kept; none are taken without it.
    pub events: Option<PathBuf>,
    /// Where collections are made over HTTP; all that are in it are served. None can be made without it.
    pub data: Option<PathBuf>,
    /// Threads that compute.
    pub threads: usize,
    /// What a request may ask for.
    pub limits: Limits,
    /// How pictures are gathered for the encoder.
    pub batching: Batching,
    /// What is kept to answer again.
    pub caches: Caches,
    /// Which pictures may be given by their URL.
    pub fetch: Fetch,
}

/// What a request may ask for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of a request.
    pub body_bytes: usize,
    /// Bytes of all requests above 64 KiB together that are being read or answered; a further one waits, and is refused after five seconds.
    pub bodies_bytes: usize,
    /// Bytes of a picture's file.
    pub image_bytes: u64,
    /// Pixels of a picture.
    pub image_pixels: u64,
    /// Hits, suggestions or items of a page, and how many may be left out before it.
    pub k: usize,
    /// Items that grouping, ordering and counting may look at.
    pub depth: usize,
    /// Pictures of an item.
    pub item_images: usize,
    /// Parts of one query.
    pub parts: usize,
    /// Items or edges of one request.
    pub items: usize,
    /// Requests that may wait for a thread.
    pub queue: usize,
    /// Seconds that a request may take.
    pub request_seconds: u64,
    /// Seconds that requests get to end when the server is asked to.
    pub drain_seconds: u64,
    /// Connections that are open at one time; further ones wait to be accepted.
    pub connections: usize,
    /// Seconds in which a new connection has to send the head of its first request.
    pub header_seconds: u64,
    /// Seconds in which an open connection has to send the head of its next request, and in which some of a reply has to be taken.
    pub idle_seconds: u64,
}

/// How pictures are gathered for the encoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Batching {
    /// Pictures in one run at most; what the encoder likes where absent.
    pub max_batch: Option<usize>,
    /// Milliseconds that the first of a batch waits for others.
    pub max_wait_ms: u64,
    /// Pictures that may wait.
    pub queue: usize,
}

/// What is kept to answer again, in bytes; 0 keeps nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Caches {
    /// Embeddings of pictures and words that were searched with.
    pub embedding_bytes: u64,
    /// Answers to searches; a change to the collection forgets them.
    pub result_bytes: u64,
}

/// Which pictures may be given by their URL, for the server to fetch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fetch {
    /// Hosts: `images.example.com`, `*.example.com` for all below it, `images.example.com:8080` for another port than 80 and 443. None are
    /// fetched where there is none.
    pub allow: Vec<String>,
    /// Whether these hosts may have private addresses, or be this machine.
    pub private: bool,
    /// Seconds that one may take.
    pub seconds: u64,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 7444)),
            keys_file: None,
            tls_certificate: None,
            tls_key: None,
            events: None,
            data: None,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            limits: Limits::default(),
            batching: Batching::default(),
            caches: Caches::default(),
            fetch: Fetch::default(),
        }
    }
}

impl ServerConfig {
    /// Whether a server with these settings could answer anything.
    ///
    /// # Errors
    /// A sentence that names the key.
    pub fn check(&self) -> Result<(), String> {
        let limits = &self.limits;
        let least_one = [
            ("body_bytes", limits.body_bytes),
            ("bodies_bytes", limits.bodies_bytes),
            ("k", limits.k),
            ("depth", limits.depth),
            ("item_images", limits.item_images),
            ("parts", limits.parts),
            ("items", limits.items),
            ("queue", limits.queue),
            ("connections", limits.connections),
        ];
        let least_one_second = [
            ("request_seconds", limits.request_seconds),
            ("header_seconds", limits.header_seconds),
            ("idle_seconds", limits.idle_seconds),
        ];
        let counts = least_one.map(|(name, value)| (name, value as u64));
        let mut all = counts.iter().chain(&least_one_second);
        match all.find(|(_, value)| *value == 0) {
            Some((name, _)) => Err(format!("limits.{name} is 1 or more")),
            None => Ok(()),
        }
    }

    /// What addresses of the server begin with: `https` where it has a certificate.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        match self.tls_certificate {
            Some(_) => "https",
            None => "http",
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 32 << 20,
            bodies_bytes: 512 << 20,
            image_bytes: 16 << 20,
            image_pixels: 25_000_000,
            k: 1_000,
            depth: 10_000,
            item_images: 16,
            parts: 16,
            items: 10_000,
            queue: 1_024,
            request_seconds: 60,
            drain_seconds: 20,
            connections: 1_024,
            header_seconds: 10,
            idle_seconds: 75,
        }
    }
}

impl Default for Fetch {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            private: false,
            seconds: 10,
        }
    }
}

impl Default for Batching {
    fn default() -> Self {
        Self {
            max_batch: None,
            max_wait_ms: 2,
            queue: 256,
        }
    }
}

impl Default for Caches {
    fn default() -> Self {
        Self {
            embedding_bytes: 64 << 20,
            result_bytes: 64 << 20,
        }
    }
}
