#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
//! Graph networks learn, stop, go on, and take in newcomers.

use nigh_graph::{Csr, Edge, Random};
use nigh_learn::{
    Gnn, GnnConfig, GnnTraining, LayerKind, LearnError, Matrix, ModelFileError, Negatives,
    TieOrder, Validation, train_gnn,
};

/// What is changed in a config, and the sentence that it gets.
type Change<'a> = (&'a dyn Fn(&mut GnnConfig), &'a str);

const PEOPLE: usize = 120;

/// Four circles of thirty people who know each other well, and a few links between them; a tenth is held out.
fn circles() -> (Csr, Vec<Edge>) {
    let mut random = Random::new(5);
    let (mut fit, mut held_out) = (Vec::new(), Vec::new());
    for _ in 0..900 {
        let a = random.below(PEOPLE);
        let same = random.below(20) > 0;
        let b = if same {
            a / 30 * 30 + random.below(30)
        } else {
            random.below(PEOPLE)
        };
        let to = if random.below(10) == 0 {
            &mut held_out
        } else {
            &mut fit
        };
        to.push(Edge::new(a as u32, b as u32));
    }
    let fit = Csr::from_edges(PEOPLE, &fit);
    held_out.retain(|edge| edge.a != edge.b && !fit.has_edge(edge.a, edge.b));
    (fit, held_out)
}

fn config() -> GnnConfig {
    GnnConfig {
        widths: vec![8, 8],
        table: 8,
        links: 64,
        negatives: Negatives {
            uniform: 16,
            in_batch: 8,
            hard: 1,
        },
        steps: 60,
        steps_per_look: 10,
        ..GnnConfig::default()
    }
}

fn validation(held_out: &[Edge]) -> Validation {
    Validation::sample(held_out, 50, TieOrder::of_numbers(PEOPLE), 1)
}

