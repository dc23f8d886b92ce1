//! Any file as a grid: opened, then searched with and without filters.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use nigh_fuzz::{mutate, on_disk};
use nigh_index::{Allowed, Grid, GridSearch, Verification};

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate(data, size, max_size, seed, fuzzer_mutate)
});

fuzz_target!(|data: &[u8]| {
    on_disk(data, |path| {
        for verification in [Verification::Structure, Verification::Full] {
            if let Ok(grid) = Grid::open_with(path, verification) {
                search(&grid, data);
            }
        }
    });
});

const LARGEST: usize = 4096;

fn search(grid: &Grid, data: &[u8]) {
    let (dim, rows) = (grid.dim(), grid.len());
    if dim > LARGEST {
        return;
    }
    let bytes = data.iter().rev().cycle();
    let queries: Vec<f32> = bytes
        .take(3 * dim)
        .map(|&byte| f32::from(byte) - 100.0)
        .collect();
    let even = grid.allow(|label| label % 2 == 0);
    let few = Allowed::from_fn(rows, |row| row % 11 == 3);
    assert!(grid.expected_candidates(5) >= 0.0);
    for params in [
        GridSearch::new(3, 1),
        GridSearch::new(10, 40),
        GridSearch::new(rows + 5, 0),
    ] {
        for allowed in [None, Some(&even), Some(&few)] {
            let found = grid
                .search_batch(&queries, &params, allowed)
                .expect("fitting queries");
            assert_eq!(found.len(), 3);
            let most = allowed.map_or(rows, Allowed::count).min(params.k);
            assert!(found.iter().all(|found| found.neighbors.len() <= most));
        }
        let one = grid
            .search(&queries[..dim], &params, None)
            .expect("a fitting query");
        assert!(one.neighbors.is_sorted());
    }
}
