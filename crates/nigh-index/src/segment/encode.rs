//! Coding rows for a segment: axes from a sample, centroids, then list and codes of every row.

use std::ops::Range;

use nigh_mmap::{SectionWriter, WriteError};
use nigh_simd::{BLOCK_ROWS, MAX_GROUPS, block_bytes, put_code_row};
use rayon::prelude::*;

use super::build::{IvfConfig, RaBitQConfig};
use crate::clusters;
use crate::coarse::{Coarse, Families};
use crate::held_out::training_rows;
use crate::kmeans::{self, Training};
use crate::metric::Metric;
use crate::rabitq::{Factors, RefineLayout, sign_codes};
use crate::random::Random;
use crate::scan::Rows;
use crate::transform::{Axes, Dims, Transform, Turn, axes_holding, mean_of, share_held};

/// Rows that are coded, and what finds them.
pub(crate) struct Encoded {
    pub(crate) transform: Transform,
    /// See [`Coded::shares`](crate::coded::Coded).
    pub(crate) shares: [f32; 2],
    pub(crate) layout: RefineLayout,
    pub(crate) families: Families,
    /// Row numbers, list after list, and where each list begins.
    pub(crate) order: Vec<u32>,
    pub(crate) starts: Vec<usize>,
    codes: Codes,
    spread: Vec<f32>,
    bonus: Vec<f32>,
}

/// The codes of rows, in the order of the rows.
#[derive(Default)]
struct Codes {
    /// `scan / 4` a row.
    signs: Vec<u8>,
    factors: Vec<Factors>,
    refine: Vec<u8>,
    /// What a row's value has beside the product with its residual, and its residual's squared length.
    adds: Vec<f32>,
    squares: Vec<f32>,
    bonus: Vec<f32>,
}

/// Codes all rows, of which there is at least one.
pub(crate) fn encode(rows: &Rows<'_>, ivf: &IvfConfig, config: &RaBitQConfig) -> Encoded {
    let count = rows.labels.len();
    let lists = ivf.lists_for(count);
    let mut random = Random::new(ivf.seed);
    let (transform, shares) = fit(rows, config, &mut random, ivf.seed);
    let families = train(rows, &transform, ivf, lists, &mut random);
    let bonus = vec![0.0; families.centroids.len() / transform.dims.scan];
    let blocks = families.encode(transform.dims.scan, &bonus);
    let coarse = families.coarse(transform.dims.scan, &bonus, &blocks);
    let layout = RefineLayout {
        dims: transform.dims.kept,
        bits: config.refine_bits.clamp(2, 8),
    };
    let tasks = rows.data.par_chunks(ROWS_A_TASK * rows.dim);
    let parts: Vec<(Vec<u32>, Codes)> = tasks
        .map(|some| code_some(some, rows.metric, &transform, &coarse, layout))
        .collect();
    let (mut nearest, mut codes) = (Vec::with_capacity(count), Codes::default());
    for (lists, part) in parts {
        nearest.extend(lists);
        codes.append(part);
    }
    Encoded::of((transform, shares), layout, families, &nearest, codes)
}

/// Codes rows whose lists are known, on axes that are; `gather` lays some of them end to end.
pub(crate) fn encode_placed(
    (transform, shares): (Transform, [f32; 2]),
    layout: RefineLayout,
    metric: Metric,
    families: Families,
    lists: &[u32],
    gather: impl Fn(Range<usize>) -> Vec<f32> + Sync,
) -> Encoded {
    let tasks = lists.par_chunks(ROWS_A_TASK).enumerate();
    let code = |(task, lists): (usize, &[u32])| {
        let start = task * ROWS_A_TASK;
        let rows = gather(start..start + lists.len());
        let placed = Placed {
            rows: &rows,
            lists,
            centroids: &families.centroids,
        };
        code_placed(&placed, metric, &transform, &transform.apply(&rows), layout)
    };
    let mut codes = Codes::default();
    let parts: Vec<Codes> = tasks.map(code).collect();
    parts.into_iter().for_each(|part| codes.append(part));
    Encoded::of((transform, shares), layout, families, lists, codes)
}

const ROWS_A_TASK: usize = 1024;

/// Rows that the axes are found from: enough for the leading ones, whatever the dimension.
pub(crate) const AXES_SAMPLE: usize = 16_384;

/// Fewer axes than this make the one-bit codes so coarse that refining costs more than they save.
const LEAST_SCANNED: usize = 96;

