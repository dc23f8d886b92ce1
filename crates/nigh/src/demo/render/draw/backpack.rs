//! A backpack, seen from the front.

use super::handbag::{handle, overhang};
use crate::demo::render::outline::{Outline, line, rounded};
use crate::demo::render::palette::{BRASS, LEATHER, SILVER};
use crate::demo::render::sketch::Sketch;
use tiny_skia::Path;

/// A backpack.
pub(super) fn backpack(sketch: &mut Sketch) {
    let half = sketch.vary(44.0, 52.0);
    let top = match sketch.style {
        "rolltop" => -58.0,
        _ => sketch.vary(-66.0, -58.0),
    };
    straps(sketch, half, top);
    let round = if sketch.style == "day pack" {
        36.0
    } else {
        16.0
    };
    let body = Outline::at(0.0, top)
        .line(half - round, top)
        .bend(half - 2.0, top, half - 1.0, top + round)
        .bend(half + 4.0, 20.0, half + 3.0, 56.0)
        .bend(half + 1.0, 70.0, half - 12.0, 71.0)
        .line(0.0, 71.0)
        .mirrored();
    sketch.cloth(&body);
    match sketch.style {
        "rolltop" => rolled_top(sketch, half, top),
        "school bag" => school_flap(sketch, &body, half, top),
        _ => front_zip(sketch, half, top),
    }
    front_pocket(sketch, half);
}

fn straps(sketch: &mut Sketch, half: f32, top: f32) {
    let trim = sketch.fabric.accent.darker(0.1);
    handle(sketch, trim, 12.0, top + 4.0, top - 20.0);
    for side in [-1.0, 1.0] {
        let strap = Outline::at(side * (half - 14.0), top + 8.0)
            .curve(
                (side * (half + 26.0), top + 12.0),
                (side * (half + 24.0), 30.0),
                (side * (half - 2.0), 58.0),
            )
            .open();
        sketch.canvas.line(&strap, trim.darker(0.6), 10.0);
        sketch.canvas.line(&strap, trim, 8.2);
        sketch.canvas.seam(&strap, (trim.lighter(0.6), 0.6), 0.9);
    }
}

fn front_zip(sketch: &mut Sketch, half: f32, top: f32) {
    let arc = Outline::at(-half + 3.0, 4.0)
        .curve(
            (-half + 4.0, top + 6.0),
            (half - 4.0, top + 6.0),
            (half - 3.0, 4.0),
        )
        .open();
    zip(sketch, &arc, half - 3.0, 4.0);
    let label = rounded(-11.0, -22.0, 11.0, -10.0, 2.0);
    let leather = sketch.choose(&[LEATHER, sketch.fabric.accent]);
    sketch.part(&label, leather);
}

fn rolled_top(sketch: &mut Sketch, half: f32, top: f32) {
    let roll = rounded(-half - 1.0, top - 9.0, half + 1.0, top + 13.0, 10.0);
    sketch.plain(&roll);
    let base = sketch.fabric.base;
    sketch.canvas.fold(
        &Outline::at(-half + 2.0, top + 4.0)
            .bend(0.0, top + 7.0, half - 2.0, top + 4.0)
            .open(),
        base,
        5.0,
    );
    let trim = sketch.fabric.accent;
    for x in [-24.0, 24.0] {
        sketch.part(&rounded(x - 4.0, top - 10.0, x + 4.0, 8.0, 2.0), trim);
        sketch
            .canvas
            .line(&rounded(x - 5.5, -12.0, x + 5.5, -3.0, 2.0), BRASS, 2.0);
    }
}

fn school_flap(sketch: &mut Sketch, body: &Path, half: f32, top: f32) {
    let flap = Outline::at(0.0, top - 3.0)
        .line(half - 12.0, top - 3.0)
        .bend(half + 3.0, top - 2.0, half + 3.0, top + 14.0)
        .line(half + 3.0, -6.0)
        .bend(half + 2.0, 6.0, half - 12.0, 6.0)
        .line(0.0, 6.0)
        .mirrored();
    overhang(sketch, body, &flap);
    let trim = sketch.fabric.accent;
    for x in [-25.0, 25.0] {
        sketch.part(&rounded(x - 4.5, -34.0, x + 4.5, 22.0, 2.0), trim);
        sketch
            .canvas
            .line(&rounded(x - 6.0, -2.0, x + 6.0, 9.0, 2.0), BRASS, 2.0);
    }
}

fn front_pocket(sketch: &mut Sketch, half: f32) {
    let pocket = Outline::at(0.0, 18.0)
        .line(half - 18.0, 18.0)
        .bend(half - 9.0, 18.0, half - 9.0, 28.0)
        .line(half - 8.0, 56.0)
        .bend(half - 9.0, 64.0, half - 18.0, 64.0)
        .line(0.0, 64.0)
        .mirrored();
    let base = sketch.fabric.base;
    sketch.canvas.line(&pocket, (base.shade(), 0.18), 5.0);
    sketch.plain(&pocket);
    let mouth = line(-half + 15.0, 26.0, half - 15.0, 26.0);
    zip(sketch, &mouth, half - 17.0, 26.0);
}

fn zip(sketch: &mut Sketch, path: &Path, x: f32, y: f32) {
    let base = sketch.fabric.base;
    sketch.canvas.line(path, base.darker(0.75), 3.4);
    sketch.canvas.seam(path, (SILVER, 0.9), 1.3);
    sketch
        .canvas
        .line(&line(x, y, x - 2.0, y + 9.0), BRASS, 2.8);
}
