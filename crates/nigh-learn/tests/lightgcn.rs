#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
//! LightGCN beside its formula, and on a graph whose answer is plain.

use nigh_graph::{Adjacency, Csr, Edge, Random};
use nigh_learn::{
    LearnError, LightGcnConfig, LinkLoss, TieOrder, Validation, measure_embeddings, train_lightgcn,
};

/// What is changed in a config, and the sentence that it gets.
type Change<'a> = (&'a dyn Fn(&mut LightGcnConfig), &'a str);

const PEOPLE: usize = 90;

/// Three circles of thirty people, a tenth of their links held out.
fn circles() -> (Csr, Vec<Edge>) {
    let mut random = Random::new(5);
    let (mut fit, mut held_out) = (Vec::new(), Vec::new());
    for _ in 0..700 {
        let a = random.below(PEOPLE);
        let edge = Edge::new(a as u32, (a / 30 * 30 + random.below(30)) as u32);
        let to = if random.below(10) == 0 {
            &mut held_out
        } else {
            &mut fit
        };
        to.push(edge);
    }
    let fit = Csr::from_edges(PEOPLE, &fit);
    held_out.retain(|edge| edge.a != edge.b && !fit.has_edge(edge.a, edge.b));
    (fit, held_out)
}

fn config() -> LightGcnConfig {
    LightGcnConfig {
        dim: 33,
        links: 100,
        negatives: 20,
        steps: 80,
        steps_per_look: 10,
        ..LightGcnConfig::default()
    }
}

fn order() -> TieOrder {
    TieOrder::of_numbers(PEOPLE)
}

#[test]
fn embeddings_are_the_mean_of_smoothed_tables() {
    let (graph, held_out) = circles();
    let validation = Validation::sample(&held_out, 50, order(), 1);
    let model = train_lightgcn(&graph, &config(), &validation, |_| ()).unwrap();
    // Over a graph without edges the layers are zero: what is left is a third of the table.
    let table = model.embed(&Csr::from_edges(PEOPLE, &[]));
    let got = model.embed(&graph);
    let smooth = |rows: &[Vec<f64>]| -> Vec<Vec<f64>> {
        let row = |node: u32| {
            let share =
                |other: u32| 1.0 / ((graph.degree(node) * graph.degree(other)) as f64).sqrt();
            let column = |column: usize| {
                graph
                    .list(node)
                    .iter()
                    .map(|&other| share(other) * rows[other as usize][column])
                    .sum()
            };
            (0..33).map(column).collect()
        };
        (0..PEOPLE as u32).map(row).collect()
    };
    let first: Vec<Vec<f64>> = (0..PEOPLE)
        .map(|node| table.row(node).iter().map(|&value| value.into()).collect())
        .collect();
    let second = smooth(&first);
    let third = smooth(&second);
    for node in 0..PEOPLE {
        for column in 0..33 {
            let expected = first[node][column] + second[node][column] + third[node][column];
            let value = f64::from(got.row(node)[column]);
            assert!(
                (value - expected).abs() < 1e-5,
                "node {node} column {column}: {value}, expected {expected}"
            );
        }
    }
}

#[test]
fn every_loss_learns_the_circles_on_any_number_of_threads() {
    let (graph, held_out) = circles();
    let validation = Validation::sample(&held_out, 50, order(), 1);
    let mut failures = Vec::new();
    for loss in [LinkLoss::Softmax, LinkLoss::Bpr, LinkLoss::Logistic] {
        let config = LightGcnConfig { loss, ..config() };
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| train_lightgcn(&graph, &config, &validation, |_| ()).unwrap())
        };
        let (one, three) = (on(1), on(3));
        let measured = validation.measure(&graph, &one.embed(&graph)).mrr;
        // By chance about 0.08.
        if one != three || measured != one.validation_mrr || measured < 0.15 {
            failures.push(format!(
                "{loss:?}: {measured}, noted {}, same {}",
                one.validation_mrr,
                one == three
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn looks_are_told_and_patience_ends() {
    let (graph, held_out) = circles();
    let validation = Validation::sample(&held_out, 50, order(), 1);
    let config = LightGcnConfig {
        steps: 4000,
        patience: 30,
        ..config()
    };
    let mut looks = Vec::new();
    let model = train_lightgcn(&graph, &config, &validation, |look| looks.push(look)).unwrap();
    let best = looks
        .iter()
        .map(|look| look.validation_mrr)
        .fold(0.0, f64::max);
    assert_eq!(model.validation_mrr, best);
    assert_eq!(looks.last().unwrap().step, model.best_step + 30);
    assert!(looks.iter().all(|look| look.step % 10 == 0));
}

#[test]
fn a_graph_with_nothing_to_learn_says_so() {
    let (graph, _) = circles();
    let none = Validation::sample(&[], 50, order(), 1);
    assert!(none.is_empty());
    let train = |graph: &Csr, change: &dyn Fn(&mut LightGcnConfig)| {
        let mut config = config();
        change(&mut config);
        train_lightgcn(graph, &config, &none, |_| ())
    };
    let alone = Csr::from_edges(1, &[]);
    assert_eq!(
        train(&alone, &|_| ()).unwrap_err(),
        LearnError::NoEdges { nodes: 1 }
    );
    let rows: [Change<'_>; 3] = [
        (
            &|config| config.dim = 0,
            "dim is 0, expected a number above 0",
        ),
        (
            &|config| config.held_out = 1.5,
            "held_out is 1.5, expected a share from 0 to 1",
        ),
        (
            &|config| config.learning_rate = f32::INFINITY,
            "learning_rate is inf, expected a number above 0",
        ),
    ];
    let got = rows.map(|(change, _)| train(&graph, change).unwrap_err().to_string());
    assert_eq!(got.each_ref().map(String::as_str), rows.map(|row| row.1));
    // Without validation links the last step counts.
    let model = train(&graph, &|config| config.steps = 7).unwrap();
    assert_eq!(model.best_step, 7);
    let users = [(0, vec![1])];
    assert!(
        measure_embeddings(&users, &graph, &order(), &model.embed(&graph))
            .mrr
            .is_finite()
    );
}
