//! `nigh doctor` through the real program: what is whole is said to be, what is broken is found, and nothing is changed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};

use nigh_store::{Durability, NetworkChange, NetworkStore, Rule};
use serde_json::Value;

mod support;
use support::{nigh, run, run_json, shop, stderr, text};

/// Friends in a ring, each also of the one after the next; every fourth in a class.
fn circle(dir: &Path) -> PathBuf {
    let (edges, people) = (dir.join("edges.csv"), dir.join("people.csv"));
    let mut rows = String::from("a,b\n");
    for person in 0..60 {
        for step in [1, 2] {
            rows.push_str(&format!(
                "person-{person},person-{}\n",
                (person + step) % 60
            ));
        }
    }
    std::fs::write(&edges, rows).unwrap();
    let class = |person: u32| format!("person-{person},class-{person}\n");
    let table: String = (0..60).step_by(4).map(class).collect();
    std::fs::write(&people, format!("id,class\n{table}")).unwrap();
    let network = dir.join("net");
    let import = ["people", "import", text(&edges), "--people", text(&people)];
    done(&[&import[..], &["--into", text(&network)]].concat());
    network
}

fn done(args: &[&str]) {
    let output = run(args);
    assert!(output.status.success(), "{args:?}: {}", stderr(&output));
}

/// The exit code and what the doctor says.
fn doctor(dir: &Path, more: &[&str]) -> (i32, Value) {
    let args = [&["doctor", text(dir), "--json"], more].concat();
    let output = nigh().args(&args).output().unwrap();
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let said = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{}", stderr(&output)));
    (output.status.code().unwrap(), said)
}

/// The checks that are not ok, as `name verdict: sentence`.
fn ill(said: &Value) -> Vec<String> {
    let checks = said["checks"].as_array().unwrap();
    let ill = checks.iter().filter(|check| check["verdict"] != "ok");
    let word = |check: &Value, key: &str| check[key].as_str().unwrap().to_owned();
    ill.map(|check| {
        let [name, verdict, sentence] = ["name", "verdict", "sentence"].map(|key| word(check, key));
        format!("{name} {verdict}: {sentence}")
    })
    .collect()
}

fn is_well(dir: &Path, more: &[&str]) {
    let (code, said) = doctor(dir, more);
    assert_eq!((code, ill(&said)), (0, Vec::new()));
}

#[test]
fn a_whole_network_is_said_to_be() {
    let dir = tempfile::tempdir().unwrap();
    let network = circle(dir.path());
    let dir = text(&network);
    done(&[
        "people", "add-edge", dir, "newcomer", "person-3", "--time", "7",
    ]);
    done(&["people", "block", dir, "person-1", "person-9"]);
    done(&["people", "train", dir]);
    let (code, said) = doctor(&network, &[]);
    assert_eq!(
        (code, &said["kind"], &said["wrong"]),
        (0, &"network".into(), &0.into())
    );
    assert_eq!(ill(&said), [""; 0]);
    let names: Vec<&str> = said["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| check["name"].as_str().unwrap())
        .collect();
    assert_eq!(names[..5], ["header", "store", "people", "edges", "rules"]);
    let output = run(&["doctor", dir]);
    let lines = String::from_utf8(output.stdout).unwrap();
    assert!(
        lines.contains("people   ok: 61 people, 0 erased\n"),
        "{lines}"
    );
    assert_eq!(lines.lines().count(), names.len());
}

#[test]
fn a_whole_catalog_is_said_to_be_and_a_cut_index_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let (shop, catalog) = (shop(dir.path(), 30), dir.path().join("catalog"));
    done(&["catalog", "import", text(&shop), "--into", text(&catalog)]);
    let (code, said) = doctor(&catalog, &[]);
    assert_eq!(
        (code, &said["kind"], ill(&said)),
        (0, &"catalog".into(), Vec::new())
    );
    let view = std::fs::read_to_string(catalog.join("index/current")).unwrap();
    let segment = catalog
        .join("index")
        .join(view.trim())
        .join("vectors.segment");
    let bytes = std::fs::read(&segment).unwrap();
    std::fs::write(&segment, &bytes[..bytes.len() / 2]).unwrap();
    let (code, said) = doctor(&catalog, &[]);
    assert_eq!((code, ill(&said).len()), (1, 1));
    assert!(ill(&said)[0].starts_with("index wrong: "), "{said}");
    run_json(&["catalog", "search", text(&catalog), "--id", "item-00003"]);
    is_well(&catalog, &[]);
    let refused = run(&["doctor", text(&catalog), "--erased", "ada"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("people are erased from networks"),
        "{}",
        stderr(&refused)
    );
}

#[test]
fn what_is_no_collection_costs_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let (empty, file, header) = (
        dir.path().join("empty"),
        dir.path().join("file"),
        dir.path().join("header"),
    );
    std::fs::create_dir_all(&empty).unwrap();
    std::fs::create_dir_all(&header).unwrap();
    std::fs::write(&file, "a,b\n").unwrap();
    std::fs::write(header.join("nigh.json"), "{\"format\": 1").unwrap();
    let network = circle(dir.path());
    let missing = dir.path().join("missing");
    let cases: [(&Path, &[&str], &str); 5] = [
        (&missing, &[], "there is no such folder"),
        (&empty, &[], "it has no nigh.json"),
        (&file, &[], "it is a file, not a folder"),
        (&header, &[], "nigh.json is not a header"),
        (
            &network,
            &["--erased", ""],
            "the id of the erased person is empty",
        ),
    ];
    for (dir, more, expected) in cases {
        let output = run(&[&["doctor", text(dir)], more].concat());
        assert_eq!(output.status.code(), Some(1), "{dir:?}");
        assert!(
            stderr(&output).contains(expected),
            "{dir:?}: {}",
            stderr(&output)
        );
        assert!(output.stdout.is_empty(), "{dir:?}");
    }
}

