//! Networks survive being closed, folded and cut off.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use nigh_graph::Edge;
use nigh_store::{
    CatalogStore, Durability, NetworkChange, NetworkStore, OpenError, Person, Rule, Value,
};

fn person(id: &str) -> Person {
    let attributes = [("year".to_owned(), Value::Integer(2009))].into();
    Person {
        id: id.to_owned(),
        attributes,
    }
}

fn edges(store: &NetworkStore) -> Vec<(u32, u32, i64)> {
    let view = store.view().unwrap();
    let mut edges: Vec<(u32, u32, i64)> = view
        .folded_edges()
        .unwrap()
        .iter()
        .map(|edge| (edge.a, edge.b, edge.time))
        .collect();
    for change in view.changes(view.fold().unwrap() + 1).unwrap() {
        match change.unwrap().1 {
            NetworkChange::AddEdge { a, b, time, .. } => edges.push((a, b, time)),
            NetworkChange::RemoveEdge(a, b) => edges.retain(|edge| (edge.0, edge.1) != (a, b)),
            _ => {}
        }
    }
    edges
}

#[test]
fn people_edges_and_rules_are_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = NetworkStore::create(folder.path()).unwrap();
    let mut changes: Vec<NetworkChange> = (0..200)
        .map(|n| NetworkChange::AddPerson(person(&format!("p{n}"))))
        .collect();
    changes.push(NetworkChange::add(Edge {
        time: 5,
        ..Edge::new(0, 199)
    }));
    changes.push(NetworkChange::AddRule(Rule::Blocked(3, 4)));
    changes.push(NetworkChange::AddRule(Rule::OptedOut(7)));
    changes.push(NetworkChange::RemoveRule(Rule::OptedOut(7)));
    store.apply(&changes, Durability::Synced).unwrap();
    drop(store);
    let store = NetworkStore::open_reader(folder.path()).unwrap();
    let view = store.view().unwrap();
    assert_eq!(view.people().unwrap().len(), 200);
    assert_eq!(view.person(130).unwrap(), Some(person("p130")));
    assert_eq!(view.person(200).unwrap(), None);
    assert_eq!(view.rules().unwrap(), [Rule::Blocked(3, 4)]);
    assert_eq!(edges(&store), [(0, 199, 5)]);
}

#[test]
fn a_fold_keeps_all_edges_and_cuts_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let store = NetworkStore::create(folder.path()).unwrap();
    let many: Vec<Edge> = (0..100_000_u32)
        .map(|n| Edge {
            a: n / 7,
            b: n / 7 + 1 + n % 7,
            time: n.into(),
            weight: 1.0,
        })
        .collect();
    let people = (0..3).map(|n| (n, person(&n.to_string())));
    let first = store.fold(people, many.iter().copied()).unwrap();
    let view = store.view().unwrap();
    assert_eq!(view.folded_edges().unwrap(), many);
    assert_eq!(
        (view.fold().unwrap(), view.people().unwrap().len()),
        (first.last, 3)
    );
    let changes = [NetworkChange::add(Edge::new(1, 2)), NetworkChange::Erase(2)];
    store.apply(&changes, Durability::Synced).unwrap();
    assert_eq!(edges(&store).len(), 100_001);
    let second = store
        .fold(std::iter::empty(), many[..10].iter().copied())
        .unwrap();
    drop(store);
    let store = NetworkStore::open_writer(folder.path()).unwrap();
    let view = store.view().unwrap();
    assert_eq!(view.folded_edges().unwrap(), many[..10]);
    let log: Vec<u64> = view
        .changes(0)
        .unwrap()
        .map(|change| change.unwrap().0)
        .collect();
    assert_eq!(log, [second.last]);
    assert_eq!(view.person(2).unwrap(), Some(Person::default()));
    assert_eq!(
        store
            .apply(&[NetworkChange::Fold], Durability::Synced)
            .unwrap()
            .first,
        second.last + 1
    );
}

#[test]
fn a_catalog_is_no_network() {
    let folder = tempfile::tempdir().unwrap();
    drop(CatalogStore::create(folder.path(), 2, serde_json::Value::Null).unwrap());
    let refused = NetworkStore::open_writer(folder.path());
    assert!(
        matches!(refused, Err(OpenError::WrongKind { .. })),
        "{refused:?}"
    );
}

#[test]
fn nothing_of_an_erased_person_is_left_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = NetworkStore::create(folder.path()).unwrap();
    let changes: Vec<NetworkChange> = (0..300)
        .map(|n| NetworkChange::AddPerson(person(&format!("somebody-{n}-else"))))
        .collect();
    store.apply(&changes, Durability::Synced).unwrap();
    store
        .fold(std::iter::empty(), [Edge::new(0, 130)].into_iter())
        .unwrap();
    assert!(!store.view().unwrap().is_erasing().unwrap());
    let count = |text: &str| {
        let bytes = std::fs::read(folder.path().join("store.redb")).unwrap();
        let at = |window: &&[u8]| *window == text.as_bytes();
        bytes.windows(text.len()).filter(at).count()
    };
    store
        .apply(&[NetworkChange::Erase(130)], Durability::Synced)
        .unwrap();
    // In a page that the engine has freed.
    assert!(count("somebody-130-else") > 0);
    store
        .fold(std::iter::empty(), [Edge::new(0, 1)].into_iter())
        .unwrap();
    assert!(store.view().unwrap().is_erasing().unwrap());
    store.finish_erasing().unwrap();
    assert_eq!(count("somebody-130-else"), 0);
    assert!(count("somebody-131-else") > 0);
    assert!(!store.view().unwrap().is_erasing().unwrap());
    // It takes writes as before, in the file that others will open.
    store
        .apply(
            &[NetworkChange::AddPerson(person("later"))],
            Durability::Synced,
        )
        .unwrap();
    assert_eq!(edges(&store), [(0, 1, 0)]);
    drop(store);
    let store = NetworkStore::open_reader(folder.path()).unwrap();
    store.verify().unwrap();
    let view = store.view().unwrap();
    assert_eq!(view.people().unwrap().len(), 301);
    assert_eq!(view.person(130).unwrap(), Some(Person::default()));
    assert_eq!(view.person(300).unwrap(), Some(person("later")));
    assert_eq!(count("somebody-130-else"), 0);
}

#[test]
fn what_a_killed_writer_left_is_removed_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    drop(NetworkStore::create(folder.path()).unwrap());
    let leftovers = ["store.redb.new", "nigh.json.new"].map(|name| folder.path().join(name));
    for leftover in &leftovers {
        std::fs::write(leftover, "half").unwrap();
    }
    drop(NetworkStore::open_reader(folder.path()).unwrap());
    assert!(leftovers.iter().all(|leftover| leftover.exists()));
    drop(NetworkStore::open_writer(folder.path()).unwrap());
    assert!(!leftovers.iter().any(|leftover| leftover.exists()));
}
