//! Soft shadows, made from what was drawn.

use super::palette::Rgb;
use tiny_skia::Pixmap;

/// The colour of shadows on the backdrop.
const SHADOW: Rgb = Rgb::hex(0x2B_2A40);

/// How much of each pixel of a square picture something covers.
#[derive(Debug, Clone)]
pub(super) struct Cover {
    side: usize,
    alpha: Vec<u8>,
}

impl Cover {
    /// The silhouette of a square drawing.
    pub(super) fn of(layer: &Pixmap) -> Self {
        let alpha = layer.pixels().iter().map(|pixel| pixel.alpha());
        Self {
            side: layer.width() as usize,
            alpha: alpha.collect(),
        }
    }

    /// The silhouette moved down and, by two thirds of that, to the right: what a product that lies
    /// flat throws.
    pub(super) fn dropped(&self, share: f32) -> Self {
        let down = (self.side as f32 * share) as usize;
        let right = down * 2 / 3;
        self.sampled(0, |y| Some((y.checked_sub(down)?, -(right as isize))))
    }

    /// The silhouette tipped over backwards to `height` of its own, leaning to the right by `skew`:
    /// what a product that stands throws on the floor behind it.
    pub(super) fn tipped(&self, height: f32, skew: f32) -> Self {
        let floor = self.ground();
        let top = floor - (floor as f32 * height) as usize;
        self.sampled(top, |y| {
            let up = floor.checked_sub(y)? as f32 / height;
            Some((floor.checked_sub(up as usize)?, -((up * skew) as isize)))
        })
    }

    /// With soft edges, `share` of the picture's side wide: two box blurs both ways.
    pub(super) fn blurred(mut self, share: f32) -> Self {
        let half = ((self.side as f32 * share) as usize).clamp(1, 128);
        for _ in 0..2 {
            for _ in 0..2 {
                self.alpha = box_blur(&self.alpha, self.side, half);
            }
            self.alpha = transposed(&self.alpha, self.side);
        }
        self
    }

    /// Darkens a picture of the same size where it is covered.
    pub(super) fn darken(&self, scene: &mut Pixmap, strength: f32) {
        let share = (strength * 256.0) as u32;
        let ink = SHADOW.channels();
        let pixels = scene.data_mut().chunks_exact_mut(4).zip(&self.alpha);
        for (pixel, &cover) in pixels.filter(|(_, cover)| **cover > 0) {
            let weight = u32::from(cover) * share / 256;
            for (channel, ink) in pixel.iter_mut().zip(ink) {
                let mixed = u32::from(*channel) * (256 - weight) + u32::from(ink) * weight;
                *channel = (mixed / 256) as u8;
            }
        }
    }

    /// The row below the lowest pixel that is covered.
    fn ground(&self) -> usize {
        let last = self.alpha.iter().rposition(|&alpha| alpha > 60);
        last.map_or(0, |index| index / self.side + 1)
    }

    /// A picture whose row `y`, from `top` on, is a row of this one moved sideways; `source` names
    /// the row and how many pixels to its right the new row begins, or none.
    fn sampled(&self, top: usize, source: impl Fn(usize) -> Option<(usize, isize)>) -> Self {
        let side = self.side;
        let mut alpha = vec![0; self.alpha.len()];
        for y in top..side {
            let row = source(y)
                .and_then(|(from, x)| Some((self.alpha.get(from * side..(from + 1) * side)?, x)));
            let Some((row, shift)) = row else { continue };
            let target = &mut alpha[y * side..(y + 1) * side];
            let (skip, start) = (shift.max(0) as usize, (-shift).max(0) as usize);
            let (row, target) = (row.get(skip..), target.get_mut(start..));
            if let (Some(row), Some(target)) = (row, target) {
                target
                    .iter_mut()
                    .zip(row)
                    .for_each(|(to, &from)| *to = from);
            }
        }
        Self { side, alpha }
    }
}

/// The mean of each pixel and its `half` neighbours above and below, all columns side by side.
fn box_blur(mask: &[u8], side: usize, half: usize) -> Vec<u8> {
    let share = (1 << 16) / (2 * half as u32 + 1);
    let mut sums = vec![0u16; side];
    let mut blurred = Vec::with_capacity(mask.len());
    let row = |index: usize| {
        mask.get(index * side..(index + 1) * side)
            .unwrap_or_default()
    };
    (0..half).for_each(|index| add(&mut sums, row(index)));
    for index in 0..side {
        add(&mut sums, row(index + half));
        blurred.extend(
            sums.iter()
                .map(|&sum| ((u32::from(sum) * share) >> 16) as u8),
        );
        if let Some(gone) = index.checked_sub(half) {
            sums.iter_mut()
                .zip(row(gone))
                .for_each(|(sum, &value)| *sum -= u16::from(value));
        }
    }
    blurred
}

fn add(sums: &mut [u16], row: &[u8]) {
    sums.iter_mut()
        .zip(row)
        .for_each(|(sum, &value)| *sum += u16::from(value));
}

fn transposed(mask: &[u8], side: usize) -> Vec<u8> {
    let mut columns = vec![0; mask.len()];
    for (y, row) in mask.chunks_exact(side).enumerate() {
        for (column, &value) in columns.chunks_exact_mut(side).zip(row) {
            column[y] = value;
        }
    }
    columns
}
