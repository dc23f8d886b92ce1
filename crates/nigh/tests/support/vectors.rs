//! What the tests of `nigh index` share: small files of vectors.

use std::path::Path;

use super::{run_json, text};

/// A small set: base.fbin, query.fbin and truth.ibin in `dir`.
pub(crate) fn small(dir: &Path, rows: &str, dims: &str) {
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

pub(crate) fn path(dir: &Path, name: &str) -> String {
    text(&dir.join(name)).to_owned()
}
