//! A shoe with a heel, in profile.

use crate::demo::render::outline::{Outline, circle, rounded};
use crate::demo::render::palette::{BRASS, CREAM, INK};
use crate::demo::render::sketch::Sketch;

/// A shoe with a heel.
pub(super) fn heel(sketch: &mut Sketch) {
    let rise = sketch.vary(-28.0, -16.0);
    let strapped = sketch.style == "ankle-strap heel";
    inside_of_pump(sketch, rise);
    spike(sketch, rise);
    let upper = Outline::at(-66.0, rise + 24.0)
        .curve(
            (-75.0, rise + 8.0),
            (-73.0, rise - 10.0),
            (-67.0, rise - 18.0),
        )
        .bend(-60.0, rise - 21.0, -57.0, rise - 10.0)
        .curve((-48.0, rise + 24.0), (-20.0, 40.0), (14.0, 37.0))
        .curve((24.0, 36.0), (26.0, 25.0), (36.0, 26.0))
        .curve((56.0, 30.0), (76.0, 43.0), (86.0, 53.0))
        .bend(88.0, 58.0, 74.0, 58.0)
        .bend(34.0, 59.0, 16.0, 57.0)
        .curve((-8.0, 52.0), (-34.0, rise + 40.0), (-66.0, rise + 24.0))
        .closed();
    sketch.cloth(&upper);
    let sole = Outline::at(-66.0, rise + 24.0)
        .curve((-34.0, rise + 40.0), (-8.0, 52.0), (16.0, 57.0))
        .bend(40.0, 60.0, 80.0, 58.0)
        .open();
    let accent = sketch.fabric.accent;
    sketch.canvas.line(&sole, accent.darker(0.25), 2.6);
    sketch.gleam(
        &Outline::at(42.0, 33.0).bend(58.0, 37.0, 70.0, 47.0).open(),
        4.5,
    );
    if strapped {
        ankle_strap(sketch, rise);
    } else if sketch.choose(&[true, false]) {
        bow(sketch);
    }
}

fn inside_of_pump(sketch: &mut Sketch, rise: f32) {
    let inside = Outline::at(-63.0, rise - 16.0)
        .curve((-48.0, rise + 8.0), (-12.0, 28.0), (18.0, 27.0))
        .bend(28.0, 25.0, 36.0, 27.0)
        .line(20.0, 50.0)
        .curve((-8.0, 48.0), (-34.0, rise + 34.0), (-64.0, rise + 14.0))
        .closed();
    let colour = sketch.fabric.minor.mix(CREAM, 0.45).darker(0.12);
    sketch.canvas.fill(&inside, colour);
    sketch.canvas.relief(&inside, colour, 0.8);
}

fn spike(sketch: &mut Sketch, rise: f32) {
    let (width, lean) = match sketch.style {
        "block heel" => (sketch.vary(17.0, 22.0), 2.0),
        "ankle-strap heel" => (sketch.vary(5.0, 7.0), 6.0),
        _ => (sketch.vary(3.5, 5.0), 6.0),
    };
    let left = -66.0 + lean;
    let spike = Outline::at(-68.5, rise + 12.0)
        .curve((-68.0, rise + 40.0), (left, 40.0), (left, 60.0))
        .line(left + width, 60.0)
        .curve(
            (left + width, 44.0),
            (left + width + 3.0, rise + 50.0),
            (-34.0, rise + 35.0),
        )
        .closed();
    let colour = if sketch.style == "block heel" {
        sketch.fabric.accent
    } else {
        sketch.fabric.base
    };
    sketch.part(&spike, colour);
    sketch.part(
        &rounded(left - 0.5, 58.0, left + width + 0.5, 61.5, 1.0),
        INK,
    );
}

fn ankle_strap(sketch: &mut Sketch, rise: f32) {
    let y = rise - 24.0;
    let (base, shade) = (sketch.fabric.base, sketch.fabric.base.shade());
    for (outline, width) in [
        (
            Outline::at(-66.0, rise - 8.0).bend(-70.0, rise - 18.0, -66.0, y),
            6.0,
        ),
        (
            Outline::at(-66.0, y).curve((-54.0, y + 9.0), (-28.0, y + 8.0), (-20.0, y - 2.0)),
            5.0,
        ),
        (
            Outline::at(-66.0, y).curve((-54.0, y - 10.0), (-28.0, y - 12.0), (-20.0, y - 2.0)),
            4.0,
        ),
    ] {
        let strap = outline.open();
        sketch.canvas.line(&strap, (shade, 0.7), width + 1.4);
        sketch.canvas.line(&strap, base, width);
    }
    sketch
        .canvas
        .line(&rounded(-50.0, y + 1.0, -41.0, y + 10.5, 2.0), BRASS, 1.8);
}

fn bow(sketch: &mut Sketch) {
    let accent = sketch.fabric.accent;
    for side in [-1.0, 1.0] {
        let wing = Outline::at(44.0, 26.0)
            .bend(
                44.0 + side * 8.0,
                14.0,
                44.0 + side * 13.0,
                22.0 + side * 3.0,
            )
            .bend(44.0 + side * 11.0, 34.0, 44.0, 26.0)
            .closed();
        sketch.part(&wing, accent);
    }
    sketch.part(&circle(44.0, 26.0, 3.4), accent);
}
