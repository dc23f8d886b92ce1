//! `nigh serve` as a process: settings, signals, and what a kill leaves.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command};

fn nigh() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nigh"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("NIGH_")) {
        command.env_remove(name);
    }
    command
}

struct Serving {
    child: Child,
    address: String,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve(dirs: &[&Path]) -> Serving {
    let log = tempfile::NamedTempFile::new().unwrap();
    serve_with(dirs, &["--log", "none"], log.path())
}

/// Serves with standard error in a file, which says the address.
fn serve_with(dirs: &[&Path], flags: &[&str], log: &Path) -> Serving {
    serve_by(&mut nigh(), dirs, flags, log)
}

fn serve_by(nigh: &mut Command, dirs: &[&Path], flags: &[&str], log: &Path) -> Serving {
    let child = nigh
        .arg("serve")
        .args(dirs)
        .args(["--listen", "127.0.0.1:0"])
        .args(flags)
        .stderr(std::fs::File::create(log).unwrap())
        .spawn()
        .unwrap();
    let mut serving = Serving {
        child,
        address: String::new(),
    };
    for _ in 0..600 {
        let told = std::fs::read_to_string(log).unwrap();
        if let Some(address) = told
            .split("http://")
            .nth(1)
            .and_then(|rest| rest.split_once('/'))
        {
            serving.address = address.0.to_owned();
            return serving;
        }
        assert!(serving.child.try_wait().unwrap().is_none(), "{told}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("it does not listen");
}

impl Serving {
    fn ask(&self, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
        self.ask_with("", method, path, body)
    }

    /// With headers of one's own, each with its line's end.
    fn ask_with(
        &self,
        headers: &str,
        method: &str,
        path: &str,
        body: &str,
    ) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{headers}connection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).ok()?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply).ok()?;
        let status = reply.split(' ').nth(1)?.parse().ok()?;
        let body = reply.split("\r\n\r\n").nth(1)?.to_owned();
        Some((status, body))
    }

    fn signal(&mut self, name: &str) -> std::process::ExitStatus {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &pid])
                .status()
                .unwrap()
                .success()
        );
        self.child.wait().unwrap()
    }
}

fn circle(dir: &Path) -> std::path::PathBuf {
    let (edges, circle) = (dir.join("edges.csv"), dir.join("circle"));
    std::fs::write(&edges, "a,b\nann,bob\nbob,zebedee\n").unwrap();
    let import = nigh()
        .args(["people", "import"])
        .arg(&edges)
        .arg("--into")
        .arg(&circle)
        .output();
    assert!(import.unwrap().status.success());
    circle
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let circle = circle(dir.path());
    let rounds = std::env::var("NIGH_CRASH_ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok());
    let mut acknowledged = Vec::new();
    for round in 0..rounds.unwrap_or(5) {
        let mut server = serve(&[&circle]);
        for id in &acknowledged {
            let path = format!("/v1/networks/circle/people/{id}");
            assert_eq!(server.ask("GET", &path, "").unwrap().0, 200, "{id} is lost");
        }
        let address = server.address.clone();
        let writer = std::thread::spawn(move || {
            let child = Command::new("true").spawn().unwrap();
            let writing = Serving { child, address };
            let mut written = Vec::new();
            for number in 0.. {
                let id = format!("r{round}n{number}");
                let body = format!("{{\"edges\": [{{\"a\": \"{id}\", \"b\": \"bob\"}}]}}");
                match writing.ask("POST", "/v1/networks/circle/edges", &body) {
                    Some((200, _)) => written.push(id),
                    _ => return written,
                }
            }
            written
        });
        std::thread::sleep(std::time::Duration::from_millis(100 + 37 * round));
        server.signal("-KILL");
        acknowledged.extend(writer.join().unwrap());
    }
    assert!(acknowledged.len() > 10, "{}", acknowledged.len());
    let doctor = nigh().arg("doctor").arg(&circle).output().unwrap();
    assert!(
        doctor.status.success(),
        "{}",
        String::from_utf8_lossy(&doctor.stdout)
    );
}

#[test]
fn a_signal_ends_it_cleanly() {
    let dir = tempfile::tempdir().unwrap();
    let circle = circle(dir.path());
    let mut server = serve(&[&circle]);
    let (status, page) = server.ask("GET", "/", "").unwrap();
    assert!(status == 200 && page.contains("<title>"), "{page}");
    assert!(server.signal("-TERM").success());
    // The collection is free again.
    let change = nigh()
        .args(["people", "add-edge"])
        .arg(&circle)
        .args(["ann", "zebedee"])
        .output()
        .unwrap();
    assert!(
        change.status.success(),
        "{}",
        String::from_utf8_lossy(&change.stderr)
    );
}

#[test]
fn the_log_names_nobody_who_is_erased() {
    let dir = tempfile::tempdir().unwrap();
    let circle = circle(dir.path());
    let log = dir.path().join("log");
    let mut server = serve_with(&[&circle], &["--log", "json"], &log);
    let (status, body) = server
        .ask("DELETE", "/v1/networks/circle/people/zebedee", "")
        .unwrap();
    assert_eq!(status, 200, "{body}");
    assert_eq!(
        server
            .ask("GET", "/v1/networks/circle/people/zebedee", "")
            .unwrap()
            .0,
        404
    );
    server.signal("-TERM");
    let log = std::fs::read_to_string(log).unwrap();
    assert!(
        log.contains("a person was erased") && log.contains("\"status\":404"),
        "{log}"
    );
    assert!(!log.contains("zebedee"), "{log}");
}

#[test]
fn the_log_names_a_key_by_its_name_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (circle, log) = (circle(dir.path()), dir.path().join("log"));
    let keys = dir.path().join("keys.txt");
    std::fs::write(
        &keys,
        "read secret-secret-secret name=front per_minute=1 collections=circle,attic\n\
         write hidden-hidden-hidden name=importer\n",
    )
    .unwrap();
    let flags = ["--log", "json", "--keys-file", keys.to_str().unwrap()];
    let mut server = serve_with(&[&circle], &flags, &log);
    let key = "authorization: Bearer secret-secret-secret\r\n";
    let path = "/v1/networks/circle/people/ann";
    for status in [200, 429] {
        assert_eq!(server.ask_with(key, "GET", path, "").unwrap().0, status);
    }
    // Who changed what, and by which request, is told with the change.
    let key = "authorization: Bearer hidden-hidden-hidden\r\nx-request-id: sync-7\r\n";
    let knows = r#"{"attributes":{"class":1}}"#;
    assert_eq!(server.ask_with(key, "PUT", path, knows).unwrap().0, 200);
    server.signal("-TERM");
    let log = std::fs::read_to_string(log).unwrap();
    let audit = log
        .lines()
        .find(|line| line.contains("nigh::audit"))
        .unwrap();
    for told in [
        r#""key":"importer""#,
        r#""request":"sync-7""#,
        r#""person":"ann""#,
    ] {
        assert!(audit.contains(told), "{told} is not in {audit}");
    }
    let by_name = |line: &&str| line.contains("\"key\":\"front\"");
    assert_eq!(log.lines().filter(by_name).count(), 2, "{log}");
    assert!(log.contains("\"name\":\"attic\""), "{log}");
    assert!(!log.contains("secret") && !log.contains("hidden"), "{log}");
}

