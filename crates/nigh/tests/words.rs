//! Searching with words, and with pictures and words, as a person does it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};

mod support;
use support::{nigh, run, run_json, shop, stderr, text};

/// A tiny CLIP with random weights, laid out as on the hub.
fn clip(into: &Path) -> PathBuf {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../nigh-encode/tests/families/clip");
    let folder = into.join("clip");
    fs::create_dir_all(folder.join("onnx")).unwrap();
    let files = ["config.json", "tokenizer.json", "tokenizer_config.json"];
    for file in files
        .into_iter()
        .chain(["onnx/vision_model.onnx", "onnx/text_model.onnx"])
    {
        fs::copy(from.join(file), folder.join(file)).unwrap();
    }
    folder
}

/// A collection of twenty pictures in the model's space.
fn collection(root: &Path) -> (PathBuf, PathBuf, PathBuf) {
    let (source, model, into) = (shop(root, 20), clip(root), root.join("catalog"));
    let encoder = model.join("onnx/vision_model.onnx");
    run_json(&[
        "catalog",
        "import",
        text(&source),
        "--into",
        text(&into),
        "--encoder",
        text(&encoder),
    ]);
    (source, model, into)
}

fn ids(reply: &serde_json::Value) -> Vec<String> {
    let hits = reply["hits"].as_array().unwrap();
    hits.iter()
        .map(|hit| hit["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn words_and_pictures_find_items() {
    let dir = tempfile::tempdir().unwrap();
    let (source, _, into) = collection(dir.path());
    let into = text(&into);
    let picture = format!("{}/images/item-00007.jpg", text(&source));
    let search = |more: &[&str]| {
        let all = [&["catalog", "search", into, "-k", "20"], more].concat();
        run_json(&all)
    };
    let words = search(&["--text", "red summer dress"]);
    assert_eq!(ids(&words).len(), 20);
    assert_eq!(words["trace"][0]["stage"], "words");

    // Words that count for next to nothing leave the picture's answer; without a weight they
    // change the scores, and the same words as something to have less of turn the order round.
    let alone = search(&["--image", &picture]);
    let faint = search(&["--image", &picture, "--text", "red summer dress^0.000001"]);
    assert_eq!(ids(&alone), ids(&faint));
    let mixed = search(&["--image", &picture, "--text", "red summer dress"]);
    assert_ne!(alone["hits"][0]["score"], mixed["hits"][0]["score"]);
    let less = search(&["--less", "red summer dress", "--text", "boots^0.000001"]);
    let mut turned = ids(&less);
    turned.reverse();
    assert_eq!(ids(&words), turned);

    // An item as one part is as good as its picture.
    let by_id = search(&["--id", "item-00007", "--text", "boots"]);
    let by_picture = search(&[
        "--image",
        &picture,
        "--text",
        "boots",
        "--where",
        "id != 'item-00007'",
    ]);
    assert_eq!(ids(&by_id), ids(&by_picture));

    let sheet = dir.path().join("hits.html");
    search(&[
        "--image",
        &picture,
        "--text",
        "boots^2",
        "--sheet",
        text(&sheet),
    ]);
    let html = fs::read_to_string(&sheet).unwrap();
    assert!(html.contains("boots (× 2)"), "the sheet names all parts");
}

#[test]
fn what_stands_in_the_way_of_words_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let (source, model, into) = collection(dir.path());
    let plain = dir.path().join("plain");
    run_json(&["catalog", "import", text(&source), "--into", text(&plain)]);
    let search = |into: &Path, more: &[&str]| {
        let output = run(&[&["catalog", "search", text(into)], more].concat());
        (output.status.code(), stderr(&output))
    };
    let mut wrong = Vec::new();
    let mut expect =
        |what: &str, code: i32, sentence: &str, (status, said): (Option<i32>, String)| {
            if status != Some(code) || !said.contains(sentence) || said.contains("panicked") {
                wrong.push(format!(
                    "{what}: exit {status:?}, no {sentence:?} in {said}"
                ));
            }
        };
    let red = ["--text", "red"];
    expect(
        "features",
        1,
        "the collection's encoder \"features\" has no words",
        search(&plain, &red),
    );
    expect(
        "no words",
        1,
        "the text \"  \" has no words that the tokenizer knows",
        search(&into, &["--text", "  "]),
    );
    let long = "dress ".repeat(200);
    expect(
        "a long text",
        0,
        "has 202 tokens, of which the model reads 77",
        search(&into, &["--text", &long]),
    );
    expect(
        "a weight of 0",
        1,
        "a weight is more than 0",
        search(&into, &["--text", "red^0"]),
    );
    expect(
        "nothing but less",
        2,
        "--image <FILE>",
        search(&into, &["--less", "red"]),
    );
    let same = ["--text", "red", "--less", "red"];
    expect(
        "nothing is left",
        1,
        "cancel one another out",
        search(&into, &same),
    );

    let tokenizer = model.join("tokenizer.json");
    let whole = fs::read_to_string(&tokenizer).unwrap();
    fs::write(&tokenizer, &whole[..whole.len() / 2]).unwrap();
    expect(
        "half a tokenizer",
        1,
        "tokenizer.json: not a tokenizer",
        search(&into, &red),
    );
    fs::write(&tokenizer, "{}").unwrap();
    expect(
        "an empty tokenizer",
        1,
        "tokenizer.json: not a tokenizer",
        search(&into, &red),
    );
    fs::remove_file(&tokenizer).unwrap();
    expect(
        "no tokenizer",
        1,
        "no tokenizer.json beside the text model",
        search(&into, &red),
    );
    fs::write(&tokenizer, whole).unwrap();

    let text_model = model.join("onnx/text_model.onnx");
    let siglip = "../nigh-encode/tests/families/siglip/onnx/text_model.onnx";
    let siglip = Path::new(env!("CARGO_MANIFEST_DIR")).join(siglip);
    fs::copy(siglip, &text_model).unwrap();
    expect(
        "another space",
        1,
        "the collection's encoder cannot take words",
        search(&into, &red),
    );
    fs::copy(model.join("onnx/vision_model.onnx"), &text_model).unwrap();
    expect(
        "a model of pictures",
        1,
        "text_model.onnx cannot encode texts: it needs the input \"pixel_values\"",
        search(&into, &red),
    );
    fs::write(&text_model, "words").unwrap();
    expect(
        "no model",
        1,
        "text_model.onnx: not an ONNX file",
        search(&into, &red),
    );
    fs::remove_file(&text_model).unwrap();
    expect(
        "no text model",
        1,
        "no text model beside",
        search(&into, &red),
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The sentences of `nigh-encode` reach the person, with the exit code of a failure.
#[test]
fn models_that_cannot_be_used_say_why() {
    let dir = tempfile::tempdir().unwrap();
    let (source, model) = (shop(dir.path(), 3), clip(dir.path()));
    let vision = model.join("onnx/vision_model.onnx");
    let bytes = fs::read(&vision).unwrap();
    fs::write(dir.path().join("half.onnx"), &bytes[..bytes.len() / 2]).unwrap();
    fs::copy(
        model.join("onnx/text_model.onnx"),
        dir.path().join("two.onnx"),
    )
    .unwrap();
    fs::copy(&vision, dir.path().join("told.onnx")).unwrap();
    fs::write(dir.path().join("told.onnx.json"), r#"{"dimension": 7}"#).unwrap();
    let rows: [(&str, &[&str], &str); 5] = [
        (
            "half.onnx",
            &[],
            "half.onnx: not an ONNX file, it is cut off",
        ),
        (
            "two.onnx",
            &[],
            "it needs 2 inputs, [\"input_ids\", \"attention_mask\"]",
        ),
        (
            "told.onnx",
            &[],
            "key \"dimension\" is 7, but output \"image_embeds\" gives 24 numbers",
        ),
        (
            "told.onnx",
            &["--runtime", "tract"],
            "\"tract\" is not one of \"rten\" \"onnxruntime\"",
        ),
        (
            "told.onnx",
            &["--runtime", "onnxruntime:cuda"],
            "runtime onnxruntime:cuda cannot be used: ",
        ),
    ];
    let mut wrong = Vec::new();
    for (name, more, sentence) in rows {
        let encoder = dir.path().join(name);
        let into = dir.path().join("into");
        let base = [
            "catalog",
            "import",
            text(&source),
            "--into",
            text(&into),
            "--encoder",
            text(&encoder),
        ];
        let output = nigh()
            .args(base)
            .args(more)
            .env("ORT_DYLIB_PATH", "/no/such/library.so")
            .output()
            .unwrap();
        let said = stderr(&output);
        if output.status.success() || !said.contains(sentence) || said.contains("panicked") {
            wrong.push(format!(
                "{name} {more:?}: {:?}, no {sentence:?} in {said}",
                output.status.code()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
