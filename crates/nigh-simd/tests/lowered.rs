//! `NIGH_SIMD` lowers the level: asked of a child process, as a level is chosen once.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it skips"
)]

use std::process::Command;

use nigh_simd::{Level, level};

#[test]
fn the_environment_lowers_the_level_and_never_raises_it() {
    let best = in_child(None);
    let cases = [
        ("portable", Level::Portable),
        ("avx2", best.min(Level::Avx2)),
        ("avx512", best),
        ("nonsense", best),
    ];
    let wrong: Vec<_> = cases
        .into_iter()
        .map(|(name, expected)| (name, in_child(Some(name)), expected))
        .filter(|(_, a, b)| a != b)
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// What the child prints in the test above.
#[test]
fn print_level() {
    println!("level={}", level());
}

fn in_child(limit: Option<&str>) -> Level {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", "print_level", "--nocapture"])
        .env_remove("NIGH_SIMD");
    if let Some(limit) = limit {
        child.env("NIGH_SIMD", limit);
    }
    let output = String::from_utf8(child.output().unwrap().stdout).unwrap();
    let found = output
        .split("level=")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next());
    found.unwrap().parse().unwrap()
}
