//! Every form of the kernels of 16-bit floats against f64, at odd lengths and odd addresses.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and says what it skips"
)]

mod support;

use half::f16;
#[cfg(target_arch = "x86_64")]
use nigh_simd::{Avx2, Avx512};
use nigh_simd::{Level, Portable, relative_error_bound};
use support::tell_missing;

type Scan = fn(&[f32], &[u16], &[f32], &mut [f32]);

struct Form {
    level: Level,
    dot: Scan,
    l2: Scan,
}

macro_rules! form {
    ($level:ident, $token:expr) => {
        Form {
            level: Level::$level,
            dot: |query, rows, scales, out| $token.dot_f16_rows(query, rows, scales, out),
            l2: |query, rows, scales, out| $token.l2_squared_f16_rows(query, rows, scales, out),
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
    (0..=130).chain([255, 256, 257, 511, 512, 513, 784, 1000, 1536, 4099])
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

fn halves(count: usize, seed: u32) -> Vec<u16> {
    let bits = |x: f32| f16::from_f32(x).to_bits();
    values(count, seed).into_iter().map(bits).collect()
}

#[test]
fn every_finite_value_is_read_exactly() {
    let mut wrong = Vec::new();
    let finite = (0..=u16::MAX).filter(|&bits| f16::from_bits(bits).is_finite());
    for form in forms() {
        for bits in finite.clone() {
            let expected = f16::from_bits(bits).to_f32();
            // At the end of a row, and where a whole vector is read.
            for dim in [1, 32] {
                let mut query = vec![0.0; dim];
                (query[0], query[dim - 1]) = (0.5, 0.5);
                let mut out = [f32::NAN];
                (form.dot)(&query, &vec![bits; dim], &[2.0], &mut out);
                if out[0] != expected * if dim == 1 { 1.0 } else { 2.0 } {
                    wrong.push(format!("{} {bits:#06x}: {}", form.level, out[0]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn scores_stay_within_the_stated_error_and_depend_on_their_row_alone() {
    let mut wrong = Vec::new();
    let scales = [1.0, 0.25, 1024.0, f32::powi(2.0, -20), 2.0];
    for form in forms() {
        for dim in lengths() {
            for shift in 0..4 {
                let (query, rows) = (values(dim + shift, 1), halves(5 * dim + shift + 1, 2));
                let (query, rows) = (&query[shift..], &rows[shift + 1..]);
                for (name, kernel, is_l2) in [("dot", form.dot, false), ("l2", form.l2, true)] {
                    let mut found = [f32::NAN; 5];
                    kernel(query, rows, &scales, &mut found);
                    for (r, &scale) in scales.iter().enumerate() {
                        let row = &rows[r * dim..][..dim];
                        let (exact, size) = reference(is_l2, query, row, scale);
                        let error = (f64::from(found[r]) - exact).abs();
                        let mut alone = [f32::NAN];
                        kernel(query, row, &[scale], &mut alone);
                        let same = alone[0].to_bits() == found[r].to_bits();
                        if error > relative_error_bound(dim) * size || !same {
                            let level = form.level;
                            wrong
                                .push(format!("{level} {name} dim {dim} shift {shift}: {error:e}"));
                        }
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The exact score and the sum of the terms' absolute values.
fn reference(is_l2: bool, query: &[f32], row: &[u16], scale: f32) -> (f64, f64) {
    let pairs = query.iter().zip(row).map(|(&a, &bits)| {
        let b = f16::from_bits(bits).to_f64() * f64::from(scale);
        (f64::from(a), b)
    });
    let terms = pairs.map(|(a, b)| if is_l2 { (a - b).powi(2) } else { a * b });
    terms.fold((0.0, 0.0), |(sum, size), term| {
        (sum + term, size + term.abs())
    })
}

#[test]
fn nothing_is_read_or_written_beyond_the_ends() {
    for form in forms() {
        for dim in 1..=40 {
            // A NaN right after each slice would spoil the score if it were read into it.
            let (mut query, mut rows) = (values(dim + 1, 7), halves(3 * dim + 1, 8));
            (query[dim], rows[3 * dim]) = (f32::NAN, f16::NAN.to_bits());
            for kernel in [form.dot, form.l2] {
                let mut out = [7.0; 5];
                kernel(&query[..dim], &rows[..3 * dim], &[1.0; 3], &mut out[1..4]);
                assert!(out[0] == 7.0 && out[4] == 7.0, "{} dim {dim}", form.level);
                let finite = out.iter().all(|x| x.is_finite());
                assert!(finite, "{} dim {dim}", form.level);
            }
        }
    }
}

#[test]
fn lengths_that_do_not_fit_are_refused() {
    let mut accepted = Vec::new();
    for (query, rows, scales, out) in [(3, 7, 2, 2), (3, 6, 1, 2), (3, 6, 3, 3), (1, 0, 0, 1)] {
        for scan in [nigh_simd::dot_f16_rows, nigh_simd::l2_squared_f16_rows] {
            let call = || {
                scan(
                    &vec![1.0; query],
                    &vec![0; rows],
                    &vec![1.0; scales],
                    &mut vec![0.0; out],
                )
            };
            if std::panic::catch_unwind(call).is_ok() {
                accepted.push((query, rows, scales, out));
            }
        }
    }
    assert!(accepted.is_empty(), "{accepted:?}");
    nigh_simd::dot_f16_rows(&[1.0], &[], &[], &mut []);
    nigh_simd::l2_squared_f16_rows(&[], &[], &[1.0], &mut [0.0]);
}
