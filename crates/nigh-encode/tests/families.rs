//! Tiny models of real families give what Python's transformers gives, on every runtime:
//! preprocessing, tokenizers and arithmetic. `families/make_families.py` makes them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it compared"
)]

use std::path::{Path, PathBuf};

use nigh_encode::{Encoder, EncoderOptions, Runtime, Sidecar, TextEncoder, TextFiles};

mod support;
use support::{cosine, picture, runtimes, unpack};

/// Wrong arithmetic or a wrong step of preprocessing falls well below this; what is left is that
/// golden numbers have 16 bits, and that scaled pixels may be rounded the other way.
const LEAST_COSINE: f64 = 0.9999;

const CLIP: &str =
    r#""mean": [0.48145466, 0.4578275, 0.40821073], "std": [0.26862954, 0.26130258, 0.27577711]"#;
const HALF: &str = r#""mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]"#;

/// A family, its image model, and the preprocessing that its own configuration asks for.
const FAMILIES: [(&str, &str, &str, &str); 7] = [
    (
        "clip",
        "vision_model.onnx",
        r#""resize": "crop", "shorter_side": 32, "filter": "bicubic""#,
        CLIP,
    ),
    (
        "siglip",
        "vision_model.onnx",
        r#""resize": "stretch", "filter": "bicubic""#,
        HALF,
    ),
    (
        "siglip2",
        "vision_model.onnx",
        r#""resize": "stretch", "filter": "bicubic""#,
        HALF,
    ),
    (
        "dinov2",
        "model.onnx",
        r#""resize": "crop", "shorter_side": 36, "filter": "bicubic""#,
        CLIP,
    ),
    (
        "vit",
        "model.onnx",
        r#""resize": "stretch", "filter": "bilinear""#,
        HALF,
    ),
    (
        "resnet",
        "model.onnx",
        r#""resize": "crop", "shorter_side": 36, "filter": "bicubic""#,
        HALF,
    ),
    (
        "mobilenet",
        "model.onnx",
        r#""resize": "crop", "shorter_side": 36, "filter": "bilinear""#,
        HALF,
    ),
];

#[derive(serde::Deserialize)]
struct Expected {
    images: Vec<ExpectedImage>,
    #[serde(default)]
    texts: Vec<ExpectedText>,
}

#[derive(serde::Deserialize)]
struct ExpectedImage {
    picture: [u32; 3],
    /// The model's input, L2-normalised, as transformers' image processor makes it.
    pixels: String,
    embedding: String,
}

#[derive(serde::Deserialize)]
struct ExpectedText {
    text: String,
    truncated: bool,
    embedding: String,
}

fn folder(family: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/families")
        .join(family)
}

fn expected(family: &str) -> Expected {
    let text = std::fs::read_to_string(folder(family).join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn open(runtime: Runtime, model: &Path, resize: &str, scale: &str) -> Encoder {
    let sidecar = format!(r#"{{"size": [32, 32], {resize}, {scale}}}"#);
    let options = EncoderOptions {
        runtime,
        sidecar: Sidecar::parse(&sidecar).unwrap(),
        ..EncoderOptions::default()
    };
    Encoder::open(model.to_str().unwrap(), &options).unwrap()
}

fn text_encoder(runtime: Runtime, family: &str) -> TextEncoder {
    let options = EncoderOptions {
        runtime,
        ..EncoderOptions::default()
    };
    let files = TextFiles::beside(&folder(family).join("onnx/vision_model.onnx")).unwrap();
    TextEncoder::open(&files, &options).unwrap()
}

/// Collects what is too far off, and says how near the rest is.
#[derive(Default)]
struct Report(Vec<String>);

impl Report {
    fn compare(&mut self, what: &str, expected: &str, found: &[f32]) {
        let cosine = cosine(&unpack(expected), found);
        println!("{what}: cosine {cosine:.8}");
        if cosine < LEAST_COSINE {
            self.0.push(format!("{what}: cosine {cosine}"));
        }
    }

    fn finish(self) {
        assert!(self.0.is_empty(), "{}", self.0.join("\n"));
    }
}

#[test]
fn image_models_match_transformers() {
    let mut report = Report::default();
    for runtime in runtimes() {
        for (family, model, resize, scale) in FAMILIES {
            let path = folder(family).join("onnx").join(model);
            let encoder = open(runtime, &path, resize, scale);
            for row in expected(family).images {
                let what = format!("{runtime} {family} {:?}", row.picture);
                let found = encoder.encode(&[picture(row.picture)]).unwrap();
                report.compare(&what, &row.embedding, &found);
            }
        }
    }
    report.finish();
}

#[test]
fn preprocessing_matches_the_image_processors() {
    let mut report = Report::default();
    for (family, _, resize, scale) in FAMILIES {
        let encoder = open(Runtime::Rten, &folder("pixels.onnx"), resize, scale);
        for row in expected(family).images {
            let found = encoder.encode(&[picture(row.picture)]).unwrap();
            report.compare(&format!("{family} {:?}", row.picture), &row.pixels, &found);
        }
    }
    report.finish();
}

#[test]
fn text_models_match_transformers() {
    let mut report = Report::default();
    for runtime in runtimes() {
        for family in ["clip", "siglip", "siglip2"] {
            let encoder = text_encoder(runtime, family);
            let rows = expected(family).texts;
            let texts: Vec<&str> = rows.iter().map(|row| row.text.as_str()).collect();
            let found = encoder.encode(&texts).unwrap();
            for (row, found) in rows.iter().zip(found.rows.chunks(encoder.dimension())) {
                report.compare(
                    &format!("{runtime} {family} {:?}", row.text),
                    &row.embedding,
                    found,
                );
            }
            let cut: Vec<usize> = found.truncated.iter().map(|cut| cut.index).collect();
            let expected: Vec<usize> = (0..rows.len()).filter(|&i| rows[i].truncated).collect();
            assert_eq!(cut, expected, "{family}");
        }
    }
    report.finish();
}

/// The same model on two engines: what a fingerprint without the engine's name relies on.
#[test]
fn runtimes_agree() {
    for (family, model, resize, scale) in FAMILIES {
        let path = folder(family).join("onnx").join(model);
        let found: Vec<Vec<f32>> = runtimes()
            .into_iter()
            .map(|runtime| {
                let encoder = open(runtime, &path, resize, scale);
                encoder
                    .encode(&[picture([0, 60, 80]), picture([5, 91, 37])])
                    .unwrap()
            })
            .collect();
        for other in &found[1..] {
            let differences = found[0].iter().zip(other).map(|(a, b)| (a - b).abs());
            let worst = differences.fold(0.0, f32::max);
            println!("{family}: largest difference {worst:.1e}");
            assert!(worst < 2e-6, "{family}: {worst}");
        }
    }
}

#[test]
fn texts_do_not_depend_on_their_neighbours() {
    for (runtime, family) in runtimes()
        .into_iter()
        .flat_map(|runtime| ["clip", "siglip"].map(|family| (runtime, family)))
    {
        let encoder = text_encoder(runtime, family);
        let texts = [
            "red",
            "a blue shirt for men",
            "boots",
            "red summer dress",
            "hat",
        ];
        let alone: Vec<f32> = texts
            .iter()
            .flat_map(|text| encoder.encode(&[text]).unwrap().rows)
            .collect();
        let together = encoder.encode(&texts).unwrap().rows;
        let worst = alone.iter().zip(&together).map(|(a, b)| (a - b).abs());
        assert!(worst.fold(0.0, f32::max) < 1e-6, "{runtime} {family}");
        assert!(encoder.encode(&[]).unwrap().rows.is_empty());
    }
}
