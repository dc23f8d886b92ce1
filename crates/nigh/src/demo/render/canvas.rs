//! The sheet that a product is drawn on: fills, lines, clipping, and light on a form.

use super::outline::Outline;
use super::palette::{Rgb, WHITE};
use tiny_skia::{
    FillRule, GradientStop, LineCap, LineJoin, LinearGradient, Mask, Paint, Path, Pixmap, Point,
    RadialGradient, Shader, SpreadMode, Stroke, StrokeDash, Transform,
};

/// The side, in sheet units, up to which a part is too small for soft inner edges.
const SMALL: f32 = 14.0;

/// What a fill or a line is made of.
#[derive(Debug, Clone)]
pub(super) enum Ink {
    /// One colour, with its opacity.
    Flat(Rgb, f32),
    /// From the first point to the second, through `(position, colour, opacity)` stops.
    Along((f32, f32), (f32, f32), Vec<(f32, Rgb, f32)>),
    /// A glow around a point: full opacity in the middle, none at the radius.
    Glow((f32, f32), f32, Rgb, f32),
}

impl From<Rgb> for Ink {
    fn from(colour: Rgb) -> Self {
        Self::Flat(colour, 1.0)
    }
}

impl From<(Rgb, f32)> for Ink {
    fn from((colour, alpha): (Rgb, f32)) -> Self {
        Self::Flat(colour, alpha)
    }
}

impl Ink {
    /// From the top height to the bottom height, opaque.
    pub(super) fn down(top: f32, bottom: f32, upper: Rgb, lower: Rgb) -> Self {
        Self::Along(
            (0.0, top),
            (0.0, bottom),
            vec![(0.0, upper, 1.0), (1.0, lower, 1.0)],
        )
    }

    /// A polished cylinder from left to right: dark edges, a bright band.
    pub(super) fn polished(left: f32, right: f32, colour: Rgb) -> Self {
        let stops = vec![
            (0.0, colour.darker(0.35), 1.0),
            (0.3, colour.lighter(0.55), 1.0),
            (0.5, colour, 1.0),
            (1.0, colour.darker(0.5), 1.0),
        ];
        Self::Along((left, 0.0), (right, 0.0), stops)
    }

    fn shader(&self) -> Option<Shader<'static>> {
        let identity = Transform::identity();
        match self {
            Self::Flat(colour, alpha) => Some(Shader::SolidColor(colour.color(*alpha))),
            Self::Along(from, to, stops) => {
                let stops = stops
                    .iter()
                    .map(|&(at, c, a)| GradientStop::new(at, c.color(a)));
                let (from, to) = (Point::from(*from), Point::from(*to));
                LinearGradient::new(from, to, stops.collect(), SpreadMode::Pad, identity)
            }
            Self::Glow(centre, radius, colour, alpha) => {
                let stops = [(0.0, 1.0), (0.4, 0.55), (0.75, 0.12), (1.0, 0.0)]
                    .map(|(at, share)| GradientStop::new(at, colour.color(alpha * share)));
                let (centre, mode) = (Point::from(*centre), SpreadMode::Pad);
                RadialGradient::new(centre, 0.0, centre, *radius, stops.into(), mode, identity)
            }
        }
    }
}

/// A square transparent picture with its own coordinate system and clip.
pub(super) struct Canvas {
    pixmap: Pixmap,
    transform: Transform,
    clip: Option<Mask>,
}

