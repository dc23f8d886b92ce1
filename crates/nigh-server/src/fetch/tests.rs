use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::*;
use crate::config::Fetch;

const LIMIT: u64 = 1_000;

/// A host with pictures, on a port of its own; says how often it was asked.
struct Host {
    port: u16,
    asked: Arc<AtomicUsize>,
}

fn host() -> Host {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = Host {
        port: listener.local_addr().unwrap().port(),
        asked: Arc::default(),
    };
    let asked = Arc::clone(&host.asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            asked.fetch_add(1, Ordering::Relaxed);
            std::thread::spawn(move || answer(&mut stream.unwrap()));
        }
    });
    host
}

/// The path says what is answered.
fn answer(stream: &mut TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return;
        }
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap();
    assert!(!head.to_ascii_lowercase().contains("cookie"), "{head}");
    let path = head.split(' ').nth(1).unwrap();
    let (what, rest) = path[1..].split_once('/').unwrap_or((&path[1..], ""));
    let bytes = |count: &str| "x".repeat(count.parse().unwrap());
    let reply = match what {
        "of" => format!("200 OK\r\ncontent-length: {rest}\r\n\r\n{}", bytes(rest)),
        "until-the-end" => format!("200 OK\r\n\r\n{}", bytes(rest)),
        "announced" => format!("200 OK\r\ncontent-length: {rest}\r\n\r\n"),
        "status" => format!("{rest} Status\r\ncontent-length: 0\r\n\r\n"),
        "to" => {
            let here = ["to/", "of/"].iter().any(|path| rest.starts_with(path));
            let slash = if here { "/" } else { "" };
            format!(
                "302 Found\r\nset-cookie: a=b\r\nlocation: {slash}{rest}\r\ncontent-length: 0\r\n\r\n"
            )
        }
        _ => "200 OK\r\ncontent-length: 100\r\n\r\n".to_owned(),
    };
    let _ = write!(stream, "HTTP/1.1 {reply}");
    if what == "slow" {
        for _ in 0..100 {
            std::thread::sleep(Duration::from_millis(100));
            if stream.write_all(b"x").is_err() {
                return;
            }
        }
    }
}

fn fetcher(allow: &[String], private: bool) -> Fetcher {
    let config = Fetch {
        allow: allow.to_vec(),
        private,
        seconds: 1,
    };
    Fetcher::new(&config, LIMIT).unwrap().unwrap()
}

/// The length of what was fetched, or status and code.
fn outcome(fetcher: &Fetcher, url: &str) -> String {
    match fetcher.fetch(url) {
        Ok(bytes) => bytes.len().to_string(),
        Err(error) => {
            let body = error.body().error;
            format!("{}: {}", body.code, body.message)
        }
    }
}

#[test]
fn what_is_fetched_and_what_is_not() {
    let (host, other) = (host(), host());
    let at = |host: &Host| format!("127.0.0.1:{}", host.port);
    let (here, there) = (at(&host), at(&other));
    let fetcher = fetcher(&[here.clone(), "nothing.invalid".to_owned()], true);
    let to = |count: usize, path: &str| format!("{}{path}", "/to".repeat(count));
    let rows = [
        ("/of/10".to_owned(), "10"),
        (format!("/of/{LIMIT}"), "1000"),
        (format!("/until-the-end/{LIMIT}"), "1000"),
        (
            "/of/1001".to_owned(),
            "fetch_failed: it is larger than 1000",
        ),
        (
            "/announced/99999999".to_owned(),
            "fetch_failed: it is larger",
        ),
        (
            "/until-the-end/50000".to_owned(),
            "fetch_failed: it is larger",
        ),
        ("/announced/20".to_owned(), "fetch_failed: the connection"),
        (
            "/status/404".to_owned(),
            "fetch_failed: the host answered 404",
        ),
        (
            "/status/204".to_owned(),
            "fetch_failed: the host answered 204",
        ),
        (
            "/slow".to_owned(),
            "fetch_failed: the picture was not there after 1 s",
        ),
        (to(3, "/of/10"), "10"),
        (
            to(4, "/of/10"),
            "fetch_failed: it was redirected more than 3 times",
        ),
        (format!("/to/http://{here}/of/10"), "10"),
        (
            format!("/to/http://{there}/of/10"),
            "url_not_allowed: this server",
        ),
        (
            format!("/to/to/http://{there}/of/10"),
            "url_not_allowed: this server",
        ),
        (format!("/to/http://me:you@{here}/of/10"), "bad_url: "),
        (
            "/to/http://localhost/of/10".to_owned(),
            "url_not_allowed: this server",
        ),
        ("/to/ftp://127.0.0.1/a".to_owned(), "bad_url: "),
    ];
    let mut wrong = Vec::new();
    for (path, expected) in rows {
        let begun = Instant::now();
        let found = outcome(&fetcher, &format!("http://{here}{path}"));
        let seconds = begun.elapsed().as_secs_f64();
        if !found.starts_with(expected) || seconds > 3.0 {
            wrong.push(format!("{path}: {found} after {seconds} s"));
        }
    }
    for (url, expected) in [
        ("", "bad_url"),
        ("http://", "bad_url"),
        ("http://a b/", "bad_url"),
        ("file:///etc/passwd", "bad_url"),
        ("http://evil.example/", "url_not_allowed"),
        ("http://nothing.invalid/", "fetch_failed"),
    ] {
        let found = outcome(&fetcher, url);
        if !found.starts_with(expected) {
            wrong.push(format!("{url}: {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(other.asked.load(Ordering::Relaxed), 0);
}

#[test]
fn private_addresses_are_asked_only_where_that_was_said() {
    let host = host();
    let names = ["127.0.0.1", "localhost", "2130706433", "127.1"];
    let allow = names.map(|name| format!("{name}:{}", host.port));
    for private in [false, true] {
        let fetcher = fetcher(&allow, private);
        for name in &allow {
            let found = outcome(&fetcher, &format!("http://{name}/of/10"));
            let expected = match private {
                true => "10",
                false => "url_not_allowed: the host has an address",
            };
            assert!(found.starts_with(expected), "{name}: {found}");
        }
        if !private {
            assert_eq!(host.asked.load(Ordering::Relaxed), 0);
        }
    }
    // Nowhere are there pictures here.
    let never = ["169.254.169.254".to_owned(), "[fe80::1]".to_owned()];
    for name in &never {
        let found = outcome(&fetcher(&never, true), &format!("http://{name}/"));
        assert!(found.starts_with("url_not_allowed: the host"), "{found}");
    }
}

#[test]
fn it_is_off_where_no_host_is_named() {
    assert!(Fetcher::new(&Fetch::default(), LIMIT).unwrap().is_none());
}
