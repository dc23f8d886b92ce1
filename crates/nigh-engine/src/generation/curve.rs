//! What shorter embeddings cost in quality and save in bytes and time, measured on the catalog itself.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use cpu_time::ThreadTime;
use nigh_index::{
    BuildError, IvfConfig, Metric, Neighbor, PrincipalAxes, Reduction, ReductionMethod,
    SearchError, SearchParams, SecondMoments, Segment, SegmentBuilder, SegmentConfig, VectorError,
    is_held_out,
};
use nigh_store::Precision;
use serde::Serialize;
use thiserror::Error;

use crate::catalog::{Catalog, OpenCatalogError};
use crate::publish::{IVF_ITEMS, narrow_codec};
use crate::tuning::lists_within;
use crate::vectors::{ClockError, RECALL_AT, Stopped, Watch};

/// What is measured.
#[derive(Clone, Debug, PartialEq)]
pub struct CurveOptions {
    /// The ways to make embeddings shorter.
    pub methods: Vec<ReductionMethod>,
    /// The numbers of numbers; those that are not below the catalog's own are left out.
    pub dimensions: Vec<usize>,
    /// How the embeddings are kept; as they are where absent.
    pub precision: Option<Precision>,
    /// At most so many images of the catalog, spread over it.
    pub images: usize,
    /// So many of these are asked for their neighbours, themselves left out.
    pub queries: usize,
    /// The seed of a random rotation.
    pub seed: u64,
}

impl Default for CurveOptions {
    fn default() -> CurveOptions {
        CurveOptions {
            methods: ReductionMethod::ALL.to_vec(),
            dimensions: vec![512, 256, 128, 64],
            precision: None,
            images: 100_000,
            queries: 300,
            seed: 0,
        }
    }
}

/// One way to keep the embeddings, measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CurvePoint {
    /// `full`, `pca`, `random` or `truncate`.
    pub method: &'static str,
    /// Numbers of an embedding.
    pub dimension: usize,
    /// How they are kept.
    pub precision: Precision,
    /// The share of the ten nearest by the catalog's embeddings as they are, that comparing everything finds.
    pub recall_at_10: f64,
    /// Bytes of an image's embedding in the store.
    pub bytes_per_image: usize,
    /// Bytes of the index, for each of its images.
    pub index_bytes_per_image: f64,
    /// Median microseconds of one core to compare everything.
    pub exact_us: f64,
    /// The same share, and the same time, where an eighth of the index's lists is read; none where it has no lists.
    pub index_recall_at_10: Option<f64>,
    /// See above.
    pub index_us: Option<f64>,
}

