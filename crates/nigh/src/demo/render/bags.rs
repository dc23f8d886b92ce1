//! Handbags and backpacks, seen from the front.

use super::outline::{Outline, circle, ellipse, line, rounded};
use super::palette::{BRASS, LEATHER, Rgb, SILVER};
use super::sketch::Sketch;
use tiny_skia::Path;

/// A handbag.
pub(super) fn handbag(sketch: &mut Sketch) {
    match sketch.style {
        "tote" => tote(sketch),
        "satchel" => satchel(sketch),
        _ => bucket(sketch),
    }
}

/// A backpack.
pub(super) fn backpack(sketch: &mut Sketch) {
    let half = sketch.vary(44.0, 52.0);
    let top = match sketch.style {
        "rolltop" => -58.0,
        _ => sketch.vary(-66.0, -58.0),
    };
    straps(sketch, half, top);
    let round = if sketch.style == "day pack" { 36.0 } else { 16.0 };
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
        "school bag" => school_flap(sketch, half, top),
        _ => front_zip(sketch, half, top),
    }
    front_pocket(sketch, half);
}

fn tote(sketch: &mut Sketch) {
    let top = sketch.vary(-26.0, -16.0);
    let (upper, lower) = (sketch.vary(58.0, 66.0), sketch.vary(48.0, 58.0));
    let drop = sketch.vary(-82.0, -68.0);
    let trim = if sketch.choose(&[true, false]) { LEATHER } else { sketch.fabric.accent };
    handle(sketch, trim.darker(0.35), 24.0, top + 12.0, drop - 3.0);
    let body = Outline::at(0.0, top + 2.0).bend(upper * 0.6, top + 2.0, upper, top - 2.0).bend(upper - 1.0, 30.0, lower, 66.0).bend(lower - 3.0, 71.0, lower - 10.0, 71.0).line(0.0, 71.0).mirrored();
    sketch.cloth(&body);
    sketch.seam(&Outline::at(-upper, top + 7.0).bend(0.0, top + 11.0, upper, top + 7.0).open());
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
    handle(sketch, trim.darker(0.1), 30.0, top + 4.0, sketch_drop(top));
    let body = Outline::at(0.0, top).line(half - 8.0, top).bend(half - 1.0, top, half, top + 10.0).line(half + 4.0, 58.0).bend(half + 3.0, 67.0, half - 6.0, 67.0).line(0.0, 67.0).mirrored();
    sketch.cloth(&body);
    let fall = sketch.vary(20.0, 32.0);
    let flap = Outline::at(0.0, top - 3.0).line(half - 8.0, top - 3.0).bend(half + 1.0, top - 2.0, half + 1.0, top + 8.0).curve((half + 2.0, fall - 8.0), (half - 16.0, fall), (half - 26.0, fall)).line(0.0, fall).mirrored();
    let shadow = sketch.fabric.base.shade();
    sketch.canvas.line(&flap, (shadow, 0.22), 6.0);
    sketch.plain(&flap);
    sketch.seam(&Outline::at(-half + 4.0, top + 6.0).curve((-half + 4.0, fall - 10.0), (-half + 18.0, fall - 4.0), (-half + 27.0, fall - 4.0)).line(half - 27.0, fall - 4.0).curve((half - 18.0, fall - 4.0), (half - 4.0, fall - 10.0), (half - 4.0, top + 6.0)).open());
    clasp(sketch, fall, trim);
}

fn sketch_drop(top: f32) -> f32 {
    top - 48.0
}

fn clasp(sketch: &mut Sketch, y: f32, trim: Rgb) {
    let metal = sketch.choose(&[BRASS, SILVER]);
    sketch.part(&rounded(-8.0, y - 18.0, 8.0, y + 12.0, 4.0), trim);
    sketch.round(&rounded(-5.5, y - 5.0, 5.5, y + 6.0, 2.5), metal);
    sketch.canvas.fill(&circle(0.0, y + 0.5, 1.6), metal.shade());
}

fn bucket(sketch: &mut Sketch) {
    let (upper, lower) = (sketch.vary(40.0, 46.0), sketch.vary(50.0, 56.0));
    let trim = sketch.fabric.accent;
    handle(sketch, trim, upper - 4.0, -18.0, -88.0);
    let mouth = ellipse(0.0, -24.0, upper, 9.0);
    sketch.canvas.fill(&mouth, sketch.fabric.base.darker(0.65));
    let body = Outline::at(0.0, -16.0).bend(upper * 0.7, -17.0, upper, -24.0).curve((upper + 4.0, 10.0), (lower + 2.0, 30.0), (lower, 58.0)).bend(lower - 4.0, 70.0, 0.0, 71.0).mirrored();
    sketch.cloth(&body);
    let base = sketch.fabric.base;
    sketch.canvas.within(&body, |canvas| {
        for x in [-30.0f32, -17.0, -5.0, 8.0, 20.0, 32.0] {
            canvas.fold(&Outline::at(x, -18.0).bend(x * 1.05, -2.0, x * 1.3, 20.0).open(), base, 6.0);
        }
    });
    let foot = Outline::at(0.0, 52.0).bend(lower * 0.7, 52.0, lower + 1.0, 46.0).bend(lower + 1.0, 56.0, lower, 58.0).bend(lower - 4.0, 70.0, 0.0, 71.0).mirrored();
    sketch.part(&foot, trim);
    drawstring(sketch, upper, trim);
}

