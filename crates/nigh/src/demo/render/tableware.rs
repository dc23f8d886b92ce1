//! Mugs and cushions: the small things of a home.

use super::canvas::Ink;
use super::outline::{Outline, circle, ellipse, line, rounded};
use super::palette::{CREAM, Rgb};
use super::sketch::Sketch;

/// What is in the cup.
const DRINKS: [Rgb; 3] = [Rgb::hex(0x5A_3826), Rgb::hex(0xB9_8A5F), Rgb::hex(0x9C_5A2B)];

/// A mug or a cup.
pub(super) fn mug(sketch: &mut Sketch) {
    match sketch.style {
        "teacup" => teacup(sketch),
        _ => tall_mug(sketch),
    }
}

fn tall_mug(sketch: &mut Sketch) {
    let enamel = sketch.style == "camping mug";
    let half = sketch.vary(40.0, 47.0);
    let top = sketch.vary(-54.0, -42.0);
    let foot = if enamel { half } else { half * sketch.vary(0.80, 1.0) };
    ear(sketch, half - 3.0, top + 20.0, 44.0, sketch.fabric.base);
    let round = if enamel { 6.0 } else { 14.0 };
    let body = Outline::at(0.0, top + 9.0).bend(half * 0.7, top + 9.0, half, top).line(foot, 62.0 - round).bend(foot, 68.0, foot - round, 70.0).bend(foot * 0.4, 74.0, 0.0, 74.0).mirrored();
    sketch.cloth(&body);
    cylinder(sketch, &body, half);
    rim(sketch, half, top, 10.0, enamel);
}

fn teacup(sketch: &mut Sketch) {
    let half = sketch.vary(46.0, 54.0);
    let plate = sketch.vary(72.0, 80.0);
    let accent = sketch.fabric.accent;
    let saucer = ellipse(0.0, 54.0, plate, 17.0);
    sketch.part(&saucer, sketch.fabric.base.lighter(0.35));
    sketch.canvas.line(&ellipse(0.0, 53.0, plate - 5.0, 14.0), (accent, 0.9), 2.2);
    sketch.canvas.fill(&ellipse(3.0, 53.0, 36.0, 9.0), (sketch.fabric.base.shade(), 0.30));
    ear(sketch, half - 6.0, -14.0, 26.0, sketch.fabric.base);
    let body = Outline::at(0.0, -20.0).bend(half * 0.7, -20.0, half, -28.0).curve((half, 14.0), (half * 0.66, 40.0), (24.0, 46.0)).bend(24.0, 54.0, 0.0, 55.0).mirrored();
    sketch.cloth(&body);
    cylinder(sketch, &body, half);
    rim(sketch, half, -28.0, 11.0, false);
}

/// Light on the side of a round vessel.
fn cylinder(sketch: &mut Sketch, body: &tiny_skia::Path, half: f32) {
    let shade = sketch.fabric.base.shade();
    let stops = vec![(0.0, shade, 0.22), (0.22, shade, 0.0), (0.7, shade, 0.04), (1.0, shade, 0.36)];
    sketch.canvas.within(body, |canvas| {
        canvas.fill(body, Ink::Along((-half, 0.0), (half, 0.0), stops));
    });
    let gleam = Outline::at(-half * 0.66, -24.0).bend(-half * 0.66, 10.0, -half * 0.6, 36.0).open();
    sketch.gleam(&gleam, 6.0);
}

