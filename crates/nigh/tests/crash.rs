//! kill -9 during an import, many times: what was acknowledged is there, once,
//! whole; and the import ends as if nothing had happened.
//!
//! `NIGH_CRASH_ROUNDS` sets the rounds (500 for a release; a few by default).
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

mod support;
use support::{nigh, run_json, shop, text};

const ITEMS: u32 = 600;

#[test]
fn crash_rounds_lose_nothing() {
    let rounds: u64 = std::env::var("NIGH_CRASH_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(12);
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path(), ITEMS);
    let mut collection = dir.path().join("catalog-0");
    let mut acknowledged = BTreeSet::new();
    let mut kills = 0;
    for round in 0..rounds {
        let delay = Duration::from_micros(2_000 + hash(round) % 180_000);
        let finished = import_and_kill(&shop, &collection, delay, &mut acknowledged);
        kills += u64::from(!finished);
        check(&shop, &collection, &acknowledged, finished, round);
        if finished {
            std::fs::remove_dir_all(&collection).unwrap();
            collection = dir.path().join(format!("catalog-{round}"));
            acknowledged.clear();
        }
    }
    println!("{kills} of {rounds} rounds were killed during the import");
    assert!(
        kills > 0,
        "no round was killed: the delays are too long for this machine"
    );
}

/// Starts an import, notes what it acknowledges, and kills it after `delay`.
/// Returns whether it came to its end before.
fn import_and_kill(
    shop: &Path,
    collection: &Path,
    delay: Duration,
    acknowledged: &mut BTreeSet<String>,
) -> bool {
    let mut child = nigh()
        .args(["catalog", "import", text(shop), "--into", text(collection)])
        .args(["--progress", "json", "--commit-items", "16"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let events = BufReader::new(child.stderr.take().unwrap());
    let reader = std::thread::spawn(move || {
        events
            .lines()
            .map_while(Result::ok)
            .collect::<Vec<String>>()
    });
    std::thread::sleep(delay);
    // SIGKILL; the child may be gone already.
    let _ = child.kill();
    let status = child.wait().unwrap();
    for line in reader.join().unwrap() {
        let Ok(event) = serde_json::from_str::<Value>(&line) else {
            continue;
        };
        let ids = event["ids"].as_array().into_iter().flatten();
        acknowledged.extend(ids.map(|id| id.as_str().unwrap().to_owned()));
    }
    status.success()
}

fn check(
    shop: &Path,
    collection: &Path,
    acknowledged: &BTreeSet<String>,
    finished: bool,
    round: u64,
) {
    if !collection.join("nigh.json").exists() {
        assert!(
            acknowledged.is_empty(),
            "round {round}: acknowledged items, but no collection"
        );
        return;
    }
    let listed = run_json(&["catalog", "list", text(collection), "--limit", "1000000"]);
    let items = listed["items"].as_array().unwrap();
    let numbers: BTreeMap<&str, i64> = items
        .iter()
        .map(|item| {
            (
                item["id"].as_str().unwrap(),
                item["attributes"]["number"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        numbers.len(),
        items.len(),
        "round {round}: an item is there twice"
    );
    let lost: Vec<_> = acknowledged
        .iter()
        .filter(|id| !numbers.contains_key(id.as_str()))
        .collect();
    assert!(
        lost.is_empty(),
        "round {round}: acknowledged and lost: {lost:?}"
    );
    for (id, number) in &numbers {
        assert_eq!(
            *id,
            format!("item-{number:05}"),
            "round {round}: an item that was never imported so"
        );
    }
    if finished {
        assert_eq!(
            items.len() as u32,
            ITEMS,
            "round {round}: the import ended, items are missing"
        );
    }
    if let Some(id) = numbers
        .keys()
        .nth(hash(round) as usize % numbers.len().max(1))
    {
        finds_itself(shop, collection, id, round);
    }
}

/// The item's own picture finds the item: its embedding is its own, whole.
fn finds_itself(shop: &Path, collection: &Path, id: &str, round: u64) {
    let picture = shop.join(format!("images/{id}.jpg"));
    let found = run_json(&[
        "catalog",
        "search",
        text(collection),
        "--image",
        text(&picture),
        "-k",
        "1",
    ]);
    assert_eq!(found["hits"][0]["id"], *id, "round {round}");
    assert!(
        found["hits"][0]["score"].as_f64().unwrap() > 0.9999,
        "round {round}"
    );
}

/// A different, repeatable number for every round.
fn hash(round: u64) -> u64 {
    let mut bits = round.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits ^= bits >> 29;
    bits.wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 32
}
