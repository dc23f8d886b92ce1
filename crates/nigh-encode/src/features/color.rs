//! Which colours the thing has, and where.

use super::canvas::{HEIGHT, Plane, WIDTH};
use super::foreground::{Bounds, Foreground, set_bits};
use super::lab::Lab;
use super::turns;

/// Levels of lightness.
const LIGHTNESSES: usize = 4;
/// Hues around the circle.
const HUES: usize = 8;
/// Steps of chroma above grey.
const CHROMAS: usize = 2;
/// Colours: at each lightness one grey, and each hue at each chroma.
pub(super) const COLORS: usize = LIGHTNESSES * CHOICES;
const CHOICES: usize = 1 + HUES * CHROMAS;

/// Chroma of the first step above grey.
const FIRST_CHROMA: f32 = 12.0;
/// Chroma from the first step to the second.
const NEXT_CHROMA: f32 = 25.0;
/// Weight of a background pixel beside a foreground pixel's one.
const BACKGROUND: f32 = 0.2;
/// The spread of attention around the middle of the foreground's box, as a share of its side.
const SPREAD: f32 = 0.25;

/// The thumbnail's columns.
const COLUMNS: usize = 4;
/// The thumbnail's rows.
const ROWS: usize = 5;
/// Numbers in the thumbnail.
pub(super) const THUMBNAIL: usize = 3 * COLUMNS * ROWS;
/// How much a difference of chroma counts beside one of lightness.
const CHROMA_GAIN: f32 = 2.0;

/// How much of the picture has each colour, as square roots (Hellinger), into `out` ([`COLORS`]).
/// A pixel counts by its nearness to the middle of the foreground and is shared linearly between
/// the colours around its own; the background votes as one, with a part of its weight.
pub(super) fn histogram(lab: &Lab, foreground: &Foreground, out: &mut [f32]) {
    out.fill(0.0);
    let across = attention::<WIDTH>(foreground.bounds.left, foreground.bounds.right);
    let down = attention::<HEIGHT>(foreground.bounds.top, foreground.bounds.bottom);
    let total: f32 = across.iter().sum();
    let mut behind = 0.0;
    for (y, (mask, down)) in foreground.mask.iter().zip(down).enumerate() {
        let places = Places::new(lab.planes.each_ref().map(|plane| &plane[y]));
        let mut before = 0.0;
        for x in set_bits(*mask) {
            before += across[x];
            places.vote(x, across[x] * down, out);
        }
        behind += (total - before) * down;
    }
    let background = foreground.background.map(|value| [value; WIDTH]);
    Places::new(background.each_ref()).vote(0, BACKGROUND * behind, out);
    for value in out {
        *value = value.sqrt();
    }
}

fn attention<const N: usize>(from: usize, to: usize) -> [f32; N] {
    let middle = (from + to) as f32 / 2.0;
    let spread = SPREAD * (to - from).max(4) as f32;
    std::array::from_fn(|pixel| {
        let offset = (pixel as f32 + 0.5 - middle) / spread;
        (-0.5 * offset * offset).exp()
    })
}

/// Between which lightnesses, chromas and hues the pixels of a row lie: the lower one, and the
/// share of the upper one.
struct Places {
    lightness: ([i32; WIDTH], [f32; WIDTH]),
    chroma: ([i32; WIDTH], [f32; WIDTH]),
    hue: ([i32; WIDTH], [f32; WIDTH]),
}

impl Places {
    fn new([lightness, a, b]: [&[f32; WIDTH]; 3]) -> Places {
        let (mut light, mut chroma, mut hue) = ([0.0; WIDTH], [0.0; WIDTH], [0.0; WIDTH]);
        for x in 0..WIDTH {
            light[x] = lightness[x] / 100.0 * (LIGHTNESSES - 1) as f32;
            let radius = (a[x] * a[x] + b[x] * b[x]).sqrt();
            // Two straight lines that meet at the first step.
            let near = radius / FIRST_CHROMA;
            let far = 1.0 + (radius - FIRST_CHROMA) / NEXT_CHROMA;
            chroma[x] = near.min(far).min(CHROMAS as f32);
            hue[x] = turns(b[x], a[x]) * HUES as f32;
        }
        Places {
            lightness: split(&light, LIGHTNESSES - 2),
            chroma: split(&chroma, CHROMAS - 1),
            hue: split(&hue, HUES - 1),
        }
    }

