//! A short-sleeved shirt, laid flat.

use super::neckline::{back_of_neck, collar_rib};
use crate::demo::render::outline::{Outline, line, rounded};
use crate::demo::render::palette::CREAM;
use crate::demo::render::sketch::Sketch;

/// A short-sleeved shirt.
pub(super) fn shirt(sketch: &mut Sketch) {
    let half = sketch.vary(38.0, 44.0);
    let hem = sketch.vary(66.0, 76.0);
    let cuff = sketch.vary(-6.0, 6.0);
    let neck = if sketch.style == "v-neck shirt" {
        -30.0
    } else {
        -50.0
    };
    back_of_neck(sketch);
    let body = Outline::at(0.0, neck);
    let body = match sketch.style {
        "v-neck shirt" => body.bend(12.0, neck - 16.0, 19.0, -68.0),
        _ => body.bend(15.0, neck, 19.0, -68.0),
    };
    let body = body
        .bend(34.0, -64.0, 45.0, -57.0)
        .curve((62.0, -46.0), (72.0, -24.0), (80.0, cuff - 4.0))
        .bend(70.0, cuff + 6.0, 57.0, cuff + 9.0)
        .curve((54.0, cuff - 6.0), (50.0, -14.0), (half + 3.0, -22.0))
        .curve((half - 1.0, 10.0), (half, 40.0), (half + 2.0, hem - 3.0))
        .bend(half * 0.5, hem + 2.0, 0.0, hem + 2.0)
        .mirrored();
    sketch.cloth(&body);
    let base = sketch.fabric.base;
    let sway = sketch.vary(-8.0, 8.0);
    sketch.canvas.within(&body, |canvas| {
        for side in [-1.0, 1.0] {
            let armhole = Outline::at(side * 44.0, -58.0).bend(
                side * (half - 4.0),
                -38.0,
                side * (half + 4.0),
                -20.0,
            );
            canvas.fold(&armhole.open(), base, 3.6);
            let pull =
                Outline::at(side * (half + 1.0), -14.0).bend(side * 34.0, 2.0, side * 31.0, 20.0);
            canvas.fold(&pull.open(), base, 8.0);
            let drape = Outline::at(side * (half - 4.0), 6.0).bend(
                side * 24.0,
                30.0,
                side * (22.0 + sway),
                hem,
            );
            canvas.fold(&drape.open(), base, 12.0);
        }
        canvas.fold(
            &Outline::at(sway, -20.0)
                .bend(sway - 8.0, 20.0, sway * 0.5, hem)
                .open(),
            base,
            14.0,
        );
    });
    sketch.seam(
        &Outline::at(-half - 2.0, hem - 8.0)
            .bend(0.0, hem - 2.0, half + 2.0, hem - 8.0)
            .open(),
    );
    sketch.seams(&Outline::at(57.0, cuff + 3.0).bend(68.0, cuff, 77.0, cuff - 9.0));
    match sketch.style {
        "polo shirt" => polo(sketch),
        "pocket shirt" => {
            collar_rib(sketch, neck, false);
            pocket(sketch, 8.0, -30.0);
        }
        "v-neck shirt" => collar_rib(sketch, neck, true),
        _ => collar_rib(sketch, neck, false),
    }
}

fn pocket(sketch: &mut Sketch, x: f32, y: f32) {
    let patch = Outline::at(x, y)
        .line(x + 22.0, y)
        .line(x + 22.0, y + 19.0)
        .bend(x + 11.0, y + 29.0, x, y + 19.0)
        .closed();
    let trim = sketch.fabric.accent;
    sketch.part(&patch, trim);
    sketch.canvas.line(
        &line(x, y + 4.5, x + 22.0, y + 4.5),
        (trim.shade(), 0.3),
        0.9,
    );
}

fn polo(sketch: &mut Sketch) {
    let trim = sketch.fabric.accent;
    let placket = rounded(-4.5, -52.0, 4.5, -20.0, 2.0);
    sketch.plain(&placket);
    for y in [-42.0, -33.0, -25.0] {
        sketch.button(0.0, y, 1.9, CREAM);
    }
    for side in [-1.0, 1.0] {
        let flap = Outline::at(side * 17.0, -70.0)
            .bend(side * 8.0, -60.0, side * 1.0, -53.0)
            .line(side * 13.0, -42.0)
            .bend(side * 23.0, -54.0, side * 23.0, -66.0)
            .closed();
        sketch.part(&flap, trim);
    }
}
