//! Trainings of a network: they go on where they were stopped, serve people who came later, and are measured fairly.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::ops::ControlFlow;
use std::path::Path;

use nigh_engine::network::{
    EdgeRow, Holdout, Network, NetworkError, SuggestOptions, SuggestScratch, TrainProgress,
    Trained, evaluate, evaluate_newest,
};

const CIRCLES: u64 = 4;
const PEOPLE: u64 = 80;

/// Most friendships are within the circle of the person's number; the time of each is by its place.
fn network(dir: &Path, time: impl Fn(u64) -> i64) {
    let mut network = Network::open_or_create(dir).unwrap();
    let mut state = 5;
    let mut below = |limit: u64| {
        state = nigh_learn::splitmix64(state);
        state % limit
    };
    let mut rows = Vec::new();
    while rows.len() < 400 {
        let a = below(PEOPLE);
        let b = match below(10) {
            0 => below(PEOPLE),
            _ => below(PEOPLE / CIRCLES) * CIRCLES + a % CIRCLES,
        };
        if a != b {
            rows.push(row(
                &format!("p{a}"),
                &format!("p{b}"),
                time(rows.len() as u64),
            ));
        }
    }
    network.add_edges(&rows).unwrap();
}

fn row(a: &str, b: &str, time: i64) -> EdgeRow {
    EdgeRow {
        a: a.to_owned(),
        b: b.to_owned(),
        time,
        weight: 1.0,
    }
}

fn go_on(_: TrainProgress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn train(dir: &Path) -> Trained {
    Network::train(dir, 3, go_on).unwrap()
}

#[test]
fn a_training_that_was_stopped_goes_on_to_the_same_model() {
    let dir = tempfile::tempdir().unwrap();
    network(dir.path(), |_| 0);
    let straight = train(dir.path());
    assert_eq!(straight.resumed_at, 0);
    let mut looks = 0;
    let stopped = Network::train(dir.path(), 3, |_| {
        looks += 1;
        match looks {
            2 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    });
    assert_eq!(stopped.unwrap_err().to_string(), "the training was stopped");
    let resumed = train(dir.path());
    assert_eq!(resumed.resumed_at, 40);
    assert_eq!(resumed.index, straight.index);
    // The same friendships and seed, but another state: nothing to go on with.
    let left = std::fs::read_dir(dir.path().join("model")).unwrap();
    let mut left: Vec<String> = left
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left.len(), 3, "one folder, its name and a lock: {left:?}");
}

#[test]
fn whoever_came_after_a_training_is_suggested_people_of_their_circle() {
    let dir = tempfile::tempdir().unwrap();
    network(dir.path(), |_| 0);
    train(dir.path());
    let mut network = Network::open_writer(dir.path()).unwrap();
    let rows = [
        row("new", "p2", 0),
        row("new", "p6", 0),
        row("new", "p10", 0),
    ];
    network.add_edges(&rows).unwrap();
    assert!(network.is_trained());
    let options = SuggestOptions::default();
    let reply = network.suggest("new", &options, &mut SuggestScratch::default());
    let reply = reply.unwrap();
    assert_eq!(reply.ranking, "trained");
    let circle = |id: &str| id[1..].parse::<u64>().unwrap() % CIRCLES;
    let same = reply.suggestions.iter().filter(|s| circle(&s.id) == 2);
    assert!(same.count() >= 8, "{:?}", reply.suggestions);
    let stages: Vec<&str> = reply.trace.stages.iter().map(|stage| stage.stage).collect();
    assert_eq!(stages[..4], ["embedding", "paths", "rank", "rules"]);
}

#[test]
fn a_ranking_that_does_not_fit_is_said_and_not_used() {
    let (large, small) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    network(large.path(), |_| 0);
    train(large.path());
    let mut network = Network::open_or_create(small.path()).unwrap();
    network.add_edges(&[row("a", "b", 0)]).unwrap();
    drop(network);
    copy(&large.path().join("model"), &small.path().join("model"));
    let network = Network::open(small.path()).unwrap();
    assert!(!network.is_trained());
    let problem = "the tables are of 80 people, and there are 2";
    assert_eq!(network.ranking_problem(), Some(problem));
    let holdout = Holdout {
        edges: vec![("a".to_owned(), "b".to_owned())],
        users: Vec::new(),
    };
    let eval = evaluate(&network, &holdout, 0, go_on).unwrap();
    assert_eq!((eval.trained, eval.leaked), (false, 1));
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(std::fs::copy(entry.path(), to).unwrap()),
        }
    }
}

#[test]
fn the_newest_friendships_are_found_by_those_before() {
    let dir = tempfile::tempdir().unwrap();
    network(dir.path(), |place| 1_600_000_000 + place as i64 * 3_600);
    let network = Network::open(dir.path()).unwrap();
    let eval = evaluate_newest(&network, 0.2, 2, go_on).unwrap();
    assert_eq!((eval.seeds, eval.leaked), (2, 0));
    assert!(eval.users > 20 && eval.held_out > 40, "{eval:?}");
    let methods: Vec<&str> = eval.methods.keys().map(String::as_str).collect();
    let all = [
        "adamic_adar",
        "common_neighbors",
        "full",
        "jaccard",
        "lightgcn",
        "ppr",
        "preferential_attachment",
        "resource_allocation",
        "sage",
    ];
    assert_eq!(methods, all);
    let trained: Vec<&str> = eval.deviations.keys().map(String::as_str).collect();
    assert_eq!(trained, ["full", "lightgcn", "sage"]);
    let full = eval.methods["full"].recall_at_50;
    let by_degree = eval.methods["preferential_attachment"].recall_at_50;
    assert!(full > by_degree, "{full} beside {by_degree}");
    assert!(
        eval.methods
            .values()
            .all(|found| (0.0..=1.0).contains(&found.auc))
    );
}

#[test]
fn what_cannot_be_held_out_is_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    // One of all has a time.
    network(dir.path(), |place| i64::from(place == 7) * 1_600_000_000);
    let network = Network::open(dir.path()).unwrap();
    for (share, expected) in [
        (
            0.2,
            "too few of the friendships have times to say which are the newest",
        ),
        (
            0.0001,
            "too few of the friendships have times to say which are the newest",
        ),
        (0.0, "a share of 0 of the friendships cannot be held out"),
        (1.0, "a share of 1 of the friendships cannot be held out"),
        (
            f64::NAN,
            "a share of NaN of the friendships cannot be held out",
        ),
    ] {
        let error: NetworkError = evaluate_newest(&network, share, 1, go_on).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{share}: {error}");
    }
}
