//! kill -9 during a stream of friendships, many times: what was acknowledged is there, and nothing was invented.
//!
//! `NIGH_CRASH_ROUNDS` sets the rounds (200 for a release; a few by default).
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use nigh_engine::network::Network;

mod support;
use support::{nigh, text};

const BATCH: usize = 100;
const LINES: usize = 200_000;

#[test]
fn a_killed_stream_loses_no_friendship() {
    let rounds: u64 = std::env::var("NIGH_CRASH_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(10);
    let dir = tempfile::tempdir().unwrap();
    let (edges, network) = (dir.path().join("edges.csv"), dir.path().join("net"));
    std::fs::write(&edges, "a,b\nada,grace\n").unwrap();
    let import = nigh()
        .args(["people", "import", text(&edges), "--into", text(&network)])
        .output()
        .unwrap();
    assert!(import.status.success(), "{import:?}");
    let (mut acknowledged, mut sent) = (Vec::new(), 0);
    for round in 0..rounds {
        let delay = Duration::from_micros(20_000 + round.wrapping_mul(0x9e37_79b9) % 150_000);
        acknowledged.push((sent, sent + stream_and_kill(&network, sent, delay)));
        sent += LINES;
        check(&network, &acknowledged, sent);
    }
    let all: usize = acknowledged.iter().map(|(from, to)| to - from).sum();
    println!("{rounds} rounds, {all} acknowledged");
    assert!(
        all > 0,
        "nothing was acknowledged: the delays are too short for this machine"
    );
}

fn pair(number: usize) -> (String, String) {
    (format!("p{}", number % 5_000), format!("q{number}"))
}

/// Streams friendships from a number on, kills after `delay`, and returns how many were acknowledged.
fn stream_and_kill(network: &Path, from: usize, delay: Duration) -> usize {
    let batch = BATCH.to_string();
    let mut child = nigh()
        .args([
            "people",
            "add-edge",
            text(network),
            "--from",
            "-",
            "--json",
            "--batch",
            &batch,
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        for number in from..from + LINES {
            let (a, b) = pair(number);
            // Fails once the reader is dead.
            if writeln!(input, "{a} {b} {}", number + 1).is_err() {
                return;
            }
        }
    });
    let output = BufReader::new(child.stdout.take().unwrap());
    let killer = std::thread::spawn(move || {
        std::thread::sleep(delay);
        child.kill().unwrap();
        child.wait().unwrap();
    });
    let mut acknowledged = 0;
    for line in output.lines().map_while(Result::ok) {
        let line: serde_json::Value = match serde_json::from_str(&line) {
            Ok(line) => line,
            // The last may be torn; what is not whole is no acknowledgement.
            Err(_) => break,
        };
        acknowledged = line["acknowledged"]
            .as_u64()
            .map_or(acknowledged, |n| n as usize);
    }
    killer.join().unwrap();
    writer.join().unwrap();
    acknowledged
}

fn check(network: &Path, present: &[(usize, usize)], sent: usize) {
    let network = Network::open(network).unwrap();
    for &(from, to) in present {
        for number in from..to {
            let (a, b) = pair(number);
            let there = network.find(&a).ok().zip(network.find(&b).ok());
            let there = there.is_some_and(|(a, b)| network.graph().has_edge(a, b));
            assert!(there, "{a} {b} was acknowledged, and is lost");
        }
    }
    let edges: Vec<_> = network.graph().to_csr().iter_edges().collect();
    for edge in edges.iter().filter(|edge| edge.time > 0) {
        let (a, b) = pair(edge.time as usize - 1);
        let mut ends = [network.id(edge.a), network.id(edge.b)];
        ends.sort();
        assert!(
            edge.time as usize <= sent && ends == [a, b],
            "{edge:?} was never sent"
        );
    }
}
