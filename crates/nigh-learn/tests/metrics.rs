#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
//! Ranking figures beside the plainest way to reach them.

use nigh_learn::{RankingCase, RankingMetrics, TieOrder, auc, evaluate_ranking, splitmix64};

#[test]
fn the_tie_hash_is_splitmix64() {
    // First outputs of the generator from states 0 and 1234567, from the reference in C.
    assert_eq!(splitmix64(0), 0xe220_a839_7b1d_cdaf);
    assert_eq!(splitmix64(1_234_567), 6_457_827_717_110_365_317);
}

#[test]
fn places_follow_a_full_sort() {
    let nodes = 40;
    let order = TieOrder::of_numbers(nodes);
    // Few distinct scores, so that ties are many; a NaN ranks last.
    let score = |user: u32, node: u32| match (user * 7 + node * 13) % 9 {
        8 => f32::NAN,
        value => value as f32 - 3.0,
    };
    let relevant: Vec<Vec<u32>> = (0..10)
        .map(|user| vec![user + 1, user + 20, (user * 3 + 5) % 40])
        .collect();
    let excluded: Vec<Vec<u32>> = (0..10)
        .map(|user| vec![(user + 2) % 40, user + 15])
        .collect();
    let case = |user: usize| RankingCase {
        user: user as u32,
        relevant: &relevant[user],
        excluded: &excluded[user],
    };
    let cases: Vec<_> = (0..10).map(case).collect();
    let got = evaluate_ranking(&cases, &order, |user, scores| {
        for (node, slot) in scores.iter_mut().enumerate() {
            *slot = score(user, node as u32);
        }
    });
    let places: Vec<Vec<Option<u32>>> = cases
        .iter()
        .map(|case| sorted_places(case, nodes, score))
        .collect();
    assert_eq!(
        got,
        RankingMetrics::of_places(places.iter().zip(&cases).map(|(places, case)| {
            let found = places.iter().flatten().count();
            let others = nodes - case.excluded.len() - found - 1;
            (&places[..], others)
        }))
    );
    assert!(got.mrr > 0.0 && got.mrr < 1.0, "{got:?}");
}

fn sorted_places(
    case: &RankingCase<'_>,
    nodes: usize,
    score: impl Fn(u32, u32) -> f32,
) -> Vec<Option<u32>> {
    let may = |node: &u32| *node != case.user && !case.excluded.contains(node);
    let mut ranked: Vec<u32> = (0..nodes as u32).filter(may).collect();
    ranked.sort_by(|&a, &b| {
        let value = |node| {
            Some(score(case.user, node))
                .filter(|s| !s.is_nan())
                .unwrap_or(f32::NEG_INFINITY)
        };
        let tie = || splitmix64(a.into()).cmp(&splitmix64(b.into()));
        value(b).total_cmp(&value(a)).then_with(tie)
    });
    let place = |node: &u32| {
        ranked
            .iter()
            .position(|other| other == node)
            .map(|place| place as u32)
    };
    case.relevant.iter().map(place).collect()
}

#[test]
fn means_are_over_users_with_something_to_find() {
    let rows: [&[Option<u32>]; 4] = [&[Some(0), Some(12)], &[], &[None], &[Some(49), Some(50)]];
    let got = RankingMetrics::of_places(rows.map(|places| (places, 100)));
    let third = 1.0 / 3.0;
    let expected = RankingMetrics {
        users: 3,
        hits_at_10: third,
        hits_at_50: 2.0 * third,
        recall_at_10: 0.5 * third,
        recall_at_50: 1.5 * third,
        mrr: (1.0 + 0.02) / 3.0,
        // Others before: none, 11; found never; 49, 49.
        auc: (0.945 + 0.0 + 0.51) / 3.0,
    };
    let pairs = [
        (got.hits_at_10, expected.hits_at_10),
        (got.hits_at_50, expected.hits_at_50),
        (got.recall_at_10, expected.recall_at_10),
        (got.recall_at_50, expected.recall_at_50),
        (got.mrr, expected.mrr),
        (got.auc, expected.auc),
    ];
    assert_eq!(got.users, 3);
    assert!(
        pairs.iter().all(|(a, b)| (a - b).abs() < 1e-12),
        "{got:?} but {expected:?}"
    );
    assert_eq!(RankingMetrics::of_places([]), RankingMetrics::default());
}

#[test]
fn auc_counts_pairs() {
    let rows: [(&[f32], &[f32], f64); 4] = [
        (&[2.0, 3.0], &[1.0, 0.0], 1.0),
        (&[1.0], &[1.0], 0.5),
        (&[0.0, 2.0], &[1.0, 1.0], 0.5),
        (&[1.0, 1.0, 5.0], &[1.0, 0.0], 5.0 / 6.0),
    ];
    let got = rows.map(|(positives, negatives, _)| auc(positives, negatives));
    let expected = rows.map(|(_, _, expected)| Some(expected));
    assert_eq!(got, expected);
    assert_eq!(auc(&[], &[1.0]), None);
    assert_eq!(auc(&[1.0], &[]), None);
}
