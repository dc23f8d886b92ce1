//! Something to sit on, seen from the front.

use crate::demo::render::outline::{Outline, line, rounded};
use crate::demo::render::palette::{CREAM, INK, OAK, Rgb, WALNUT};
use crate::demo::render::sketch::Sketch;
use tiny_skia::Path;

/// Something to sit on.
pub(super) fn chair(sketch: &mut Sketch) {
    match sketch.style {
        "dining chair" => dining_chair(sketch),
        "armchair" => armchair(sketch),
        _ => stool(sketch),
    }
}

fn dining_chair(sketch: &mut Sketch) {
    let wood = sketch.choose(&[OAK, WALNUT, CREAM, INK]);
    let top = sketch.vary(-84.0, -74.0);
    let half = sketch.vary(38.0, 44.0);
    for side in [-1.0, 1.0] {
        post(
            sketch,
            wood.darker(0.25),
            (side * (half - 6.0), 24.0),
            (side * (half - 2.0), 74.0),
            5.0,
        );
        post(
            sketch,
            wood,
            (side * (half - 2.0), top + 6.0),
            (side * (half - 4.0), 20.0),
            6.5,
        );
    }
    match sketch.choose(&[0, 1, 2]) {
        0 => slats(sketch, wood, half, top),
        1 => spindles(sketch, wood, half, top),
        _ => upholstered_back(sketch, half, top),
    }
    for side in [-1.0, 1.0] {
        post(
            sketch,
            wood,
            (side * (half + 2.0), 24.0),
            (side * (half + 8.0), 84.0),
            7.0,
        );
    }
    let rail = rounded(-half - 3.0, 20.0, half + 3.0, 30.0, 3.0);
    sketch.part(&rail, wood);
    seat(sketch, half + 6.0, 8.0, 24.0);
}

fn slats(sketch: &mut Sketch, wood: Rgb, half: f32, top: f32) {
    for step in 0..3 {
        let y = top + 6.0 + step as f32 * 24.0;
        let slat = Outline::at(-half, y)
            .bend(0.0, y - 6.0, half, y)
            .line(half, y + 12.0)
            .bend(0.0, y + 7.0, -half, y + 12.0)
            .closed();
        sketch.part(&slat, wood);
    }
}

fn spindles(sketch: &mut Sketch, wood: Rgb, half: f32, top: f32) {
    for step in -2i8..=2 {
        let x = f32::from(step) * half * 0.32;
        post(sketch, wood, (x * 1.1, top + 8.0), (x, 16.0), 3.6);
    }
    let crest = Outline::at(0.0, top - 4.0)
        .curve(
            (half * 0.7, top - 5.0),
            (half + 6.0, top),
            (half + 5.0, top + 10.0),
        )
        .bend(half * 0.6, top + 11.0, 0.0, top + 10.0)
        .mirrored();
    sketch.part(&crest, wood);
}

fn upholstered_back(sketch: &mut Sketch, half: f32, top: f32) {
    let back = Outline::at(0.0, top)
        .curve(
            (half * 0.8, top),
            (half + 4.0, top + 6.0),
            (half + 3.0, top + 26.0),
        )
        .bend(half, -4.0, half - 8.0, -2.0)
        .line(0.0, -2.0)
        .mirrored();
    sketch.cloth(&back);
    let base = sketch.fabric.base;
    for (x, y) in [(-16.0, 24.0), (16.0, 24.0), (0.0, 44.0)] {
        sketch.button(x, top + y, 2.6, base.darker(0.2));
    }
}

fn armchair(sketch: &mut Sketch) {
    let wood = sketch.choose(&[OAK, WALNUT, INK]);
    let top = sketch.vary(-70.0, -58.0);
    let half = sketch.vary(44.0, 50.0);
    for side in [-1.0, 1.0] {
        post(
            sketch,
            wood,
            (side * (half + 2.0), 56.0),
            (side * (half + 10.0), 82.0),
            7.0,
        );
        post(
            sketch,
            wood.darker(0.3),
            (side * (half - 16.0), 56.0),
            (side * (half - 14.0), 76.0),
            5.0,
        );
    }
    let back = Outline::at(0.0, top)
        .curve(
            (half * 0.7, top - 2.0),
            (half + 4.0, top + 4.0),
            (half + 2.0, top + 34.0),
        )
        .line(half, 36.0)
        .line(0.0, 36.0)
        .mirrored();
    sketch.cloth(&back);
    let base = sketch.fabric.base;
    for (x, y) in [
        (-22.0, 26.0),
        (0.0, 26.0),
        (22.0, 26.0),
        (-11.0, 44.0),
        (11.0, 44.0),
    ] {
        sketch.button(x, top + y, 2.4, base.darker(0.25));
    }
    sketch.cloth(&rounded(-half - 6.0, 32.0, half + 6.0, 62.0, 6.0));
    seat(sketch, half - 8.0, 14.0, 36.0);
    for side in [-1.0, 1.0] {
        sketch.cloth(&arm(side, half));
    }
    throw_cushion(sketch, top);
}

