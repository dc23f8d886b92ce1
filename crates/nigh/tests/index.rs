//! `nigh index …` as a person uses it, and what they are told when it cannot run.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::Path;

mod support;
use support::{nigh, run, run_json, stderr, text};

/// A small set: base.fbin, query.fbin and truth.ibin in `dir`.
fn small(dir: &Path, rows: &str, dims: &str) {
    let made = run_json(&[
        "index",
        "gen",
        "--rows",
        rows,
        "--dims",
        dims,
        "--queries",
        "40",
        "--intrinsic",
        "6",
        "--raw",
        "--into",
        text(dir),
    ]);
    assert_eq!(made["base"], text(&dir.join("base.fbin")));
    let truth = run_json(&[
        "index",
        "truth",
        "--base",
        made["base"].as_str().unwrap(),
        "--queries",
        made["queries"].as_str().unwrap(),
        "--metric",
        "l2",
        "-k",
        "20",
        "--out",
        text(&dir.join("truth.ibin")),
    ]);
    assert_eq!((&truth["queries"], &truth["k"]), (&40.into(), &20.into()));
}

fn path(dir: &Path, name: &str) -> String {
    text(&dir.join(name)).to_owned()
}

/// Two bytes a value and a scale, one byte a value with a scale and a norm; each with the label.
#[test]
fn codecs_are_chosen_and_shown() {
    let dir = tempfile::tempdir().unwrap();
    small(dir.path(), "2000", "16");
    let at = |name| path(dir.path(), name);
    let (base, segment) = (at("base.fbin"), at("base.segment"));
    for (codec, resident) in [("f32", 72), ("f16", 44), ("int8", 32)] {
        run_json(&[
            "index", "build", "--base", &base, "--metric", "l2", "--kind", "ivf", "--codec", codec,
            "--out", &segment,
        ]);
        let info = run_json(&["index", "info", "--index", &segment]);
        let found = (
            &info["codec"],
            &info["resident_bytes_per_row"],
            &info["codes"],
        );
        let none = serde_json::Value::Null;
        assert_eq!(found, (&codec.into(), &resident.into(), &none));
    }
}

