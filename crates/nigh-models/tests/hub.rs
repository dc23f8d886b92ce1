//! Pulls from a hub that is a local server: whole, cut off, refused, wrong.
#![cfg(feature = "hub")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nigh_encode::{Encoder, EncoderOptions};
use nigh_models::hub::{Hub, HubError, HubSettings, PullEvent, PullRequest, Pulled, pull};
use nigh_models::{Checksum, FileState, Manifest, ModelsFolder, verify};

#[path = "support/fake_hub.rs"]
mod fake_hub;
use fake_hub::{Answer, Asked, COMMIT, FakeHub, sha256};

#[path = "hub/refusals.rs"]
mod refusals;
#[path = "hub/ways.rs"]
mod ways;

const REPO: &str = "someone/tiny-model";
const MODEL: &str = "onnx/model.onnx";
const CONFIG: &str =
    r#"{"size": 32, "resample": 3, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}"#;

/// A real model, so that what was pulled can be opened.
fn tiny() -> Vec<u8> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../nigh-encode/tests/golden");
    fs::read(golden.join("tiny.onnx")).unwrap()
}

/// Large enough for several reads.
fn large() -> Vec<u8> {
    (0..1_000_000u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect()
}

fn hub_with(model: &[u8]) -> FakeHub {
    FakeHub::new(
        REPO,
        &[
            (MODEL, model),
            ("onnx/model_fp16.onnx", b"smaller"),
            ("preprocessor_config.json", CONFIG.as_bytes()),
            ("config.json", b"{}"),
            ("README.md", b"# A model"),
            ("onnx/text_model.onnx", b"text"),
            ("tokenizer.json", b"{}"),
        ],
    )
}

fn settings(hub: &FakeHub) -> HubSettings {
    HubSettings {
        endpoint: hub.endpoint(),
        token: None,
        proxy: None,
        no_proxy: Vec::new(),
        certificates: None,
        offline: false,
        pause: Duration::from_millis(1),
    }
}

fn request() -> PullRequest {
    PullRequest::of(REPO).unwrap()
}

fn try_pull(dir: &Path, hub: &FakeHub, request: &PullRequest) -> Result<Pulled, HubError> {
    let client = Hub::new(settings(hub))?;
    pull(
        &ModelsFolder::at(dir),
        &client,
        request,
        &AtomicBool::new(false),
        &mut |_| {},
    )
}

/// Bytes of contents that were sent from where large files lie.
fn bytes_sent(asked: &[Asked]) -> usize {
    asked
        .iter()
        .filter(|asked| asked.path.starts_with("/cdn/"))
        .map(|asked| asked.sent)
        .sum()
}

fn is_listing(asked: &Asked) -> bool {
    asked.path.starts_with("/api/")
}

fn is_cdn(asked: &Asked) -> bool {
    asked.path.starts_with("/cdn/")
}

#[test]
fn a_whole_model_is_an_encoder() {
    let dir = tempfile::tempdir().unwrap();
    let hub = hub_with(&tiny());
    let mut told = Vec::new();
    let client = Hub::new(settings(&hub)).unwrap();
    let folder = ModelsFolder::at(dir.path());
    let pulled = pull(
        &folder,
        &client,
        &request(),
        &AtomicBool::new(false),
        &mut |event| {
            if let PullEvent::File { path, fetched, .. } = event {
                told.push(format!("{path} {fetched}"));
            }
        },
    )
    .unwrap();

    assert_eq!(
        told,
        [
            "onnx/model.onnx true",
            "preprocessor_config.json true",
            "config.json true"
        ]
    );
    assert_eq!(pulled.path, dir.path().join(REPO));
    let Manifest {
        source,
        revision,
        commit,
        licence,
        files,
        ..
    } = &pulled.manifest;
    assert_eq!(source, &format!("{}/{REPO}", hub.endpoint()));
    assert_eq!(
        (revision.as_str(), commit.as_str(), licence.as_deref()),
        ("main", COMMIT, Some("mit"))
    );
    assert_eq!(files[0].sha256, sha256(&tiny()));
    assert_eq!(files[0].published, Some(Checksum::Sha256(sha256(&tiny()))));
    assert!(matches!(files[1].published, Some(Checksum::GitBlob(_))));
    assert_eq!(
        Manifest::read(&pulled.path).unwrap().unwrap(),
        pulled.manifest
    );

    let encoder = Encoder::open(pulled.path.to_str().unwrap(), &EncoderOptions::default()).unwrap();
    assert_eq!(encoder.dimension(), 24);
    assert!(
        encoder
            .fingerprint()
            .preprocessing
            .contains("mean [0.5, 0.5, 0.5]")
    );

    let listed = folder.list().unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (listed[0].name.as_str(), listed[0].manifest.as_ref()),
        (REPO, Some(&pulled.manifest))
    );
    assert!(
        !dir.path()
            .join(".pulling")
            .join("someone--tiny-model")
            .exists()
    );

    hub.asked();
    let again = try_pull(dir.path(), &hub, &request()).unwrap();
    assert!(!again.fetched);
    let asked: Vec<String> = hub.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(
        asked,
        [format!("/api/models/{REPO}/revision/main?blobs=true")]
    );
}

