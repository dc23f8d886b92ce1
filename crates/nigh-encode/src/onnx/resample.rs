//! Resampling as Pillow does it, so that a model sees what its authors' evaluation showed it.
//!
//! Each axis is a convolution with a kernel that widens with the reduction; weights are
//! normalised over the source pixels that exist; the pass over rows and the pass over columns
//! both round to 8 bits. A library that rounds its weights to 16 bits moved MobileNetV2's
//! embedding of a small, enlarged picture to a cosine of 0.99989; this gives 1.0000000. Sums are
//! in f32 where Pillow has 22-bit integers, so that a pixel whose exact value is a half may come
//! out 1 lower or higher.

use super::choices::Filter;

/// A rectangle within RGB pixels.
#[derive(Clone, Copy)]
pub(super) struct Window<'p> {
    pub(super) rgb: &'p [u8],
    /// Pixels in a row of the whole picture.
    pub(super) stride: usize,
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl<'p> Window<'p> {
    fn row(&self, y: usize) -> &'p [u8] {
        let start = 3 * ((self.top + y) * self.stride + self.left);
        &self.rgb[start..start + 3 * self.width]
    }
}

/// Weights and memory that are used again for the next picture.
#[derive(Default)]
pub(super) struct Resampler {
    horizontal: Axis,
    vertical: Axis,
    /// One source row as floats, with zeros after it for the padded taps.
    source_row: Vec<f32>,
    /// All source rows at their final width.
    narrowed: Vec<f32>,
    sums: Vec<f32>,
}

impl Resampler {
    /// Scales `source` to `width × height` and replaces `target` by the result.
    pub(super) fn resize(
        &mut self,
        source: Window<'_>,
        (width, height): (usize, usize),
        filter: Filter,
        target: &mut Vec<u8>,
    ) {
        target.clear();
        if filter == Filter::Nearest {
            return nearest(source, (width, height), target);
        }
        self.horizontal.prepare(source.width, width, filter);
        self.vertical.prepare(source.height, height, filter);
        self.narrow(source, width);
        self.stack(width, target);
    }

    /// The pass over rows.
    fn narrow(&mut self, source: Window<'_>, width: usize) {
        let axis = &self.horizontal;
        self.source_row.clear();
        self.source_row.resize(3 * (source.width + axis.taps), 0.0);
        self.narrowed.resize(3 * width * source.height, 0.0);
        let rows = self.narrowed.chunks_exact_mut(3 * width);
        for (y, narrowed) in rows.enumerate() {
            for (value, byte) in self.source_row.iter_mut().zip(source.row(y)) {
                *value = f32::from(*byte);
            }
            let weights = axis.weights.chunks_exact(axis.taps * 3);
            for ((pixel, start), weights) in narrowed
                .as_chunks_mut::<3>()
                .0
                .iter_mut()
                .zip(&axis.starts)
                .zip(weights)
            {
                *pixel = weighted_pixel(&self.source_row[3 * start..], weights);
            }
        }
    }

    /// The pass over columns, whole rows at a time.
    fn stack(&mut self, width: usize, target: &mut Vec<u8>) {
        let axis = &self.vertical;
        let rows = self.narrowed.len() / (3 * width);
        for (start, weights) in axis
            .starts
            .iter()
            .zip(axis.weights.chunks_exact(3 * axis.taps))
        {
            self.sums.clear();
            self.sums.resize(3 * width, 0.0);
            // Each weight stands there three times; the padding reaches past the last row.
            let taps = weights.as_chunks::<3>().0.iter().take(rows - start);
            let source_rows = self.narrowed[3 * width * start..].chunks_exact(3 * width);
            for (row, [weight, ..]) in source_rows.zip(taps) {
                for (sum, value) in self.sums.iter_mut().zip(row) {
                    *sum += weight * value;
                }
            }
            target.extend(self.sums.iter().map(|sum| round(*sum)));
        }
    }
}

/// One output pixel; four source pixels at a time, so that the compiler can use wide registers.
fn weighted_pixel(source: &[f32], weights: &[f32]) -> [f32; 3] {
    let mut sums = [0f32; 12];
    for (values, weights) in source
        .as_chunks::<12>()
        .0
        .iter()
        .zip(weights.as_chunks::<12>().0)
    {
        for ((sum, value), weight) in sums.iter_mut().zip(values).zip(weights) {
            *sum += value * weight;
        }
    }
    let channel = |c: usize| (sums[c] + sums[c + 3]) + (sums[c + 6] + sums[c + 9]);
    [0, 1, 2].map(|c| f32::from(round(channel(c))))
}

/// Halves go up; what a kernel's negative lobes overshoot is cut off.
fn round(value: f32) -> u8 {
    (value + 0.5) as u8
}

/// For each place of the result: the first source place and the weights from there on.
#[derive(Default)]
struct Axis {
    key: Option<(usize, usize, Filter)>,
    starts: Vec<usize>,
    /// Weights of each place, every one three times, padded with zeros to a multiple of four.
    weights: Vec<f32>,
    taps: usize,
}

