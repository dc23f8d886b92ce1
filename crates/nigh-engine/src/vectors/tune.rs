//! Choosing an operating point by measurement on queries that the index has not seen.
//!
//! The queries are halved. The first half finds the settings worth having ([`sweep`]) and chooses among them; the other half, which
//! had no part in that, says what each of them reaches, with an interval ([`Interval`]) that therefore holds for further
//! queries of the same kind.

use std::io;
use std::path::Path;

use nigh_index::{Codes, Found, Mode, SearchParams, Segment, cost};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::publish::write_atomically;

use super::queries::Queries;
use super::recall::{Accepted, RECALL_AT, others};
use super::sweep::{Family, Setting, SweepError, SweepOptions, sweep, time_exact};
use super::watch::Watch;

pub use self::interval::Interval;

mod interval;

/// What an operating point has to reach.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// At least this mean share of the ten nearest, 0 to 1: the fastest setting of which the interval says so.
    Recall(f64),
    /// At most this mean time of a query, in microseconds of CPU: the setting with the greatest recall.
    LatencyUs(f64),
}

/// A setting and what it reaches on queries that were not used to choose it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperatingPoint {
    /// The setting.
    pub setting: Setting,
    /// Mean share of the ten nearest, by the half that had no part in the choice.
    pub recall_at_10: Interval,
    /// The same by the half that chooses.
    pub choosing_recall_at_10: Interval,
    /// Mean time of a query of the choosing half, in microseconds of CPU.
    pub latency_us: f64,
    /// The 99th percentile by the clock.
    pub latency_p99_us: f64,
    /// Bytes of the index that searches with this setting read again and again, and so have to stay in memory to be this fast.
    #[serde(default)]
    pub resident_bytes: u64,
}

impl OperatingPoint {
    /// Whether the goal is reached, by the choosing half.
    pub fn reaches(&self, goal: Goal) -> bool {
        match goal {
            Goal::Recall(recall) => self.choosing_recall_at_10.low >= recall,
            Goal::LatencyUs(latency) => self.latency_us <= latency,
        }
    }
}

/// What tuning found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tuned {
    /// Which segment it was measured on: a checksum of its shape and of some of its rows.
    pub segment: u64,
    /// Queries that chose; as many more, or one more, measured.
    pub queries: usize,
    /// By rising recall.
    pub points: Vec<OperatingPoint>,
}

impl Tuned {
    /// Whether it was measured on this segment.
    pub fn is_of(&self, segment: &Segment) -> bool {
        self.segment == checksum(segment)
    }

    /// Writes it as JSON, durable under its name when this returns.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn keep(&self, file: &Path) -> io::Result<()> {
        write_atomically(file, &serde_json::to_vec_pretty(self)?)
    }

    /// The best point that reaches the goal: the fastest for a recall, the most thorough for a latency.
    pub fn choose(&self, goal: Goal) -> Option<&OperatingPoint> {
        self.choose_within(goal, u64::MAX)
    }

    /// The same of those points whose index needs no more than so many bytes of memory.
    pub fn choose_within(&self, goal: Goal, memory_bytes: u64) -> Option<&OperatingPoint> {
        let fits = |point: &&OperatingPoint| point.resident_bytes <= memory_bytes;
        let reaching = self
            .points
            .iter()
            .filter(|point| point.reaches(goal))
            .filter(fits);
        match goal {
            Goal::Recall(_) => reaching.min_by(|a, b| a.latency_us.total_cmp(&b.latency_us)),
            Goal::LatencyUs(_) => reaching.max_by(|a, b| {
                a.choosing_recall_at_10
                    .mean
                    .total_cmp(&b.choosing_recall_at_10.mean)
            }),
        }
    }
}

/// How tuning measures: quickly, to some percent.
pub fn tuning_options(threads: usize) -> SweepOptions {
    SweepOptions {
        threads,
        timed_queries: 300,
        repetitions: 2,
        timed_seconds: 0.25,
    }
}

