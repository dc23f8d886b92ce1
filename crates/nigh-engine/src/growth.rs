//! How searches slow down as a catalog grows: strategies measured on 1/16, 1/8 … and all of it, each at the same recall, and the power law
//! that each follows.

use std::path::{Path, PathBuf};
use std::time::Instant;

use nigh_index::{
    BuildError, Codec, Grid, GridBuildError, GridConfig, GridOpenError, IvfConfig, Metric,
    OpenError, PushError, RaBitQConfig, SearchError, Segment, SegmentBuilder, SegmentConfig,
    Vectors, build_grid,
};
use serde::Serialize;
use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64_with_seed;

pub use self::fit::PowerLaw;
use crate::catalog::{Catalog, OpenCatalogError};
use crate::label::place;
use crate::vectors::{
    Accepted, ClockError, Family, Measured, Queries, RECALL_AT, Stopped, Stopwatch, SweepError,
    SweepOptions, Watch, others, sweep,
};

mod fit;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GrowthOptions {
    /// The mean share of the ten nearest that a strategy has to find.
    pub recall: f64,
    /// At most so many images of the catalog.
    pub images: usize,
    /// Images that are asked for their neighbours and left out of what is searched: half of them choose settings, half measure recall.
    pub queries: usize,
    /// Which images these are, and which make the smaller sizes.
    pub seed: u64,
}

impl Default for GrowthOptions {
    fn default() -> Self {
        Self {
            recall: 0.95,
            images: usize::MAX,
            queries: 400,
            seed: 0,
        }
    }
}

/// A way to find the nearest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Every embedding is compared.
    Scan,
    /// The one-bit codes of all embeddings are compared, and the most promising embeddings after them.
    Rough,
    /// Embeddings in the query's buckets of a grid hash are compared.
    Grid,
    /// Embeddings of the nearest inverted lists are compared.
    Ivf,
    /// Lists, then codes, then embeddings: what a catalog's index does.
    Staged,
}

impl Strategy {
    /// In the order of the field's history.
    pub const ALL: [Strategy; 5] = [
        Strategy::Scan,
        Strategy::Rough,
        Strategy::Grid,
        Strategy::Ivf,
        Strategy::Staged,
    ];

    /// As people say it.
    pub fn name(self) -> &'static str {
        match self {
            Strategy::Scan => "scan",
            Strategy::Rough => "rough filter",
            Strategy::Grid => "grid hash",
            Strategy::Ivf => "IVF",
            Strategy::Staged => "staged",
        }
    }
}

/// What was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Growth {
    /// Numbers of an embedding.
    pub dimension: usize,
    /// The recall that was asked for.
    pub recall: f64,
    /// Queries that measured it; as many others chose the settings.
    pub queries: usize,
    /// A curve for each strategy.
    pub curves: Vec<Curve>,
}

/// One strategy at all sizes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curve {
    /// Which one.
    pub strategy: Strategy,
    /// By rising size.
    pub points: Vec<GrowthPoint>,
    /// The law that its time follows, where three sizes or more reached the recall.
    pub time: Option<PowerLaw>,
}

/// One strategy at one size, with the fastest setting that reaches the recall.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GrowthPoint {
    /// Images that are searched.
    pub images: usize,
    /// Mean CPU microseconds of a query of the measuring half on one thread.
    pub latency_us: f64,
    /// The mean share of the ten nearest that the measuring half found.
    pub recall_at_10: f64,
    /// Whether the choosing half found as much as was asked for. Where no setting does, this is the one that finds most.
    pub reaches: bool,
    /// Embeddings or codes that a query was compared with, on average.
    pub compared: f64,
    /// Bytes of the index.
    pub bytes: u64,
    /// CPU seconds of building it.
    pub build_seconds: f64,
    /// The setting.
    pub setting: serde_json::Value,
}

