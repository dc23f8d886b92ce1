//! A wrist watch, laid flat.

use crate::demo::render::canvas::Ink;
use crate::demo::render::outline::{Outline, circle, ellipse, line, rounded};
use crate::demo::render::palette::{BRASS, INK, Rgb, SILVER, WHITE};
use crate::demo::render::sketch::Sketch;
use tiny_skia::{Path, Transform};

/// The directions of the twelve hours, from noon on.
const HOURS: [(f32, f32); 12] = [
    (0.0, -1.0),
    (0.5, -0.866),
    (0.866, -0.5),
    (1.0, 0.0),
    (0.866, 0.5),
    (0.5, 0.866),
    (0.0, 1.0),
    (-0.5, 0.866),
    (-0.866, 0.5),
    (-1.0, 0.0),
    (-0.866, -0.5),
    (-0.5, -0.866),
];

/// A wrist watch.
pub(super) fn watch(sketch: &mut Sketch) {
    let metal = sketch.choose(&[SILVER, BRASS, Rgb::hex(0xD7_A58C), Rgb::hex(0x55_5962)]);
    let radius = sketch.vary(33.0, 40.0);
    strap(sketch, metal);
    let dial = if sketch.choose(&[true, false]) {
        WHITE
    } else {
        sketch.fabric.minor
    };
    sketch.canvas.fill(
        &rounded(radius + 1.0, -4.5, radius + 9.0, 4.5, 2.5),
        Ink::down(-5.0, 5.0, metal.lighter(0.5), metal.darker(0.5)),
    );
    match sketch.style {
        "square watch" => {
            sketch.round(&rounded(-radius, -radius, radius, radius, 11.0), metal);
            face(
                sketch,
                &rounded(
                    -radius + 5.5,
                    -radius + 5.5,
                    radius - 5.5,
                    radius - 5.5,
                    7.0,
                ),
                dial,
            );
        }
        "diver watch" => diver(sketch, radius, metal, dial),
        _ => {
            sketch.round(&circle(0.0, 0.0, radius), metal);
            face(sketch, &circle(0.0, 0.0, radius - 5.0), dial);
        }
    }
    hours(sketch, radius - 8.5, dial);
    hands(sketch, radius - 8.0, dial);
}

fn strap(sketch: &mut Sketch, metal: Rgb) {
    let width = sketch.vary(17.0, 21.0);
    for side in [-1.0, 1.0] {
        let band = Outline::at(-width, side * 20.0)
            .line(width, side * 20.0)
            .bend(width - 1.0, side * 58.0, width - 4.0, side * 86.0)
            .bend(0.0, side * 91.0, -width + 4.0, side * 86.0)
            .bend(-width + 1.0, side * 58.0, -width, side * 20.0)
            .closed();
        sketch.cloth(&band);
        sketch.seams(&Outline::at(width - 3.2, side * 40.0).line(width - 6.0, side * 83.0));
        for lug in [-width - 1.0, width + 1.0] {
            sketch.round(
                &rounded(
                    lug - 3.0,
                    side * 30.0 - 9.0,
                    lug + 3.0,
                    side * 30.0 + 9.0,
                    3.0,
                ),
                metal,
            );
        }
    }
    for step in 0..3 {
        let hole = ellipse(0.0, 58.0 + step as f32 * 9.5, 1.7, 2.4);
        sketch
            .canvas
            .fill(&hole, (sketch.fabric.base.shade(), 0.85));
    }
    sketch.canvas.line(
        &rounded(-width + 1.0, -82.0, width - 1.0, -70.0, 3.0),
        metal,
        3.0,
    );
    sketch
        .canvas
        .line(&line(0.0, -82.0, 0.0, -69.0), metal.darker(0.2), 2.4);
}

fn face(sketch: &mut Sketch, path: &Path, dial: Rgb) {
    sketch.canvas.fill(path, dial);
    sketch.canvas.within(path, |canvas| {
        canvas.fill(path, Ink::Glow((-12.0, -14.0), 46.0, WHITE, 0.35));
        canvas.moved(Transform::from_translate(1.5, 2.0), |canvas| {
            canvas.line(path, (dial.shade(), 0.18), 5.0);
        });
    });
    sketch.canvas.line(path, (dial.shade(), 0.5), 1.0);
}

fn diver(sketch: &mut Sketch, radius: f32, metal: Rgb, dial: Rgb) {
    sketch.round(&circle(0.0, 0.0, radius + 2.0), metal);
    let bezel = sketch.fabric.base.darker(0.15);
    sketch.part(&circle(0.0, 0.0, radius - 1.0), bezel);
    for (x, y) in HOURS {
        sketch.canvas.fill(
            &circle(x * (radius - 4.4), y * (radius - 4.4), 1.2),
            (WHITE, 0.9),
        );
    }
    face(sketch, &circle(0.0, 0.0, radius - 8.0), dial);
}

fn hours(sketch: &mut Sketch, radius: f32, dial: Rgb) {
    let ink = if dial.luma() > 140 { INK } else { WHITE };
    let inset = if sketch.style == "diver watch" {
        3.5
    } else {
        0.0
    };
    for (index, (x, y)) in HOURS.into_iter().enumerate() {
        let (outer, long) = (radius - inset, if index % 3 == 0 { 5.5 } else { 3.0 });
        let inner = outer - long;
        let width = if index % 3 == 0 { 2.0 } else { 1.1 };
        sketch.canvas.line(
            &line(x * inner, y * inner, x * outer, y * outer),
            (ink, 0.85),
            width,
        );
    }
}

fn hands(sketch: &mut Sketch, radius: f32, dial: Rgb) {
    let ink = if dial.luma() > 140 { INK } else { WHITE };
    let (hour, minute, second) = (
        sketch.choose(&HOURS),
        sketch.choose(&HOURS),
        sketch.choose(&HOURS),
    );
    for ((x, y), length, width) in [(hour, 0.50, 3.2), (minute, 0.78, 2.2)] {
        let reach = radius * length;
        sketch.canvas.line(
            &line(0.8, 1.2, x * reach + 0.8, y * reach + 1.2),
            (INK, 0.18),
            width,
        );
        sketch
            .canvas
            .line(&line(-x * 4.0, -y * 4.0, x * reach, y * reach), ink, width);
    }
    let sweep = Rgb::hex(0xD8_5048);
    let (x, y) = second;
    sketch.canvas.line(
        &line(-x * 7.0, -y * 7.0, x * radius * 0.8, y * radius * 0.8),
        sweep,
        1.0,
    );
    sketch.canvas.fill(&circle(0.0, 0.0, 2.2), sweep);
}
