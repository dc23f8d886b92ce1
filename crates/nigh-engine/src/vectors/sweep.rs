//! Measuring the operating points of an index.

use std::ops::RangeInclusive;

use nigh_index::{Grid, GridHash, GridSearch, IvfSearch, Mode, SearchError, SearchParams, Segment};
use serde::{Deserialize, Serialize, Serializer};

pub use self::measured::Measured;
use self::timing::time_all;
use super::queries::Queries;
use super::recall::{Accepted, RECALL_AT, others};
use super::stopwatch::{ClockError, Stopwatch};
use super::watch::{Stopped, Watch};

mod measured;
mod refine;
mod timing;

/// Settings that differ in the number of lists (or buckets) read, and in nothing else.
#[derive(Clone, Debug, PartialEq)]
pub struct Family<P = SearchParams> {
    /// The setting, with any number.
    pub template: P,
    /// The numbers of lists to try: 1 to 1 for settings that read no lists.
    pub nprobe: RangeInclusive<usize>,
}

impl Family<GridSearch> {
    /// From one bucket to all of them.
    pub fn grid(grid: &Grid) -> Family<GridSearch> {
        Family {
            template: GridSearch::new(RECALL_AT, 1),
            nprobe: 1..=grid.tables() << grid.bits(),
        }
    }

    /// One number of buckets.
    pub fn probes(probes: usize) -> Family<GridSearch> {
        Family {
            template: GridSearch::new(RECALL_AT, probes),
            nprobe: probes..=probes,
        }
    }
}

impl Family {
    /// One setting as it is.
    pub fn single(params: SearchParams) -> Family {
        let nprobe = match params.mode {
            Mode::Exact => 1,
            Mode::Ivf(ivf) => ivf.nprobe,
        };
        Family {
            template: params,
            nprobe: nprobe..=nprobe,
        }
    }

    /// From one list to all of them.
    pub fn ivf(lists: usize) -> Family {
        Family {
            template: SearchParams::ivf(RECALL_AT, 1),
            nprobe: 1..=lists,
        }
    }

    /// Searches of codes: some margins and rescoring depths, each from one list to an eighth of them, or all if they are few.
    fn coded(lists: usize, margins: &[f32], rescores: &[usize]) -> Vec<Family> {
        let knobs = margins
            .iter()
            .flat_map(|&margin| rescores.iter().map(move |&rescore| (margin, rescore)));
        knobs
            .map(|(margin, rescore)| Family {
                template: SearchParams {
                    mode: Mode::Ivf(IvfSearch {
                        margin,
                        rescore,
                        ..IvfSearch::default()
                    }),
                    ..SearchParams::ivf(RECALL_AT, 1)
                },
                nprobe: 1..=lists.div_ceil(8).max(lists.min(LISTS_TRIED)),
            })
            .collect()
    }

    /// Scans of the codes of all rows, whichever list they are in: some margins and rescoring depths. None if rows are not coded.
    pub fn rough(segment: &Segment) -> Vec<Family> {
        let lists = segment.lists();
        let everywhere = |family| Family {
            nprobe: lists..=lists,
            ..family
        };
        let families = segment.codes().map_or_else(Vec::new, |_| {
            Family::coded(lists, &SOME_MARGINS, &SOME_RESCORES)
        });
        families.into_iter().map(everywhere).collect()
    }

    /// All settings of a segment that are worth measuring.
    pub fn all_of(segment: &Segment) -> Vec<Family> {
        Family::with_knobs(segment, &MARGINS, &RESCORES)
    }

    /// A few of these: their best is some percent slower, and they are measured in a third of the time.
    pub fn some_of(segment: &Segment) -> Vec<Family> {
        Family::with_knobs(segment, &SOME_MARGINS, &SOME_RESCORES)
    }

    fn with_knobs(segment: &Segment, margins: &[f32], rescores: &[usize]) -> Vec<Family> {
        match segment.lists() {
            1 => vec![Family::exact()],
            lists if segment.codes().is_some() => Family::coded(lists, margins, rescores),
            lists => vec![Family::ivf(lists)],
        }
    }