/// Why nothing was measured.
#[derive(Debug, Error)]
pub enum GrowthError {
    /// The catalog cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenCatalogError),
    /// There is too little in it.
    #[error(
        "the collection has {0} published images; how searches slow down shows from {LEAST_IMAGES} on: import more first"
    )]
    TooFew(usize),
    /// An index could not be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A grid could not be built.
    #[error(transparent)]
    BuildGrid(#[from] GridBuildError),
    /// An index that was built cannot be opened.
    #[error(transparent)]
    Segment(#[from] OpenError),
    /// A grid that was built cannot be opened.
    #[error(transparent)]
    Grid(#[from] GridOpenError),
    /// An embedding is not one.
    #[error(transparent)]
    Embedding(#[from] PushError),
    /// A search failed.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// A measurement failed.
    #[error(transparent)]
    Sweep(#[from] SweepError),
    /// The time cannot be told.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// A strategy has no setting: a defect in nigh.
    #[error("no setting was measured")]
    NothingMeasured,
    /// A setting cannot be written down: a defect in nigh.
    #[error(transparent)]
    Setting(#[from] serde_json::Error),
    /// There is no room for the indexes that are measured.
    #[error("cannot write to {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It was asked to stop.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// Fewer images than this say nothing about many.
pub const LEAST_IMAGES: usize = 2_000;
/// The smallest size is this part of the largest.
const SMALLEST: usize = 16;

/// Measures every [`Strategy`] on doubling parts of the catalog at `dir`. The indexes are built in the collection's folder and removed;
/// nothing else is written. Images newer than the published view are left out.
///
/// # Errors
/// See [`GrowthError`].
pub fn growth(
    dir: &Path,
    options: &GrowthOptions,
    watch: &Watch<'_>,
) -> Result<Growth, GrowthError> {
    let catalog = Catalog::open(dir)?;
    let segment = catalog.segment().ok_or(GrowthError::TooFew(0))?;
    if segment.len() < LEAST_IMAGES {
        return Err(GrowthError::TooFew(segment.len()));
    }
    let folder = tempfile::Builder::new()
        .prefix("growth-")
        .tempdir_in(dir)
        .map_err(|source| GrowthError::Folder {
            path: dir.to_owned(),
            source,
        })?;
    let (queries, base) = split(&segment, options);
    let (choosing, measuring) = queries.halves();
    let mut measurement = Measurement {
        segment: &segment,
        folder: folder.path(),
        recall: options.recall,
        choosing,
        measuring,
        watch,
    };
    let mut curves = Strategy::ALL.map(|strategy| (strategy, Vec::new()));
    let mut size = base.len().div_ceil(SMALLEST);
    loop {
        measurement.size(&base[..size], &mut curves)?;
        if size == base.len() {
            break;
        }
        size = (2 * size).min(base.len());
    }
    let curve = |(strategy, points): (Strategy, Vec<GrowthPoint>)| {
        let reached = points.iter().filter(|point| point.reaches);
        let reached: Vec<(f64, f64)> = reached
            .map(|point| (point.images as f64, point.latency_us))
            .collect();
        Curve {
            time: PowerLaw::fit(&reached),
            strategy,
            points,
        }
    };
    Ok(Growth {
        dimension: segment.dim(),
        recall: options.recall,
        queries: measurement.measuring.len(),
        curves: curves.into_iter().map(curve).collect(),
    })
}

/// Queries, and the rows that are searched, in an order any part of which is a sample. All images of an item are on one side: they are near
/// to each other, and would make the search for one easy.
fn split(segment: &Segment, options: &GrowthOptions) -> (Queries, Vec<usize>) {
    let labels = segment.labels();
    let item = |row: &usize| place(labels[*row]);
    let hash = |row: &usize| {
        (
            xxh3_64_with_seed(&item(row).to_le_bytes(), options.seed),
            *row,
        )
    };
    let mut order: Vec<usize> = (0..segment.len()).collect();
    order.sort_by_cached_key(hash);
    let mut count = options.queries.min(segment.len() / 10);
    while count > 0 && count < order.len() && item(&order[count]) == item(&order[count - 1]) {
        count += 1;
    }
    let base = order.split_off(count);
    let values = order
        .iter()
        .flat_map(|&row| segment.row(row).into_owned())
        .collect();
    let path = Path::new("the collection");
    let queries = Queries::from_rows(path, segment.dim(), values, Vec::new());
    let most = options.images.max(LEAST_IMAGES).min(base.len());
    (queries, base[..most].to_vec())
}

/// What all sizes share.
struct Measurement<'a> {
    segment: &'a Segment,
    folder: &'a Path,
    recall: f64,
    choosing: Queries,
    measuring: Queries,
    watch: &'a Watch<'a>,
}

/// How settings are timed.
const TIMED: SweepOptions = SweepOptions {
    threads: 1,
    timed_queries: 200,
    repetitions: 3,
    timed_seconds: 0.5,
};

impl Measurement<'_> {
    /// Measures all strategies on these rows, one index after another.
    fn size(
        &mut self,
        rows: &[usize],
        curves: &mut [(Strategy, Vec<GrowthPoint>); 5],
    ) -> Result<(), GrowthError> {
        let mut points = Vec::with_capacity(curves.len());
        let codes = Codec::RaBitQ(RaBitQConfig::default());
        let coded = self.lists(rows, codes)?;
        let index = &coded.index;
        let truths = [
            self.truth(index, &self.choosing)?,
            self.truth(index, &self.measuring)?,
        ];
        let plain = Indexed {
            index: index.clone(),
            images: rows.len(),
            bytes: 4 * (rows.len() * self.segment.dim()) as u64,
            build_seconds: 0.0,
        };
        let scan = self.point(&plain, &[Family::exact()], &truths)?;
        let rough = self.point(&coded, &Family::rough(index), &truths)?;
        let staged = self.point(&coded, &Family::some_of(index), &truths)?;
        drop((coded, plain));
        let flat = self.lists(rows, Codec::F32)?;
        let ivf = self.point(&flat, &Family::some_of(&flat.index), &truths)?;
        drop(flat);
        let grid = self.grid(rows)?;
        let hashed = self.point(&grid, &[Family::grid(&grid.index)], &truths)?;
        points.extend([scan, rough, hashed, ivf, staged]);
        for ((_, curve), point) in curves.iter_mut().zip(points) {
            curve.push(point);
        }
        Ok(())
    }

    /// The rows in lists, and the CPU seconds that building them took.
    fn lists(&self, rows: &[usize], codec: Codec) -> Result<Indexed<Segment>, GrowthError> {
        let path = self.folder.join("lists");
        let ivf = Some(IvfConfig {
            codec,
            ..IvfConfig::default()
        });
        let config = SegmentConfig { sequence: 0, ivf };
        let stopwatch = Stopwatch::start()?;
        let dim = self.segment.dim();
        let mut builder = SegmentBuilder::create(&path, dim, Metric::Cosine, config)?;
        for (label, &row) in rows.iter().enumerate() {
            builder.push(label as u64, &self.segment.row(row))?;
        }
        self.watch.advance(1)?;
        builder.finish()?;
        let build_seconds = stopwatch.lap()?.cpu;
        self.watch.advance(1)?;
        let index = self.opened(&path, Segment::open)?;
        Ok(Indexed {
            bytes: index.bytes(),
            images: rows.len(),
            index,
            build_seconds,
        })
    }

    /// The same in a grid; all rows are in memory meanwhile.
    fn grid(&self, rows: &[usize]) -> Result<Indexed<Grid>, GrowthError> {
        let path = self.folder.join("grid");
        let stopwatch = Stopwatch::start()?;
        let mut vectors = Vectors::new(self.segment.dim(), Metric::Cosine);
        for (label, &row) in rows.iter().enumerate() {
            vectors.push(label as u64, &self.segment.row(row))?;
        }
        build_grid(&path, &vectors, &GridConfig::default())?;
        let build_seconds = stopwatch.lap()?.cpu;
        self.watch.advance(1)?;
        let index = self.opened(&path, Grid::open)?;
        Ok(Indexed {
            bytes: index.bytes(),
            images: rows.len(),
            index,
            build_seconds,
        })
    }

    /// Opens what was built; its name is free again then.
    fn opened<T, E>(
        &self,
        path: &Path,
        open: impl FnOnce(&Path) -> Result<T, E>,
    ) -> Result<T, GrowthError>
    where
        GrowthError: From<E>,
    {
        let opened = open(path)?;
        std::fs::remove_file(path).map_err(|source| GrowthError::Folder {
            path: path.to_owned(),
            source,
        })?;
        Ok(opened)
    }

    fn truth(&self, segment: &Segment, queries: &Queries) -> Result<Accepted, GrowthError> {
        let params = nigh_index::SearchParams::exact(RECALL_AT);
        let found = segment.search_batch(queries.values(), &params, None)?;
        self.watch.advance(1)?;
        Ok(Accepted::of(&found))
    }

    /// The fastest setting of these that reaches the recall by the choosing half; recall and time of it are the other half's, which had no
    /// part in the choice.
    fn point<I: Measured>(
        &self,
        of: &Indexed<I>,
        families: &[Family<I::Params>],
        [chosen_by, measured_by]: &[Accepted; 2],
    ) -> Result<GrowthPoint, GrowthError> {
        let (index, watch) = (&of.index, self.watch);
        let points = sweep(index, &self.choosing, chosen_by, families, &TIMED, watch)?;
        let reaching = points
            .iter()
            .filter(|point| point.recall_at_10 >= self.recall);
        let fastest = reaching.max_by(|a, b| a.single_qps.total_cmp(&b.single_qps));
        // Points come by rising recall.
        let best = fastest
            .or(points.last())
            .ok_or(GrowthError::NothingMeasured)?;
        let params = I::params(&best.setting, RECALL_AT);
        let latency_us = self.time(index, params)?;
        let found = index.search_all(self.measuring.values(), params, 1)?;
        let compared: usize = found
            .iter()
            .map(|found| found.distances + found.rescored)
            .sum();
        Ok(GrowthPoint {
            images: of.images,
            latency_us,
            compared: compared as f64 / self.measuring.len().max(1) as f64,
            recall_at_10: measured_by.recall(&others(found, &self.measuring)),
            reaches: fastest.is_some(),
            bytes: of.bytes,
            build_seconds: of.build_seconds,
            setting: serde_json::to_value(&best.setting)?,
        })
    }

    /// CPU microseconds of a query of the measuring half: the least of some turns.
    fn time<I: Measured>(&self, index: &I, params: I::Params) -> Result<f64, GrowthError> {
        let mut least = f64::INFINITY;
        for _ in 0..TIMED.repetitions {
            let (stopwatch, begun) = (Stopwatch::start()?, Instant::now());
            let mut searched = 0;
            for query in self.measuring.values().chunks_exact(self.segment.dim()) {
                index.search_one(query, params, 1)?;
                searched += 1;
                if begun.elapsed().as_secs_f64() > TIMED.timed_seconds {
                    break;
                }
            }
            self.watch.advance(1)?;
            least = least.min(1e6 * stopwatch.lap()?.cpu / f64::from(searched.max(1)));
        }
        Ok(least)
    }
}

/// An index that was built to be measured.
struct Indexed<I> {
    index: I,
    images: usize,
    bytes: u64,
    build_seconds: f64,
}
