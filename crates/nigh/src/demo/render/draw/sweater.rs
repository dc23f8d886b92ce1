//! A long-sleeved top, laid flat.

use super::neckline::{back_of_neck, collar_rib};
use crate::demo::render::outline::{Outline, circle, ellipse, line, polygon};
use crate::demo::render::palette::{CREAM, Rgb};
use crate::demo::render::sketch::Sketch;
use tiny_skia::Path;

/// A long-sleeved top.
pub(super) fn sweater(sketch: &mut Sketch) {
    let cut = Cut {
        half: sketch.vary(36.0, 41.0),
        hem: sketch.vary(56.0, 66.0),
        wrist: sketch.vary(54.0, 64.0),
        neck: if sketch.style == "cardigan" {
            -24.0
        } else {
            -52.0
        },
    };
    if sketch.style != "turtleneck" {
        back_of_neck(sketch);
    }
    let body = body(&cut);
    sketch.cloth(&body);
    drape(sketch, &cut, &body);
    ribs(sketch, &cut);
    match sketch.style {
        "turtleneck" => turtleneck(sketch),
        "cardigan" => cardigan(sketch, cut.hem),
        "hoodie" => hoodie(sketch, cut.hem),
        _ => collar_rib(sketch, cut.neck, false),
    }
}

/// The measures of one sweater.
struct Cut {
    half: f32,
    hem: f32,
    wrist: f32,
    neck: f32,
}

fn body(cut: &Cut) -> Path {
    let &Cut {
        half,
        hem,
        wrist,
        neck,
    } = cut;
    Outline::at(0.0, neck)
        .bend(14.0, -52.0, 18.0, -67.0)
        .bend(32.0, -64.0, 43.0, -57.0)
        .curve((58.0, -46.0), (64.0, -20.0), (79.0, wrist - 10.0))
        .line(81.0, wrist)
        .bend(72.0, wrist + 5.0, 64.0, wrist + 4.0)
        .line(61.0, wrist - 8.0)
        .curve((54.0, 24.0), (48.0, 0.0), (half + 3.0, -20.0))
        .curve((half, 8.0), (half, 30.0), (half + 1.0, hem - 12.0))
        .line(half - 2.0, hem)
        .bend(half * 0.5, hem + 2.0, 0.0, hem + 2.0)
        .mirrored()
}

fn drape(sketch: &mut Sketch, cut: &Cut, body: &Path) {
    let (half, base) = (cut.half, sketch.fabric.base);
    let armhole = Outline::at(42.0, -58.0).bend(half - 4.0, -36.0, half + 3.0, -17.0);
    let elbow = Outline::at(53.0, 2.0).bend(62.0, 4.0, 67.0, -2.0);
    let fall = Outline::at(half - 3.0, 2.0).bend(22.0, 20.0, 20.0, 50.0);
    sketch.canvas.within(body, |canvas| {
        canvas.folds(&armhole, base, 4.5);
        canvas.folds(&elbow, base, 6.0);
        canvas.folds(&fall, base, 12.0);
    });
}

/// The knitted bands at hem and wrists.
fn ribs(sketch: &mut Sketch, cut: &Cut) {
    let (half, hem, wrist) = (cut.half, cut.hem, cut.wrist);
    let (upper, lower) = ((half - 1.0, hem - 11.0), (half - 3.0, hem + 1.0));
    ribbed(
        sketch,
        &[(-upper.0, upper.1), upper, lower, (-lower.0, lower.1)],
    );
    let cuff = [
        (60.5, wrist - 8.0),
        (79.0, wrist - 11.0),
        (81.0, wrist),
        (64.0, wrist + 4.0),
    ];
    ribbed(sketch, &cuff);
    ribbed(sketch, &cuff.map(|(x, y)| (-x, y)));
}