    /// The same, asking for `k` rows.
    pub(super) fn asking(&self, k: usize) -> Family {
        Family {
            template: SearchParams { k, ..self.template },
            nprobe: self.nprobe.clone(),
        }
    }

    /// The exact search.
    pub fn exact() -> Family {
        Family::single(SearchParams::exact(RECALL_AT))
    }
}

/// A setting as it is printed and kept.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "lowercase")]
pub enum Setting {
    /// Every row is compared.
    Exact,
    /// Some lists are; see [`IvfSearch`].
    Ivf {
        /// Lists to visit.
        nprobe: usize,
        /// Standard errors that a code may be off by.
        #[serde(serialize_with = "as_written")]
        margin: f32,
        /// Rows compared exactly in the end.
        rescore: usize,
        /// The farthest that a list may lie; none for any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reach: Option<f32>,
    },
}

/// As people read it.
impl std::fmt::Display for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Setting::Exact => f.write_str("exact"),
            Setting::Ivf {
                nprobe,
                margin,
                rescore,
                ..
            } => write!(f, "nprobe {nprobe}, margin {margin}, rescore {rescore}"),
        }
    }
}

/// An f32 as its shortest decimal: widened to f64 it would be printed with digits that mean nothing.
fn as_written<S: Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    let decimal: f64 = value
        .to_string()
        .parse()
        .unwrap_or_else(|_| f64::from(*value));
    serializer.serialize_f64(decimal)
}

impl Setting {
    /// That of a search.
    pub fn of(params: &SearchParams) -> Setting {
        match params.mode {
            Mode::Exact => Setting::Exact,
            Mode::Ivf(ivf) => Setting::Ivf {
                nprobe: ivf.nprobe,
                margin: ivf.margin,
                rescore: ivf.rescore,
                reach: ivf.reach.is_finite().then_some(ivf.reach),
            },
        }
    }

    /// The same with another number of rows compared exactly, where one is given and some are.
    pub(crate) fn comparing(self, rows: Option<usize>) -> Setting {
        match (self, rows) {
            (
                Setting::Ivf {
                    nprobe,
                    margin,
                    reach,
                    ..
                },
                Some(rescore),
            ) => Setting::Ivf {
                nprobe,
                margin,
                rescore,
                reach,
            },
            (setting, _) => setting,
        }
    }

    /// A search for `k` rows on one thread. More than the ten that settings are measured with are rescored in proportion.
    pub fn params(self, k: usize) -> SearchParams {
        match self {
            Setting::Exact => SearchParams::exact(k),
            Setting::Ivf {
                nprobe,
                margin,
                rescore,
                reach,
            } => SearchParams {
                mode: Mode::Ivf(IvfSearch {
                    nprobe,
                    margin,
                    rescore: rescore.max(rescore.saturating_mul(k) / RECALL_AT),
                    reach: reach.unwrap_or(f32::INFINITY),
                }),
                ..SearchParams::exact(k)
            },
        }
    }
}

/// A setting of a grid as it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "mode", rename = "grid")]
pub struct GridSetting {
    /// The kind of hash functions.
    #[serde(serialize_with = "hash_name")]
    pub hash: GridHash,
    /// Tables.
    pub tables: usize,
    /// Bits of a bucket's code.
    pub bits: u32,
    /// Buckets to look into, over all tables.
    pub probes: usize,
}

fn hash_name<S: serde::Serializer>(hash: &GridHash, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match hash {
        GridHash::Hyperplane => "hyperplane",
        GridHash::CrossPolytope => "cross-polytope",
    })
}

/// Margins of the sign codes that a sweep tries, in standard errors.
const MARGINS: [f32; 3] = [0.3, 0.6, 1.0];

/// Rows compared exactly that a sweep tries.
const RESCORES: [usize; 5] = [12, 16, 24, 40, 80];

/// Where there are no more lists than this, all may be visited.
const LISTS_TRIED: usize = 64;

/// What tuning tries of these.
const SOME_MARGINS: [f32; 2] = [0.4, 0.8];
const SOME_RESCORES: [usize; 3] = [16, 32, 80];

