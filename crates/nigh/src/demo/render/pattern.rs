//! Fabrics: a colour, its companions and the pattern printed on it.

use super::canvas::{Canvas, Ink};
use super::outline::{Outline, finish, push_ellipse, push_polygon};
use super::palette::{Rgb, hue_named};
use super::random::Random;
use tiny_skia::{Path, PathBuilder, Transform};

/// How far a pattern is drawn from the middle of the sheet, so that it covers it however turned.
const REACH: f32 = 150.0;
/// The directions of five petals.
const PETALS: [(f32, f32); 5] = [
    (0.0, -1.0),
    (0.951, -0.309),
    (0.588, 0.809),
    (-0.588, 0.809),
    (-0.951, -0.309),
];

/// What a product is made of.
#[derive(Debug, Clone)]
pub(super) struct Fabric {
    /// The main colour.
    pub(super) base: Rgb,
    /// The pattern's colour, also fit for trims.
    pub(super) accent: Rgb,
    /// A third colour, used sparingly.
    pub(super) minor: Rgb,
    pattern: &'static str,
    /// The distance from one repeat to the next.
    pitch: f32,
    placement: Transform,
    scatter: Random,
}

impl Fabric {
    /// The fabric of a `colour` and `pattern`, its scale and placement drawn from `random`.
    pub(super) fn new(colour: &str, pattern: &'static str, random: &mut Random) -> Self {
        let hue = hue_named(colour);
        let base = random.pick(&hue.tints);
        let [accent, minor] = random.pick(&hue.companions);
        let pitch = random.range(15.0, 24.0);
        let slant = lean(pattern, random);
        let (dx, dy) = (random.range(0.0, pitch), random.range(0.0, pitch));
        let placement = turn(slant).pre_translate(dx, dy);
        Self {
            base,
            accent,
            minor,
            pattern,
            pitch,
            placement,
            scatter: random.clone(),
        }
    }

    /// Fills `path` with this fabric and puts light on it.
    pub(super) fn fill(&self, canvas: &mut Canvas, path: &Path, depth: f32) {
        canvas.fill(path, self.base);
        canvas.within(path, |canvas| self.print(canvas, path));
        canvas.relief(path, self.base, depth);
    }

    fn print(&self, canvas: &mut Canvas, path: &Path) {
        match self.pattern {
            "ombre" => canvas.fill(path, self.fade(path)),
            "colour-block" => self.block(canvas, path),
            _ => canvas.moved(self.placement, |canvas| self.repeat(canvas)),
        }
    }

    fn repeat(&self, canvas: &mut Canvas) {
        match self.pattern {
            "striped" => self.stripes(canvas),
            "dotted" => canvas.fill(&dots(self.pitch), self.accent),
            "checked" => self.checks(canvas),
            "zigzag" => self.zigzag(canvas),
            "floral" => self.flowers(canvas),
            "tortoise" => self.blotches(canvas),
            _ => {}
        }
    }

    fn fade(&self, path: &Path) -> Ink {
        let bounds = path.bounds();
        let (top, bottom) = (bounds.top(), bounds.bottom());
        let stops = vec![
            (0.15, self.base, 1.0),
            (1.0, self.base.mix(self.accent, 0.8), 1.0),
        ];
        Ink::Along((0.0, top), (0.0, bottom), stops)
    }

    fn block(&self, canvas: &mut Canvas, path: &Path) {
        let bounds = path.bounds();
        let middle = bounds.top() + bounds.height() * (0.40 + self.pitch / 120.0);
        let tilt = (self.pitch - 19.0) * 3.0;
        let lower = [
            (-REACH, middle - tilt),
            (REACH, middle + tilt),
            (REACH, 300.0),
            (-REACH, 300.0),
        ];
        let mut builder = PathBuilder::new();
        push_polygon(&mut builder, &lower);
        canvas.fill(&finish(builder), self.accent);
        let edge = Outline::at(-REACH, middle - tilt)
            .line(REACH, middle + tilt)
            .open();
        canvas.line(&edge, self.minor, 5.0);
    }

    fn stripes(&self, canvas: &mut Canvas) {
        canvas.fill(&bands(self.pitch, 0.0, self.pitch * 0.42), self.accent);
        canvas.fill(
            &bands(self.pitch, self.pitch * 0.64, self.pitch * 0.10),
            (self.minor, 0.85),
        );
    }

    fn checks(&self, canvas: &mut Canvas) {
        let quarter = Transform::from_row(0.0, 1.0, -1.0, 0.0, 0.0, 0.0);
        let threads = |canvas: &mut Canvas| {
            canvas.fill(
                &bands(self.pitch, 0.0, self.pitch * 0.5),
                (self.accent, 0.5),
            );
            canvas.fill(
                &bands(self.pitch, self.pitch * 0.72, self.pitch * 0.07),
                (self.minor, 0.6),
            );
        };
        threads(canvas);
        canvas.moved(quarter, threads);
    }