fn turtleneck(sketch: &mut Sketch) {
    let collar = Outline::at(0.0, -80.0)
        .bend(13.0, -80.0, 17.0, -78.0)
        .bend(18.0, -66.0, 21.0, -60.0)
        .bend(10.0, -52.0, 0.0, -52.0)
        .mirrored();
    sketch.plain(&collar);
    let base = sketch.fabric.base;
    for x in [-13.0f32, -8.0, -3.0, 3.0, 8.0, 13.0] {
        sketch.canvas.line(
            &line(x * 0.95, -77.0, x * 1.1, -57.0),
            (base.shade(), 0.22),
            1.0,
        );
    }
    sketch.canvas.fold(
        &Outline::at(-18.0, -68.0)
            .bend(0.0, -62.0, 18.0, -68.0)
            .open(),
        base,
        4.0,
    );
}

fn cardigan(sketch: &mut Sketch, hem: f32) {
    let base = sketch.fabric.base.darker(0.16);
    for side in [-1.0, 1.0] {
        let band = Outline::at(side * 17.0, -69.0)
            .bend(side * 14.0, -40.0, side * 0.5, -20.0)
            .line(side * 0.5, hem + 1.5)
            .line(side * 6.5, hem + 1.5)
            .line(side * 6.5, -16.0)
            .bend(side * 20.0, -40.0, side * 22.5, -67.0)
            .closed();
        sketch.part(&band, base);
    }
    let colour = sketch.fabric.accent;
    for step in 0..5 {
        let y = -12.0 + step as f32 * (hem + 8.0) / 5.0;
        sketch.button(3.4, y, 2.5, colour);
    }
}

fn hoodie(sketch: &mut Sketch, hem: f32) {
    let base = sketch.fabric.base;
    let hood = Outline::at(0.0, -82.0)
        .curve((18.0, -83.0), (28.0, -74.0), (27.0, -60.0))
        .bend(20.0, -44.0, 0.0, -40.0)
        .mirrored();
    sketch.plain(&hood);
    let opening = Outline::at(0.0, -72.0)
        .bend(15.0, -72.0, 16.0, -62.0)
        .bend(12.0, -50.0, 0.0, -45.0)
        .mirrored();
    sketch.canvas.fill(&opening, base.darker(0.65));
    sketch.canvas.relief(&opening, base.darker(0.6), 0.5);
    let pouch = Outline::at(0.0, 16.0)
        .line(20.0, 16.0)
        .bend(22.0, 30.0, 31.0, 36.0)
        .line(31.0, hem - 12.0)
        .line(0.0, hem - 12.0)
        .mirrored();
    sketch.plain(&pouch);
    sketch.seams(&Outline::at(22.0, 18.0).bend(23.0, 29.0, 31.0, 34.0));
    cords(sketch, CREAM);
}

fn cords(sketch: &mut Sketch, colour: Rgb) {
    let shade = sketch.fabric.base.shade();
    for (x, end) in [(-7.0, -12.0), (7.0, -18.0)] {
        let cord = Outline::at(x, -50.0)
            .bend(x * 1.4, -34.0, x * 1.1, end)
            .open();
        sketch.canvas.line(&cord, (shade, 0.3), 3.0);
        sketch.canvas.line(&cord, colour, 1.8);
        sketch
            .canvas
            .fill(&ellipse(x * 1.1, end, 1.6, 3.0), colour.darker(0.25));
        sketch.canvas.fill(&circle(x, -50.0, 1.8), shade);
    }
}

/// A band of knitted ribs between four corners, the upper two first.
fn ribbed(sketch: &mut Sketch, corners: &[(f32, f32); 4]) {
    let [a, b, c, d] = *corners;
    let colour = sketch.fabric.base.darker(0.16);
    let band = polygon(corners);
    sketch.canvas.fill(&band, colour);
    let ribs = (((b.0 - a.0).abs() / 4.2) as u32).max(2);
    for rib in 1..ribs {
        let share = rib as f32 / ribs as f32;
        let between = |from: (f32, f32), to: (f32, f32)| {
            (
                from.0 + (to.0 - from.0) * share,
                from.1 + (to.1 - from.1) * share,
            )
        };
        let (top, foot) = (between(a, b), between(d, c));
        sketch.canvas.line(
            &line(top.0, top.1, foot.0, foot.1),
            (colour.shade(), 0.28),
            1.0,
        );
    }
    sketch.canvas.relief(&band, colour, 0.7);
}
