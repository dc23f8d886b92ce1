//! Which way edges run, and how strong they are, over a grid of cells.

use super::canvas::{Canvas, HEIGHT, Plane, WIDTH, plane};
use super::foreground::Bounds;
use super::turns;

/// A cell's share of its block's norm is cut here (Dalal & Triggs's "L2-Hys").
const CLIP: f32 = 0.2;
/// What faint blocks are measured against, as a share of the mean cell's energy.
const FLOOR: f32 = 0.4;

/// Strength and direction of the steepest change at each pixel of the canvas.
pub(super) struct Gradient {
    magnitude: Plane,
    /// Direction in turns, 0 to 1.
    direction: Plane,
}

/// How directions are gathered: `columns × rows` cells of `BINS` directions.
pub(super) struct Grid<const BINS: usize> {
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// Whether dark-to-light differs from light-to-dark.
    pub(super) signed: bool,
}

impl<const BINS: usize> Grid<BINS> {
    pub(super) const fn dimension(&self) -> usize {
        self.columns * self.rows * BINS
    }
}

impl Gradient {
    pub(super) fn new() -> Gradient {
        Gradient {
            magnitude: plane(),
            direction: plane(),
        }
    }

    /// Central differences of the colour channel that changes most.
    pub(super) fn measure(&mut self, canvas: &Canvas) {
        for y in 0..HEIGHT {
            let (across, down) = steepest(canvas, y);
            let (magnitude, direction) = (&mut self.magnitude[y], &mut self.direction[y]);
            for x in 0..WIDTH {
                magnitude[x] = (across[x] * across[x] + down[x] * down[x]).sqrt();
                direction[x] = turns(down[x], across[x]);
            }
        }
    }

    /// The histogram of oriented gradients of what lies inside `bounds`, into `out` (the grid's
    /// dimension, cells row-major). Votes are shared linearly between neighbouring cells and
    /// directions; each cell is normalised by the four blocks of 2 × 2 cells around it.
    pub(super) fn describe<const BINS: usize>(
        &self,
        bounds: Bounds,
        grid: &Grid<BINS>,
        out: &mut [f32],
    ) {
        out.fill(0.0);
        let (cells, _) = out.as_chunks_mut::<BINS>();
        self.gather(bounds, grid, cells);
        normalise_cells(grid, cells);
    }

    fn gather<const BINS: usize>(
        &self,
        bounds: Bounds,
        grid: &Grid<BINS>,
        cells: &mut [[f32; BINS]],
    ) {
        let columns = Places::<WIDTH>::new(bounds.left, bounds.right, grid.columns);
        let rows = Places::<HEIGHT>::new(bounds.top, bounds.bottom, grid.rows);
        let mut line = [[0.0; BINS]; LINE];
        let line = &mut line[..grid.columns + 2];
        for y in rows.range() {
            line.fill([0.0; BINS]);
            self.gather_row(y, &columns, grid.signed, line);
            let (row, share) = (rows.cell[y], rows.share[y]);
            add_row(row, 1.0 - share, grid, line, cells);
            add_row(row + 1, share, grid, line, cells);
        }
    }

    fn gather_row<const BINS: usize>(
        &self,
        y: usize,
        columns: &Places<WIDTH>,
        signed: bool,
        line: &mut [[f32; BINS]],
    ) {
        let range = columns.range();
        let magnitude = &self.magnitude[y];
        let votes = Votes::<BINS>::new(&self.direction[y], signed);
        for x in range {
            let [near_cell, far_cell] = &mut line[columns.cell[x]..][..2] else {
                continue;
            };
            let (lower, upper) = (votes.bin[x] as usize, votes.bin[x] as usize + 1);
            let upper = if upper == BINS { 0 } else { upper };
            let far = magnitude[x] * columns.share[x];
            let near = magnitude[x] - far;
            let (near_upper, far_upper) = (near * votes.upper[x], far * votes.upper[x]);
            near_cell[lower] += near - near_upper;
            near_cell[upper] += near_upper;
            far_cell[lower] += far - far_upper;
            far_cell[upper] += far_upper;
        }
    }
}

/// Between which two directions each pixel of a row lies.
struct Votes<const BINS: usize> {
    bin: [i32; WIDTH],
    /// The share of the next direction.
    upper: [f32; WIDTH],
}

impl<const BINS: usize> Votes<BINS> {
    fn new(directions: &[f32; WIDTH], signed: bool) -> Votes<BINS> {
        let (mut bin, mut upper) = ([0; WIDTH], [0.0; WIDTH]);
        let scale = if signed {
            BINS as f32
        } else {
            2.0 * BINS as f32
        };
        for x in 0..WIDTH {
            let position = directions[x] * scale;
            let whole = position as i32;
            upper[x] = position - whole as f32;
            bin[x] = if whole < BINS as i32 {
                whole
            } else {
                whole - BINS as i32
            };
        }
        Votes { bin, upper }
    }
}

