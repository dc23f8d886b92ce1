//! The runtimes that a test can run on, and what it compares there.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "each test file uses a part, stops at what it does not expect, and says what it skipped"
)]

use std::path::{Path, PathBuf};

use nigh_encode::{Picture, Runtime};

/// rten, and ONNX Runtime where it is compiled in and its library is found.
pub(crate) fn runtimes() -> Vec<Runtime> {
    let mut runtimes = vec![Runtime::Rten];
    runtimes.extend(onnxruntime());
    runtimes
}

/// Only `ORT_DYLIB_PATH` says where the library is: a test that searched for one would compare
/// with whatever it found.
fn onnxruntime() -> Option<Runtime> {
    if !cfg!(feature = "onnxruntime") {
        return None;
    }
    if std::env::var_os("ORT_DYLIB_PATH").is_some() {
        return Some(Runtime::OnnxRuntime(nigh_encode::Provider::Cpu));
    }
    let required = std::env::var_os("NIGH_REQUIRE_SERVICES").is_some_and(|v| v == "1");
    assert!(
        !required,
        "NIGH_REQUIRE_SERVICES=1, but ORT_DYLIB_PATH is not set"
    );
    println!("skipped: ONNX Runtime, since ORT_DYLIB_PATH is not set");
    None
}

/// The same integer arithmetic as in `golden/make.py`.
pub(crate) fn picture([kind, width, height]: [u32; 3]) -> Picture {
    let wave = |t: i64| (t.rem_euclid(510) - 255).abs();
    let kind = i64::from(kind);
    let mut rgb = Vec::new();
    for y in 0..i64::from(height) {
        for x in 0..i64::from(width) {
            for channel in 0..3 {
                let slope = wave((3 + kind) * x + (5 - channel) * y + 70 * channel);
                let rings = wave((x * x + (2 + channel) * y * y) / (7 + 5 * kind));
                rgb.push(((slope * (8 - kind) + rings * kind) / 8) as u8);
            }
        }
    }
    Picture::new(width, height, rgb).unwrap()
}

pub(crate) fn unpack(hex: &str) -> Vec<f64> {
    let digits: Vec<u8> = hex.chars().map(|c| c.to_digit(16).unwrap() as u8).collect();
    let bytes: Vec<u8> = digits
        .as_chunks()
        .0
        .iter()
        .map(|[high, low]| high * 16 + low)
        .collect();
    bytes
        .as_chunks()
        .0
        .iter()
        .map(|pair| f64::from(i16::from_le_bytes(*pair)))
        .collect()
}

pub(crate) fn cosine(a: &[f64], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let dot: f64 = a.iter().zip(b).map(|(a, b)| a * f64::from(*b)).sum();
    let squares = |v: &mut dyn Iterator<Item = f64>| v.map(|x| x * x).sum::<f64>().sqrt();
    dot / squares(&mut a.iter().copied()) / squares(&mut b.iter().map(|x| f64::from(*x)))
}

/// The folder of real models, or `None` where a stranger has none and may go without.
pub(crate) fn real_models() -> Option<PathBuf> {
    let data = std::env::var_os("NIGH_TEST_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let folder = data.join("encoders");
    if folder.is_dir() {
        return Some(folder);
    }
    let required = std::env::var_os("NIGH_REQUIRE_DATA").is_some_and(|v| v == "1");
    assert!(
        !required,
        "NIGH_REQUIRE_DATA=1, but {} is missing",
        folder.display()
    );
    println!(
        "skipped: no real models in {} (set NIGH_TEST_DATA)",
        folder.display()
    );
    None
}