/// `cargo test --package nigh --features otel --test serve`.
#[cfg(feature = "otel")]
#[test]
fn a_collector_is_told_of_requests() {
    let dir = tempfile::tempdir().unwrap();
    let (circle, log) = (circle(dir.path()), dir.path().join("log"));
    let collector = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", collector.local_addr().unwrap());
    let collected = std::thread::spawn(move || {
        let (mut stream, _) = collector.accept().unwrap();
        let mut told = Vec::new();
        let mut block = [0; 65_536];
        // All is sent in one request, when the server ends; the reply lets it go.
        while !told.windows(6).any(|bytes| bytes == b"of-one") {
            let read = stream.read(&mut block).unwrap();
            assert!(read > 0, "{}", String::from_utf8_lossy(&told));
            told.extend(&block[..read]);
        }
        let reply = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        stream.write_all(reply.as_bytes()).unwrap();
        String::from_utf8_lossy(&told).into_owned()
    });
    let mut command = nigh();
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
    let mut server = serve_by(&mut command, &[&circle], &["--log", "json"], &log);
    let path = "/v1/networks/circle/people/ann/suggestions";
    let id = "x-request-id: of-one\r\n";
    assert_eq!(server.ask_with(id, "GET", path, "").unwrap().0, 200);
    assert!(server.signal("-TERM").success());
    let told = collected.join().unwrap();
    assert!(told.starts_with("POST /v1/traces HTTP/1.1"), "{told}");
    for expected in [
        "GET /v1/networks/{name}/people/{id}/suggestions",
        "http.route",
        "http.response.status_code",
        "circle",
        "stage",
        "service.name",
    ] {
        assert!(told.contains(expected), "{expected} is not in {told}");
    }
    // Nobody is named, and the log is as it was.
    assert!(!told.contains("people/ann"), "{told}");
    let log = std::fs::read_to_string(log).unwrap();
    assert!(
        log.contains("\"status\":200") && !log.contains("span"),
        "{log}"
    );
}

