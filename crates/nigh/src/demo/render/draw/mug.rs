//! A mug or a cup.

use crate::demo::render::canvas::Ink;
use crate::demo::render::outline::{Outline, ellipse};
use crate::demo::render::palette::{CREAM, Rgb};
use crate::demo::render::sketch::Sketch;
use tiny_skia::Path;

/// What is in the cup.
const DRINKS: [Rgb; 3] = [
    Rgb::hex(0x5A_3826),
    Rgb::hex(0xB9_8A5F),
    Rgb::hex(0x9C_5A2B),
];

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
    let foot = if enamel {
        half
    } else {
        half * sketch.vary(0.80, 1.0)
    };
    ear(sketch, half - 3.0, top + 20.0, 44.0, sketch.fabric.base);
    let round = if enamel { 6.0 } else { 14.0 };
    let body = Outline::at(0.0, top + 9.0)
        .bend(half * 0.7, top + 9.0, half, top)
        .line(foot, 62.0 - round)
        .bend(foot, 68.0, foot - round, 70.0)
        .bend(foot * 0.4, 74.0, 0.0, 74.0)
        .mirrored();
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
    sketch
        .canvas
        .line(&ellipse(0.0, 53.0, plate - 5.0, 14.0), (accent, 0.9), 2.2);
    sketch.canvas.fill(
        &ellipse(3.0, 53.0, 36.0, 9.0),
        (sketch.fabric.base.shade(), 0.30),
    );
    ear(sketch, half - 6.0, -14.0, 26.0, sketch.fabric.base);
    let body = Outline::at(0.0, -20.0)
        .bend(half * 0.7, -20.0, half, -28.0)
        .curve((half, 14.0), (half * 0.66, 40.0), (24.0, 46.0))
        .bend(24.0, 54.0, 0.0, 55.0)
        .mirrored();
    sketch.cloth(&body);
    cylinder(sketch, &body, half);
    rim(sketch, half, -28.0, 11.0, false);
}

/// Light on the side of a round vessel.
fn cylinder(sketch: &mut Sketch, body: &Path, half: f32) {
    let shade = sketch.fabric.base.shade();
    let stops = vec![
        (0.0, shade, 0.22),
        (0.22, shade, 0.0),
        (0.7, shade, 0.04),
        (1.0, shade, 0.36),
    ];
    sketch.canvas.within(body, |canvas| {
        canvas.fill(body, Ink::Along((-half, 0.0), (half, 0.0), stops));
    });
    let gleam = Outline::at(-half * 0.66, -24.0)
        .bend(-half * 0.66, 10.0, -half * 0.6, 36.0)
        .open();
    sketch.gleam(&gleam, 6.0);
}

fn rim(sketch: &mut Sketch, half: f32, top: f32, depth: f32, enamel: bool) {
    let base = sketch.fabric.base;
    let lip = if enamel {
        sketch.fabric.minor
    } else {
        base.lighter(0.4)
    };
    sketch.canvas.fill(&ellipse(0.0, top, half, depth), lip);
    sketch
        .canvas
        .line(&ellipse(0.0, top, half, depth), (lip.shade(), 0.35), 1.0);
    let inner = ellipse(0.0, top, half - 3.2, depth - 2.2);
    let glaze = sketch.choose(&[CREAM, base.lighter(0.6)]);
    sketch.canvas.fill(
        &inner,
        Ink::down(top - depth, top + depth, glaze.darker(0.35), glaze),
    );
    let drink = sketch.choose(&DRINKS);
    sketch.canvas.within(&inner, |canvas| {
        let pool = ellipse(0.0, top + 5.0, half - 6.0, depth - 3.0);
        canvas.fill(&pool, drink);
        canvas.line(&pool, (drink.lighter(0.5), 0.5), 1.2);
        canvas.fill(
            &ellipse(-half * 0.3, top + 4.0, half * 0.3, 2.4),
            (CREAM, 0.25),
        );
    });
}

/// The handle on the right.
fn ear(sketch: &mut Sketch, x: f32, top: f32, foot: f32, colour: Rgb) {
    let reach = sketch.vary(26.0, 34.0);
    let ear = Outline::at(x, top)
        .curve(
            (x + reach * 1.2, top - 8.0),
            (x + reach * 1.15, foot + 6.0),
            (x, foot),
        )
        .open();
    sketch.canvas.line(&ear, colour.darker(0.6), 11.8);
    sketch.canvas.line(&ear, colour.darker(0.12), 10.4);
    sketch.canvas.line(&ear, (colour.lighter(0.7), 0.55), 2.8);
}
