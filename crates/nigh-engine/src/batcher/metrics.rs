use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;

/// What a batcher did, and how long it took.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BatcherMetrics {
    /// Items that wait now.
    pub waiting: usize,
    /// Items that were run.
    pub items: u64,
    /// Of these, items that failed.
    pub failed: u64,
    /// Items that nobody waited for any more when their turn came.
    pub cancelled: u64,
    /// Microseconds that items waited.
    pub queue_us: Spread,
    /// Items in a run.
    pub batch_size: Spread,
    /// Microseconds of a run.
    pub run_us: Spread,
}

/// How measured values are spread, in buckets that double.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Spread {
    /// Values.
    pub count: u64,
    /// Their sum.
    pub sum: u64,
    /// `buckets[i]` values were below 2^i and not below half of that; the last holds all above.
    pub buckets: Vec<u64>,
}

impl Spread {
    /// The mean; 0 where there is nothing.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.sum as f64 / self.count.max(1) as f64
    }

    /// A value that `share` of all are at or below: the upper end of its bucket.
    #[must_use]
    pub fn quantile(&self, share: f64) -> u64 {
        let wanted = (self.count as f64 * share).ceil() as u64;
        let mut seen = 0;
        let bucket = self.buckets.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        bucket.map_or(0, |bucket| (1u64 << bucket) - 1)
    }
}

const BUCKETS: usize = 40;

struct Buckets {
    counts: [AtomicU64; BUCKETS],
    sum: AtomicU64,
}

impl Default for Buckets {
    fn default() -> Self {
        Self {
            counts: [const { AtomicU64::new(0) }; BUCKETS],
            sum: AtomicU64::new(0),
        }
    }
}

impl Buckets {
    fn add(&self, value: u64) {
        let bucket = (u64::BITS - value.leading_zeros()) as usize;
        self.counts[bucket.min(BUCKETS - 1)].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    fn snapshot(&self) -> Spread {
        let counts = self
            .counts
            .iter()
            .map(|count| count.load(Ordering::Relaxed));
        let buckets: Vec<u64> = counts.collect();
        Spread {
            count: buckets.iter().sum(),
            sum: self.sum.load(Ordering::Relaxed),
            buckets,
        }
    }
}

/// Counted by all threads of a batcher.
#[derive(Default)]
pub(super) struct Metrics {
    failed: AtomicU64,
    cancelled: AtomicU64,
    queue_us: Buckets,
    batch_size: Buckets,
    run_us: Buckets,
}

impl Metrics {
    pub(super) fn waited(&self, time: Duration) {
        self.queue_us.add(microseconds(time));
    }

    pub(super) fn ran(&self, items: usize, time: Duration) {
        self.batch_size.add(items as u64);
        self.run_us.add(microseconds(time));
    }

    pub(super) fn failed(&self, failed: bool) {
        self.failed.fetch_add(u64::from(failed), Ordering::Relaxed);
    }

    pub(super) fn cancelled(&self, cancelled: bool) {
        self.cancelled
            .fetch_add(u64::from(cancelled), Ordering::Relaxed);
    }

    pub(super) fn snapshot(&self, waiting: usize) -> BatcherMetrics {
        let batch_size = self.batch_size.snapshot();
        BatcherMetrics {
            waiting,
            items: batch_size.sum,
            failed: self.failed.load(Ordering::Relaxed),
            cancelled: self.cancelled.load(Ordering::Relaxed),
            queue_us: self.queue_us.snapshot(),
            batch_size,
            run_us: self.run_us.snapshot(),
        }
    }
}

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
