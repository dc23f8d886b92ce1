//! `nigh model …` and encoders by name, against a hub that is a local server.
#![cfg(feature = "hub")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

#[path = "../../nigh-models/tests/support/fake_hub.rs"]
mod fake_hub;
mod support;
use fake_hub::{Answer, FakeHub};
use support::{jpeg, nigh, shop, stderr, text};

const REPO: &str = "someone/tiny-model";

/// `nigh` with models in `dir` and a hub at `endpoint`, and nothing of the caller's network.
fn at(dir: &Path, endpoint: &str) -> Command {
    let mut command = nigh();
    for name in ["HF_TOKEN", "HF_HUB_OFFLINE", "SSL_CERT_FILE"] {
        command.env_remove(name);
    }
    for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command.env("NIGH_MODELS", dir).env("HF_ENDPOINT", endpoint);
    command
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", stderr(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn tiny_hub() -> FakeHub {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../nigh-encode/tests/golden");
    let model = fs::read(golden.join("tiny.onnx")).unwrap();
    let config = br#"{"size": 32, "resample": 3, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}"#;
    FakeHub::new(
        REPO,
        &[
            ("onnx/model.onnx", &model),
            ("preprocessor_config.json", config),
            ("onnx/model_fp16.onnx", b"half"),
        ],
    )
}

#[test]
fn a_model_is_pulled_shown_used_checked_and_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let (models, catalog) = (dir.path().join("models"), dir.path().join("catalog"));
    let hub = tiny_hub();
    let run = |args: &[&str]| {
        at(&models, &hub.endpoint())
            .args(args)
            .current_dir(dir.path())
            .output()
            .unwrap()
    };

    let pulled = json(&run(&["model", "pull", REPO, "--json"]));
    assert_eq!(
        (&pulled["fetched"], &pulled["licence"]),
        (&true.into(), &"mit".into())
    );
    let again = run(&["model", "pull", REPO, "--offline"]);
    assert!(String::from_utf8_lossy(&again.stdout).contains("someone/tiny-model was here already"));

    let listed = json(&run(&["model", "list", "--here", "--json"]));
    assert_eq!(listed["models"][0]["name"], REPO);
    assert_eq!(listed["models"].as_array().unwrap().len(), 1);
    let all = String::from_utf8(run(&["model", "list"]).stdout).unwrap();
    assert!(all.contains("clip-vit-b-32") && all.contains(REPO), "{all}");

    let info = json(&run(&["model", "info", REPO, "--json"]));
    assert_eq!(
        (&info["dimension"], &info["licence"]),
        (&24.into(), &"mit".into())
    );
    assert_eq!(info["settings"]["mean"], serde_json::json!([0.5, 0.5, 0.5]));
    assert!(
        info["configuration"]
            .as_str()
            .unwrap()
            .ends_with("preprocessor_config.json")
    );
    assert_eq!(
        info["assumed"],
        serde_json::json!(["output = embedding (of embedding, map)"])
    );
    let shown = String::from_utf8(run(&["model", "info", REPO]).stdout).unwrap();
    assert!(
        shown.contains("size = [32,32]") && shown.contains("32x32 stretch bicubic"),
        "{shown}"
    );

    let source = shop(dir.path(), 12);
    let import = run(&[
        "catalog",
        "import",
        text(&source),
        "--into",
        text(&catalog),
        "--encoder",
        REPO,
    ]);
    assert!(import.status.success(), "{}", stderr(&import));
    let query = dir.path().join("query.jpg");
    fs::write(&query, jpeg(5)).unwrap();
    // From elsewhere, without being told the encoder again.
    let elsewhere = tempfile::tempdir().unwrap();
    let search = |models: &Path| {
        let args = [
            "catalog",
            "search",
            text(&catalog),
            "--image",
            text(&query),
            "--json",
        ];
        at(models, &hub.endpoint())
            .args(args)
            .current_dir(elsewhere.path())
            .output()
            .unwrap()
    };
    assert_eq!(json(&search(&models))["hits"][0]["id"], "item-00005");

    assert!(run(&["model", "verify", REPO]).status.success());
    fs::write(models.join(REPO).join("preprocessor_config.json"), "{}").unwrap();
    let damaged = run(&["model", "verify", REPO]);
    assert_eq!(damaged.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&damaged.stdout).contains("length    preprocessor_config.json")
    );
    assert!(json(&run(&["model", "pull", REPO, "--json"]))["fetched"] == true);
    assert!(run(&["model", "verify", REPO]).status.success());

    let gone = json(&run(&["model", "rm", REPO, "--json"]));
    assert!(gone["freed_bytes"].as_u64().unwrap() > 12_000);
    let error = stderr(&search(&models));
    assert!(
        error.contains("unknown encoder \"someone/tiny-model\""),
        "{error}"
    );
}

