//! An umbrella, open or folded.

use crate::demo::render::outline::{Outline, rounded};
use crate::demo::render::palette::{BRASS, INK, LEATHER, Rgb, SILVER, WHITE};
use crate::demo::render::pattern::turn;
use crate::demo::render::sketch::Sketch;

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
    let canopy = canopy
        .curve((-half, -30.0), (-half * 0.6, top), (0.0, top))
        .closed();
    sketch.cloth(&canopy);
    let base = sketch.fabric.base;
    sketch.canvas.within(&canopy, |canvas| {
        for step in -3i8..=3 {
            let x = f32::from(step) * scallop;
            let rib = Outline::at(0.0, top)
                .curve((x * 0.7, top + 4.0), (x, -26.0), (x, rim))
                .open();
            canvas.fold(&rib, base, 5.0);
            canvas.line(&rib, (base.shade(), 0.25), 1.0);
        }
    });
    sketch.round(&rounded(-2.4, top - 13.0, 2.4, top + 3.0, 2.0), SILVER);
}

fn folded_umbrella(sketch: &mut Sketch) {
    let width = sketch.vary(13.0, 17.0);
    let grip = sketch.choose(&[LEATHER, INK, sketch.fabric.accent]);
    let accent = sketch.fabric.accent;
    let tilt = turn(sketch.vary(0.16, 0.26));
    sketch.canvas.turn(tilt);
    crook(sketch, 30.0, 68.0, grip);
    let furled = Outline::at(0.0, -78.0)
        .bend(6.0, -70.0, width * 0.8, -20.0)
        .curve((width + 2.0, 10.0), (width, 30.0), (width - 2.0, 44.0))
        .bend(4.0, 50.0, 0.0, 48.0)
        .mirrored();
    sketch.cloth(&furled);
    let base = sketch.fabric.base;
    for (x, bend) in [(-0.6f32, -4.0), (-0.15, 3.0), (0.35, 5.0)] {
        let pleat = Outline::at(x * 4.0, -70.0)
            .bend(x * width + bend, -20.0, x * width * 1.3, 44.0)
            .open();
        sketch.canvas.fold(&pleat, base, 5.0);
    }
    sketch.part(&rounded(-width - 0.5, 12.0, width + 0.5, 20.0, 3.0), accent);
    sketch.button(4.0, 16.0, 2.4, BRASS);
    sketch.round(&rounded(-2.0, -92.0, 2.0, -74.0, 1.5), SILVER);
}

fn crook(sketch: &mut Sketch, from: f32, to: f32, grip: Rgb) {
    sketch.round(&rounded(-1.9, from, 1.9, to, 1.0), SILVER);
    let hook = Outline::at(0.0, to - 20.0)
        .line(0.0, to + 4.0)
        .curve((0.0, to + 20.0), (22.0, to + 20.0), (22.0, to + 3.0))
        .open();
    sketch.canvas.line(&hook, grip.darker(0.6), 7.4);
    sketch.canvas.line(&hook, grip, 5.8);
    sketch.canvas.line(&hook, (WHITE, 0.25), 1.6);
}
