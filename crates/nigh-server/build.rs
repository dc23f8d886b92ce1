//! Lists the files of the web page, so that each is part of the binary.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a build script fails by panicking and speaks to cargo"
)]

use std::fmt::Write;
use std::path::Path;

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
    println!("cargo::rerun-if-changed={}", folder.display());
    let entries = std::fs::read_dir(&folder).expect("crates/nigh-server/web is part of the source");
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let mut text =
        "/// Name, media type and text.\nconst FILES: &[(&str, &str, &str)] = &[\n".to_owned();
    for file in files {
        let kind = match file.extension().and_then(|extension| extension.to_str()) {
            Some("html") => "text/html; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("svg") => "image/svg+xml",
            _ => continue,
        };
        println!("cargo::rerun-if-changed={}", file.display());
        let name = file
            .file_name()
            .and_then(|name| name.to_str())
            .expect("names are plain");
        writeln!(
            text,
            "    ({name:?}, {kind:?}, include_str!({:?})),",
            file.display().to_string()
        )
        .expect("a string takes everything");
    }
    text.push_str("];\n");
    let out = std::env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    std::fs::write(Path::new(&out).join("page_files.rs"), text).expect("OUT_DIR can be written");
}
