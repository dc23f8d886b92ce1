//! Writing the next segment: rows as they are, in lists that are kept, split and dissolved, coded again on the same axes.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use nigh_mmap::SectionWriter;

use super::Epoch;
use super::balance::{self, Lists, Space};
use crate::allowed::Allowed;
use crate::clusters;
use crate::coarse::Families;
use crate::coded::Coded;
use crate::kmeans::{self, Training};
use crate::metric::Metric;
use crate::rabitq::RefineLayout;
use crate::random::Random;
use crate::segment::build::{BuildError, Built, finish};
use crate::segment::encode::{AXES_SAMPLE, encode_placed, scanned};
use crate::segment::{CodeShape, FORMAT, Meta, Segment};
use crate::transform::{Axes, Dims, Transform, axes_holding};
use nigh_simd::MAX_GROUPS;

/// All rows of a [`LiveIndex`](crate::LiveIndex) as they were at one moment.
#[derive(Debug)]
pub struct Snapshot {
    pub(super) epoch: Arc<Epoch>,
    pub(super) stamp: u64,
    /// How many rows of the segment were masked.
    pub(super) masked: usize,
    /// How many labels had been noted.
    pub(super) written: usize,
    /// What tells the index that labels have still to be noted.
    pub(super) watch: Arc<()>,
}

impl Snapshot {
    /// Writes the rows into a segment, with all threads of the current rayon pool. Rows stay in their lists, but for lists that
    /// grew or shrank out of proportion: those are split and dissolved, and rows near them move to where they are nearest
    /// (Xu et al., "SPFresh: incremental in-place update for billion-scale vector search", SOSP 2023, §3). The number of
    /// lists follows the square root of the number of rows. Rows are coded on the same axes as before unless they have come to
    /// spread in other directions; then axes are found again, and every row goes where it is nearest.
    ///
    /// # Errors
    /// If there are more rows than a segment holds, or the file cannot be written.
    pub fn write(&self, path: &Path, sequence: u64) -> Result<Built, BuildError> {
        let rows = Gathered::of(self)?;
        match rows.segment.coded() {
            Some(coded) => write_coded(path, sequence, &rows, coded),
            None => write_flat(path, sequence, &rows),
        }
    }
}

/// Rows of a segment and, numbered after them, newer ones; which of them there are, and the list of each.
struct Gathered<'a> {
    segment: &'a Segment,
    values: Vec<f32>,
    labels: Vec<u64>,
    numbers: Vec<u32>,
    lists: Vec<u32>,
}

