//! Rows narrowed to 16-bit floats or 8-bit integers: a search reads these instead of the vectors, of which it compares the best few.
//!
//! Each row is divided by a scale of its own. For 16-bit floats that is the power of two which brings the greatest magnitude to
//! 2¹⁴ or more, less than 2¹⁵: no row is too large or too small, and a value is off by at most 2⁻¹¹ of itself or 2⁻³⁹ of
//! the greatest. For 8-bit integers it is a 127th of the greatest magnitude, and a value is off by at most half of that.

use std::ops::Range;

use half::f16;
use nigh_mmap::{SectionError, SectionWriter, Sections, View, WriteError};

use crate::allowed::Allowed;
use crate::coded::Query;
use crate::metric::Metric;
use crate::neighbor::Neighbor;
use crate::scan::{self, Rows, STRETCH};
use crate::search::{Found, SearchParams};
use crate::top_k::TopK;
use crate::transform::{Integers, integer_limit};

/// What values are narrowed to; see [`Codec`](crate::Codec).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Narrow {
    /// 16-bit floats.
    F16,
    /// 8-bit integers.
    Int8,
}

impl Narrow {
    /// The name used in messages and files.
    pub fn name(self) -> &'static str {
        match self {
            Narrow::F16 => "f16",
            Narrow::Int8 => "int8",
        }
    }

    /// Bytes of a value.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Narrow::F16 => 2,
            Narrow::Int8 => 1,
        }
    }

    /// Whether rows come with their squared norms: integers are multiplied only, and a distance needs more.
    pub(crate) fn has_norms(self, metric: Metric) -> bool {
        self == Narrow::Int8 && metric == Metric::L2
    }

    /// Puts down narrowed rows, in the order in which they come. Where they stand `alone`, without the vectors, those for cosine get
    /// the scale at which what they stand for has length 1.
    pub(crate) fn write(
        self,
        writer: &mut SectionWriter,
        metric: Metric,
        rows: impl Iterator<Item = impl AsRef<[f32]>>,
        alone: bool,
    ) -> Result<(), WriteError> {
        let unit = alone && metric == Metric::Cosine;
        let (mut scales, mut norms) = (Vec::new(), Vec::new());
        let (mut floats, mut integers) = (Vec::new(), Vec::new());
        let mut section = writer.section(self.name())?;
        for row in rows {
            let row = row.as_ref();
            match self {
                Narrow::F16 => {
                    let scale = to_f16(row, &mut floats);
                    let values = floats.iter().map(|&bits| f16::from_bits(bits).to_f32());
                    scales.push(if unit {
                        unit_scale(values, scale)
                    } else {
                        scale
                    });
                    section.write(&floats)?;
                }
                Narrow::Int8 => {
                    let scale = to_int8(row, &mut integers);
                    let values = integers.iter().map(|&integer| f32::from(integer));
                    scales.push(if unit {
                        unit_scale(values, scale)
                    } else {
                        scale
                    });
                    section.write(&integers)?;
                    norms.push(norm(&integers, scales[scales.len() - 1]));
                }
            }
        }
        writer.put("scales", &scales)?;
        if self.has_norms(metric) {
            writer.put("norms", &norms)?;
        }
        Ok(())
    }
}

/// Returns the scale.
fn to_f16(row: &[f32], out: &mut Vec<u16>) -> f32 {
    let exponent = (greatest(row).to_bits() >> 23) as i32 - 127;
    let scale = (exponent - 14).max(-126);
    let power = |exponent: i32| f32::from_bits(((exponent + 127) as u32) << 23);
    // Exact but for what is below the smallest 16-bit float by far: rounded once, to the nearest, ties to even.
    let inverse = power(-scale);
    out.clear();
    out.extend(row.iter().map(|x| f16::from_f32(x * inverse).to_bits()));
    power(scale)
}

/// Greatest magnitudes no larger than this count as 0: their inverse is infinite or nearly.
const LEAST_MAGNITUDE: f32 = 1e-30;

