//! Which list a new row belongs to, and its code there.

use nigh_mmap::View;

use crate::clusters;
use crate::coarse::Families;
use crate::coded::Coded;
use crate::metric::Metric;
use crate::rabitq::{Factors, sign_codes};
use crate::segment::Segment;
use crate::transform::Integers;

/// Finds the list whose centroid is nearest to a row, as building does.
#[derive(Debug)]
pub(crate) enum Nearest {
    /// One list holds everything.
    One,
    /// Centroids as long as rows.
    Flat(View<f32>),
    /// Centroids in the leading coordinates.
    Coded {
        coded: Box<Coded>,
        metric: Metric,
        unbiased: Option<Unbiased>,
    },
}

/// Centroids coded without what favours some lists in searches.
#[derive(Debug)]
pub(crate) struct Unbiased {
    families: Families,
    no_bonus: Vec<f32>,
    blocks: Vec<u8>,
}

impl Unbiased {
    /// Nothing if the codes that the segment has favour no list.
    fn of(coded: &Coded) -> Option<Unbiased> {
        let (dim, no_bonus) = (coded.dims.scan, vec![0.0; coded.bonus.len()]);
        let families = Families::of(&coded.centroids, &coded.parents, dim);
        // Centroids come arranged by family, but in a file that is damaged.
        let differs = *no_bonus != *coded.bonus && *families.centroids == *coded.centroids;
        differs.then(|| Unbiased {
            blocks: families.encode(dim, &no_bonus),
            families,
            no_bonus,
        })
    }
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
            Some(coded) => Nearest::Coded {
                unbiased: Unbiased::of(coded),
                coded: Box::new(coded.clone()),
                metric: segment.metric(),
            },
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
                unbiased,
            } => {
                let coarse = match unbiased {
                    Some(own) => own
                        .families
                        .coarse(coded.dims.scan, &own.no_bonus, &own.blocks),
                    None => coded.coarse(),
                };
                let (coordinates, square) = coordinates(coded, row);
                let list = clusters::assign_some(&coordinates, &coarse);
                let list = list.first().map_or(0, |&list| list as usize);
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
    coded.query.apply(
        &centred,
        centred.len(),
        &mut Integers::default(),
        &mut coordinates,
    );
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
