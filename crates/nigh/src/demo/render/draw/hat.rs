//! Hats.

use crate::demo::render::outline::{Outline, circle, ellipse};
use crate::demo::render::palette::Rgb;
use crate::demo::render::sketch::Sketch;

/// Straw, undyed.
const STRAW: Rgb = Rgb::hex(0xE2_C58F);

/// A hat.
pub(super) fn hat(sketch: &mut Sketch) {
    match sketch.style {
        "cap" => cap(sketch),
        "beanie" => beanie(sketch),
        "bucket hat" => bucket_hat(sketch),
        _ => sun_hat(sketch),
    }
}

fn cap(sketch: &mut Sketch) {
    let height = sketch.vary(-54.0, -44.0);
    let reach = sketch.vary(76.0, 86.0);
    let base = sketch.fabric.base;
    let dome = Outline::at(-66.0, 28.0)
        .curve((-74.0, -20.0), (-42.0, height), (-6.0, height))
        .curve((30.0, height), (46.0, -14.0), (46.0, 22.0))
        .bend(-10.0, 14.0, -66.0, 28.0)
        .closed();
    sketch.cloth(&dome);
    sketch.seam(
        &Outline::at(-6.0, height)
            .bend(-30.0, -22.0, -34.0, 22.0)
            .open(),
    );
    sketch.seam(
        &Outline::at(-6.0, height)
            .bend(20.0, -24.0, 16.0, 18.0)
            .open(),
    );
    let accent = sketch.fabric.accent;
    let brim = Outline::at(-14.0, 20.0)
        .curve((14.0, 8.0), (36.0, 10.0), (46.0, 16.0))
        .curve((66.0, 18.0), (reach, 28.0), (reach, 38.0))
        .curve((60.0, 28.0), (22.0, 26.0), (-14.0, 34.0))
        .bend(-20.0, 28.0, -14.0, 20.0)
        .closed();
    sketch.canvas.line(&brim, (base.shade(), 0.3), 4.0);
    sketch.part(&brim, accent);
    sketch.canvas.seam(
        &Outline::at(-6.0, 28.0)
            .curve((24.0, 20.0), (54.0, 22.0), (reach - 6.0, 32.0))
            .open(),
        (accent.shade(), 0.5),
        0.9,
    );
    sketch.part(&ellipse(-6.0, height, 6.0, 3.0), accent);
    for (x, y) in [(-40.0, -18.0), (-8.0, -24.0), (28.0, -18.0)] {
        sketch.canvas.fill(&circle(x, y, 1.8), (base.shade(), 0.7));
    }
    if sketch.choose(&[true, false]) {
        let minor = sketch.fabric.minor;
        sketch.part(&circle(4.0, -12.0, 10.0), minor);
        sketch
            .canvas
            .line(&circle(4.0, -12.0, 7.0), (accent, 0.9), 1.6);
    }
}

fn beanie(sketch: &mut Sketch) {
    let height = sketch.vary(-56.0, -46.0);
    let dome = Outline::at(0.0, height)
        .curve((38.0, height), (54.0, -14.0), (54.0, 26.0))
        .line(0.0, 30.0)
        .mirrored();
    sketch.cloth(&dome);
    let base = sketch.fabric.base;
    sketch.canvas.within(&dome, |canvas| {
        for x in [-44.0f32, -32.0, -20.0, -7.0, 7.0, 20.0, 32.0, 44.0] {
            canvas.fold(
                &Outline::at(x * 0.25, height)
                    .bend(x * 1.05, -20.0, x, 30.0)
                    .open(),
                base,
                3.6,
            );
        }
    });
    let cuff = Outline::at(0.0, 20.0)
        .bend(36.0, 20.0, 56.0, 14.0)
        .bend(62.0, 30.0, 58.0, 46.0)
        .bend(30.0, 54.0, 0.0, 54.0)
        .mirrored();
    let colour = base.darker(0.1);
    sketch.part(&cuff, colour);
    for rib in -9..=9 {
        let x = rib as f32 * 6.0;
        sketch.canvas.line(
            &Outline::at(x, 22.0 - x * x / 700.0)
                .line(x * 1.03, 51.0 - x * x / 600.0)
                .open(),
            (colour.shade(), 0.22),
            1.4,
        );
    }
    if sketch.choose(&[true, true, false]) {
        pompom(sketch, height);
    }
}

