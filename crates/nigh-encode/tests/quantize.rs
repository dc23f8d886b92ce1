//! Converted models are valid, agree with their originals, and are smaller. What the standard's
//! own checker and ONNX Runtime say of them is asked of Python (`quantize/check.py`).
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it skipped"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use nigh_encode::{
    Arithmetic, Encoder, EncoderOptions, ModelSize, OnnxEncoder, Picture, QuantizeError,
    QuantizeTo, RangeRule, calibrate, quantize,
};

mod support;
use support::{cosine, picture, runtimes};

fn tests_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// A model of the fixtures, and what its conversions must reach.
struct Case {
    model: &'static str,
    integer_products: usize,
    /// The least mean cosine of INT8 with row scales.
    least_cosine: f64,
}

const CASES: [Case; 4] = [
    Case {
        model: "families/clip/onnx/vision_model.onnx",
        integer_products: 8,
        least_cosine: 0.999,
    },
    Case {
        model: "families/dinov2/onnx/model.onnx",
        integer_products: 8,
        least_cosine: 0.999,
    },
    Case {
        model: "families/siglip2/onnx/vision_model.onnx",
        integer_products: 8,
        least_cosine: 0.999,
    },
    Case {
        model: "families/mobilenet/onnx/model.onnx",
        integer_products: 4,
        least_cosine: 0.99,
    },
];

const WAYS: [(&str, QuantizeTo); 4] = [
    ("f16", QuantizeTo::F16),
    ("float", QuantizeTo::Int8(Arithmetic::Float)),
    ("products", QuantizeTo::Int8(Arithmetic::Products)),
    (
        "pointwise",
        QuantizeTo::Int8(Arithmetic::ProductsAndPointwise),
    ),
];

fn pictures() -> Vec<Picture> {
    (0..6)
        .map(|kind| picture([kind, 90 + 7 * kind, 80 + 11 * kind]))
        .collect()
}

fn alike(a: &[f32], b: &[f32]) -> f64 {
    let a: Vec<f64> = a.iter().map(|x| f64::from(*x)).collect();
    cosine(&a, b)
}

fn encoder(path: &Path, original: &OnnxEncoder, runtime: nigh_encode::Runtime) -> OnnxEncoder {
    let options = EncoderOptions {
        sidecar: original.settings(),
        runtime,
        ..EncoderOptions::default()
    };
    OnnxEncoder::open(path, &options).unwrap()
}