#[test]
fn a_torn_graph_is_found_and_left_to_the_next_opening() {
    let dir = tempfile::tempdir().unwrap();
    let network = circle(dir.path());
    let name = std::fs::read_to_string(network.join("graph/current")).unwrap();
    let graph = network.join("graph").join(name.trim());
    let whole = std::fs::read(&graph).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for broken in [&whole[..whole.len() - 9], b"", &flipped] {
        std::fs::write(&graph, broken).unwrap();
        let (code, said) = doctor(&network, &[]);
        assert_eq!((code, ill(&said).len()), (1, 1), "{said}");
        assert!(
            ill(&said)[0].contains("writes it again from the store"),
            "{said}"
        );
        assert!(
            std::fs::read(&graph).unwrap() == *broken,
            "the doctor wrote"
        );
    }
    run_json(&["people", "suggest", text(&network), "person-5"]);
    is_well(&network, &[]);
}

#[test]
fn what_does_not_fit_together_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let network = circle(dir.path());
    done(&["people", "erase", text(&network), "person-7"]);
    is_well(&network, &[]);
    let edge = |a, b| NetworkChange::AddEdge {
        a,
        b,
        time: 0,
        weight: 1.0,
    };
    // Numbers in the order of the edge list: 0, 1, 2, then one more each time.
    let gone = (0..60).find(|&number| {
        let store = NetworkStore::open_reader(&network).unwrap();
        store
            .view()
            .unwrap()
            .person(number)
            .unwrap()
            .unwrap()
            .id
            .is_empty()
    });
    let gone = gone.unwrap();
    let cases = [
        (
            edge(3, 99),
            "edges wrong: change",
            "names person number 99, and there are 60",
        ),
        (
            NetworkChange::RemoveEdge(80, 2),
            "edges wrong: change",
            "person number 80",
        ),
        (
            NetworkChange::AddRule(Rule::OptedOut(77)),
            "rules wrong: ",
            "person number 77",
        ),
        (
            edge(3, gone),
            "erasure wrong: change",
            "still names erased person number",
        ),
        (
            NetworkChange::AddRule(Rule::Blocked(gone, 1)),
            "erasure wrong: ",
            "a rule still names erased",
        ),
        (
            NetworkChange::Erase(5),
            "erasure wrong: ",
            "the next command that writes to the network ends it",
        ),
    ];
    for (change, start, part) in cases {
        let copy = dir.path().join("copy");
        copy_folder(&network, &copy);
        let store = NetworkStore::open_writer(&copy).unwrap();
        store
            .apply(std::slice::from_ref(&change), Durability::Synced)
            .unwrap();
        drop(store);
        let (code, said) = doctor(&copy, &[]);
        let ill = ill(&said);
        assert_eq!(code, 1, "{change:?}");
        assert!(
            ill.iter()
                .any(|line| line.starts_with(start) && line.contains(part)),
            "{change:?}: {ill:?}"
        );
        std::fs::remove_dir_all(&copy).unwrap();
    }
}

#[test]
fn an_erasure_that_was_cut_off_is_told_until_a_writer_ends_it() {
    let dir = tempfile::tempdir().unwrap();
    let network = circle(dir.path());
    let store = NetworkStore::open_writer(&network).unwrap();
    store
        .apply(&[NetworkChange::Erase(5)], Durability::Synced)
        .unwrap();
    drop(store);
    assert_eq!(doctor(&network, &[]).0, 1);
    done(&[
        "people",
        "add-edge",
        text(&network),
        "person-30",
        "person-40",
    ]);
    is_well(&network, &[]);
}

