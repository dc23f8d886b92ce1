//! A hub of its own for each test: an HTTP server on 127.0.0.1 that serves files in the hub's
//! layout, remembers what it was asked, and fails where a test wants it to.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::json;
use sha1::Sha1;
use sha2::{Digest, Sha256};

pub(crate) const COMMIT: &str = "1111111111111111111111111111111111111111";

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) range: Option<u64>,
    pub(crate) token: Option<String>,
    /// Bytes of the content that were sent.
    pub(crate) sent: usize,
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The connection ends after so many bytes of the body, whose full length was announced.
    pub(crate) cut: Option<usize>,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Answer {
        Answer {
            status,
            headers: Vec::new(),
            body: body.into(),
            cut: None,
        }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Answer {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn cut(mut self, after: usize) -> Answer {
        self.cut = Some(after);
        self
    }
}

/// Takes the place of an answer, where it wants to: it gets the request, how many of the same path
/// came before, and what would be answered.
type Fault = Box<dyn FnMut(&Asked, usize, &Answer) -> Option<Answer> + Send>;

struct State {
    repo: String,
    commit: String,
    licence: Option<String>,
    files: BTreeMap<String, Vec<u8>>,
    /// Whether the list of files has lengths and checksums.
    blobs: bool,
    asked: Vec<Asked>,
    /// How often each path was asked for.
    counts: BTreeMap<String, usize>,
    fault: Option<Fault>,
}

pub(crate) struct FakeHub {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl FakeHub {
    pub(crate) fn new(repo: &str, files: &[(&str, &[u8])]) -> FakeHub {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let files = files
            .iter()
            .map(|(path, content)| ((*path).to_owned(), content.to_vec()));
        let state = Arc::new(Mutex::new(State {
            repo: repo.to_owned(),
            commit: COMMIT.to_owned(),
            licence: Some("mit".to_owned()),
            files: files.collect(),
            blobs: true,
            asked: Vec::new(),
            counts: BTreeMap::new(),
            fault: None,
        }));
        let shared = Arc::clone(&state);
        // It ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, port, &state));
            }
        });
        FakeHub { port, state }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn fault(
        &self,
        fault: impl FnMut(&Asked, usize, &Answer) -> Option<Answer> + Send + 'static,
    ) {
        self.state.lock().unwrap().fault = Some(Box::new(fault));
    }

    pub(crate) fn heal(&self) {
        self.state.lock().unwrap().fault = None;
    }

    pub(crate) fn put(&self, path: &str, content: &[u8]) {
        self.state
            .lock()
            .unwrap()
            .files
            .insert(path.to_owned(), content.to_vec());
    }

    pub(crate) fn commit(&self, commit: &str) {
        self.state.lock().unwrap().commit = commit.to_owned();
    }

    pub(crate) fn without_blobs(&self) {
        self.state.lock().unwrap().blobs = false;
    }

    /// Everything asked since the last call.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.state.lock().unwrap().asked)
    }
}

fn serve(stream: TcpStream, port: u16, state: &Mutex<State>) {
    let mut reader = BufReader::new(&stream);
    let Some(mut asked) = read_request(&mut reader) else {
        return;
    };
    let mut state = state.lock().unwrap();
    let count = state.counts.entry(asked.path.clone()).or_default();
    let before = *count;
    *count += 1;
    let usual = usual(&asked, port, &state);
    let answer = match &mut state.fault {
        Some(fault) => fault(&asked, before, &usual).unwrap_or(usual),
        None => usual,
    };
    let body = match asked.method.as_str() {
        "HEAD" => &[][..],
        _ => &answer.body[..answer.cut.unwrap_or(answer.body.len())],
    };
    asked.sent = body.len();
    state.asked.push(asked);
    drop(state);
    let mut head = format!(
        "HTTP/1.1 {} Said\r\nContent-Length: {}\r\nConnection: close\r\n",
        answer.status,
        answer.body.len()
    );
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut stream = &stream;
    // A client that has gone is one of the things that tests do.
    let _ = stream.write_all(format!("{head}\r\n").as_bytes());
    let _ = stream.write_all(body);
    let _ = stream.flush();
}