#[test]
fn every_layer_learns_whom_to_suggest() {
    let (graph, held_out) = circles();
    let features = Matrix::normal(PEOPLE, 3, 1.0, &mut Random::new(1));
    let validation = validation(&held_out);
    let mut failures = Vec::new();
    for layer in [
        LayerKind::SageMean,
        LayerKind::SagePool,
        LayerKind::Gcn,
        LayerKind::Gat { heads: 2 },
    ] {
        for fan_outs in [vec![], vec![5, 5]] {
            let config = GnnConfig {
                layer,
                fan_outs,
                ..config()
            };
            let untrained = Gnn::new(&config, PEOPLE, 3)
                .embed(&graph, &features)
                .unwrap();
            let before = validation.measure(&graph, &untrained).mrr;
            let trained = train_gnn(&graph, &features, &config, &validation, |_| ()).unwrap();
            let after = validation
                .measure(&graph, &trained.embed(&graph, &features).unwrap())
                .mrr;
            // By chance about 0.06; a circle has 30 people.
            if after < 0.15 || after < before || after != trained.validation_mrr {
                failures.push(format!(
                    "{layer:?} {:?}: {before} before, {after} after",
                    config.fan_outs
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_training_that_goes_on_has_the_bits_of_one_that_never_stopped() {
    let (graph, held_out) = circles();
    let features = Matrix::normal(PEOPLE, 3, 1.0, &mut Random::new(1));
    let validation = validation(&held_out);
    let mut failures = Vec::new();
    for layer in [LayerKind::SageMean, LayerKind::Gat { heads: 2 }] {
        for fan_outs in [vec![], vec![5, 5]] {
            let config = GnnConfig {
                layer,
                fan_outs,
                ..config()
            };
            let mut whole = GnnTraining::new(&config, PEOPLE, 3).unwrap();
            whole
                .run(&graph, &features, &validation, |_, _| true)
                .unwrap();
            let mut first = GnnTraining::new(&config, PEOPLE, 3).unwrap();
            first
                .run(&graph, &features, &validation, |training, _| {
                    training.step() < 30
                })
                .unwrap();
            let bytes = first.to_bytes().unwrap();
            let mut second = GnnTraining::from_bytes(&bytes).unwrap();
            assert_eq!((first.step(), second.step()), (30, 30));
            second
                .run(&graph, &features, &validation, |_, _| true)
                .unwrap();
            if second != whole || second.to_bytes() != whole.to_bytes() {
                failures.push(format!("{layer:?} {:?}", config.fan_outs));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn threads_change_nothing() {
    let (graph, held_out) = circles();
    let features = Matrix::normal(PEOPLE, 3, 1.0, &mut Random::new(1));
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            train_gnn(&graph, &features, &config(), &validation(&held_out), |_| ()).unwrap()
        })
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn a_newcomer_is_placed_by_first_friends_and_features() {
    let (graph, held_out) = circles();
    let circle = |person: usize| {
        (0..4)
            .map(|circle| f32::from(u8::from(person / 30 == circle)))
            .collect::<Vec<_>>()
    };
    let rows: Vec<f32> = (0..PEOPLE).flat_map(circle).collect();
    let features = Matrix::from_rows(PEOPLE, 4, rows.clone()).unwrap();
    let network = train_gnn(&graph, &features, &config(), &validation(&held_out), |_| ()).unwrap();
    // Person 120 says that they belong to the third circle and knows two people there.
    let known: Vec<Edge> = graph
        .iter_edges()
        .chain([Edge::new(120, 65), Edge::new(120, 80)])
        .collect();
    let larger = Csr::from_edges(PEOPLE + 1, &known);
    let features =
        Matrix::from_rows(PEOPLE + 1, 4, [rows, vec![0.0, 0.0, 1.0, 0.0]].concat()).unwrap();
    let all = network.embed(&larger, &features).unwrap();
    let alone = network.embed_people(&larger, &features, &[120, 3]).unwrap();
    let apart = |a: &[f32], b: &[f32]| {
        a.iter()
            .zip(b)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max)
    };
    assert!(apart(alone.row(0), all.row(120)) < 1e-4);
    assert!(apart(alone.row(1), all.row(3)) < 1e-4);
    let score = |person: usize| {
        all.row(120)
            .iter()
            .zip(all.row(person))
            .map(|(a, b)| a * b)
            .sum::<f32>()
    };
    let mut ranked: Vec<usize> = (0..PEOPLE).collect();
    ranked.sort_by(|&a, &b| score(b).total_cmp(&score(a)));
    let own = ranked[..10]
        .iter()
        .filter(|&&person| person / 30 == 2)
        .count();
    assert!(own >= 9, "{:?}", &ranked[..10]);
}

#[test]
fn files_that_are_no_networks_say_so() {
    let network = Gnn::new(&config(), 5, 2);
    let bytes = network.to_bytes().unwrap();
    assert_eq!(Gnn::from_bytes(&bytes).unwrap(), network);
    let mut damaged = bytes.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let mut newer = bytes.clone();
    newer[8] = 9;
    assert_eq!(Gnn::from_bytes(&damaged), Err(ModelFileError::Damaged));
    assert_eq!(
        Gnn::from_bytes(&newer),
        Err(ModelFileError::Version {
            version: 9,
            expected: 2
        })
    );
    for cut in [0, 7, 11, 19] {
        assert!(
            matches!(
                Gnn::from_bytes(&bytes[..cut]),
                Err(ModelFileError::Foreign { .. })
            ),
            "{cut}"
        );
    }
    assert!(matches!(
        GnnTraining::from_bytes(&bytes),
        Err(ModelFileError::Foreign { .. })
    ));
}

#[test]
fn bad_input_gets_a_sentence() {
    let (graph, held_out) = circles();
    let none = Matrix::zeros(PEOPLE, 0);
    let train = |graph: &Csr, features: &Matrix, config: &GnnConfig| {
        train_gnn(graph, features, config, &validation(&held_out), |_| ()).map(drop)
    };
    let with = |change: &dyn Fn(&mut GnnConfig)| {
        let mut config = config();
        change(&mut config);
        train(&graph, &none, &config).unwrap_err().to_string()
    };
    let empty = Csr::from_edges(0, &[]);
    let alone = Csr::from_edges(1, &[]);
    assert_eq!(
        train(&empty, &Matrix::zeros(0, 0), &config()),
        Err(LearnError::NoEdges { nodes: 0 })
    );
    assert_eq!(
        train(&alone, &Matrix::zeros(1, 0), &config()),
        Err(LearnError::NoEdges { nodes: 1 })
    );
    let few = train(&graph, &Matrix::zeros(3, 0), &config()).unwrap_err();
    assert_eq!(
        few.to_string(),
        "features are 3 rows of 0, expected 120 of 0"
    );
    let rows: [Change<'_>; 7] = [
        (
            &|config| config.held_out = f64::NAN,
            "held_out is NaN, expected a number above 0",
        ),
        (
            &|config| config.learning_rate = -1.0,
            "learning_rate is -1, expected a number above 0",
        ),
        (
            &|config| config.widths = vec![],
            "widths is 0, expected a number above 0",
        ),
        (
            &|config| config.table = 0,
            "table + features is 0, expected a number above 0",
        ),
        (
            &|config| config.layer = LayerKind::Gat { heads: 3 },
            "heads is 3, expected a divisor of every layer's width",
        ),
        (
            &|config| config.fan_outs = vec![5],
            "fan_outs is 1, expected one for each layer, or none",
        ),
        (
            &|config| config.table_deviation = 1e30,
            "the loss of step 1 is no finite number; a lower learning rate may help",
        ),
    ];
    let got = rows.map(|(change, _)| with(change));
    assert_eq!(got.each_ref().map(String::as_str), rows.map(|row| row.1));
    let mut training = GnnTraining::new(&config(), 7, 0).unwrap();
    let other = training
        .run(&graph, &none, &validation(&held_out), |_, _| true)
        .unwrap_err();
    assert_eq!(
        other.to_string(),
        "the learned table is of 7 people, expected the graph's 120"
    );
    let few = Csr::from_edges(40, &[Edge::new(0, 1)]);
    let other = train(&few, &Matrix::zeros(40, 0), &config()).unwrap_err();
    assert_eq!(
        other.to_string(),
        "the validation is of 120 people, expected the graph's 40"
    );
    let nan = Matrix::from_rows(PEOPLE, 1, vec![f32::NAN; PEOPLE]).unwrap();
    assert_eq!(
        train(&graph, &nan, &config()),
        Err(LearnError::Diverged { step: 1 })
    );
}
