//! Opening: who may, who waits, and the sentence that the others get.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do, by a panic"
)]

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use nigh_store::{CatalogStore, Durability, Header, Item, Kind, Ledger, OpenError, Upsert};
use serde_json::{Value, json};

const FOLDER: &str = "NIGH_HOLD_FOLDER";
const MODE: &str = "NIGH_HOLD_MODE";

/// Another process that holds the collection, where this program is started as one.
#[test]
fn holder() {
    let Ok(folder) = env::var(FOLDER) else { return };
    let folder = Path::new(&folder);
    let _store = match env::var(MODE).unwrap().as_str() {
        "writer" => CatalogStore::open_writer(folder).unwrap(),
        _ => CatalogStore::open_reader(folder).unwrap(),
    };
    println!("\nheld");
    thread::sleep(Duration::from_secs(60));
}

fn hold(folder: &Path, mode: &str) -> Child {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "holder", "--nocapture"])
        .envs([(FOLDER, folder.as_os_str()), (MODE, mode.as_ref())])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "held"));
    child
}

fn stop(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

fn create(folder: &Path) -> CatalogStore {
    CatalogStore::create(folder, 2, json!({ "architecture": "test" })).unwrap()
}

fn item(id: &str) -> Upsert {
    Upsert {
        item: Item {
            id: id.to_owned(),
            ..Item::default()
        },
        embeddings: None,
    }
}

#[test]
fn a_second_writer_and_a_reader_learn_who_holds_it() {
    let base = tempfile::tempdir().unwrap();
    create(base.path()).close().unwrap();
    let child = hold(base.path(), "writer");
    for opened in [
        CatalogStore::open_writer(base.path()),
        CatalogStore::open_reader(base.path()),
    ] {
        let error = opened.unwrap_err();
        let sentence = error.to_string();
        let OpenError::HeldByWriter {
            pid,
            command,
            since,
            ..
        } = error
        else {
            panic!("{error:?}")
        };
        assert_eq!(pid, child.id());
        assert!(command.contains("--exact holder"), "{command}");
        assert!(since.starts_with("20") && since.ends_with('Z'), "{since}");
        assert!(
            sentence.contains(&format!("held by another writer: process {pid} (")),
            "{sentence}"
        );
    }
    // Killed, it leaves its lock file behind, which blocks nobody.
    stop(child);
    assert!(
        !fs::read(base.path().join("writer.lock"))
            .unwrap()
            .is_empty()
    );
    CatalogStore::open_reader(base.path()).unwrap();
    CatalogStore::open_writer(base.path()).unwrap();
}

#[test]
fn readers_share_and_a_writer_waits_for_them() {
    let base = tempfile::tempdir().unwrap();
    create(base.path()).close().unwrap();
    let children = [hold(base.path(), "reader"), hold(base.path(), "reader")];
    let reader = CatalogStore::open_reader(base.path()).unwrap();
    assert!(
        reader
            .upsert(&[item("a")], Durability::Synced)
            .unwrap_err()
            .to_string()
            .contains("for reading only")
    );
    let error = CatalogStore::open_writer(base.path()).unwrap_err();
    assert!(matches!(error, OpenError::HeldByReaders { .. }), "{error}");
    drop(reader);
    let ending = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        children.into_iter().for_each(stop);
    });
    CatalogStore::open_writer(base.path()).unwrap();
    ending.join().unwrap();
}

