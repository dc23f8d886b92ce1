//! Resampling as Pillow does it, so that a model sees what its authors' evaluation showed it.
//!
//! Each axis is a convolution with a kernel that widens with the reduction; weights are
//! normalised over the source pixels that exist; the pass over rows and the pass over columns
//! both round to 8 bits. A library that rounds its weights to 16 bits moved MobileNetV2's
//! embedding of a small, enlarged picture to a cosine of 0.99989; this gives 1.0000000. Sums are
//! in f32 where Pillow has 22-bit integers, so that a pixel whose exact value is a half may come
//! out 1 lower or higher.

use std::ops::Range;

use nigh_simd::Pixel;

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

/// What of a scaled picture is wanted: no more than that is computed.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Part {
    /// All of a picture of `width × height`.
    pub(super) fn all((width, height): (usize, usize)) -> Part {
        Part {
            left: 0,
            top: 0,
            width,
            height,
        }
    }
}

/// Weights and memory that are used again for the next picture.
#[derive(Default)]
pub(super) struct Resampler {
    horizontal: Axis,
    vertical: Axis,
    /// One source row as floats, with zeros after it for the padded taps.
    source_row: Vec<Pixel>,
    /// The source rows that the part is made of, at its width.
    narrowed: Vec<[f32; 3]>,
}

impl Resampler {
    /// Scales `source` to `width × height` and replaces `target` by a part of the result.
    pub(super) fn resize(
        &mut self,
        source: Window<'_>,
        (width, height): (usize, usize),
        part: Part,
        filter: Filter,
        target: &mut Vec<u8>,
    ) {
        target.clear();
        if filter == Filter::Nearest {
            return nearest(source, (width, height), part, target);
        }
        self.horizontal.prepare(source.width, width, filter);
        self.vertical.prepare(source.height, height, filter);
        let (first, end) = self.vertical.reach(part.top, part.height, source.height);
        self.narrow(source, part, first..end);
        self.stack(part, first, target);
    }

    /// The pass over rows.
    fn narrow(&mut self, source: Window<'_>, part: Part, rows: Range<usize>) {
        let axis = &self.horizontal;
        let (first, end) = axis.reach(part.left, part.width, source.width);
        let places = part.left..part.left + part.width;
        let starts: Vec<_> = axis.starts[places.clone()]
            .iter()
            .map(|start| start - first)
            .collect();
        let weights = &axis.weights[places.start * axis.taps..places.end * axis.taps];
        self.source_row.clear();
        self.source_row.resize(end - first + axis.taps, [0.0; 4]);
        self.narrowed.clear();
        self.narrowed.resize(part.width * rows.len(), [0.0; 3]);
        let narrowed = self.narrowed.chunks_exact_mut(part.width);
        for (y, narrowed) in rows.zip(narrowed) {
            let bytes = &source.row(y).as_chunks::<3>().0[first..end];
            nigh_simd::widen_pixels(bytes, &mut self.source_row[..bytes.len()]);
            nigh_simd::weigh_pixels(&self.source_row, &starts, weights, narrowed);
        }
    }

    /// The pass over columns; the first of the narrowed rows is source row `first`.
    fn stack(&self, part: Part, first: usize, target: &mut Vec<u8>) {
        let axis = &self.vertical;
        let narrowed = self.narrowed.as_flattened();
        let width = 3 * part.width;
        target.resize(width * part.height, 0);
        let mut weights = Vec::with_capacity(axis.taps);
        for (place, out) in target.chunks_exact_mut(width).enumerate() {
            let place = part.top + place;
            let rows = &narrowed[(axis.starts[place] - first) * width..];
            let own = &axis.weights[axis.taps * place..][..axis.taps];
            weights.clear();
            // The padding reaches past the last row.
            weights.extend(
                own.iter()
                    .map(|[weight, ..]| weight)
                    .take(rows.len() / width),
            );
            nigh_simd::weigh_rows(&rows[..weights.len() * width], &weights, out);
        }
    }
}

/// For each place of the result: the first source place and the weights from there on.
#[derive(Default)]
struct Axis {
    key: Option<(usize, usize, Filter)>,
    starts: Vec<usize>,
    /// Weights of each place, each once for every channel, padded with zeros to a multiple of [`nigh_simd::TAPS`].
    weights: Vec<Pixel>,
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
        self.taps = (reach.ceil() as usize * 2 + 1).next_multiple_of(nigh_simd::TAPS);
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
                self.weights.push([weight; 4]);
            }
        }
    }

    /// The source places, of `from`, that `count` places from `first` on are made of.
    fn reach(&self, first: usize, count: usize, from: usize) -> (usize, usize) {
        let starts = &self.starts[first..first + count];
        let end = starts.last().map_or(0, |last| last + self.taps);
        (starts.first().map_or(0, |start| *start), end.min(from))
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

fn nearest(source: Window<'_>, (width, height): (usize, usize), part: Part, target: &mut Vec<u8>) {
    let place = |at: usize, from: usize, to: usize| (2 * at + 1) * from / (2 * to);
    for y in part.top..part.top + part.height {
        let row = source
            .row(place(y, source.height, height))
            .as_chunks::<3>()
            .0;
        let columns = part.left..part.left + part.width;
        target.extend(columns.flat_map(|x| row[place(x, source.width, width)]));
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
                resampler.resize(
                    window,
                    (to[1], to[0]),
                    Part::all((to[1], to[0])),
                    filter,
                    &mut found,
                );
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

    #[test]
    fn a_part_is_what_the_whole_shows_there() {
        let (width, height) = (97, 61);
        let rgb: Vec<u8> = (0..width * height * 3)
            .map(|i| (i * i % 251) as u8)
            .collect();
        let window = Window {
            rgb: &rgb,
            stride: width,
            left: 0,
            top: 0,
            width,
            height,
        };
        let (mut resampler, mut whole, mut found) = (Resampler::default(), Vec::new(), Vec::new());
        for filter in [Filter::Nearest, Filter::Bilinear, Filter::Lanczos] {
            for to in [[30, 41], [200, 130]] {
                resampler.resize(
                    window,
                    (to[1], to[0]),
                    Part::all((to[1], to[0])),
                    filter,
                    &mut whole,
                );
                for [top, left, rows, columns] in
                    [[0, 0, 1, 1], [3, 9, 20, 21], [to[0] - 5, to[1] - 3, 5, 3]]
                {
                    let part = Part {
                        left,
                        top,
                        width: columns,
                        height: rows,
                    };
                    resampler.resize(window, (to[1], to[0]), part, filter, &mut found);
                    let wanted = whole.chunks_exact(3 * to[1]).skip(top).take(rows);
                    let wanted: Vec<_> = wanted
                        .flat_map(|row| &row[3 * left..3 * (left + columns)])
                        .copied()
                        .collect();
                    assert!(found == wanted, "{filter} to {to:?}, {top} {left}");
                }
            }
        }
    }
}