/// Adds a share of `line` to row `row` of the cells, counted from 1; row 0 and the one after the
/// last lie beyond the grid.
fn add_row<const BINS: usize>(
    row: usize,
    share: f32,
    grid: &Grid<BINS>,
    line: &[[f32; BINS]],
    cells: &mut [[f32; BINS]],
) {
    if row == 0 || row > grid.rows {
        return;
    }
    let cells = &mut cells[(row - 1) * grid.columns..row * grid.columns];
    for (sum, &value) in cells
        .as_flattened_mut()
        .iter_mut()
        .zip(line[1..].as_flattened())
    {
        *sum += share * value;
    }
}

/// Room for one row of cells and one more at each end.
const LINE: usize = 8;

/// The change across and down a row, in the channel where it is largest.
fn steepest(canvas: &Canvas, y: usize) -> ([f32; WIDTH], [f32; WIDTH]) {
    let [red, green, blue] = &canvas.planes;
    let (red_x, red_y) = changes(red, y);
    let (green_x, green_y) = changes(green, y);
    let (blue_x, blue_y) = changes(blue, y);
    let (mut across, mut down) = ([0.0; WIDTH], [0.0; WIDTH]);
    for x in 0..WIDTH {
        let candidates = [
            (red_x[x], red_y[x]),
            (green_x[x], green_y[x]),
            (blue_x[x], blue_y[x]),
        ];
        (across[x], down[x]) = candidates.into_iter().fold((0.0, 0.0), steeper);
    }
    (across, down)
}

fn steeper(a: (f32, f32), b: (f32, f32)) -> (f32, f32) {
    let stronger = b.0 * b.0 + b.1 * b.1 > a.0 * a.0 + a.1 * a.1;
    (
        if stronger { b.0 } else { a.0 },
        if stronger { b.1 } else { a.1 },
    )
}

fn changes(plane: &Plane, y: usize) -> ([f32; WIDTH], [f32; WIDTH]) {
    let (row, above, below) = (
        &plane[y],
        &plane[y.saturating_sub(1)],
        &plane[(y + 1).min(HEIGHT - 1)],
    );
    let (mut across, mut down) = ([0.0; WIDTH], [0.0; WIDTH]);
    for x in 0..WIDTH {
        down[x] = below[x] - above[x];
    }
    for x in 1..WIDTH - 1 {
        across[x] = row[x + 1] - row[x - 1];
    }
    across[0] = row[1] - row[0];
    across[WIDTH - 1] = row[WIDTH - 1] - row[WIDTH - 2];
    (across, down)
}

/// Where `PIXELS` pixels along one axis fall among the cells laid over a part of it.
struct Places<const PIXELS: usize> {
    /// The first of the two cells that share the pixel, counted from 1: 0 is beyond the first.
    cell: [usize; PIXELS],
    /// The share of the next cell.
    share: [f32; PIXELS],
    first: usize,
    end: usize,
}

impl<const PIXELS: usize> Places<PIXELS> {
    fn new(from: usize, to: usize, cells: usize) -> Places<PIXELS> {
        let per_pixel = cells as f32 / (to - from) as f32;
        let position = |pixel: usize| (pixel as f32 + 0.5 - from as f32) * per_pixel + 0.5;
        let inside = |&pixel: &usize| (0.0..(cells + 1) as f32).contains(&position(pixel));
        let first = (0..PIXELS).find(inside).unwrap_or(0);
        let end = (0..PIXELS).rfind(inside).map_or(0, |last| last + 1);
        let cell = std::array::from_fn(|pixel| (position(pixel) as usize).min(cells));
        let share = std::array::from_fn(|pixel| position(pixel) - cell[pixel] as f32);
        Places {
            cell,
            share,
            first,
            end,
        }
    }

    /// The pixels that at least one cell has a share in.
    fn range(&self) -> std::ops::Range<usize> {
        self.first..self.end
    }
}

