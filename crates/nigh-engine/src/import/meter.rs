//! Where an import's time went, stage by stage.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;

/// The stages of an import, in the order an item passes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ImportStage {
    /// Reading tables and listing folders.
    Read,
    /// Reading image files and hashing their bytes.
    Load,
    /// Bytes to pixels.
    Decode,
    /// Pixels to embeddings.
    Encode,
    /// Durable commits.
    Write,
    /// Building the published view.
    Publish,
}

const STAGES: [(ImportStage, &str); 6] = [
    (ImportStage::Read, "read"),
    (ImportStage::Load, "load"),
    (ImportStage::Decode, "decode"),
    (ImportStage::Encode, "encode"),
    (ImportStage::Write, "write"),
    (ImportStage::Publish, "publish"),
];

/// What one stage did: the bottleneck is the stage with the most `busy_seconds`
/// per thread it may use.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StageThroughput {
    /// `read`, `load`, `decode`, `encode`, `write` or `publish`.
    pub stage: &'static str,
    /// Images (items for `read`, `write` and `publish`) that went through.
    pub count: u64,
    /// Wall-clock seconds spent inside the stage, summed over its threads.
    pub busy_seconds: f64,
    /// How many threads may be inside the stage at once.
    pub threads: usize,
    /// What the stage would reach if it had nothing to wait for:
    /// `count / busy_seconds × threads`.
    pub per_second: f64,
}

/// Counts and times every stage; shared by all threads of an import.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    counts: [AtomicU64; STAGES.len()],
    nanoseconds: [AtomicU64; STAGES.len()],
}

impl Meter {
    /// Runs `work`, and books its time and `count` things on `stage`.
    pub(crate) fn time<T>(&self, stage: ImportStage, count: usize, work: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let result = work();
        self.add(stage, count, started.elapsed());
        result
    }

    /// Books time that was measured elsewhere.
    pub(crate) fn add(&self, stage: ImportStage, count: usize, elapsed: Duration) {
        let nanoseconds = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        self.counts[stage as usize].fetch_add(count as u64, Ordering::Relaxed);
        self.nanoseconds[stage as usize].fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// The stages that did anything.
    pub(crate) fn report(&self, workers: usize) -> Vec<StageThroughput> {
        let used = STAGES
            .iter()
            .filter(|(stage, _)| self.counts[*stage as usize].load(Ordering::Relaxed) > 0);
        used.map(|(stage, name)| self.throughput(*stage, name, workers))
            .collect()
    }

    fn throughput(
        &self,
        stage: ImportStage,
        name: &'static str,
        workers: usize,
    ) -> StageThroughput {
        let count = self.counts[stage as usize].load(Ordering::Relaxed);
        let busy_seconds = self.nanoseconds[stage as usize].load(Ordering::Relaxed) as f64 / 1e9;
        let parallel = matches!(
            stage,
            ImportStage::Load | ImportStage::Decode | ImportStage::Encode
        );
        let threads = if parallel { workers } else { 1 };
        let per_second = count as f64 / busy_seconds.max(1e-9) * threads as f64;
        StageThroughput {
            stage: name,
            count,
            busy_seconds,
            threads,
            per_second,
        }
    }
}