fn rim(sketch: &mut Sketch, half: f32, top: f32, depth: f32, enamel: bool) {
    let base = sketch.fabric.base;
    let lip = if enamel { sketch.fabric.minor } else { base.lighter(0.4) };
    sketch.canvas.fill(&ellipse(0.0, top, half, depth), lip);
    sketch.canvas.line(&ellipse(0.0, top, half, depth), (lip.shade(), 0.35), 1.0);
    let inner = ellipse(0.0, top, half - 3.2, depth - 2.2);
    let glaze = sketch.choose(&[CREAM, base.lighter(0.6)]);
    sketch.canvas.fill(&inner, Ink::down(top - depth, top + depth, glaze.darker(0.35), glaze));
    let drink = sketch.choose(&DRINKS);
    sketch.canvas.within(&inner, |canvas| {
        let pool = ellipse(0.0, top + 5.0, half - 6.0, depth - 3.0);
        canvas.fill(&pool, drink);
        canvas.line(&pool, (drink.lighter(0.5), 0.5), 1.2);
        canvas.fill(&ellipse(-half * 0.3, top + 4.0, half * 0.3, 2.4), (CREAM, 0.25));
    });
}

/// The handle on the right.
fn ear(sketch: &mut Sketch, x: f32, top: f32, foot: f32, colour: Rgb) {
    let reach = sketch.vary(26.0, 34.0);
    let ear = Outline::at(x, top).curve((x + reach * 1.2, top - 8.0), (x + reach * 1.15, foot + 6.0), (x, foot)).open();
    sketch.canvas.line(&ear, colour.shade(), 12.0);
    sketch.canvas.line(&ear, colour.darker(0.12), 10.4);
    sketch.canvas.line(&ear, (colour.lighter(0.7), 0.55), 2.8);
}

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
        .curve((half * 0.5, -half + pinch), (half * 0.7, -half + 1.0), (half, -half))
        .curve((half - 1.0, -half * 0.6), (half - pinch, -half * 0.4), (half - pinch, 0.0))
        .curve((half - pinch, half * 0.4), (half - 1.0, half * 0.6), (half, half))
        .curve((half * 0.7, half - 1.0), (half * 0.5, half - pinch), (0.0, half - pinch))
        .mirrored();
    sketch.cloth(&body);
    let piping = sketch.fabric.minor;
    sketch.canvas.line(&body, piping.darker(0.3), 3.2);
    sketch.canvas.line(&body, piping, 2.0);
    let base = sketch.fabric.base;
    for (x, y) in [(-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0), (1.0, 1.0)] {
        let dent = Outline::at(x * half * 0.9, y * half * 0.9).bend(x * half * 0.7, y * half * 0.72, x * half * 0.5, y * half * 0.62).open();
        sketch.canvas.fold(&dent, base, 7.0);
    }
}

fn tassel(sketch: &mut Sketch, x: f32, y: f32, dx: f32, dy: f32) {
    let colour = sketch.fabric.minor;
    for spread in [-3.0f32, -1.0, 1.0, 3.0] {
        sketch.canvas.line(&line(x, y, x + dx * 12.0 + spread, y + dy * 12.0 - spread * dx * dy), colour.darker(0.15), 2.2);
    }
    sketch.canvas.fill(&circle(x + dx * 3.0, y + dy * 3.0, 3.4), colour);
}

fn round_cushion(sketch: &mut Sketch) {
    let radius = sketch.vary(60.0, 70.0);
    let body = ellipse(0.0, 0.0, radius, radius * 0.97);
    sketch.cloth(&body);
    let base = sketch.fabric.base;
    for (x, y) in [(0.0f32, -1.0f32), (0.71, -0.71), (1.0, 0.0), (0.71, 0.71), (0.0, 1.0), (-0.71, 0.71), (-1.0, 0.0), (-0.71, -0.71)] {
        let pleat = Outline::at(x * 5.0, y * 5.0).bend(x * 24.0 + y * 4.0, y * 24.0 - x * 4.0, x * radius * 0.72, y * radius * 0.72).open();
        sketch.canvas.fold(&pleat, base, 5.5);
    }
    let accent = sketch.fabric.accent;
    sketch.button(0.0, 0.0, 6.0, accent);
    sketch.canvas.line(&ellipse(0.0, 0.0, radius, radius * 0.97), (sketch.fabric.minor, 0.85), 2.2);
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