#[test]
fn generate_build_search_and_look() {
    let dir = tempfile::tempdir().unwrap();
    small(dir.path(), "3000", "16");
    let at = |name| path(dir.path(), name);
    let (base, queries, segment) = (at("base.fbin"), at("query.fbin"), at("base.segment"));
    let built = run_json(&[
        "index", "build", "--base", &base, "--metric", "l2", "--kind", "ivf", "--lists", "30",
        "--out", &segment,
    ]);
    assert_eq!(
        (&built["rows"], &built["lists"], &built["rejected"]["count"]),
        (&3000.into(), &30.into(), &0.into())
    );
    let info = run_json(&["index", "info", "--index", &segment]);
    let expected = serde_json::json!({
        "rows": 3000, "dim": 16, "metric": "l2", "lists": 30, "bytes": built["bytes"], "sequence": 3000,
        "codec": "rabitq", "resident_bytes_per_row": 42,
        "codes": {"scan_dims": 16, "refine_dims": 16, "refine_bits": 8, "resident_bytes_per_row": 42}
    });
    assert_eq!(info, expected);

    let found = run_json(&[
        "index",
        "search",
        "--index",
        &segment,
        "--queries",
        &queries,
        "--rows",
        "7,0",
        "-k",
        "3",
        "--exact",
    ]);
    assert_eq!(found["params"], serde_json::json!({"mode": "exact"}));
    let truth = fs::read(at("truth.ibin")).unwrap();
    let named = |query: usize, rank: usize| {
        let start = 8 + 4 * (query * 20 + rank);
        i32::from_le_bytes(truth[start..start + 4].try_into().unwrap())
    };
    for (at, query) in [(0, 7), (1, 0)] {
        let one = &found["queries"][at];
        assert_eq!(one["query"], query);
        let ids: Vec<i64> = one["neighbors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|hit| hit["id"].as_i64().unwrap())
            .collect();
        let expected: Vec<i64> = (0..3).map(|rank| named(query, rank).into()).collect();
        assert_eq!(ids, expected);
    }
    let all = run_json(&[
        "index",
        "search",
        "--index",
        &segment,
        "--queries",
        &queries,
        "--nprobe",
        "500",
    ]);
    assert_eq!(all["queries"].as_array().unwrap().len(), 40);
    assert_eq!(all["params"]["nprobe"], 30, "never more than there are");
    let lines = run(&[
        "index",
        "search",
        "--index",
        &segment,
        "--queries",
        &queries,
        "--rows",
        "3",
    ]);
    let lines = String::from_utf8(lines.stdout).unwrap();
    assert_eq!(lines.lines().count(), 11, "{lines}");
    assert_eq!(
        lines
            .lines()
            .next()
            .unwrap()
            .split_whitespace()
            .collect::<Vec<_>>(),
        ["query", "rank", "id", "score"]
    );
}

#[test]
fn a_sweep_prints_the_frontier() {
    let dir = tempfile::tempdir().unwrap();
    small(dir.path(), "4000", "12");
    let at = |name| path(dir.path(), name);
    let (base, queries, truth) = (at("base.fbin"), at("query.fbin"), at("truth.ibin"));
    let kept = at("kept.segment");
    let eval = |more: &[&str]| {
        let same = [
            "index",
            "eval",
            "--base",
            &base,
            "--queries",
            &queries,
            "--truth",
            &truth,
            "--metric",
            "l2",
            "--threads",
            "1",
        ];
        run_json(&[&same, more].concat())
    };
    let report = eval(&[
        "--kind", "ivf", "--lists", "64", "--sweep", "--index", &kept,
    ]);
    assert!(report["build_seconds"].as_f64().unwrap() > 0.0);
    assert!(report["build_seconds_wall"].as_f64().unwrap() > 0.0);
    assert_eq!(report["bytes"], fs::metadata(&kept).unwrap().len());
    let points = report["points"].as_array().unwrap();
    let recalls: Vec<f64> = points
        .iter()
        .map(|point| point["recall_at_10"].as_f64().unwrap())
        .collect();
    assert!(
        recalls.is_sorted() && *recalls.last().unwrap() > 0.9995,
        "{recalls:?}"
    );
    for point in points {
        for name in [
            "single_qps",
            "batch_qps",
            "single_p99_us",
            "single_qps_wall",
            "batch_qps_wall",
        ] {
            assert!(point[name].as_f64().unwrap() > 0.0, "{name}: {point}");
        }
        assert!(point["params"]["nprobe"].as_u64().unwrap() <= 64);
    }

    // Kept: opened and not built again; one setting.
    let again = eval(&["--index", &kept, "--nprobe", "64", "--first", "5"]);
    assert!(again["build_seconds"].is_null());
    assert_eq!(
        (&again["queries"], &again["lists"]),
        (&5.into(), &64.into())
    );
    assert_eq!(again["points"].as_array().unwrap().len(), 1);
    assert_eq!(again["points"][0]["recall_at_10"], 1.0);

    let exact = eval(&["--kind", "exact", "--sweep"]);
    assert_eq!(exact["lists"], 1);
    assert_eq!(
        exact["points"][0]["params"],
        serde_json::json!({"mode": "exact"})
    );
    assert_eq!(exact["points"][0]["recall_at_10"], 1.0);
}

#[test]
fn flags_have_their_variables() {
    let dir = tempfile::tempdir().unwrap();
    small(dir.path(), "200", "4");
    let at = |name| path(dir.path(), name);
    let output = nigh()
        .args(["index", "eval"])
        .env("NIGH_BASE", at("base.fbin"))
        .env("NIGH_QUERIES", at("query.fbin"))
        .env("NIGH_TRUTH", at("truth.ibin"))
        .env("NIGH_METRIC", "l2")
        .env("NIGH_EXACT", "1")
        .env("NIGH_FIRST", "3")
        .env("NIGH_JSON", "1")
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&report["rows"], &report["queries"]),
        (&200.into(), &3.into())
    );
}

