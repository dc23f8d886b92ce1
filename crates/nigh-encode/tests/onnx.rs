//! ONNX models give what Python's onnxruntime gives after Pillow's preprocessing; the golden
//! outputs and the tiny models are made by `golden/make.py`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops at what it does not expect, and says what it compared or skipped"
)]

use std::path::{Path, PathBuf};

use nigh_encode::{Encoder, EncoderOptions, Picture, Runtime, Sidecar};

mod support;
use support::{cosine, picture, real_models, runtimes, unpack};

/// Any difference in preprocessing or arithmetic that matters shows well above this.
const LEAST_COSINE: f64 = 0.9999;

#[derive(serde::Deserialize)]
struct Golden {
    model: String,
    /// Sidecar keys that override the model's.
    options: serde_json::Value,
    /// Kind, width and height.
    picture: [u32; 3],
    /// 16-bit numbers in hexadecimal, little-endian.
    embedding: String,
}

fn golden_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn open(path: &Path, sidecar: Sidecar) -> Encoder {
    open_with(Runtime::Rten, path, sidecar)
}

fn open_with(runtime: Runtime, path: &Path, sidecar: Sidecar) -> Encoder {
    let options = EncoderOptions {
        runtime,
        sidecar,
        ..EncoderOptions::default()
    };
    Encoder::open(path.to_str().unwrap(), &options).unwrap()
}

fn check(golden: &str, models: &Path) {
    let text = std::fs::read_to_string(golden_folder().join(golden)).unwrap();
    let rows: Vec<Golden> = serde_json::from_str(&text).unwrap();
    let runtimes = runtimes();
    let mut wrong = Vec::new();
    for (row, runtime) in rows
        .iter()
        .flat_map(|row| runtimes.iter().map(move |runtime| (row, *runtime)))
    {
        let options = Sidecar::parse(&row.options.to_string()).unwrap();
        let encoder = open_with(runtime, &models.join(&row.model), options);
        let embedding = encoder.encode(&[picture(row.picture)]).unwrap();
        let length = embedding
            .iter()
            .map(|x| f64::from(*x).powi(2))
            .sum::<f64>()
            .sqrt();
        let cosine = cosine(&unpack(&row.embedding), &embedding);
        println!(
            "{runtime} {} {} {:?}: cosine {cosine:.8}",
            row.model, row.options, row.picture
        );
        if cosine < LEAST_COSINE || (length - 1.0).abs() > 1e-5 {
            wrong.push(format!(
                "{runtime} {} {} {:?}: cosine {cosine}, length {length}",
                row.model, row.options, row.picture
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        rows.len() * runtimes.len(),
        wrong.join("\n")
    );
}

#[test]
fn tiny_models_match_onnxruntime() {
    check("tiny.json", &golden_folder());
}

#[test]
fn real_models_match_onnxruntime() {
    if let Some(models) = real_models() {
        check("real.json", &models);
    }
}

#[test]
fn batches_and_threads_change_nothing() {
    let models = ["tiny.onnx", "tiny-fp16.onnx"].into_iter();
    for (model, runtime) in
        models.flat_map(|model| runtimes().into_iter().map(move |runtime| (model, runtime)))
    {
        let encoder = open_with(runtime, &golden_folder().join(model), Sidecar::default());
        // The half-precision model's batch axis is fixed: it takes pictures one after another.
        assert_eq!(encoder.batch_size() == 1, model == "tiny-fp16.onnx");
        let pictures: Vec<Picture> = (0..7).map(|kind| picture([kind, 50 + kind, 60])).collect();
        let alone: Vec<f32> = pictures
            .iter()
            .flat_map(|p| encoder.encode(std::slice::from_ref(p)).unwrap())
            .collect();
        assert_eq!(alone.len(), 7 * encoder.dimension());
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let together = encoder.encode(&pictures).unwrap();
                    let worst = alone.iter().zip(&together).map(|(a, b)| (a - b).abs());
                    assert!(worst.fold(0.0, f32::max) < 1e-6, "{runtime} {model}");
                });
            }
        });
        assert!(encoder.encode(&[]).unwrap().is_empty());
    }
}

#[test]
fn extreme_shapes_encode() {
    for resize in ["stretch", "crop", "pad"] {
        let sidecar = Sidecar::parse(&format!("{{\"resize\": \"{resize}\"}}")).unwrap();
        let encoder = open(&golden_folder().join("tiny.onnx"), sidecar);
        for shape in [[0, 1, 1], [0, 1, 20_000], [0, 20_000, 1], [0, 3, 2]] {
            let embedding = encoder.encode(&[picture(shape)]).unwrap();
            assert_eq!(embedding.len(), 24, "{resize} {shape:?}");
        }
    }
}