#[test]
fn settings_come_from_file_environment_and_flags() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("nigh.toml");
    let check = |text: &str, variable: Option<&str>, flag: &[&str]| {
        std::fs::write(&file, text).unwrap();
        let mut command = nigh();
        command
            .args(["serve", "--print-config", "--config"])
            .arg(&file)
            .args(flag);
        if let Some(listen) = variable {
            command.env("NIGH_LISTEN", listen);
        }
        let output = command.output().unwrap();
        let told = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(told).unwrap())
    };
    let text = "listen = \"127.0.0.1:1\"\n[limits]\nk = 7\n";
    for (variable, flag, listen) in [
        (None, &[][..], 1),
        (Some("127.0.0.1:2"), &[][..], 2),
        (Some("127.0.0.1:2"), &["--listen", "127.0.0.1:3"][..], 3),
    ] {
        let (done, config) = check(text, variable, flag);
        assert!(
            done && config.contains(&format!("listen = \"127.0.0.1:{listen}\"")),
            "{config}"
        );
        assert!(
            config.contains("k = 7\n") && config.contains("request_seconds = 60"),
            "{config}"
        );
        // What is printed is what is read.
        assert_eq!(check(&config, None, &[]).1, config);
    }
    let several = "limits.k=9; fetch.allow=[\"a.example\"]; events=kept; threads=3";
    let (done, config) = check(text, None, &["--set", several, "--listen", "localhost:4"]);
    assert!(done, "{config}");
    for expected in [
        "k = 9\n",
        "allow = [\"a.example\"]",
        "events = \"kept\"",
        "threads = 3",
        ":4\"",
    ] {
        assert!(config.contains(expected), "{expected} is not in {config}");
    }
    for (flag, expected) in [
        (["--set", "limits.many=1"], "unknown field `many`"),
        (["--set", "limits.k"], "expected KEY=VALUE"),
        (["--set", "limits.k=0"], "limits.k is 1 or more"),
        (["--set", "events.k=x"], "settings of --set"),
        (["--listen", "7600"], "such as 127.0.0.1:7444"),
    ] {
        let (done, told) = check("", None, &flag);
        assert!(!done && told.contains(expected), "{told}");
    }
    for (text, expected) in [
        ("port = 1", "unknown field `port`"),
        ("[limits]\nk = \"many\"", "invalid type"),
        ("listen = 7", "line 1"),
    ] {
        let (done, told) = check(text, None, &[]);
        assert!(!done && told.contains(expected), "{told}");
    }
}

#[test]
fn what_cannot_be_served_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let circle = circle(dir.path());
    let told = |arguments: &[&std::ffi::OsStr]| {
        let output = nigh().arg("serve").args(arguments).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let none = dir.path().join("none");
    assert!(told(&[none.as_os_str()]).contains("none"));
    let open = told(&[
        circle.as_os_str(),
        "--listen".as_ref(),
        "0.0.0.0:0".as_ref(),
    ]);
    assert!(open.contains("there are no API keys"), "{open}");
    let keys = dir.path().join("keys.txt");
    std::fs::write(&keys, "secret-secret-secret").unwrap();
    let wrong = told(&[circle.as_os_str(), "--keys-file".as_ref(), keys.as_os_str()]);
    assert!(
        wrong.contains("line 1") && !wrong.contains("secret"),
        "{wrong}"
    );
    let pair: [&std::ffi::OsStr; 4] = [
        "--tls-certificate".as_ref(),
        keys.as_os_str(),
        "--tls-key".as_ref(),
        none.as_os_str(),
    ];
    for (pair, expected) in [
        (&pair[..2], "tls_certificate and tls_key are given together"),
        (&pair[..], "cannot read"),
    ] {
        let told = told(&[&[circle.as_os_str()], pair].concat());
        assert!(told.contains(expected), "{told}");
    }
    let server = serve(&[&circle]);
    let held = told(&[
        circle.as_os_str(),
        "--listen".as_ref(),
        "127.0.0.1:0".as_ref(),
    ]);
    assert!(held.contains("cannot serve"), "{held}");
    drop(server);
}

/// A server would not see what is written beside it, and would write over it.
#[test]
fn a_served_catalog_gets_its_pipeline_from_the_server_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (circle, data) = (circle(dir.path()), dir.path().join("data"));
    let (hats, file) = (data.join("hats"), dir.path().join("pipeline.json"));
    std::fs::write(&file, r#"{"rank":{"diversity":{"lambda":0.5}}}"#).unwrap();
    let pipeline = |rest: &[&std::ffi::OsStr]| {
        let mut command = nigh();
        command.args(["catalog", "pipeline"]).arg(&hats).args(rest);
        let output = command.output().unwrap();
        let [told, said] =
            [output.stdout, output.stderr].map(|out| String::from_utf8(out).unwrap());
        (output.status.success(), told, said)
    };
    let set: [&std::ffi::OsStr; 2] = ["--set".as_ref(), file.as_os_str()];
    let log = tempfile::NamedTempFile::new().unwrap();
    let start = || serve_with(&[&circle], &["--data", data.to_str().unwrap()], log.path());
    let mut server = start();
    let path = "/v1/catalogs/hats";
    assert_eq!(server.ask("PUT", path, "{}").unwrap().0, 201);
    for change in [&set[..], &["--clear".as_ref()]] {
        let (done, _, said) = pipeline(change);
        assert!(!done && said.contains("held by another writer"), "{said}");
    }
    assert!(server.signal("-TERM").success());
    let (done, told, said) = pipeline(&set);
    assert!(done && told.contains("diversity"), "{told}{said}");
    assert_eq!(pipeline(&[]).1, told);
    let server = start();
    let (_, served) = server.ask("GET", &format!("{path}/pipeline"), "").unwrap();
    assert_eq!(served, r#"{"rank":{"diversity":{"lambda":0.5}}}"#);
    drop(server);
    assert!(pipeline(&["--clear".as_ref()]).0);
    assert!(pipeline(&[]).2.contains("has no pipeline"));
}
