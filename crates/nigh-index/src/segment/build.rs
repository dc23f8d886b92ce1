//! Building a segment: from rows in memory, or row by row through a file on disk.

use std::borrow::Cow;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use nigh_mmap::{Mapped, SectionWriter, ViewError, WriteError};

use super::encode::{self, Encoded};
use super::{CodeShape, FORMAT, Meta};
use crate::held_out::training_rows;
use crate::kmeans::{self, Training};
use crate::metric::Metric;
use crate::narrow::Narrow;
use crate::random::Random;
use crate::scan::Rows;
use crate::vectors::{PushError, Vectors, check_dimension};

/// What to build.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SegmentConfig {
    /// A number kept with the segment: which state of the collection it holds.
    pub sequence: u64,
    /// How to divide the rows into lists; without it there is one list and every search is exact.
    pub ivf: Option<IvfConfig>,
}

/// How rows are divided into lists, an inverted file, and coded.
///
/// The same rows, in the same order, with the same configuration give the same file, however many threads work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IvfConfig {
    /// Number of lists; 0 chooses [`IvfConfig::default_lists`]. Never more than there are rows.
    pub lists: usize,
    /// Rows per list that the centroids are trained on; 0 trains on all rows.
    pub sample: usize,
    /// Most training iterations; training ends early when nothing changes any more.
    pub iterations: usize,
    /// The randomness: which rows are sampled and where training starts.
    pub seed: u64,
    /// How lists hold their rows.
    pub codec: Codec,
    /// Whether the file holds the vectors too, where lists hold [`Codec::F16`] or [`Codec::Int8`]: without them it is half or a quarter
    /// as long, and everything is compared as it is narrowed, its length under [`Metric::Cosine`] brought back to 1.
    pub vectors: bool,
}

/// How lists hold their rows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Codec {
    /// As they are, f32: IVF-flat.
    #[default]
    F32,
    /// As 16-bit floats: half of what there is to read. The vectors, which the file holds besides, decide among the best.
    F16,
    /// As 8-bit integers with one scale a row: a quarter. The vectors decide as well.
    Int8,
    /// As codes that are scanned, refined and rescored from the vectors, which the file holds besides.
    RaBitQ(RaBitQConfig),
}

impl Codec {
    fn narrow(self) -> Option<Narrow> {
        match self {
            Codec::F16 => Some(Narrow::F16),
            Codec::Int8 => Some(Narrow::Int8),
            Codec::F32 | Codec::RaBitQ(_) => None,
        }
    }
}

/// How rows are coded: on their principal axes, the leading ones by their signs to be scanned, more of them by some bits each
/// to refine with. Dimensions are rounded up to multiples of 8.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RaBitQConfig {
    /// Axes that are scanned by; 0 takes as many as hold `scan_variance`, but at least 96 if there are so many.
    pub scan_dims: usize,
    /// The share of the variance, 0 to 1.
    pub scan_variance: f64,
    /// Axes that are refined with; 0 takes as many as hold `refine_variance`, and at least half more than are scanned by.
    pub refine_dims: usize,
    /// The share of the variance, 0 to 1.
    pub refine_variance: f64,
    /// Bits of an axis in the refining code, 2 to 8.
    pub refine_bits: u8,
    /// What the axes are.
    pub rotation: Rotation,
}

/// The axes that rows are coded on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rotation {
    /// Principal ones up to 2048 values, random ones above.
    #[default]
    Auto,
    /// Principal axes, found from a sample in time that grows with the cube of the dimension. Each is a row of a matrix of f32,
    /// which a query is multiplied by.
    Principal,
    /// Random ones, by sign flips and Hadamard transforms: nothing to find, and d log d additions a query. No axis holds more than
    /// another, so that all are scanned by and refined with, up to the 4160 that a scan takes, but where the dimensions are given.
    Hadamard,
}

impl Rotation {
    pub(crate) fn is_hadamard(self, dim: usize) -> bool {
        match self {
            Rotation::Auto => dim > MOST_PRINCIPAL,
            Rotation::Principal => false,
            Rotation::Hadamard => true,
        }
    }
}