impl<'a> Gathered<'a> {
    fn of(snapshot: &'a Snapshot) -> Result<Gathered<'a>, BuildError> {
        let base = &snapshot.epoch.base;
        let segment = base.segment();
        let mut rows = Gathered {
            segment,
            values: Vec::new(),
            labels: Vec::new(),
            numbers: Vec::new(),
            lists: Vec::new(),
        };
        let mut live = Allowed::all(segment.len());
        let mut left = snapshot.masked;
        base.each_masked(0, |row| {
            if left > 0 {
                live.remove(row as usize);
                left -= 1;
            }
        });
        for list in 0..segment.lists() {
            for row in live.in_range(segment.list(list)) {
                rows.numbers.push(row as u32);
                rows.lists.push(list as u32);
            }
        }
        base.each_newer(snapshot.stamp, |list, label, row| {
            rows.numbers
                .push((segment.len() + rows.labels.len()) as u32);
            rows.lists.push(list as u32);
            rows.labels.push(label);
            rows.values.extend_from_slice(row);
        });
        let count = segment.len() + rows.labels.len();
        match u32::try_from(count) {
            Ok(_) => Ok(rows),
            Err(_) => Err(BuildError::TooManyRows { rows: count }),
        }
    }

    /// The label and values of the `i`th row that there is.
    fn row(&self, i: u32) -> (u64, Cow<'_, [f32]>) {
        let (number, dim) = (self.numbers[i as usize] as usize, self.segment.dim());
        match number.checked_sub(self.segment.len()) {
            None => (self.segment.labels()[number], self.segment.row(number)),
            Some(newer) => (self.labels[newer], self.values[newer * dim..][..dim].into()),
        }
    }

    fn values(&self, some: impl Iterator<Item = u32>) -> Vec<f32> {
        let mut values = Vec::with_capacity(some.size_hint().0 * self.segment.dim());
        some.for_each(|i| values.extend_from_slice(&self.row(i).1));
        values
    }

    fn target(&self) -> usize {
        balance::target(self.segment.lists(), self.segment.len(), self.lists.len())
    }

    /// Some of the rows that there are, end to end.
    fn sample(&self, count: usize) -> Vec<f32> {
        let picked = Random::new(0).pick(self.numbers.len(), count);
        self.values(picked.into_iter())
    }

    fn meta(&self, sequence: u64, lists: usize, codes: Option<CodeShape>) -> Meta {
        Meta {
            rows: self.numbers.len(),
            dim: self.segment.dim(),
            metric: self.segment.metric(),
            sequence,
            lists,
            codes,
        }
    }
}

fn write_flat(path: &Path, sequence: u64, rows: &Gathered<'_>) -> Result<Built, BuildError> {
    let dim = rows.segment.dim();
    let space = Space {
        dim,
        spherical: rows.segment.metric() == Metric::Cosine,
        coordinates: &|some| rows.values(some.iter().copied()),
        assign: &|rows, centroids| kmeans::assign(rows, dim, centroids).clusters,
    };
    let lists = Lists {
        centroids: rows.segment.centroids().to_vec(),
        of_rows: rows.lists.clone(),
    };
    let lists = balance::balanced(lists, &space, rows.target());
    let count = (lists.centroids.len() / dim).max(1);
    let (starts, order) = kmeans::group(&lists.of_rows, count);
    let meta = rows.meta(sequence, count, None);
    let mut writer = SectionWriter::create(path, FORMAT)?;
    writer.put("meta", &meta.to_words())?;
    writer.put("centroids", &lists.centroids)?;
    if let Some(narrow) = rows.segment.narrow() {
        let order = order.iter().map(|&i| rows.row(i).1);
        narrow.write(&mut writer, rows.segment.metric(), order, false)?;
    }
    finish(writer, &meta, &starts, &order, |i| rows.row(i))
}

fn write_coded(
    path: &Path,
    sequence: u64,
    rows: &Gathered<'_>,
    coded: &Coded,
) -> Result<Built, BuildError> {
    let axes = axes(rows, coded);
    let dims = axes.transform.dims;
    let space = Space {
        dim: dims.scan,
        spherical: false,
        coordinates: &|some| {
            let values = rows.values(some.iter().copied());
            scanned(&axes.transform.apply(&values).0, dims)
        },
        assign: &|rows, centroids| {
            let arranged = Arranged::of(centroids, dims.scan);
            let lists = clusters::assign(rows, dims.scan, &arranged.families);
            lists
                .iter()
                .map(|&list| arranged.order[list as usize])
                .collect()
        },
    };
    let lists = match axes.new {
        false => Lists {
            centroids: coded.centroids.to_vec(),
            of_rows: rows.lists.clone(),
        },
        true => Lists::around(rows.lists.clone(), rows.segment.lists(), &space),
    };
    let lists = balance::balanced(lists, &space, rows.target());
    let arranged = Arranged::of(&lists.centroids, dims.scan);
    let of_rows = arranged.renamed(&lists.of_rows);
    let layout = RefineLayout {
        dims: dims.kept,
        ..coded.layout
    };
    let encoded = encode_placed(
        (axes.transform.clone(), axes.shares),
        layout,
        rows.segment.metric(),
        arranged.families,
        &of_rows,
        |some| rows.values(some.start as u32..some.end as u32),
    );
    let codes = CodeShape { dims, layout };
    let meta = rows.meta(sequence, encoded.starts.len() - 1, Some(codes));
    let mut writer = SectionWriter::create(path, FORMAT)?;
    writer.put("meta", &meta.to_words())?;
    encoded.write(&mut writer)?;
    finish(writer, &meta, &encoded.starts, &encoded.order, |i| {
        rows.row(i)
    })
}

/// Centroids in families, and which one each was before.
struct Arranged {
    families: Families,
    order: Vec<u32>,
}

impl Arranged {
    /// With as many parents as building makes, from the centroids themselves.
    fn of(centroids: &[f32], dim: usize) -> Arranged {
        let count = centroids.len() / dim;
        let training = Training {
            clusters: (count as f64).sqrt().round().max(1.0) as usize,
            iterations: 3,
            seed: 0,
            spherical: false,
        };
        let parents = kmeans::train(centroids, dim, &training);
        let nearest = kmeans::assign(centroids, dim, &parents).clusters;
        let (_, order) = kmeans::group(&nearest, training.clusters);
        Arranged {
            // Arranged already, they stay as they are.
            families: Families::of(&kmeans::gather(centroids, dim, &order), &parents, dim),
            order,
        }
    }

    fn renamed(&self, lists: &[u32]) -> Vec<u32> {
        let mut names = vec![0; self.order.len()];
        for (new, &old) in (0..).zip(&self.order) {
            names[old as usize] = new;
        }
        lists.iter().map(|&list| names[list as usize]).collect()
    }
}

/// What rows are coded on.
struct CodeAxes {
    transform: Transform,
    shares: [f32; 2],
    /// Whether they are others than the segment's.
    new: bool,
}

/// The shares of the variance that axes may hold less than they are to before they are found again.
const SHARES_LOST: [f32; 2] = [0.02, 0.01];

/// The axes of the segment, or others if rows have come to spread in other directions than these.
fn axes(rows: &Gathered<'_>, coded: &Coded) -> CodeAxes {
    let transform = coded.transform();
    let sample = rows.sample(AXES_SAMPLE.max(4 * coded.dims.full));
    let held = transform.shares(&sample);
    let wanted = match *coded.shares {
        [scan, kept] => [scan, kept],
        _ => held,
    };
    let holds = |i: usize| held[i] >= wanted[i] - SHARES_LOST[i];
    // A random rotation suits rows wherever they spread.
    let rotated = coded.matrix.is_none();
    if rotated || sample.is_empty() || (holds(0) && holds(1)) {
        return CodeAxes {
            transform,
            shares: wanted,
            new: false,
        };
    }
    let Dims { full, scan, kept } = coded.dims;
    let found = Axes::of(&sample, full);
    let holding = |share: f32, least: usize| {
        let count = axes_holding(&found.variances, share.into()).next_multiple_of(8);
        count.clamp(least, full.next_multiple_of(8).max(least))
    };
    let scan = holding(wanted[0], scan).min(4 * MAX_GROUPS);
    let kept = holding(wanted[1], kept).max(scan);
    CodeAxes {
        transform: Transform::of(&found, Dims { full, scan, kept }, 0),
        shares: wanted,
        new: true,
    }
}