/// Why nothing was measured.
#[derive(Debug, Error)]
pub enum CurveError {
    /// The catalog cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenCatalogError),
    /// There is too little in it.
    #[error(
        "the collection has {0} published images, too few to measure anything: import something first"
    )]
    TooFew(usize),
    /// An index could not be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// An index that was built cannot be opened.
    #[error(transparent)]
    Segment(#[from] nigh_index::OpenError),
    /// A search failed.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// An embedding is not one.
    #[error(transparent)]
    Vector(#[from] VectorError),
    /// The time cannot be told.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// There is no room for the indexes that are measured.
    #[error("cannot write to {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It was asked to stop.
    #[error("{0}")]
    Stopped(#[from] Stopped),
}

/// Measures what becomes of searches of the catalog at `dir` where its embeddings are made shorter or narrower: all numbers first, then
/// method by method. Builds an index for each in the collection's folder, and removes it; nothing else is written.
///
/// # Errors
/// See [`CurveError`].
pub fn curve(
    dir: &Path,
    options: &CurveOptions,
    watch: &Watch<'_>,
) -> Result<Vec<CurvePoint>, CurveError> {
    let catalog = Catalog::open(dir)?;
    let precision = options.precision.unwrap_or(catalog.precision());
    let segment = catalog.segment().ok_or(CurveError::TooFew(0))?;
    // The map stays; the store is free for others.
    drop(catalog);
    let measure = Measure::new(dir, segment, precision, options)?;
    let truth = measure.truth()?;
    let mut points = vec![measure.point("full", None, &truth)?];
    watch.advance(1)?;
    let axes = match options.methods.contains(&ReductionMethod::Pca) {
        true => Some(measure.axes(watch)?),
        false => None,
    };
    let from = measure.segment.dim();
    for &method in &options.methods {
        for &to in options.dimensions.iter().filter(|&&to| to < from) {
            let reduction = match (&axes, method) {
                (Some(axes), ReductionMethod::Pca) => Reduction::principal(axes, to),
                (_, ReductionMethod::Random) => Reduction::random(from, to, options.seed),
                _ => Reduction::truncated(from, to),
            };
            points.push(measure.point(method.name(), Some(&reduction), &truth)?);
            watch.advance(1)?;
        }
    }
    Ok(points)
}

/// What all points have in common.
struct Measure {
    folder: Folder,
    segment: Segment,
    precision: Precision,
    /// Rows of the segment.
    rows: Vec<usize>,
    queries: Vec<usize>,
}

/// The labels of each query's nearest.
type Nearest = Vec<Vec<u64>>;

impl Measure {
    fn new(
        dir: &Path,
        segment: Segment,
        precision: Precision,
        options: &CurveOptions,
    ) -> Result<Measure, CurveError> {
        if segment.len() <= RECALL_AT {
            return Err(CurveError::TooFew(segment.len()));
        }
        let step = segment.len().div_ceil(options.images.max(1));
        let rows: Vec<usize> = (0..segment.len()).step_by(step.max(1)).collect();
        // No centroid is trained on these.
        let held_out = |row: &&usize| is_held_out(segment.labels()[**row]);
        let mut queries: Vec<usize> = rows.iter().filter(held_out).copied().collect();
        if queries.len() < options.queries {
            queries.clone_from(&rows);
        }
        let step = queries.len().div_ceil(options.queries.max(1));
        let queries = queries.into_iter().step_by(step.max(1)).collect();
        Ok(Measure {
            folder: Folder::new(dir)?,
            segment,
            precision,
            rows,
            queries,
        })
    }

    fn axes(&self, watch: &Watch<'_>) -> Result<PrincipalAxes, CurveError> {
        let mut moments = SecondMoments::new(self.segment.dim());
        for &row in &self.rows {
            moments.push(&self.segment.row(row))?;
            watch.advance(0)?;
        }
        Ok(moments.axes())
    }

    fn row(&self, row: usize, reduction: Option<&Reduction>) -> Vec<f32> {
        let values = self.segment.row(row);
        reduction.map_or_else(|| values.to_vec(), |reduction| reduction.apply(&values))
    }

    /// The nearest by the catalog's embeddings as they are.
    fn truth(&self) -> Result<Nearest, CurveError> {
        let labels = self.segment.labels();
        let some = self.rows.len() < self.segment.len();
        let measured: HashSet<u64> = self.rows.iter().map(|&row| labels[row]).collect();
        let allowed = some.then(|| self.segment.allow(|label| measured.contains(&label)));
        let params = SearchParams::exact(RECALL_AT + 1);
        let nearest = |&row: &usize| {
            let query = self.segment.row(row);
            let found = self.segment.search(&query, &params, allowed.as_ref())?;
            Ok(besides(labels[row], &found.neighbors))
        };
        self.queries.iter().map(nearest).collect()
    }

    /// One way, compared with what is true.
    fn point(
        &self,
        method: &'static str,
        reduction: Option<&Reduction>,
        truth: &Nearest,
    ) -> Result<CurvePoint, CurveError> {
        let dimension = reduction.map_or(self.segment.dim(), Reduction::to);
        let built = self.build(dimension, reduction)?;
        let k = RECALL_AT + 1;
        let (exact, exact_us) = self.ask(&built, reduction, &SearchParams::exact(k))?;
        let listed = match built.lists() {
            0 | 1 => None,
            lists => {
                let params = SearchParams::ivf(k, lists.div_ceil(8));
                Some(self.ask(&built, reduction, &params)?)
            }
        };
        Ok(CurvePoint {
            method,
            dimension,
            precision: self.precision,
            recall_at_10: recall(&exact, truth),
            bytes_per_image: self.precision.row_bytes(dimension),
            index_bytes_per_image: built.bytes() as f64 / self.rows.len() as f64,
            exact_us,
            index_recall_at_10: listed.as_ref().map(|(found, _)| recall(found, truth)),
            index_us: listed.map(|(_, us)| us),
        })
    }

    /// An index as a publication would build it.
    fn build(
        &self,
        dimension: usize,
        reduction: Option<&Reduction>,
    ) -> Result<Segment, CurveError> {
        let images = self.rows.len() as u64;
        let few = images < IVF_ITEMS;
        let ivf = match narrow_codec(self.precision) {
            Some(codec) => Some(IvfConfig {
                lists: usize::from(few),
                codec,
                vectors: false,
                ..IvfConfig::default()
            }),
            None => (!few).then(|| lists_within(None, images, None)),
        };
        let config = SegmentConfig { sequence: 0, ivf };
        let path = self.folder.0.join("measured.segment");
        let mut builder = SegmentBuilder::create(&path, dimension, Metric::Cosine, config)?;
        for &row in &self.rows {
            let values = self.row(row, reduction);
            builder.push(self.segment.labels()[row], &values)?;
        }
        builder.finish()?;
        Ok(Segment::open(&path)?)
    }

    /// What each query finds besides itself, and the median of the CPU time.
    fn ask(
        &self,
        built: &Segment,
        reduction: Option<&Reduction>,
        params: &SearchParams,
    ) -> Result<(Nearest, f64), CurveError> {
        let (mut found, mut times) = (Vec::new(), Vec::new());
        for &row in &self.queries {
            let query = self.row(row, reduction);
            let started = ThreadTime::try_now().map_err(ClockError::from)?;
            let neighbors = built.search(&query, params, None)?.neighbors;
            let elapsed = started.try_elapsed().map_err(ClockError::from)?;
            times.push(elapsed.as_secs_f64() * 1e6);
            found.push(besides(self.segment.labels()[row], &neighbors));
        }
        times.sort_by(f64::total_cmp);
        let median = (times[times.len() / 2] * 10.0).round() / 10.0;
        Ok((found, median))
    }
}

/// The nearest without the query itself.
fn besides(own: u64, neighbors: &[Neighbor]) -> Vec<u64> {
    let labels = neighbors.iter().map(|neighbor| neighbor.label);
    labels
        .filter(|&label| label != own)
        .take(RECALL_AT)
        .collect()
}

/// The mean share of the true nearest that were found.
fn recall(found: &Nearest, truth: &Nearest) -> f64 {
    let share = |(found, truth): (&Vec<u64>, &Vec<u64>)| {
        let met = truth.iter().filter(|label| found.contains(label)).count();
        met as f64 / truth.len().max(1) as f64
    };
    let sum: f64 = found.iter().zip(truth).map(share).sum();
    (sum / truth.len().max(1) as f64 * 1e4).round() / 1e4
}

/// A folder that is gone when this is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(dir: &Path) -> Result<Folder, CurveError> {
        let path = dir.join(format!("measuring-{}", std::process::id()));
        match std::fs::create_dir_all(&path) {
            Ok(()) => Ok(Folder(path)),
            Err(source) => Err(CurveError::Folder { path, source }),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left of it harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