fn fit(
    rows: &Rows<'_>,
    config: &RaBitQConfig,
    random: &mut Random,
    seed: u64,
) -> (Transform, [f32; 2]) {
    let picked = random.pick(rows.labels.len(), AXES_SAMPLE.max(4 * rows.dim));
    let sample = kmeans::gather(rows.data, rows.dim, &picked);
    let full = rows.dim.next_multiple_of(8);
    let chosen = |wanted: usize, otherwise: usize| {
        let dims = if wanted == 0 { otherwise } else { wanted };
        dims.min(full).next_multiple_of(8).max(8)
    };
    if config.rotation.is_hadamard(rows.dim) {
        let scan = chosen(config.scan_dims, full).min(MAX_GROUPS * 4);
        let kept = chosen(config.refine_dims, full).max(scan);
        let shares = [scan, kept].map(|leading| leading as f32 / full as f32);
        let full = rows.dim;
        let mean = mean_of(&sample, full);
        return (
            Transform::rotating(mean, Dims { full, scan, kept }, seed),
            shares,
        );
    }
    let axes = Axes::of(&sample, rows.dim);
    let holding = |share: f64| axes_holding(&axes.variances, share).next_multiple_of(32);
    let least = holding(config.scan_variance).max(LEAST_SCANNED);
    let scan = chosen(config.scan_dims, least).min(MAX_GROUPS * 4);
    let least = holding(config.refine_variance).max((scan + scan / 2).next_multiple_of(32));
    let kept = chosen(config.refine_dims, least).max(scan);
    let shares = [scan, kept].map(|leading| share_held(&axes.variances, leading));
    let full = rows.dim;
    (
        Transform::of(&axes, Dims { full, scan, kept }, seed),
        shares,
    )
}

fn train(
    rows: &Rows<'_>,
    transform: &Transform,
    ivf: &IvfConfig,
    lists: usize,
    random: &mut Random,
) -> Families {
    let sample = ivf.sample_for(rows.labels.len());
    let picked = training_rows(rows.labels, sample, 2 * lists, random);
    let parts = picked.par_chunks(ROWS_A_TASK).map(|some| {
        let (coordinates, _) = transform.apply(&kmeans::gather(rows.data, rows.dim, some));
        scanned(&coordinates, transform.dims)
    });
    let sample = parts.collect::<Vec<_>>().concat();
    let training = Training {
        clusters: lists,
        iterations: ivf.iterations,
        seed: ivf.seed,
        spherical: false,
    };
    clusters::train(&sample, transform.dims.scan, &training)
}

/// The coordinates that are scanned by, of rows that have all.
pub(crate) fn scanned(coordinates: &[f32], dims: Dims) -> Vec<f32> {
    coordinates
        .chunks_exact(dims.kept)
        .flat_map(|row| &row[..dims.scan])
        .copied()
        .collect()
}

fn code_some(
    rows: &[f32],
    metric: Metric,
    transform: &Transform,
    coarse: &Coarse<'_>,
    layout: RefineLayout,
) -> (Vec<u32>, Codes) {
    let applied = transform.apply(rows);
    let lists = clusters::assign_some(&scanned(&applied.0, transform.dims), coarse);
    let placed = Placed {
        rows,
        lists: &lists,
        centroids: coarse.centroids,
    };
    let codes = code_placed(&placed, metric, transform, &applied, layout);
    (lists, codes)
}

/// Rows laid end to end, and the list of each.
struct Placed<'a> {
    rows: &'a [f32],
    lists: &'a [u32],
    centroids: &'a [f32],
}

fn code_placed(
    placed: &Placed<'_>,
    metric: Metric,
    transform: &Transform,
    (coordinates, squares): &(Vec<f32>, Vec<f32>),
    layout: RefineLayout,
) -> Codes {
    let Dims { full, scan, kept } = transform.dims;
    let mut codes = Codes::default();
    let each = coordinates
        .chunks_exact(kept)
        .zip(placed.rows.chunks_exact(full))
        .zip(squares)
        .zip(placed.lists);
    for (((coordinates, row), &square), &list) in each {
        let norm = if metric == Metric::InnerProduct {
            nigh_simd::dot(row, row)
        } else {
            0.0
        };
        codes.push(
            coordinates,
            &placed.centroids[list as usize * scan..][..scan],
            square,
            norm,
            layout,
        );
    }
    codes
}

