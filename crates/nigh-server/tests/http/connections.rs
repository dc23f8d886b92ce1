use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use nigh_server::Limits;
use serde_json::{Value, json};

use crate::server::{Running, code, config, folders};

const ASK: &str = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
/// The head of a request whose body of two bytes is yet to come.
const BEGIN: &str = "POST /v1/catalogs/shop/search HTTP/1.1\r\nhost: localhost\r\n\
                     content-type: application/json\r\ncontent-length: 2\r\n\r\n{";

fn with(limits: Limits) -> Running {
    let mut limited = config();
    limited.limits = limits;
    Running::start(folders(), limited, Default::default())
}

/// The status of the next reply, which ends with its body of `ok`.
fn answer(stream: &mut TcpStream) -> String {
    let mut reply = Vec::new();
    while !reply.ends_with(b"ok\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        reply.extend(byte);
    }
    let reply = String::from_utf8(reply).unwrap();
    reply.split(' ').nth(1).unwrap().to_owned()
}

#[test]
fn one_connection_too_many_waits() {
    let server = with(Limits {
        connections: 1,
        ..Limits::default()
    });
    let mut first = server.connect().unwrap();
    first.write_all(ASK.as_bytes()).unwrap();
    assert_eq!(answer(&mut first), "200");
    let mut second = server.connect().unwrap();
    second.write_all(ASK.as_bytes()).unwrap();
    second
        .set_read_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    let nothing = second.read(&mut [0]).unwrap_err().kind();
    assert!(
        matches!(nothing, ErrorKind::WouldBlock | ErrorKind::TimedOut),
        "{nothing}"
    );
    // The first is as good as before.
    first.write_all(ASK.as_bytes()).unwrap();
    assert_eq!(answer(&mut first), "200");
    drop(first);
    second
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    assert_eq!(answer(&mut second), "200");
}

#[test]
fn who_is_still_for_too_long_is_closed() {
    let server = with(Limits {
        header_seconds: 1,
        idle_seconds: 2,
        ..Limits::default()
    });
    let until_closed = |said: &str, stream: &mut TcpStream| {
        let begun = Instant::now();
        stream.write_all(said.as_bytes()).unwrap();
        let mut rest = Vec::new();
        // Closed, or reset where something was sent meanwhile.
        let _ = stream.read_to_end(&mut rest);
        begun.elapsed().as_secs_f64()
    };
    for said in ["", "GET /healthz HT", "GET /healthz HTTP/1.1\r\nhost: "] {
        let took = until_closed(said, &mut server.connect().unwrap());
        assert!((0.9..1.8).contains(&took), "{said:?}: {took} s");
    }
    // Between requests there is more time.
    for said in ["", "GET /healthz HT"] {
        let mut kept = server.connect().unwrap();
        for _ in 0..3 {
            kept.write_all(ASK.as_bytes()).unwrap();
            assert_eq!(answer(&mut kept), "200");
            std::thread::sleep(Duration::from_millis(500));
        }
        let took = until_closed(said, &mut kept);
        assert!((1.2..4.0).contains(&took), "{said:?}: {took} s");
    }
}

#[test]
fn what_began_is_answered_when_the_server_ends() {
    let server = Running::new();
    let (mut idle, mut busy) = (server.connect().unwrap(), server.connect().unwrap());
    idle.write_all(ASK.as_bytes()).unwrap();
    assert_eq!(answer(&mut idle), "200");
    busy.write_all(BEGIN.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    server.stop();
    // The port and what is idle are closed.
    assert_eq!(idle.read(&mut [0]).unwrap(), 0);
    assert!(server.connect().is_err());
    busy.write_all(b"}").unwrap();
    let mut reply = String::new();
    busy.read_to_string(&mut reply).unwrap();
    assert!(
        reply.starts_with("HTTP/1.1 400 ") && reply.contains("bad_query"),
        "{reply}"
    );
    server.end();
}

#[test]
fn what_takes_too_long_is_cut_off_when_the_server_ends() {
    let server = with(Limits {
        drain_seconds: 1,
        ..Limits::default()
    });
    let mut busy = server.connect().unwrap();
    busy.write_all(BEGIN.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let begun = Instant::now();
    server.end();
    let took = begun.elapsed().as_secs_f64();
    assert!((0.9..5.0).contains(&took), "{took} s");
}

/// What comes until the other side closes.
fn rest(stream: &mut TcpStream) -> String {
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut reply = Vec::new();
    // Closed, or reset where more was sent.
    let _ = stream.read_to_end(&mut reply);
    String::from_utf8(reply).unwrap()
}

#[test]
fn a_reply_before_the_bodys_end_says_that_the_connection_closes() {
    let server = with(Limits::default());
    let mut stream = server.connect().unwrap();
    let head = "POST /v1/catalogs/shop/search HTTP/1.1\r\nhost: localhost\r\n\
                content-type: text/plain\r\ncontent-length: 100000\r\n\r\nabc";
    stream.write_all(head.as_bytes()).unwrap();
    let reply = rest(&mut stream).to_lowercase();
    assert!(reply.starts_with("http/1.1 415 "), "{reply}");
    assert!(reply.contains("\r\nconnection: close\r\n"), "{reply}");
    // A body that was read whole leaves the connection as it was.
    let mut stream = server.connect().unwrap();
    let wrong = format!("{BEGIN}\"");
    stream.write_all(wrong.as_bytes()).unwrap();
    stream.write_all(ASK.as_bytes()).unwrap();
    let mut both = Vec::new();
    while !both.ends_with(b"ok\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        both.extend(byte);
    }
    let both = String::from_utf8(both).unwrap();
    assert!(both.starts_with("HTTP/1.1 400 "), "{both}");
    assert!(both.contains("HTTP/1.1 200 "), "{both}");
}

#[test]
fn a_request_that_is_too_long_is_told_at_once_and_a_slow_one_is_at_fault_itself() {
    let server = with(Limits {
        request_seconds: 1,
        body_bytes: 1_000,
        ..Limits::default()
    });
    let begun = Instant::now();
    let mut stream = server.connect().unwrap();
    let head = "POST /v1/catalogs/shop/search HTTP/1.1\r\nhost: localhost\r\n\
                content-type: application/json\r\ncontent-length: 1001\r\n\r\n{";
    stream.write_all(head.as_bytes()).unwrap();
    let reply = rest(&mut stream);
    assert!(reply.starts_with("HTTP/1.1 413 "), "{reply}");
    assert!(begun.elapsed() < Duration::from_millis(900));
    let mut stream = server.connect().unwrap();
    stream.write_all(BEGIN.as_bytes()).unwrap();
    let reply = rest(&mut stream);
    assert!(reply.starts_with("HTTP/1.1 408 "), "{reply}");
    assert!(reply.contains("slow_request"), "{reply}");
}

/// Whoever is slow with a long body does not take the memory of all others.
#[test]
fn long_bodies_wait_for_memory() {
    let server = with(Limits {
        bodies_bytes: 200_000,
        ..Limits::default()
    });
    let long = json!({"vector": vec![0.5; 20_000]});
    let search = |body: &Value| server.post("/v1/catalogs/shop/search", body);
    let head = BEGIN.replace("content-length: 2", "content-length: 150000");
    let mut slow = server.connect().unwrap();
    slow.write_all(head.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(code(&search(&long), 429), "busy");
    let short = json!({"vector": [0.5]});
    assert_eq!(code(&search(&short), 400), "bad_vector");
    drop(slow);
    assert_eq!(code(&search(&long), 400), "bad_vector");
}
