//! A product being drawn: the canvas, the fabric, and the hand that draws.

use super::canvas::{Canvas, Ink};
use super::outline::{Outline, circle, line};
use super::palette::{Rgb, WHITE};
use super::pattern::Fabric;
use super::product::Product;
use super::random::Random;
use tiny_skia::Path;

/// What a category's artist is given.
pub(super) struct Sketch {
    /// The sheet.
    pub(super) canvas: Canvas,
    /// The product's colours and pattern.
    pub(super) fabric: Fabric,
    /// The kind within the category.
    pub(super) style: &'static str,
    random: Random,
}

impl Sketch {
    /// A sketch of `product`, to be drawn on `canvas`.
    pub(super) fn new(canvas: Canvas, product: &Product, mut random: Random) -> Self {
        let fabric = Fabric::new(product.colour, product.pattern, &mut random);
        Self {
            canvas,
            fabric,
            style: product.style,
            random,
        }
    }

    /// A proportion, drawn by chance.
    pub(super) fn vary(&mut self, low: f32, high: f32) -> f32 {
        self.random.range(low, high)
    }

    /// One of several details, drawn by chance.
    pub(super) fn choose<T: Copy>(&mut self, choices: &[T]) -> T {
        self.random.pick(choices)
    }

    /// A part made of the product's fabric.
    pub(super) fn cloth(&mut self, path: &Path) {
        self.fabric.fill(&mut self.canvas, path, 1.0);
    }

    /// A part in the product's main colour, without the pattern.
    pub(super) fn plain(&mut self, path: &Path) {
        self.part(path, self.fabric.base);
    }

    /// A part in another colour.
    pub(super) fn part(&mut self, path: &Path, colour: Rgb) {
        self.canvas.fill(path, colour);
        self.canvas.relief(path, colour, 1.0);
    }

    /// A part of polished metal or glazed clay, round from left to right.
    pub(super) fn round(&mut self, path: &Path, colour: Rgb) {
        let bounds = path.bounds();
        self.canvas
            .fill(path, Ink::polished(bounds.left(), bounds.right(), colour));
        self.canvas.line(path, (colour.shade(), 0.35), 1.0);
    }

    /// A seam in a darker thread, or a lighter one on dark cloth.
    pub(super) fn seam(&mut self, path: &Path) {
        let thread = self.thread();
        self.canvas.seam(path, (thread, 0.55), 0.9);
    }

    /// Seams on both sides of the middle line.
    pub(super) fn seams(&mut self, outline: &Outline) {
        self.seam(&outline.clone().open());
        self.seam(&outline.clone().flipped().open());
    }

    /// A round button with its holes.
    pub(super) fn button(&mut self, x: f32, y: f32, radius: f32, colour: Rgb) {
        self.canvas.fill(
            &circle(x + 0.5, y + 0.9, radius * 1.1),
            (self.fabric.base.shade(), 0.35),
        );
        self.canvas.fill(&circle(x, y, radius), colour);
        self.canvas
            .line(&circle(x, y, radius * 0.8), (WHITE, 0.4), 0.6);
        let holes = radius * 0.3;
        self.canvas.line(
            &line(x - holes, y, x + holes, y),
            (colour.shade(), 0.7),
            0.8,
        );
    }

    /// A highlight along a line on something glossy.
    pub(super) fn gleam(&mut self, path: &Path, width: f32) {
        self.canvas.line(path, (WHITE, 0.16), width);
        self.canvas.line(path, (WHITE, 0.30), width * 0.45);
    }

    fn thread(&self) -> Rgb {
        let base = self.fabric.base;
        if base.luma() < 80 {
            base.lighter(0.55)
        } else {
            base.darker(0.7)
        }
    }
}
