//! A dress, laid flat.

use crate::demo::render::outline::{Outline, line, rounded};
use crate::demo::render::palette::CREAM;
use crate::demo::render::sketch::Sketch;
use tiny_skia::Path;

/// A dress.
pub(super) fn dress(sketch: &mut Sketch) {
    match sketch.style {
        "sundress" => sundress(sketch),
        "shirt dress" => shirt_dress(sketch),
        _ => maxi(sketch),
    }
}

fn sundress(sketch: &mut Sketch) {
    let hem = sketch.vary(64.0, 76.0);
    let flare = sketch.vary(50.0, 60.0);
    for side in [-1.0, 1.0] {
        let strap = Outline::at(side * 17.0, -44.0)
            .bend(side * 17.0, -66.0, side * 11.0, -80.0)
            .open();
        let base = sketch.fabric.base;
        sketch.canvas.line(&strap, base.darker(0.35), 5.0);
        sketch.canvas.line(&strap, base, 3.8);
    }
    let body = Outline::at(0.0, -46.0)
        .bend(10.0, -56.0, 18.0, -50.0)
        .bend(26.0, -46.0, 28.0, -34.0)
        .bend(22.0, -18.0, 21.0, -8.0)
        .curve((28.0, 20.0), (flare - 12.0, 44.0), (flare, hem - 4.0))
        .bend(flare * 0.5, hem + 9.0, 0.0, hem + 8.0)
        .mirrored();
    sketch.cloth(&body);
    drapes(sketch, &body, 18.0, flare, -4.0, hem + 6.0);
    sash(sketch, 21.5, -9.0);
}

fn shirt_dress(sketch: &mut Sketch) {
    let hem = sketch.vary(62.0, 74.0);
    let flare = sketch.vary(40.0, 48.0);
    let body = Outline::at(0.0, -58.0)
        .bend(10.0, -62.0, 15.0, -74.0)
        .bend(26.0, -72.0, 34.0, -66.0)
        .curve((46.0, -58.0), (54.0, -44.0), (58.0, -30.0))
        .bend(50.0, -22.0, 40.0, -21.0)
        .bend(38.0, -32.0, 31.0, -38.0)
        .bend(26.0, -18.0, 24.0, -4.0)
        .curve((29.0, 20.0), (flare - 6.0, 46.0), (flare, hem - 4.0))
        .bend(flare * 0.5, hem + 5.0, 0.0, hem + 5.0)
        .mirrored();
    sketch.cloth(&body);
    drapes(sketch, &body, 20.0, flare, 0.0, hem + 4.0);
    let base = sketch.fabric.base;
    sketch
        .canvas
        .line(&line(0.0, -56.0, 0.0, hem + 4.0), (base.shade(), 0.35), 1.0);
    for step in 0..7 {
        sketch.button(0.0, -46.0 + step as f32 * 16.0, 1.9, CREAM);
    }
    for side in [-1.0, 1.0] {
        let flap = Outline::at(side * 14.0, -77.0)
            .bend(side * 8.0, -66.0, 0.0, -60.0)
            .line(side * 12.0, -50.0)
            .bend(side * 20.0, -60.0, side * 20.0, -73.0)
            .closed();
        sketch.plain(&flap);
    }
    sash(sketch, 24.5, -5.0);
}

fn maxi(sketch: &mut Sketch) {
    let flare = sketch.vary(44.0, 54.0);
    let dip = sketch.vary(-52.0, -40.0);
    let body = Outline::at(0.0, dip)
        .bend(8.0, -62.0, 15.0, -82.0)
        .line(24.0, -81.0)
        .bend(24.0, -58.0, 30.0, -48.0)
        .bend(21.0, -34.0, 19.5, -24.0)
        .curve((24.0, 10.0), (flare - 10.0, 50.0), (flare, 76.0))
        .bend(flare * 0.5, 86.0, 0.0, 85.0)
        .mirrored();
    sketch.canvas.fill(&back(), sketch.fabric.base.darker(0.6));
    sketch.cloth(&body);
    drapes(sketch, &body, 17.0, flare, -20.0, 84.0);
    let tier = Outline::at(-flare, 40.0)
        .bend(0.0, 50.0, flare, 40.0)
        .open();
    let base = sketch.fabric.base;
    sketch
        .canvas
        .within(&body, |canvas| canvas.fold(&tier, base, 5.0));
    sash(sketch, 20.0, -25.0);
}

fn back() -> Path {
    Outline::at(0.0, -72.0)
        .bend(12.0, -74.0, 18.0, -81.0)
        .line(18.0, -60.0)
        .line(0.0, -42.0)
        .mirrored()
}

/// Folds that fall from the waist and open towards the hem.
pub(super) fn drapes(sketch: &mut Sketch, body: &Path, waist: f32, flare: f32, top: f32, hem: f32) {
    let base = sketch.fabric.base;
    let sway = sketch.vary(-0.06, 0.06);
    let reach = sketch.vary(0.25, 0.5);
    sketch.canvas.within(body, |canvas| {
        for (share, start) in [
            (-0.86f32, 0.1),
            (-0.52, reach),
            (-0.2, 0.15),
            (0.16, reach + 0.1),
            (0.48, 0.05),
            (0.82, reach),
        ] {
            let (upper, lower) = (share * waist, (share + sway) * flare);
            let y = top + (hem - top) * start;
            let x = upper + (lower - upper) * start;
            let middle = (top + hem) / 2.0;
            canvas.fold(
                &Outline::at(x, y)
                    .bend(upper * 0.6 + lower * 0.4, middle, lower, hem)
                    .open(),
                base,
                8.0,
            );
        }
    });
}

fn sash(sketch: &mut Sketch, half: f32, y: f32) {
    let accent = sketch.fabric.accent;
    let belt = rounded(-half, y - 3.5, half, y + 3.5, 2.0);
    if sketch.choose(&[true, false]) {
        for end in [(-6.0, 24.0), (9.0, 20.0)] {
            let tail = Outline::at(-1.0, y)
                .bend(end.0 * 0.2, y + end.1 * 0.5, end.0, y + end.1)
                .open();
            sketch.canvas.line(&tail, accent.darker(0.3), 4.6);
            sketch.canvas.line(&tail, accent, 3.4);
        }
    }
    sketch.part(&belt, accent);
    sketch.part(&rounded(-4.5, y - 4.5, 4.5, y + 4.5, 3.0), accent);
}
