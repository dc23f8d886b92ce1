//! The speed of settings.

use std::time::Instant;

use super::{Measured, Point, SweepError, SweepOptions};
use crate::vectors::queries::Queries;
use crate::vectors::stopwatch::{Lap, Stopwatch};
use crate::vectors::watch::Watch;

/// Times every setting once in each repetition, and keeps the least of each.
pub(super) fn time_all<I: Measured>(
    index: &I,
    queries: &Queries,
    settings: &[(I::Params, f64)],
    options: &SweepOptions,
    watch: &Watch<'_>,
) -> Result<Vec<Point<I::Setting>>, SweepError> {
    let timed = queries.first(options.timed_queries.max(1));
    let (dim, threads) = (queries.dim(), options.threads);
    let mut best = vec![Times::default(); settings.len()];
    for _ in 0..options.repetitions.max(1) {
        for ((params, _), best) in settings.iter().zip(&mut best) {
            watch.advance(1)?;
            let seconds = options.timed_seconds;
            best.keep_least(time(index, (timed, dim), *params, threads, seconds)?);
        }
    }
    let measured = settings.iter().zip(&best);
    let point = |((params, recall), times): (&(I::Params, f64), &Times)| {
        times.point(index.setting(*params), *recall)
    };
    Ok(measured.map(point).collect())
}

/// Of one query on average, in seconds.
#[derive(Clone, Copy)]
struct Times {
    single: Lap,
    single_p99: f64,
    batch: Lap,
}

impl Default for Times {
    fn default() -> Times {
        let never = Lap {
            cpu: f64::INFINITY,
            wall: f64::INFINITY,
        };
        Times {
            single: never,
            single_p99: f64::INFINITY,
            batch: never,
        }
    }
}

impl Times {
    fn keep_least(&mut self, other: Times) {
        let least = |a: Lap, b: Lap| Lap {
            cpu: a.cpu.min(b.cpu),
            wall: a.wall.min(b.wall),
        };
        self.single = least(self.single, other.single);
        self.batch = least(self.batch, other.batch);
        self.single_p99 = self.single_p99.min(other.single_p99);
    }

    fn point<S>(&self, setting: S, recall: f64) -> Point<S> {
        let qps = |seconds: f64| (10.0 / seconds.max(1e-9)).round() / 10.0;
        Point {
            recall_at_10: (recall * 1e6).round() / 1e6,
            single_qps: qps(self.single.cpu),
            batch_qps: qps(self.batch.cpu),
            single_p99_us: (self.single_p99 * 1e7).round() / 10.0,
            setting,
            single_qps_wall: qps(self.single.wall),
            batch_qps_wall: qps(self.batch.wall),
        }
    }
}

fn time<I: Measured>(
    index: &I,
    (queries, dim): (&[f32], usize),
    params: I::Params,
    threads: usize,
    seconds: f64,
) -> Result<Times, SweepError> {
    let mut latencies = Vec::with_capacity(queries.len() / dim);
    let (stopwatch, begun) = (Stopwatch::start()?, Instant::now());
    for query in queries.chunks_exact(dim) {
        let started = Instant::now();
        index.search_one(query, params, threads)?;
        latencies.push(started.elapsed().as_secs_f64());
        if begun.elapsed().as_secs_f64() > seconds {
            break;
        }
    }
    let count = latencies.len();
    let single = stopwatch.lap()?.each(count);
    let stopwatch = Stopwatch::start()?;
    index.search_all(&queries[..count * dim], params, threads)?;
    let batch = stopwatch.lap()?.each(count);
    Ok(Times {
        single,
        single_p99: percentile_99(latencies),
        batch,
    })
}

fn percentile_99(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = (values.len() * 99).div_ceil(100).max(1);
    values.get(rank - 1).copied().unwrap_or(0.0)
}
