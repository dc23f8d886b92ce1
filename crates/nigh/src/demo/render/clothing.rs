//! Tops: shirts and sweaters, laid flat.

use super::outline::{Outline, circle, ellipse, line, polygon, rounded};
use super::palette::{CREAM, Rgb};
use super::sketch::Sketch;

/// A short-sleeved shirt.
pub(super) fn shirt(sketch: &mut Sketch) {
    let half = sketch.vary(38.0, 44.0);
    let hem = sketch.vary(66.0, 76.0);
    let cuff = sketch.vary(-6.0, 6.0);
    let neck = if sketch.style == "v-neck shirt" { -30.0 } else { -50.0 };
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
    sketch.canvas.within(&body, |canvas| {
        for side in [-1.0, 1.0] {
            let armhole = Outline::at(side * 44.0, -58.0)
                .bend(side * (half - 4.0), -38.0, side * (half + 4.0), -20.0)
                .open();
            canvas.fold(&armhole, base, 4.0);
            let drape = Outline::at(side * (half + 2.0), -12.0)
                .bend(side * 22.0, 6.0, side * 16.0, 34.0)
                .open();
            canvas.fold(&drape, base, 9.0);
            let lower = Outline::at(side * (half - 6.0), 26.0)
                .bend(side * (half - 14.0), 46.0, side * (half - 10.0), hem)
                .open();
            canvas.fold(&lower, base, 7.0);
        }
    });
    sketch.seam(&Outline::at(-half - 2.0, hem - 8.0).bend(0.0, hem - 2.0, half + 2.0, hem - 8.0).open());
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

/// A long-sleeved top.
pub(super) fn sweater(sketch: &mut Sketch) {
    let half = sketch.vary(36.0, 41.0);
    let hem = sketch.vary(56.0, 66.0);
    let wrist = sketch.vary(54.0, 64.0);
    if sketch.style != "turtleneck" {
        back_of_neck(sketch);
    }
    let body = Outline::at(0.0, if sketch.style == "cardigan" { -24.0 } else { -52.0 })
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
        .mirrored();
    sketch.cloth(&body);
    let base = sketch.fabric.base;
    sketch.canvas.within(&body, |canvas| {
        for side in [-1.0, 1.0] {
            let armhole = Outline::at(side * 42.0, -58.0)
                .bend(side * (half - 4.0), -36.0, side * (half + 3.0), -17.0)
                .open();
            canvas.fold(&armhole, base, 4.5);
            let elbow = Outline::at(side * 53.0, 2.0).bend(side * 62.0, 4.0, side * 67.0, -2.0).open();
            canvas.fold(&elbow, base, 6.0);
            let drape = Outline::at(side * (half + 1.0), -6.0)
                .bend(side * 20.0, 14.0, side * 18.0, 42.0)
                .open();
            canvas.fold(&drape, base, 9.0);
        }
    });
    ribbed(sketch, &[(-half + 1.0, hem - 11.0), (half - 1.0, hem - 11.0), (half - 3.0, hem + 1.0), (-half + 3.0, hem + 1.0)]);
    for side in [-1.0, 1.0] {
        let x = |value: f32| side * value;
        ribbed(sketch, &[(x(60.5), wrist - 8.0), (x(79.0), wrist - 11.0), (x(81.0), wrist), (x(64.0), wrist + 4.0)]);
    }
    match sketch.style {
        "turtleneck" => turtleneck(sketch),
        "cardigan" => cardigan(sketch, hem),
        "hoodie" => hoodie(sketch, hem),
        _ => collar_rib(sketch, -52.0, false),
    }
}

/// The inside of the back, seen through the neck.
fn back_of_neck(sketch: &mut Sketch) {
    let inside = sketch.fabric.base.darker(0.55);
    let back = Outline::at(0.0, -69.0).bend(12.0, -70.0, 19.0, -69.0).bend(20.0, -52.0, 0.0, -26.0).mirrored();
    sketch.canvas.fill(&back, inside);
    sketch.canvas.fill(&rounded(-4.0, -64.0, 4.0, -59.0, 1.0), (CREAM, 0.85));
}

fn collar_rib(sketch: &mut Sketch, neck: f32, pointed: bool) {
    let (cx, cy) = if pointed { (12.0, neck - 16.0) } else { (15.0, neck) };
    let rim = Outline::at(-19.0, -68.0).bend(-cx, cy, 0.0, neck).bend(cx, cy, 19.0, -68.0).open();
    let colour = sketch.fabric.base.darker(0.12);
    sketch.canvas.line(&rim, (colour.shade(), 0.22), 7.4);
    sketch.canvas.line(&rim, colour, 5.4);
    sketch.canvas.line(&rim, (colour.lighter(0.5), 0.35), 1.2);
}

fn pocket(sketch: &mut Sketch, x: f32, y: f32) {
    let patch = Outline::at(x, y).line(x + 22.0, y).line(x + 22.0, y + 19.0).bend(x + 11.0, y + 29.0, x, y + 19.0).closed();
    let trim = sketch.fabric.accent;
    sketch.part(&patch, trim);
    sketch.canvas.line(&line(x, y + 4.5, x + 22.0, y + 4.5), (trim.shade(), 0.3), 0.9);
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
            (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share)
        };
        let (top, foot) = (between(a, b), between(d, c));
        sketch.canvas.line(&line(top.0, top.1, foot.0, foot.1), (colour.shade(), 0.28), 1.0);
    }
    sketch.canvas.relief(&band, colour, 0.7);
}

fn turtleneck(sketch: &mut Sketch) {
    let collar = Outline::at(0.0, -80.0).bend(13.0, -80.0, 17.0, -78.0).bend(18.0, -66.0, 21.0, -60.0).bend(10.0, -52.0, 0.0, -52.0).mirrored();
    sketch.plain(&collar);
    let base = sketch.fabric.base;
    for x in [-13.0f32, -8.0, -3.0, 3.0, 8.0, 13.0] {
        sketch.canvas.line(&line(x * 0.95, -77.0, x * 1.1, -57.0), (base.shade(), 0.22), 1.0);
    }
    sketch.canvas.fold(&Outline::at(-18.0, -68.0).bend(0.0, -62.0, 18.0, -68.0).open(), base, 4.0);
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
    let opening = Outline::at(0.0, -72.0).bend(15.0, -72.0, 16.0, -62.0).bend(12.0, -50.0, 0.0, -45.0).mirrored();
    sketch.canvas.fill(&opening, base.darker(0.65));
    sketch.canvas.relief(&opening, base.darker(0.6), 0.5);
    let pouch = Outline::at(0.0, 16.0).line(20.0, 16.0).bend(22.0, 30.0, 31.0, 36.0).line(31.0, hem - 12.0).line(0.0, hem - 12.0).mirrored();
    sketch.plain(&pouch);
    sketch.seams(&Outline::at(22.0, 18.0).bend(23.0, 29.0, 31.0, 34.0));
    cords(sketch, CREAM);
}

fn cords(sketch: &mut Sketch, colour: Rgb) {
    let shade = sketch.fabric.base.shade();
    for (x, end) in [(-7.0, -12.0), (7.0, -18.0)] {
        let cord = Outline::at(x, -50.0).bend(x * 1.4, -34.0, x * 1.1, end).open();
        sketch.canvas.line(&cord, (shade, 0.3), 3.0);
        sketch.canvas.line(&cord, colour, 1.8);
        sketch.canvas.fill(&ellipse(x * 1.1, end, 1.6, 3.0), colour.darker(0.25));
        sketch.canvas.fill(&circle(x, -50.0, 1.8), shade);
    }
}
