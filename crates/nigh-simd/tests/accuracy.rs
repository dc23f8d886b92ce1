//! Every form of every kernel against f64, at odd lengths and odd addresses.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it skips"
)]

mod support;

#[cfg(target_arch = "x86_64")]
use nigh_simd::{Avx2, Avx512};
use nigh_simd::{Level, Portable, normalize, relative_error_bound};
use support::tell_missing;

type Selected = fn(Comparison, &[f32], &[f32], &[u32], &mut [f32]);

/// One form's kernels, behind one type so that a table can hold them.
struct Form {
    level: Level,
    pair: fn(Comparison, &[f32], &[f32]) -> f32,
    rows: fn(Comparison, &[f32], &[f32], &mut [f32]),
    selected: Selected,
    block: fn(Comparison, &[f32], &[f32], usize, &mut [f32]),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Comparison {
    Dot,
    L2,
}
use Comparison::{Dot, L2};

macro_rules! form {
    ($level:ident, $token:expr) => {
        Form {
            level: Level::$level,
            pair: |c, a, b| match c {
                Dot => $token.dot(a, b),
                L2 => $token.l2_squared(a, b),
            },
            rows: |c, q, r, o| match c {
                Dot => $token.dot_rows(q, r, o),
                L2 => $token.l2_squared_rows(q, r, o),
            },
            selected: |c, q, r, p, o| match c {
                Dot => $token.dot_selected(q, r, p, o),
                L2 => $token.l2_squared_selected(q, r, p, o),
            },
            block: |c, q, r, d, o| match c {
                Dot => $token.dot_block(q, r, d, o),
                L2 => $token.l2_squared_block(q, r, d, o),
            },
        }
    };
}

/// The forms that this CPU can run. `NIGH_REQUIRE_SIMD=avx512` (or `avx2`) makes a missing one a failure.
fn forms() -> Vec<Form> {
    let mut forms = vec![form!(Portable, Portable)];
    #[cfg(target_arch = "x86_64")]
    {
        if Avx2::detect().is_some() {
            forms.push(form!(Avx2, Avx2::detect().unwrap()));
        }
        if Avx512::detect().is_some() {
            forms.push(form!(Avx512, Avx512::detect().unwrap()));
        }
    }
    tell_missing(&forms.iter().map(|form| form.level).collect::<Vec<_>>());
    forms
}

fn lengths() -> impl Iterator<Item = usize> {
    (0..=130).chain([255, 256, 257, 511, 512, 513, 768, 1000, 1536, 4099])
}

/// Values of both signs over several powers of ten.
fn values(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..count)
        .map(|_| next() * 10f32.powf(2.0 * next()))
        .collect()
}

/// The exact score and the sum of the terms' absolute values.
fn reference(comparison: Comparison, a: &[f32], b: &[f32]) -> (f64, f64) {
    let terms = a.iter().zip(b).map(|(&a, &b)| match comparison {
        Dot => f64::from(a) * f64::from(b),
        L2 => (f64::from(a) - f64::from(b)).powi(2),
    });
    terms.fold((0.0, 0.0), |(sum, size), term| {
        (sum + term, size + term.abs())
    })
}

