#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
//! Embeddings that know nobody by name: newcomers, attributes, and trainings that go on.

use std::ops::ControlFlow;

use nigh_graph::{Adjacency, Csr, Edge, Random};
use nigh_learn::{
    Attribute, AttributeKind, Embedder, EmbedderConfig, Embeddings, GnnTraining, Matrix,
    ProfileEncoder, ProfileMatch, Profiles, TieOrder, Validation,
};

const SCHOOLS: usize = 6;
const PEOPLE: usize = 240;

/// Everybody is in the school of their number, and has most friends there.
fn schools(people: usize) -> Vec<Edge> {
    let mut random = Random::new(1);
    let mut edges = Vec::new();
    for person in 0..people {
        for _ in 0..6 {
            let within = random.below(10) > 0;
            let other = match within {
                true => random.below(people / SCHOOLS) * SCHOOLS + person % SCHOOLS,
                false => random.below(people),
            };
            edges.push(Edge::new(person as u32, other as u32));
        }
    }
    edges
}

fn config() -> EmbedderConfig {
    let mut config = EmbedderConfig::default();
    let network = &mut config.network;
    (network.steps, network.links, network.steps_per_look) = (60, 256, 20);
    config.structure.position = 30;
    config
}

fn trained(graph: &Csr, profiles: &Profiles) -> Embedder {
    let looks = |_: &_, _| ControlFlow::Continue(());
    Embedder::train(graph, profiles, &validation(graph), &config(), None, looks).unwrap()
}

fn validation(graph: &Csr) -> Validation {
    let some: Vec<Edge> = graph.iter_edges().step_by(7).collect();
    Validation::sample(&some, 100, TieOrder::of_numbers(graph.nodes()), 0)
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// The share of the ten nearest that are of the school.
fn of_school(known: &Embeddings, row: &[f32], school: usize) -> f32 {
    let rows: &Matrix = known.rows();
    let mut people: Vec<usize> = (0..rows.rows()).collect();
    people.sort_by(|&a, &b| cosine(rows.row(b), row).total_cmp(&cosine(rows.row(a), row)));
    let same = people[..10]
        .iter()
        .filter(|&&other| other % SCHOOLS == school);
    same.count() as f32 / 10.0
}

#[test]
fn a_newcomer_is_where_their_first_friends_are() {
    let mut edges = schools(PEOPLE);
    let before = Csr::from_edges(PEOPLE, &edges);
    let none = Profiles::default();
    let embedder = trained(&before, &none);
    let known = embedder.embed(&before, &none).unwrap();
    for (newcomer, school) in (PEOPLE..).zip(0..SCHOOLS) {
        for friend in 0..4 {
            let friend = SCHOOLS * (10 + 3 * friend) + school;
            edges.push(Edge::new(newcomer as u32, friend as u32));
        }
    }
    let after = Csr::from_edges(PEOPLE + SCHOOLS + 1, &edges);
    for (newcomer, school) in (PEOPLE as u32..).zip(0..SCHOOLS) {
        let row = embedder
            .embed_newcomer(&after, &known, newcomer, &[])
            .unwrap();
        assert_eq!(row.len(), embedder.dim());
        let share = of_school(&known, &row, school);
        assert!(share >= 0.9, "school {school}: {share}");
        // Who is there already would be about where they are.
        let again = embedder
            .embed_newcomer(&after, &known, school as u32, &[])
            .unwrap();
        let alike = cosine(&again, known.row(school as u32).unwrap());
        assert!(alike > 0.8, "person {school}: {alike}");
    }
    let alone = (PEOPLE + SCHOOLS) as u32;
    let row = embedder.embed_newcomer(&after, &known, alone, &[]).unwrap();
    assert!(row.iter().all(|value| value.is_finite()), "{row:?}");
    assert_eq!(known.row(alone), None);
}

#[test]
fn without_friends_attributes_say_where_somebody_is() {
    let graph = Csr::from_edges(PEOPLE, &schools(PEOPLE));
    let names: Vec<String> = (0..SCHOOLS)
        .map(|school| format!("school {school}"))
        .collect();
    let of: Vec<Option<&str>> = (0..PEOPLE)
        .map(|person| Some(names[person % SCHOOLS].as_str()))
        .collect();
    let school = Attribute::Categorical(&of);
    let encoder = ProfileEncoder::fit(&[("school".to_owned(), school)]);
    let read_as = ("school".to_owned(), AttributeKind::Categorical);
    assert_eq!(encoder.attributes(), [read_as]);
    let profiles = encoder.encode(&[school], PEOPLE);
    let embedder = trained(&graph, &profiles);
    let known = embedder.embed(&graph, &profiles).unwrap();
    let alone = Csr::from_edges(PEOPLE + 1, &schools(PEOPLE));
    for (school, name) in names.iter().enumerate() {
        let own = [Some(name.as_str())];
        let profile = encoder.encode(&[Attribute::Categorical(&own)], 1).row(0);
        let row = embedder
            .embed_newcomer(&alone, &known, PEOPLE as u32, &profile)
            .unwrap();
        let share = of_school(&known, &row, school);
        assert!(share >= 0.9, "school {school}: {share}");
    }
    let error = embedder.embed(&graph, &Profiles::default()).unwrap_err();
    let expected = "features are 240 rows of 32, expected 240 of 54";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn profiles_compare_what_is_known() {
    let town = [Some("Rome"), Some("Rome"), None, Some("Oslo")];
    let year = [1990.0, 1991.0, 1990.0, f32::NAN];
    let about = ["red wine", "", "red wine", "skis"];
    let columns = [
        Attribute::Categorical(&town),
        Attribute::Numeric(&year),
        Attribute::Text(&about),
    ];
    let named = columns.map(|column| (String::new(), column));
    let profiles = ProfileEncoder::fit(&named).encode(&columns, 4);
    let mut wrong = Vec::new();
    for (a, b, same, known) in [
        (0, 1, 1, 2),
        (0, 2, 2, 2),
        (0, 3, 0, 2),
        (1, 2, 0, 1),
        (2, 3, 0, 1),
        (0, 4, 0, 0),
    ] {
        let got = profiles.compare(a, b);
        if (got.same, got.known) != (same, known) || !(-1.001..1.001).contains(&got.cosine) {
            wrong.push((a, b, got));
        }
    }
    assert_eq!(wrong, []);
    assert_eq!(profiles.compare(0, 4), ProfileMatch::default());
    let own = profiles.compare(2, 2);
    assert!((own.cosine - 1.0).abs() < 1e-5, "{own:?}");
    assert_eq!(profiles.row(4), vec![0.0; profiles.cols()]);
}

#[test]
fn a_training_that_was_cut_off_goes_on_to_the_same_embedder() {
    let graph = Csr::from_edges(PEOPLE, &schools(PEOPLE));
    let none = Profiles::default();
    let straight = trained(&graph, &none);
    let mut saved = Vec::new();
    let cut = Embedder::train(
        &graph,
        &none,
        &validation(&graph),
        &config(),
        None,
        |at, _| {
            saved = at.to_bytes().unwrap();
            ControlFlow::Break(())
        },
    );
    assert_eq!(cut.unwrap_err().to_string(), "the training was stopped");
    let resumed = GnnTraining::from_bytes(&saved).unwrap();
    assert_eq!(resumed.step(), 20);
    let looks = |_: &_, _| ControlFlow::Continue(());
    let resumed = Some(resumed);
    let on = Embedder::train(
        &graph,
        &none,
        &validation(&graph),
        &config(),
        resumed,
        looks,
    );
    assert_eq!(on.unwrap(), straight);
}
