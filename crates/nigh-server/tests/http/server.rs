//! A server of its own for each test, on a port that the system chooses.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nigh_engine::network::{EdgeRow, Network};
use nigh_engine::{CatalogWriter, EncoderRequest};
use nigh_server::{Keys, ServeError, Server, ServerConfig};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A server that ends, having closed its collections, when this is dropped.
pub(crate) struct Running {
    pub(crate) address: String,
    pub(crate) dir: Arc<TempDir>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
    agent: ureq::Agent,
    key: Option<String>,
}

/// A status, and a body of JSON; null where it is none.
pub(crate) type Reply = (u16, Value);

/// An empty catalog `shop` and a network `friends` of three people.
pub(crate) fn folders() -> Arc<TempDir> {
    let dir = tempfile::tempdir().unwrap();
    let shop = dir.path().join("shop");
    drop(CatalogWriter::open_or_create(&shop, &EncoderRequest::default()).unwrap());
    let mut network = Network::open_or_create(&dir.path().join("friends")).unwrap();
    let edge = |a: &str, b: &str| EdgeRow {
        a: a.to_owned(),
        b: b.to_owned(),
        time: 0,
        weight: 1.0,
    };
    network
        .add_edges(&[edge("ann", "bob"), edge("bob", "eve")])
        .unwrap();
    Arc::new(dir)
}

pub(crate) fn config() -> ServerConfig {
    ServerConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        ..ServerConfig::default()
    }
}

impl Running {
    pub(crate) fn new() -> Running {
        Running::start(folders(), config(), Keys::default())
    }

    pub(crate) fn start(dir: Arc<TempDir>, config: ServerConfig, keys: Keys) -> Running {
        let dirs: Vec<PathBuf> = ["shop", "friends"]
            .map(|name| dir.path().join(name))
            .to_vec();
        let scheme = config.scheme();
        let server = Server::open(config, keys, Default::default(), &dirs).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let (sender, listening) = std::sync::mpsc::channel();
        let stopping = Arc::clone(&stop);
        let run = move || server.run(&stopping, |address| sender.send(address).unwrap());
        let thread = std::thread::spawn(run);
        let address = format!("{scheme}://{}", listening.recv().unwrap());
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build();
        Running {
            address,
            dir,
            stop,
            thread: Some(thread),
            agent: agent.into(),
            key: None,
        }
    }

    pub(crate) fn with_key(mut self, key: &str) -> Running {
        self.key = Some(key.to_owned());
        self
    }

    /// Asks it to end.
    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// A connection of one's own.
    pub(crate) fn connect(&self) -> std::io::Result<TcpStream> {
        let (_, address) = self.address.split_once("://").unwrap();
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        Ok(stream)
    }

    pub(crate) fn port(&self) -> &str {
        self.address.rsplit(':').next().unwrap()
    }

    /// Ends it, and gives the folders back.
    pub(crate) fn end(mut self) -> Arc<TempDir> {
        self.stop();
        self.thread.take().unwrap().join().unwrap().unwrap();
        Arc::clone(&self.dir)
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, "", &[])
    }

    pub(crate) fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, "", &[])
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(
            "POST",
            path,
            "application/json",
            body.to_string().as_bytes(),
        )
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> Reply {
        self.send("PUT", path, "application/json", body.to_string().as_bytes())
    }

    pub(crate) fn send(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Reply {
        let mut reply = self.raw(method, path, kind, body);
        let text = reply.body_mut().read_to_string().unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        (reply.status().as_u16(), body)
    }

    pub(crate) fn raw(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: &[u8],
    ) -> ureq::http::Response<ureq::Body> {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.address));
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        self.agent
            .run(request.body(body.to_vec()).unwrap())
            .unwrap()
    }

    /// Puts an item whose picture follows from `number`.
    pub(crate) fn put_item(&self, id: &str, number: u32, attributes: Value) -> Reply {
        let images = json!([{"data": base64(&picture(number))}]);
        let body = json!({"attributes": attributes, "images": images});
        self.put(&format!("/v1/catalogs/shop/items/{id}"), &body)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A picture of two colours that follow from a number, as a BMP file.
pub(crate) fn picture(number: u32) -> Vec<u8> {
    let mut file =
        b"BM\x3e\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x02\0\0\0\x01\0\0\0\x01\0\x18\0".to_vec();
    file.extend([0; 24]);
    let [a, b, c, d] = number.wrapping_mul(0x9E37_79B1).to_le_bytes();
    file.extend([a, b, c, d, 20 ^ a, b, 0, 0]);
    file
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The ids of the hits of a search.
pub(crate) fn ids(reply: &Reply) -> Vec<&str> {
    assert_eq!(reply.0, 200, "{}", reply.1);
    let hits = reply.1["hits"].as_array().unwrap();
    hits.iter().map(|hit| hit["id"].as_str().unwrap()).collect()
}

/// The code of a failure with this status.
pub(crate) fn code(reply: &Reply, status: u16) -> &str {
    assert_eq!(reply.0, status, "{}", reply.1);
    let message = reply.1["error"]["message"].as_str().unwrap();
    assert!(message.len() > 10, "{message}");
    reply.1["error"]["code"].as_str().unwrap()
}

pub(crate) fn committed(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}
