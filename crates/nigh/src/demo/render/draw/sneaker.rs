//! A sneaker in profile, the toe to the right.

use crate::demo::render::outline::{Outline, circle, rounded};
use crate::demo::render::palette::{CREAM, INK};
use crate::demo::render::sketch::Sketch;
use tiny_skia::Path;

/// A sneaker.
pub(super) fn sneaker(sketch: &mut Sketch) {
    let collar = match sketch.style {
        "high-top" => sketch.vary(-58.0, -50.0),
        _ => sketch.vary(-26.0, -20.0),
    };
    let upper = sneaker_upper(sketch.style, collar);
    lining(sketch, collar);
    sketch.cloth(&upper);
    let accent = sketch.fabric.accent;
    sketch.canvas.within(&upper, |canvas| {
        let toe = Outline::at(50.0, 60.0)
            .curve((48.0, 30.0), (50.0, 8.0), (64.0, -8.0))
            .line(110.0, -8.0)
            .line(110.0, 60.0)
            .closed();
        canvas.fill(&toe, CREAM);
        canvas.relief(&toe, CREAM, 0.8);
        let heel = Outline::at(-90.0, -6.0)
            .bend(-60.0, -4.0, -52.0, 40.0)
            .line(-90.0, 40.0)
            .closed();
        canvas.fill(&heel, accent);
        canvas.relief(&heel, accent, 0.8);
    });
    match sketch.style {
        "slip-on" => gore(sketch, collar),
        _ => laces(sketch, collar),
    }
    if sketch.style == "runner" {
        let panel = Outline::at(-30.0, -6.0)
            .bend(-14.0, -4.0, -6.0, -16.0)
            .line(12.0, -6.0)
            .curve((8.0, 8.0), (16.0, 26.0), (26.0, 40.0))
            .line(-34.0, 40.0)
            .curve((-24.0, 26.0), (-26.0, 6.0), (-30.0, -6.0))
            .closed();
        sketch.part(&panel, accent);
        sketch.seam(
            &Outline::at(-26.0, -3.0)
                .curve((-22.0, 10.0), (-21.0, 24.0), (-28.0, 36.0))
                .open(),
        );
        sketch.seam(
            &Outline::at(8.0, -2.0)
                .curve((5.0, 10.0), (12.0, 24.0), (20.0, 36.0))
                .open(),
        );
    }
    sneaker_sole(sketch);
}

fn sneaker_upper(style: &str, collar: f32) -> Path {
    let heel = Outline::at(-70.0, 38.0)
        .curve((-76.0, 20.0), (-68.0, 4.0), (-71.0, collar + 5.0))
        .bend(-71.0, collar - 4.0, -62.0, collar - 2.0);
    let instep = match style {
        "high-top" => heel
            .bend(-40.0, collar + 4.0, -24.0, collar - 4.0)
            .bend(-13.0, collar - 8.0, -10.0, collar + 3.0)
            .curve((-6.0, -20.0), (8.0, -10.0), (32.0, -4.0)),
        "slip-on" => heel
            .curve(
                (-50.0, collar + 12.0),
                (-30.0, collar + 14.0),
                (-8.0, collar - 2.0),
            )
            .curve((2.0, collar - 6.0), (18.0, -14.0), (38.0, -8.0)),
        _ => heel
            .curve(
                (-50.0, collar + 16.0),
                (-34.0, collar + 10.0),
                (-22.0, collar - 11.0),
            )
            .bend(-15.0, collar - 18.0, -8.0, collar - 9.0)
            .curve((0.0, -20.0), (12.0, -10.0), (34.0, -5.0)),
    };
    instep
        .curve((58.0, 0.0), (84.0, 2.0), (83.0, 38.0))
        .closed()
}

/// The inside of the shoe, behind its collar.
fn lining(sketch: &mut Sketch, collar: f32) {
    let front = match sketch.style {
        "slip-on" => -6.0,
        "high-top" => -22.0,
        _ => -20.0,
    };
    let inside = Outline::at(-67.0, collar)
        .bend(-40.0, collar - 9.0, front, collar - 3.0)
        .line(front - 6.0, collar + 22.0)
        .line(-60.0, collar + 18.0)
        .closed();
    let colour = sketch.fabric.minor.darker(0.4);
    sketch.canvas.fill(&inside, colour);
}

fn laces(sketch: &mut Sketch, collar: f32) {
    let rows = if sketch.style == "high-top" { 6 } else { 4 };
    let (from, to) = match sketch.style {
        "high-top" => ((-15.0, collar + 9.0), (26.0, -2.0)),
        _ => ((-11.0, collar - 4.0), (28.0, -3.0)),
    };
    let shade = sketch.fabric.base.shade();
    let colour = if sketch.fabric.base.luma() > 200 {
        INK
    } else {
        CREAM
    };
    for row in 0..rows {
        let share = row as f32 / (rows - 1) as f32;
        let sag = share
            * (1.0 - share)
            * if sketch.style == "high-top" {
                26.0
            } else {
                0.0
            };
        let x = from.0 + (to.0 - from.0) * share - sag * 0.4;
        let y = from.1 + (to.1 - from.1) * share + sag * 0.5;
        let lace = Outline::at(x - 9.0, y + 9.0)
            .bend(x - 3.0, y + 1.0, x + 4.0, y - 2.5)
            .open();
        sketch.canvas.line(&lace, (shade, 0.4), 4.6);
        sketch.canvas.line(&lace, colour, 3.2);
        sketch.canvas.fill(&circle(x - 9.5, y + 9.5, 1.5), shade);
    }
}

fn gore(sketch: &mut Sketch, collar: f32) {
    let gore = Outline::at(-15.0, collar + 4.0)
        .bend(-12.0, collar + 22.0, -24.0, collar + 30.0)
        .bend(-36.0, collar + 26.0, -40.0, collar + 10.0)
        .bend(-26.0, collar + 11.0, -15.0, collar + 4.0)
        .closed();
    sketch.part(&gore, sketch.fabric.minor);
    sketch.seam(
        &Outline::at(-5.0, collar + 2.0)
            .bend(4.0, 4.0, -2.0, 32.0)
            .open(),
    );
}

fn sneaker_sole(sketch: &mut Sketch) {
    let thick = sketch.vary(13.0, 19.0);
    let sole = Outline::at(-76.0, 30.0)
        .bend(-20.0, 36.0, 10.0, 34.0)
        .bend(56.0, 31.0, 86.0, 25.0)
        .curve((91.0, 34.0), (86.0, 28.0 + thick), (76.0, 31.0 + thick))
        .line(-66.0, 31.0 + thick)
        .bend(-80.0, 31.0 + thick, -76.0, 30.0)
        .closed();
    sketch.part(&sole, CREAM);
    let stripe = sketch.fabric.accent;
    let y = 30.0 + thick * 0.52;
    sketch.canvas.line(
        &Outline::at(-74.0, y)
            .line(40.0, y)
            .bend(64.0, y, 84.0, y - 6.0)
            .open(),
        (stripe, 0.9),
        2.2,
    );
    let tread = rounded(-68.0, 29.0 + thick, 76.0, 33.5 + thick, 2.2);
    sketch.part(&tread, sketch.fabric.minor.darker(0.2));
}