#[test]
fn what_was_fetched_is_not_fetched_twice() {
    let model = large();
    let half = model.len() / 2;
    let hub = hub_with(&model);
    let dir = tempfile::tempdir().unwrap();
    hub.fault(move |asked, before, usual| match (is_cdn(asked), before) {
        (true, 0) => Some(usual.clone().cut(half)),
        (true, _) => Some(Answer::new(503, "")),
        _ => None,
    });
    let error = try_pull(dir.path(), &hub, &request()).unwrap_err();
    assert!(error.to_string().contains("status 503"), "{error}");
    assert!(ModelsFolder::at(dir.path()).list().unwrap().is_empty());

    hub.heal();
    let mut asked = hub.asked();
    let pulled = try_pull(dir.path(), &hub, &request()).unwrap();
    asked.extend(hub.asked());
    assert_eq!(fs::read(pulled.path.join(MODEL)).unwrap(), model);
    assert_eq!(bytes_sent(&asked), model.len());
    assert_eq!(
        asked.iter().rfind(|asked| is_cdn(asked)).unwrap().range,
        Some(half as u64)
    );
}

#[test]
fn a_connection_that_breaks_is_taken_up_again() {
    let model = large();
    let hub = hub_with(&model);
    let dir = tempfile::tempdir().unwrap();
    // Nine breaks: more than there are tries without progress.
    hub.fault(|asked, before, usual| {
        (is_cdn(asked) && before < 9).then(|| usual.clone().cut(100_000))
    });
    let pulled = try_pull(dir.path(), &hub, &request()).unwrap();
    assert_eq!(fs::read(pulled.path.join(MODEL)).unwrap(), model);
    assert_eq!(bytes_sent(&hub.asked()), model.len());
}

#[test]
fn a_stopped_pull_goes_on() {
    let model = large();
    let hub = hub_with(&model);
    let dir = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(false);
    let client = Hub::new(settings(&hub)).unwrap();
    let mut kept = 0;
    let result = pull(
        &ModelsFolder::at(dir.path()),
        &client,
        &request(),
        &stop,
        &mut |event| {
            if let PullEvent::Bytes(bytes) = event
                && bytes > 300_000
            {
                kept = bytes;
                stop.store(true, Ordering::Relaxed);
            }
        },
    );
    assert!(matches!(result, Err(HubError::Stopped)), "{result:?}");
    hub.asked();
    let pulled = try_pull(dir.path(), &hub, &request()).unwrap();
    assert_eq!(fs::read(pulled.path.join(MODEL)).unwrap(), model);
    let ranges: Vec<_> = hub
        .asked()
        .into_iter()
        .filter(is_cdn)
        .map(|asked| asked.range)
        .collect();
    assert_eq!(ranges, [Some(kept)]);
}

