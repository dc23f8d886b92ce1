//! What the tests of the command line share: the binary, and shops to import.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

pub(crate) mod vectors;

/// The built program, with none of the caller's settings.
pub(crate) fn nigh() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nigh"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("NIGH_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// Runs the program to its end.
pub(crate) fn run(args: &[&str]) -> Output {
    nigh().args(args).output().unwrap()
}

/// Runs with `--json` and reads the one object on standard output.
pub(crate) fn run_json(args: &[&str]) -> Value {
    let output = nigh().args(args).arg("--json").output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {error}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        text.trim_end().lines().count(),
        1,
        "{args:?}: one object, not\n{text}"
    );
    serde_json::from_str(&text).unwrap_or_else(|problem| panic!("{args:?}: {problem}: {text}"))
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A small picture of its own for every `seed`: blocks of colour, as JPEG.
pub(crate) fn jpeg(seed: u32) -> Vec<u8> {
    let mut state = u64::from(seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    let blocks: Vec<[u8; 3]> = (0..16).map(|_| [next(), next(), next()]).collect();
    let pixel = |x: u32, y: u32| blocks[(y / 8 * 4 + x / 8) as usize];
    let rgb: Vec<u8> = (0..32 * 32)
        .flat_map(|at| pixel(at % 32, at / 32))
        .collect();
    let mut file = Vec::new();
    let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, 95);
    encoder
        .encode(&rgb, 32, 32, image::ExtendedColorType::Rgb8)
        .unwrap();
    file
}

/// A folder of `count` pictures and a table that says of each its number.
pub(crate) fn shop(dir: &Path, count: u32) -> PathBuf {
    let shop = dir.join("shop");
    std::fs::create_dir_all(shop.join("images")).unwrap();
    let mut table = String::from("id,number,parity\n");
    for number in 0..count {
        std::fs::write(
            shop.join(format!("images/item-{number:05}.jpg")),
            jpeg(number),
        )
        .unwrap();
        let parity = if number % 2 == 0 { "even" } else { "odd" };
        table.push_str(&format!("item-{number:05},{number},{parity}\n"));
    }
    std::fs::write(shop.join("items.csv"), table).unwrap();
    shop
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
