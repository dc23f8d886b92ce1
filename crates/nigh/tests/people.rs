//! `nigh people` through the real program: streams of friendships, what the log costs, and who is counted.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use nigh_engine::network::Network;
use nigh_store::{Durability, NetworkChange, NetworkStore};
use serde_json::Value;

mod support;
use support::{nigh, run, run_json, shop, stderr, text};

fn network(dir: &Path, edges: &str) -> PathBuf {
    let (file, network) = (dir.join("edges.txt"), dir.join("net"));
    std::fs::write(&file, edges).unwrap();
    run_json(&["people", "import", text(&file), "--into", text(&network)]);
    network
}

/// A running `add-edge --from - --json` and the lines that it prints.
fn streaming(network: &Path) -> (Child, Receiver<Value>) {
    let mut child = nigh()
        .args(["people", "add-edge", text(network), "--from", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            let _ = sender.send(serde_json::from_str(&line).unwrap());
        }
    });
    (child, lines)
}

#[test]
fn each_line_of_a_slow_stream_is_soon_on_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let network = network(dir.path(), "ada bob\n");
    let (mut child, lines) = streaming(&network);
    let mut input = child.stdin.take().unwrap();
    let mut slowest = Duration::ZERO;
    for number in 1..=5 {
        let sent = Instant::now();
        writeln!(input, "ada p{number}").unwrap();
        // Nothing follows, and the stream stays open.
        let line = lines.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!(line["acknowledged"], number);
        // The first waits for the program to start.
        if number > 1 {
            slowest = slowest.max(sent.elapsed());
        }
    }
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    println!("the slowest of four lines was acknowledged after {slowest:?}");
    child.kill().unwrap();
    child.wait().unwrap();
    let network = Network::open(&network).unwrap();
    assert_eq!(network.info().edges, 6);
}

#[test]
fn a_steady_stream_is_acknowledged_before_it_ends() {
    let dir = tempfile::tempdir().unwrap();
    let network = network(dir.path(), "ada bob\n");
    let (mut child, lines) = streaming(&network);
    let mut input = child.stdin.take().unwrap();
    // Never quiet for as long as a batch waits.
    for number in 0..200 {
        writeln!(input, "ada p{number}").unwrap();
        std::thread::sleep(Duration::from_millis(5));
    }
    let before_the_end = lines.try_iter().count();
    drop(input);
    assert!(child.wait().unwrap().success());
    assert!(before_the_end > 3, "{before_the_end}");
    let last: Vec<Value> = lines.iter().collect();
    assert_eq!(last.last().unwrap()["added"]["edges"], 200);
}