#[test]
fn fingerprints_tell_models_and_preprocessing_apart() {
    let folder = golden_folder();
    let tiny = open(&folder.join("tiny.onnx"), Sidecar::default());
    let again = open(&folder.join("tiny.onnx"), Sidecar::default());
    assert_eq!(tiny.fingerprint().difference(again.fingerprint()), None);

    let half = open(&folder.join("tiny-fp16.onnx"), Sidecar::default());
    let said = tiny.fingerprint().difference(half.fingerprint()).unwrap();
    assert!(
        said.starts_with("weights was xxh3-128:") && said.ends_with("precision was f32, now f16"),
        "{said}"
    );

    let bgr = open(
        &folder.join("tiny.onnx"),
        Sidecar::parse(r#"{"channels": "bgr"}"#).unwrap(),
    );
    let said = tiny.fingerprint().difference(bgr.fingerprint()).unwrap();
    assert!(
        said.starts_with("preprocessing was 32x32 stretch bicubic, rgb nchw"),
        "{said}"
    );
}

/// A copy of the tiny model in a folder of its own, with the sidecar that the test wants.
struct Copy(tempfile::TempDir);

impl Copy {
    fn new(sidecar: Option<&str>) -> Copy {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(
            golden_folder().join("tiny.onnx"),
            folder.path().join("m.onnx"),
        )
        .unwrap();
        if let Some(text) = sidecar {
            std::fs::write(folder.path().join("m.onnx.json"), text).unwrap();
        }
        Copy(folder)
    }

    fn open(&self, options: &EncoderOptions) -> Result<Encoder, String> {
        let path = self.0.path().join("m.onnx");
        Encoder::open(path.to_str().unwrap(), options).map_err(|e| e.to_string())
    }
}

#[test]
fn refusals_name_key_and_value() {
    let rows = [
        (Some("{]"), "m.onnx.json: expected a JSON object"),
        (Some(r#"{"outptu": "map"}"#), "unknown key \"outptu\""),
        (
            Some(r#"{"output": "head"}"#),
            "key \"output\" is \"head\", but the model's outputs are [\"embedding\", \"map\"]",
        ),
        (
            Some(r#"{"output": "map"}"#),
            "key \"output\" is \"map\", but it has the inner shape [24, 7, 7]",
        ),
        (
            Some(r#"{"output": "embedding", "pool": "first"}"#),
            "which \"pool\": \"first\" cannot reduce",
        ),
        (
            Some(r#"{"output": "embedding", "input": "x"}"#),
            "key \"input\" is \"x\", but the model's inputs are [\"image\"]",
        ),
        (
            Some(r#"{"output": "embedding", "size": [64, 32]}"#),
            "key \"size\" is [64, 32], but the model's input \"image\" takes [32, 32]",
        ),
        (
            Some(r#"{"output": "embedding", "dimension": 7}"#),
            "key \"dimension\" is 7, but output \"embedding\" gives 24 numbers",
        ),
        (
            Some(r#"{"output": "embedding", "resize": "crop", "shorter_side": 8}"#),
            "key \"shorter_side\" is 8, but a crop of 32 x 32 needs at least 32",
        ),
        (
            Some(r#"{"output": "embedding", "layout": "nhwc"}"#),
            "has 32 channels as nhwc, expected 3",
        ),
    ];
    let options = EncoderOptions::default();
    let said = |sidecar: &Option<&str>| {
        Copy::new(*sidecar)
            .open(&options)
            .map_or_else(|e| e, |_| "opened".into())
    };
    let wrong: Vec<String> = rows
        .iter()
        .map(|(sidecar, expected)| (expected, said(sidecar)))
        .filter(|(expected, said)| !said.contains(**expected))
        .map(|(expected, said)| format!("expected {expected}\n    said {said}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_nobody_tells_is_listed() {
    let sidecar = Sidecar {
        output: Some("embedding".into()),
        ..Sidecar::default()
    };
    let options = EncoderOptions {
        sidecar,
        ..EncoderOptions::default()
    };
    let Encoder::Onnx(encoder) = Copy::new(None).open(&options).unwrap() else {
        panic!()
    };
    let keys: Vec<&str> = encoder
        .assumed()
        .iter()
        .map(|a| a.split(' ').next().unwrap())
        .collect();
    assert_eq!(
        keys,
        ["channels", "resize", "filter", "rescale", "mean", "std"]
    );
    assert_eq!(encoder.dimension(), 24);
}

#[test]
fn files_that_are_no_models_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let rows = [
        ("missing.onnx", None, "cannot read"),
        (
            "text.onnx",
            Some(b"not a model".to_vec()),
            "cannot load model",
        ),
        ("empty.onnx", Some(Vec::new()), "cannot"),
        (
            "half.onnx",
            Some(std::fs::read(golden_folder().join("tiny.onnx")).unwrap()[..6000].to_vec()),
            "cannot load model",
        ),
    ];
    for (name, content, start) in rows {
        let path = folder.path().join(name);
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        let error = Encoder::open(path.to_str().unwrap(), &EncoderOptions::default()).unwrap_err();
        assert!(error.to_string().starts_with(start), "{name}: {error}");
    }
    let error = Encoder::open("resnet", &EncoderOptions::default())
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "unknown encoder \"resnet\": expected \"features\", or the path of an .onnx file or of a folder with one"
    );
}

/// A model of which one operator's type, everywhere, is another word of the same length.
fn misspelt(from: &str, to: &str) -> Vec<u8> {
    let mut bytes = std::fs::read(golden_folder().join("tiny.onnx")).unwrap();
    assert_eq!(from.len(), to.len());
    let places: Vec<usize> = (0..bytes.len() - from.len())
        .filter(|&at| bytes[at..].starts_with(from.as_bytes()))
        .collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..][..to.len()].copy_from_slice(to.as_bytes());
    }
    bytes
}

#[test]
fn what_no_runtime_can_compute_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(golden_folder().join("tiny.onnx")).unwrap();
    let write = |name: &str, content: &[u8]| std::fs::write(folder.path().join(name), content);
    write("operator.onnx", &misspelt("Relu", "Rolu")).unwrap();
    write("half.onnx", &whole[..whole.len() / 2]).unwrap();
    let mut broken = whole.clone();
    broken[40..80].fill(0xFF);
    write("broken.onnx", &broken).unwrap();
    std::fs::copy(
        golden_folder().join("../families/clip/onnx/text_model.onnx"),
        folder.path().join("two.onnx"),
    )
    .unwrap();
    let rows: [(&str, &[&str]); 4] = [
        (
            "operator.onnx",
            &[
                "operator.onnx: node \"",
                "is of the operator \"Rolu\", which the runtime",
            ],
        ),
        (
            "half.onnx",
            &[
                "cannot load model",
                "half.onnx: not an ONNX file, it is cut off or broken",
            ],
        ),
        ("broken.onnx", &["cannot load model", "broken.onnx"]),
        (
            "two.onnx",
            &[
                "two.onnx cannot encode pictures: it needs 2 inputs, [\"input_ids\", \"attention_mask\"]",
            ],
        ),
    ];
    let mut wrong = Vec::new();
    for (runtime, (name, sentences)) in runtimes()
        .into_iter()
        .flat_map(|r| rows.map(|row| (r, row)))
    {
        let options = EncoderOptions {
            runtime,
            sidecar: Sidecar::parse(r#"{"output": "embedding"}"#).unwrap(),
            ..EncoderOptions::default()
        };
        let path = folder.path().join(name);
        let said = Encoder::open(path.to_str().unwrap(), &options)
            .unwrap_err()
            .to_string();
        println!("{said}");
        let missing = sentences
            .iter()
            .filter(|sentence| !said.contains(**sentence));
        wrong
            .extend(missing.map(|sentence| format!("{runtime} {name}: no {sentence:?} in {said}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[cfg(not(feature = "onnxruntime"))]
#[test]
fn a_runtime_that_is_not_compiled_in_is_said_to_be() {
    let options = EncoderOptions {
        runtime: Runtime::OnnxRuntime(nigh_encode::Provider::Cpu),
        ..EncoderOptions::default()
    };
    let path = golden_folder().join("tiny.onnx");
    let error = Encoder::open(path.to_str().unwrap(), &options).unwrap_err();
    assert_eq!(
        error.to_string(),
        "runtime onnxruntime cannot be used: this program was built without it: \
         `cargo build --release --features onnxruntime` builds one that has it"
    );
}

#[test]
fn pictures_with_a_wrong_size_are_refused() {
    let encoder = open(&golden_folder().join("tiny.onnx"), Sidecar::default());
    let good = picture([0, 4, 4]);
    let bad = Picture {
        width: 5,
        ..good.clone()
    };
    let error = encoder.encode(&[good, bad]).unwrap_err().to_string();
    assert_eq!(
        error,
        "picture 1 of the batch: a picture of 5 x 4 needs 60 bytes of RGB, received 48"
    );
}
