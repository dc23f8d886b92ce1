//! Any file as a segment: opened, then searched in every way.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use nigh_fuzz::{mutate, on_disk};
use nigh_index::{Allowed, IvfSearch, Mode, SearchParams, Segment, Verification};

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate(data, size, max_size, seed, fuzzer_mutate)
});

fuzz_target!(|data: &[u8]| {
    on_disk(data, |path| {
        for verification in [Verification::Structure, Verification::Full] {
            if let Ok(segment) = Segment::open_with(path, verification) {
                search(&segment, data);
            }
        }
    });
});

/// Values that a batch of so large queries would take are not worth the time.
const LARGEST: usize = 4096;

fn search(segment: &Segment, data: &[u8]) {
    let dim = segment.dim();
    let rows = segment.len();
    for row in [0, rows / 2, rows.wrapping_sub(1)] {
        if row < rows {
            assert_eq!(segment.row(row).len(), dim);
        }
    }
    if dim > LARGEST {
        return;
    }
    let bytes = data.iter().rev().cycle();
    let queries: Vec<f32> = bytes
        .take(3 * dim)
        .map(|&byte| f32::from(byte) - 100.0)
        .collect();
    let even = segment.allow(|label| label % 2 == 0);
    let few = Allowed::from_fn(rows, |row| row % 11 == 3);
    let lists = segment.lists();
    let ivf = |k: usize, nprobe: usize, margin: f32, rescore: usize, reach: f32| SearchParams {
        k,
        mode: Mode::Ivf(IvfSearch {
            nprobe,
            margin,
            rescore,
            reach,
        }),
        threads: 1,
    };
    let settings = [
        SearchParams::exact(3),
        SearchParams::exact(rows + 5),
        ivf(3, 1, 0.3, 4, f32::INFINITY),
        ivf(10, lists / 2, 1.0, 20, 0.5),
        ivf(rows + 5, lists, f32::INFINITY, usize::MAX, f32::INFINITY),
    ];
    for params in &settings {
        for allowed in [None, Some(&even), Some(&few)] {
            let found = segment
                .search_batch(&queries, params, allowed)
                .expect("fitting queries");
            assert_eq!(found.len(), 3);
            let most = allowed.map_or(rows, Allowed::count).min(params.k);
            assert!(found.iter().all(|found| found.neighbors.len() <= most));
        }
        let one = segment
            .search(&queries[..dim], params, None)
            .expect("a fitting query");
        assert!(one.neighbors.is_sorted());
    }
}
