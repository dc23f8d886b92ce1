//! `nigh index …` as a person uses it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;

mod support;
use support::vectors::{path, small};
use support::{nigh, run, run_json, stderr, text};

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
    let mut info = run_json(&["index", "info", "--index", &segment]);
    // Costs are those of the machine.
    let costs = info.as_object_mut().unwrap().remove("costs").unwrap();
    let of = |name: &str| costs[name].as_f64().unwrap();
    let known = ["fixed_us", "probe_us", "exact_row_us", "picked_row_us"].map(of);
    // Each alone may be lost in the clock.
    assert!(known.iter().all(|us| *us >= 0.0), "{costs}");
    assert!(known.iter().sum::<f64>() > 0.0, "{costs}");
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
    assert!((0.84..=1.0).contains(&low), "{chosen}");
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
            "a latency is a number greater than 0, received 0",
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

#[test]
fn a_grid_is_measured_like_lists() {
    let dir = tempfile::tempdir().unwrap();
    small(dir.path(), "4000", "12");
    let at = |name| path(dir.path(), name);
    let (base, queries, truth) = (at("base.fbin"), at("query.fbin"), at("truth.ibin"));
    let eval = |more: &str| {
        let same = [
            "index",
            "eval",
            "--base",
            &base,
            "--queries",
            &queries,
            "--truth",
            &truth,
        ];
        let more = ["--metric", "l2", "--threads", "1"]
            .into_iter()
            .chain(more.split_whitespace());
        run_json(&same.into_iter().chain(more).collect::<Vec<_>>())
    };
    let grid = eval("--kind grid --sweep");
    let lists = eval("--kind ivf --sweep");
    let names = |report: &serde_json::Value| -> Vec<String> {
        report.as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(names(&grid), names(&lists), "one shape");
    assert_eq!(names(&grid["points"][0]), names(&lists["points"][0]));
    assert!(grid["lists"].is_null());
    assert!(grid["build_seconds"].as_f64().unwrap() > 0.0 && grid["bytes"].as_u64().unwrap() > 0);
    let points = grid["points"].as_array().unwrap();
    let recalls: Vec<f64> = points
        .iter()
        .map(|point| point["recall_at_10"].as_f64().unwrap())
        .collect();
    assert!(
        recalls.is_sorted() && *recalls.last().unwrap() > 0.99,
        "{recalls:?}"
    );
    let first = &points[0]["params"];
    assert_eq!(
        (&first["mode"], &first["hash"], &first["tables"]),
        (&"grid".into(), &"cross-polytope".into(), &16.into())
    );

    let one = eval("--kind grid --hash hyperplane --tables 4 --probes 9 --first 5");
    let point = &one["points"].as_array().unwrap()[..];
    assert_eq!((point.len(), &one["queries"]), (1, &5.into()));
    let params = &point[0]["params"];
    assert_eq!(
        (&params["hash"], &params["tables"], &params["probes"]),
        (&"hyperplane".into(), &4.into(), &9.into())
    );
    // Few rows: auto compares them all.
    assert_eq!(eval("--kind auto")["points"][0]["params"]["mode"], "exact");
}