#[test]
fn tables_of_before_an_erasure_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let network = circle(dir.path());
    done(&["people", "train", text(&network)]);
    let current = || {
        let name = std::fs::read_to_string(network.join("model/current")).unwrap();
        network.join("model").join(name)
    };
    let names = ["links.tables", "people.segment", "about.json"];
    let before = names.map(|name| std::fs::read(current().join(name)).unwrap());
    done(&["people", "erase", text(&network), "person-7"]);
    is_well(&network, &[]);
    for (name, bytes) in names.iter().zip(&before) {
        std::fs::write(current().join(name), bytes).unwrap();
    }
    let (code, said) = doctor(&network, &[]);
    assert_eq!(code, 1);
    assert!(
        ill(&said)[0].starts_with("erasure wrong: the trained ranking still knows erased"),
        "{said}"
    );
    std::fs::write(current().join(names[0]), &before[0][..20]).unwrap();
    let (_, said) = doctor(&network, &[]);
    assert!(ill(&said)[0].starts_with("ranking wrong: "), "{said}");
    // From tables that cannot be read nobody can be taken out.
    done(&["people", "erase", text(&network), "person-8"]);
    assert!(!network.join("model").exists());
    is_well(&network, &[]);
}

#[test]
fn a_damaged_store_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let network = circle(dir.path());
    let store = network.join("store.redb");
    let whole = std::fs::read(&store).unwrap();
    let (mut broken, id) = (whole.clone(), b"class-20");
    let places: Vec<usize> = (0..whole.len())
        .filter(|&at| whole[at..].starts_with(id))
        .collect();
    assert!(!places.is_empty());
    places.iter().for_each(|&at| broken[at] = b'k');
    let cut = whole[..whole.len() / 2].to_vec();
    for broken in [broken, cut, b"nonsense".to_vec()] {
        std::fs::write(&store, &broken).unwrap();
        let (code, said) = doctor(&network, &[]);
        assert_eq!(code, 1);
        assert!(ill(&said)[0].starts_with("store wrong: "), "{said}");
    }
    std::fs::remove_file(&store).unwrap();
    assert!(ill(&doctor(&network, &[]).1)[0].contains("store.redb is missing"));
    std::fs::write(&store, &whole).unwrap();
    is_well(&network, &[]);
}

#[test]
fn beside_a_writer_nothing_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let network = circle(dir.path());
    let writer = NetworkStore::open_writer(&network).unwrap();
    let output = run(&["doctor", text(&network)]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("is held by another writer"),
        "{}",
        stderr(&output)
    );
    drop(writer);
    is_well(&network, &[]);
}

