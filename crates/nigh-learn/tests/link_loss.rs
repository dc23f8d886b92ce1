#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
//! Losses of links beside the plainest way to reach them, and their slopes beside finite differences.

use nigh_graph::Random;
use nigh_learn::{LinkBatch, LinkLoss, Matrix, link_loss};

const LOSSES: [LinkLoss; 3] = [LinkLoss::Softmax, LinkLoss::Bpr, LinkLoss::Logistic];
const LINKS: [(u32, u32); 4] = [(0, 1), (2, 3), (0, 4), (5, 0)];
const SHARED: [u32; 11] = [6, 7, 1, 0, 6, 2, 3, 8, 9, 10, 11];
const OWN: [u32; 8] = [8, 9, 1, 7, 2, 2, 3, 10];
const NOT_NEGATIVE: [(u32, u32); 4] = [(0, 2), (0, 3), (2, 3), (3, 0)];

fn batches() -> [LinkBatch<'static>; 4] {
    let (links, shared, own) = (&LINKS[..], &SHARED[..], &OWN[..]);
    [
        LinkBatch {
            links,
            shared,
            ..LinkBatch::default()
        },
        LinkBatch {
            links,
            own,
            ..LinkBatch::default()
        },
        LinkBatch {
            links,
            shared,
            own,
            not_negative: &[],
        },
        LinkBatch {
            links,
            shared,
            own,
            not_negative: &NOT_NEGATIVE,
        },
    ]
}

/// In f64, link by link.
fn slow_loss(z: &Matrix, batch: &LinkBatch<'_>, loss: LinkLoss, scale: f64) -> f64 {
    let dot = |a: u32, b: u32| {
        let pairs = z.row(a as usize).iter().zip(z.row(b as usize));
        scale
            * pairs
                .map(|(a, b)| f64::from(*a) * f64::from(*b))
                .sum::<f64>()
    };
    let per_link = batch.own.len() / batch.links.len();
    let mut total = 0.0;
    for (link, &(from, to)) in batch.links.iter().enumerate() {
        let own = batch.own[link * per_link..(link + 1) * per_link]
            .iter()
            .copied();
        let counted = |place: &usize| !batch.not_negative.contains(&(link as u32, *place as u32));
        let shared = (0..batch.shared.len())
            .filter(counted)
            .map(|place| batch.shared[place]);
        let negatives: Vec<f64> = own.chain(shared).map(|other| dot(from, other)).collect();
        let (true_score, count) = (dot(from, to), negatives.len() as f64);
        let soft = |x: f64| x.exp().ln_1p();
        total += match loss {
            LinkLoss::Softmax => negatives
                .iter()
                .map(|s| (s - true_score).exp())
                .sum::<f64>()
                .ln_1p(),
            LinkLoss::Bpr => negatives.iter().map(|s| soft(s - true_score)).sum::<f64>() / count,
            LinkLoss::Logistic => {
                soft(-true_score) + negatives.iter().map(|s| soft(*s)).sum::<f64>() / count
            }
        };
    }
    total / batch.links.len() as f64
}

#[test]
fn losses_and_slopes_are_those_of_the_plain_formula() {
    let mut z = Matrix::normal(12, 5, 0.8, &mut Random::new(2));
    let mut failures = Vec::new();
    for (row, batch) in batches().iter().enumerate() {
        for loss in LOSSES {
            let got = link_loss(&z, batch, loss, 1.7);
            let mut check = |what: String, got: f32, expected: f64| {
                if (f64::from(got) - expected).abs() > 1e-5 + 1e-4 * expected.abs() {
                    failures.push(format!(
                        "batch {row} {loss:?} {what}: {got}, expected {expected}"
                    ));
                }
            };
            check("loss".into(), got.loss, slow_loss(&z, batch, loss, 1.7));
            let by_scale =
                (slow_loss(&z, batch, loss, 1.7001) - slow_loss(&z, batch, loss, 1.6999)) / 2e-4;
            check("scale".into(), got.scale, by_scale);
            for place in 0..z.data().len() {
                let here = z.data()[place];
                let step = 1.0 / 1024.0;
                let mut at = |value: f32| {
                    z.data_mut()[place] = value;
                    slow_loss(&z, batch, loss, 1.7)
                };
                let slope = (at(here + step) - at(here - step)) / (2.0 * f64::from(step));
                at(here);
                check(
                    format!("number {place}"),
                    got.embeddings.data()[place],
                    slope,
                );
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn far_scores_and_nothing_at_all_have_a_loss() {
    let far = Matrix::from_rows(3, 1, vec![100.0, -100.0, 90.0]).unwrap();
    let batch = LinkBatch {
        links: &[(0, 1)],
        shared: &[2, 0],
        not_negative: &[(0, 1)],
        ..LinkBatch::default()
    };
    for loss in LOSSES {
        let got = link_loss(&far, &batch, loss, 1.0);
        assert!(
            got.loss.is_finite() && got.loss > 1000.0,
            "{loss:?} {got:?}"
        );
        assert!(
            got.embeddings.data().iter().all(|slope| slope.is_finite()),
            "{loss:?} {got:?}"
        );
    }
    let none = link_loss(&far, &LinkBatch::default(), LinkLoss::Softmax, 1.0);
    assert_eq!((none.loss, none.embeddings), (0.0, Matrix::zeros(3, 1)));
}
