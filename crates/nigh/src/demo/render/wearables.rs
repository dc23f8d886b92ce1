//! Sunglasses, watches and umbrellas.

use super::canvas::Ink;
use super::outline::{Outline, circle, ellipse, line, rounded};
use super::palette::{BRASS, INK, LEATHER, Rgb, SILVER, WHITE};
use super::pattern::turn;
use super::sketch::Sketch;
use tiny_skia::{Path, Transform};

/// The directions of the twelve hours, from noon on.
const HOURS: [(f32, f32); 12] = [
    (0.0, -1.0), (0.5, -0.866), (0.866, -0.5), (1.0, 0.0), (0.866, 0.5), (0.5, 0.866),
    (0.0, 1.0), (-0.5, 0.866), (-0.866, 0.5), (-1.0, 0.0), (-0.866, -0.5), (-0.5, -0.866),
];

/// A pair of sunglasses, seen from the front.
pub(super) fn sunglasses(sketch: &mut Sketch) {
    let grow = sketch.vary(0.94, 1.06);
    let rim = sketch.vary(6.5, 10.5);
    let tint = sketch.choose(&[INK, Rgb::hex(0x5A_4632), Rgb::hex(0x2F_4A4C), sketch.fabric.minor.darker(0.5)]);
    temples(sketch);
    let bridge = Outline::at(-16.0, -6.0).bend(0.0, -16.0, 16.0, -6.0).open();
    let base = sketch.fabric.base;
    sketch.canvas.line(&bridge, base.darker(0.5), 8.4);
    sketch.canvas.line(&bridge, base, 6.8);
    sketch.gleam(&Outline::at(-12.0, -9.5).bend(0.0, -14.0, 12.0, -9.5).open(), 2.0);
    for side in [-1.0, 1.0] {
        let frame = lens(sketch.style, side, grow, rim);
        sketch.cloth(&frame);
        let glass = lens(sketch.style, side, grow, 0.0);
        let (top, bottom) = (glass.bounds().top(), glass.bounds().bottom());
        sketch.canvas.fill(&glass, Ink::down(top, bottom, tint, tint.lighter(0.42)));
        sketch.canvas.line(&glass, (base.shade(), 0.55), 1.2);
        let x = side * 40.0;
        sketch.canvas.within(&glass, |canvas| {
            let glare = Outline::at(x - 22.0, 22.0).line(x + 2.0, -34.0).line(x + 14.0, -34.0).line(x - 10.0, 26.0).closed();
            canvas.fill(&glare, (WHITE, 0.16));
            canvas.line(&line(x + 1.0, 24.0, x + 24.0, -32.0), (WHITE, 0.12), 2.4);
        });
    }
}

/// One lens, grown by `rim` to become its frame.
fn lens(style: &str, side: f32, grow: f32, rim: f32) -> Path {
    let x = |value: f32| side * (41.0 + (value * grow) + if value > 0.0 { rim } else { -rim });
    let y = |value: f32| value * grow + if value > 0.0 { rim } else { -rim };
    match style {
        "round sunglasses" => ellipse(side * 41.0, 2.0, 26.0 * grow + rim, 26.0 * grow + rim),
        "cat-eye sunglasses" => Outline::at(x(-24.0), y(-8.0))
            .curve((x(-14.0), y(-18.0)), (x(12.0), y(-20.0)), (x(33.0 + rim * 0.5), y(-26.0)))
            .curve((x(31.0), y(0.0)), (x(22.0), y(21.0)), (x(2.0), y(21.0)))
            .curve((x(-16.0), y(21.0)), (x(-24.0), y(8.0)), (x(-24.0), y(-8.0)))
            .closed(),
        _ => Outline::at(x(-26.0), y(-14.0))
            .curve((x(-22.0), y(-21.0)), (x(20.0), y(-23.0)), (x(28.0), y(-18.0)))
            .curve((x(31.0), y(4.0)), (x(22.0), y(20.0)), (x(6.0), y(20.0)))
            .curve((x(-16.0), y(20.0)), (x(-25.0), y(10.0)), (x(-26.0), y(-14.0)))
            .closed(),
    }
}