fn arm(side: f32, half: f32) -> Path {
    let x = |value: f32| side * (half + value);
    Outline::at(x(-12.0), 60.0)
        .line(x(-12.0), 2.0)
        .curve((x(-12.0), -14.0), (x(16.0), -14.0), (x(16.0), 2.0))
        .bend(x(16.0), 30.0, x(13.0), 60.0)
        .closed()
}

fn throw_cushion(sketch: &mut Sketch, top: f32) {
    let colour = sketch.fabric.accent;
    let y = top + 66.0;
    let cushion = Outline::at(-16.0, y - 15.0)
        .bend(0.0, y - 11.0, 18.0, y - 17.0)
        .bend(15.0, y, 19.0, y + 14.0)
        .bend(0.0, y + 10.0, -17.0, y + 15.0)
        .bend(-13.0, y, -16.0, y - 15.0)
        .closed();
    sketch
        .canvas
        .line(&cushion, (sketch.fabric.base.shade(), 0.25), 5.0);
    sketch.part(&cushion, colour);
}

fn stool(sketch: &mut Sketch) {
    let wood = sketch.choose(&[OAK, WALNUT, INK, CREAM]);
    let half = sketch.vary(40.0, 50.0);
    let top = sketch.vary(-46.0, -26.0);
    for (from, to) in [(-0.4f32, -0.62f32), (0.4, 0.62)] {
        post(
            sketch,
            wood.darker(0.3),
            (from * half, top + 14.0),
            (to * half, 72.0),
            5.0,
        );
    }
    for side in [-1.0, 1.0] {
        post(
            sketch,
            wood,
            (side * half * 0.72, top + 14.0),
            (side * (half + 6.0), 80.0),
            7.0,
        );
    }
    let rung = (top + 14.0 + 80.0) * 0.58;
    post(
        sketch,
        wood.darker(0.12),
        (-half * 0.9, rung),
        (half * 0.9, rung),
        5.0,
    );
    let cushion = Outline::at(0.0, top - 12.0)
        .curve(
            (half * 0.8, top - 13.0),
            (half + 4.0, top - 8.0),
            (half + 4.0, top + 2.0),
        )
        .curve(
            (half + 4.0, top + 14.0),
            (half * 0.7, top + 17.0),
            (0.0, top + 17.0),
        )
        .mirrored();
    sketch.cloth(&cushion);
    sketch.seam(
        &Outline::at(-half - 3.0, top + 3.0)
            .bend(0.0, top + 15.0, half + 3.0, top + 3.0)
            .open(),
    );
}

fn seat(sketch: &mut Sketch, half: f32, top: f32, foot: f32) {
    let cushion = Outline::at(0.0, top - 4.0)
        .curve(
            (half * 0.8, top - 5.0),
            (half, top - 2.0),
            (half + 1.0, (top + foot) / 2.0),
        )
        .bend(half + 1.0, foot, half - 8.0, foot)
        .line(0.0, foot + 1.0)
        .mirrored();
    sketch.cloth(&cushion);
    sketch.seam(
        &Outline::at(-half + 1.0, foot - 4.0)
            .bend(0.0, foot - 2.0, half - 1.0, foot - 4.0)
            .open(),
    );
}

/// A leg or rail of turned wood.
fn post(sketch: &mut Sketch, wood: Rgb, from: (f32, f32), to: (f32, f32), width: f32) {
    let leg = line(from.0, from.1, to.0, to.1);
    sketch.canvas.line(&leg, wood.darker(0.6), width + 1.2);
    sketch.canvas.line(&leg, wood, width);
    let lit = line(from.0 - width * 0.22, from.1, to.0 - width * 0.22, to.1);
    sketch
        .canvas
        .line(&lit, (wood.lighter(0.5), 0.55), width * 0.28);
}
