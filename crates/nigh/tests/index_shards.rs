//! `nigh index` on folders of shards.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

mod support;
use support::vectors::{path, small};
use support::{nigh, run, run_json, stderr, text};

/// 3,000 rows of 16 values with their categories: whole hundreds, the first of which most rows have.
fn data(dir: &Path) {
    small(dir, "3000", "16");
    let category = |row: u32| if row.is_multiple_of(3) { 0 } else { row / 300 };
    let lines = |rows: u32| {
        (0..rows)
            .map(|row| category(row).to_string())
            .collect::<Vec<_>>()
            .join("\n")
    };
    fs::write(dir.join("categories.txt"), lines(3000)).unwrap();
    fs::write(dir.join("query-categories.csv"), lines(40)).unwrap();
}

/// Builds with these flags, typed as a person types them, in `dir`.
fn typed(dir: &Path, line: &str) -> Value {
    let output = nigh()
        .current_dir(dir)
        .arg("index")
        .args(line.split_whitespace())
        .arg("--json")
        .output();
    let output = output.unwrap();
    assert!(output.status.success(), "{line}: {}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

const BUILD: &str = "build --base base.fbin --metric l2";

#[test]
fn shards_answer_as_one_segment_does() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    data(dir);
    typed(dir, &format!("{BUILD} --kind exact --out whole.segment"));
    let hash = typed(dir, &format!("{BUILD} --kind exact --shards 3 --out hash"));
    assert_eq!((&hash["by"], &hash["rows"]), (&json!("hash"), &json!(3000)));
    let category = typed(
        dir,
        &format!(
            "{BUILD} --kind ivf --lists 10 --shards 3 --categories categories.txt --out category"
        ),
    );
    assert_eq!(category["by"], "category");
    assert_eq!(category["oversized"][0]["category"], "0");
    assert_eq!(category["shards"][0]["lists"], 10);
    assert!(category["build_seconds"].as_f64().unwrap() > 0.0);

    let search = |index: &str, more: &str| {
        typed(
            dir,
            &format!("search --index {index} --queries query.fbin -k 5 --threads 2 {more}"),
        )
    };
    let expected = &search("whole.segment", "--exact")["queries"];
    for index in ["hash", "category"] {
        assert_eq!(&search(index, "--exact")["queries"], expected, "{index}");
    }
    assert_eq!(search("category", "--nprobe 99")["params"]["nprobe"], 10);
    let own = search("category", "--exact --category 7");
    let shard_of = typed(dir, "info --index category")["shards"]
        .as_array()
        .unwrap()
        .iter()
        .position(|shard| {
            shard["categories"]
                .as_array()
                .unwrap()
                .contains(&json!("7"))
        });
    assert!(shard_of.is_some());
    let ids = own["queries"][0]["neighbors"].as_array().unwrap();
    assert_eq!(ids.len(), 5);
    // The shard that holds most rows holds category 0 alone.
    assert!(
        ids.iter().all(|hit| hit["id"].as_u64().unwrap() % 3 != 0),
        "{own}"
    );
}

#[test]
fn info_shows_every_shard() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    data(dir);
    let built = typed(
        dir,
        &format!("{BUILD} --shards 4 --categories categories.txt --out category"),
    );
    let info = typed(dir, "info --index category");
    for (name, expected) in [
        ("rows", json!(3000)),
        ("dim", json!(16)),
        ("metric", json!("l2")),
        ("sequence", json!(3000)),
    ] {
        assert_eq!(info[name], expected, "{name}");
    }
    for name in ["bytes", "imbalance", "oversized"] {
        assert_eq!(info[name], built[name], "{name}");
    }
    let rows = |value: &Value| -> Vec<u64> {
        value["shards"]
            .as_array()
            .unwrap()
            .iter()
            .map(|shard| shard["rows"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(rows(&info), rows(&built));
    assert_eq!(info["shards"][0]["categories"], json!(["0"]));
    let output = run(&["index", "info", "--index", text(&dir.join("category"))]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("sharded by  category; "), "{said}");
    assert!(
        said.contains("category 0 alone has 1200 rows, 1.60 times a mean shard"),
        "{said}"
    );
}

#[test]
fn reports_are_tables_and_one_object() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    data(dir);
    typed(
        dir,
        &format!("{BUILD} --shards 4 --categories categories.txt --out category"),
    );
    typed(
        dir,
        &format!("{BUILD} --shards 4 --shard-by hash --out hash"),
    );
    let told = typed(
        dir,
        "shards category --queries query.fbin --categories query-categories.csv",
    );
    assert_eq!(
        (&told["queries"], &told["own"]["queries"]),
        (&json!(40), &json!(40))
    );
    for asked in [&told["own"], &told["nearest"][1], &told["best_by_hash"]] {
        for name in ["suffice", "recall_at_10"] {
            let [low, mean, high] =
                ["low", "mean", "high"].map(|end| asked[name][end].as_f64().unwrap());
            assert!(low <= mean && mean <= high, "{name}: {asked}");
        }
    }
    assert_eq!(told["nearest"].as_array().unwrap().len(), 4);
    assert_eq!(told["nearest"][3]["recall_at_10"]["low"], 1.0);
    let recalls: Vec<&Value> = told["needed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["recall"])
        .collect();
    assert_eq!(recalls, [&json!(0.95), &json!(0.99)]);
    let few = typed(dir, "shards hash --queries query.fbin --first 7");
    assert_eq!((&few["queries"], &few["own"]), (&json!(7), &Value::Null));

    let output = nigh()
        .current_dir(dir)
        .args([
            "index",
            "shards",
            "category",
            "--queries",
            "query.fbin",
            "--categories",
            "query-categories.csv",
        ])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let lines = [
        "that of its category",
        "nearest by centroid",
        "3 nearest by centroid",
        "all 4",
        "fullest of 4 by hash",
        "recall 0.95 needs ",
    ];
    for line in lines {
        assert!(said.contains(line), "{line}: {said}");
    }
}

#[test]
fn what_cannot_be_done_with_shards_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    data(dir);
    small(&dir.join("wide"), "300", "9");
    fs::write(dir.join("few.txt"), "a\nb").unwrap();
    typed(
        dir,
        &format!("{BUILD} --shards 2 --categories categories.txt --out category"),
    );
    typed(dir, &format!("{BUILD} --shards 2 --out hash"));
    typed(dir, &format!("{BUILD} --out one.segment"));
    typed(dir, &format!("{BUILD} --shards 2 --out cut"));
    let segment = dir.join("cut/shard-0001.segment");
    let whole = fs::read(&segment).unwrap();
    fs::write(&segment, &whole[..whole.len() / 2]).unwrap();
    fs::create_dir(dir.join("empty")).unwrap();
    let cases: &[(&str, i32, &str)] = &[
        (
            "build --base base.fbin --metric l2 --shards 0 --out out",
            2,
            "0 is not in 1..=256",
        ),
        (
            "build --base base.fbin --metric l2 --shards 257 --out out",
            2,
            "257 is not in 1..=256",
        ),
        (
            "build --base base.fbin --metric l2 --shard-by hash --out out",
            2,
            "--shards <N>",
        ),
        (
            "build --base base.fbin --metric l2 --categories categories.txt --out out",
            2,
            "--shards <N>",
        ),
        (
            "build --base base.fbin --metric l2 --shards 2 --shard-by hash --categories categories.txt --out out",
            2,
            "cannot be used with",
        ),
        (
            "build --base base.fbin --metric l2 --shards 2 --categories few.txt --out out",
            1,
            "few.txt names the categories of 2 rows, but base.fbin has 3000",
        ),
        (
            "build --base base.fbin --metric l2 --shards 2 --categories gone.txt --out out",
            1,
            "cannot read gone.txt",
        ),
        (
            "build --base base.fbin --metric l2 --shards 2 --categories base.fbin --out out",
            1,
            "in none of .npy, .csv, .txt",
        ),
        (
            "build --base base.fbin --metric l2 --shards 2 --out base.fbin",
            1,
            "base.fbin is a file: shards need a folder",
        ),
        (
            "search --index hash --queries wide/query.fbin",
            1,
            "have 9 values, but the rows of hash have 16",
        ),
        (
            "search --index hash --queries query.fbin --category 0",
            1,
            "those of hash were made by hash",
        ),
        (
            "search --index category --queries query.fbin --category x",
            1,
            "no row of category has the category \"x\"",
        ),
        (
            "search --index one.segment --queries query.fbin --category 0",
            1,
            "this index is one segment",
        ),
        (
            "search --index hash --queries query.fbin --recall 0.9",
            1,
            "measures one segment, not shards",
        ),
        (
            "search --index cut --queries query.fbin",
            1,
            "cut/shard-0001.segment is torn",
        ),
        (
            "info --index empty",
            1,
            "empty is no complete folder of shards: it has no shards.json",
        ),
        (
            "tune --index hash --queries query.fbin --recall 0.9",
            1,
            "hash is a folder, and this command takes one segment",
        ),
        (
            "eval --base base.fbin --queries query.fbin --truth truth.ibin --metric l2 --index hash",
            1,
            "hash is a folder, and this command takes one segment",
        ),
        (
            "shards hash --queries wide/query.fbin",
            1,
            "have 9 values, but the rows of hash have 16",
        ),
        (
            "shards category --queries query.fbin --categories few.txt",
            1,
            "few.txt names the categories of 2 rows, but query.fbin has 40",
        ),
        (
            "shards hash --queries query.fbin --categories query-categories.csv",
            1,
            "the shards of hash were made by hash",
        ),
        (
            "shards one.segment --queries query.fbin",
            1,
            "one.segment/shards.json",
        ),
        ("shards gone --queries query.fbin", 1, "gone/shards.json"),
    ];
    let before = fs::read_dir(dir).unwrap().count();
    let mut failures = Vec::new();
    for (line, code, sentence) in cases {
        let output = nigh()
            .current_dir(dir)
            .arg("index")
            .args(line.split_whitespace())
            .output()
            .unwrap();
        let said = stderr(&output);
        if output.status.code() != Some(*code)
            || !said.contains(sentence)
            || said.contains("panicked")
        {
            failures.push(format!(
                "{line}\n  exit {:?}, said {said}",
                output.status.code()
            ));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    assert_eq!(
        fs::read_dir(dir).unwrap().count(),
        before,
        "nothing is left behind"
    );
}

#[test]
fn rows_left_out_count_for_strict() {
    let dir = tempfile::tempdir().unwrap();
    let base = dir.path().join("holes.fbin");
    let mut bytes = [30u32, 2].map(u32::to_le_bytes).concat();
    let value = |row: u32| if row % 3 == 1 { f32::NAN } else { row as f32 };
    bytes.extend(
        (0..30)
            .flat_map(|row| [value(row), 1.0])
            .flat_map(f32::to_le_bytes),
    );
    fs::write(&base, bytes).unwrap();
    let out = path(dir.path(), "out");
    let build = [
        "index",
        "build",
        "--base",
        text(&base),
        "--metric",
        "l2",
        "--shards",
        "2",
        "--out",
        &out,
    ];
    assert_eq!(run_json(&build)["rejected"]["count"], 10);
    let strict = run(&[&build[..], &["--strict"]].concat());
    assert_eq!(strict.status.code(), Some(3));
    assert!(
        stderr(&strict).contains("holes.fbin row 28: value 0 is NaN"),
        "{}",
        stderr(&strict)
    );
}
