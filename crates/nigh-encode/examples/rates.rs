//! How fast pictures are decoded and encoded here:
//! `cargo run --release -p nigh-encode --example rates -- FOLDER_OF_IMAGES [features | MODEL.onnx]…`
//!
//! The rate per second of processor time tells more than the wall clock where others compute too.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use nigh_encode::{DecodeLimits, Encoder, EncoderOptions, Picture, decode};

#[expect(
    clippy::print_stdout,
    reason = "a program that prints its measurements"
)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("expected a folder of images")?;
    let files = read_files(Path::new(&folder))?;
    let mut pictures = Vec::new();
    let mut best_us = f64::INFINITY;
    let before = processor_seconds();
    for _ in 0..5 {
        let start = Instant::now();
        let decoded: Vec<_> = files
            .iter()
            .map(|f| decode(f, &DecodeLimits::default()))
            .collect();
        best_us = best_us.min(start.elapsed().as_secs_f64() * 1e6 / files.len() as f64);
        pictures = decoded.into_iter().flatten().collect();
    }
    let processor_us = (processor_seconds() - before) * 1e6 / 5.0 / files.len() as f64;
    println!(
        "decode: {best_us:.1} us a picture at best, {processor_us:.1} us of processor time, {} of {} pass",
        pictures.len(),
        files.len()
    );

    for spec in arguments {
        for (workers, threads_per_run) in [(1, 1), (2, 1), (1, 2)] {
            for batch in [1, 4, 8] {
                let batch_size = Some(batch);
                let options = EncoderOptions {
                    threads_per_run,
                    batch_size,
                    ..Default::default()
                };
                let encoder = Encoder::open(&spec, &options)?;
                let rates = [(); 3].map(|()| rate(&encoder, &pictures, workers));
                let best = rates.iter().map(|r| r.0).fold(0.0, f64::max);
                let best_processor = rates.iter().map(|r| r.1).fold(0.0, f64::max);
                println!(
                    "{spec}: {workers} workers of {threads_per_run} threads, batch {batch}: \
                     {best:.1} images/s, {best_processor:.1} a processor second"
                );
            }
        }
    }
    Ok(())
}

fn read_files(folder: &Path) -> std::io::Result<Vec<Vec<u8>>> {
    std::fs::read_dir(folder)?
        .map(|entry| std::fs::read(entry?.path()))
        .collect()
}

/// Images a second, and a second of processor time, of workers that take batches in turn for
/// about two seconds.
fn rate(encoder: &Encoder, pictures: &[Picture], workers: usize) -> (f64, f64) {
    let batches: Vec<&[Picture]> = pictures.chunks(8).collect();
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (start, before) = (Instant::now(), processor_seconds());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while start.elapsed().as_secs_f64() < 2.0 {
                    let batch = batches[next.fetch_add(1, Ordering::Relaxed) % batches.len()];
                    if encoder.encode(batch).is_ok() {
                        done.fetch_add(batch.len(), Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let (done, processor) = (done.into_inner() as f64, processor_seconds() - before);
    (done / start.elapsed().as_secs_f64(), done / processor)
}

/// User and system time of this process so far, in hundredths; NaN but on Linux.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = stat.rsplit(')').next().map(|rest| {
        let fields = rest.split_whitespace().skip(11).take(2);
        fields.filter_map(|f| f.parse::<f64>().ok()).sum::<f64>()
    });
    ticks.filter(|t| *t > 0.0).map_or(f64::NAN, |t| t / 100.0)
}
