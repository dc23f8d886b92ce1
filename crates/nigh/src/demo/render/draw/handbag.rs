//! A handbag, seen from the front.

use crate::demo::render::outline::{Outline, circle, ellipse, rounded};
use crate::demo::render::palette::{BRASS, LEATHER, Rgb, SILVER};
use crate::demo::render::sketch::Sketch;
use tiny_skia::Path;

/// A handbag.
pub(super) fn handbag(sketch: &mut Sketch) {
    match sketch.style {
        "tote" => tote(sketch),
        "satchel" => satchel(sketch),
        _ => bucket(sketch),
    }
}

fn tote(sketch: &mut Sketch) {
    let top = sketch.vary(-26.0, -16.0);
    let (upper, lower) = (sketch.vary(58.0, 66.0), sketch.vary(48.0, 58.0));
    let drop = sketch.vary(-82.0, -68.0);
    let trim = if sketch.choose(&[true, false]) {
        LEATHER
    } else {
        sketch.fabric.accent
    };
    handle(sketch, trim.darker(0.35), 24.0, top + 12.0, drop - 3.0);
    let body = Outline::at(0.0, top + 2.0)
        .bend(upper * 0.6, top + 2.0, upper, top - 2.0)
        .bend(upper - 1.0, 30.0, lower, 66.0)
        .bend(lower - 3.0, 71.0, lower - 10.0, 71.0)
        .line(0.0, 71.0)
        .mirrored();
    sketch.cloth(&body);
    sketch.seam(
        &Outline::at(-upper, top + 7.0)
            .bend(0.0, top + 11.0, upper, top + 7.0)
            .open(),
    );
    handle(sketch, trim, 24.0, top + 22.0, drop);
    for x in [-24.0, 24.0] {
        sketch.part(&rounded(x - 5.0, top + 8.0, x + 5.0, top + 26.0, 2.0), trim);
        sketch.canvas.fill(&circle(x, top + 20.0, 1.6), BRASS);
    }
    if sketch.choose(&[true, false]) {
        sketch.part(&rounded(-11.0, 24.0, 11.0, 38.0, 2.0), trim);
        sketch.seam(&rounded(-9.0, 26.0, 9.0, 36.0, 1.0));
    }
}

fn satchel(sketch: &mut Sketch) {
    let half = sketch.vary(58.0, 68.0);
    let top = sketch.vary(-28.0, -18.0);
    let trim = sketch.fabric.accent;
    handle(sketch, trim.darker(0.1), 30.0, top + 4.0, top - 48.0);
    let body = Outline::at(0.0, top)
        .line(half - 8.0, top)
        .bend(half - 1.0, top, half, top + 10.0)
        .line(half + 4.0, 58.0)
        .bend(half + 3.0, 67.0, half - 6.0, 67.0)
        .line(0.0, 67.0)
        .mirrored();
    sketch.cloth(&body);
    let fall = sketch.vary(20.0, 32.0);
    let flap = Outline::at(0.0, top - 3.0)
        .line(half - 8.0, top - 3.0)
        .bend(half + 1.0, top - 2.0, half + 1.0, top + 8.0)
        .curve(
            (half + 2.0, fall - 8.0),
            (half - 16.0, fall),
            (half - 26.0, fall),
        )
        .line(0.0, fall)
        .mirrored();
    overhang(sketch, &body, &flap);
    sketch.seam(
        &Outline::at(-half + 4.0, top + 6.0)
            .curve(
                (-half + 4.0, fall - 10.0),
                (-half + 18.0, fall - 4.0),
                (-half + 27.0, fall - 4.0),
            )
            .line(half - 27.0, fall - 4.0)
            .curve(
                (half - 18.0, fall - 4.0),
                (half - 4.0, fall - 10.0),
                (half - 4.0, top + 6.0),
            )
            .open(),
    );
    clasp(sketch, fall, trim);
}