    fn vote(&self, x: usize, weight: f32, out: &mut [f32]) {
        let (light, step, low) = (self.lightness.0[x], self.chroma.0[x], self.hue.0[x]);
        let high = if low + 1 == HUES as i32 { 0 } else { low + 1 };
        let light_part = weight * self.lightness.1[x];
        let weights = [weight - light_part, light_part];
        let colors = &mut out[light as usize * CHOICES..][..2 * CHOICES];
        for (colors, weight) in colors.chunks_exact_mut(CHOICES).zip(weights) {
            let far = weight * self.chroma.1[x];
            let near = weight - far;
            let high_part = self.hue.1[x];
            let far_hues = &mut colors[1 + step as usize * HUES..][..HUES];
            far_hues[low as usize] += far - far * high_part;
            far_hues[high as usize] += far * high_part;
            if step == 0 {
                colors[0] += near;
            } else {
                let near_hues = &mut colors[1 + (step as usize - 1) * HUES..][..HUES];
                near_hues[low as usize] += near - near * high_part;
                near_hues[high as usize] += near * high_part;
            }
        }
    }
}

/// The whole part of each position, at most `last`, and what is left.
fn split(positions: &[f32; WIDTH], last: usize) -> ([i32; WIDTH], [f32; WIDTH]) {
    let (mut whole, mut rest) = ([0; WIDTH], [0.0; WIDTH]);
    for (x, position) in positions.iter().enumerate() {
        whole[x] = (*position as i32).min(last as i32);
        rest[x] = position.max(0.0) - whole[x] as f32;
    }
    (whole, rest)
}

/// The foreground's box as `COLUMNS × ROWS` mean colours less the background's, plane by plane,
/// into `out`.
pub(super) fn thumbnail(lab: &Lab, foreground: &Foreground, out: &mut [f32]) {
    let cells = COLUMNS * ROWS;
    for (channel, plane) in lab.planes.iter().enumerate() {
        let gain = if channel == 0 { 1.0 } else { CHROMA_GAIN };
        let out = &mut out[channel * cells..(channel + 1) * cells];
        average(plane, foreground.bounds, out);
        for value in out {
            *value = gain * (*value - foreground.background[channel]);
        }
    }
}

fn average(plane: &Plane, bounds: Bounds, out: &mut [f32]) {
    for (index, mean) in out.iter_mut().enumerate() {
        let xs = part(bounds.left, bounds.right, index % COLUMNS, COLUMNS);
        let ys = part(bounds.top, bounds.bottom, index / COLUMNS, ROWS);
        let pixels = (xs.len() * ys.len()) as f32;
        *mean = plane[ys]
            .iter()
            .flat_map(|row| &row[xs.clone()])
            .sum::<f32>()
            / pixels;
    }
}

/// The `index`th of `parts` nearly equal parts of a range, never empty.
fn part(from: usize, to: usize, index: usize, parts: usize) -> std::ops::Range<usize> {
    let start = from + (to - from) * index / parts;
    let end = from + (to - from) * (index + 1) / parts;
    start..end.max(start + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A lab canvas of one colour, and another in a box in its middle.
    fn boxed(around: [f32; 3], inside: [f32; 3]) -> Lab {
        let mut lab = Lab::new();
        for (plane, (around, inside)) in lab.planes.iter_mut().zip(around.into_iter().zip(inside)) {
            for (y, row) in plane.iter_mut().enumerate() {
                row.fill(around);
                if (16..48).contains(&y) {
                    row[12..36].fill(inside);
                }
            }
        }
        lab
    }

    fn shares_of(lab: &Lab) -> [f32; COLORS] {
        let mut found = [0.0; COLORS];
        histogram(lab, &Foreground::find(lab), &mut found);
        let total: f32 = found.iter().map(|root| root * root).sum();
        found.map(|root| root * root / total)
    }

    #[test]
    fn the_thing_counts_more_than_the_wall() {
        // Hue 0 at the second step of chroma, on the second of four lightnesses.
        let shares = shares_of(&boxed([100.0, 0.0, 0.0], [100.0 / 3.0, 37.0, 0.0]));
        let (wall, thing) = (shares[3 * CHOICES], shares[CHOICES + 1 + HUES]);
        assert!((wall + thing - 1.0).abs() < 1e-3, "{wall} + {thing}");
        assert!(thing > 0.9, "{thing}");
    }

    #[test]
    fn a_colour_between_two_is_shared() {
        let between = shares_of(&boxed([50.0, 0.0, 0.0], [50.0, 0.0, 0.0]));
        assert!((between[CHOICES] - 0.5).abs() < 1e-3 && (between[2 * CHOICES] - 0.5).abs() < 1e-3);
    }

    #[test]
    fn the_thumbnail_is_the_thing_less_the_wall() {
        let lab = boxed([90.0, 5.0, 0.0], [40.0, 25.0, -10.0]);
        let mut found = [0.0; THUMBNAIL];
        thumbnail(&lab, &Foreground::find(&lab), &mut found);
        let expected = [-50.0, 2.0 * 20.0, 2.0 * -10.0];
        for (plane, expected) in found.chunks_exact(COLUMNS * ROWS).zip(expected) {
            assert!(
                plane.iter().all(|v: &f32| (v - expected).abs() < 1e-3),
                "{plane:?}"
            );
        }
    }
}
