#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
//! A ranker learns an order that no feature alone has, keeps it, and says what is wrong with its input.

use nigh_learn::{Ranker, RankerConfig, RankerError, RankerExamples, RankerLoss, splitmix64};

const FEATURES: [&str; 4] = ["mutual", "close", "noise", "sometimes"];

fn random(seed: u64, place: u64) -> f32 {
    (splitmix64(seed ^ splitmix64(place)) >> 40) as f32 / (1 << 24) as f32
}

/// People with 30 candidates each, of whom those with the highest `mutual · close + sometimes` are relevant; `sometimes` is
/// not known for half of them, and counts 0.3 then.
fn examples(people: u64, seed: u64) -> RankerExamples {
    let mut examples = RankerExamples::new(&FEATURES);
    for person in 0..people {
        let value = |place: u64| random(seed, person * 1000 + place);
        let rows: Vec<f32> = (0..120)
            .map(|place| match place % 4 {
                3 if value(place + 500) < 0.5 => f32::NAN,
                3 => value(place) * 0.4,
                _ => value(place),
            })
            .collect();
        let relevant = |row: &[f32]| truth(row) > 0.85;
        let labels: Vec<bool> = rows.chunks(4).map(relevant).collect();
        examples.push(&rows, &labels).unwrap();
    }
    examples
}

fn truth(row: &[f32]) -> f32 {
    row[0] * row[1] + if row[3].is_nan() { 0.3 } else { row[3] }
}

fn quick() -> RankerConfig {
    RankerConfig {
        rounds: 60,
        learning_rate: 0.2,
        feature_share: 1.0,
        ..RankerConfig::default()
    }
}

/// Mean over people of the share of relevant candidates among as many of the first as there are relevant ones.
fn precision(examples: &RankerExamples, scores: &[f32]) -> f64 {
    let (mut start, mut sum, mut people) = (0, 0.0, 0.0);
    for &rows in examples.groups() {
        let mut order: Vec<usize> = (start..start + rows).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let labels = examples.labels();
        let relevant = order.iter().filter(|&&row| labels[row] > 0.0).count();
        if relevant > 0 {
            let found = order[..relevant]
                .iter()
                .filter(|&&row| labels[row] > 0.0)
                .count();
            sum += found as f64 / relevant as f64;
            people += 1.0;
        }
        start += rows;
    }
    sum / people
}

fn scores(ranker: &Ranker, examples: &RankerExamples) -> Vec<f32> {
    let mut scores = vec![7.0];
    ranker.score(examples.values(), &mut scores).unwrap();
    scores
}

#[test]
fn the_ranker_finds_an_order_that_no_feature_has() {
    let (train, validation, test) = (examples(400, 1), examples(80, 2), examples(80, 3));
    for loss in [RankerLoss::Logistic, RankerLoss::LambdaNdcg] {
        let config = RankerConfig { loss, ..quick() };
        let ranker = Ranker::train(&train, Some(&validation), &config).unwrap();
        let reached = precision(&test, &scores(&ranker, &test));
        assert!(reached > 0.85, "{loss:?}: precision {reached}");
        for feature in 0..2 {
            let alone: Vec<f32> = test.values().chunks(4).map(|row| row[feature]).collect();
            let alone = precision(&test, &alone);
            let name = FEATURES[feature];
            assert!(
                alone < reached - 0.2,
                "{loss:?}: {name} {alone}, all {reached}"
            );
        }
        let importance = ranker.importance();
        assert_eq!(importance.last().unwrap().0, "noise", "{loss:?}");
        let all: f32 = importance.iter().map(|feature| feature.1).sum();
        assert!((all - 1.0).abs() < 1e-4, "{loss:?}: shares add up to {all}");
    }
}

#[test]
fn training_stops_where_validation_is_best() {
    let (train, validation) = (examples(100, 1), examples(60, 2));
    let config = RankerConfig {
        rounds: 400,
        patience: 5,
        ..quick()
    };
    let stopped = Ranker::train(&train, Some(&validation), &config).unwrap();
    let whole = Ranker::train(&train, None, &config).unwrap();
    assert_eq!(whole.trees(), 400);
    assert!(stopped.trees() < 400, "{} trees", stopped.trees());
}