/// To find the principal axes of more values takes minutes of a build, 4 of CPU time for 4096, though searches would be the faster
/// for it where few axes hold most of the variance; see `docs/measurements.md`.
const MOST_PRINCIPAL: usize = 2048;

impl Default for RaBitQConfig {
    fn default() -> RaBitQConfig {
        RaBitQConfig {
            scan_dims: 0,
            scan_variance: 0.925,
            refine_dims: 0,
            refine_variance: 0.95,
            refine_bits: 8,
            rotation: Rotation::Auto,
        }
    }
}

/// Larger samples and more iterations, up to all rows and 16, multiplied the time to build and moved recall@10 by no more
/// than 0.005 from 4 lists up on pictures of Fashion-MNIST. What the defaults reach there:
/// `cargo test -p nigh-index --test fashion_mnist -- --nocapture`.
impl Default for IvfConfig {
    fn default() -> IvfConfig {
        IvfConfig {
            lists: 0,
            sample: 32,
            iterations: 6,
            seed: 0,
            codec: Codec::F32,
            vectors: true,
        }
    }
}

impl IvfConfig {
    /// For rows as they are, twice the square root of their number: a search compares the query with L centroids and
    /// nprobe · n / L rows; the sum is least at L = √(nprobe · n), which is 2√n for an nprobe of 4 and within a quarter of the
    /// least from nprobe 1 to 16. For codes eight times the root: centroids are found through families, so that more of
    /// them cost little.
    pub fn default_lists(rows: usize, codec: Codec) -> usize {
        let factor = match codec {
            Codec::F32 | Codec::F16 | Codec::Int8 => 2.0,
            Codec::RaBitQ(_) => 8.0,
        };
        (factor * (rows as f64).sqrt()).round() as usize
    }

    pub(crate) fn lists_for(&self, rows: usize) -> usize {
        let wanted = if self.lists == 0 {
            IvfConfig::default_lists(rows, self.codec)
        } else {
            self.lists
        };
        wanted.min(rows)
    }

    pub(crate) fn sample_for(&self, rows: usize) -> usize {
        let wanted = if self.sample == 0 {
            rows
        } else {
            self.sample.saturating_mul(self.lists_for(rows))
        };
        wanted.min(rows)
    }
}

/// What was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Built {
    /// Number of rows.
    pub rows: usize,
    /// Number of lists.
    pub lists: usize,
    /// Length of the file in bytes.
    pub bytes: u64,
}

/// Builds a segment of rows in memory, with all threads of the current rayon pool. The file appears under its name
/// whole and durable, or not at all.
///
/// # Errors
/// If rows have no values, are more than u32 can count, or the file cannot be written.
pub fn build_segment(
    path: &Path,
    rows: &Vectors,
    config: &SegmentConfig,
) -> Result<Built, BuildError> {
    check_shape(rows.dim(), rows.len())?;
    write(path, &rows.rows(), config)
}

/// Builds a segment of rows that need not fit into memory together: they are put down in a file beside the
/// segment as they come (as large as the segment, removed at the end), then divided and copied in the order of the
/// lists. Memory holds the labels, the training sample and what the system caches.
#[derive(Debug)]
pub struct SegmentBuilder {
    path: PathBuf,
    dim: usize,
    metric: Metric,
    config: SegmentConfig,
    labels: Vec<u64>,
    row: Vec<f32>,
    spill: Spill,
}

impl SegmentBuilder {
    /// Begins a segment that will be published as `path`.
    ///
    /// # Errors
    /// If `dim` is 0 or the folder cannot be written to.
    pub fn create(
        path: &Path,
        dim: usize,
        metric: Metric,
        config: SegmentConfig,
    ) -> Result<SegmentBuilder, BuildError> {
        check_shape(dim, 0)?;
        Ok(SegmentBuilder {
            path: path.to_owned(),
            dim,
            metric,
            config,
            labels: Vec::new(),
            row: Vec::with_capacity(dim),
            spill: Spill::create(path)?,
        })
    }