fn read_request(reader: &mut impl BufRead) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let mut asked = Asked {
        method: words.next()?.to_owned(),
        path: words.next()?.to_owned(),
        range: None,
        token: None,
        sent: 0,
    };
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(':') else {
            return Some(asked);
        };
        match name.to_lowercase().as_str() {
            "range" => {
                let from = value
                    .trim()
                    .trim_start_matches("bytes=")
                    .trim_end_matches('-');
                asked.range = from.parse().ok();
            }
            "authorization" => asked.token = Some(value.trim().to_owned()),
            _ => {}
        }
    }
}

/// What a hub in good health says.
fn usual(asked: &Asked, port: u16, state: &State) -> Answer {
    let path = asked.path.split('?').next().unwrap();
    let listing = format!("/api/models/{}/revision/", state.repo);
    if let Some(revision) = path.strip_prefix(&listing) {
        return match revision == "main" || revision == state.commit {
            true => Answer::new(200, listed(state))
                .with("Content-Type", "application/json; charset=utf-8"),
            false => Answer::new(404, "{}").with("X-Error-Code", "RevisionNotFound"),
        };
    }
    if path.starts_with("/api/") {
        return Answer::new(401, "{}").with("X-Error-Code", "RepoNotFound");
    }
    let resolve = format!("/{}/resolve/{}/", state.repo, state.commit);
    if let Some(file) = path.strip_prefix(&resolve) {
        return match state.files.get(file) {
            Some(content) => resolved(file, content, port, state),
            None => Answer::new(404, "").with("X-Error-Code", "EntryNotFound"),
        };
    }
    let stored = path
        .strip_prefix("/cdn/")
        .and_then(|sum| state.files.values().find(|c| sha256(c) == sum));
    match (stored, asked.range) {
        (Some(content), Some(from)) => Answer::new(206, &content[from as usize..]).with(
            "Content-Range",
            format!("bytes {from}-{}/{}", content.len() - 1, content.len()),
        ),
        (Some(content), None) => Answer::new(200, content.clone()),
        (None, _) => Answer::new(404, ""),
    }
}

/// A small file is given at once; a large one lies elsewhere, on another host.
fn resolved(file: &str, content: &[u8], port: u16, state: &State) -> Answer {
    if !is_large(file) {
        return Answer::new(200, content)
            .with("ETag", format!("\"{}\"", git_blob(content)))
            .with("X-Repo-Commit", state.commit.clone());
    }
    Answer::new(302, "Found. Redirecting")
        .with(
            "Location",
            format!("http://localhost:{port}/cdn/{}", sha256(content)),
        )
        .with("X-Linked-Etag", format!("\"{}\"", sha256(content)))
        .with("X-Linked-Size", content.len().to_string())
        .with("X-Repo-Commit", state.commit.clone())
}

fn listed(state: &State) -> Vec<u8> {
    let sibling = |(path, content): (&String, &Vec<u8>)| match (state.blobs, is_large(path)) {
        (false, _) => json!({"rfilename": path}),
        (true, false) => {
            json!({"rfilename": path, "size": content.len(), "blobId": git_blob(content)})
        }
        (true, true) => {
            json!({"rfilename": path, "size": content.len(), "blobId": git_blob(b"pointer"),
            "lfs": {"sha256": sha256(content), "size": content.len(), "pointerSize": 134}})
        }
    };
    let siblings: Vec<_> = state.files.iter().map(sibling).collect();
    let licence = state
        .licence
        .as_ref()
        .map(|licence| json!({"license": licence}));
    json!({"id": state.repo, "sha": state.commit, "siblings": siblings, "cardData": licence, "tags": ["onnx"]})
        .to_string()
        .into_bytes()
}

fn is_large(path: &str) -> bool {
    path.contains(".onnx")
}

pub(crate) fn sha256(content: &[u8]) -> String {
    hex(&Sha256::digest(content))
}

fn git_blob(content: &[u8]) -> String {
    let mut blob = format!("blob {}\0", content.len()).into_bytes();
    blob.extend(content);
    hex(&Sha1::digest(&blob))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
