//! A boot in profile, the toe to the right.

use crate::demo::render::outline::{Outline, circle, line, rounded};
use crate::demo::render::palette::{BRASS, CREAM, INK, LEATHER, Rgb, SILVER};
use crate::demo::render::sketch::Sketch;

/// A boot.
pub(super) fn boot(sketch: &mut Sketch) {
    let top = match sketch.style {
        "rain boot" => sketch.vary(-80.0, -72.0),
        "lace-up boot" => sketch.vary(-64.0, -54.0),
        _ => sketch.vary(-56.0, -46.0),
    };
    let flare = if sketch.style == "rain boot" {
        6.0
    } else {
        2.0
    };
    let upper = Outline::at(-56.0, 48.0)
        .curve((-62.0, 36.0), (-58.0, 20.0), (-54.0, 4.0))
        .bend(-54.0, -30.0, -52.0 - flare, top + 2.0)
        .bend(-28.0, top - 5.0, -2.0 + flare, top)
        .curve((-2.0, -20.0), (-6.0, -2.0), (6.0, 10.0))
        .curve((22.0, 20.0), (52.0, 16.0), (64.0, 34.0))
        .bend(68.0, 42.0, 66.0, 50.0)
        .closed();
    sketch.cloth(&upper);
    let base = sketch.fabric.base;
    sketch.canvas.within(&upper, |canvas| {
        canvas.fold(
            &Outline::at(-12.0, -2.0).bend(-26.0, 8.0, -44.0, 6.0).open(),
            base,
            6.0,
        );
        canvas.fold(
            &Outline::at(-8.0, 8.0).bend(-26.0, 22.0, -46.0, 18.0).open(),
            base,
            5.0,
        );
        canvas.fold(
            &Outline::at(38.0, 20.0).bend(34.0, 34.0, 40.0, 48.0).open(),
            base,
            5.0,
        );
    });
    match sketch.style {
        "rain boot" => rain_boot(sketch, top),
        "lace-up boot" => lace_up(sketch, top),
        _ => chelsea(sketch, top),
    }
    boot_sole(sketch);
}

fn chelsea(sketch: &mut Sketch, top: f32) {
    let gore = Outline::at(-38.0, top)
        .line(-16.0, top - 1.0)
        .bend(-14.0, -18.0, -24.0, 12.0)
        .bend(-38.0, -14.0, -38.0, top)
        .closed();
    let colour = sketch.fabric.minor.darker(0.3);
    sketch.part(&gore, colour);
    for step in 0..5 {
        let x = -35.0 + step as f32 * 4.2;
        let line = line(x, top + 3.0, x * 0.6 - 10.0, -2.0);
        sketch.canvas.within(&gore, |canvas| {
            canvas.line(&line, (colour.lighter(0.5), 0.25), 0.9)
        });
    }
    for x in [-51.0, -7.0] {
        let tab = rounded(x - 3.5, top - 9.0, x + 3.5, top + 6.0, 2.0);
        sketch.part(&tab, sketch.fabric.accent);
    }
}

fn lace_up(sketch: &mut Sketch, top: f32) {
    let tongue = Outline::at(-14.0, top + 2.0)
        .bend(-8.0, top - 12.0, 0.0, top + 1.0)
        .line(-2.0, top + 10.0)
        .closed();
    sketch.plain(&tongue);
    let shade = sketch.fabric.base.shade();
    for row in 0..7 {
        let share = row as f32 / 6.0;
        let y = top + 5.0 + share * (6.0 - top);
        let x = -7.0 + share * share * 10.0;
        let lace = Outline::at(x - 11.0, y + 5.0)
            .bend(x - 4.0, y + 2.0, x + 3.0, y - 2.0)
            .open();
        sketch.canvas.line(&lace, (shade, 0.4), 3.8);
        sketch.canvas.line(&lace, CREAM, 2.4);
        sketch.canvas.fill(&circle(x - 11.5, y + 5.5, 1.7), BRASS);
    }
    let cap = Outline::at(36.0, 18.0).bend(34.0, 34.0, 40.0, 48.0);
    sketch.seam(&cap.open());
    let cuff = Outline::at(-54.0, top + 4.0)
        .bend(-30.0, top - 2.0, -14.0, top + 4.0)
        .open();
    let trim = sketch.fabric.accent;
    sketch.canvas.line(&cuff, trim.darker(0.2), 7.0);
    sketch.canvas.line(&cuff, trim, 5.2);
}

fn rain_boot(sketch: &mut Sketch, top: f32) {
    let cuff = Outline::at(-59.0, top + 3.0)
        .bend(-28.0, top - 4.0, 5.0, top + 1.0)
        .line(3.0, top + 11.0)
        .bend(-28.0, top + 8.0, -57.0, top + 13.0)
        .closed();
    sketch.part(&cuff, sketch.fabric.accent);
    sketch.gleam(
        &Outline::at(-44.0, top + 22.0)
            .bend(-45.0, -20.0, -45.0, 2.0)
            .open(),
        6.0,
    );
    sketch.gleam(
        &Outline::at(24.0, 22.0).bend(42.0, 22.0, 54.0, 30.0).open(),
        4.0,
    );
    let strap = Outline::at(-56.0, -28.0).line(-30.0, -30.0).open();
    let trim = sketch.fabric.minor;
    sketch.canvas.line(&strap, trim, 4.0);
    sketch
        .canvas
        .line(&rounded(-36.0, -34.0, -28.0, -26.0, 2.0), SILVER, 1.6);
}

fn boot_sole(sketch: &mut Sketch) {
    let heel = sketch.vary(10.0, 15.0);
    let colour = match sketch.style {
        "rain boot" => sketch.fabric.base.darker(0.45),
        _ => sketch.choose(&[INK, Rgb::hex(0x5A_3D2B), LEATHER]),
    };
    let welt = Outline::at(-59.0, 46.0)
        .line(66.0, 46.0)
        .bend(73.0, 48.0, 68.0, 55.0)
        .bend(20.0, 54.0, -10.0, 55.0)
        .line(-22.0, 54.0 + heel)
        .line(-58.0, 54.0 + heel)
        .closed();
    sketch.part(&welt, colour);
    let stitch = Outline::at(-56.0, 49.5).line(66.0, 49.5).open();
    sketch.canvas.seam(&stitch, (CREAM, 0.6), 0.9);
}