    fn zigzag(&self, canvas: &mut Canvas) {
        let step = self.pitch * 0.55;
        for (row, y) in steps(self.pitch).enumerate() {
            let mut outline = Outline::at(-REACH, y);
            for (index, x) in steps(step).enumerate() {
                outline = outline.line(x, y + if index % 2 == 0 { step * 0.7 } else { 0.0 });
            }
            let colour = if row % 3 == 2 {
                self.minor
            } else {
                self.accent
            };
            canvas.line(&outline.open(), colour, self.pitch * 0.22);
        }
    }

    fn blotches(&self, canvas: &mut Canvas) {
        let mut random = self.scatter.clone();
        let [mut dark, mut amber] = [(); 2].map(|()| PathBuilder::new());
        for y in steps(11.0) {
            for x in steps(13.0) {
                let (dx, dy) = (random.range(-4.0, 4.0), random.range(-4.0, 4.0));
                let (rx, ry) = (random.range(2.0, 7.0), random.range(2.0, 4.5));
                let layer = if random.chance(60) {
                    &mut dark
                } else {
                    &mut amber
                };
                push_ellipse(layer, x + dx, y + dy, rx, ry);
            }
        }
        canvas.fill(&finish(amber), (self.accent.mix(self.base, 0.3), 0.55));
        canvas.fill(&finish(dark), (self.base.shade(), 0.75));
    }

    fn flowers(&self, canvas: &mut Canvas) {
        let mut random = self.scatter.clone();
        let [mut petals, mut hearts, mut leaves] = [(); 3].map(|()| PathBuilder::new());
        let cell = self.pitch * 1.55;
        for (row, y) in steps(cell).enumerate() {
            for x in steps(cell) {
                let shift = if row % 2 == 0 { 0.0 } else { cell / 2.0 };
                let (x, y) = (
                    x + shift + random.range(-3.0, 3.0),
                    y + random.range(-3.0, 3.0),
                );
                let size = self.pitch * random.range(0.20, 0.30);
                push_flower(&mut petals, x, y, size);
                push_ellipse(&mut hearts, x, y, size * 0.55, size * 0.55);
                push_leaf(&mut leaves, x + cell * 0.42, y + cell * 0.12, size * 1.1);
            }
        }
        canvas.fill(&finish(leaves), (self.minor, 0.8));
        canvas.fill(&finish(petals), self.accent);
        canvas.fill(&finish(hearts), self.minor);
    }
}

/// A turn by a small angle, given as the tangent of half of it: exact arithmetic on every platform.
pub(super) fn turn(half_tangent: f32) -> Transform {
    let square = half_tangent * half_tangent;
    let (cos, sin) = (
        (1.0 - square) / (1.0 + square),
        2.0 * half_tangent / (1.0 + square),
    );
    Transform::from_row(cos, sin, -sin, cos, 0.0, 0.0)
}

fn lean(pattern: &str, random: &mut Random) -> f32 {
    match pattern {
        "striped" => random.pick(&[0.0, 0.0, 1.0, 0.36]),
        "checked" => random.pick(&[0.0, 0.0, 0.414]),
        "dotted" => random.range(-0.15, 0.15),
        "floral" => random.range(-0.3, 0.3),
        _ => 0.0,
    }
}

fn steps(pitch: f32) -> impl Iterator<Item = f32> {
    let count = (2.0 * REACH / pitch) as u32 + 1;
    (0..count).map(move |index| -REACH + index as f32 * pitch)
}

fn bands(pitch: f32, offset: f32, thickness: f32) -> Path {
    let mut builder = PathBuilder::new();
    for y in steps(pitch).map(|y| y + offset) {
        let (top, bottom) = (y, y + thickness);
        let corners = [
            (-REACH, top),
            (REACH, top),
            (REACH, bottom),
            (-REACH, bottom),
        ];
        push_polygon(&mut builder, &corners);
    }
    finish(builder)
}

fn dots(pitch: f32) -> Path {
    let mut builder = PathBuilder::new();
    for (row, y) in steps(pitch * 0.8).enumerate() {
        let shift = if row % 2 == 0 { 0.0 } else { pitch / 2.0 };
        for x in steps(pitch) {
            push_ellipse(&mut builder, x + shift, y, pitch * 0.22, pitch * 0.22);
        }
    }
    finish(builder)
}

fn push_flower(builder: &mut PathBuilder, x: f32, y: f32, size: f32) {
    for (dx, dy) in PETALS {
        push_ellipse(
            builder,
            x + dx * size,
            y + dy * size,
            size * 0.68,
            size * 0.68,
        );
    }
}

fn push_leaf(builder: &mut PathBuilder, x: f32, y: f32, size: f32) {
    builder.move_to(x - size, y);
    builder.quad_to(x, y - size, x + size, y - size * 0.3);
    builder.quad_to(x, y + size * 0.8, x - size, y);
    builder.close();
}