    /// Adds a row; the rules are those of [`Vectors::push`].
    ///
    /// # Errors
    /// If the row is refused ([`BuildError::Row`]: the builder can go on with others) or the disk is full.
    pub fn push(&mut self, label: u64, values: &[f32]) -> Result<(), BuildError> {
        check_dimension(self.dim, values).map_err(|source| PushError { label, source })?;
        self.row.clear();
        self.row.extend_from_slice(values);
        self.metric
            .prepare(&mut self.row)
            .map_err(|source| PushError { label, source })?;
        check_shape(self.dim, self.labels.len() + 1)?;
        self.spill.write(&self.row)?;
        self.labels.push(label);
        Ok(())
    }

    /// Number of rows so far.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no rows so far.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Builds and publishes the segment, with all threads of the current rayon pool.
    ///
    /// # Errors
    /// If the disk is full or fails. A segment that had the name before is then still there.
    pub fn finish(mut self) -> Result<Built, BuildError> {
        let mapped = self.spill.map()?;
        let values = mapped.f32s(0..mapped.bytes().len())?;
        let rows = Rows {
            dim: self.dim,
            metric: self.metric,
            data: values,
            labels: &self.labels,
        };
        write(&self.path, &rows, &self.config)
    }
}

/// Why a segment could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A row was refused.
    #[error(transparent)]
    Row(#[from] PushError),
    /// Rows without values.
    #[error("rows of 0 values cannot be searched")]
    NoDimension,
    /// More than a segment holds.
    #[error(
        "{rows} rows are too many for one segment, it holds up to {}",
        u32::MAX
    )]
    TooManyRows {
        /// The number received.
        rows: usize,
    },
    /// The segment could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The file that rows are put down in failed.
    #[error("cannot keep rows in {}: {source}", path.display())]
    Spill {
        /// That file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file that rows are put down in came back damaged.
    #[error("cannot read back rows put down on disk: {0}")]
    ReadBack(#[from] ViewError),
}

/// Rows on disk on their way into a segment; removed when dropped.
#[derive(Debug)]
struct Spill {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Spill {
    fn create(segment: &Path) -> Result<Spill, BuildError> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let mut name = std::ffi::OsString::from(".");
        name.push(segment.file_name().unwrap_or_default());
        name.push(format!(".{}.{count}.rows.tmp", process::id()));
        let path = segment.with_file_name(name);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => Ok(Spill {
                path,
                file: BufWriter::with_capacity(1 << 20, file),
            }),
            Err(source) => Err(BuildError::Spill { path, source }),
        }
    }

    fn write(&mut self, row: &[f32]) -> Result<(), BuildError> {
        let written = self.file.write_all(bytemuck::cast_slice(row));
        written.map_err(|source| self.failed(source))
    }

    fn map(&mut self) -> Result<Mapped, BuildError> {
        let flushed = self.file.flush().and_then(|()| Mapped::open(&self.path));
        flushed.map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> BuildError {
        BuildError::Spill {
            path: self.path.clone(),
            source,
        }
    }
}

impl Drop for Spill {
    fn drop(&mut self) {
        // Nothing can be done about a failure here, and a leftover harms nobody.
        let _ = fs::remove_file(&self.path);
    }
}

fn check_shape(dim: usize, rows: usize) -> Result<(), BuildError> {
    if dim == 0 {
        return Err(BuildError::NoDimension);
    }
    if u32::try_from(rows).is_err() {
        return Err(BuildError::TooManyRows { rows });
    }
    Ok(())
}

/// Which rows go where.
struct Division {
    centroids: Vec<f32>,
    starts: Vec<usize>,
    order: Vec<u32>,
}

fn divide(rows: &Rows<'_>, ivf: Option<IvfConfig>) -> Division {
    let count = rows.labels.len();
    let lists = ivf.map_or(0, |ivf| ivf.lists_for(count));
    let Some(ivf) = ivf.filter(|_| lists > 1) else {
        return Division {
            centroids: Vec::new(),
            starts: vec![0, count],
            order: (0..count as u32).collect(),
        };
    };
    let mut random = Random::new(ivf.seed);
    let picked = training_rows(rows.labels, ivf.sample_for(count), 2 * lists, &mut random);
    let sample = kmeans::gather(rows.data, rows.dim, &picked);
    let spherical = rows.metric == Metric::Cosine;
    let training = Training {
        clusters: lists,
        iterations: ivf.iterations,
        seed: ivf.seed,
        spherical,
    };
    let centroids = kmeans::train(&sample, rows.dim, &training);
    drop(sample);
    let nearest = kmeans::assign(rows.data, rows.dim, &centroids);
    let (starts, order) = kmeans::group(&nearest.clusters, lists);
    Division {
        centroids,
        starts,
        order,
    }
}

fn write(path: &Path, rows: &Rows<'_>, config: &SegmentConfig) -> Result<Built, BuildError> {
    match config.ivf {
        Some(IvfConfig {
            codec: Codec::RaBitQ(rabitq),
            ..
        }) if !rows.labels.is_empty() => {
            let encoded = encode::encode(rows, &config.ivf.unwrap_or_default(), &rabitq);
            write_coded(path, rows, config, &encoded)
        }
        _ => write_flat(path, rows, config),
    }
}

fn write_flat(path: &Path, rows: &Rows<'_>, config: &SegmentConfig) -> Result<Built, BuildError> {
    let division = divide(rows, config.ivf);
    let meta = Meta::of(rows, config.sequence, division.starts.len() - 1, None);
    let mut writer = SectionWriter::create(path, FORMAT)?;
    writer.put("meta", &meta.to_words())?;
    writer.put("centroids", &division.centroids)?;
    let narrow = config.ivf.and_then(|ivf| ivf.codec.narrow());
    let alone = narrow.is_some() && config.ivf.is_some_and(|ivf| !ivf.vectors);
    if let Some(narrow) = narrow {
        let order = division.order.iter().map(|&row| rows.row(row as usize));
        narrow.write(&mut writer, rows.metric, order, alone)?;
    }
    let row = |row: u32| (rows.labels[row as usize], rows.row(row as usize).into());
    put_order(&mut writer, &division.starts, &division.order, row)?;
    if !alone {
        put_vectors(&mut writer, &division.order, row)?;
    }
    built(writer, &meta)
}

fn write_coded(
    path: &Path,
    rows: &Rows<'_>,
    config: &SegmentConfig,
    encoded: &Encoded,
) -> Result<Built, BuildError> {
    let codes = CodeShape {
        dims: encoded.transform.dims,
        layout: encoded.layout,
    };
    let meta = Meta::of(rows, config.sequence, encoded.starts.len() - 1, Some(codes));
    let mut writer = SectionWriter::create(path, FORMAT)?;
    writer.put("meta", &meta.to_words())?;
    encoded.write(&mut writer)?;
    let row = |row: u32| (rows.labels[row as usize], rows.row(row as usize).into());
    finish(writer, &meta, &encoded.starts, &encoded.order, row)
}

/// Puts down what every segment has, in the order of the lists; `row` gives a row's label and values.
pub(crate) fn finish<'a>(
    mut writer: SectionWriter,
    meta: &Meta,
    starts: &[usize],
    order: &[u32],
    row: impl Fn(u32) -> (u64, Cow<'a, [f32]>),
) -> Result<Built, BuildError> {
    put_order(&mut writer, starts, order, &row)?;
    put_vectors(&mut writer, order, &row)?;
    built(writer, meta)
}

fn put_order<'a>(
    writer: &mut SectionWriter,
    starts: &[usize],
    order: &[u32],
    row: impl Fn(u32) -> (u64, Cow<'a, [f32]>),
) -> Result<(), BuildError> {
    let labels: Vec<u64> = order.iter().map(|&number| row(number).0).collect();
    writer.put("labels", &labels)?;
    let starts: Vec<u64> = starts.iter().map(|&start| start as u64).collect();
    Ok(writer.put("lists", &starts)?)
}

fn put_vectors<'a>(
    writer: &mut SectionWriter,
    order: &[u32],
    row: impl Fn(u32) -> (u64, Cow<'a, [f32]>),
) -> Result<(), BuildError> {
    let mut vectors = writer.section("vectors")?;
    for &number in order {
        vectors.write(&row(number).1)?;
    }
    Ok(())
}

fn built(writer: SectionWriter, meta: &Meta) -> Result<Built, BuildError> {
    let bytes = writer.finish()?;
    Ok(Built {
        rows: meta.rows,
        lists: meta.lists,
        bytes,
    })
}
