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
        "--raw", "--into",
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
        "rows": 3000, "dim": 16, "metric": "l2", "lists": 30, "bytes": built["bytes"], "sequence": 3000
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
fn a_command_that_cannot_run_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let (good, wider, longer) = (
        dir.path().join("good"),
        dir.path().join("wider"),
        dir.path().join("longer"),
    );
    small(&good, "300", "8");
    small(&wider, "300", "9");
    small(&longer, "400", "8");
    let at = |name| path(&good, name);
    let (base, queries, truth, segment) = (
        at("base.fbin"),
        at("query.fbin"),
        at("truth.ibin"),
        at("base.segment"),
    );
    let out = at("out");
    run_json(&[
        "index", "build", "--base", &base, "--metric", "l2", "--out", &segment,
    ]);
    let (cut, cut_truth, cut_segment) = (at("cut.fbin"), at("cut.ibin"), at("cut.segment"));
    for (whole, cut) in [
        (&base, &cut),
        (&truth, &cut_truth),
        (&segment, &cut_segment),
    ] {
        let bytes = fs::read(whole).unwrap();
        fs::write(cut, &bytes[..bytes.len() - 5]).unwrap();
    }
    let hole = at("hole.fbin");
    let mut bytes = fs::read(&queries).unwrap();
    bytes[8 + 4 * 8..][..4].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(&hole, bytes).unwrap();
    let (missing, text_file) = (at("missing.fbin"), at("notes.txt"));
    fs::write(&text_file, "not vectors").unwrap();
    let (wide_queries, long_base, long_truth) = (
        path(&wider, "query.fbin"),
        path(&longer, "base.fbin"),
        path(&longer, "truth.ibin"),
    );
    let few = at("few.ibin");
    let ids = [40u32, 5].into_iter().chain((0..200).map(|at| at % 5));
    fs::write(&few, ids.flat_map(u32::to_le_bytes).collect::<Vec<u8>>()).unwrap();
    let fewer_queries = at("fewer.ibin");
    let ids = [39u32, 10].into_iter().chain((0..390).map(|at| at % 10));
    fs::write(
        &fewer_queries,
        ids.flat_map(u32::to_le_bytes).collect::<Vec<u8>>(),
    )
    .unwrap();

    let eval = |base: &str, queries: &str, truth: &str, more: &[&str]| -> Vec<String> {
        let same = [
            "index",
            "eval",
            "--base",
            base,
            "--queries",
            queries,
            "--truth",
            truth,
        ];
        let metric = if more.contains(&"--metric") {
            &[][..]
        } else {
            &["--metric", "l2"]
        };
        [&same[..], metric, more]
            .concat()
            .into_iter()
            .map(str::to_owned)
            .collect()
    };
    let words =
        |words: &[&str]| -> Vec<String> { words.iter().map(|&word| word.to_owned()).collect() };
    let search = |more: &[&str]| {
        words(&[&["index", "search", "--index", &segment, "--queries"], more].concat())
    };
    let build = |base: &str, more: &[&str]| {
        words(&[&["index", "build", "--base", base, "--metric", "l2"], more].concat())
    };

    let rows: Vec<(&str, Vec<String>, i32, &str)> = vec![
        ("no flags", words(&["index", "build"]), 2, "--base <FILE>"),
        (
            "no rows",
            words(&["index", "gen", "--rows", "0", "--dims", "4", "--into", &out]),
            2,
            "0 is not in 1..",
        ),
        (
            "no dims",
            words(&["index", "gen", "--rows", "9", "--dims", "0", "--into", &out]),
            2,
            "0 is not in 1..=65536",
        ),
        (
            "gen into a file",
            words(&[
                "index", "gen", "--rows", "9", "--dims", "4", "--into", &base,
            ]),
            1,
            "cannot write",
        ),
        (
            "unknown metric",
            build(&base, &["--metric", "l7", "--out", &out]),
            2,
            "possible values: l2, ip, cosine",
        ),
        (
            "unknown kind",
            build(&base, &["--kind", "tree", "--out", &out]),
            2,
            "invalid value 'tree'",
        ),
        (
            "no lists",
            build(&base, &["--lists", "0", "--out", &out]),
            2,
            "0 is not in 1..",
        ),
        (
            "missing base",
            build(&missing, &["--out", &out]),
            1,
            "cannot read ",
        ),
        (
            "no vectors",
            build(&text_file, &["--out", &out]),
            1,
            "ends in none of .fbin, .u8bin, .npy, .parquet",
        ),
        (
            "cut base",
            build(&cut, &["--out", &out]),
            1,
            "its header says 300 rows of 8 values, which take 9608 bytes: it is cut short",
        ),
        (
            "no such folder",
            build(&base, &["--out", &at("no/such/out")]),
            1,
            "No such file or directory",
        ),
        (
            "k = 0",
            words(&[
                "index",
                "truth",
                "--base",
                &base,
                "--queries",
                &queries,
                "--metric",
                "l2",
                "-k",
                "0",
                "--out",
                &out,
            ]),
            2,
            "0 is not in 1..",
        ),
        (
            "k > n",
            words(&[
                "index",
                "truth",
                "--base",
                &base,
                "--queries",
                &queries,
                "--metric",
                "l2",
                "-k",
                "301",
                "--out",
                &out,
            ]),
            1,
            "has 300 rows that can be compared, fewer than the 301 neighbours asked for",
        ),
        (
            "wide queries",
            words(&[
                "index",
                "truth",
                "--base",
                &base,
                "--queries",
                &wide_queries,
                "--metric",
                "l2",
                "-k",
                "1",
                "--out",
                &out,
            ]),
            1,
            "have 9 values, but the rows of",
        ),
        (
            "a hole",
            words(&[
                "index",
                "truth",
                "--base",
                &base,
                "--queries",
                &hole,
                "--metric",
                "l2",
                "-k",
                "1",
                "--out",
                &out,
            ]),
            1,
            "hole.fbin row 1: value 0 is NaN",
        ),
        (
            "search wide",
            search(&[&wide_queries]),
            1,
            "have 9 values, but the rows of",
        ),
        (
            "search hole",
            search(&[&hole]),
            1,
            "hole.fbin row 1: value 0 is NaN",
        ),
        (
            "no such query",
            search(&[&queries, "--rows", "3,40"]),
            1,
            "--rows names query 40, but",
        ),
        (
            "no number",
            search(&[&queries, "--rows", "first"]),
            2,
            "invalid value 'first'",
        ),
        (
            "exact and lists",
            search(&[&queries, "--exact", "--nprobe", "3"]),
            2,
            "cannot be used with",
        ),
        (
            "k = 0 search",
            search(&[&queries, "-k", "0"]),
            2,
            "0 is not in 1..",
        ),
        (
            "missing index",
            words(&["index", "info", "--index", &missing]),
            1,
            "missing.fbin",
        ),
        (
            "no index",
            words(&["index", "info", "--index", &base]),
            1,
            "base.fbin",
        ),
        (
            "cut index",
            words(&["index", "info", "--index", &cut_segment]),
            1,
            "cut.segment",
        ),
        (
            "missing truth",
            eval(&base, &queries, &missing, &[]),
            1,
            "cannot read ",
        ),
        (
            "cut truth",
            eval(&base, &queries, &cut_truth, &[]),
            1,
            "take 3208 bytes (ids alone) or 6408 (ids and distances)",
        ),
        (
            "short truth",
            eval(&base, &queries, &few, &[]),
            1,
            "few.ibin: the truth names 5 neighbours of each query, recall@10 needs 10",
        ),
        (
            "truth of fewer",
            eval(&base, &queries, &fewer_queries, &[]),
            1,
            "fewer.ibin: the truth is about 39 queries, but",
        ),
        (
            "truth of more rows",
            eval(&base, &queries, &long_truth, &[]),
            1,
            "the truth is about another base: query ",
        ),
        (
            "other metric",
            eval(&base, &queries, &truth, &["--metric", "ip"]),
            1,
            "the truth does not fit: for ",
        ),
        (
            "eval wide",
            eval(&base, &wide_queries, &truth, &[]),
            1,
            "have 9 values, but the rows of",
        ),
        (
            "eval hole",
            eval(&base, &hole, &truth, &[]),
            1,
            "hole.fbin row 1: value 0 is NaN",
        ),
        (
            "sweep of one",
            eval(&base, &queries, &truth, &["--sweep", "--nprobe", "3"]),
            2,
            "cannot be used with",
        ),
        (
            "an index of others",
            eval(&long_base, &queries, &long_truth, &["--index", &segment]),
            1,
            "was built of 300 rows, but",
        ),
        (
            "column of fbin",
            build(&base, &["--column", "v", "--out", &out]),
            1,
            "has no columns",
        ),
    ];
    let mut failures = Vec::new();
    for (name, args, code, sentence) in rows {
        let output = nigh().args(&args).output().unwrap();
        let said = stderr(&output);
        if output.status.code() != Some(code)
            || !said.contains(sentence)
            || said.contains("panicked")
        {
            failures.push(format!(
                "{name}: exit {:?}, said {said}",
                output.status.code()
            ));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    assert!(!Path::new(&out).exists(), "nothing is left behind");
}
