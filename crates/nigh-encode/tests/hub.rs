//! Models as they are published: a folder with the model, its configuration and outputs of the
//! usual names. The models are made by `golden/make_hub.py`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use nigh_encode::{Encoder, EncoderOptions, OnnxEncoder, Picture, Sidecar};

/// A folder in the hub's layout: the model one folder down, its configuration above.
fn hub_folder(model: &str, name: &str, config: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("onnx")).unwrap();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    fs::copy(golden.join(model), dir.path().join("onnx").join(name)).unwrap();
    fs::write(dir.path().join("preprocessor_config.json"), config).unwrap();
    dir
}

fn options(sidecar: &str) -> EncoderOptions {
    EncoderOptions {
        sidecar: Sidecar::parse(sidecar).unwrap(),
        ..EncoderOptions::default()
    }
}

fn open(dir: &Path, sidecar: &str) -> OnnxEncoder {
    match Encoder::open(dir.to_str().unwrap(), &options(sidecar)).unwrap() {
        Encoder::Onnx(encoder) => encoder,
        Encoder::Features(_) => unreachable!(),
    }
}

const CLIP: &str = r#"{"size": {"shortest_edge": 20}, "crop_size": {"height": 16, "width": 16},
    "do_center_crop": true, "resample": 3, "image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.3, 0.4]}"#;

#[test]
fn a_folder_is_an_encoder_with_its_configuration() {
    let dir = hub_folder("hub-vit.onnx", "vision_model.onnx", CLIP);
    let encoder = open(dir.path(), "{}");
    assert_eq!(
        encoder.fingerprint().preprocessing,
        "16x16 crop from 20 down bicubic, rgb nchw, rescale 0.00392156862745098 mean [0.5, 0.4, 0.3] std [0.2, 0.3, 0.4]"
    );
    assert_eq!(
        encoder.assumed(),
        ["output = pooler_output (of last_hidden_state, pooler_output)"]
    );
    assert_eq!(
        encoder.config(),
        Some(dir.path().join("preprocessor_config.json").as_path())
    );
    assert_eq!(encoder.path(), dir.path().join("onnx/vision_model.onnx"));
    let settings = encoder.settings();
    assert_eq!(
        (settings.input.as_deref(), settings.dimension),
        (Some("pixel_values"), Some(4))
    );
    // What it was opened with opens it again, without the configuration.
    let again = hub_folder("hub-vit.onnx", "model.onnx", "{}");
    fs::remove_file(again.path().join("preprocessor_config.json")).unwrap();
    let told = open(again.path(), &settings.to_json().to_string());
    assert_eq!(told.fingerprint(), encoder.fingerprint());
    assert!(told.assumed().is_empty());
}

#[test]
fn option_sidecar_configuration_model_in_this_order() {
    let dir = hub_folder("hub-vit.onnx", "model.onnx", CLIP);
    let sidecar = r#"{"mean": [0, 0, 0], "filter": "box", "output": "last_hidden_state"}"#;
    fs::write(dir.path().join("onnx/model.onnx.json"), sidecar).unwrap();
    let encoder = open(dir.path(), r#"{"filter": "lanczos"}"#);
    assert_eq!(
        encoder.fingerprint().preprocessing,
        "16x16 crop from 20 down lanczos, rgb nchw, rescale 0.00392156862745098 mean [0.0, 0.0, 0.0] std [0.2, 0.3, 0.4]"
    );
    assert_eq!(
        encoder.fingerprint().architecture,
        "onnx#last_hidden_state:first"
    );
    assert_eq!(encoder.assumed(), ["pool = first"]);
}

#[test]
fn a_classifier_gives_what_enters_its_last_product() {
    let dir = hub_folder("hub-classifier.onnx", "model.onnx", CLIP);
    let guessed = open(dir.path(), "{}");
    assert_eq!(
        guessed.fingerprint().architecture,
        "onnx#/classifier/features"
    );
    assert_eq!(guessed.dimension(), 6);
    assert_eq!(
        guessed.assumed(),
        ["output = /classifier/features (what enters the classifier of \"logits\")"]
    );
    let scores = open(dir.path(), r#"{"output": "logits"}"#);
    assert_eq!(scores.dimension(), 5);
    let picture =
        Picture::new(9, 7, (0..9 * 7 * 3).map(|i| (i * 37 % 256) as u8).collect()).unwrap();
    let features = guessed.encode(&[picture]).unwrap();
    let length: f32 = features.iter().map(|x| x * x).sum();
    assert!((length - 1.0).abs() < 1e-5);
}

#[test]
fn what_does_not_fit_is_told() {
    let rows = [
        (
            "hub-vit.onnx",
            r#"{"size": {"height": 24, "width": 24}}"#,
            "{}",
            "key \"size\" is [24, 24]",
        ),
        (
            "hub-vit.onnx",
            r#"{"size": 16, "resample": 9}"#,
            "{}",
            "give the key \"filter\"",
        ),
        (
            "hub-vit.onnx",
            CLIP,
            r#"{"output": "nowhere"}"#,
            "[\"last_hidden_state\", \"pooler_output\"]",
        ),
        (
            "hub-unnamed.onnx",
            CLIP,
            "{}",
            "key \"output\" is missing (the model has the outputs [\"left\", \"right\"])",
        ),
        (
            "hub-classifier.onnx",
            "nonsense",
            "{}",
            "preprocessor_config.json: no JSON object",
        ),
    ];
    let mut wrong = Vec::new();
    for (model, config, sidecar, sentence) in rows {
        let dir = hub_folder(model, "model.onnx", config);
        let error = Encoder::open(dir.path().to_str().unwrap(), &options(sidecar)).unwrap_err();
        if !error.to_string().contains(sentence) {
            wrong.push(format!("{config}: {error}, expected {sentence}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