#[test]
fn bad_lines_of_a_stream_cost_a_sentence_each() {
    let dir = tempfile::tempdir().unwrap();
    let network = network(dir.path(), "ada bob\n");
    let mut child = nigh()
        .args([
            "people",
            "add-edge",
            text(&network),
            "--from",
            "-",
            "--json",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let long = "x".repeat(5_000);
    let lines = [
        "ada cid",
        "ada",
        "# a comment",
        "",
        "ada dan noon",
        "ada dan -3",
        "ada dan 3 NaN",
        "ada ada",
        "ada,eve,7,0.5",
        "ada dan 1 2 3",
        &format!("ada {long}"),
    ];
    let mut input = lines.join("\n").into_bytes();
    input.extend(b"\nada \xff\xfe\nada fay");
    child.stdin.take().unwrap().write_all(&input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let told = stderr(&output);
    let expected = [
        "- line 2: two to four words were expected, 1 found",
        "- line 5: the time \"noon\" is no number",
        "- line 6: the time -3 of the edge between \"ada\" and \"dan\" is before 1970",
        "- line 7: the weight NaN",
        "- line 8: \"ada\" cannot be connected with themselves",
        "- line 10: two to four words were expected, 5 found",
        "- line 11: an id has 5000 bytes",
        "- line 12: it is no UTF-8",
    ];
    for sentence in expected {
        assert!(told.contains(sentence), "{sentence}: {told}");
    }
    assert_eq!(told.lines().count(), expected.len(), "{told}");
    let last = String::from_utf8(output.stdout).unwrap();
    let last: Value = serde_json::from_str(last.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["added"]["edges"], &last["rejected"]),
        (&3.into(), &8.into())
    );
    assert_eq!(Network::open(&network).unwrap().info().edges, 4);
}

#[test]
fn a_file_that_cannot_be_read_is_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let network = network(dir.path(), "ada bob\n");
    let missing = dir.path().join("missing");
    for (file, reason) in [
        (missing.as_path(), "No such file"),
        (dir.path(), "directory"),
    ] {
        let output = run(&["people", "add-edge", text(&network), "--from", text(file)]);
        assert_eq!(output.status.code(), Some(1));
        let told = stderr(&output);
        assert!(
            told.contains("cannot read ") && told.contains(reason),
            "{told}"
        );
    }
}

/// The changes that the next opening has to read.
fn log(network: &Path) -> usize {
    let view = NetworkStore::open_reader(network).unwrap().view().unwrap();
    view.changes(view.fold().unwrap() + 1).unwrap().count()
}

#[test]
fn one_friendship_said_again_and_again_leaves_no_long_log() {
    let dir = tempfile::tempdir().unwrap();
    let network = network(dir.path(), "ada bob\n");
    let said = dir.path().join("said");
    let lines: String = (0..210_000)
        .map(|time| format!("ada cid {time}\n"))
        .collect();
    std::fs::write(&said, lines).unwrap();
    let last = run(&["people", "add-edge", text(&network), "--from", text(&said)]);
    assert!(last.status.success());
    assert!(log(&network) < 20_000, "{}", log(&network));
    // The same by single commands: of the last one of many.
    let again = |time| NetworkChange::AddEdge {
        a: 0,
        b: 1,
        time,
        weight: 1.0,
    };
    let store = NetworkStore::open_writer(&network).unwrap();
    store
        .apply(
            &(0..199_999).map(again).collect::<Vec<_>>(),
            Durability::Synced,
        )
        .unwrap();
    drop(store);
    assert!(log(&network) >= 199_999);
    run_json(&[
        "people",
        "add-edge",
        text(&network),
        "ada",
        "bob",
        "--time",
        "5",
    ]);
    assert_eq!(log(&network), 0);
    assert_eq!(Network::open(&network).unwrap().info().edges, 2);
}

#[test]
fn erased_people_are_not_counted() {
    let dir = tempfile::tempdir().unwrap();
    // A ring of twelve with chords.
    let rows: String = (0..12)
        .map(|n| format!("p{n} p{}\np{n} p{}\n", (n + 1) % 12, (n + 2) % 12))
        .collect();
    let network = network(dir.path(), &rows);
    for person in ["p3", "p8"] {
        assert!(
            run(&["people", "erase", text(&network), person])
                .status
                .success()
        );
    }
    let stats = run_json(&["people", "stats", text(&network)]);
    assert_eq!(
        (&stats["people"], &stats["components"]["count"]),
        (&10.into(), &1.into())
    );
    let histogram = stats["degrees"]["histogram"].as_array().unwrap();
    let counted: u64 = histogram.iter().map(|bin| bin[1].as_u64().unwrap()).sum();
    assert_eq!(counted, 10, "{stats}");
    let out = dir.path().join("shards.csv");
    for method in ["hash", "louvain", "leiden", "multilevel"] {
        let args = [
            "people",
            "partition",
            text(&network),
            "--shards",
            "2",
            "--method",
            method,
        ];
        let report = run_json(&[&args[..], &["--out", text(&out)]].concat());
        let shards = report["report"]["shards"].as_array().unwrap();
        let counted: u64 = shards
            .iter()
            .map(|shard| shard["people"].as_u64().unwrap())
            .sum();
        assert_eq!(counted, 10, "{method}");
        let table = std::fs::read_to_string(&out).unwrap();
        let mut ids: Vec<&str> = table
            .lines()
            .skip(1)
            .map(|line| line.split(',').next().unwrap())
            .collect();
        ids.sort_unstable();
        assert_eq!(
            ids,
            ["p0", "p1", "p10", "p11", "p2", "p4", "p5", "p6", "p7", "p9"],
            "{method}"
        );
    }
}

#[test]
fn friendships_are_read_from_parquet() {
    let dir = tempfile::tempdir().unwrap();
    // The program's own export is a Parquet file; its items name two people each.
    let shop = shop(dir.path(), 6);
    let mut table = String::from("id,one,other,since\n");
    for n in 0..6 {
        table.push_str(&format!(
            "item-{n:05},person {n},person {},{}\n",
            (n + 1) % 6,
            1_000 + n
        ));
    }
    std::fs::write(shop.join("items.csv"), table).unwrap();
    let (catalog, edges) = (dir.path().join("catalog"), dir.path().join("edges.parquet"));
    run_json(&["catalog", "import", text(&shop), "--into", text(&catalog)]);
    run_json(&["catalog", "export", text(&catalog), text(&edges)]);
    let network = dir.path().join("net");
    let columns = ["--from", "one", "--to", "other", "--time", "since"];
    let import = ["people", "import", text(&edges), "--into", text(&network)];
    let report = run_json(&[&import[..], &columns[..]].concat());
    assert_eq!(
        (&report["files"][0]["rows"], &report["added"]["edges"]),
        (&6.into(), &6.into()),
        "{report}"
    );
    assert_eq!(report["timed"], true, "{report}");
    let reply = run_json(&["people", "suggest", text(&network), "person 2"]);
    let found: Vec<&str> = reply["suggestions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["id"].as_str().unwrap())
        .collect();
    assert_eq!(found.len(), 3, "{reply}");
    assert!(
        found[..2].contains(&"person 0") && found[..2].contains(&"person 4"),
        "{reply}"
    );
}
