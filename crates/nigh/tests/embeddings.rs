//! Shorter, narrower and other embeddings, from the command line: there, back, and killed on the way.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

mod support;
use support::{nigh, run, run_json, shop, stderr, text};

/// A model that every checkout has.
fn tiny() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../nigh-encode/tests/golden/tiny.onnx");
    text(&path.canonicalize().unwrap()).to_owned()
}

/// The answers to some pictures and items, to the last bit of their scores.
fn answers(into: &str, source: &str) -> Vec<Value> {
    let mut answers = Vec::new();
    for number in [7, 150] {
        let picture = format!("{source}/images/item-{number:05}.jpg");
        let id = format!("item-{number:05}");
        for query in [["--image", &picture], ["--id", &id]] {
            let args = ["catalog", "search", into, query[0], query[1], "-k", "20"];
            answers.push(run_json(&args)["hits"].clone());
        }
    }
    answers
}

fn info(into: &str) -> Value {
    run_json(&["catalog", "info", into])
}

fn check_doctor(into: &str) {
    let output = run(&["doctor", into]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

#[test]
fn shorter_and_back() {
    let dir = tempfile::tempdir().unwrap();
    let source = shop(dir.path(), 200);
    let into = dir.path().join("catalog");
    let (source, into) = (text(&source), text(&into));
    run_json(&["catalog", "import", source, "--into", into]);
    let full = answers(into, source);
    let header = fs::read(format!("{into}/nigh.json")).unwrap();
    let measured = run_json(&["catalog", "reduce", into, "--dims", "64", "--dry-run"]);
    assert_eq!(measured["reduced"], Value::Null);
    let curve = measured["curve"].as_array().unwrap();
    let of = |method: &str, dimension: u64| {
        let same = |point: &&Value| point["method"] == method && point["dimension"] == dimension;
        let point = curve.iter().find(same).unwrap();
        point["recall_at_10"].as_f64().unwrap()
    };
    assert_eq!(curve[0]["method"], "full");
    assert_eq!(curve[0]["recall_at_10"], 1.0);
    assert!(
        of("pca", 128) > 0.9 && of("pca", 64) > of("truncate", 64),
        "{curve:#?}"
    );
    assert!(of("pca", 64) > of("random", 64), "{curve:#?}");
    assert_eq!(
        fs::read(format!("{into}/nigh.json")).unwrap(),
        header,
        "only measured"
    );

    let done = run_json(&["catalog", "reduce", into, "--dims", "64", "--no-curve"]);
    assert_eq!(done["reduced"]["dimension"][1], 64);
    let now = info(into);
    assert_eq!(
        (&now["dimension"], &now["other"]["state"]),
        (&64.into(), &"kept".into())
    );
    assert!(
        now["encoder"]
            .as_str()
            .unwrap()
            .contains("by pca, matrix xxh3-128:"),
        "{now}"
    );
    let short = answers(into, source);
    assert_ne!(short, full);
    for (short, full) in short.iter().zip(&full) {
        assert_eq!(short[0]["id"], full[0]["id"]);
    }
    check_doctor(into);
    // Refused while the embeddings of before are kept.
    let again = run(&["catalog", "reduce", into, "--dims", "32", "--no-curve"]);
    assert!(
        !again.status.success() && stderr(&again).contains("--rollback"),
        "{}",
        stderr(&again)
    );

    // A copy is as good, and what is imported now is in both generations.
    let copy = dir.path().join("copy");
    run_json(&["catalog", "snapshot", into, text(&copy)]);
    assert_eq!(answers(text(&copy), source), short);
    let more = dir.path().join("more");
    fs::create_dir(&more).unwrap();
    let more = shop(&more, 230);
    run_json(&["catalog", "import", text(&more), "--into", into]);
    let fresh = dir.path().join("fresh");
    let fresh = text(&fresh);
    run_json(&["catalog", "import", source, "--into", fresh]);
    run_json(&["catalog", "import", text(&more), "--into", fresh]);
    run_json(&["catalog", "reduce", into, "--rollback"]);
    assert_eq!(answers(into, source), answers(fresh, source), "bit for bit");
    check_doctor(into);
    run_json(&["catalog", "reduce", into, "--rollback"]);
    assert_eq!(info(into)["dimension"], 64);
    assert_eq!(info(into)["items"], 230);
    run_json(&["catalog", "reduce", into, "--rollback"]);
    run_json(&["catalog", "reduce", into, "--drop-old"]);
    assert_eq!(answers(into, source), answers(fresh, source));
    assert_eq!(info(into)["other"], Value::Null);
    assert_eq!(
        fs::read_dir(format!("{into}/reductions")).unwrap().count(),
        0
    );
    let views = fs::read_dir(format!("{into}/index")).unwrap();
    assert_eq!(views.count(), 2, "the view and its name");
    check_doctor(into);
}

#[test]
fn reduced_again_queries_still_fit() {
    let dir = tempfile::tempdir().unwrap();
    let source = shop(dir.path(), 160);
    let into = dir.path().join("catalog");
    let (source, into) = (text(&source), text(&into));
    run_json(&["catalog", "import", source, "--into", into]);
    for (dims, method) in [("200", "random"), ("100", "pca"), ("40", "truncate")] {
        let args = [
            "catalog",
            "reduce",
            into,
            "--dims",
            dims,
            "--method",
            method,
            "--no-curve",
        ];
        run_json(&args);
        run_json(&["catalog", "reduce", into, "--drop-old"]);
        let found = answers(into, source);
        for pair in found.chunks(2) {
            let (picture, score) = (&pair[0][0], pair[0][0]["score"].as_f64().unwrap());
            assert!(score > 0.9999, "{dims}: {picture}");
        }
    }
    check_doctor(into);
    let matrix = fs::read_dir(format!("{into}/reductions"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let bytes = fs::read(matrix.path()).unwrap();
    fs::write(matrix.path(), &bytes[..bytes.len() / 2]).unwrap();
    let refused = run(&["catalog", "search", into, "--id", "item-00007"]);
    assert!(
        stderr(&refused).contains("the matrix for it cannot be read"),
        "{}",
        stderr(&refused)
    );
    assert!(!run(&["doctor", into]).status.success());
}

#[test]
fn narrower_and_back() {
    let dir = tempfile::tempdir().unwrap();
    let source = shop(dir.path(), 200);
    let source = text(&source);
    let bytes = |into: &str| {
        let copy = format!("{into}-packed");
        run_json(&["catalog", "snapshot", into, &copy]);
        let index = fs::read_to_string(format!("{into}/index/current")).unwrap();
        let segment = format!("{into}/index/{}/vectors.segment", index.trim());
        let size = |path: &str| fs::metadata(path).unwrap().len();
        [size(&format!("{copy}/store.redb")), size(&segment)]
    };
    let mut sizes = Vec::new();
    let mut found = Vec::new();
    for precision in ["f32", "f16", "int8"] {
        let into = dir.path().join(precision);
        let into = text(&into);
        run_json(&[
            "catalog",
            "import",
            source,
            "--into",
            into,
            "--precision",
            precision,
        ]);
        assert_eq!(info(into)["precision"], precision);
        check_doctor(into);
        sizes.push(bytes(into));
        found.push(answers(into, source));
    }
    assert!(sizes[1][1] * 100 < sizes[0][1] * 56, "segments: {sizes:?}");
    assert!(sizes[2][1] * 100 < sizes[0][1] * 32, "segments: {sizes:?}");
    for narrow in [1, 2] {
        for (narrow, full) in found[narrow].iter().zip(&found[0]) {
            let (a, b) = (
                narrow[0]["score"].as_f64().unwrap(),
                full[0]["score"].as_f64().unwrap(),
            );
            assert!(
                narrow[0]["id"] == full[0]["id"] && (a - b).abs() < 2e-3,
                "{narrow} {full}"
            );
        }
    }
    let f32 = dir.path().join("f32");
    let into = text(&f32);
    let other = run(&[
        "catalog",
        "import",
        source,
        "--into",
        into,
        "--precision",
        "int8",
    ]);
    assert!(
        stderr(&other).contains("nigh catalog precision"),
        "{}",
        stderr(&other)
    );
    let already = run(&["catalog", "precision", into, "f32"]);
    assert!(
        stderr(&already).contains("of f32 already"),
        "{}",
        stderr(&already)
    );
    run_json(&["catalog", "precision", into, "int8"]);
    assert_eq!(answers(into, source), found[2], "as if imported so");
    run_json(&["catalog", "precision", into, "--rollback"]);
    assert_eq!(answers(into, source), found[0], "bit for bit");
}

/// Starts a command, and kills it after a while; whether it came to its end before.
fn kill_after(args: &[&str], delay: Duration) -> bool {
    let mut child = nigh()
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(delay);
    let _ = child.kill();
    child.wait().unwrap().success()
}

fn hash(n: u64) -> u64 {
    let mixed = (n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed ^ (mixed >> 29)
}

fn rounds() -> u64 {
    let rounds = std::env::var("NIGH_CRASH_ROUNDS").ok();
    rounds.and_then(|text| text.parse().ok()).unwrap_or(6)
}

#[test]
fn killed_while_it_is_reduced_the_old_or_the_new_is_searched() {
    let dir = tempfile::tempdir().unwrap();
    let source = shop(dir.path(), 300);
    let into = dir.path().join("catalog");
    let (source, into) = (text(&source), text(&into));
    run_json(&["catalog", "import", source, "--into", into]);
    let old = answers(into, source);
    let args = [
        "catalog",
        "reduce",
        into,
        "--dims",
        "48",
        "--no-curve",
        "--precision",
        "f16",
    ];
    run_json(&args);
    let new = answers(into, source);
    run_json(&["catalog", "reduce", into, "--rollback"]);
    run_json(&["catalog", "reduce", into, "--drop-old"]);
    let mut kills = 0;
    for round in 0..rounds() {
        let done = kill_after(&args, Duration::from_micros(hash(round) % 700_000));
        kills += u64::from(!done);
        let reduced = info(into)["dimension"] == 48;
        assert!(reduced || !done, "round {round}");
        let expected = if reduced { &new } else { &old };
        assert_eq!(&answers(into, source), expected, "round {round}");
        check_doctor(into);
        if reduced {
            // Killed here too, it is still one or the other.
            kill_after(
                &["catalog", "reduce", into, "--rollback"],
                Duration::from_millis(hash(round) % 40),
            );
            if info(into)["dimension"] == 48 {
                run_json(&["catalog", "reduce", into, "--rollback"]);
            }
            kill_after(
                &["catalog", "reduce", into, "--drop-old"],
                Duration::from_millis(hash(round + 7) % 40),
            );
            let _ = run(&["catalog", "reduce", into, "--drop-old"]);
            assert_eq!(answers(into, source), old, "round {round}");
        }
    }
    println!("{kills} rounds were killed on the way");
    if info(into)["dimension"] != 48 {
        run_json(&args);
    }
    assert_eq!(answers(into, source), new, "as in one go");
}

#[test]
fn killed_while_it_is_encoded_anew_it_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let source = shop(dir.path(), 900);
    let into = dir.path().join("catalog");
    let (source, into, tiny) = (text(&source), text(&into), tiny());
    run_json(&["catalog", "import", source, "--into", into]);
    let old = answers(into, source);
    let fresh = dir.path().join("fresh");
    run_json(&[
        "catalog",
        "import",
        source,
        "--into",
        text(&fresh),
        "--encoder",
        &tiny,
    ]);
    let new = answers(text(&fresh), source);
    let args = ["catalog", "reencode", into, "--encoder", &tiny];
    let mut kills = 0;
    for round in 0..rounds() {
        let done = kill_after(&args, Duration::from_micros(20_000 + hash(round) % 400_000));
        kills += u64::from(!done);
        let now = info(into);
        let reencoded = now["generation"] != 0;
        assert_eq!(
            answers(into, source),
            *if reencoded { &new } else { &old },
            "round {round}"
        );
        check_doctor(into);
        if reencoded {
            run_json(&["catalog", "reencode", into, "--rollback"]);
            assert_eq!(answers(into, source), old, "round {round}: bit for bit");
            run_json(&["catalog", "reencode", into, "--drop-old"]);
        }
    }
    println!("{kills} rounds were killed on the way");
    let report = run_json(&args);
    assert_eq!(
        (&report["items"], &report["missing"]),
        (&900.into(), &0.into())
    );
    assert_eq!(answers(into, source), new, "as in one go");
    let same = run(&args);
    assert!(stderr(&same).contains("already"), "{}", stderr(&same));
    run_json(&["catalog", "reencode", into, "--drop-old"]);
    assert_eq!(answers(into, source), new);
    check_doctor(into);
}
