//! Published files, as they are, and what they come to.

use serde_json::{Map, Value, json};

use super::*;

const CLIP: &str = r#"{
  "crop_size": 224, "do_center_crop": true, "do_normalize": true, "do_resize": true,
  "feature_extractor_type": "CLIPFeatureExtractor",
  "image_mean": [0.48145466, 0.4578275, 0.40821073],
  "image_std": [0.26862954, 0.26130258, 0.27577711],
  "resample": 3, "size": 224
}"#;
const CLIP_NEW: &str = r#"{
  "crop_size": {"height": 336, "width": 336}, "do_center_crop": true, "do_convert_rgb": true,
  "do_normalize": true, "do_rescale": true, "do_resize": true,
  "image_mean": [0.48145466, 0.4578275, 0.40821073],
  "image_processor_type": "CLIPImageProcessor",
  "image_std": [0.26862954, 0.26130258, 0.27577711],
  "resample": 3, "rescale_factor": 0.00392156862745098, "size": {"shortest_edge": 336}
}"#;
const SIGLIP2: &str = r#"{
  "do_convert_rgb": null, "do_normalize": true, "do_rescale": true, "do_resize": true,
  "image_mean": [0.5, 0.5, 0.5], "image_processor_type": "SiglipImageProcessor",
  "image_std": [0.5, 0.5, 0.5], "processor_class": "SiglipProcessor",
  "resample": 2, "rescale_factor": 0.00392156862745098, "size": {"height": 224, "width": 224}
}"#;
const DINOV2: &str = r#"{
  "crop_size": {"height": 224, "width": 224}, "do_center_crop": true, "do_convert_rgb": true,
  "do_normalize": true, "do_rescale": true, "do_resize": true,
  "image_mean": [0.485, 0.456, 0.406], "image_processor_type": "BitImageProcessor",
  "image_std": [0.229, 0.224, 0.225], "resample": 3,
  "rescale_factor": 0.00392156862745098, "size": {"shortest_edge": 256}
}"#;
const RESNET50: &str = r#"{
  "crop_pct": 0.875, "do_normalize": true, "do_resize": true,
  "feature_extractor_type": "ConvNextFeatureExtractor",
  "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225],
  "resample": 3, "size": 224
}"#;
const VIT: &str = r#"{
  "do_normalize": true, "do_rescale": true, "do_resize": true,
  "image_mean": [0.5, 0.5, 0.5], "image_processor_type": "ViTImageProcessor",
  "image_std": [0.5, 0.5, 0.5], "resample": 2, "size": {"height": 224, "width": 224}
}"#;
const MOBILENET: &str = r#"{
  "crop_size": {"height": 224, "width": 224}, "do_center_crop": true, "do_normalize": true,
  "do_rescale": true, "do_resize": true, "image_mean": [0.5, 0.5, 0.5],
  "image_processor_type": "MobileNetV2ImageProcessor", "image_std": [0.5, 0.5, 0.5],
  "resample": 2, "rescale_factor": 0.00392156862745098, "size": {"shortest_edge": 256}
}"#;
const MOBILECLIP_HUB: &str = r#"{
  "crop_size": {"height": 256, "width": 256}, "do_center_crop": true, "do_convert_rgb": true,
  "do_normalize": false, "do_rescale": true, "do_resize": true,
  "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_processor_type": "CLIPFeatureExtractor",
  "image_std": [0.26862954, 0.26130258, 0.27577711],
  "resample": 2, "rescale_factor": 0.00392156862745098, "size": {"shortest_edge": 256}
}"#;
const CONVNEXT_384: &str = r#"{
  "crop_pct": 1.0, "do_resize": true, "image_processor_type": "ConvNextImageProcessor",
  "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225],
  "resample": 3, "size": {"shortest_edge": 384}
}"#;
const MOBILEVIT: &str = r#"{
  "crop_size": {"height": 256, "width": 256}, "do_center_crop": true, "do_normalize": false,
  "do_flip_channel_order": true, "do_rescale": true, "do_resize": true, "resample": 2,
  "image_processor_type": "MobileViTImageProcessor", "size": {"shortest_edge": 288}
}"#;
const MOBILECLIP: &str = r#"{
  "model_cfg": {"embed_dim": 512, "vision_cfg": {"timm_model_name": "fastvit_mci0", "image_size": 256},
                "text_cfg": {"context_length": 77}},
  "preprocess_cfg": {"mean": [0.0, 0.0, 0.0], "std": [1.0, 1.0, 1.0],
                     "interpolation": "bilinear", "resize_mode": "shortest"}
}"#;
const SIGLIP_OPEN_CLIP: &str = r#"{
  "model_cfg": {"vision_cfg": {"image_size": 256}},
  "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5],
                     "interpolation": "bicubic", "resize_mode": "squash"}
}"#;
const OPEN_CLIP_PLAIN: &str = r#"{"model_cfg": {"vision_cfg": {"image_size": 224}}}"#;
const OPEN_CLIP_LONGEST: &str = r#"{
  "preprocess_cfg": {"size": [224, 160], "resize_mode": "longest", "fill_color": 0}
}"#;

