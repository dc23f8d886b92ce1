//! How fast is exact search, against what memory allows?
//!
//! `cargo run --release -p nigh-index --example bench_exact [ROWS DIM]` writes a segment of random unit vectors, then
//! times, on one core unless it says otherwise: reading the bytes of the mapped vectors (the yardstick, best of
//! many rounds interleaved with the rest), exact search for 10 neighbours, the same under filters, on all
//! cores, in a batch; building and searching lists; opening the file.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use nigh_index::{
    Allowed, IvfConfig, Metric, SearchParams, Segment, SegmentBuilder, SegmentConfig, Verification,
};

const ROUNDS: usize = 25;
const BATCH: usize = 64;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).filter_map(|a| a.parse().ok());
    let rows: usize = arguments.next().unwrap_or(40_000);
    let dim: usize = arguments.next().unwrap_or(512);
    let path =
        std::env::temp_dir().join(format!("nigh-bench-exact-{}.segment", std::process::id()));
    let outcome = run(&path, rows, dim);
    std::fs::remove_file(&path)?;
    outcome
}

fn run(path: &Path, rows: usize, dim: usize) -> Result<(), Box<dyn Error>> {
    println!(
        "{} · {rows} × {dim} f32 · {:.1} MB",
        nigh_simd::level(),
        (rows * dim * 4) as f64 / 1e6
    );
    for (name, ivf) in [
        ("exact only", None),
        ("with lists", Some(IvfConfig::default())),
    ] {
        let start = Instant::now();
        build(path, rows, dim, ivf)?;
        println!(
            "build, {name:26} {:9.1} ms",
            start.elapsed().as_secs_f64() * 1e3
        );
    }
    for verification in [Verification::Full, Verification::Structure] {
        let millis = best(5, || {
            drop(black_box(Segment::open_with(path, verification)))
        }) * 1e3;
        println!("open, verification {verification:18?} {millis:9.3} ms");
    }
    let segment = Segment::open(path)?;
    let query = Random(99).vector(dim);
    let queries: Vec<f32> = (0..BATCH as u32)
        .flat_map(|i| Random(1000 + i).vector(dim))
        .collect();
    let exact = SearchParams::exact(10);
    let filters = [0.5, 0.1, 0.01].map(|share| {
        let mut random = Random(7);
        (
            share,
            Allowed::from_fn(rows, |_| f64::from(random.next()) < share),
        )
    });
    let all_cores = rayon_threads();
    let mut times = [f64::INFINITY; 8];
    for _ in 0..ROUNDS {
        let mut time = |i: usize, work: &mut dyn FnMut()| times[i] = best(1, work).min(times[i]);
        time(0, &mut || {
            black_box(add_up((0..rows).map(|r| segment.row(r))));
        });
        time(1, &mut || {
            drop(black_box(segment.search(&query, &exact, None)))
        });
        for (i, (_, allowed)) in filters.iter().enumerate() {
            time(2 + i, &mut || {
                drop(black_box(segment.search(&query, &exact, Some(allowed))))
            });
        }
        time(5, &mut || {
            drop(black_box(segment.search(
                &query,
                &exact.with_threads(all_cores),
                None,
            )))
        });
        time(6, &mut || {
            drop(black_box(segment.search_batch(&queries, &exact, None)))
        });
        time(7, &mut || {
            drop(black_box(segment.search(
                &query,
                &SearchParams::ivf(10, 8),
                None,
            )))
        });
    }
    let gigabytes = (rows * dim * 4) as f64 / 1e9;
    println!(
        "reading the bytes               {:9.1} us  {:.1} GB/s",
        times[0] * 1e6,
        gigabytes / times[0]
    );
    println!(
        "exact                           {:9.1} us  {:.2} × reading",
        times[1] * 1e6,
        times[1] / times[0]
    );
    for (i, (share, allowed)) in filters.iter().enumerate() {
        let passing = allowed.count() as f64 / rows as f64;
        let ratio = times[2 + i] / (times[1] * passing);
        println!(
            "exact, {:4.1} % pass              {:9.1} us  {ratio:.2} × its share of exact",
            share * 100.0,
            times[2 + i] * 1e6
        );
    }
    println!(
        "exact, {all_cores} threads                {:9.1} us  {:.2} × exact",
        times[5] * 1e6,
        times[5] / times[1]
    );
    let each = times[6] / BATCH as f64;
    println!(
        "exact, per query of {BATCH}           {:9.1} us  {:.2} × exact",
        each * 1e6,
        each / times[1]
    );
    println!(
        "8 of {:4} lists                 {:9.1} us  {:.2} × exact",
        segment.lists(),
        times[7] * 1e6,
        times[7] / times[1]
    );
    Ok(())
}

fn build(
    path: &Path,
    rows: usize,
    dim: usize,
    ivf: Option<IvfConfig>,
) -> Result<(), Box<dyn Error>> {
    let mut builder = SegmentBuilder::create(
        path,
        dim,
        Metric::Cosine,
        SegmentConfig { sequence: 1, ivf },
    )?;
    let mut random = Random(1);
    for label in 0..rows as u64 {
        builder.push(label, &random.vector(dim))?;
    }
    builder.finish()?;
    Ok(())
}

fn best(rounds: usize, mut work: impl FnMut()) -> f64 {
    let once = |_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    (0..rounds).map(once).fold(f64::INFINITY, f64::min)
}

fn rayon_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Touches every value with so little arithmetic that only reading takes time.
fn add_up(rows: impl Iterator<Item = impl AsRef<[f32]>>) -> [u32; 64] {
    let mut totals = [0u32; 64];
    for row in rows {
        for line in row.as_ref().chunks(64) {
            totals
                .iter_mut()
                .zip(line)
                .for_each(|(total, x)| *total = total.wrapping_add(x.to_bits()));
        }
    }
    totals
}

struct Random(u32);

impl Random {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / 16_777_216.0
    }

    fn vector(&mut self, dim: usize) -> Vec<f32> {
        (0..dim).map(|_| self.next() - 0.5).collect()
    }
}