#[test]
fn pairs_stay_within_the_stated_error() {
    let mut wrong = Vec::new();
    for form in forms() {
        for dim in lengths() {
            for (shift, comparison) in (0..4).flat_map(|shift| [(shift, Dot), (shift, L2)]) {
                let (a, b) = (values(dim + shift, 1), values(dim + shift + 1, 2));
                let (a, b) = (&a[shift..], &b[shift + 1..]);
                let (exact, size) = reference(comparison, a, b);
                let error = (f64::from((form.pair)(comparison, a, b)) - exact).abs();
                if error > relative_error_bound(dim) * size {
                    wrong.push(format!(
                        "{} {comparison:?} dim {dim} shift {shift}: {error:e}",
                        form.level
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_entry_point_gives_the_same_bits() {
    let mut wrong = Vec::new();
    for form in forms() {
        for dim in (1..=70).chain([127, 512, 513, 2049, 5000]) {
            let (query_count, row_count) = (1 + dim % 14, 1 + dim % 23);
            let queries = &values(query_count * dim + 1, 3)[1..];
            let rows = &values(row_count * dim + 3, 4)[3..];
            let positions: Vec<u32> = (0..2 * row_count as u32)
                .map(|i| i * 7 % row_count as u32)
                .collect();
            for comparison in [Dot, L2] {
                let mut block = vec![f32::NAN; query_count * row_count];
                (form.block)(comparison, queries, rows, dim, &mut block);
                for (query, block) in queries.chunks(dim).zip(block.chunks(row_count)) {
                    let one: Vec<f32> = rows
                        .chunks(dim)
                        .map(|row| (form.pair)(comparison, query, row))
                        .collect();
                    let mut run = vec![f32::NAN; row_count];
                    (form.rows)(comparison, query, rows, &mut run);
                    let mut picked = vec![f32::NAN; positions.len()];
                    (form.selected)(comparison, query, rows, &positions, &mut picked);
                    let expected: Vec<f32> = positions.iter().map(|&p| one[p as usize]).collect();
                    if one != block || one != run || picked != expected {
                        wrong.push(format!("{} {comparison:?} dim {dim}", form.level));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn scores_are_symmetric_and_a_vector_is_at_no_distance_from_itself() {
    for form in forms() {
        for dim in lengths() {
            let (a, b) = (values(dim, 5), values(dim, 6));
            assert_eq!((form.pair)(L2, &a, &a), 0.0, "{} dim {dim}", form.level);
            assert_eq!(
                (form.pair)(L2, &a, &b),
                (form.pair)(L2, &b, &a),
                "{} dim {dim}",
                form.level
            );
            assert_eq!(
                (form.pair)(Dot, &a, &b),
                (form.pair)(Dot, &b, &a),
                "{} dim {dim}",
                form.level
            );
        }
    }
}

#[test]
fn nothing_is_read_or_written_beyond_the_ends() {
    for form in forms() {
        for dim in 1..=40 {
            // A NaN right after each slice would spoil the score if it were read into it.
            let (mut a, mut b) = (values(dim + 1, 7), values(3 * dim + 1, 8));
            (a[dim], b[3 * dim]) = (f32::NAN, f32::NAN);
            let mut out = [7.0; 5];
            (form.rows)(Dot, &a[..dim], &b[..3 * dim], &mut out[1..4]);
            assert!(out[0] == 7.0 && out[4] == 7.0, "{} dim {dim}", form.level);
            assert!(
                out.iter().all(|x| x.is_finite()),
                "{} dim {dim}",
                form.level
            );
        }
    }
}

#[test]
fn nan_and_infinity_come_through() {
    for form in forms() {
        for dim in 1..=40 {
            for at in 0..dim {
                let (mut a, b) = (values(dim, 9), vec![1.0; dim]);
                a[at] = f32::NAN;
                assert!((form.pair)(Dot, &a, &b).is_nan() && (form.pair)(L2, &a, &b).is_nan());
                a[at] = f32::INFINITY;
                assert_eq!((form.pair)(L2, &a, &b), f32::INFINITY);
            }
        }
    }
}

#[test]
fn normalizing() {
    let tiny = f32::MIN_POSITIVE;
    let cases: &[(&[f32], f32)] = &[
        (&[], 0.0),
        (&[0.0, 0.0], 0.0),
        (&[3.0, 4.0], 5.0),
        (&[-2.0], 2.0),
        (&[3.0 * tiny, 4.0 * tiny], 5.0 * tiny),
        (&[3e37, 4e37], 5e37),
        (&[1e-45, 0.0], 1e-45),
        (&[f32::MAX, 0.0], f32::MAX),
    ];
    let mut wrong = Vec::new();
    for &(vector, expected) in cases {
        let mut unit = vector.to_vec();
        let norm = normalize(&mut unit);
        let length: f64 = unit
            .iter()
            .map(|&x| f64::from(x).powi(2))
            .sum::<f64>()
            .sqrt();
        let length_wanted = if expected == 0.0 { 0.0 } else { 1.0 };
        if (norm - expected).abs() > 1e-6 * expected || (length - length_wanted).abs() > 1e-6 {
            wrong.push((vector, norm, length));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn lengths_that_do_not_fit_are_refused() {
    let cases: &[(&str, fn())] = &[
        ("pair", || {
            drop(nigh_simd::dot(&[1.0], &[1.0, 2.0]).to_bits().to_string())
        }),
        ("rows", || {
            nigh_simd::dot_rows(&[1.0; 3], &[1.0; 7], &mut [0.0; 2])
        }),
        ("rows, overflowing", || {
            nigh_simd::l2_squared_rows(&[1.0; 3], &[1.0; 6], &mut [0.0; 3])
        }),
        ("position", || {
            nigh_simd::dot_selected(&[1.0; 3], &[1.0; 6], &[2], &mut [0.0])
        }),
        ("partial last row", || {
            nigh_simd::dot_selected(&[1.0; 3], &[1.0; 8], &[2], &mut [0.0])
        }),
        ("room", || {
            nigh_simd::dot_selected(&[1.0; 3], &[1.0; 6], &[0], &mut [])
        }),
        ("block, no dimension", || {
            nigh_simd::dot_block(&[], &[], 0, &mut [])
        }),
        ("block, queries", || {
            nigh_simd::dot_block(&[1.0; 4], &[1.0; 3], 3, &mut [0.0])
        }),
        ("block, room", || {
            nigh_simd::dot_block(&[1.0; 6], &[1.0; 3], 3, &mut [0.0])
        }),
    ];
    let accepted: Vec<&str> = cases
        .iter()
        .filter(|(_, call)| std::panic::catch_unwind(call).is_ok())
        .map(|(name, _)| *name)
        .collect();
    assert!(accepted.is_empty(), "accepted: {accepted:?}");
}

#[test]
fn empty_input_is_no_error() {
    nigh_simd::dot_rows(&[1.0], &[], &mut []);
    nigh_simd::dot_selected(&[1.0], &[], &[], &mut []);
    nigh_simd::dot_block(&[], &[1.0], 1, &mut []);
    assert_eq!(nigh_simd::dot(&[], &[]), 0.0);
}

#[test]
fn levels_have_names_and_order() {
    assert!(Level::Portable < Level::Avx2 && Level::Avx2 < Level::Avx512);
    for level in Level::ALL {
        assert_eq!(level.to_string().parse(), Ok(level));
    }
    let message = "sse9".parse::<Level>().unwrap_err().to_string();
    assert_eq!(
        message,
        "unknown SIMD level \"sse9\": expected portable, avx2 or avx512"
    );
}