#[test]
fn a_folder_that_cannot_be_opened_gets_a_sentence() {
    type Make = fn(&Path);
    let rows: [(&str, Make, &str); 9] = [
        (
            "no folder",
            |folder| fs::remove_dir(folder).unwrap(),
            "is not a nigh collection: there is no such folder",
        ),
        (
            "an empty folder",
            |_| {},
            "is not a nigh collection: it has no nigh.json",
        ),
        (
            "a file",
            |f| {
                fs::remove_dir(f).unwrap();
                fs::write(f, "x").unwrap()
            },
            "it is a file, not a folder",
        ),
        (
            "nonsense",
            |f| fs::write(f.join("nigh.json"), "hello").unwrap(),
            "nigh.json is not a header: expected value at line 1",
        ),
        (
            "a newer version",
            |f| {
                rewrite(
                    f,
                    &[
                        ("format", json!(3)),
                        ("kind", json!("galaxy")),
                        ("program", json!("9.1.0")),
                    ],
                )
            },
            "was made by nigh 9.1.0 in format 3, and this version reads formats up to 2: update nigh",
        ),
        (
            "another kind",
            |f| rewrite(f, &[("kind", json!("network"))]),
            "holds a network, not a catalog",
        ),
        (
            "no data",
            |f| {
                create(f);
                fs::remove_file(f.join("store.redb")).unwrap()
            },
            "store.redb is missing",
        ),
        (
            "other data",
            |f| {
                create(f);
                fs::write(f.join("store.redb"), [7; 9_000]).unwrap()
            },
            "is damaged: ",
        ),
        (
            "empty data",
            |f| {
                create(f);
                fs::write(f.join("store.redb"), []).unwrap()
            },
            "is damaged: ",
        ),
    ];
    let mut wrong = Vec::new();
    for (name, make, sentence) in rows {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("c");
        fs::create_dir(&folder).unwrap();
        make(&folder);
        for opened in [
            CatalogStore::open_writer(&folder),
            CatalogStore::open_reader(&folder),
        ] {
            let found = opened.map_or_else(|error| error.to_string(), |_| "opened".to_owned());
            if !found.contains(sentence) {
                wrong.push(format!("{name}: {found}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn rewrite(folder: &Path, fields: &[(&str, Value)]) {
    create(folder);
    let file = folder.join("nigh.json");
    let mut header: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    for (name, value) in fields {
        header[*name] = value.clone();
    }
    fs::write(&file, header.to_string()).unwrap();
}

#[test]
fn creation_is_refused_over_a_collection_and_goes_on_after_a_crash() {
    let base = tempfile::tempdir().unwrap();
    let create = |folder: &Path| CatalogStore::create(folder, 2, Value::Null);
    create(base.path())
        .unwrap()
        .upsert(&[item("a")], Durability::Synced)
        .unwrap();
    let error = create(base.path()).unwrap_err();
    assert!(matches!(error, OpenError::AlreadyExists { .. }), "{error}");
    // Without its header it is no collection, but its data is not thrown away either.
    fs::remove_file(base.path().join("nigh.json")).unwrap();
    let error = create(base.path()).unwrap_err().to_string();
    assert!(
        error.contains("store.redb holds data, but nigh.json is missing"),
        "{error}"
    );
    // What creations leave that were killed before the header was written.
    for name in [
        "store.redb",
        "store.redb.new",
        "nigh.json.new",
        "writer.lock",
    ] {
        let half = base.path().join(format!("half {name}"));
        create(&half).unwrap().close().unwrap();
        fs::remove_file(half.join("nigh.json")).unwrap();
        if name != "store.redb" {
            fs::remove_file(half.join("store.redb")).unwrap();
            fs::write(half.join(name), "torn").unwrap();
        }
        create(&half)
            .unwrap()
            .upsert(&[item("a")], Durability::Synced)
            .unwrap();
    }
}

#[test]
fn a_network_has_the_same_write_path() {
    let base = tempfile::tempdir().unwrap();
    let header = Header::new(Kind::Network, 4, Value::Null);
    let ledger = Ledger::create(base.path(), &header).unwrap();
    let mut batch = ledger.batch().unwrap();
    batch.put("people", *b"ann", b"1984".to_vec());
    assert_eq!(batch.record(b"ann joined".to_vec()), 1);
    assert_eq!(batch.get("people", b"ann").unwrap().unwrap(), b"1984");
    let commit = batch.commit(Durability::Synced).unwrap();
    assert_eq!((commit.first, commit.last, commit.operations()), (1, 1, 1));
    let mut forgotten = ledger.batch().unwrap();
    forgotten.record(b"never".to_vec());
    drop(forgotten);
    ledger.close().unwrap();
    let ledger = Ledger::open_reader(base.path()).unwrap();
    assert_eq!(ledger.header(), &header);
    let log: Vec<_> = ledger
        .view()
        .unwrap()
        .log(0)
        .unwrap()
        .map(|row| row.unwrap().value().to_vec())
        .collect();
    assert_eq!(log, [b"ann joined".to_vec()]);
    assert!(matches!(
        CatalogStore::open_reader(base.path()),
        Err(OpenError::WrongKind { .. })
    ));
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_is_searched_but_not_written() {
    use std::os::unix::fs::PermissionsExt;
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join("c");
    let store = create(&folder);
    store.upsert(&[item("a")], Durability::Synced).unwrap();
    store.close().unwrap();
    let allow = |mode| fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
    for file in ["store.redb", "nigh.json", "writer.lock"] {
        fs::set_permissions(folder.join(file), fs::Permissions::from_mode(0o444)).unwrap();
    }
    allow(0o555);
    if fs::write(folder.join("probe"), "").is_ok() {
        println!("skipped: this user may write into a read-only folder");
        return allow(0o755);
    }
    let error = CatalogStore::open_writer(&folder).unwrap_err();
    let seen = CatalogStore::open_reader(&folder)
        .unwrap()
        .get("a")
        .unwrap()
        .is_some();
    allow(0o755);
    assert!(
        seen && error
            .to_string()
            .contains("a read-only folder can be searched, not changed"),
        "{error}"
    );
}