fn temples(sketch: &mut Sketch) {
    let base = sketch.fabric.base;
    for side in [-1.0, 1.0] {
        let arm = Outline::at(side * 74.0, -12.0).curve((side * 82.0, -34.0), (side * 66.0, -46.0), (side * 48.0, -46.0)).open();
        sketch.canvas.line(&arm, base.darker(0.7), 6.0);
        sketch.canvas.line(&arm, base.darker(0.35), 4.6);
    }
}

/// A wrist watch.
pub(super) fn watch(sketch: &mut Sketch) {
    let metal = sketch.choose(&[SILVER, BRASS, Rgb::hex(0xD7_A58C), Rgb::hex(0x55_5962)]);
    let radius = sketch.vary(33.0, 40.0);
    strap(sketch, metal);
    let dial = if sketch.choose(&[true, false]) { WHITE } else { sketch.fabric.minor };
    sketch.canvas.fill(&rounded(radius + 1.0, -4.5, radius + 9.0, 4.5, 2.5), Ink::down(-5.0, 5.0, metal.lighter(0.5), metal.darker(0.5)));
    match sketch.style {
        "square watch" => {
            sketch.round(&rounded(-radius, -radius, radius, radius, 11.0), metal);
            face(sketch, &rounded(-radius + 5.5, -radius + 5.5, radius - 5.5, radius - 5.5, 7.0), dial);
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
        let band = Outline::at(-width, side * 20.0).line(width, side * 20.0).bend(width - 1.0, side * 60.0, width - 4.0, side * 92.0).bend(0.0, side * 97.0, -width + 4.0, side * 92.0).bend(-width + 1.0, side * 60.0, -width, side * 20.0).closed();
        sketch.cloth(&band);
        sketch.seams(&Outline::at(width - 3.2, side * 40.0).line(width - 6.0, side * 89.0));
        for lug in [-width - 1.0, width + 1.0] {
            sketch.round(&rounded(lug - 3.0, side * 30.0 - 9.0, lug + 3.0, side * 30.0 + 9.0, 3.0), metal);
        }
    }
    for step in 0..3 {
        let hole = ellipse(0.0, 62.0 + step as f32 * 10.0, 1.7, 2.4);
        sketch.canvas.fill(&hole, (sketch.fabric.base.shade(), 0.85));
    }
    sketch.canvas.line(&rounded(-width + 1.0, -88.0, width - 1.0, -76.0, 3.0), metal, 3.0);
    sketch.canvas.line(&line(0.0, -88.0, 0.0, -75.0), metal.darker(0.2), 2.4);
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
        sketch.canvas.fill(&circle(x * (radius - 4.4), y * (radius - 4.4), 1.2), (WHITE, 0.9));
    }
    face(sketch, &circle(0.0, 0.0, radius - 8.0), dial);
}

fn hours(sketch: &mut Sketch, radius: f32, dial: Rgb) {
    let ink = if dial.luma() > 140 { INK } else { WHITE };
    let inset = if sketch.style == "diver watch" { 3.5 } else { 0.0 };
    for (index, (x, y)) in HOURS.into_iter().enumerate() {
        let (outer, long) = (radius - inset, if index % 3 == 0 { 5.5 } else { 3.0 });
        let inner = outer - long;
        let width = if index % 3 == 0 { 2.0 } else { 1.1 };
        sketch.canvas.line(&line(x * inner, y * inner, x * outer, y * outer), (ink, 0.85), width);
    }
}

fn hands(sketch: &mut Sketch, radius: f32, dial: Rgb) {
    let ink = if dial.luma() > 140 { INK } else { WHITE };
    let (hour, minute, second) = (sketch.choose(&HOURS), sketch.choose(&HOURS), sketch.choose(&HOURS));
    for ((x, y), length, width) in [(hour, 0.50, 3.2), (minute, 0.78, 2.2)] {
        let reach = radius * length;
        sketch.canvas.line(&line(0.8, 1.2, x * reach + 0.8, y * reach + 1.2), (INK, 0.18), width);
        sketch.canvas.line(&line(-x * 4.0, -y * 4.0, x * reach, y * reach), ink, width);
    }
    let sweep = Rgb::hex(0xD8_5048);
    let (x, y) = second;
    sketch.canvas.line(&line(-x * 7.0, -y * 7.0, x * radius * 0.8, y * radius * 0.8), sweep, 1.0);
    sketch.canvas.fill(&circle(0.0, 0.0, 2.2), sweep);
}