/// Returns the scale.
fn to_int8(row: &[f32], out: &mut Vec<i8>) -> f32 {
    let greatest = greatest(row);
    let inverse = if greatest > LEAST_MAGNITUDE {
        127.0 / greatest
    } else {
        0.0
    };
    out.clear();
    out.extend(row.iter().map(|x| (x * inverse).round() as i8));
    greatest / 127.0
}

fn greatest(row: &[f32]) -> f32 {
    row.iter()
        .fold(0.0_f32, |greatest, x| greatest.max(x.abs()))
}

/// The scale at which values have length 1; that which they have where all are 0.
fn unit_scale(values: impl Iterator<Item = f32>, scale: f32) -> f32 {
    let square: f64 = values
        .map(|value| f64::from(value) * f64::from(value))
        .sum();
    if square > 0.0 {
        (1.0 / square.sqrt()) as f32
    } else {
        scale
    }
}

/// The squared norm of what the integers stand for.
fn norm(integers: &[i8], scale: f32) -> f32 {
    let sum: i64 = integers.iter().map(|&i| i64::from(i) * i64::from(i)).sum();
    scale * (scale * sum as f32)
}

/// The narrowed rows of a segment, in the order of its rows. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Narrowed {
    values: Values,
    scales: View<f32>,
    /// None where they are not needed; see [`Narrow::has_norms`].
    norms: Option<View<f32>>,
}

#[derive(Clone, Debug)]
enum Values {
    F16(View<u16>),
    Int8(View<i8>),
}

impl Narrowed {
    /// Those that the file has, if it has some.
    pub(crate) fn open(
        sections: &Sections,
        metric: Metric,
    ) -> Result<Option<Narrowed>, SectionError> {
        let holds = |narrow: &Narrow| sections.names().any(|name| name == narrow.name());
        let Some(narrow) = [Narrow::F16, Narrow::Int8].into_iter().find(holds) else {
            return Ok(None);
        };
        let norms = narrow.has_norms(metric);
        Ok(Some(Narrowed {
            values: match narrow {
                Narrow::F16 => Values::F16(sections.view(narrow.name())?),
                Narrow::Int8 => Values::Int8(sections.view(narrow.name())?),
            },
            scales: sections.view("scales")?,
            norms: norms.then(|| sections.view("norms")).transpose()?,
        }))
    }

    pub(crate) fn narrow(&self) -> Narrow {
        match self.values {
            Values::F16(_) => Narrow::F16,
            Values::Int8(_) => Narrow::Int8,
        }
    }

    /// Whether the sections agree with the rows; a search relies on it.
    pub(crate) fn fits(&self, rows: usize, dim: usize) -> bool {
        let values = match &self.values {
            Values::F16(values) => values.len(),
            Values::Int8(values) => values.len(),
        };
        Some(values) == rows.checked_mul(dim)
            && self.scales.len() == rows
            && self.norms.as_ref().is_none_or(|norms| norms.len() == rows)
    }

    /// What a row stands for.
    pub(crate) fn row(&self, row: usize, dim: usize) -> Vec<f32> {
        let (values, scale) = (row * dim..(row + 1) * dim, self.scales[row]);
        match &self.values {
            Values::F16(all) => {
                let float = |&bits: &u16| f16::from_bits(bits).to_f32() * scale;
                all[values].iter().map(float).collect()
            }
            Values::Int8(all) => {
                let float = |&integer: &i8| f32::from(integer) * scale;
                all[values].iter().map(float).collect()
            }
        }
    }

    /// The best allowed rows of `ranges` for a prepared query: the `rescored` best as they are narrowed, compared exactly: by the
    /// vectors, or where these are empty by what the rows stand for.
    pub(crate) fn search(
        &self,
        rows: &Rows<'_>,
        query: Query<'_>,
        ranges: &[Range<usize>],
        params: &SearchParams,
        rescored: usize,
        allowed: Option<&Allowed>,
    ) -> Found {
        let asked = Asked::new(self, rows, query.values);
        let kept = rescored.min(rows.labels.len());
        let parts = scan::parts(ranges, self.narrow().bytes() * rows.dim, params.threads);
        let best = scan::merged(parts, |part| asked.scan(part, kept, allowed));
        let best = best.map_or_else(Vec::new, TopK::into_sorted);
        let positions: Vec<u32> = best.iter().map(|neighbor| neighbor.label as u32).collect();
        let (visited_lists, distances) = scan::visited(ranges, allowed);
        query.mark_rescoring();
        let neighbors = match rows.data.is_empty() {
            true => self.rescore(rows, query.values, &positions, params.k),
            false => scan::rescore(rows, query.values, &positions, params.k),
        };
        Found {
            neighbors,
            visited_lists,
            distances,
            rescored: positions.len(),
            ..Found::default()
        }
    }
}