/// How points are measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SweepOptions {
    /// Threads of a search.
    pub threads: usize,
    /// Queries that are timed, the first of all; recall is that of all.
    pub timed_queries: usize,
    /// Times each is timed; the least counts.
    pub repetitions: usize,
    /// Seconds after which timing one setting ends each time, with fewer queries then: an exact search of much data is slow.
    pub timed_seconds: f64,
}

impl Default for SweepOptions {
    fn default() -> SweepOptions {
        SweepOptions {
            threads: 1,
            timed_queries: 1000,
            repetitions: 3,
            timed_seconds: 30.0,
        }
    }
}

/// A setting and what it reaches.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point<S = Setting> {
    /// The mean share of the ten nearest that it finds, over all queries.
    pub recall_at_10: f64,
    /// Queries per CPU second, one query a call.
    pub single_qps: f64,
    /// Queries per CPU second, all in one call.
    pub batch_qps: f64,
    /// The 99th percentile of the time of one query by the clock, in microseconds.
    pub single_p99_us: f64,
    /// The setting.
    #[serde(rename = "params")]
    pub setting: S,
    /// Queries per second by the clock, one query a call.
    pub single_qps_wall: f64,
    /// Queries per second by the clock, all in one call.
    pub batch_qps_wall: f64,
}

/// Measures the settings of all families of an index and returns those that no other beats by more than 5 % of speed,
/// by rising recall.
///
/// Recall is measured over all queries, for 1, 2, 4… lists up to where everything is found, and then
/// between any two neighbours that are more than 0.01 of recall apart (0.004 near 0.90, 0.95 and
/// 0.99, a third of what is missed above) for as long as there is a number of lists between them. Only what is near the frontier by
/// that measurement is timed, all settings in turn in each repetition, so that a slow minute of the
/// machine meets all of them.
///
/// # Errors
/// If the queries do not fit the index, the clock cannot be read, or the watcher asks to stop.
pub fn sweep<I: Measured>(
    index: &I,
    queries: &Queries,
    accepted: &Accepted,
    families: &[Family<I::Params>],
    options: &SweepOptions,
    watch: &Watch<'_>,
) -> Result<Vec<Point<I::Setting>>, SweepError> {
    let mut measure = |params: I::Params| {
        watch.advance(1)?;
        let stopwatch = Stopwatch::start()?;
        let found = index.search_all(queries.values(), params, options.threads)?;
        let cost = stopwatch.lap()?.cpu;
        let recall = accepted.recall(&others(found, queries));
        Ok(refine::Reached { recall, cost })
    };
    // The first search of all meets cold memory: its cost would mislead.
    if let Some(family) = families.first() {
        measure(I::at(family.template, *family.nprobe.start()))?;
    }
    let settings = refine::settings::<I>(families, &mut measure)?;
    let points = time_all(index, queries, &settings, options, watch)?;
    Ok(frontier(points))
}

/// The exact search for `k` rows, which finds everything: only its time is measured.
pub(super) fn time_exact(
    segment: &Segment,
    queries: &Queries,
    k: usize,
    options: &SweepOptions,
    watch: &Watch<'_>,
) -> Result<Vec<Point>, SweepError> {
    time_all(
        segment,
        queries,
        &[(SearchParams::exact(k), 1.0)],
        options,
        watch,
    )
}

/// How much faster another must be to beat a point: less is noise, and would leave gaps.
const FASTER: f64 = 1.05;

/// Those that no other beats, by rising recall.
fn frontier<S: Clone>(mut points: Vec<Point<S>>) -> Vec<Point<S>> {
    let all = points.clone();
    points.retain(|point| !all.iter().any(|other| beats(other, point)));
    points.sort_by(|a, b| a.recall_at_10.total_cmp(&b.recall_at_10));
    points
}

fn beats<S>(one: &Point<S>, other: &Point<S>) -> bool {
    one.recall_at_10 >= other.recall_at_10
        && one.single_qps > FASTER * other.single_qps
        && one.batch_qps > FASTER * other.batch_qps
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The queries do not fit the index.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The time cannot be told.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// Asked to stop.
    #[error("the measurement is not complete")]
    Stopped(#[from] Stopped),
}