fn normalise_cells<const BINS: usize>(grid: &Grid<BINS>, cells: &mut [[f32; BINS]]) {
    let (columns, rows) = (grid.columns, grid.rows);
    let mut energy = [0.0; 64];
    for (energy, cell) in energy.iter_mut().zip(cells.iter()) {
        *energy = cell.iter().map(|value| value * value).sum();
    }
    let mean = energy.iter().sum::<f32>() / (columns * rows) as f32;
    let floor = (FLOOR * mean).max(1e-12);
    let block = |right: usize, below: usize| {
        let (xs, ys) = (
            right.saturating_sub(1)..(right + 1).min(columns),
            below.saturating_sub(1)..(below + 1).min(rows),
        );
        let inside = (xs.len() * ys.len()) as f32;
        let sum: f32 = ys
            .flat_map(|y| xs.clone().map(move |x| y * columns + x))
            .map(|cell| energy[cell])
            .sum();
        1.0 / (sum * 4.0 / inside + floor).sqrt()
    };
    for (index, cell) in cells.iter_mut().enumerate() {
        let (x, y) = (index % columns, index / columns);
        let scales = [
            block(x, y),
            block(x + 1, y),
            block(x, y + 1),
            block(x + 1, y + 1),
        ];
        for value in cell {
            *value = scales.iter().map(|scale| (*value * scale).min(CLIP)).sum();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wavy() -> Canvas {
        let mut canvas = Canvas::new();
        for (channel, plane) in canvas.planes.iter_mut().enumerate() {
            for (i, value) in plane.as_flattened_mut().iter_mut().enumerate() {
                *value = ((i * i / (7 + channel) + i * (3 + channel)) % 256) as f32;
            }
        }
        canvas
    }

    /// Every pixel asks every cell and every direction for its share.
    fn slow_gather<const BINS: usize>(
        gradient: &Gradient,
        bounds: Bounds,
        grid: &Grid<BINS>,
    ) -> Vec<f64> {
        let tent = |distance: f64| (1.0 - distance.abs()).max(0.0);
        let share = |pixel: usize, from: usize, to: usize, cells: usize, cell: usize| {
            let scale = cells as f64 / (to - from) as f64;
            tent((pixel as f64 + 0.5 - from as f64) * scale - 0.5 - cell as f64)
        };
        let mut out = vec![0.0; grid.dimension()];
        for (index, sum) in out.iter_mut().enumerate() {
            let (column, row, bin) = (
                index / BINS % grid.columns,
                index / BINS / grid.columns,
                index % BINS,
            );
            for (y, x) in (0..HEIGHT).flat_map(|y| (0..WIDTH).map(move |x| (y, x))) {
                let place = share(x, bounds.left, bounds.right, grid.columns, column)
                    * share(y, bounds.top, bounds.bottom, grid.rows, row);
                let turns =
                    f64::from(gradient.direction[y][x]) * if grid.signed { 1.0 } else { 2.0 };
                let apart = (turns * BINS as f64 - bin as f64).rem_euclid(BINS as f64);
                let vote = tent(apart.min(BINS as f64 - apart));
                *sum += f64::from(gradient.magnitude[y][x]) * place * vote;
            }
        }
        out
    }

    fn check<const BINS: usize>(grid: &Grid<BINS>, bounds: Bounds) {
        let mut gradient = Gradient::new();
        gradient.measure(&wavy());
        let mut cells = vec![[0.0; BINS]; grid.columns * grid.rows];
        gradient.gather(bounds, grid, &mut cells);
        for (found, expected) in cells
            .as_flattened()
            .iter()
            .zip(slow_gather(&gradient, bounds, grid))
        {
            assert!(
                (f64::from(*found) - expected).abs() < 1e-3 * expected.max(1.0),
                "{bounds:?}: {found} instead of {expected}"
            );
        }
    }

    #[test]
    fn gathers_what_the_slow_way_gathers() {
        let boxes = [
            Bounds::CANVAS,
            Bounds {
                left: 5,
                right: 41,
                top: 10,
                bottom: 33,
            },
            Bounds {
                left: 46,
                right: 48,
                top: 0,
                bottom: 1,
            },
            Bounds {
                left: 0,
                right: 3,
                top: 61,
                bottom: 64,
            },
        ];
        for bounds in boxes {
            check(
                &Grid::<8> {
                    columns: 4,
                    rows: 5,
                    signed: true,
                },
                bounds,
            );
            check(
                &Grid::<6> {
                    columns: 5,
                    rows: 7,
                    signed: false,
                },
                bounds,
            );
        }
    }

    #[test]
    fn an_edge_points_from_dark_to_light() {
        let mut canvas = Canvas::new();
        for row in canvas.planes.iter_mut().flatten() {
            row[WIDTH / 2..].fill(200.0);
        }
        let mut gradient = Gradient::new();
        gradient.measure(&canvas);
        assert_eq!(
            (gradient.magnitude[9][23], gradient.direction[9][23]),
            (200.0, 0.0)
        );
        assert_eq!(gradient.magnitude[9][10], 0.0);
        let mut cells = [0.0; 160];
        gradient.describe(
            Bounds::CANVAS,
            &Grid::<8> {
                columns: 4,
                rows: 5,
                signed: true,
            },
            &mut cells,
        );
        let (cells, _) = cells.as_chunks::<8>();
        assert!(
            cells[1][0] > 0.1 && cells[1][1..].iter().all(|&v| v == 0.0),
            "{:?}",
            cells[1]
        );
    }
}
