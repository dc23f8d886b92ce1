//! What on the canvas is the thing, and what lies behind it.

use super::canvas::{HEIGHT, PIXELS, WIDTH};
use super::lab::Lab;

/// How far from the background's colour a pixel may be and still belong to it, in L\*a\*b\* units.
const NEAR: f32 = 5.0;
/// A foreground smaller than this share of the canvas is taken for none.
const LEAST: f32 = 0.005;
/// The share of the foreground that may lie outside each side of its box: specks.
const TRIM: f32 = 0.004;
/// A row of the mask that is all foreground.
const FULL: u64 = (1 << WIDTH) - 1;

/// The foreground: all that the background's colour cannot reach from the canvas's edge.
///
/// The background's colour is the median along the edge. A white shirt before a white wall stays
/// foreground inside its outline. Where nothing is left (a uniform picture), everything is
/// foreground; where the edge has many colours (a street), little is removed.
pub(super) struct Foreground {
    /// Bit `x` of word `y` is set where the pixel belongs to the foreground.
    pub(super) mask: [u64; HEIGHT],
    /// Colour of the background.
    pub(super) background: [f32; 3],
    pub(super) bounds: Bounds,
}

/// A box on the canvas, in pixels: from left to right, from top to bottom, ends excluded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bounds {
    pub(super) left: usize,
    pub(super) right: usize,
    pub(super) top: usize,
    pub(super) bottom: usize,
}

impl Bounds {
    /// The whole canvas.
    pub(super) const CANVAS: Bounds = Bounds {
        left: 0,
        right: WIDTH,
        top: 0,
        bottom: HEIGHT,
    };
}

impl Foreground {
    pub(super) fn find(lab: &Lab) -> Foreground {
        let background = edge_median(lab);
        let near = near_rows(lab, background);
        let reached = flood(&near);
        let mask = reached.map(|row| !row & FULL);
        let area: u32 = mask.iter().map(|row| row.count_ones()).sum();
        if (area as f32) < LEAST * PIXELS as f32 {
            return Foreground {
                mask: [FULL; HEIGHT],
                background,
                bounds: Bounds::CANVAS,
            };
        }
        Foreground {
            mask,
            background,
            bounds: bounds(&mask, area),
        }
    }
}

/// The positions of a row's set bits, upwards.
pub(super) fn set_bits(mut row: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let position = (row != 0).then(|| row.trailing_zeros() as usize)?;
        row &= row - 1;
        Some(position)
    })
}

fn edge_median(lab: &Lab) -> [f32; 3] {
    let mut edge = [0.0; 2 * (WIDTH + HEIGHT)];
    lab.planes.each_ref().map(|plane| {
        edge[..WIDTH].copy_from_slice(&plane[0]);
        edge[WIDTH..2 * WIDTH].copy_from_slice(&plane[HEIGHT - 1]);
        for (pair, row) in edge[2 * WIDTH..].chunks_exact_mut(2).zip(plane) {
            pair.copy_from_slice(&[row[0], row[WIDTH - 1]]);
        }
        *edge
            .select_nth_unstable_by(WIDTH + HEIGHT, f32::total_cmp)
            .1
    })
}

/// Which pixels have the background's colour, wherever they lie.
fn near_rows(lab: &Lab, background: [f32; 3]) -> [u64; HEIGHT] {
    std::array::from_fn(|y| {
        let mut distance = [0.0; WIDTH];
        for (plane, background) in lab.planes.iter().zip(background) {
            for (sum, value) in distance.iter_mut().zip(&plane[y]) {
                *sum += (value - background) * (value - background);
            }
        }
        let bit = |row, (x, &d): (usize, &f32)| row | u64::from(d < NEAR * NEAR) << x;
        distance.iter().enumerate().fold(0, bit)
    })
}

/// Spreads from the canvas's edge through `open`, to all four sides, sweeping down and up until
/// nothing changes.
fn flood(open: &[u64; HEIGHT]) -> [u64; HEIGHT] {
    let sides = 1 | 1 << (WIDTH - 1);
    let mut reached = open.map(|row| row & sides);
    reached[0] = open[0];
    reached[HEIGHT - 1] = open[HEIGHT - 1];
    loop {
        let before = reached;
        let mut above = 0;
        for y in (0..HEIGHT).chain((0..HEIGHT).rev()) {
            above = spread(reached[y] | (above & open[y]), open[y]);
            reached[y] = above;
        }
        if reached == before {
            return reached;
        }
    }
}