fn drawstring(sketch: &mut Sketch, upper: f32, trim: Rgb) {
    let cord = Outline::at(-upper - 1.0, -11.0).bend(0.0, 2.0, upper + 1.0, -11.0).open();
    sketch.canvas.line(&cord, trim.darker(0.4), 3.8);
    sketch.canvas.line(&cord, trim, 2.6);
    for x in [-6.0, 7.0] {
        let tail = Outline::at(x * 0.3, -4.0).bend(x, 8.0, x * 1.2, 22.0).open();
        sketch.canvas.line(&tail, trim.darker(0.4), 3.6);
        sketch.canvas.line(&tail, trim, 2.4);
        sketch.part(&ellipse(x * 1.2, 25.0, 3.0, 5.0), trim);
    }
    for x in [-upper + 3.0, upper - 3.0] {
        sketch.canvas.line(&circle(x, -17.0, 3.6), BRASS, 2.0);
    }
}

/// A handle that leaves the bag at `±half` and rises to `top`.
fn handle(sketch: &mut Sketch, colour: Rgb, half: f32, foot: f32, top: f32) {
    let arc = Outline::at(-half, foot).curve((-half + 3.0, top), (half - 3.0, top), (half, foot)).open();
    sketch.canvas.line(&arc, colour.darker(0.6), 8.0);
    sketch.canvas.line(&arc, colour, 6.4);
    sketch.canvas.line(&arc, (colour.lighter(0.6), 0.4), 1.8);
}

fn straps(sketch: &mut Sketch, half: f32, top: f32) {
    let trim = sketch.fabric.accent.darker(0.1);
    handle(sketch, trim, 12.0, top + 4.0, top - 20.0);
    for side in [-1.0, 1.0] {
        let strap = Outline::at(side * (half - 14.0), top + 8.0).curve((side * (half + 26.0), top + 12.0), (side * (half + 24.0), 30.0), (side * (half - 2.0), 58.0)).open();
        sketch.canvas.line(&strap, trim.darker(0.6), 10.0);
        sketch.canvas.line(&strap, trim, 8.2);
        sketch.canvas.seam(&strap, (trim.lighter(0.6), 0.6), 0.9);
    }
}

fn front_zip(sketch: &mut Sketch, half: f32, top: f32) {
    let arc = Outline::at(-half + 3.0, 4.0).curve((-half + 4.0, top + 6.0), (half - 4.0, top + 6.0), (half - 3.0, 4.0)).open();
    zip(sketch, &arc, half - 3.0, 4.0);
    let label = rounded(-11.0, -22.0, 11.0, -10.0, 2.0);
    let leather = sketch.choose(&[LEATHER, sketch.fabric.accent]);
    sketch.part(&label, leather);
}

fn zip(sketch: &mut Sketch, path: &Path, x: f32, y: f32) {
    let base = sketch.fabric.base;
    sketch.canvas.line(path, base.darker(0.75), 3.4);
    sketch.canvas.seam(path, (SILVER, 0.9), 1.3);
    sketch.canvas.line(&line(x, y, x - 2.0, y + 9.0), BRASS, 2.8);
}

fn rolled_top(sketch: &mut Sketch, half: f32, top: f32) {
    let roll = rounded(-half - 1.0, top - 9.0, half + 1.0, top + 13.0, 10.0);
    sketch.plain(&roll);
    let base = sketch.fabric.base;
    sketch.canvas.fold(&Outline::at(-half + 2.0, top + 4.0).bend(0.0, top + 7.0, half - 2.0, top + 4.0).open(), base, 5.0);
    let trim = sketch.fabric.accent;
    for x in [-24.0, 24.0] {
        sketch.part(&rounded(x - 4.0, top - 10.0, x + 4.0, 8.0, 2.0), trim);
        sketch.canvas.line(&rounded(x - 5.5, -12.0, x + 5.5, -3.0, 2.0), BRASS, 2.0);
    }
}

fn school_flap(sketch: &mut Sketch, half: f32, top: f32) {
    let flap = Outline::at(0.0, top - 3.0).line(half - 12.0, top - 3.0).bend(half + 3.0, top - 2.0, half + 3.0, top + 14.0).line(half + 3.0, -6.0).bend(half + 2.0, 6.0, half - 12.0, 6.0).line(0.0, 6.0).mirrored();
    let base = sketch.fabric.base;
    sketch.canvas.line(&flap, (base.shade(), 0.22), 6.0);
    sketch.plain(&flap);
    let trim = sketch.fabric.accent;
    for x in [-25.0, 25.0] {
        sketch.part(&rounded(x - 4.5, -34.0, x + 4.5, 22.0, 2.0), trim);
        sketch.canvas.line(&rounded(x - 6.0, -2.0, x + 6.0, 9.0, 2.0), BRASS, 2.0);
    }
}

fn front_pocket(sketch: &mut Sketch, half: f32) {
    let pocket = Outline::at(0.0, 18.0).line(half - 18.0, 18.0).bend(half - 9.0, 18.0, half - 9.0, 28.0).line(half - 8.0, 56.0).bend(half - 9.0, 64.0, half - 18.0, 64.0).line(0.0, 64.0).mirrored();
    let base = sketch.fabric.base;
    sketch.canvas.line(&pocket, (base.shade(), 0.18), 5.0);
    sketch.plain(&pocket);
    let mouth = line(-half + 15.0, 26.0, half - 15.0, 26.0);
    zip(sketch, &mouth, half - 17.0, 26.0);
}