fn pompom(sketch: &mut Sketch, height: f32) {
    let colour = sketch.fabric.accent;
    for (x, y, radius) in [
        (-8.0, -6.0, 9.0),
        (8.0, -6.0, 9.0),
        (0.0, -14.0, 10.0),
        (0.0, -1.0, 9.0),
        (-5.0, -13.0, 8.0),
        (6.0, -12.0, 8.0),
    ] {
        sketch.canvas.fill(&circle(x, height + y, radius), colour);
    }
    sketch
        .canvas
        .relief(&circle(0.0, height - 7.0, 15.0), colour, 0.9);
}

fn bucket_hat(sketch: &mut Sketch) {
    let top = sketch.vary(-46.0, -38.0);
    let reach = sketch.vary(70.0, 78.0);
    let brim = Outline::at(0.0, 4.0)
        .bend(34.0, 4.0, 46.0, 0.0)
        .bend(62.0, 18.0, reach, 42.0)
        .curve((54.0, 60.0), (24.0, 62.0), (0.0, 62.0))
        .mirrored();
    sketch.cloth(&brim);
    for share in [0.25f32, 0.5, 0.75] {
        let y = 6.0 + share * 52.0;
        let half = 46.0 + share * (reach - 48.0);
        sketch.seam(
            &Outline::at(-half, y - 14.0 + share * 8.0)
                .bend(0.0, y + 18.0 - share * 6.0, half, y - 14.0 + share * 8.0)
                .open(),
        );
    }
    let crown = Outline::at(0.0, top)
        .bend(28.0, top - 1.0, 36.0, top + 6.0)
        .bend(44.0, -20.0, 48.0, 6.0)
        .bend(24.0, 16.0, 0.0, 16.0)
        .mirrored();
    sketch.cloth(&crown);
    sketch.seam(
        &Outline::at(-38.0, top + 12.0)
            .bend(0.0, top + 20.0, 38.0, top + 12.0)
            .open(),
    );
    for x in [-30.0, -25.0] {
        sketch
            .canvas
            .fill(&circle(x, -8.0, 1.6), (sketch.fabric.base.shade(), 0.7));
    }
}

fn sun_hat(sketch: &mut Sketch) {
    let dome = sketch.vary(-54.0, -44.0);
    let height = sketch.vary(13.0, 19.0);
    straw_brim(sketch);
    straw_crown(sketch, dome);
    ribbon(sketch, height);
}

fn straw_brim(sketch: &mut Sketch) {
    sketch.part(&ellipse(0.0, 20.0, 84.0, 27.0), STRAW);
    for ring in 1..6 {
        let share = ring as f32 / 6.0;
        let coil = ellipse(0.0, 20.0, 84.0 * share, 27.0 * share);
        sketch.canvas.line(&coil, (STRAW.shade(), 0.16), 1.0);
    }
    sketch
        .canvas
        .fill(&ellipse(7.0, 20.0, 46.0, 13.0), (STRAW.shade(), 0.25));
}

fn straw_crown(sketch: &mut Sketch, dome: f32) {
    let crown = Outline::at(0.0, dome)
        .curve((34.0, dome), (40.0, -18.0), (42.0, 14.0))
        .bend(24.0, 24.0, 0.0, 24.0)
        .mirrored();
    sketch.part(&crown, STRAW);
    sketch.canvas.within(&crown, |canvas| {
        for row in 0..10 {
            let y = dome + 6.0 + row as f32 * 7.0;
            let coil = Outline::at(-44.0, y).bend(0.0, y + 10.0, 44.0, y).open();
            canvas.line(&coil, (STRAW.shade(), 0.15), 1.0);
        }
    });
}

fn ribbon(sketch: &mut Sketch, height: f32) {
    let (foot, top) = (12.0, 12.0 - height);
    let band = Outline::at(0.0, top + 10.0)
        .bend(24.0, top + 10.0, 41.0, top)
        .line(42.0, foot + 1.0)
        .bend(24.0, foot + 11.0, 0.0, foot + 11.0)
        .mirrored();
    sketch.cloth(&band);
    let base = sketch.fabric.base;
    for (x, y) in [(54.0, 34.0), (44.0, 42.0)] {
        let tail = Outline::at(30.0, foot + 4.0).bend(44.0, 22.0, x, y).open();
        sketch.canvas.line(&tail, base.darker(0.35), 7.0);
        sketch.canvas.line(&tail, base, 5.4);
    }
    sketch.part(&circle(30.0, foot + 2.0, 5.0), base);
}
