//! The small picture that every block looks at.

use crate::Picture;

/// Columns of the canvas; at most 63, so that a row of its mask fits a word.
pub(super) const WIDTH: usize = 48;
/// Rows of the canvas.
pub(super) const HEIGHT: usize = 64;
/// Pixels of the canvas.
pub(super) const PIXELS: usize = WIDTH * HEIGHT;

/// One number per pixel of the canvas, by row.
pub(super) type Plane = Vec<[f32; WIDTH]>;

/// A plane of zeros.
pub(super) fn plane() -> Plane {
    vec![[0.0; WIDTH]; HEIGHT]
}

/// Red, green and blue planes, whole numbers from 0 to 255.
///
/// The picture is stretched to fill it. Measured against keeping its proportions: photos that
/// somebody had squashed to a square found their originals among 39,982 far more often (first for
/// 99 % of 400, instead of 88 %). Shrinking averages areas, which leaves no aliasing; enlarging
/// interpolates linearly.
pub(super) struct Canvas {
    pub(super) planes: [Plane; 3],
    columns: Taps,
    rows: Taps,
    row: Vec<f32>,
}

impl Canvas {
    pub(super) fn new() -> Canvas {
        Canvas {
            planes: std::array::from_fn(|_| plane()),
            columns: Taps::default(),
            rows: Taps::default(),
            row: Vec::new(),
        }
    }

    /// Draws `picture`, one pass over its pixels.
    pub(super) fn draw(&mut self, picture: &Picture) {
        let (width, height) = (picture.width as usize, picture.height as usize);
        self.columns.fit(width, WIDTH);
        self.rows.fit(height, HEIGHT);
        self.row.resize(width * 3, 0.0);
        for y in 0..HEIGHT {
            self.rows.average_rows(y, &picture.rgb, &mut self.row);
            let rows = self.planes.each_mut().map(|plane| &mut plane[y]);
            self.columns.average_pixels(&self.row, rows);
        }
        for value in self.planes.iter_mut().flatten().flatten() {
            // To the nearest whole number; `f32::round` is a call on CPUs before SSE4.1.
            *value = (*value + 0.5) as i32 as f32;
        }
    }
}

/// Which source positions make up each output position along one axis, and their shares.
#[derive(Default)]
struct Taps {
    /// Source positions that these were made for.
    length: usize,
    /// First source position and first weight of each output, and one entry past the end.
    starts: Vec<(usize, usize)>,
    weights: Vec<f32>,
}

impl Taps {
    /// Lays `outputs` windows evenly over `length` source positions. Pictures of one size follow
    /// each other, so the last answer is kept.
    fn fit(&mut self, length: usize, outputs: usize) {
        if self.length == length {
            return;
        }
        self.length = length;
        self.starts.clear();
        self.weights.clear();
        let step = length as f64 / outputs as f64;
        for output in 0..outputs {
            self.push_window((output as f64 + 0.5) * step, step.max(1.0));
        }
        self.starts.push((0, self.weights.len()));
    }

    /// A window of `support` source positions about `centre`, moved inside where it sticks out.
    fn push_window(&mut self, centre: f64, support: f64) {
        let (half, length) = (support / 2.0, self.length as f64);
        let centre = centre.clamp(half, length - half);
        let (low, high) = (centre - half, centre + half);
        let first = (low as usize).min(self.length - 1);
        let last = (high.ceil() as usize).clamp(first + 1, self.length);
        self.starts.push((first, self.weights.len()));
        for position in first..last {
            let covered = high.min((position + 1) as f64) - low.max(position as f64);
            self.weights.push((covered / support) as f32);
        }
    }

    fn window(&self, output: usize) -> (usize, &[f32]) {
        let (first, weights) = self.starts[output];
        (first, &self.weights[weights..self.starts[output + 1].1])
    }

    fn average_rows(&self, output: usize, rgb: &[u8], row: &mut [f32]) {
        let (first, weights) = self.window(output);
        row.fill(0.0);
        let bytes = row.len();
        for (source, &weight) in rgb[first * bytes..].chunks_exact(bytes).zip(weights) {
            for (sum, &byte) in row.iter_mut().zip(source) {
                *sum += weight * f32::from(byte);
            }
        }
    }

    fn average_pixels(&self, row: &[f32], [red, green, blue]: [&mut [f32; WIDTH]; 3]) {
        for output in 0..WIDTH {
            let (first, weights) = self.window(output);
            let (pixels, _) = row[first * 3..].as_chunks::<3>();
            let (mut r, mut g, mut b) = (0.0, 0.0, 0.0);
            for (pixel, &weight) in pixels.iter().zip(weights) {
                r += weight * pixel[0];
                g += weight * pixel[1];
                b += weight * pixel[2];
            }
            (red[output], green[output], blue[output]) = (r, g, b);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mean of `channel` under canvas pixel (`x`, `y`), by asking every source pixel.
    fn reference(picture: &Picture, x: usize, y: usize, channel: usize) -> f64 {
        let (width, height) = (picture.width as usize, picture.height as usize);
        let shares = |output: usize, outputs: usize, length: usize| -> Vec<f64> {
            let step = length as f64 / outputs as f64;
            let half = step.max(1.0) / 2.0;
            let centre = ((output as f64 + 0.5) * step).clamp(half, length as f64 - half);
            let covered =
                |i: usize| (centre + half).min(i as f64 + 1.0) - (centre - half).max(i as f64);
            (0..length)
                .map(|i| covered(i).max(0.0) / (2.0 * half))
                .collect()
        };
        let (columns, rows) = (shares(x, WIDTH, width), shares(y, HEIGHT, height));
        let value = |i: usize| {
            f64::from(picture.rgb[i * 3 + channel]) * columns[i % width] * rows[i / width]
        };
        (0..width * height).map(value).sum()
    }

    #[test]
    fn draws_what_the_reference_says() {
        let mut canvas = Canvas::new();
        let mut wrong = Vec::new();
        for (width, height) in [
            (60, 80),
            (1, 1),
            (3, 2),
            (48, 64),
            (49, 63),
            (130, 20),
            (97, 211),
        ] {
            let rgb = (0..width * height * 3)
                .map(|i| (i * i % 251) as u8)
                .collect();
            let picture = Picture { width, height, rgb };
            canvas.draw(&picture);
            for (x, y, channel) in [
                (0, 0, 0),
                (47, 63, 1),
                (24, 31, 2),
                (7, 40, 1),
                (47, 0, 2),
                (13, 13, 0),
            ] {
                let (drawn, expected) = (
                    canvas.planes[channel][y][x],
                    reference(&picture, x, y, channel),
                );
                if (f64::from(drawn) - expected).abs() > 0.501 || drawn.fract() != 0.0 {
                    wrong.push((width, height, x, y, channel, drawn, expected));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