/// Spreads `row` sideways through `open` in steps that double.
fn spread(mut row: u64, open: u64) -> u64 {
    let (mut left, mut right) = (open, open);
    for shift in [1, 2, 4, 8, 16, 32] {
        row |= (left & (row << shift)) | (right & (row >> shift));
        left &= left << shift;
        right &= right >> shift;
    }
    row
}

fn bounds(mask: &[u64; HEIGHT], area: u32) -> Bounds {
    let allowed = area as f32 * TRIM;
    let mut columns = [0; WIDTH];
    for row in mask {
        for (x, count) in columns.iter_mut().enumerate() {
            *count += (row >> x & 1) as u32;
        }
    }
    let rows = mask.map(u64::count_ones);
    let left = skipped(columns.iter(), allowed);
    let right = WIDTH - skipped(columns.iter().rev(), allowed);
    let top = skipped(rows.iter(), allowed);
    let bottom = HEIGHT - skipped(rows.iter().rev(), allowed);
    Bounds {
        left,
        right,
        top,
        bottom,
    }
}

/// How many leading lines hold no more than `allowed` pixels together.
fn skipped<'a>(lines: impl Iterator<Item = &'a u32>, allowed: f32) -> usize {
    let mut sum = 0;
    lines
        .take_while(|&&count| {
            sum += count;
            sum as f32 <= allowed
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One pixel at a time.
    fn slow_flood(open: &[u64; HEIGHT]) -> [u64; HEIGHT] {
        let mut reached = [0; HEIGHT];
        let edge = |x: usize, y: usize| x == 0 || y == 0 || x == WIDTH - 1 || y == HEIGHT - 1;
        let mut next: Vec<_> = (0..PIXELS)
            .map(|i| (i % WIDTH, i / WIDTH))
            .filter(|&(x, y)| edge(x, y))
            .collect();
        while let Some((x, y)) = next.pop() {
            if open[y] >> x & 1 == 0 || reached[y] >> x & 1 == 1 {
                continue;
            }
            reached[y] |= 1 << x;
            next.extend([(x.saturating_sub(1), y), (x, y.saturating_sub(1))]);
            next.extend([((x + 1).min(WIDTH - 1), y), (x, (y + 1).min(HEIGHT - 1))]);
        }
        reached
    }

    #[test]
    fn floods_as_far_as_one_pixel_at_a_time() {
        let mut state = 88_172_645_463_325_252_u64;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state & FULL
        };
        for round in 0..200 {
            // From sparse to dense, where paths wind most.
            let open =
                std::array::from_fn(|_| (0..round % 4).fold(random(), |row, _| row | random()));
            assert_eq!(flood(&open), slow_flood(&open), "round {round}");
        }
        assert_eq!(flood(&[FULL; HEIGHT]), [FULL; HEIGHT]);
        assert_eq!(flood(&[0; HEIGHT]), [0; HEIGHT]);
    }

    /// A white wall with a ring: `inside` shows in its middle.
    fn ring(inside: f32) -> Lab {
        let mut lab = Lab::new();
        for (y, row) in lab.planes[0].iter_mut().enumerate() {
            for (x, lightness) in row.iter_mut().enumerate() {
                let far = (x.abs_diff(24)).max(y.abs_diff(30));
                *lightness = if far > 10 {
                    98.0
                } else if far > 8 {
                    40.0
                } else {
                    inside
                };
            }
        }
        lab
    }

    #[test]
    fn finds_the_thing_even_where_it_has_the_walls_colour() {
        for inside in [10.0, 98.0] {
            let found = Foreground::find(&ring(inside));
            assert_eq!(
                found.bounds,
                Bounds {
                    left: 14,
                    right: 35,
                    top: 20,
                    bottom: 41
                }
            );
            assert_eq!(
                found.mask.iter().map(|row| row.count_ones()).sum::<u32>(),
                21 * 21
            );
            assert_eq!(found.background, [98.0, 0.0, 0.0]);
        }
    }

    #[test]
    fn a_uniform_picture_is_all_foreground() {
        let found = Foreground::find(&Lab::new());
        assert_eq!((found.mask, found.bounds), ([FULL; HEIGHT], Bounds::CANVAS));
    }

    #[test]
    fn set_bits_upwards() {
        assert_eq!(set_bits(0b1010_0001).collect::<Vec<_>>(), [0, 5, 7]);
        assert_eq!(set_bits(0).count(), 0);
    }
}