#[test]
fn an_id_that_is_there_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let network = circle(dir.path());
    let (code, said) = doctor(&network, &["--erased", "person-33"]);
    assert_eq!(code, 1);
    let ill = ill(&said);
    assert!(
        ill[0].contains("\"person-33\" is a person of this network; the graph has the id"),
        "{ill:?}"
    );
    assert!(
        ill[1].starts_with("bytes wrong: the bytes of \"person-33\" lie in graph/"),
        "{ill:?}"
    );
    is_well(&network, &["--erased", "somebody"]);
    // A part of the ids of others proves nothing.
    let (code, said) = doctor(&network, &["--erased", "person-"]);
    assert_eq!((code, said["wrong"].as_u64()), (0, Some(0)));
    let unclear = said["checks"].as_array().unwrap().last().unwrap();
    assert_eq!(unclear["verdict"], "unclear", "{said}");
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy_folder(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// The files in which a text lies.
fn files_with(dir: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in std::fs::read_dir(dir)
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
    {
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if has(&std::fs::read(&path).unwrap(), text) {
            found.push(path);
        }
    }
    found
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[test]
fn an_erasure_leaves_no_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let network = circle(dir.path());
    let folder = text(&network);
    // Known from the table, from the log, and from both.
    done(&["people", "train", folder]);
    done(&["people", "add-edge", folder, "a-newcomer", "person-3"]);
    done(&["people", "block", folder, "person-20", "a-newcomer"]);
    done(&["people", "dismiss", folder, "person-1", "person-20"]);
    for (id, attribute) in [("person-20", Some("class-20")), ("a-newcomer", None)] {
        let texts = [Some(id), attribute];
        for text in texts.into_iter().flatten() {
            assert!(!files_with(&network, text).is_empty(), "{text} was nowhere");
        }
        done(&["people", "erase", folder, id]);
        for text in texts.into_iter().flatten() {
            let found = files_with(&network, text);
            assert!(found.is_empty(), "{text}: {found:?}");
        }
        is_well(&network, &["--erased", id]);
    }
    let (code, said) = doctor(&network, &["--erased", "person-2"]);
    assert_eq!(code, 1, "{said}");
    let suggested = run(&["people", "suggest", folder, "person-20"]);
    assert_eq!(suggested.status.code(), Some(4));
    run_json(&["people", "suggest", folder, "person-21"]);
}

#[test]
fn numbers_are_searched_for_in_the_form_of_records() {
    let dir = tempfile::tempdir().unwrap();
    let (edges, network) = (dir.path().join("edges.txt"), dir.path().join("net"));
    let row = |n: u32| format!("{} {}\n", 1_000_000 + n, 1_000_000 + (n + 1) % 100);
    std::fs::write(&edges, (0..100).map(row).collect::<String>()).unwrap();
    done(&["people", "import", text(&edges), "--into", text(&network)]);
    let (code, said) = doctor(&network, &["--erased", "1000017"]);
    assert_eq!(code, 1);
    assert!(
        ill(&said)[1].starts_with("bytes wrong: the bytes of \"1000017\" lie in store.redb at "),
        "{said}"
    );
    done(&["people", "erase", text(&network), "1000017"]);
    is_well(&network, &["--erased", "1000017"]);
}

#[test]
fn what_a_cut_off_write_left_is_named_and_removed_by_the_next_writer() {
    let dir = tempfile::tempdir().unwrap();
    let network = circle(dir.path());
    std::fs::create_dir(network.join("model")).unwrap();
    let names = [
        "graph/3-99.graph",
        "graph/.3-99.graph.99.0.tmp",
        "graph/current.99-0.new",
        "model/links.99-0.new",
        "store.redb.new",
    ];
    for name in names {
        std::fs::write(network.join(name), "person-7").unwrap();
    }
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(600);
    let young = std::fs::File::options()
        .append(true)
        .open(network.join(names[3]))
        .unwrap();
    let (code, said) = doctor(&network, &[]);
    assert_eq!((code, ill(&said).len()), (1, 1));
    assert!(
        ill(&said)[0].ends_with("and 1 more"),
        "one is young: {said}"
    );
    young.set_modified(old).unwrap();
    assert!(ill(&doctor(&network, &[]).1)[0].ends_with("and 2 more"));
    done(&["people", "erase", text(&network), "person-7"]);
    is_well(&network, &["--erased", "person-7"]);
    for name in names {
        assert!(!network.join(name).exists(), "{name}");
    }
}

/// kill -9 at any instant of an erasure: the person is there wholly or the next writer ends it, and nobody else is lost.
#[test]
fn a_killed_erasure_is_ended_by_the_next_writer() {
    let rounds: u64 = std::env::var("NIGH_CRASH_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(10);
    let dir = tempfile::tempdir().unwrap();
    let (network, mut killed, mut unfinished) = (dir.path().join("copy"), 0, 0);
    let whole = circle(dir.path());
    done(&["people", "train", text(&whole)]);
    copy_folder(&whole, &network);
    let started = std::time::Instant::now();
    done(&["people", "erase", text(&network), "person-20"]);
    let erasing_us = started.elapsed().as_micros() as u64;
    std::fs::remove_dir_all(&network).unwrap();
    for round in 0..rounds {
        copy_folder(&whole, &network);
        let mut child = nigh()
            .args(["people", "erase", text(&network), "person-20"])
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_micros(
            2_000 + round.wrapping_mul(0x9e37_79b9) % erasing_us,
        ));
        let _ = child.kill();
        killed += u64::from(!child.wait().unwrap().success());
        unfinished += u64::from(
            ill(&doctor(&network, &[]).1)
                .iter()
                .any(|line| line.starts_with("erasure wrong: ")),
        );
        // A writer that changes nothing.
        assert_eq!(
            run(&[
                "people",
                "remove-edge",
                text(&network),
                "person-1",
                "person-40"
            ])
            .status
            .code(),
            Some(4)
        );
        is_well(&network, &[]);
        let gone = run(&["people", "suggest", text(&network), "person-20"])
            .status
            .code()
            == Some(4);
        match gone {
            true => is_well(&network, &["--erased", "person-20"]),
            false => assert_eq!(doctor(&network, &["--erased", "person-20"]).0, 1),
        }
        let people = run_json(&["people", "stats", text(&network)])["people"].clone();
        assert_eq!(people, if gone { 59 } else { 60 }, "round {round}");
        std::fs::remove_dir_all(&network).unwrap();
    }
    assert!(killed > 0, "no erasure was killed");
    println!(
        "{killed} of {rounds} rounds were killed, {unfinished} erasures were ended by the next writer"
    );
}
