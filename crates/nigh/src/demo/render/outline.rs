//! Outlines: small builders for smooth paths.
//!
//! Coordinates are those of a sheet from -100 to 100 both ways, x to the right and y down; a
//! product fills about -75 to 75 of it.

use tiny_skia::{Path, PathBuilder, Rect};

type Point = (f32, f32);

/// A chain of cubic curves that starts at a point; every step continues from the last.
#[derive(Debug, Clone)]
pub(super) struct Outline {
    start: Point,
    curves: Vec<[Point; 3]>,
}

impl Outline {
    /// An outline that starts at `(x, y)`.
    pub(super) fn at(x: f32, y: f32) -> Self {
        Self {
            start: (x, y),
            curves: Vec::new(),
        }
    }

    /// Straight on to `(x, y)`.
    pub(super) fn line(self, x: f32, y: f32) -> Self {
        let (a, b) = self.end();
        let third = |from: f32, to: f32, part: f32| from + (to - from) * part / 3.0;
        let first = (third(a, x, 1.0), third(b, y, 1.0));
        let second = (third(a, x, 2.0), third(b, y, 2.0));
        self.push([first, second, (x, y)])
    }

    /// A bend that leans towards `(cx, cy)` on its way to `(x, y)` (a quadratic curve).
    pub(super) fn bend(self, cx: f32, cy: f32, x: f32, y: f32) -> Self {
        let (a, b) = self.end();
        let lean = |from: f32, to: f32| from + (to - from) * 2.0 / 3.0;
        self.push([
            (lean(a, cx), lean(b, cy)),
            (lean(x, cx), lean(y, cy)),
            (x, y),
        ])
    }

    /// A full cubic curve to `to`, with its two handles.
    pub(super) fn curve(self, first: Point, second: Point, to: Point) -> Self {
        self.push([first, second, to])
    }

    /// Closed with its own mirror image across the vertical middle line.
    pub(super) fn mirrored(mut self) -> Path {
        let flip = |(x, y): Point| (-x, y);
        let starts = std::iter::once(self.start).chain(self.curves.iter().map(|curve| curve[2]));
        let back: Vec<[Point; 3]> = starts
            .zip(&self.curves)
            .map(|(from, [first, second, _])| [flip(*second), flip(*first), flip(from)])
            .collect();
        let (x, y) = self.end();
        if x != 0.0 {
            self = self.line(-x, y);
        }
        self.curves.extend(back.into_iter().rev());
        self.closed()
    }

    /// Its mirror image across the vertical middle line.
    pub(super) fn flipped(mut self) -> Self {
        self.start.0 = -self.start.0;
        self.curves
            .iter_mut()
            .flatten()
            .for_each(|point| point.0 = -point.0);
        self
    }

    /// The outline as a closed path.
    pub(super) fn closed(self) -> Path {
        self.build(true)
    }

    /// The outline as an open line.
    pub(super) fn open(self) -> Path {
        self.build(false)
    }

    fn push(mut self, curve: [Point; 3]) -> Self {
        self.curves.push(curve);
        self
    }

    fn end(&self) -> Point {
        self.curves.last().map_or(self.start, |curve| curve[2])
    }

    fn build(&self, close: bool) -> Path {
        let mut builder = PathBuilder::new();
        builder.move_to(self.start.0, self.start.1);
        for [(a, b), (c, d), (x, y)] in &self.curves {
            builder.cubic_to(*a, *b, *c, *d, *x, *y);
        }
        if close {
            builder.close();
        }
        finish(builder)
    }
}

/// An ellipse around `(x, y)`.
pub(super) fn ellipse(x: f32, y: f32, rx: f32, ry: f32) -> Path {
    let mut builder = PathBuilder::new();
    push_ellipse(&mut builder, x, y, rx, ry);
    finish(builder)
}

/// A circle around `(x, y)`.
pub(super) fn circle(x: f32, y: f32, radius: f32) -> Path {
    ellipse(x, y, radius, radius)
}

/// A straight line.
pub(super) fn line(x0: f32, y0: f32, x1: f32, y1: f32) -> Path {
    Outline::at(x0, y0).line(x1, y1).open()
}

/// A rectangle from corner to corner, rounded by `radius`.
pub(super) fn rounded(left: f32, top: f32, right: f32, bottom: f32, radius: f32) -> Path {
    let r = radius.min((right - left) / 2.0).min((bottom - top) / 2.0);
    Outline::at(left + r, top)
        .line(right - r, top)
        .bend(right, top, right, top + r)
        .line(right, bottom - r)
        .bend(right, bottom, right - r, bottom)
        .line(left + r, bottom)
        .bend(left, bottom, left, bottom - r)
        .line(left, top + r)
        .bend(left, top, left + r, top)
        .closed()
}

/// A closed polygon.
pub(super) fn polygon(points: &[Point]) -> Path {
    let mut builder = PathBuilder::new();
    push_polygon(&mut builder, points);
    finish(builder)
}

/// Adds a closed polygon to a path of many parts.
pub(super) fn push_polygon(builder: &mut PathBuilder, points: &[Point]) {
    for (index, &(x, y)) in points.iter().enumerate() {
        match index {
            0 => builder.move_to(x, y),
            _ => builder.line_to(x, y),
        }
    }
    builder.close();
}

/// Adds an ellipse to a path of many parts.
pub(super) fn push_ellipse(builder: &mut PathBuilder, x: f32, y: f32, rx: f32, ry: f32) {
    if let Some(oval) = Rect::from_ltrb(x - rx, y - ry, x + rx, y + ry) {
        builder.push_oval(oval);
    }
}

/// The finished path; one invisible speck when nothing was drawn.
pub(super) fn finish(builder: PathBuilder) -> Path {
    builder
        .finish()
        .unwrap_or_else(|| PathBuilder::from_rect(speck()))
}

#[expect(
    clippy::expect_used,
    reason = "the constants are a valid rectangle far off the sheet"
)]
fn speck() -> Rect {
    Rect::from_xywh(-9999.0, -9999.0, 1.0, 1.0).expect("a valid rectangle")
}
