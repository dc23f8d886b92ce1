//! Networks from files to suggestions: rules hold at once and after opening again, and what is erased is gone.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use nigh_engine::Filter;
use nigh_engine::edges::{EdgeOptions, read_edges};
use nigh_engine::network::{
    EdgeRow, Network, NetworkError, PeopleError, Reason, SuggestOptions, SuggestReply,
    SuggestScratch, evaluate, import_people, read_holdout,
};
use nigh_engine::people_table::read_people;
use nigh_store::{Durability, NetworkChange, NetworkStore};

/// ada – bob – dan, ada – cid – dan, ada – cid – eve, and fay with nobody.
const EDGES: &str = "a,b\nada,bob\nada,cid\nbob,dan\ncid,dan\ncid,eve\n";
const PEOPLE: &str =
    "id,year,dorm\nada,2009,north\nbob,2009,0\ndan,2009,north\neve,2010,south\nfay,2009,south\n";

fn made(dir: &Path) -> Network {
    let (edges, people) = (dir.join("edges.csv"), dir.join("people.csv"));
    std::fs::write(&edges, EDGES).unwrap();
    std::fs::write(&people, PEOPLE).unwrap();
    let list = read_edges(
        &[edges],
        &EdgeOptions::default(),
        &|_, _| {},
        &AtomicBool::new(false),
    )
    .unwrap();
    let table = read_people(&people, None, &["0".to_owned()]).unwrap();
    let mut network = Network::open_or_create(&dir.join("net")).unwrap();
    let imported = import_people(&mut network, &list, Some(&table)).unwrap();
    assert_eq!(
        (imported.people, imported.edges, imported.with_attributes),
        (6, 5, 5)
    );
    network
}

fn ask(network: &Network, person: &str) -> SuggestReply {
    network
        .suggest(
            person,
            &SuggestOptions::default(),
            &mut SuggestScratch::default(),
        )
        .unwrap()
}

fn ids(reply: &SuggestReply) -> Vec<&str> {
    reply
        .suggestions
        .iter()
        .map(|suggestion| suggestion.id.as_str())
        .collect()
}

#[test]
fn friends_of_friends_come_first_with_reasons() {
    let dir = tempfile::tempdir().unwrap();
    let network = made(dir.path());
    let reply = ask(&network, "ada");
    assert_eq!(ids(&reply), ["dan", "eve", "fay"]);
    let reasons: Vec<String> = reply.suggestions[0]
        .reasons
        .iter()
        .map(Reason::to_string)
        .collect();
    assert_eq!(
        reasons,
        [
            "2 mutual friends, among them bob, cid",
            "both in dorm north",
            "both in year 2009"
        ]
    );
    assert_eq!(reply.trace.stages[0].stage, "two_hop");
    let schema = network.schema().unwrap();
    let filter = Some(Filter::parse("year = 2010", &schema).unwrap());
    let options = SuggestOptions {
        filter,
        ..SuggestOptions::default()
    };
    let filtered = network
        .suggest("ada", &options, &mut SuggestScratch::default())
        .unwrap();
    assert_eq!(ids(&filtered), ["eve"]);
}

#[test]
fn a_newcomer_is_shown_people_like_them() {
    let dir = tempfile::tempdir().unwrap();
    let network = made(dir.path());
    let reply = ask(&network, "fay");
    // eve shares the dorm, and ada, bob and dan the year; of those ada and bob have as many friends as dan.
    assert_eq!(reply.suggestions.len(), 5);
    assert!(ids(&reply)[..4].contains(&"eve"), "{:?}", ids(&reply));
}