#[test]
fn seeds_and_not_threads_decide() {
    let train = examples(60, 1);
    let on = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let config = RankerConfig { seed, ..quick() };
        pool.install(|| Ranker::train(&train, None, &config).unwrap())
    };
    let first = on(1, 0);
    assert_eq!(first, on(3, 0));
    assert_ne!(first, on(1, 1));
}

#[test]
fn several_models_score_their_mean() {
    let (train, test) = (examples(60, 1), examples(10, 2));
    let train_one = |seed: u64, models: usize| {
        let config = RankerConfig {
            seed,
            models,
            ..quick()
        };
        scores(&Ranker::train(&train, None, &config).unwrap(), &test)
    };
    let (both, first, second) = (train_one(5, 2), train_one(5, 1), train_one(6, 1));
    for row in 0..both.len() {
        let mean = (first[row] + second[row]) / 2.0;
        assert!(
            (both[row] - mean).abs() < 1e-4,
            "row {row}: {} is not {mean}",
            both[row]
        );
    }
}

#[test]
fn a_row_scores_the_same_in_any_batch() {
    let (train, test) = (examples(60, 1), examples(5, 2));
    let ranker = Ranker::train(&train, None, &quick()).unwrap();
    let together = scores(&ranker, &test);
    let mut one = Vec::new();
    for (row, values) in test.values().chunks(4).enumerate() {
        ranker.score(values, &mut one).unwrap();
        assert_eq!(one, [together[row]], "row {row}");
    }
    ranker.score(&[], &mut one).unwrap();
    assert!(one.is_empty());
    ranker
        .score(
            &[f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX],
            &mut one,
        )
        .unwrap();
    assert!(one[0].is_finite());
}

#[test]
fn a_ranker_comes_back_as_it_was() {
    let ranker = Ranker::train(&examples(60, 1), None, &quick()).unwrap();
    let bytes = ranker.encode();
    assert_eq!(Ranker::decode(&bytes, &FEATURES).unwrap(), ranker);
    let changed = |place: usize, to: u8| {
        let mut bytes = bytes.clone();
        bytes[place] = to;
        bytes
    };
    let reason =
        |bytes: &[u8], features: &[&str]| Ranker::decode(bytes, features).unwrap_err().to_string();
    let mut wrong = Vec::new();
    for (bytes, features, expected) in [
        (
            bytes.clone(),
            &["mutual", "close", "noise"][..],
            "feature 3 is missing, the ranker expects sometimes; train it again",
        ),
        (
            bytes.clone(),
            &["mutual", "close", "fuss", "sometimes"],
            "feature 2 is fuss, the ranker expects noise; train it again",
        ),
        (
            bytes.clone(),
            &["mutual", "close", "noise", "sometimes", "age"],
            "feature 4 is age, the ranker expects none; train it again",
        ),
        (
            Vec::new(),
            &FEATURES,
            "these bytes are no ranker: they do not begin as one",
        ),
        (
            bytes[..10].to_vec(),
            &FEATURES,
            "these bytes are no ranker: they end too soon",
        ),
        (
            bytes[..200].to_vec(),
            &FEATURES,
            "these bytes are no ranker: their checksum is another: they are damaged",
        ),
        (
            changed(300, bytes[300] ^ 1),
            &FEATURES,
            "these bytes are no ranker: their checksum is another: they are damaged",
        ),
        (
            changed(8, 9),
            &FEATURES,
            "the ranker has format 9, this program reads 1; train it again",
        ),
    ] {
        let got = reason(&bytes, features);
        if got != expected {
            wrong.push((got, expected));
        }
    }
    assert_eq!(wrong, []);
}

#[test]
fn bytes_with_a_good_checksum_and_bad_trees_are_refused() {
    let ranker = Ranker::train(&examples(60, 1), None, &quick()).unwrap();
    let bytes = ranker.encode();
    let body = bytes.len() - 8;
    for place in (8..body).step_by(7) {
        let mut damaged = bytes[..body].to_vec();
        damaged[place] ^= 0xA5;
        let sum = xxhash_rust::xxh3::xxh3_64(&damaged);
        damaged.extend(sum.to_le_bytes());
        // Either it is refused, or it scores without leaving its nodes.
        if let Ok(ranker) = Ranker::decode(&damaged, &FEATURES) {
            ranker.score(&[0.5; 8], &mut Vec::new()).unwrap();
        }
    }
}

