//! Shorter vectors: against plain sums in f64.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use nigh_index::{PrincipalAxes, Reduction, ReductionMethod, SecondMoments};
use support::{Random, clustered};

const DIM: usize = 40;

fn axes(values: &[f32]) -> PrincipalAxes {
    let mut moments = SecondMoments::new(DIM);
    for row in values.chunks(DIM) {
        moments.push(row).unwrap();
    }
    moments.axes()
}

fn each(values: &[f32], to: usize) -> [Reduction; 3] {
    [
        Reduction::principal(&axes(values), to),
        Reduction::random(DIM, to, 7),
        Reduction::truncated(DIM, to),
    ]
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    let pairs = a.iter().zip(b);
    pairs.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

#[test]
fn directions_are_orthonormal_and_rows_do_not_depend_on_each_other() {
    let values = clustered(5000, DIM, 12, 3);
    let mut wrong = Vec::new();
    for to in [1, 7, 24, DIM] {
        for (reduction, method) in each(&values, to).into_iter().zip(ReductionMethod::ALL) {
            assert_eq!((reduction.method(), reduction.to()), (method, to));
            let rows: Vec<&[f32]> = reduction.matrix().chunks(DIM).collect();
            for (i, a) in rows.iter().enumerate() {
                for (j, b) in rows.iter().enumerate() {
                    let expected = f64::from(u8::from(i == j));
                    if (dot(a, b) - expected).abs() > 1e-5 {
                        wrong.push(format!("{} {to}: {i}·{j}", method.name()));
                    }
                }
            }
            let together = reduction.apply(&values[..50 * DIM]);
            for (at, row) in values.chunks(DIM).take(50).enumerate() {
                let alone = reduction.apply(row);
                let length = dot(&alone, &alone);
                let slow: Vec<f64> = rows.iter().map(|axis| dot(axis, row)).collect();
                let norm = slow.iter().map(|x| x * x).sum::<f64>().sqrt();
                let near = |(&a, s): (&f32, &f64)| (f64::from(a) - s / norm).abs() < 1e-5;
                let same = alone == together[at * to..][..to];
                if !same || (length - 1.0).abs() > 1e-5 || !alone.iter().zip(&slow).all(near) {
                    wrong.push(format!("{} {to}: row {at}", method.name()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Power iteration on the plain sum of products finds the same first axis; and no other method keeps as much of the lengths.
#[test]
fn principal_axes_are_those_of_the_slow_way() {
    let mut values = clustered(4100, DIM, 12, 5);
    values.chunks_mut(DIM).for_each(|row| {
        nigh_simd::normalize(row);
        // Directions of very different weight.
        row.iter_mut()
            .enumerate()
            .for_each(|(i, x)| *x /= 1.0 + i as f32);
        nigh_simd::normalize(row);
    });
    let mut products = vec![0.0_f64; DIM * DIM];
    for row in values.chunks(DIM) {
        for (i, &a) in row.iter().enumerate() {
            for (j, &b) in row.iter().enumerate() {
                products[i * DIM + j] += f64::from(a) * f64::from(b);
            }
        }
    }
    let mut first = vec![1.0_f64; DIM];
    for _ in 0..2000 {
        let next = |i: usize| {
            (0..DIM)
                .map(|j| products[i * DIM + j] * first[j])
                .sum::<f64>()
        };
        first = (0..DIM).map(next).collect();
        let length = first.iter().map(|x| x * x).sum::<f64>().sqrt();
        first.iter_mut().for_each(|x| *x /= length);
    }
    let first: Vec<f32> = first.into_iter().map(|x| x as f32).collect();
    let found = Reduction::principal(&axes(&values), 1);
    let cosine = dot(found.matrix(), &first).abs();
    assert!(cosine > 1.0 - 1e-6, "{cosine}");
    let kept = each(&values, 6).map(|reduction| {
        let part = |row: &[f32]| -> f64 {
            let axes = reduction.matrix().chunks(DIM);
            axes.map(|axis| dot(axis, row).powi(2)).sum()
        };
        values.chunks(DIM).map(part).sum::<f64>()
    });
    assert!(kept[0] > kept[1] && kept[0] > kept[2], "{kept:?}");
}

#[test]
fn one_after_another_is_one() {
    let values = clustered(3000, DIM, 12, 9);
    let first = Reduction::random(DIM, 20, 1);
    let short = first.apply(&values);
    let mut moments = SecondMoments::new(20);
    short.chunks(20).for_each(|row| moments.push(row).unwrap());
    let second = Reduction::principal(&moments.axes(), 8);
    let both = second.after(&first).unwrap();
    assert_eq!((both.from(), both.to()), (DIM, 8));
    let pairs = both.apply(&values).into_iter().zip(second.apply(&short));
    let worst = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-5, "{worst}");
    assert!(first.after(&second).is_err());
}

#[test]
fn the_same_vectors_give_the_same_file_and_a_damaged_one_is_refused() {
    let values = clustered(2500, DIM, 12, 2);
    let folder = tempfile::tempdir().unwrap();
    let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
    for reduction in each(&values, 9) {
        reduction.write(&one).unwrap();
        let again = each(&values, 9)
            .into_iter()
            .find(|again| again.method() == reduction.method());
        again.unwrap().write(&two).unwrap();
        let bytes = std::fs::read(&one).unwrap();
        assert_eq!(bytes, std::fs::read(&two).unwrap());
        assert_eq!(Reduction::open(&one).unwrap(), reduction);
        let mut random = Random(5);
        for _ in 0..40 {
            let mut damaged = bytes.clone();
            let at = (random.unit() * bytes.len() as f32) as usize;
            damaged[at] ^= 1 << (at % 8);
            std::fs::write(&two, &damaged).unwrap();
            if let Ok(opened) = Reduction::open(&two) {
                assert_eq!(opened, reduction, "byte {at}");
            }
            std::fs::write(&two, &bytes[..at]).unwrap();
            assert!(Reduction::open(&two).is_err(), "{at} bytes");
        }
    }
}

#[test]
fn what_cannot_be_added_is_refused_and_changes_nothing() {
    let values = clustered(100, DIM, 3, 2);
    let mut moments = SecondMoments::new(DIM);
    for row in values.chunks(DIM) {
        assert!(moments.push(&row[1..]).is_err());
        let mut broken = row.to_vec();
        broken[3] = f32::NAN;
        assert!(moments.push(&broken).is_err());
        moments.push(row).unwrap();
    }
    let plain = Reduction::principal(&axes(&values), 5);
    assert_eq!(Reduction::principal(&moments.axes(), 5), plain);
    // More than there are.
    assert_eq!(Reduction::principal(&axes(&values), 99).to(), DIM);
    // Nothing to point anywhere stays nothing.
    assert_eq!(plain.apply(&[0.0; DIM]), [0.0; 5]);
}