impl Canvas {
    /// A transparent canvas of `side` pixels whose sheet is placed by `transform`.
    ///
    /// # Panics
    /// If `side` is 0 or a picture of that side cannot be addressed.
    #[expect(
        clippy::expect_used,
        reason = "documented: callers pass a small positive side"
    )]
    pub(super) fn new(side: u32, transform: Transform) -> Self {
        let pixmap = Pixmap::new(side, side).expect("a side that can be addressed");
        Self {
            pixmap,
            transform,
            clip: None,
        }
    }

    /// What has been drawn.
    pub(super) fn into_pixmap(self) -> Pixmap {
        self.pixmap
    }

    /// Fills `path`.
    pub(super) fn fill(&mut self, path: &Path, ink: impl Into<Ink>) {
        if let Some(paint) = paint(&ink.into()) {
            let (transform, clip) = (self.transform, self.clip.as_ref());
            self.pixmap
                .fill_path(path, &paint, FillRule::Winding, transform, clip);
        }
    }

    /// Draws along `path` with round ends.
    pub(super) fn line(&mut self, path: &Path, ink: impl Into<Ink>, width: f32) {
        self.stroke(path, &ink.into(), width, None);
    }

    /// Draws along `path` in dashes: a seam.
    pub(super) fn seam(&mut self, path: &Path, ink: impl Into<Ink>, width: f32) {
        self.stroke(
            path,
            &ink.into(),
            width,
            StrokeDash::new(vec![2.6, 2.2], 0.0),
        );
    }

    /// Draws with everything outside `path` covered.
    pub(super) fn within(&mut self, path: &Path, draw: impl FnOnce(&mut Self)) {
        let outer = self.clip.take();
        self.clip = self.mask(path, outer.as_ref());
        draw(self);
        self.clip = outer;
    }

    /// Draws with the sheet moved, turned or scaled by `step`.
    pub(super) fn moved(&mut self, step: Transform, draw: impl FnOnce(&mut Self)) {
        let outer = self.transform;
        self.transform = outer.pre_concat(step);
        draw(self);
        self.transform = outer;
    }

    /// Turns the sheet for everything that follows.
    pub(super) fn turn(&mut self, step: Transform) {
        self.transform = self.transform.pre_concat(step);
    }

    /// A soft fold: a shadow line with light beside it.
    pub(super) fn fold(&mut self, path: &Path, colour: Rgb, width: f32) {
        let shade = colour.shade();
        for (share, alpha) in [(1.1, 0.065), (0.5, 0.075)] {
            self.line(path, (shade, alpha), width * share);
        }
        let beside = Transform::from_translate(-width * 0.5, -width * 0.15);
        self.moved(beside, |canvas| {
            canvas.line(path, (WHITE, 0.065), width * 0.7)
        });
    }

    /// A soft fold on the right and its mirror image on the left.
    pub(super) fn folds(&mut self, right: &Outline, colour: Rgb, width: f32) {
        self.fold(&right.clone().open(), colour, width);
        self.fold(&right.clone().flipped().open(), colour, width);
    }

    /// Light from the upper left on the form of `path`: a lit and a shaded side, a fine contour
    /// and, on all but small parts, soft inner edges. `depth` is 0 for paper-flat, 1 for full.
    pub(super) fn relief(&mut self, path: &Path, colour: Rgb, depth: f32) {
        let shade = colour.shade();
        self.fill(path, light_across(path, shade, depth));
        let bounds = path.bounds();
        if bounds.width().min(bounds.height()) > SMALL {
            self.within(path, |canvas| canvas.inner_edges(path, shade, depth));
        }
        self.line(path, (shade, 0.30), 1.1);
    }

    fn inner_edges(&mut self, path: &Path, shade: Rgb, depth: f32) {
        self.moved(Transform::from_translate(-2.2, -2.6), |canvas| {
            for (width, alpha) in [(16.0, 0.075), (6.5, 0.12)] {
                canvas.line(path, (shade, alpha * depth), width);
            }
        });
        self.moved(Transform::from_translate(1.3, 1.5), |canvas| {
            canvas.line(path, (WHITE, 0.20 * depth), 3.4);
        });
    }

    fn stroke(&mut self, path: &Path, ink: &Ink, width: f32, dash: Option<StrokeDash>) {
        let stroke = Stroke {
            width,
            dash,
            line_cap: LineCap::Round,
            line_join: LineJoin::Round,
            ..Stroke::default()
        };
        if let Some(paint) = paint(ink) {
            let (transform, clip) = (self.transform, self.clip.as_ref());
            self.pixmap
                .stroke_path(path, &paint, &stroke, transform, clip);
        }
    }

    fn mask(&self, path: &Path, outer: Option<&Mask>) -> Option<Mask> {
        let (rule, transform) = (FillRule::Winding, self.transform);
        if let Some(outer) = outer {
            let mut mask = outer.clone();
            mask.intersect_path(path, rule, true, transform);
            return Some(mask);
        }
        let mut mask = Mask::new(self.pixmap.width(), self.pixmap.height())?;
        mask.fill_path(path, rule, true, transform);
        Some(mask)
    }
}

fn paint(ink: &Ink) -> Option<Paint<'static>> {
    let shader = ink.shader()?;
    Some(Paint {
        shader,
        anti_alias: true,
        ..Paint::default()
    })
}

fn light_across(path: &Path, shade: Rgb, depth: f32) -> Ink {
    let bounds = path.bounds();
    let from = (bounds.left(), bounds.top() - bounds.height() * 0.1);
    let to = (bounds.right(), bounds.bottom() - bounds.height() * 0.25);
    let stops = vec![
        (0.0, WHITE, 0.24 * depth),
        (0.42, WHITE, 0.03 * depth),
        (0.55, shade, 0.02 * depth),
        (1.0, shade, 0.30 * depth),
    ];
    Ink::Along(from, to, stops)
}
