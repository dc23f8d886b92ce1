//! How close does a scan come to what memory allows?
//!
//! `cargo run --release -p nigh-simd --example bandwidth [ROWS DIM]`: on one core, the time to merely add up
//! the bytes (the best of several rounds, interleaved with the rest), and as ratios to it the time of each scan.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::hint::black_box;
use std::time::Instant;

use nigh_simd::{dot, dot_block, dot_rows, dot_selected, l2_squared_rows, level};

const ROUNDS: usize = 15;

fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|a| a.parse().ok());
    let rows: usize = arguments.next().unwrap_or(40_000);
    let dim: usize = arguments.next().unwrap_or(512);
    let data = random(rows * dim);
    let query = random(dim);
    let queries = random(64 * dim);
    let mut out = vec![0.0; rows];
    let every = |n: u32| {
        (0..rows as u32)
            .filter(|i| i.wrapping_mul(2_654_435_761) % n == 0)
            .collect::<Vec<_>>()
    };
    let (half, tenth, hundredth) = (every(2), every(10), every(100));
    let bytes = (rows * dim * 4) as f64;
    let mut best = [f64::INFINITY; 8];
    let mut block = vec![0.0; 64 * 64];
    for _ in 0..ROUNDS {
        let mut time = |i: usize, f: &mut dyn FnMut()| {
            let start = Instant::now();
            f();
            best[i] = best[i].min(start.elapsed().as_secs_f64());
        };
        time(0, &mut || {
            black_box(add_up(&data));
        });
        time(1, &mut || dot_rows(&query, &data, &mut out));
        time(2, &mut || l2_squared_rows(&query, &data, &mut out));
        time(3, &mut || {
            dot_selected(&query, &data, &half, &mut out[..half.len()])
        });
        time(4, &mut || {
            dot_selected(&query, &data, &tenth, &mut out[..tenth.len()])
        });
        time(5, &mut || {
            dot_selected(&query, &data, &hundredth, &mut out[..hundredth.len()])
        });
        time(6, &mut || {
            for (row, out) in data.chunks_exact(dim).zip(&mut out) {
                *out = dot(&query, row);
            }
        });
        time(7, &mut || {
            for tile in data.chunks_exact(64 * dim) {
                dot_block(&queries, tile, dim, &mut block);
            }
        });
        black_box((&out, &block));
    }
    println!(
        "{level} · {rows} × {dim} f32 · {:.1} MB",
        bytes / 1e6,
        level = level()
    );
    println!(
        "add up the bytes    {:8.0} us  {:5.1} GB/s",
        best[0] * 1e6,
        bytes / best[0] / 1e9
    );
    let share = [
        0.0,
        1.0,
        1.0,
        share_of(&half, rows),
        share_of(&tenth, rows),
        share_of(&hundredth, rows),
        1.0,
    ];
    let names = [
        "",
        "dot_rows",
        "l2_squared_rows",
        "dot_selected 50 %",
        "dot_selected 10 %",
        "dot_selected 1 %",
        "dot, row by row",
    ];
    for i in 1..7 {
        let ratio = best[i] / (best[0] * share[i]);
        println!(
            "{:20}{:8.0} us  {ratio:5.2} × the time of its bytes",
            names[i],
            best[i] * 1e6
        );
    }
    let pairs = (rows / 64 * 64 * 64) as f64;
    println!(
        "dot_block 64 × 64   {:8.0} us  {:5.1} multiply-adds/ns",
        best[7] * 1e6,
        pairs * dim as f64 / best[7] / 1e9
    );
}

fn share_of(positions: &[u32], rows: usize) -> f64 {
    positions.len() as f64 / rows as f64
}

fn add_up(data: &[f32]) -> [u32; 64] {
    let mut totals = [0u32; 64];
    for line in data.chunks_exact(64) {
        for (total, x) in totals.iter_mut().zip(line) {
            *total = total.wrapping_add(x.to_bits());
        }
    }
    totals
}

fn random(count: usize) -> Vec<f32> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..count).map(|_| next()).collect()
}