#[test]
fn what_is_not_there_gets_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let models = dir.path().join("models");
    fs::create_dir_all(models.join("mine")).unwrap();
    fs::write(models.join("mine/net.onnx"), "not a model").unwrap();
    let (hub, into, source) = (tiny_hub(), dir.path().join("catalog"), shop(dir.path(), 3));
    let import = |encoder| {
        vec![
            "catalog",
            "import",
            text(&source),
            "--into",
            text(&into),
            "--encoder",
            encoder,
        ]
    };
    let rows: [(Vec<&str>, &str); 14] = [
        (
            vec!["model", "pull", "CLIP ViT-B/32"],
            "is it clip-vit-b-32",
        ),
        (
            vec!["model", "pull", "nothing-like-it"],
            "`nigh model list` names them",
        ),
        (
            vec!["model", "pull", "nobody/nothing"],
            "has no model nobody/nothing",
        ),
        (
            vec!["model", "pull", REPO, "--file", "x.onnx"],
            "its models are onnx/model.onnx, onnx/model_fp16.onnx",
        ),
        (
            vec!["model", "pull", REPO, "--revision", "v9"],
            "has no revision \"v9\"",
        ),
        (
            vec!["model", "pull", REPO, "--offline"],
            "is not here, and fetching is switched off",
        ),
        (
            vec!["model", "verify", REPO],
            "there is no model someone/tiny-model in",
        ),
        (vec!["model", "verify", "mine"], "was not pulled"),
        (
            vec!["model", "rm", "mine"],
            "was not pulled (it has no nigh-model.json): delete it yourself",
        ),
        (vec!["model", "rm", "../catalog"], "is no model's name"),
        (vec!["model", "info", "mine"], "not an ONNX file"),
        (
            import("clip-vit-b32"),
            "unknown encoder \"clip-vit-b32\": is it clip-vit-b-32",
        ),
        (
            import("clip-vit-b-32"),
            "known but not here yet, `nigh model pull clip-vit-b-32` fetches it",
        ),
        (import("./nowhere.onnx"), "no such file"),
    ];
    let mut wrong = Vec::new();
    for (args, sentence) in rows {
        let output = at(&models, &hub.endpoint()).args(&args).output().unwrap();
        let said = stderr(&output);
        if output.status.code() != Some(1) || !said.contains(sentence) || said.contains("panicked")
        {
            wrong.push(format!(
                "{args:?}: exit {:?}, {said}, expected {sentence}",
                output.status.code()
            ));
        }
    }
    let known = json(
        &at(&models, &hub.endpoint())
            .args(["model", "info", "clip-vit-b-32", "--json"])
            .output()
            .unwrap(),
    );
    if known["here"] != false || known["dimension"] != 512 {
        wrong.push(known.to_string());
    }
    let offline = at(&models, "http://127.0.0.1:1")
        .env("HF_HUB_OFFLINE", "1")
        .args(["model", "pull", REPO])
        .output();
    let said = stderr(&offline.unwrap());
    if !said.contains("fetching is switched off") {
        wrong.push(said);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[cfg(unix)]
#[test]
fn a_pull_stopped_by_ctrl_c_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let models = dir.path().join("models");
    let hub = tiny_hub();
    let is_cdn = |path: &str| path.starts_with("/cdn/");
    hub.fault(
        move |asked, before, usual| match (is_cdn(&asked.path), before) {
            (true, 0) => Some(usual.clone().cut(5_000)),
            (true, _) => Some(Answer::new(429, "").with("Retry-After", "50")),
            _ => None,
        },
    );
    let mut child = at(&models, &hub.endpoint())
        .args(["model", "pull", REPO, "-q"])
        .spawn()
        .unwrap();
    // Ctrl-C while it waits to go on.
    let mut asked = Vec::new();
    while asked
        .iter()
        .filter(|asked: &&fake_hub::Asked| is_cdn(&asked.path))
        .count()
        < 2
    {
        std::thread::sleep(std::time::Duration::from_millis(20));
        asked.extend(hub.asked());
    }
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(
        json(
            &at(&models, "")
                .args(["model", "list", "--here", "--json"])
                .output()
                .unwrap()
        )["models"]
            == serde_json::json!([])
    );

    hub.heal();
    let output = at(&models, &hub.endpoint())
        .args(["model", "pull", REPO, "--json", "--progress", "json"])
        .output()
        .unwrap();
    assert_eq!(json(&output)["fetched"], true);
    assert!(
        stderr(&output)
            .lines()
            .next()
            .unwrap()
            .contains("\"event\":\"listed\"")
    );
    let ranges: Vec<_> = hub
        .asked()
        .into_iter()
        .filter(|asked| is_cdn(&asked.path))
        .map(|asked| asked.range)
        .collect();
    assert_eq!(ranges, [Some(5_000)]);
}