#[test]
fn rules_hold_in_the_next_answer_and_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    type Change = fn(&mut Network) -> Result<(), NetworkError>;
    let cases: [(&str, Change, &str, &[&str]); 5] = [
        (
            "dismissed",
            |n| n.dismiss("ada", "dan"),
            "ada",
            &["eve", "fay"],
        ),
        ("blocked", |n| n.block("dan", "ada"), "ada", &["eve", "fay"]),
        (
            "blocked back",
            |n| n.block("ada", "dan"),
            "dan",
            &["eve", "fay"],
        ),
        ("opted out", |n| n.opt_out("dan"), "ada", &["eve", "fay"]),
        (
            "friends now",
            |n| n.remove_edge("ada", "bob").map(|_| ()),
            "ada",
            &["eve", "dan", "bob", "fay"],
        ),
    ];
    let mut wrong = Vec::new();
    for (name, change, person, expected) in cases {
        let dir = dir.path().join(name);
        std::fs::create_dir(&dir).unwrap();
        let mut network = made(&dir);
        change(&mut network).unwrap();
        let at_once = ask(&network, person);
        drop(network);
        let again = ask(&Network::open(&dir.join("net")).unwrap(), person);
        let mut sorted: Vec<Vec<&str>> = [&at_once, &again].map(|reply| ids(reply)).into();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        sorted.iter_mut().for_each(|ids| ids.sort_unstable());
        if sorted.iter().any(|ids| *ids != expected) {
            wrong.push(format!("{name}: {sorted:?}, expected {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn who_hides_friends_is_neither_named_nor_counted() {
    let dir = tempfile::tempdir().unwrap();
    let mut network = made(dir.path());
    network.hide_list("bob").unwrap();
    let reply = ask(&network, "ada");
    assert_eq!(
        reply.suggestions[0].reasons[0].to_string(),
        "1 mutual friend, cid"
    );
    network.hide_list("dan").unwrap();
    let said = format!(
        "{:?}",
        ask(&network, "ada")
            .suggestions
            .iter()
            .find(|s| s.id == "dan")
    );
    assert!(!said.contains("bob") && !said.contains("cid"), "{said}");
}

#[test]
fn an_erased_person_is_gone_everywhere() {
    let dir = tempfile::tempdir().unwrap();
    let mut network = made(dir.path());
    network.block("dan", "eve").unwrap();
    network.erase("dan").unwrap();
    let gone = |network: &Network| {
        assert_eq!(ids(&ask(network, "ada")), ["eve", "fay"]);
        assert!(matches!(
            network.find("dan"),
            Err(PeopleError::Unknown { .. })
        ));
        assert_eq!((network.info().people, network.info().edges), (5, 3));
    };
    gone(&network);
    drop(network);
    gone(&Network::open(&dir.path().join("net")).unwrap());
    let graphs = std::fs::read_dir(dir.path().join("net/graph")).unwrap();
    for file in graphs
        .flatten()
        .filter(|file| file.path().extension().is_some())
    {
        let bytes = std::fs::read(file.path()).unwrap();
        assert!(!bytes.windows(3).any(|window| window == b"dan"), "{file:?}");
    }
}

#[test]
fn an_erasure_that_was_cut_off_is_ended_by_the_next_writer() {
    let dir = tempfile::tempdir().unwrap();
    let network = made(dir.path());
    let (folder, dan) = (dir.path().join("net"), network.find("dan").unwrap());
    drop(network);
    let store = NetworkStore::open_writer(&folder).unwrap();
    store
        .apply(&[NetworkChange::Erase(dan)], Durability::Synced)
        .unwrap();
    drop(store);
    let read = Network::open(&folder).unwrap();
    assert_eq!((read.info().people, read.info().edges), (5, 3));
    drop(read);
    let mut network = Network::open_writer(&folder).unwrap();
    assert_eq!((network.info().people, network.info().edges), (5, 3));
    // Whoever comes by the same id is somebody new.
    let again = dir.path().join("again.csv");
    std::fs::write(&again, "a,b\ndan,fay\n").unwrap();
    let list = read_edges(
        &[again],
        &EdgeOptions::default(),
        &|_, _| {},
        &AtomicBool::new(false),
    )
    .unwrap();
    let imported = import_people(&mut network, &list, None).unwrap();
    assert_eq!((imported.people, imported.edges), (1, 1));
    assert_ne!(network.find("dan").unwrap(), dan);
    assert_eq!(ids(&ask(&network, "ada"))[0], "eve");
    drop(network);
    assert_eq!(Network::open(&folder).unwrap().info().people, 6);
}

#[test]
fn an_empty_table_of_people_is_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("people.csv");
    for text in ["", "id,year\n"] {
        std::fs::write(&path, text).unwrap();
        let error = read_people(&path, None, &[]).unwrap_err().to_string();
        assert!(error.ends_with("has no rows below its header"), "{error}");
    }
}

#[test]
fn people_come_with_their_first_friendship() {
    let dir = tempfile::tempdir().unwrap();
    let mut network = made(dir.path());
    let row = |a: &str, b: &str, time: i64, weight: f32| EdgeRow {
        a: a.to_owned(),
        b: b.to_owned(),
        time,
        weight,
    };
    let added = network
        .add_edges(&[row("gus", "ada", 5, 1.0), row("ada", "gus", 6, 1.0)])
        .unwrap();
    assert_eq!((added.edges, added.updated, added.people), (1, 1, 1));
    assert_eq!(ids(&ask(&network, "gus"))[..2], ["bob", "cid"]);
    let refused = [
        row("ada", "ada", 0, 1.0),
        row("", "ada", 0, 1.0),
        row("ada", "bob", -1, 1.0),
        row("ada", "bob", 0, f32::NAN),
    ];
    for row in refused {
        let error = network.add_edges(std::slice::from_ref(&row)).unwrap_err();
        assert!(matches!(error, NetworkError::People(_)), "{row:?}: {error}");
    }
    drop(network);
    let mut network = Network::open_writer(&dir.path().join("net")).unwrap();
    assert_eq!(network.info().edges, 6);
    network.fold().unwrap();
    assert_eq!(ids(&ask(&network, "gus"))[..2], ["bob", "cid"]);
}

#[test]
fn a_lost_or_broken_graph_is_written_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut network = made(dir.path());
    network.remove_edge("cid", "eve").unwrap();
    drop(network);
    let graph = dir.path().join("net/graph");
    for broken in ["missing", "cut"] {
        for file in std::fs::read_dir(&graph).unwrap().flatten() {
            match broken {
                "missing" => std::fs::remove_file(file.path()).unwrap(),
                _ => std::fs::write(file.path(), "nigh").unwrap(),
            }
        }
        let network = Network::open(&dir.path().join("net")).unwrap();
        assert_eq!(network.info().edges, 4, "{broken}");
        assert_eq!(ids(&ask(&network, "ada"))[0], "dan", "{broken}");
    }
}

#[test]
fn held_out_friendships_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let network = made(dir.path());
    let (edges, users) = (dir.path().join("test.txt"), dir.path().join("users.txt"));
    std::fs::write(&edges, "ada dan\nada bob\nstranger eve\n").unwrap();
    std::fs::write(&users, "ada\nstranger\n").unwrap();
    let holdout = read_holdout(&edges, Some(&users)).unwrap();
    let eval = evaluate(&network, &holdout, 0, |_| ControlFlow::Continue(())).unwrap();
    assert_eq!((eval.users, eval.unknown_users, eval.leaked), (2, 1, 1));
    let found = eval.methods["resource_allocation"];
    // ada's dan comes first, bob cannot be found, and the stranger is a miss.
    assert_eq!(
        (found.recall_at_10, found.hits_at_10, found.mrr),
        (0.25, 0.5, 0.5)
    );
}