fn clasp(sketch: &mut Sketch, y: f32, trim: Rgb) {
    let metal = sketch.choose(&[BRASS, SILVER]);
    sketch.part(&rounded(-8.0, y - 18.0, 8.0, y + 12.0, 4.0), trim);
    sketch.round(&rounded(-5.5, y - 5.0, 5.5, y + 6.0, 2.5), metal);
    sketch
        .canvas
        .fill(&circle(0.0, y + 0.5, 1.6), metal.shade());
}

fn bucket(sketch: &mut Sketch) {
    let (upper, lower) = (sketch.vary(40.0, 46.0), sketch.vary(50.0, 56.0));
    let trim = sketch.fabric.accent;
    handle(sketch, trim, upper - 4.0, -18.0, -88.0);
    let mouth = ellipse(0.0, -24.0, upper, 9.0);
    sketch.canvas.fill(&mouth, sketch.fabric.base.darker(0.65));
    let body = Outline::at(0.0, -16.0)
        .bend(upper * 0.7, -17.0, upper, -24.0)
        .curve((upper + 4.0, 10.0), (lower + 2.0, 30.0), (lower, 58.0))
        .bend(lower - 4.0, 70.0, 0.0, 71.0)
        .mirrored();
    sketch.cloth(&body);
    let base = sketch.fabric.base;
    sketch.canvas.within(&body, |canvas| {
        for x in [-30.0f32, -17.0, -5.0, 8.0, 20.0, 32.0] {
            canvas.fold(
                &Outline::at(x, -18.0)
                    .bend(x * 1.05, -2.0, x * 1.3, 20.0)
                    .open(),
                base,
                6.0,
            );
        }
    });
    let foot = Outline::at(0.0, 52.0)
        .bend(lower * 0.7, 52.0, lower + 1.0, 46.0)
        .bend(lower + 1.0, 56.0, lower, 58.0)
        .bend(lower - 4.0, 70.0, 0.0, 71.0)
        .mirrored();
    sketch.part(&foot, trim);
    drawstring(sketch, upper, trim);
}

fn drawstring(sketch: &mut Sketch, upper: f32, trim: Rgb) {
    let cord = Outline::at(-upper - 1.0, -11.0)
        .bend(0.0, 2.0, upper + 1.0, -11.0)
        .open();
    sketch.canvas.line(&cord, trim.darker(0.4), 3.8);
    sketch.canvas.line(&cord, trim, 2.6);
    for x in [-6.0, 7.0] {
        let tail = Outline::at(x * 0.3, -4.0)
            .bend(x, 8.0, x * 1.2, 22.0)
            .open();
        sketch.canvas.line(&tail, trim.darker(0.4), 3.6);
        sketch.canvas.line(&tail, trim, 2.4);
        sketch.part(&ellipse(x * 1.2, 25.0, 3.0, 5.0), trim);
    }
    for x in [-upper + 3.0, upper - 3.0] {
        sketch.canvas.line(&circle(x, -17.0, 3.6), BRASS, 2.0);
    }
}

/// A handle that leaves the bag at `±half` and rises to `top`.
pub(super) fn handle(sketch: &mut Sketch, colour: Rgb, half: f32, foot: f32, top: f32) {
    let arc = Outline::at(-half, foot)
        .curve((-half + 3.0, top), (half - 3.0, top), (half, foot))
        .open();
    sketch.canvas.line(&arc, colour.darker(0.6), 8.0);
    sketch.canvas.line(&arc, colour, 6.4);
    sketch.canvas.line(&arc, (colour.lighter(0.6), 0.4), 1.8);
}

/// A flap in the plain colour and the shadow that it throws on the body.
pub(super) fn overhang(sketch: &mut Sketch, body: &Path, flap: &Path) {
    let shade = sketch.fabric.base.shade();
    sketch.canvas.within(body, |canvas| {
        canvas.line(flap, (shade, 0.14), 9.0);
        canvas.line(flap, (shade, 0.16), 5.0);
    });
    sketch.plain(flap);
}