impl Codes {
    /// `square` is the row's squared distance to the mean, `norm` what to add to its value.
    fn push(
        &mut self,
        row: &[f32],
        centroid: &[f32],
        square: f32,
        norm: f32,
        layout: RefineLayout,
    ) {
        let dropped = |part: &[f32]| (square - nigh_simd::dot(part, part)).max(0.0);
        let scanned = &row[..centroid.len()];
        let start = self.signs.len();
        self.signs.resize(start + centroid.len() / 4, 0);
        let extra = norm - dropped(scanned);
        self.factors.push(sign_codes(
            scanned,
            centroid,
            extra,
            &mut self.signs[start..],
        ));
        layout.encode(row, centroid, norm - dropped(row), &mut self.refine);
        let residual = nigh_simd::l2_squared(scanned, centroid);
        self.adds.push(extra - residual);
        self.squares.push(residual);
        self.bonus.push(norm);
    }

    fn append(&mut self, mut other: Codes) {
        self.signs.append(&mut other.signs);
        self.factors.append(&mut other.factors);
        self.refine.append(&mut other.refine);
        self.adds.append(&mut other.adds);
        self.squares.append(&mut other.squares);
        self.bonus.append(&mut other.bonus);
    }

    /// For each list the mean of `adds` and twice the root of the mean of `squares`, and the mean of `bonus`.
    fn by_list(&self, starts: &[usize], order: &[u32]) -> (Vec<f32>, Vec<f32>) {
        let (mut spread, mut bonus) = (Vec::new(), Vec::new());
        for range in starts.windows(2) {
            let members = &order[range[0]..range[1]];
            let mean = |values: &[f32]| {
                let sum: f64 = members
                    .iter()
                    .map(|&row| f64::from(values[row as usize]))
                    .sum();
                (sum / members.len().max(1) as f64) as f32
            };
            spread.extend([mean(&self.adds), 2.0 * mean(&self.squares).sqrt()]);
            bonus.push(mean(&self.bonus));
        }
        (spread, bonus)
    }
}

impl Encoded {
    fn of(
        (transform, shares): (Transform, [f32; 2]),
        layout: RefineLayout,
        families: Families,
        lists: &[u32],
        codes: Codes,
    ) -> Encoded {
        let count = families.centroids.len() / transform.dims.scan;
        let (starts, order) = kmeans::group(lists, count);
        let (spread, bonus) = codes.by_list(&starts, &order);
        Encoded {
            transform,
            shares,
            layout,
            families,
            order,
            starts,
            codes,
            spread,
            bonus,
        }
    }

    /// Puts down all but labels and vectors.
    pub(crate) fn write(&self, writer: &mut SectionWriter) -> Result<(), WriteError> {
        let scan = self.transform.dims.scan;
        writer.put("mean", &self.transform.mean)?;
        match &self.transform.turn {
            Turn::Matrix(matrix) => writer.put("matrix", matrix)?,
            Turn::Hadamard(rotation) => writer.put("signs", &rotation.signs())?,
        }
        writer.put("shares", &self.shares)?;
        writer.put("parents", &self.families.parents)?;
        writer.put("families", &self.families.starts)?;
        writer.put("centroids", &self.families.centroids)?;
        writer.put("coarse", &self.families.encode(scan, &self.bonus))?;
        writer.put("bonus", &self.bonus)?;
        writer.put("spread", &self.spread)?;
        let mut section = writer.section("codes")?;
        for range in self.starts.windows(2) {
            section.write(&self.list_blocks(&self.order[range[0]..range[1]]))?;
        }
        let mut section = writer.section("refine")?;
        let bytes = self.layout.bytes();
        for &row in &self.order {
            section.write(&self.codes.refine[row as usize * bytes..][..bytes])?;
        }
        Ok(())
    }

    fn list_blocks(&self, members: &[u32]) -> Vec<u8> {
        let groups = self.transform.dims.scan / 4;
        let mut blocks = vec![0; members.len().div_ceil(BLOCK_ROWS) * block_bytes(groups)];
        for (place, &row) in members.iter().enumerate() {
            let (codes, factors) = (
                &self.codes.signs[row as usize * groups..][..groups],
                self.codes.factors[row as usize],
            );
            put_code_row(
                &mut blocks,
                groups,
                place,
                codes,
                factors.scale,
                factors.add,
            );
        }
        for place in members.len()..members.len().next_multiple_of(BLOCK_ROWS) {
            put_code_row(&mut blocks, groups, place, &[], 0.0, f32::NAN);
        }
        blocks
    }
}
