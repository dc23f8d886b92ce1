//! Which list a new row belongs to, and its code there.

use nigh_mmap::View;

use crate::coarse::{Coarse, CoarseScratch};
use crate::coded::Coded;
use crate::metric::Metric;
use crate::rabitq::{Factors, SignTable, sign_codes};
use crate::segment::Segment;
use crate::transform::Integers;

/// Finds the list whose centroid is nearest to a row, as building does.
#[derive(Debug)]
pub(crate) enum Nearest {
    /// One list holds everything.
    One,
    /// Centroids as long as rows.
    Flat(View<f32>),
    /// Centroids in the leading coordinates. Their codes are other than those that a search uses, which favour lists by their bonus.
    Coded {
        coded: Box<Coded>,
        metric: Metric,
        no_bonus: Vec<f32>,
        blocks: Vec<u8>,
    },
}

/// Where a row belongs.
#[derive(Clone, Debug)]
pub(crate) struct Spot {
    pub(crate) list: usize,
    pub(crate) code: Option<Code>,
}

/// A row's sign code.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Code {
    pub(crate) codes: Vec<u8>,
    pub(crate) factors: Factors,
}

impl Nearest {
    pub(crate) fn of(segment: &Segment) -> Nearest {
        match segment.coded() {
            _ if segment.centroids().is_empty() => Nearest::One,
            None => Nearest::Flat(segment.centroids().clone()),
            Some(coded) => {
                let no_bonus = vec![0.0; segment.lists()];
                Nearest::Coded {
                    blocks: coded.coarse().encode(&no_bonus),
                    coded: Box::new(coded.clone()),
                    metric: segment.metric(),
                    no_bonus,
                }
            }
        }
    }

    /// Codes of four coordinates that a row has; 0 without.
    pub(crate) fn groups(&self) -> usize {
        match self {
            Nearest::Coded { coded, .. } => coded.dims.scan / 4,
            Nearest::One | Nearest::Flat(_) => 0,
        }
    }

    /// The spot for a row in the form that is compared.
    pub(crate) fn spot(&self, row: &[f32]) -> Spot {
        let (list, code) = match self {
            Nearest::One => (0, None),
            Nearest::Flat(centroids) => (nearest_of(centroids, row), None),
            Nearest::Coded {
                coded,
                metric,
                no_bonus,
                blocks,
            } => {
                let coarse = Coarse {
                    bonus: no_bonus,
                    blocks,
                    ..coded.coarse()
                };
                let (coordinates, square) = coordinates(coded, row);
                let list = coarse_nearest(&coarse, &coordinates);
                let centroid = &coded.centroids[list * coarse.dim..][..coarse.dim];
                let norm = match metric {
                    Metric::InnerProduct => nigh_simd::dot(row, row),
                    Metric::L2 | Metric::Cosine => 0.0,
                };
                (list, Some(code(&coordinates, centroid, square, norm)))
            }
        };
        Spot { list, code }
    }
}

/// The scanned coordinates of a row, as exact as a query's, and its squared distance to the mean.
fn coordinates(coded: &Coded, row: &[f32]) -> (Vec<f32>, f32) {
    let mean = coded.mean.iter();
    let centred: Vec<f32> = row.iter().zip(mean).map(|(x, mean)| x - mean).collect();
    let mut coordinates = Vec::new();
    coded
        .query
        .apply(&centred, &mut Integers::default(), &mut coordinates);
    coordinates.truncate(coded.dims.scan);
    (coordinates, nigh_simd::dot(&centred, &centred))
}

/// As the segment's rows are coded: `square` is the row's squared distance to the mean, `norm` what to add to its value.
fn code(coordinates: &[f32], centroid: &[f32], square: f32, norm: f32) -> Code {
    let dropped = (square - nigh_simd::dot(coordinates, coordinates)).max(0.0);
    let mut codes = vec![0; coordinates.len() / 4];
    let factors = sign_codes(coordinates, centroid, norm - dropped, &mut codes);
    Code { codes, factors }
}

/// The first of the nearest.
fn nearest_of(centroids: &[f32], row: &[f32]) -> usize {
    let mut squares = vec![0.0; centroids.len() / row.len()];
    nigh_simd::l2_squared_rows(row, centroids, &mut squares);
    let pairs = squares.iter().enumerate();
    pairs
        .min_by(|a, b| a.1.total_cmp(b.1))
        .map_or(0, |(list, _)| list)
}

fn coarse_nearest(coarse: &Coarse<'_>, coordinates: &[f32]) -> usize {
    let (mut table, mut probes) = (SignTable::default(), Vec::new());
    table.fill(coordinates);
    coarse.nearest(
        coordinates,
        &table,
        1,
        &mut CoarseScratch::default(),
        &mut probes,
    );
    probes.first().map_or(0, |probe| probe.list as usize)
}
