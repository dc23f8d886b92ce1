//! Scaling pictures: every form gives the bits of the portable one.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[cfg(target_arch = "x86_64")]
use nigh_simd::{Avx2, Avx512};
use nigh_simd::{Level, Pixel, Portable, TAPS};

mod support;

/// Numbers that repeat late, of -0.5 to 1.5.
fn noise(count: usize) -> Vec<f32> {
    let mut state = 1u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 0.5
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// Results of all three functions for one size.
type Outcome = (Vec<Pixel>, Vec<[f32; 3]>, Vec<u8>);

macro_rules! outcome {
    ($form:expr, $width:expr, $taps:expr) => {{
        let (width, taps) = ($width, $taps);
        let bytes: Vec<[u8; 3]> = (0..width)
            .map(|i| [i * 7, i * i, 255 - i].map(|value| value as u8))
            .collect();
        let mut row = vec![[9.0; 4]; width];
        $form.widen_pixels(&bytes, &mut row);
        let padded: Vec<_> = row.iter().copied().chain(vec![[0.0; 4]; taps]).collect();
        let starts: Vec<_> = (0..width).map(|i| (i * 5) % width).collect();
        let weights = noise(width * taps)
            .into_iter()
            .map(|weight| [weight / 3.0; 4]);
        let mut pixels = vec![[7.0; 3]; width];
        let weights = weights.collect::<Vec<_>>();
        $form.weigh_pixels(&padded, &starts, &weights, &mut pixels);
        let rows: Vec<_> = noise(taps * width * 3).iter().map(|n| n * 255.0).collect();
        let mut sums = vec![3; width * 3];
        $form.weigh_rows(&rows, &noise(taps), &mut sums);
        (row, pixels, sums)
    }};
}

#[test]
fn every_form_gives_the_same_bits() {
    let mut found = vec![Level::Portable];
    for width in [1, 2, 5, 6, 7, 31, 224] {
        for taps in [TAPS, 3 * TAPS, 5 * TAPS] {
            let portable: Outcome = outcome!(Portable, width, taps);
            assert_eq!(portable.0.last().unwrap()[3], 0.0);
            #[cfg(target_arch = "x86_64")]
            if let Some(form) = Avx2::detect() {
                found.push(Level::Avx2);
                assert_eq!(outcome!(form, width, taps), portable, "{width} {taps}");
            }
            #[cfg(target_arch = "x86_64")]
            if let Some(form) = Avx512::detect() {
                found.push(Level::Avx512);
                assert_eq!(outcome!(form, width, taps), portable, "{width} {taps}");
            }
        }
    }
    support::tell_missing(&found);
}

#[test]
fn sums_are_those_of_f64_rounded() {
    let (width, taps) = (40, 2 * TAPS);
    let (_, pixels, sums) = outcome!(Portable, width, taps);
    let round = |sum: f64| (sum + 0.5).clamp(0.0, 255.0).floor();
    let weights = noise(width * taps);
    let value = |place: usize, channel: usize| {
        let of = |i: usize| f64::from([i * 7, i * i, 255 - i][channel] as u8);
        if place < width { of(place) } else { 0.0 }
    };
    for (i, pixel) in pixels.iter().enumerate() {
        for (channel, found) in pixel.iter().enumerate() {
            let terms = (0..taps).map(|tap| {
                f64::from(weights[i * taps + tap]) / 3.0 * value((i * 5) % width + tap, channel)
            });
            let expected = round(terms.sum());
            assert!((f64::from(*found) - expected).abs() <= 1.0, "{i} {channel}");
        }
    }
    let (rows, weights) = (noise(taps * width * 3), noise(taps));
    for (column, found) in sums.iter().enumerate() {
        let terms = weights.iter().enumerate().map(|(y, weight)| {
            f64::from(*weight) * f64::from(rows[y * width * 3 + column]) * 255.0
        });
        assert!(
            (f64::from(*found) - round(terms.sum())).abs() <= 1.0,
            "{column}"
        );
    }
}
