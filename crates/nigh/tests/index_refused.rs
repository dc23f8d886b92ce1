//! What a person is told when `nigh index …` cannot run.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::Path;

mod support;
use support::vectors::{path, small};
use support::{nigh, run_json, stderr};

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
        "eval --base base.fbin --queries query.fbin --truth truth.ibin --metric l2 --kind graph",
        2,
        "invalid value 'graph' for '--kind <KIND>': nigh has no graph index, since its lists are ahead of every graph library",
    ),
    (
        "eval --base base.fbin --queries query.fbin --truth truth.ibin --metric l2 --kind tree",
        2,
        "[possible values: auto, ivf, grid, exact]",
    ),
    (
        "build --base base.fbin --metric l2 --kind grid --out out",
        2,
        "[possible values: auto, ivf, exact]",
    ),
    (
        "eval --base base.fbin --queries query.fbin --truth truth.ibin --metric l2 --kind grid --nprobe 3",
        1,
        "a grid is searched with --probes",
    ),
    (
        "eval --base base.fbin --queries query.fbin --truth truth.ibin --metric l2 --kind grid --index base.segment",
        1,
        "a grid is built anew each time that it is measured",
    ),
    (
        "eval --base base.fbin --queries query.fbin --truth truth.ibin --metric l2 --kind ivf --probes 3",
        1,
        "--tables, --hash and --probes are of --kind grid",
    ),
    (
        "eval --base base.fbin --queries query.fbin --truth truth.ibin --metric l2 --kind grid --tables 0",
        2,
        "0 is not in 1..=4096",
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