#[test]
fn rows_left_out_are_named_and_counted() {
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
    let out = path(dir.path(), "holes.segment");
    let build = [
        "index",
        "build",
        "--base",
        text(&base),
        "--metric",
        "cosine",
        "--out",
        &out,
    ];
    let output = run(&build);
    assert!(output.status.success());
    let said = stderr(&output);
    assert!(
        said.contains("holes.fbin row 28: value 0 is NaN, expected a finite number"),
        "{said}"
    );
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("20 rows in 1 list(s), 10 left out"), "{said}");
    assert_eq!(run_json(&build)["rejected"]["count"], 10);
    let strict = run(&[&build[..], &["--strict"]].concat());
    assert_eq!(strict.status.code(), Some(3));
}

/// What a person types, the exit code, and what they are told. The files are those of [`spoil`].
const REFUSED: &[(&str, i32, &str)] = &[
    ("build", 2, "--base <FILE>"),
    ("gen --rows 0 --dims 4 --into out", 2, "0 is not in 1.."),
    (
        "gen --rows 9 --dims 0 --into out",
        2,
        "0 is not in 1..=65536",
    ),
    (
        "gen --rows 9 --dims 4 --queries 0 --into out",
        2,
        "0 is not in 1..",
    ),
    (
        "gen --rows 9 --dims 4 --into base.fbin",
        1,
        "cannot write base.fbin",
    ),
    (
        "build --base base.fbin --metric l7 --out out",
        2,
        "possible values: l2, ip, cosine",
    ),
    (
        "build --base base.fbin --metric l2 --kind tree --out out",
        2,
        "invalid value 'tree'",
    ),
    (
        "build --base base.fbin --metric l2 --lists 0 --out out",
        2,
        "0 is not in 1..",
    ),
    (
        "build --base missing.fbin --metric l2 --out out",
        1,
        "cannot read missing.fbin: No such file",
    ),
    (
        "build --base notes.txt --metric l2 --out out",
        1,
        "ends in none of .fbin, .u8bin, .npy, .parquet",
    ),
    (
        "build --base empty.fbin --metric l2 --out out",
        1,
        "is 0 bytes long, too short for the header",
    ),
    (
        "build --base cut.fbin --metric l2 --out out",
        1,
        "300 rows of 8 values, which take 9608 bytes: it is cut short",
    ),
    (
        "build --base base.fbin --metric l2 --out no/such/out",
        1,
        "No such file or directory",
    ),
    (
        "build --base base.fbin --metric l2 --column v --out out",
        1,
        "base.fbin has no columns, only a Parquet file has",
    ),
    (
        "build --base nan.fbin --metric l2 --out out",
        1,
        "nan.fbin has no row that can be compared: nan.fbin row 0: value 0 is NaN",
    ),
    (
        "truth --base base.fbin --queries query.fbin --metric l2 -k 0 --out out",
        2,
        "0 is not in 1..",
    ),
    (
        "truth --base base.fbin --queries query.fbin --metric l2 -k 301 --out out",
        1,
        "has 300 rows that can be compared, fewer than the 301 neighbours asked for",
    ),
    (
        "truth --base base.fbin --queries wide/query.fbin --metric l2 --out out",
        1,
        "the queries of wide/query.fbin have 9 values, but the rows of base.fbin have 8",
    ),
    (
        "truth --base base.fbin --queries hole.fbin --metric l2 --out out",
        1,
        "hole.fbin row 1: value 0 is NaN",
    ),
    (
        "truth --base base.fbin --queries cut.fbin --metric l2 --out out",
        1,
        "it is cut short",
    ),
    (
        "search --index base.segment --queries wide/query.fbin",
        1,
        "have 9 values, but the rows of base.segment have 8",
    ),
    (
        "search --index base.segment --queries hole.fbin",
        1,
        "hole.fbin row 1: value 0 is NaN",
    ),
    (
        "search --index base.segment --queries query.fbin --rows 3,40",
        1,
        "--rows names query 40, but query.fbin holds 40, counted from 0",
    ),
    (
        "search --index base.segment --queries query.fbin --rows first",
        2,
        "invalid value 'first'",
    ),
    (
        "search --index base.segment --queries query.fbin --exact --nprobe 3",
        2,
        "cannot be used with",
    ),
    (
        "search --index base.segment --queries query.fbin --nprobe 0",
        2,
        "0 is not in 1..",
    ),
    (
        "search --index base.segment --queries query.fbin -k 0",
        2,
        "0 is not in 1..",
    ),
    ("info --index missing.segment", 1, "missing.segment"),
    ("info --index base.fbin", 1, "base.fbin"),
    ("info --index cut.segment", 1, "cut.segment"),
    (
        "eval --base base.fbin --queries query.fbin --truth missing.ibin --metric l2",
        1,
        "cannot read missing.ibin",
    ),
    (
        "eval --base base.fbin --queries query.fbin --truth cut.ibin --metric l2",
        1,
        "take 3208 bytes (ids alone) or 6408 (ids and distances)",
    ),
    (
        "eval --base base.fbin --queries query.fbin --truth five.ibin --metric l2",
        1,
        "five.ibin: the truth names 5 neighbours of each query, recall@10 needs 10",
    ),
    (
        "eval --base base.fbin --queries query.fbin --truth fewer.ibin --metric l2",
        1,
        "fewer.ibin: the truth is about 39 queries, but query.fbin holds 40",
    ),
    (
        "eval --base base.fbin --queries query.fbin --truth long/truth.ibin --metric l2",
        1,
        "long/truth.ibin: the truth is about another base: query ",
    ),
    (
        "eval --base base.fbin --queries query.fbin --truth truth.ibin --metric ip",
        1,
        "truth.ibin: the truth does not fit: for ",
    ),
    (
        "eval --base base.fbin --queries wide/query.fbin --truth truth.ibin --metric l2",
        1,
        "have 9 values, but the rows of base.fbin have 8",
    ),
    (
        "eval --base base.fbin --queries hole.fbin --truth truth.ibin --metric l2",
        1,
        "hole.fbin row 1: value 0 is NaN",
    ),
    (
        "eval --base base.fbin --queries query.fbin --truth truth.ibin --metric l2 --sweep --nprobe 3",
        2,
        "cannot be used with",
    ),
    (
        "eval --base long/base.fbin --queries long/query.fbin --truth long/truth.ibin --metric l2 --index base.segment",
        1,
        "base.segment was built of 300 rows, but long/base.fbin has 400",
    ),
    (
        "eval --base base.fbin --queries query.fbin --truth truth.ibin --metric l2 --index ip.segment",
        1,
        "ip.segment was built for inner-product, not for l2",
    ),
    (
        "eval --base base.fbin --queries query.fbin --truth truth.ibin --metric l2 --index cut.segment",
        1,
        "cut.segment",
    ),
];