#[test]
fn bad_input_gets_a_sentence() {
    let with = |rows: &[f32], labels: &[bool]| {
        let mut examples = RankerExamples::new(&["a", "b"]);
        examples.push(rows, labels).map(|()| examples)
    };
    let good = with(&[1.0, 2.0, 3.0, 4.0], &[true, false]).unwrap();
    let train = |examples: Result<RankerExamples, RankerError>,
                 validation: Option<&RankerExamples>,
                 config: RankerConfig| {
        let ranker = examples.and_then(|examples| Ranker::train(&examples, validation, &config));
        ranker.map(|ranker| ranker.trees()).unwrap_err().to_string()
    };
    let usual = RankerConfig::default;
    let other = RankerExamples::new(&["a", "c"]);
    let mut foreign = other.clone();
    foreign.push(&[1.0, 2.0], &[true]).unwrap();
    let cases = [
        (
            train(with(&[1.0, 2.0, 3.0], &[true]), None, usual()),
            "3 values are not whole rows of 2 features",
        ),
        (
            train(with(&[1.0, 2.0], &[true, false]), None, usual()),
            "2 labels for 1 candidates",
        ),
        (
            train(Ok(RankerExamples::new(&["a"])), None, usual()),
            "no candidates to learn from",
        ),
        (
            train(with(&[], &[]), None, usual()),
            "no candidates to learn from",
        ),
        (
            train(with(&[1.0, 2.0, 3.0, 4.0], &[false, false]), None, usual()),
            "none of 2 candidates of 1 people is a relevant one: nothing says who should come first",
        ),
        (
            train(
                with(&[1.0, 2.0, 3.0, f32::INFINITY], &[false, true]),
                None,
                usual(),
            ),
            "feature b of row 1 is infinite; NaN says that a value is not known",
        ),
        (
            train(Ok(good.clone()), Some(&foreign), usual()),
            "feature 1 is b, the ranker expects c; train it again",
        ),
        (
            train(
                Ok(good.clone()),
                None,
                RankerConfig {
                    leaves: 1,
                    ..usual()
                },
            ),
            "leaves is 1, expected at least 2",
        ),
        (
            train(
                Ok(good.clone()),
                None,
                RankerConfig {
                    row_share: f64::NAN,
                    ..usual()
                },
            ),
            "row_share is NaN, expected above 0 and at most 1",
        ),
        (
            train(
                Ok(good.clone()),
                None,
                RankerConfig {
                    l2: -1.0,
                    ..usual()
                },
            ),
            "l2 is -1, expected a number not below 0",
        ),
    ];
    let wrong: Vec<_> = cases.iter().filter(|case| case.0 != case.1).collect();
    assert_eq!(wrong, Vec::<&(String, &str)>::new());
    let ranker = Ranker::train(&good, None, &quick()).unwrap();
    let error = ranker
        .score(&[1.0], &mut Vec::new())
        .unwrap_err()
        .to_string();
    assert_eq!(error, "1 values are not whole rows of 2 features");
}

#[test]
fn examples_of_other_features_do_not_mix() {
    let mut all = examples(2, 1);
    all.append(examples(3, 2)).unwrap();
    assert_eq!((all.groups(), all.labels().len()), (&[30; 5][..], 150));
    let error = all.append(RankerExamples::new(&["mutual"])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "feature 1 is missing, the ranker expects close; train it again"
    );
}

#[test]
fn splits_lie_between_the_values_seen() {
    let mut examples = RankerExamples::new(&["x"]);
    for _ in 0..50 {
        let relevant = [false, false, true, false];
        examples
            .push(&[1.0, 2.0, 3.0, f32::NAN], &relevant)
            .unwrap();
    }
    let ranker = Ranker::train(&examples, None, &quick()).unwrap();
    let mut scores = Vec::new();
    let rows = [1.0, 2.0, 3.0, f32::NAN, -1e30, 1e30];
    ranker.score(&rows, &mut scores).unwrap();
    let others = scores[0].max(scores[1]).max(scores[3]);
    assert!(scores[2] > others + 1.0, "{scores:?}");
    assert_eq!(scores[4..], [scores[0], scores[2]]);
}