#[test]
fn a_server_without_ranges_gives_the_whole_again() {
    for status in [200, 416] {
        let model = large();
        let hub = hub_with(&model);
        let dir = tempfile::tempdir().unwrap();
        let whole = model.clone();
        hub.fault(
            move |asked, before, usual| match (is_cdn(asked), before, asked.range) {
                (true, 0, _) => Some(usual.clone().cut(400_000)),
                (true, _, Some(_)) if status == 200 => Some(Answer::new(200, whole.clone())),
                (true, _, Some(_)) => Some(Answer::new(416, "")),
                _ => None,
            },
        );
        let pulled = try_pull(dir.path(), &hub, &request()).unwrap();
        assert_eq!(
            fs::read(pulled.path.join(MODEL)).unwrap(),
            model,
            "{status}"
        );
    }
}

#[test]
fn what_passes_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let hub = hub_with(&tiny());
    hub.fault(
        |asked, before, _| match (is_listing(asked), is_cdn(asked), before) {
            (true, _, 0..3) => Some(Answer::new(429, "").with("Retry-After", "0")),
            (_, true, 0) => Some(Answer::new(500, "")),
            (_, true, 1) => Some(Answer::new(504, "")),
            _ => None,
        },
    );
    let mut waits = 0;
    let client = Hub::new(settings(&hub)).unwrap();
    let folder = ModelsFolder::at(dir.path());
    let result = pull(
        &folder,
        &client,
        &request(),
        &AtomicBool::new(false),
        &mut |event| {
            waits += usize::from(matches!(event, PullEvent::Again { .. }));
        },
    );
    assert!(result.is_ok(), "{result:?}");
    assert_eq!(waits, 5);
}

