//! What an index costs on this machine, measured on the index itself.

use std::path::{Path, PathBuf};
use std::{fs, io};

use nigh_index::cost::{BuildCost, SearchCost, build_distances, coded_build_work};
use nigh_index::{IvfConfig, Mode, OpenError, SearchError, SearchParams, Segment, Verification};
use serde::{Deserialize, Serialize};

use crate::publish::write_atomically;

use super::recall::RECALL_AT;
use super::stopwatch::{ClockError, Stopwatch};
use super::tune::checksum;

/// The costs of one index on the machine that measured them, for planning: see [`SearchCost`] and [`BuildCost`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FittedCosts {
    /// Which segment it was measured on: see [`Tuned::segment`](super::Tuned).
    pub segment: u64,
    /// Microseconds of a search of lists, beside the lists.
    pub fixed_us: f64,
    /// Microseconds of each list visited.
    pub probe_us: f64,
    /// Microseconds of each row of an exact search.
    pub exact_row_us: f64,
    /// Microseconds of each of few rows that pass a filter.
    pub picked_row_us: f64,
    /// CPU seconds of building, for a billion multiplications.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_seconds_per_billion: Option<f64>,
}

impl FittedCosts {
    /// What was measured of the index in this file, if it was, on this index, and can be read.
    pub fn of(index: &Path, segment: &Segment) -> Option<FittedCosts> {
        let costs: FittedCosts = serde_json::from_slice(&fs::read(place(index)).ok()?).ok()?;
        (costs.segment == checksum(segment)).then_some(costs)
    }

    /// Keeps it beside the index's file.
    pub(crate) fn keep(&self, index: &Path) -> io::Result<()> {
        write_atomically(&place(index), &serde_json::to_vec_pretty(self)?)
    }

    /// What searches take.
    pub fn search(&self) -> SearchCost {
        SearchCost {
            fixed_us: self.fixed_us,
            probe_us: self.probe_us,
            exact_row_us: self.exact_row_us,
            picked_row_us: self.picked_row_us,
        }
    }

    /// What building takes, if it was measured.
    pub fn build(&self) -> Option<BuildCost> {
        let seconds_per_billion = self.build_seconds_per_billion?;
        Some(BuildCost {
            seconds_per_billion,
        })
    }
}

/// Opens an index with its costs, if they were measured. Every byte is checked up to [`CHECKED_BYTES`]; of a longer file the structure
/// is, so that it opens in milliseconds whatever its length.
///
/// # Errors
/// As for [`Segment::open_with`].
pub fn open_segment(path: &Path) -> Result<Segment, OpenError> {
    let is_long = fs::metadata(path).is_ok_and(|file| file.len() > CHECKED_BYTES);
    let verification = match is_long {
        true => Verification::Structure,
        false => Verification::Full,
    };
    let segment = Segment::open_with(path, verification)?;
    Ok(match FittedCosts::of(path, &segment) {
        Some(costs) => segment.with_cost(costs.search()),
        None => segment,
    })
}

/// Checked in a few hundredths of a second where it is in memory.
pub const CHECKED_BYTES: u64 = 256 << 20;

/// `FILE.cost.json`.
fn place(index: &Path) -> PathBuf {
    let mut name = index.as_os_str().to_owned();
    name.push(".cost.json");
    name.into()
}

/// The multiplications that building an index like this takes.
pub fn build_work(segment: &Segment, ivf: &IvfConfig) -> f64 {
    let [rows, dim] = [segment.len(), segment.dim()].map(|n| n as u64);
    match segment.codes() {
        Some(codes) => {
            let dims = (codes.scan_dims as u64, codes.refine_dims as u64);
            coded_build_work(rows, dim, dims, ivf)
        }
        None => build_distances(rows, ivf) as f64 * dim as f64,
    }
}

/// Times a few searches of an index for its own rows, on one thread; none if it has few lists or none. Takes about as long as reading the
/// file a dozen times, or once if it is longer than [`CHECKED_BYTES`].
///
/// `build_seconds` are the CPU seconds that building it took, and `ivf` how it was built, where these are known.
///
/// # Errors
/// If the clock cannot be read.
pub fn fit_costs(
    segment: &Segment,
    built: Option<(f64, &IvfConfig)>,
) -> Result<Option<FittedCosts>, FitError> {
    if segment.lists() < 2 * LISTS_TRIED[1] {
        return Ok(None);
    }
    let queries = own_rows(segment, QUERIES);
    let mut searches = Vec::new();
    for nprobe in LISTS_TRIED
        .into_iter()
        .filter(|&n| n <= segment.lists() / 2)
    {
        let params = SearchParams::ivf(RECALL_AT, nprobe);
        searches.push((nprobe, time(segment, &queries, &params, 1)?));
    }
    let exact_queries = match segment.bytes() > CHECKED_BYTES {
        true => 1,
        false => EXACT_QUERIES.min(queries.len() / segment.dim()),
    };
    let few = &queries[..exact_queries * segment.dim()];
    let exact = SearchParams::exact(RECALL_AT);
    let all_us = time(segment, few, &exact, 1)?;
    let picked_us = time(segment, few, &exact, PICKED_STEP)?;
    let picked = segment.len().div_ceil(PICKED_STEP) as f64;
    let cost = SearchCost::fit(&searches, all_us / segment.len() as f64, picked_us / picked);
    Ok(cost.map(|cost| FittedCosts {
        segment: checksum(segment),
        fixed_us: cost.fixed_us,
        probe_us: cost.probe_us,
        exact_row_us: cost.exact_row_us,
        picked_row_us: cost.picked_row_us,
        build_seconds_per_billion: built.map(|(seconds, ivf)| {
            BuildCost::fit(seconds, build_work(segment, ivf)).seconds_per_billion
        }),
    }))
}

/// Lists visited by the searches that are timed.
const LISTS_TRIED: [usize; 5] = [1, 4, 16, 64, 256];

/// Searches of lists that are timed at each number of lists, and exact ones.
const QUERIES: usize = 64;
const EXACT_QUERIES: usize = 4;

/// Every so many-th row is allowed where the cost of few rows is measured: more than a cache holds, where rows are many.
const PICKED_STEP: usize = 16;

/// The least of this many measurements counts.
const REPETITIONS: usize = 3;

fn own_rows(segment: &Segment, count: usize) -> Vec<f32> {
    let step = (segment.len() / count).max(1);
    let rows = (0..segment.len()).step_by(step).take(count);
    rows.flat_map(|row| segment.row(row).into_owned()).collect()
}

/// CPU microseconds of one query, with every `step`-th row allowed.
fn time(
    segment: &Segment,
    queries: &[f32],
    params: &SearchParams,
    step: usize,
) -> Result<f64, FitError> {
    let mut position = 0;
    let every = |_| {
        position += 1;
        (position - 1) % step == 0
    };
    let allowed = (step > 1).then(|| segment.allow(every));
    let count = (queries.len() / segment.dim()).max(1);
    let mut least = f64::INFINITY;
    let long = params.mode == Mode::Exact && segment.bytes() > CHECKED_BYTES;
    for _ in 0..if long { 1 } else { REPETITIONS } {
        let stopwatch = Stopwatch::start()?;
        for query in queries.chunks_exact(segment.dim()) {
            segment.search(query, params, allowed.as_ref())?;
        }
        least = least.min(stopwatch.lap()?.cpu);
    }
    Ok(1e6 * least / count as f64)
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
    /// The time cannot be told.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// A row of the index is no query: a defect in nigh.
    #[error(transparent)]
    Search(#[from] SearchError),
}