/// Measures the operating points of a segment with queries that are none of its rows.
///
/// # Errors
/// If there are fewer than [`LEAST_QUERIES`] queries, they do not fit the segment, or the watcher asks to stop.
pub fn tune(
    segment: &Segment,
    held_out: &Queries,
    families: &[Family],
    options: &SweepOptions,
    watch: &Watch<'_>,
) -> Result<Tuned, TuneError> {
    if held_out.len() < LEAST_QUERIES {
        return Err(TuneError::TooFew {
            received: held_out.len(),
        });
    }
    let (choosing, measuring) = held_out.halves();
    let known = exact(segment, &choosing, options.threads, watch)?;
    let unseen = exact(segment, &measuring, options.threads, watch)?;
    // As many more as a query finds itself in.
    let k = RECALL_AT + held_out.most_own();
    let families = families.iter().map(|family| family.asking(k));
    let of_lists = |family: &Family| family.template.mode != Mode::Exact;
    let families: Vec<Family> = families.filter(of_lists).collect();
    let mut found = sweep(segment, &choosing, &known, &families, options, watch)?;
    found.extend(time_exact(segment, &choosing, k, options, watch)?);
    let mut points = Vec::with_capacity(found.len());
    for point in found {
        let recall = |queries: &Queries, truth: &Accepted| -> Result<Interval, TuneError> {
            if point.setting == Setting::Exact {
                return Ok(Interval::CERTAIN);
            }
            let params = point.setting.params(RECALL_AT);
            let params = SearchParams { k, ..params }.with_threads(options.threads);
            let found = segment.search_batch(queries.values(), &params, None);
            let found = others(found.map_err(SweepError::from)?, queries);
            Ok(Interval::of_mean(&truth.shares(&found), RECALL_AT))
        };
        let (choosing_recall_at_10, recall_at_10) =
            (recall(&choosing, &known)?, recall(&measuring, &unseen)?);
        watch.advance(1).map_err(SweepError::from)?;
        points.push(OperatingPoint {
            setting: point.setting,
            recall_at_10,
            choosing_recall_at_10,
            latency_us: 1e6 / point.single_qps,
            latency_p99_us: point.single_p99_us,
            resident_bytes: resident_bytes(segment, point.setting),
        });
    }
    points.sort_by(|a, b| a.recall_at_10.mean.total_cmp(&b.recall_at_10.mean));
    Ok(Tuned {
        segment: checksum(segment),
        queries: choosing.len(),
        points,
    })
}

/// What searches with a setting read again and again: codes or narrowed rows with the centroids, or the whole file.
fn resident_bytes(segment: &Segment, setting: Setting) -> u64 {
    let [rows, lists, dim] = [segment.len(), segment.lists(), segment.dim()].map(|n| n as u64);
    match (setting, segment.codes(), segment.narrow()) {
        (Setting::Exact, ..) => segment.bytes(),
        (_, Some(codes), _) => coded_bytes(rows, lists, &codes),
        (_, _, Some(narrow)) => {
            let row = cost::narrow_resident_bytes(dim, narrow, segment.metric());
            rows * row + 4 * lists * dim
        }
        _ => segment.bytes(),
    }
}

/// Bytes of the codes of so many rows in so many lists, with the lists' centroids and half-empty blocks.
pub(crate) fn coded_bytes(rows: u64, lists: u64, codes: &Codes) -> u64 {
    let [scan, refine] = [codes.scan_dims, codes.refine_dims].map(|dims| dims as u64);
    let row = cost::resident_bytes(scan, refine, codes.refine_bits.into());
    rows * row + lists * (16 * cost::code_bytes(scan) + 4 * scan)
}

/// Of what a segment is: its numbers, and up to 256 rows spread over it, with their labels.
pub(super) fn checksum(segment: &Segment) -> u64 {
    let shape = format!(
        "{} {} {} {} {:?} {}",
        segment.len(),
        segment.dim(),
        segment.metric(),
        segment.lists(),
        segment.codes(),
        segment.bytes()
    );
    let mut hasher = Xxh3::new();
    hasher.update(shape.as_bytes());
    for row in (0..segment.len()).step_by((segment.len() / 256).max(1)) {
        hasher.update(&segment.labels()[row].to_le_bytes());
        for value in segment.row(row).iter() {
            hasher.update(&value.to_le_bytes());
        }
    }
    hasher.digest()
}

/// Fewer queries than this cannot tell one setting from another.
pub const LEAST_QUERIES: usize = 40;

fn exact(
    segment: &Segment,
    queries: &Queries,
    threads: usize,
    watch: &Watch<'_>,
) -> Result<Accepted, TuneError> {
    let params = SearchParams::exact(RECALL_AT + queries.most_own()).with_threads(threads);
    let mut truth: Vec<Found> = Vec::new();
    for some in queries.values().chunks(64 * segment.dim()) {
        let found = segment.search_batch(some, &params, None);
        truth.extend(found.map_err(SweepError::from)?);
        watch.advance(0).map_err(SweepError::from)?;
    }
    Ok(Accepted::of(&others(truth, queries)))
}

/// Why nothing was tuned.
#[derive(Debug, thiserror::Error)]
pub enum TuneError {
    /// Too few queries to tell settings apart.
    #[error("{received} queries are too few to tune with, expected at least {LEAST_QUERIES}")]
    TooFew {
        /// The number received.
        received: usize,
    },
    /// The measurement failed.
    #[error(transparent)]
    Sweep(#[from] SweepError),
}
