//! A skirt, laid flat.

use super::dress::drapes;
use crate::demo::render::outline::{Outline, line};
use crate::demo::render::palette::{BRASS, CREAM};
use crate::demo::render::sketch::Sketch;
use tiny_skia::Path;

/// A skirt.
pub(super) fn skirt(sketch: &mut Sketch) {
    let (hem, flare) = match sketch.style {
        "pencil skirt" => (sketch.vary(58.0, 68.0), sketch.vary(30.0, 34.0)),
        "pleated skirt" => (sketch.vary(44.0, 56.0), sketch.vary(62.0, 70.0)),
        _ => (sketch.vary(44.0, 60.0), sketch.vary(56.0, 66.0)),
    };
    let body = match sketch.style {
        "pencil skirt" => Outline::at(0.0, -58.0)
            .line(30.0, -58.0)
            .curve((40.0, -36.0), (44.0, -14.0), (42.0, 4.0))
            .bend(39.0, 40.0, flare, hem)
            .line(0.0, hem + 1.0)
            .mirrored(),
        _ => Outline::at(0.0, -52.0)
            .line(29.0, -52.0)
            .curve((36.0, -24.0), (flare - 12.0, 14.0), (flare, hem - 6.0))
            .bend(flare * 0.5, hem + 8.0, 0.0, hem + 8.0)
            .mirrored(),
    };
    sketch.cloth(&body);
    match sketch.style {
        "pencil skirt" => slit(sketch, hem),
        "pleated skirt" => pleats(sketch, &body, flare, hem),
        _ => drapes(sketch, &body, 26.0, flare, -46.0, hem + 6.0),
    }
    waistband(
        sketch,
        if sketch.style == "pencil skirt" {
            -64.0
        } else {
            -58.0
        },
    );
}

fn pleats(sketch: &mut Sketch, body: &Path, flare: f32, hem: f32) {
    let shade = sketch.fabric.base.shade();
    let count = sketch.choose(&[9, 11, 13]);
    sketch.canvas.within(body, |canvas| {
        for pleat in 0..=count {
            let share = pleat as f32 / count as f32 * 2.0 - 1.0;
            let (x0, x1) = (share * 29.0, share * flare);
            let next = (share + 0.9 / count as f32) * flare;
            let face = Outline::at(x0, -52.0)
                .line(x1, hem + 10.0)
                .line(next, hem + 10.0)
                .closed();
            canvas.fill(&face, (shade, 0.20));
            canvas.line(&line(x0, -52.0, x1, hem + 10.0), (shade, 0.28), 1.0);
        }
    });
}

fn slit(sketch: &mut Sketch, hem: f32) {
    let base = sketch.fabric.base;
    sketch.canvas.fold(
        &Outline::at(12.0, 10.0).bend(13.0, 30.0, 12.0, hem).open(),
        base,
        4.0,
    );
    sketch.canvas.fold(
        &Outline::at(-24.0, -52.0)
            .bend(-18.0, -44.0, -19.0, -32.0)
            .open(),
        base,
        3.0,
    );
    sketch.canvas.fold(
        &Outline::at(24.0, -52.0)
            .bend(18.0, -44.0, 19.0, -32.0)
            .open(),
        base,
        3.0,
    );
    sketch.seam(&Outline::at(-34.0, hem - 6.0).line(34.0, hem - 6.0).open());
}

fn waistband(sketch: &mut Sketch, top: f32) {
    let band = Outline::at(0.0, top)
        .bend(20.0, top + 1.0, 29.0, top - 1.0)
        .line(30.0, top + 10.0)
        .bend(20.0, top + 12.0, 0.0, top + 12.0)
        .mirrored();
    sketch.plain(&band);
    let colour = sketch.choose(&[BRASS, CREAM]);
    sketch.button(0.0, top + 6.0, 2.6, colour);
}