#[test]
fn what_is_asked_for_is_chosen() {
    let hub = hub_with(&tiny());
    let base = ["preprocessor_config.json", "config.json"];
    let with = |files: &[&str], text| PullRequest {
        files: files.iter().map(|file| (*file).to_owned()).collect(),
        text,
        ..request()
    };
    hub.put("onnx/model.onnx_data", b"weights");
    let rows: [(PullRequest, Result<Vec<&str>, &str>); 6] = [
        (
            with(&[], false),
            Ok(vec![MODEL, "onnx/model.onnx_data", base[0], base[1]]),
        ),
        (
            with(&["onnx/model_fp16.onnx"], false),
            Ok(vec!["onnx/model_fp16.onnx", base[0], base[1]]),
        ),
        (
            with(&["README.md", "README.md"], true),
            Ok(vec!["README.md", base[0], base[1], "tokenizer.json"]),
        ),
        (
            with(&[], true),
            Ok(vec![
                MODEL,
                "onnx/text_model.onnx",
                "onnx/model.onnx_data",
                base[0],
                base[1],
                "tokenizer.json",
            ]),
        ),
        (
            with(&["model.onnx"], false),
            Err(
                "no file \"model.onnx\"; its models are onnx/model.onnx, onnx/model_fp16.onnx, onnx/text_model.onnx",
            ),
        ),
        (
            PullRequest {
                revision: "v2".to_owned(),
                ..request()
            },
            Err("the model someone/tiny-model has no revision \"v2\""),
        ),
    ];
    let mut wrong = Vec::new();
    for (request, expected) in rows {
        let dir = tempfile::tempdir().unwrap();
        let found = try_pull(dir.path(), &hub, &request);
        let right = match (&found, &expected) {
            (Ok(pulled), Ok(paths)) => pulled
                .manifest
                .files
                .iter()
                .map(|file| &file.path)
                .eq(paths),
            (Err(error), Err(sentence)) => error.to_string().contains(sentence),
            _ => false,
        };
        if !right {
            wrong.push(format!("{request:?}: {found:?}, expected {expected:?}"));
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let other = FakeHub::new(REPO, &[("weights/net.onnx", b"net")]);
    let error = try_pull(dir.path(), &other, &request())
        .unwrap_err()
        .to_string();
    if !error.contains("choose with --file; its models are weights/net.onnx") {
        wrong.push(error);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_later_pull_brings_all_files_to_the_new_commit_and_keeps_what_a_person_added() {
    let dir = tempfile::tempdir().unwrap();
    let hub = hub_with(&tiny());
    let first = try_pull(dir.path(), &hub, &request()).unwrap();
    fs::write(
        first.path.join("onnx/model.onnx.json"),
        r#"{"resize": "pad"}"#,
    )
    .unwrap();

    let half = PullRequest {
        files: vec!["onnx/model_fp16.onnx".to_owned()],
        ..request()
    };
    hub.commit("2222222222222222222222222222222222222222");
    hub.put("config.json", b"{\"new\": true}");
    hub.asked();
    let second = try_pull(dir.path(), &hub, &half).unwrap();
    assert_eq!(
        second.manifest.commit,
        "2222222222222222222222222222222222222222"
    );
    let mut paths: Vec<_> = second
        .manifest
        .files
        .iter()
        .map(|file| file.path.as_str())
        .collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "config.json",
            MODEL,
            "onnx/model_fp16.onnx",
            "preprocessor_config.json"
        ]
    );
    assert_eq!(
        fs::read(second.path.join("config.json")).unwrap(),
        b"{\"new\": true}"
    );
    assert!(second.path.join("onnx/model.onnx.json").exists());
    // Only what is new or changed was fetched.
    assert_eq!(bytes_sent(&hub.asked()), b"smaller".len());
}

#[test]
fn a_broken_file_is_found_and_fetched_again() {
    let dir = tempfile::tempdir().unwrap();
    let hub = hub_with(&tiny());
    let folder = ModelsFolder::at(dir.path());
    let Pulled { path, manifest, .. } = try_pull(dir.path(), &hub, &request()).unwrap();
    let states = |path: &Path| -> Vec<FileState> {
        verify(path, &manifest)
            .unwrap()
            .into_iter()
            .map(|(_, state)| state)
            .collect()
    };
    assert!(states(&path).iter().all(|state| *state == FileState::Whole));
    let mut bytes = tiny();
    bytes[100] ^= 1;
    // A second name of the same content must not change with it.
    fs::remove_file(path.join(MODEL)).unwrap();
    fs::write(path.join(MODEL), &bytes).unwrap();
    fs::write(path.join("config.json"), "longer").unwrap();
    fs::remove_file(path.join("preprocessor_config.json")).unwrap();
    let found = states(&path);
    assert_eq!(
        found[0],
        FileState::Changed {
            sha256: sha256(&bytes)
        }
    );
    assert_eq!(found[1], FileState::Missing);
    assert_eq!(found[2], FileState::Length { bytes: 6 });

    assert!(try_pull(dir.path(), &hub, &request()).unwrap().fetched);
    assert!(states(&path).iter().all(|state| *state == FileState::Whole));
    let freed = folder.remove(REPO).unwrap();
    assert!(freed > manifest.bytes());
    assert!(folder.list().unwrap().is_empty() && !dir.path().join("someone").exists());
    let error = folder.remove(REPO).unwrap_err().to_string();
    assert!(
        error.contains("there is no model someone/tiny-model in"),
        "{error}"
    );
}

#[test]
fn what_a_person_added_stays_when_a_model_is_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let hub = hub_with(&tiny());
    let pulled = try_pull(dir.path(), &hub, &request()).unwrap();
    let own = pulled.path.join("onnx/model-int8.onnx");
    fs::write(&own, "made from it").unwrap();
    let folder = ModelsFolder::at(dir.path());
    let freed = folder.remove(REPO).unwrap();
    assert!(freed >= tiny().len() as u64, "{freed}");
    let left: Vec<_> = walk(&pulled.path);
    assert_eq!(left, [own]);
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                walk(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[test]
fn a_pull_that_ended_between_its_two_renames_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let hub = hub_with(&tiny());
    let pulled = try_pull(dir.path(), &hub, &request()).unwrap();
    fs::write(pulled.path.join("mine.txt"), "added by hand").unwrap();
    let hidden = dir.path().join(".pulling");
    fs::create_dir_all(&hidden).unwrap();
    fs::rename(&pulled.path, hidden.join("someone--tiny-model.old")).unwrap();
    let again = try_pull(dir.path(), &hub, &request()).unwrap();
    assert_eq!(again.path, pulled.path);
    assert_eq!(
        fs::read(again.path.join("mine.txt")).unwrap(),
        b"added by hand"
    );
    assert!(!hidden.join("someone--tiny-model.old").exists());
}