fn object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap()
}

fn clip_values() -> (Value, Value) {
    (
        json!([0.48145466, 0.4578275, 0.40821073]),
        json!([0.26862954, 0.26130258, 0.27577711]),
    )
}

#[test]
fn published_files_translate() {
    let (clip_mean, clip_std) = clip_values();
    let (imagenet, deviation) = (json!([0.485, 0.456, 0.406]), json!([0.229, 0.224, 0.225]));
    let half = json!([0.5, 0.5, 0.5]);
    let crop = |from: usize, side: usize, filter: &str, mean: &Value, std: &Value| {
        json!({"size": [side, side], "resize": "crop", "shorter_side": from, "filter": filter,
            "channels": "rgb", "rescale": 1.0 / 255.0, "mean": mean, "std": std})
    };
    let stretch = |side: usize, filter: &str, mean: &Value, std: &Value| {
        json!({"size": [side, side], "resize": "stretch", "filter": filter,
            "channels": "rgb", "rescale": 1.0 / 255.0, "mean": mean, "std": std})
    };
    let (zero, one) = (json!([0.0, 0.0, 0.0]), json!([1.0, 1.0, 1.0]));
    let flipped = json!({"size": [256, 256], "resize": "crop", "shorter_side": 288,
        "filter": "bilinear", "channels": "bgr", "rescale": 1.0 / 255.0, "mean": zero, "std": one});
    let longest = json!({"size": [224, 160], "resize": "pad", "background": [0, 0, 0],
        "filter": "bicubic", "channels": "rgb", "rescale": 1.0 / 255.0, "mean": clip_mean, "std": clip_std});
    let hub = hugging_face::translate as Translate;
    let rows: [(&str, Translate, &str, Value); 14] = [
        (
            "CLIP",
            hub,
            CLIP,
            crop(224, 224, "bicubic", &clip_mean, &clip_std),
        ),
        (
            "CLIP @336",
            hub,
            CLIP_NEW,
            crop(336, 336, "bicubic", &clip_mean, &clip_std),
        ),
        (
            "SigLIP 2",
            hub,
            SIGLIP2,
            stretch(224, "bilinear", &half, &half),
        ),
        (
            "DINOv2",
            hub,
            DINOV2,
            crop(256, 224, "bicubic", &imagenet, &deviation),
        ),
        (
            "ResNet-50",
            hub,
            RESNET50,
            crop(256, 224, "bicubic", &imagenet, &deviation),
        ),
        ("ViT", hub, VIT, stretch(224, "bilinear", &half, &half)),
        (
            "MobileNetV2",
            hub,
            MOBILENET,
            crop(256, 224, "bilinear", &half, &half),
        ),
        (
            "MobileCLIP",
            hub,
            MOBILECLIP_HUB,
            crop(256, 256, "bilinear", &zero, &one),
        ),
        (
            "ConvNeXt 384",
            hub,
            CONVNEXT_384,
            stretch(384, "bicubic", &imagenet, &deviation),
        ),
        ("MobileViT", hub, MOBILEVIT, flipped),
        (
            "open_clip MobileCLIP",
            open_clip::translate,
            MOBILECLIP,
            crop(256, 256, "bilinear", &zero, &one),
        ),
        (
            "open_clip SigLIP",
            open_clip::translate,
            SIGLIP_OPEN_CLIP,
            stretch(256, "bicubic", &half, &half),
        ),
        (
            "open_clip plain",
            open_clip::translate,
            OPEN_CLIP_PLAIN,
            crop(224, 224, "bicubic", &clip_mean, &clip_std),
        ),
        (
            "open_clip longest",
            open_clip::translate,
            OPEN_CLIP_LONGEST,
            longest,
        ),
    ];
    let mut wrong = Vec::new();
    for (name, translate, text, expected) in rows {
        let (sidecar, open) = translate(&object(text));
        if sidecar.to_json() != expected || !open.is_empty() {
            wrong.push(format!(
                "{name}: {} {open:?}, expected {expected}",
                sidecar.to_json()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_has_no_word_here_gets_a_sentence() {
    let with = |base: &str, change: Value| {
        let mut config = object(base);
        for (key, value) in change.as_object().unwrap() {
            config.insert(key.clone(), value.clone());
        }
        config
    };
    let hub = hugging_face::translate as Translate;
    let rows = [
        (
            hub,
            with(CLIP, json!({"resample": 5})),
            "filter",
            "\"resample\" is 5, known are",
        ),
        (
            hub,
            with(CLIP, json!({"do_pad": true})),
            "resize",
            "it pads",
        ),
        (
            hub,
            with(CLIP, json!({"do_resize": false})),
            "resize",
            "it does not resize",
        ),
        (
            hub,
            with(CLIP, json!({"crop_size": "big"})),
            "size",
            "\"crop_size\" is \"big\"",
        ),
        (
            hub,
            with(CLIP, json!({"size": {"longest_edge": 224}})),
            "size",
            "\"size\" is {\"longest_edge\":224}",
        ),
        (
            hub,
            with(CLIP, json!({"size": 0})),
            "size",
            "\"size\" is 0, expected",
        ),
        (
            hub,
            with(CLIP, json!({"image_mean": [1, 2]})),
            "mean",
            "\"image_mean\" is [1,2]",
        ),
        (
            hub,
            with(CLIP, json!({"rescale_offset": true})),
            "mean",
            "it moves the rescaled",
        ),
        (
            hub,
            with(CLIP_NEW, json!({"do_center_crop": false})),
            "resize",
            "cuts nothing off",
        ),
        (
            hub,
            with(SIGLIP2, json!({"max_num_patches": 256})),
            "size",
            "a varying number of patches",
        ),
        (
            hub,
            with(RESNET50, json!({"crop_pct": 7})),
            "resize",
            "\"crop_pct\" is 7",
        ),
        (
            hub,
            with(
                CLIP,
                json!({"feature_extractor_type": "DeiTFeatureExtractor", "size": 256}),
            ),
            "resize",
            "it stretches to [256, 256] and then cuts [224, 224] out",
        ),
        (
            open_clip::translate,
            with("{}", json!({"preprocess_cfg": {"interpolation": "area"}})),
            "filter",
            "\"interpolation\" is \"area\"",
        ),
        (
            open_clip::translate,
            with("{}", json!({"preprocess_cfg": {"resize_mode": "tile"}})),
            "resize",
            "\"resize_mode\" is \"tile\"",
        ),
        (
            open_clip::translate,
            with("{}", json!({"preprocess_cfg": {"size": [2, 3]}})),
            "resize",
            "until 2 x 3 is covered",
        ),
        (
            open_clip::translate,
            with("{}", json!({"preprocess_cfg": {"mode": "L"}})),
            "channels",
            "\"mode\" is \"L\"",
        ),
    ];
    let mut wrong = Vec::new();
    for (translate, config, key, sentence) in rows {
        let (sidecar, untranslated) = translate(&config);
        let [step] = untranslated.as_slice() else {
            wrong.push(format!("{config:?}: {untranslated:?}, expected one step"));
            continue;
        };
        if step.key != key || !step.reason.contains(sentence) {
            wrong.push(format!("{config:?}: {step:?}, expected {key}: {sentence}"));
        }
        let config = Config {
            path: Some("c.json".into()),
            sidecar,
            untranslated,
        };
        let error = config.check(&Sidecar::default()).unwrap_err().to_string();
        if !error.starts_with("configuration c.json: ")
            || !error.contains(&format!("give the key \"{key}\""))
        {
            wrong.push(error);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_key_that_somebody_gives_takes_the_steps_place() {
    let mut config = object(CLIP);
    config.insert("resample".to_owned(), json!(5));
    let (sidecar, untranslated) = hugging_face::translate(&config);
    let config = Config {
        path: Some("c.json".into()),
        sidecar,
        untranslated,
    };
    let told = Sidecar::parse(r#"{"filter": "bicubic"}"#).unwrap();
    assert!(config.check(&told).is_ok());
}

#[test]
fn they_are_found_beside_the_model_and_above_its_hub_folder() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    for inner in ["onnx", "weights"] {
        fs::create_dir(root.join(inner)).unwrap();
    }
    let found = |model: &str| find(&root.join(model)).unwrap().path;
    let put = |file: &str, text: &str| {
        fs::write(root.join(file), text).unwrap();
        Some(root.join(file))
    };
    assert_eq!(found("onnx/model.onnx"), None);
    // One of text alone holds no image processor.
    put(
        "processor_config.json",
        r#"{"processor_class": "CLIPProcessor"}"#,
    );
    assert_eq!(found("onnx/model.onnx"), None);
    let nested = put(
        "processor_config.json",
        &format!(r#"{{"image_processor": {CLIP}}}"#),
    );
    assert_eq!(found("onnx/model.onnx"), nested);
    let open_clip = put("open_clip_config.json", MOBILECLIP);
    assert_eq!(found("onnx/model.onnx"), open_clip);
    let above = put("preprocessor_config.json", CLIP);
    assert_eq!(found("onnx/model.onnx"), above);
    assert_eq!(found("model.onnx"), above);
    assert_eq!(found("weights/model.onnx"), None);
    let beside = put("onnx/preprocess_cfg.json", r#"{"size": 224}"#);
    assert_eq!(found("onnx/model.onnx"), beside);
}

#[test]
fn broken_files_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("preprocessor_config.json");
    let rows = [
        ("[]", "no JSON object"),
        ("{\"size\":", "no JSON object"),
        (
            r#"{"size": 20000}"#,
            "expected 1 to 8192, received [20000, 20000]",
        ),
        (
            r#"{"size": 8, "image_std": 0}"#,
            "expected numbers other than 0",
        ),
    ];
    for (text, sentence) in rows {
        fs::write(&path, text).unwrap();
        let error = find(&dir.path().join("model.onnx"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(sentence) && error.contains("preprocessor_config.json"),
            "{text}: {error}"
        );
    }
}
