//! Trousers and shorts, laid flat.

use crate::demo::render::outline::{Outline, line, rounded};
use crate::demo::render::palette::{BRASS, LEATHER};
use crate::demo::render::sketch::Sketch;
use tiny_skia::Path;

/// A pair of trousers.
pub(super) fn trousers(sketch: &mut Sketch) {
    let cut = cut(sketch);
    let legs = legs(&cut);
    sketch
        .canvas
        .fill(&inside(&cut), sketch.fabric.base.darker(0.6));
    sketch.cloth(&legs);
    creases(sketch, &cut, &legs);
    pockets(sketch, &cut);
    waist(sketch, &cut);
    hems(sketch, &cut);
}

/// The measures of one pair.
struct Cut {
    top: f32,
    crotch: f32,
    hem: f32,
    hip: f32,
    outer: f32,
    inner: f32,
}

fn cut(sketch: &mut Sketch) -> Cut {
    match sketch.style {
        "shorts" => Cut {
            top: -50.0,
            crotch: 8.0,
            hem: sketch.vary(34.0, 48.0),
            hip: 42.0,
            outer: sketch.vary(50.0, 56.0),
            inner: sketch.vary(6.0, 9.0),
        },
        "wide trousers" => Cut {
            top: -80.0,
            crotch: -26.0,
            hem: 80.0,
            hip: 35.0,
            outer: sketch.vary(50.0, 60.0),
            inner: sketch.vary(4.0, 7.0),
        },
        _ => Cut {
            top: -80.0,
            crotch: -26.0,
            hem: 80.0,
            hip: 34.0,
            outer: sketch.vary(34.0, 41.0),
            inner: sketch.vary(11.0, 15.0),
        },
    }
}

fn legs(cut: &Cut) -> Path {
    let knee = (cut.crotch + cut.hem) / 2.0;
    Outline::at(0.0, cut.top + 3.0)
        .bend(18.0, cut.top + 3.0, 28.0, cut.top)
        .bend(cut.hip, cut.top + 22.0, cut.hip + 2.0, cut.crotch)
        .curve(
            (cut.hip + 2.0, knee),
            (cut.outer, knee),
            (cut.outer, cut.hem - 2.0),
        )
        .bend(
            (cut.outer + cut.inner) / 2.0,
            cut.hem + 3.0,
            cut.inner,
            cut.hem,
        )
        .curve(
            (cut.inner - 1.0, knee),
            (3.0, knee - 10.0),
            (0.0, cut.crotch),
        )
        .mirrored()
}

fn inside(cut: &Cut) -> Path {
    Outline::at(0.0, cut.top - 2.0)
        .bend(18.0, cut.top - 2.0, 27.0, cut.top)
        .line(27.0, cut.top + 8.0)
        .line(0.0, cut.top + 8.0)
        .mirrored()
}

fn creases(sketch: &mut Sketch, cut: &Cut, legs: &Path) {
    let base = sketch.fabric.base;
    let middle = (cut.outer + cut.inner) / 2.0;
    sketch.canvas.within(legs, |canvas| {
        for side in [-1.0, 1.0] {
            let crease = Outline::at(side * 17.0, cut.crotch + 4.0)
                .bend(
                    side * middle * 0.9,
                    cut.crotch + 30.0,
                    side * middle,
                    cut.hem,
                )
                .open();
            canvas.fold(&crease, base, 5.0);
            let pull = Outline::at(side * 2.0, cut.crotch).bend(
                side * 10.0,
                cut.crotch + 2.0,
                side * 19.0,
                cut.crotch + 13.0,
            );
            canvas.fold(&pull.open(), base, 5.0);
        }
    });
    let fly = Outline::at(0.0, cut.top + 10.0)
        .line(0.0, cut.crotch)
        .open();
    sketch.canvas.line(&fly, (base.shade(), 0.4), 1.0);
    sketch.seam(
        &Outline::at(7.0, cut.top + 12.0)
            .line(7.0, cut.crotch - 18.0)
            .bend(7.0, cut.crotch - 10.0, 1.0, cut.crotch - 7.0)
            .open(),
    );
}

fn pockets(sketch: &mut Sketch, cut: &Cut) {
    let (x, y) = (cut.hip - 1.0, cut.top + 34.0);
    let mouth = Outline::at(17.0, cut.top + 11.0).bend(20.0, y - 6.0, x, y);
    let base = sketch.fabric.base;
    for outline in [mouth.clone(), mouth.clone().flipped()] {
        sketch
            .canvas
            .line(&outline.open(), (base.shade(), 0.45), 1.2);
    }
    sketch.seams(&Outline::at(15.0, cut.top + 12.0).bend(18.0, y - 3.0, x - 1.0, y + 3.0));
    sketch.seams(&Outline::at(cut.outer - 3.0, cut.hem - 4.0).curve(
        (cut.outer - 3.0, (cut.crotch + cut.hem) / 2.0),
        (cut.hip - 1.0, (cut.crotch + cut.hem) / 2.0),
        (cut.hip - 1.0, cut.crotch),
    ));
}

fn waist(sketch: &mut Sketch, cut: &Cut) {
    let top = cut.top;
    let band = Outline::at(0.0, top + 3.0)
        .bend(18.0, top + 3.0, 28.0, top)
        .line(29.5, top + 9.0)
        .bend(18.0, top + 12.0, 0.0, top + 12.0)
        .mirrored();
    sketch.plain(&band);
    for x in [-20.0f32, -9.0, 9.0, 20.0] {
        let lift = x.abs() * 0.1;
        sketch.plain(&rounded(
            x - 1.7,
            top + 1.0 - lift,
            x + 1.7,
            top + 14.0 - lift,
            1.0,
        ));
    }
    sketch.button(0.0, top + 7.5, 2.4, BRASS);
    if sketch.choose(&[true, false, false]) {
        sketch.part(&rounded(10.5, top + 14.0, 19.0, top + 20.0, 1.0), LEATHER);
    }
}

fn hems(sketch: &mut Sketch, cut: &Cut) {
    let lift = if sketch.style == "shorts" { 8.0 } else { 6.0 };
    for side in [-1.0, 1.0] {
        let y = cut.hem - lift;
        sketch.seam(&line(
            side * (cut.inner + 0.5),
            y,
            side * (cut.outer - 0.8),
            y - 1.0,
        ));
    }
}