#[test]
fn conversions_agree_shrink_and_never_look_at_neighbours() {
    let folder = tempfile::tempdir().unwrap();
    let (pictures, mut failed) = (pictures(), Vec::new());
    for case in CASES {
        let path = tests_folder().join(case.model);
        let original = OnnxEncoder::open(&path, &EncoderOptions::default()).unwrap();
        let expected = original.encode(&pictures).unwrap();
        let before = ModelSize::of(&path).unwrap();
        for (way, to) in WAYS {
            let made = quantize(&path, to, None).unwrap();
            let out = folder.path().join(format!("{way}.onnx"));
            std::fs::write(&out, &made.bytes).unwrap();
            let least = if way == "f16" {
                0.99999
            } else {
                case.least_cosine
            };
            for runtime in runtimes() {
                let model = encoder(&out, &original, runtime);
                let rows = model.encode(&pictures).unwrap();
                let dimension = model.dimension();
                let pairs = rows.chunks(dimension).zip(expected.chunks(dimension));
                let mean = pairs.map(|(a, b)| alike(a, b)).sum::<f64>() / pictures.len() as f64;
                let alone: Vec<f32> = pictures
                    .iter()
                    .flat_map(|p| model.encode(std::slice::from_ref(p)).unwrap())
                    .collect();
                // An f32 product may add in another order when there are more rows.
                let far = rows.iter().zip(&alone).any(|(a, b)| (a - b).abs() > 1e-6);
                if mean < least || far {
                    failed.push(format!(
                        "{} {way} on {runtime}: cosine {mean:.6}, depends on neighbours: {far}",
                        case.model
                    ));
                }
            }
            let after = ModelSize::of(&out).unwrap();
            if after.file_bytes >= before.file_bytes {
                failed.push(format!(
                    "{} {way}: {} bytes of {}",
                    case.model, after.file_bytes, before.file_bytes
                ));
            }
            if way == "pointwise" && made.integer_products < case.integer_products {
                failed.push(format!(
                    "{}: {} products",
                    case.model, made.integer_products
                ));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn calibrated_models_agree_too() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = pictures();
    for (case, rule) in [
        (&CASES[0], RangeRule::LeastSquares),
        (&CASES[3], RangeRule::Percentile(0.9999)),
    ] {
        let path = tests_folder().join(case.model);
        let original = OnnxEncoder::open(&path, &EncoderOptions::default()).unwrap();
        let arithmetic = Arithmetic::ProductsAndPointwise;
        let ranges = calibrate(&path, &original, &pictures, arithmetic, rule).unwrap();
        assert!(
            ranges
                .values()
                .all(|(low, high)| low <= &0.0 && high > &0.0),
            "{ranges:?}"
        );
        let made = quantize(&path, QuantizeTo::Int8(arithmetic), Some(&ranges)).unwrap();
        let out = folder.path().join("calibrated.onnx");
        std::fs::write(&out, &made.bytes).unwrap();
        let model = encoder(&out, &original, nigh_encode::Runtime::Rten);
        for (a, b) in pictures.iter().map(|p| {
            let p = std::slice::from_ref(p);
            (model.encode(p).unwrap(), original.encode(p).unwrap())
        }) {
            assert!(alike(&a, &b) > 0.98, "{}: {}", case.model, alike(&a, &b));
        }
    }
}

#[test]
fn what_cannot_be_converted_is_refused_with_the_file_s_name() {
    let folder = tempfile::tempdir().unwrap();
    let clip = tests_folder().join(CASES[0].model);
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let int8 = QuantizeTo::Int8(Arithmetic::Products);
    let made = put("int8.onnx", &quantize(&clip, int8, None).unwrap().bytes);
    let half = put(
        "half.onnx",
        &quantize(&clip, QuantizeTo::F16, None).unwrap().bytes,
    );
    let whole = std::fs::read(&clip).unwrap();
    let cut = put("cut.onnx", &whole[..whole.len() / 2]);
    let text = put("text.onnx", b"dear diary");
    let empty = put("empty.onnx", b"");
    let small = tests_folder().join("families/resnet/onnx/model.onnx");
    let rows = [
        (&made, int8, "is INT8 already"),
        (&made, QuantizeTo::F16, "is INT8 already"),
        (&half, QuantizeTo::F16, "is F16 already"),
        (&cut, int8, "cut off"),
        (&text, int8, "cannot read model"),
        (&empty, int8, "holds no graph"),
        // Its weights are all too small to be worth two more nodes each.
        (&small, int8, "no f32 weights that are worth converting"),
    ];
    for (path, to, expected) in rows {
        let error = quantize(path, to, None).unwrap_err().to_string();
        let name = path.file_name().unwrap().to_string_lossy();
        assert!(
            error.contains(expected) && error.contains(&*name),
            "{name}: {error}"
        );
    }
    // Every length and a flipped byte here and there: an error or a model, never a panic.
    for length in (0..whole.len()).step_by(997) {
        let _ = quantize(&put("cut.onnx", &whole[..length]), int8, None);
    }
    for at in (0..whole.len()).step_by(1499) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x55;
        let _ = quantize(&put("flipped.onnx", &flipped), int8, None);
    }
    let missing = quantize(&folder.path().join("none.onnx"), int8, None);
    assert!(
        matches!(missing, Err(QuantizeError::Read { .. })),
        "{missing:?}"
    );
}

/// The standard's checker and ONNX Runtime, from Python: `NIGH_PYTHON` says which.
#[test]
fn the_checker_of_the_standard_and_onnx_runtime_take_every_conversion() {
    let Some(python) = std::env::var_os("NIGH_PYTHON") else {
        let required = std::env::var_os("NIGH_REQUIRE_SERVICES").is_some_and(|v| v == "1");
        assert!(
            !required,
            "NIGH_REQUIRE_SERVICES=1, but NIGH_PYTHON is not set"
        );
        println!("skipped: NIGH_PYTHON is not set");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut pairs = Vec::new();
    for (number, case) in CASES.iter().enumerate() {
        let path = tests_folder().join(case.model);
        let original = OnnxEncoder::open(&path, &EncoderOptions::default()).unwrap();
        let arithmetic = Arithmetic::ProductsAndPointwise;
        let ranges = calibrate(
            &path,
            &original,
            &pictures(),
            arithmetic,
            RangeRule::LeastSquares,
        )
        .unwrap();
        let calibrated = quantize(&path, QuantizeTo::Int8(arithmetic), Some(&ranges)).unwrap();
        let mut made = vec![("calibrated", calibrated.bytes)];
        for (way, to) in WAYS {
            made.push((way, quantize(&path, to, None).unwrap().bytes));
        }
        for (way, bytes) in made {
            let out = folder.path().join(format!("{number}-{way}.onnx"));
            std::fs::write(&out, bytes).unwrap();
            pairs.push((path.clone(), out));
        }
    }
    let mut command = Command::new(python);
    command.arg(tests_folder().join("quantize/check.py"));
    pairs.iter().for_each(|(a, b)| {
        command.arg(a).arg(b);
    });
    let output = command.output().unwrap();
    let (out, err) = (output.stdout, output.stderr);
    println!("{}", String::from_utf8_lossy(&out));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&err));
}

/// A real model on real weights, where the data are.
#[test]
fn mobilenet_keeps_its_embeddings() {
    let Some(folder) = support::real_models() else {
        return;
    };
    let path = folder.join("mobilenet_v2_1.0_224_dequant.onnx");
    let original = Encoder::open(&path.to_string_lossy(), &EncoderOptions::default()).unwrap();
    let Encoder::Onnx(original) = original else {
        panic!("an ONNX model opens as one");
    };
    let out = tempfile::tempdir().unwrap();
    let out = out.path().join("int8.onnx");
    let made = quantize(&path, QuantizeTo::Int8(Arithmetic::Float), None).unwrap();
    std::fs::write(&out, made.bytes).unwrap();
    let ratio = ModelSize::of(&out).unwrap().file_bytes as f64
        / ModelSize::of(&path).unwrap().file_bytes as f64;
    assert!(ratio < 0.35, "{ratio}");
    let model = encoder(&out, &original, nigh_encode::Runtime::Rten);
    let picture = picture([3, 224, 224]);
    let picture = std::slice::from_ref(&picture);
    let agreement = alike(
        &model.encode(picture).unwrap(),
        &original.encode(picture).unwrap(),
    );
    assert!(agreement > 0.97, "{agreement}");
}