/// Good files of 300 × 8 in `dir`, others of another shape below it, and broken ones beside them.
fn spoil(dir: &Path) {
    small(dir, "300", "8");
    small(&dir.join("wide"), "300", "9");
    small(&dir.join("long"), "400", "8");
    let base = path(dir, "base.fbin");
    for (metric, name) in [("l2", "base.segment"), ("ip", "ip.segment")] {
        let out = path(dir, name);
        run_json(&[
            "index", "build", "--base", &base, "--metric", metric, "--out", &out,
        ]);
    }
    let cut = [
        ("base.fbin", "cut.fbin"),
        ("truth.ibin", "cut.ibin"),
        ("base.segment", "cut.segment"),
    ];
    for (whole, cut) in cut {
        let bytes = fs::read(dir.join(whole)).unwrap();
        fs::write(dir.join(cut), &bytes[..bytes.len() - 5]).unwrap();
    }
    let mut bytes = fs::read(dir.join("query.fbin")).unwrap();
    bytes[8 + 4 * 8..][..4].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(dir.join("hole.fbin"), bytes).unwrap();
    let nan = [
        1u32.to_le_bytes(),
        1u32.to_le_bytes(),
        f32::NAN.to_le_bytes(),
    ];
    fs::write(dir.join("nan.fbin"), nan.concat()).unwrap();
    fs::write(dir.join("empty.fbin"), "").unwrap();
    fs::write(dir.join("notes.txt"), "not vectors").unwrap();
    for (name, queries, k) in [("five.ibin", 40u32, 5u32), ("fewer.ibin", 39, 10)] {
        let ids = (0..queries * k).map(|at| at % k);
        let words = [queries, k].into_iter().chain(ids);
        let bytes: Vec<u8> = words.flat_map(u32::to_le_bytes).collect();
        fs::write(dir.join(name), bytes).unwrap();
    }
}

