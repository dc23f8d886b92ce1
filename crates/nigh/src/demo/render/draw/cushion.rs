//! A cushion.

use crate::demo::render::canvas::Ink;
use crate::demo::render::outline::{Outline, circle, ellipse, line, rounded};
use crate::demo::render::palette::CREAM;
use crate::demo::render::sketch::Sketch;

/// A cushion.
pub(super) fn cushion(sketch: &mut Sketch) {
    match sketch.style {
        "round cushion" => round_cushion(sketch),
        "bolster" => bolster(sketch),
        _ => square_cushion(sketch),
    }
}

fn square_cushion(sketch: &mut Sketch) {
    let half = sketch.vary(62.0, 70.0);
    let pinch = sketch.vary(6.0, 12.0);
    if sketch.choose(&[true, false]) {
        for (x, y) in [(-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0), (1.0, 1.0)] {
            tassel(sketch, x * half, y * half, x, y);
        }
    }
    let body = Outline::at(0.0, -half + pinch)
        .curve(
            (half * 0.5, -half + pinch),
            (half * 0.7, -half + 1.0),
            (half, -half),
        )
        .curve(
            (half - 1.0, -half * 0.6),
            (half - pinch, -half * 0.4),
            (half - pinch, 0.0),
        )
        .curve(
            (half - pinch, half * 0.4),
            (half - 1.0, half * 0.6),
            (half, half),
        )
        .curve(
            (half * 0.7, half - 1.0),
            (half * 0.5, half - pinch),
            (0.0, half - pinch),
        )
        .mirrored();
    sketch.cloth(&body);
    let piping = sketch.fabric.minor;
    sketch.canvas.line(&body, piping.darker(0.3), 3.2);
    sketch.canvas.line(&body, piping, 2.0);
    let base = sketch.fabric.base;
    for (x, y) in [(-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0), (1.0, 1.0)] {
        let dent = Outline::at(x * half * 0.9, y * half * 0.9)
            .bend(
                x * half * 0.7,
                y * half * 0.72,
                x * half * 0.5,
                y * half * 0.62,
            )
            .open();
        sketch.canvas.fold(&dent, base, 7.0);
    }
}

fn tassel(sketch: &mut Sketch, x: f32, y: f32, dx: f32, dy: f32) {
    let colour = sketch.fabric.minor;
    for spread in [-3.0f32, -1.0, 1.0, 3.0] {
        sketch.canvas.line(
            &line(
                x,
                y,
                x + dx * 12.0 + spread,
                y + dy * 12.0 - spread * dx * dy,
            ),
            colour.darker(0.15),
            2.2,
        );
    }
    sketch
        .canvas
        .fill(&circle(x + dx * 3.0, y + dy * 3.0, 3.4), colour);
}

fn round_cushion(sketch: &mut Sketch) {
    let radius = sketch.vary(60.0, 70.0);
    let body = ellipse(0.0, 0.0, radius, radius * 0.97);
    sketch.cloth(&body);
    let base = sketch.fabric.base;
    for (x, y) in [
        (0.0f32, -1.0f32),
        (0.71, -0.71),
        (1.0, 0.0),
        (0.71, 0.71),
        (0.0, 1.0),
        (-0.71, 0.71),
        (-1.0, 0.0),
        (-0.71, -0.71),
    ] {
        let pleat = Outline::at(x * 5.0, y * 5.0)
            .bend(
                x * 24.0 + y * 4.0,
                y * 24.0 - x * 4.0,
                x * radius * 0.72,
                y * radius * 0.72,
            )
            .open();
        sketch.canvas.fold(&pleat, base, 5.5);
    }
    let accent = sketch.fabric.accent;
    sketch.button(0.0, 0.0, 6.0, accent);
    sketch.canvas.line(
        &ellipse(0.0, 0.0, radius, radius * 0.97),
        (sketch.fabric.minor, 0.85),
        2.2,
    );
}

fn bolster(sketch: &mut Sketch) {
    let thick = sketch.vary(26.0, 34.0);
    let body = rounded(-76.0, -thick, 76.0, thick, 20.0);
    sketch.cloth(&body);
    let shade = sketch.fabric.base.shade();
    let stops = vec![(0.0, CREAM, 0.30), (0.3, CREAM, 0.0), (1.0, shade, 0.40)];
    sketch.canvas.within(&body, |canvas| {
        canvas.fill(&body, Ink::Along((0.0, -thick), (0.0, thick), stops));
    });
    let accent = sketch.fabric.accent;
    for x in [-62.0f32, 62.0] {
        let band = Outline::at(x, -thick).bend(x * 1.12, 0.0, x, thick).open();
        sketch.canvas.line(&band, accent.darker(0.3), 4.6);
        sketch.canvas.line(&band, accent, 3.2);
    }
}
