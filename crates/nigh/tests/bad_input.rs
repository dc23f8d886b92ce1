//! Bad input gets its sentence: each row is something a person does wrong, and
//! what they are told.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::Path;

mod support;
use support::{jpeg, nigh, run, run_json, shop, stderr, text};

/// Runs every row and reports all that fail.
fn check(rows: &[(&str, Vec<String>, i32, &[&str])]) {
    let mut failures = Vec::new();
    for (name, args, code, sentences) in rows {
        let output = nigh().args(args).output().unwrap();
        let said = stderr(&output);
        if output.status.code() != Some(*code) {
            failures.push(format!(
                "{name}: exit {:?}, expected {code}; said {said}",
                output.status.code()
            ));
        }
        let missing = sentences
            .iter()
            .filter(|sentence| !said.contains(**sentence));
        failures.extend(missing.map(|sentence| format!("{name}: no {sentence:?} in {said:?}")));
        if said.contains("panicked") {
            failures.push(format!("{name}: a panic reached the user: {said}"));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

fn args(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn a_command_that_cannot_run_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let into = root.join("catalog");
    let good = shop(root, 12);
    assert!(
        run(&["catalog", "import", text(&good), "--into", text(&into)])
            .status
            .success()
    );
    let (empty, newer, plain) = (
        root.join("empty"),
        root.join("newer"),
        root.join("plain.txt"),
    );
    fs::create_dir(&empty).unwrap();
    fs::write(&plain, "not a picture").unwrap();
    copy_with_format(&into, &newer, 999);
    let (good, into, empty, newer, plain) = (
        text(&good),
        text(&into),
        text(&empty),
        text(&newer),
        text(&plain),
    );
    let picture = format!("{good}/images/item-00001.jpg");
    let search = |more: &[&str]| {
        [
            args(&["catalog", "search", into, "--image", &picture]),
            args(more),
        ]
        .concat()
    };
    let import = |more: &[&str]| {
        [
            args(&["catalog", "import"]),
            args(more),
            args(&["--into", into]),
        ]
        .concat()
    };
    check(&[
        (
            "an empty folder",
            import(&[empty]),
            1,
            &["no images", "empty"],
        ),
        (
            "a source that does not exist",
            import(&["/no/such/folder"]),
            1,
            &["/no/such/folder"],
        ),
        (
            "a file for a folder",
            args(&["catalog", "import", good, "--into", plain]),
            1,
            &["plain.txt", "is a file"],
        ),
        (
            "another encoder",
            import(&[good, "--encoder", "nonsense"]),
            1,
            &["unknown encoder", "\"nonsense\""],
        ),
        (
            "an unknown column",
            import(&[good, "--id", "idd"]),
            1,
            &["idd", "id"],
        ),
        (
            "a folder that is no collection",
            args(&["catalog", "info", empty]),
            1,
            &["is not a nigh collection"],
        ),
        (
            "a newer version's collection",
            args(&["catalog", "info", newer]),
            1,
            &["999", "update nigh"],
        ),
        (
            "a picture that is none",
            args(&["catalog", "search", into, "--image", plain]),
            1,
            &["plain.txt", "not an image"],
        ),
        (
            "a picture that is not there",
            args(&["catalog", "search", into, "--image", "no.jpg"]),
            1,
            &["no.jpg"],
        ),
        (
            "an id that is not there",
            args(&["catalog", "search", into, "--id", "nobody"]),
            4,
            &["nobody"],
        ),
        (
            "a broken condition",
            search(&["--where", "number >"]),
            1,
            &["number >"],
        ),
        (
            "an unknown attribute",
            search(&["--where", "numbr > 3"]),
            1,
            &["numbr", "number"],
        ),
        (
            "a text against a number",
            search(&["--where", "number = 'seven'"]),
            1,
            &["number", "integer"],
        ),
        (
            "an unknown label",
            args(&[
                "catalog",
                "eval",
                into,
                "--sample",
                "0.5",
                "--relevant",
                "colour",
            ]),
            1,
            &["colour", "parity"],
        ),
        (
            "a share of two",
            args(&[
                "catalog",
                "eval",
                into,
                "--sample",
                "2",
                "--relevant",
                "parity",
            ]),
            1,
            &["share"],
        ),
        ("a wrong flag", search(&["--kk", "3"]), 2, &["--kk"]),
        ("zero hits", search(&["-k", "0"]), 2, &["0"]),
    ]);
}

#[test]
fn a_bad_file_is_rejected_and_the_rest_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let source = shop(dir.path(), 20);
    let images = source.join("images");
    fs::remove_file(source.join("items.csv")).unwrap();
    fs::write(images.join("text.jpg"), "this is a text").unwrap();
    fs::write(images.join("nothing.png"), b"").unwrap();
    fs::write(images.join("bomb.png"), png_header(65_535, 65_535)).unwrap();
    fs::write(images.join("cut.jpg"), &jpeg(77)[..300]).unwrap();
    fs::create_dir(images.join("again")).unwrap();
    fs::write(images.join("again/item-00003.jpg"), jpeg(3)).unwrap();
    non_utf8_name(&images);
    let into = dir.path().join("catalog");
    let report = run_json(&["catalog", "import", text(&source), "--into", text(&into)]);
    assert_eq!(report["items"], 20, "{report}");
    let rejects = fs::read_to_string(into.join("rejects.csv")).unwrap();
    let named = [
        ("text.jpg", "not an image"),
        ("nothing.png", "empty"),
        ("bomb.png", "65535"),
        ("cut.jpg", "cut short"),
        ("item-00003.jpg", "item-00003"),
        #[cfg(target_os = "linux")]
        ("caf", "UTF-8"),
    ];
    let line = |file: &str| {
        rejects
            .lines()
            .find(|line| line.contains(file))
            .unwrap_or_default()
    };
    let failures: Vec<_> = named
        .iter()
        .filter(|(file, reason)| !line(file).to_lowercase().contains(&reason.to_lowercase()))
        .map(|(file, reason)| format!("{file}: no {reason:?} in {:?}", line(file)))
        .collect();
    assert!(failures.is_empty(), "\n{}\n{rejects}", failures.join("\n"));
    assert_eq!(report["rejected"], named.len(), "{rejects}");
    let strict = run(&[
        "catalog",
        "import",
        text(&source),
        "--into",
        text(&into),
        "--strict",
    ]);
    assert_eq!(strict.status.code(), Some(3), "{}", stderr(&strict));
}

#[test]
fn a_short_row_is_named_with_its_line_and_column() {
    let dir = tempfile::tempdir().unwrap();
    let source = shop(dir.path(), 10);
    let table = fs::read_to_string(source.join("items.csv")).unwrap();
    let broken: Vec<String> = table
        .lines()
        .enumerate()
        .map(|(at, line)| {
            if at == 6 {
                line.replace(",odd", "")
            } else {
                line.to_owned()
            }
        })
        .collect();
    fs::write(source.join("items.csv"), broken.join("\n")).unwrap();
    let into = dir.path().join("catalog");
    let report = run_json(&["catalog", "import", text(&source), "--into", text(&into)]);
    let rejects = fs::read_to_string(into.join("rejects.csv")).unwrap();
    assert!(
        rejects.contains("line 7") && rejects.contains("parity"),
        "{rejects}"
    );
    assert!(report["items"].as_u64().unwrap() >= 9, "{report}");
}

#[test]
fn a_second_writer_is_told_who_writes() {
    let dir = tempfile::tempdir().unwrap();
    let source = shop(dir.path(), 10);
    let into = dir.path().join("catalog");
    run_json(&["catalog", "import", text(&source), "--into", text(&into)]);
    let held = nigh_engine::CatalogWriter::open(&into).unwrap();
    let second = run(&["catalog", "import", text(&source), "--into", text(&into)]);
    assert_eq!(second.status.code(), Some(1));
    let said = stderr(&second);
    assert!(
        said.contains(&format!("process {}", std::process::id())),
        "{said}"
    );
    let found = run_json(&[
        "catalog",
        "search",
        text(&into),
        "--image",
        text(&source.join("images/item-00004.jpg")),
    ]);
    assert_eq!(
        found["hits"][0]["id"], "item-00004",
        "the published view is searched while another process writes"
    );
    drop(held);
}

fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut chunk = b"IHDR".to_vec();
    chunk.extend(width.to_be_bytes());
    chunk.extend(height.to_be_bytes());
    chunk.extend([8, 2, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    file.extend(13_u32.to_be_bytes());
    file.extend(&chunk);
    file.extend(crc32(&chunk).to_be_bytes());
    file
}

/// CRC-32 as PNG wants it (ISO 3309), bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| {
        if crc & 1 == 1 {
            0xEDB8_8320 ^ (crc >> 1)
        } else {
            crc >> 1
        }
    };
    !bytes
        .iter()
        .fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[cfg(target_os = "linux")]
fn non_utf8_name(images: &Path) {
    use std::os::unix::ffi::OsStrExt;
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.jpg");
    fs::write(images.join(name), jpeg(99)).unwrap();
}

#[cfg(not(target_os = "linux"))]
fn non_utf8_name(_: &Path) {}

fn copy_with_format(from: &Path, to: &Path, format: u32) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from)
        .unwrap()
        .flatten()
        .filter(|entry| entry.path().is_file())
    {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
    let mut header: serde_json::Value =
        serde_json::from_slice(&fs::read(to.join("nigh.json")).unwrap()).unwrap();
    header["format"] = format.into();
    fs::write(to.join("nigh.json"), header.to_string()).unwrap();
}
