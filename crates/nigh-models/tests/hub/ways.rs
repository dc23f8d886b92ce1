//! Offline, mirrors, tokens, proxies, disks: the ways to a hub and back.

use super::*;

#[test]
fn offline_keeps_what_is_there_and_asks_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let hub = hub_with(&tiny());
    let offline = Hub::new(HubSettings {
        offline: true,
        ..settings(&hub)
    })
    .unwrap();
    let folder = ModelsFolder::at(dir.path());
    let off = |client: &Hub| {
        pull(
            &folder,
            client,
            &request(),
            &AtomicBool::new(false),
            &mut |_| {},
        )
    };
    let error = off(&offline).unwrap_err().to_string();
    assert!(
        error.contains("someone/tiny-model is not here, and fetching is switched off"),
        "{error}"
    );
    let pulled = try_pull(dir.path(), &hub, &request()).unwrap();
    hub.asked();
    let again = off(&offline).unwrap();
    assert_eq!((again.manifest, again.fetched), (pulled.manifest, false));
    assert!(hub.asked().is_empty());
}

#[test]
fn a_mirror_that_lists_no_checksums_is_asked_for_them() {
    let dir = tempfile::tempdir().unwrap();
    let hub = hub_with(&large());
    hub.without_blobs();
    let pulled = try_pull(dir.path(), &hub, &request()).unwrap();
    let published: Vec<_> = pulled
        .manifest
        .files
        .iter()
        .map(|file| file.published.is_some())
        .collect();
    assert_eq!(published, [true, true, true]);

    // One that has none at all is believed, and that is said.
    hub.fault(|asked, _, usual| {
        let bare = Answer {
            headers: Vec::new(),
            ..usual.clone()
        };
        asked.path.contains("config.json").then_some(bare)
    });
    let mut unchecked = Vec::new();
    let client = Hub::new(settings(&hub)).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let folder = ModelsFolder::at(elsewhere.path());
    pull(
        &folder,
        &client,
        &request(),
        &AtomicBool::new(false),
        &mut |event| {
            if let PullEvent::Unchecked { path } = event {
                unchecked.push(path.to_owned());
            }
        },
    )
    .unwrap();
    assert_eq!(unchecked, ["preprocessor_config.json", "config.json"]);
}

#[test]
fn the_token_goes_to_the_hub_alone() {
    let dir = tempfile::tempdir().unwrap();
    let hub = hub_with(&tiny());
    let client = Hub::new(HubSettings {
        token: Some("hf_secret".to_owned()),
        ..settings(&hub)
    })
    .unwrap();
    let folder = ModelsFolder::at(dir.path());
    pull(
        &folder,
        &client,
        &request(),
        &AtomicBool::new(false),
        &mut |_| {},
    )
    .unwrap();
    for asked in hub.asked() {
        let expected = (!is_cdn(&asked)).then(|| "Bearer hf_secret".to_owned());
        assert_eq!(asked.token, expected, "{}", asked.path);
    }
}

#[test]
fn a_proxy_is_asked_for_all_but_its_exceptions() {
    let hub = hub_with(&tiny());
    let proxy = FakeHub::new("no/thing", &[]);
    let address = proxy.endpoint().replace("http://", "http://user:secret@");
    for (no_proxy, through) in [("elsewhere.example", true), ("127.0.0.1", false)] {
        let dir = tempfile::tempdir().unwrap();
        let client = Hub::new(HubSettings {
            proxy: Some(address.clone()),
            no_proxy: vec![no_proxy.to_owned(), "localhost".to_owned()],
            ..settings(&hub)
        })
        .unwrap();
        let folder = ModelsFolder::at(dir.path());
        let result = pull(
            &folder,
            &client,
            &request(),
            &AtomicBool::new(false),
            &mut |_| {},
        );
        assert_eq!(result.is_err(), through, "{no_proxy}: {result:?}");
        assert_eq!(!proxy.asked().is_empty(), through, "{no_proxy}");
    }
}

#[test]
fn the_disk_and_the_settings_are_named() {
    let hub = hub_with(&tiny());
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let error = try_pull(&file, &hub, &request()).unwrap_err().to_string();
    assert!(error.contains("file/.pulling"), "{error}");

    let by_hand = dir.path().join(REPO);
    fs::create_dir_all(&by_hand).unwrap();
    fs::write(by_hand.join("model.onnx"), "mine").unwrap();
    let error = try_pull(dir.path(), &hub, &request())
        .unwrap_err()
        .to_string();
    assert!(error.contains("was put there by hand"), "{error}");
    assert_eq!(fs::read(by_hand.join("model.onnx")).unwrap(), b"mine");

    let rows = [
        (
            "HF_ENDPOINT=\"ftp://x\"",
            HubSettings {
                endpoint: "ftp://x".to_owned(),
                ..settings(&hub)
            },
        ),
        (
            "HTTPS_PROXY=\"…@:a:b\"",
            HubSettings {
                proxy: Some("user:secret@:a:b".to_owned()),
                ..settings(&hub)
            },
        ),
        (
            "there is no certificate in it",
            HubSettings {
                certificates: Some(file.clone()),
                ..settings(&hub)
            },
        ),
    ];
    for (sentence, settings) in rows {
        let error = Hub::new(settings).unwrap_err().to_string();
        assert!(error.contains(sentence), "{error}, expected {sentence}");
    }
    for name in ["clip", "../x", "a/b/c", "a b/c", "/etc"] {
        assert!(
            matches!(PullRequest::of(name), Err(HubError::Name { .. })),
            "{name}"
        );
    }
    let error = PullRequest::of("CLIP ViT-B/32").unwrap_err().to_string();
    assert!(error.contains("is it clip-vit-b-32"), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let hub = hub_with(&tiny());
    let staging = dir.path().join(".pulling/someone--tiny-model/onnx");
    fs::create_dir_all(&staging).unwrap();
    let part = format!("model.onnx.{}.part", &sha256(&tiny())[..12]);
    std::os::unix::fs::symlink("/dev/full", staging.join(part)).unwrap();
    let error = try_pull(dir.path(), &hub, &request())
        .unwrap_err()
        .to_string();
    assert!(error.contains("No space left on device"), "{error}");
}

#[test]
fn two_pulls_of_one_model_do_not_meet() {
    let dir = tempfile::tempdir().unwrap();
    let hub = hub_with(&large());
    let client = Hub::new(settings(&hub)).unwrap();
    let folder = ModelsFolder::at(dir.path());
    let mut second = None;
    pull(
        &folder,
        &client,
        &request(),
        &AtomicBool::new(false),
        &mut |event| {
            if matches!(event, PullEvent::Listed { .. }) {
                second = Some(try_pull(dir.path(), &hub, &request()));
            }
        },
    )
    .unwrap();
    let error = second.unwrap().unwrap_err().to_string();
    assert_eq!(error, "another process is pulling someone/tiny-model");
}