impl Axis {
    /// Computes the weights unless they are those of the last picture.
    fn prepare(&mut self, from: usize, to: usize, filter: Filter) {
        if self.key == Some((from, to, filter)) {
            return;
        }
        self.key = Some((from, to, filter));
        self.starts.clear();
        self.weights.clear();
        let scale = from as f64 / to as f64;
        let spread = scale.max(1.0);
        let reach = radius(filter) * spread;
        self.taps = (reach.ceil() as usize * 2 + 1).next_multiple_of(4);
        for place in 0..to {
            let centre = (place as f64 + 0.5) * scale;
            // Casting cuts negative numbers off at 0.
            let start = (centre - reach + 0.5) as usize;
            let end = ((centre + reach + 0.5) as usize).min(from);
            let weight = |at: usize| kernel(filter, (at as f64 - centre + 0.5) / spread);
            let total: f64 = (start..end).map(weight).sum();
            self.starts.push(start);
            for at in start..start + self.taps {
                let weight = if at < end {
                    (weight(at) / total) as f32
                } else {
                    0.0
                };
                self.weights.extend([weight; 3]);
            }
        }
    }
}

/// How far a kernel reaches, in target pixels when shrinking and source pixels when enlarging.
fn radius(filter: Filter) -> f64 {
    match filter {
        Filter::Nearest | Filter::Box => 0.5,
        Filter::Bilinear => 1.0,
        Filter::Bicubic => 2.0,
        Filter::Lanczos => 3.0,
    }
}

fn kernel(filter: Filter, x: f64) -> f64 {
    let distance = x.abs();
    match filter {
        // Half-open, so that a border between two pixels counts once.
        Filter::Nearest | Filter::Box => f64::from(x > -0.5 && x <= 0.5),
        Filter::Bilinear => (1.0 - distance).max(0.0),
        // Keys, "Cubic convolution interpolation" (1981), equation 4 with a = -0.5.
        Filter::Bicubic if distance < 1.0 => (1.5 * distance - 2.5) * distance * distance + 1.0,
        Filter::Bicubic if distance < 2.0 => {
            ((-0.5 * distance + 2.5) * distance - 4.0) * distance + 2.0
        }
        Filter::Lanczos if distance < 3.0 => sinc(x) * sinc(x / 3.0),
        Filter::Bicubic | Filter::Lanczos => 0.0,
    }
}

fn sinc(x: f64) -> f64 {
    let angle = x * std::f64::consts::PI;
    if angle == 0.0 {
        1.0
    } else {
        angle.sin() / angle
    }
}

fn nearest(source: Window<'_>, (width, height): (usize, usize), target: &mut Vec<u8>) {
    let place = |at: usize, from: usize, to: usize| (2 * at + 1) * from / (2 * to);
    for y in 0..height {
        let row = source
            .row(place(y, source.height, height))
            .as_chunks::<3>()
            .0;
        target.extend((0..width).flat_map(|x| row[place(x, source.width, width)]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both passes with f64 weights and without any table, padding or reuse.
    fn reference(rgb: &[u8], from: [usize; 2], to: [usize; 2], filter: Filter) -> Vec<u8> {
        let pass = |values: &[u8], from: usize, to: usize, step: usize, at: usize, place: usize| {
            let scale = from as f64 / to as f64;
            let spread = scale.max(1.0);
            let centre = (place as f64 + 0.5) * scale;
            let reach = radius(filter) * spread;
            let first = (centre - reach + 0.5).max(0.0) as usize;
            let last = ((centre + reach + 0.5) as usize).min(from);
            let weights: Vec<f64> = (first..last)
                .map(|i| kernel(filter, (i as f64 + 0.5 - centre) / spread))
                .collect();
            let sum: f64 = weights
                .iter()
                .zip(first..last)
                .map(|(w, i)| w * f64::from(values[at + i * step]))
                .sum();
            (sum / weights.iter().sum::<f64>() + 0.5)
                .floor()
                .clamp(0.0, 255.0) as u8
        };
        let [height, width] = from;
        let mut rows = Vec::new();
        for y in 0..height {
            for x in 0..to[1] {
                rows.extend((0..3).map(|c| pass(rgb, width, to[1], 3, 3 * y * width + c, x)));
            }
        }
        let mut result = Vec::new();
        for y in 0..to[0] {
            for x in 0..3 * to[1] {
                result.push(pass(&rows, height, to[0], 3 * to[1], x, y));
            }
        }
        result
    }

    #[test]
    fn equals_the_reference_but_for_ties() {
        let mut resampler = Resampler::default();
        let mut wrong = Vec::new();
        for filter in [
            Filter::Box,
            Filter::Bilinear,
            Filter::Bicubic,
            Filter::Lanczos,
        ] {
            for (from, to) in [
                ([80, 60], [224, 224]),
                ([1, 1], [5, 3]),
                ([91, 37], [32, 48]),
                ([50, 300], [7, 9]),
                ([7, 9], [7, 9]),
            ] {
                let count = from[0] * from[1] * 3;
                let rgb: Vec<u8> = (0..count).map(|i| (i * i * 31 / 7 + i * 5) as u8).collect();
                let window = Window {
                    rgb: &rgb,
                    stride: from[1],
                    left: 0,
                    top: 0,
                    width: from[1],
                    height: from[0],
                };
                let mut found = Vec::new();
                resampler.resize(window, (to[1], to[0]), filter, &mut found);
                let expected = reference(&rgb, from, to, filter);
                assert_eq!(found.len(), expected.len());
                let worst = found
                    .iter()
                    .zip(&expected)
                    .map(|(a, b)| a.abs_diff(*b))
                    .max();
                let different = found.iter().zip(&expected).filter(|(a, b)| a != b).count();
                // Ties (frequent in `bilinear`, whose weights are small fractions) may fall either way.
                if worst > Some(1) || different * 100 > 3 * expected.len() {
                    wrong.push(format!(
                        "{filter} {from:?} to {to:?}: {different} differ, by up to {worst:?}"
                    ));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