/// An umbrella, open or folded.
pub(super) fn umbrella(sketch: &mut Sketch) {
    match sketch.style {
        "umbrella" => open_umbrella(sketch),
        _ => folded_umbrella(sketch),
    }
}

fn open_umbrella(sketch: &mut Sketch) {
    let half = sketch.vary(72.0, 82.0);
    let top = sketch.vary(-62.0, -52.0);
    let grip = sketch.choose(&[LEATHER, INK, sketch.fabric.accent]);
    crook(sketch, -20.0, 66.0, grip);
    let rim = 6.0;
    let scallop = half / 4.0;
    let mut canopy = Outline::at(0.0, top).curve((half * 0.6, top), (half, -30.0), (half, rim));
    for step in 0..8 {
        let x = half - step as f32 * scallop;
        canopy = canopy.bend(x - scallop / 2.0, rim - 13.0, x - scallop, rim);
    }
    let canopy = canopy.curve((-half, -30.0), (-half * 0.6, top), (0.0, top)).closed();
    sketch.cloth(&canopy);
    let base = sketch.fabric.base;
    sketch.canvas.within(&canopy, |canvas| {
        for step in -3i8..=3 {
            let x = f32::from(step) * scallop;
            let rib = Outline::at(0.0, top).curve((x * 0.7, top + 4.0), (x, -26.0), (x, rim)).open();
            canvas.fold(&rib, base, 5.0);
            canvas.line(&rib, (base.shade(), 0.25), 1.0);
        }
    });
    sketch.round(&rounded(-2.4, top - 13.0, 2.4, top + 3.0, 2.0), SILVER);
}

fn crook(sketch: &mut Sketch, from: f32, to: f32, grip: Rgb) {
    sketch.round(&rounded(-1.9, from, 1.9, to, 1.0), SILVER);
    let hook = Outline::at(0.0, to - 20.0).line(0.0, to + 4.0).curve((0.0, to + 20.0), (22.0, to + 20.0), (22.0, to + 3.0)).open();
    sketch.canvas.line(&hook, grip.darker(0.6), 7.4);
    sketch.canvas.line(&hook, grip, 5.8);
    sketch.canvas.line(&hook, (WHITE, 0.25), 1.6);
}

fn folded_umbrella(sketch: &mut Sketch) {
    let width = sketch.vary(13.0, 17.0);
    let grip = sketch.choose(&[LEATHER, INK, sketch.fabric.accent]);
    let accent = sketch.fabric.accent;
    let tilt = turn(sketch.vary(0.16, 0.26));
    sketch.canvas.turn(tilt);
    crook(sketch, 30.0, 68.0, grip);
    let furled = Outline::at(0.0, -78.0).bend(6.0, -70.0, width * 0.8, -20.0).curve((width + 2.0, 10.0), (width, 30.0), (width - 2.0, 44.0)).bend(4.0, 50.0, 0.0, 48.0).mirrored();
    sketch.cloth(&furled);
    let base = sketch.fabric.base;
    for (x, bend) in [(-0.6f32, -4.0), (-0.15, 3.0), (0.35, 5.0)] {
        let pleat = Outline::at(x * 4.0, -70.0).bend(x * width + bend, -20.0, x * width * 1.3, 44.0).open();
        sketch.canvas.fold(&pleat, base, 5.0);
    }
    sketch.part(&rounded(-width - 0.5, 12.0, width + 0.5, 20.0, 3.0), accent);
    sketch.button(4.0, 16.0, 2.4, BRASS);
    sketch.round(&rounded(-2.0, -92.0, 2.0, -74.0, 1.5), SILVER);
}
