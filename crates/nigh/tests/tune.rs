//! `nigh catalog tune`, and what searches make of it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::Path;

use serde_json::Value;

use crate::support::{jpeg, run, run_json, shop, stderr, text};

mod support;

const ITEMS: u32 = 5_200;

/// A collection large enough to have lists.
fn catalog(dir: &Path) -> (String, String) {
    let source = shop(dir, ITEMS);
    let into = dir.join("catalog");
    run_json(&["catalog", "import", text(&source), "--into", text(&into)]);
    (text(&source).to_owned(), text(&into).to_owned())
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

fn recall_of(into: &str, more: &[&str]) -> f64 {
    let args = [
        "catalog",
        "eval",
        into,
        "--sample",
        "0.05",
        "--seed",
        "9",
        "--relevant",
        "parity",
    ];
    number(&run_json(&[&args, more].concat())["recall_at_k"])
}

#[test]
fn a_catalog_is_tuned_searched_and_measured_anew_when_it_grows() {
    let dir = tempfile::tempdir().unwrap();
    let (source, into) = catalog(dir.path());
    let into = into.as_str();

    let tuned = run_json(&[
        "catalog", "tune", into, "--recall", "0.9", "--sample", "600",
    ]);
    let chosen = &tuned["chosen"];
    let interval = &chosen["recall_at_10"];
    let (low, high) = (number(&interval["low"]), number(&interval["high"]));
    assert_eq!(chosen["setting"]["mode"], "ivf", "{chosen}");
    assert!(low > 0.85 && low < high, "{interval}");
    let exact = tuned["points"].as_array().unwrap().last().unwrap();
    assert_eq!(exact["setting"]["mode"], "exact");
    assert!(number(&exact["latency_us"]) > number(&chosen["latency_us"]));
    assert!(number(&exact["resident_bytes"]) > 2.0 * number(&chosen["resident_bytes"]));

    // What it promised holds for other items than those that it was tuned with.
    let seen = recall_of(into, &[]);
    assert!(
        (low - 0.02..=high + 0.02).contains(&seen),
        "{seen} of {low} to {high}"
    );

    let search = |more: &[&str]| {
        let picture = format!("{source}/images/item-00007.jpg");
        let args = ["catalog", "search", into, "--image", &picture];
        run_json(&[&args, more].concat())
    };
    let found = search(&[]);
    assert_eq!(found["setting"], chosen["setting"]);
    assert_eq!(found["recall_at_10"], *interval);
    let all = search(&["--recall", "1"]);
    assert_eq!(all["setting"]["mode"], "exact");
    let stated = search(&["--recall", "0.97"]);
    assert!(number(&stated["recall_at_10"]["mean"]) > 0.96, "{stated}");
    assert_eq!(search(&["--exact"])["recall_at_10"]["mean"], 1.0);

    // Real searches are checked, by the shape of their condition.
    search(&["--check", "1"]);
    search(&["--check", "1", "--where", "number < 700 AND parity = 'odd'"]);
    search(&[
        "--check",
        "1",
        "--where",
        "number < 600 AND parity = 'even'",
    ]);
    let info = run_json(&["catalog", "info", into]);
    let shapes: Vec<(&str, u64)> = info["running_recall"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| {
            (
                of["shape"].as_str().unwrap(),
                of["searches"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        shapes,
        [
            ("everything", 1),
            ("number < ? AND parity = ? (up to 10 %)", 2)
        ]
    );

    // A copy has the goal, and an import measures its new index for it.
    let copy = dir.path().join("copy");
    run_json(&["catalog", "snapshot", into, text(&copy)]);
    let more = dir.path().join("more");
    std::fs::create_dir(&more).unwrap();
    for number in 0..300 {
        let picture = more.join(format!("new-{number}.jpg"));
        std::fs::write(picture, jpeg(ITEMS + number)).unwrap();
    }
    run_json(&["catalog", "import", text(&more), "--into", text(&copy)]);
    let info = run_json(&["catalog", "info", text(&copy)]);
    assert_eq!(info["published_images"], ITEMS + 300);
    assert_eq!(info["goal"]["recall"], 0.9);
    assert_eq!(info["operating_point"]["setting"]["mode"], "ivf", "{info}");
}

#[test]
fn what_cannot_be_reached_or_read_gets_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let (_, into) = catalog(dir.path());
    let into = into.as_str();
    let refused = |more: &[&str], words: &str| {
        let output = run(&[&["catalog", "tune", into], more].concat());
        let told = stderr(&output);
        let fits = !output.status.success() && told.contains(words) && !told.contains("panicked");
        (!fits).then(|| format!("{more:?}: expected {words:?}, got {told:?}"))
    };
    let wrong: Vec<String> = [
        refused(&[], "--recall"),
        refused(&["--recall", "1.5"], "a recall lies above 0 and up to 1"),
        refused(&["--recall", "NaN"], "a recall lies above 0 and up to 1"),
        refused(
            &["--latency-us", "0"],
            "a latency is a number greater than 0",
        ),
        refused(
            &["--recall", "0.9", "--memory", "20kB"],
            "too few for 5200 images",
        ),
        refused(&["--recall", "0.9", "--memory", "much"], "--memory"),
        refused(&["--latency-us", "0.001"], "no setting reaches this goal"),
        refused(
            &["--latency-us", "inf"],
            "a latency is a number greater than 0",
        ),
        refused(
            &["--recall", "0.9", "--queries", "no-such-folder"],
            "no-such-folder",
        ),
    ]
    .into_iter()
    .flatten()
    .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(run_json(&["catalog", "info", into])["goal"], Value::Null);

    // Shorter codes where the memory calls for them.
    let full = run_json(&[
        "catalog", "tune", into, "--recall", "0.8", "--sample", "200",
    ]);
    let bytes = number(&full["chosen"]["resident_bytes"]);
    let memory = format!("{}", (0.75 * bytes) as u64);
    let less = run_json(&[
        "catalog", "tune", into, "--recall", "0.8", "--sample", "200", "--memory", &memory,
    ]);
    assert!(
        number(&less["chosen"]["resident_bytes"]) <= 0.75 * bytes,
        "{less}"
    );
    let bits = |info: &Value| info["codes"][2].as_u64().unwrap();
    assert!(bits(&run_json(&["catalog", "info", into])) < 8);

    // A goal that nothing reaches changes nothing, though an index was built to see that.
    let before = run_json(&["catalog", "info", into]);
    let output = run(&[
        "catalog", "tune", into, "--recall", "1", "--memory", &memory, "--sample", "200",
    ]);
    assert!(
        stderr(&output).contains("no setting reaches this goal"),
        "{}",
        stderr(&output)
    );
    let after = run_json(&["catalog", "info", into]);
    for same in ["goal", "operating_point", "codes"] {
        assert_eq!(before[same], after[same], "{same}");
    }
    // Without the limit codes are as long as they were.
    run_json(&[
        "catalog", "tune", into, "--recall", "0.8", "--sample", "200",
    ]);
    assert_eq!(bits(&run_json(&["catalog", "info", into])), 8);

    // What was checked and cannot be read is told, and not written over.
    let view = std::fs::read_to_string(Path::new(into).join("index/current")).unwrap();
    let checked = Path::new(into)
        .join("index")
        .join(view.trim())
        .join("checked.json");
    std::fs::write(&checked, "{broken").unwrap();
    let told = stderr(&run(&[
        "catalog",
        "search",
        into,
        "--id",
        "item-00001",
        "--check",
        "1",
    ]));
    assert!(told.contains("checked.json is damaged"), "{told}");
    assert_eq!(std::fs::read_to_string(&checked).unwrap(), "{broken");

    // Files that were damaged are told and cost nothing but the tuning.
    let goal = Path::new(into).join("tuning.json");
    std::fs::write(&goal, "{\"recall\": ").unwrap();
    let output = run(&["catalog", "search", into, "--id", "item-00001"]);
    assert!(output.status.success());
    let told = stderr(&output);
    assert!(told.contains("tuning.json is damaged"), "{told}");
    let copy = dir.path().join("copy");
    let output = run(&["catalog", "snapshot", into, text(&copy)]);
    assert!(output.status.success() && stderr(&output).contains("not tuned"));
}