#[test]
fn a_command_that_cannot_run_says_why() {
    let dir = tempfile::tempdir().unwrap();
    spoil(dir.path());
    let before = fs::read_dir(dir.path()).unwrap().count();
    let mut failures = Vec::new();
    for (typed, code, sentence) in REFUSED {
        let words = typed.split_whitespace();
        let mut command = nigh();
        let output = command
            .current_dir(dir.path())
            .arg("index")
            .args(words)
            .output();
        let output = output.unwrap();
        let said = stderr(&output);
        let panicked = said.contains("panicked");
        if output.status.code() != Some(*code) || !said.contains(sentence) || panicked {
            failures.push(format!(
                "{typed}\n  exit {:?}, said {said}",
                output.status.code()
            ));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    let after = fs::read_dir(dir.path()).unwrap().count();
    assert_eq!(after, before, "nothing is left behind");
}

#[test]
fn a_tuned_index_is_searched_by_the_recall_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name| path(dir.path(), name);
    let into = text(dir.path());
    run_json(&[
        "index",
        "gen",
        "--rows",
        "6000",
        "--dims",
        "24",
        "--queries",
        "400",
        "--into",
        into,
    ]);
    let (base, queries, segment) = (at("base.fbin"), at("query.fbin"), at("base.segment"));
    run_json(&[
        "index", "build", "--base", &base, "--metric", "ip", "--kind", "ivf", "--out", &segment,
    ]);
    let tune = ["index", "tune", "--index", &segment, "--queries", &queries];
    let tuned = run_json(&[&tune[..], &["--recall", "0.9"]].concat());
    let chosen = &tuned["chosen"]["recall_at_10"];
    let low = chosen["low"].as_f64().unwrap();
    assert!((0.87..=1.0).contains(&low), "{chosen}");
    assert_eq!(tuned["queries"], 200);
    let search = [
        "index",
        "search",
        "--index",
        &segment,
        "--queries",
        &queries,
    ];
    let found = run_json(&[&search[..], &["--rows", "0", "--recall", "0.9"]].concat());
    assert_eq!(found["params"]["mode"], tuned["chosen"]["setting"]["mode"]);
    assert_eq!(
        found["queries"][0]["neighbors"].as_array().unwrap().len(),
        10
    );

    let mut failures = Vec::new();
    let cases: &[(&[&str], &str)] = &[
        (
            &["--recall", "1.5"],
            "a recall lies above 0 and up to 1, received 1.5",
        ),
        (
            &["--latency-us", "0"],
            "a latency is greater than 0, received 0",
        ),
        (
            &["--first", "10", "--recall", "0.9"],
            "10 queries are too few to tune with",
        ),
        (&["--latency-us", "0.001"], "no setting reaches this goal"),
        (&[], "--recall"),
    ];
    for (flags, expected) in cases {
        let output = nigh().args([&tune[..], flags].concat()).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        if output.status.success() || !message.contains(expected) {
            failures.push(format!("{flags:?}: {message}"));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
    std::fs::write(at("base.segment.tuned.json"), "{").unwrap();
    let output = nigh()
        .args([&search[..], &["--recall", "0.9"]].concat())
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("base.segment.tuned.json is damaged"));
}