impl Narrowed {
    fn rescore(
        &self,
        rows: &Rows<'_>,
        query: &[f32],
        positions: &[u32],
        k: usize,
    ) -> Vec<Neighbor> {
        let mut best = TopK::new(k);
        for &row in positions {
            let (values, mut score) = (self.row(row as usize, rows.dim), [0.0]);
            rows.metric.score_rows(query, &values, &mut score);
            let (label, [score]) = (rows.labels[row as usize], score);
            best.push(Neighbor { label, score });
        }
        best.into_sorted()
    }
}

/// A query for narrowed rows.
struct Asked<'a> {
    narrowed: &'a Narrowed,
    dim: usize,
    metric: Metric,
    query: &'a [f32],
    /// The same in integers, if rows are; and what one unit of these stands for.
    integers: Integers,
    step: f32,
}

/// How many allowed rows ahead memory is asked for.
const ROWS_AHEAD: usize = 4;

impl<'a> Asked<'a> {
    fn new(narrowed: &'a Narrowed, rows: &Rows<'_>, query: &'a [f32]) -> Asked<'a> {
        let mut integers = Integers::default();
        let step = match narrowed.narrow() {
            Narrow::F16 => 0.0,
            Narrow::Int8 => integers.quantize(query, integer_limit(query.len())),
        };
        Asked {
            narrowed,
            dim: rows.dim,
            metric: rows.metric,
            query,
            integers,
            step,
        }
    }

    /// The `kept` best rows, by their numbers.
    fn scan(&self, ranges: &[Range<usize>], kept: usize, allowed: Option<&Allowed>) -> TopK {
        let mut best = TopK::new(kept);
        let mut scores = [0.0; STRETCH];
        for stretch in ranges.iter().cloned().flat_map(scan::stretches) {
            match allowed {
                Some(allowed) if scan::count(stretch.clone(), Some(allowed)) < stretch.len() => {
                    self.scan_picked(stretch, allowed, &mut best);
                }
                _ => {
                    let scores = &mut scores[..stretch.len()];
                    self.score(stretch.clone(), scores);
                    for (row, &score) in stretch.zip(scores.iter()) {
                        let label = row as u64;
                        best.push(Neighbor { label, score });
                    }
                }
            }
        }
        best
    }

    fn scan_picked(&self, stretch: Range<usize>, allowed: &Allowed, best: &mut TopK) {
        let mut ahead = allowed.in_range(stretch.clone());
        let ask_for = |row: usize| self.narrowed.prefetch(row * self.dim..(row + 1) * self.dim);
        ahead.by_ref().take(ROWS_AHEAD).for_each(ask_for);
        for row in allowed.in_range(stretch) {
            ahead.next().into_iter().for_each(ask_for);
            let mut score = [0.0];
            self.score(row..row + 1, &mut score);
            let (label, [score]) = (row as u64, score);
            best.push(Neighbor { label, score });
        }
    }

    /// Scores as those of the metric, but for what all rows have in common.
    fn score(&self, rows: Range<usize>, scores: &mut [f32]) {
        let values = rows.start * self.dim..rows.end * self.dim;
        let scales = &self.narrowed.scales[rows.clone()];
        match &self.narrowed.values {
            Values::F16(all) => match self.metric {
                Metric::L2 => {
                    nigh_simd::l2_squared_f16_rows(self.query, &all[values], scales, scores);
                    scores.iter_mut().for_each(|score| *score = -*score);
                }
                Metric::InnerProduct | Metric::Cosine => {
                    nigh_simd::dot_f16_rows(self.query, &all[values], scales, scores);
                }
            },
            Values::Int8(all) => {
                let mut products = [0; STRETCH];
                let products = &mut products[..scores.len()];
                nigh_simd::dot_i16_i8_rows(&self.integers.values, &all[values], products);
                let each = scores.iter_mut().zip(products).zip(scales);
                each.for_each(|((score, product), scale)| {
                    *score = *product as f32 * self.step * scale;
                });
                if let Some(norms) = &self.narrowed.norms {
                    let pairs = scores.iter_mut().zip(&norms[rows]);
                    pairs.for_each(|(score, norm)| *score = 2.0 * *score - norm);
                }
            }
        }
    }
}

impl Narrowed {
    fn prefetch(&self, values: Range<usize>) {
        nigh_simd::prefetch(match &self.values {
            Values::F16(all) => bytemuck::cast_slice(&all[values]),
            Values::Int8(all) => bytemuck::cast_slice(&all[values]),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    /// Rows of very different size, values of very different size within them.
    fn rows() -> Vec<Vec<f32>> {
        let mut random = Random::new(5);
        let mut value = |size: i32| random.normal() as f32 * 10_f32.powi(size);
        let mut rows: Vec<Vec<f32>> = (-44..19)
            .map(|size| (0..40).map(|i| value(size - i % 6)).collect())
            .collect();
        rows.push(vec![0.0; 40]);
        rows.push(vec![65_519.99, 65_520.0, 1.0, -65_504.0, 1e5, -0.0]);
        rows.push(vec![f32::MIN_POSITIVE, 1e-45, -1e-40]);
        rows
    }

    #[test]
    fn floats_are_off_by_no_more_than_stated() {
        let mut wrong = Vec::new();
        for row in rows() {
            let mut bits = Vec::new();
            let scale = f64::from(to_f16(&row, &mut bits));
            let greatest = f64::from(greatest(&row));
            for (&x, &bits) in row.iter().zip(&bits) {
                let x = f64::from(x);
                let error = (f16::from_bits(bits).to_f64() * scale - x).abs();
                // The least scale is 2⁻¹²⁶, of which the smallest 16-bit float is 2⁻²⁴.
                let bound = [
                    x.abs() / 2048.0,
                    greatest / 2_f64.powi(39),
                    2_f64.powi(-151),
                ];
                if error > bound.into_iter().fold(0.0, f64::max) {
                    wrong.push((x, error));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn integers_are_off_by_no_more_than_stated() {
        let mut wrong = Vec::new();
        for row in rows() {
            let mut integers = Vec::new();
            let scale = to_int8(&row, &mut integers);
            let norm = f64::from(norm(&integers, scale));
            let mut exact = 0.0;
            for (&x, &integer) in row.iter().zip(&integers) {
                let back = f64::from(integer) * f64::from(scale);
                exact += back * back;
                let error = (back - f64::from(x)).abs();
                if error > f64::from(scale) * 0.5001 && f64::from(x.abs()) > 1e-30 {
                    wrong.push((x, error));
                }
            }
            let tiny = f64::from(f32::MIN_POSITIVE);
            assert!(
                (norm - exact).abs() <= 1e-6 * exact + tiny,
                "{norm} {exact}"
            );
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    /// The last bit that is kept is that of the nearest 16-bit float, the even one of two.
    #[test]
    fn floats_are_rounded_to_even() {
        let last = 2_f32.powi(-10);
        let cases = [
            (1.0 + 0.49 * last, 1.0),
            (1.0 + 0.5 * last, 1.0),
            (1.0 + 0.51 * last, 1.0 + last),
            (1.0 + 1.5 * last, 1.0 + 2.0 * last),
            (2.0 - 0.5 * last, 2.0),
        ];
        for (x, expected) in cases {
            let mut bits = Vec::new();
            let scale = to_f16(&[x], &mut bits);
            assert_eq!(f16::from_bits(bits[0]).to_f32() * scale, expected, "{x}");
        }
    }
}
