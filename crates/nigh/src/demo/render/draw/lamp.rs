//! A lamp, switched on.

use crate::demo::render::canvas::Ink;
use crate::demo::render::outline::{Outline, circle, ellipse, line, rounded};
use crate::demo::render::palette::{BRASS, CREAM, INK, OAK, Rgb, SILVER, WALNUT};
use crate::demo::render::sketch::Sketch;

/// The light of a bulb.
const WARM: Rgb = Rgb::hex(0xFF_E3A3);

/// A lamp, switched on.
pub(super) fn lamp(sketch: &mut Sketch) {
    match sketch.style {
        "table lamp" => table_lamp(sketch),
        "desk lamp" => desk_lamp(sketch),
        _ => floor_lamp(sketch),
    }
}

fn table_lamp(sketch: &mut Sketch) {
    let belly = sketch.vary(16.0, 28.0);
    let clay = sketch.choose(&[CREAM, sketch.fabric.accent, sketch.fabric.minor]);
    sketch.round(&rounded(-2.6, -8.0, 2.6, 14.0, 1.0), BRASS);
    let foot = Outline::at(0.0, 8.0)
        .bend(8.0, 8.0, 8.0, 14.0)
        .curve((belly + 6.0, 24.0), (belly + 8.0, 56.0), (14.0, 68.0))
        .bend(24.0, 70.0, 24.0, 76.0)
        .line(0.0, 76.0)
        .mirrored();
    sketch.part(&foot, clay);
    sketch.gleam(
        &Outline::at(-belly * 0.55, 30.0)
            .bend(-belly * 0.8, 42.0, -belly * 0.5, 54.0)
            .open(),
        5.0,
    );
    let (upper, lower) = (sketch.vary(24.0, 40.0), sketch.vary(46.0, 56.0));
    let top = sketch.vary(-76.0, -66.0);
    shade(sketch, upper, lower, top, -4.0);
}

fn floor_lamp(sketch: &mut Sketch) {
    let wood = sketch.choose(&[OAK, WALNUT, INK, BRASS]);
    let top = sketch.vary(-88.0, -80.0);
    let lower = sketch.vary(30.0, 38.0);
    if sketch.choose(&[true, false]) {
        for (x, width) in [(4.0, 4.0), (-30.0, 5.0), (30.0, 5.0)] {
            let leg = line(x * 0.1, -34.0, x, 84.0);
            sketch.canvas.line(&leg, wood.darker(0.5), width + 1.2);
            sketch.canvas.line(&leg, wood, width);
        }
    } else {
        sketch.round(&rounded(-2.2, -40.0, 2.2, 82.0, 1.0), wood);
        sketch.round(&rounded(-24.0, 79.0, 24.0, 85.0, 3.0), wood);
    }
    let upper = lower * sketch.vary(0.55, 0.9);
    shade(sketch, upper, lower, top, -30.0);
}

fn desk_lamp(sketch: &mut Sketch) {
    let joint = (sketch.vary(-46.0, -36.0), sketch.vary(-16.0, -4.0));
    let head = (sketch.vary(2.0, 12.0), sketch.vary(-66.0, -58.0));
    let metal = sketch.choose(&[SILVER, BRASS, INK]);
    for (from, to) in [((-10.0, 66.0), joint), (joint, head)] {
        let arm = line(from.0, from.1, to.0, to.1);
        sketch.canvas.line(&arm, metal.darker(0.6), 6.4);
        sketch.canvas.line(&arm, metal, 5.0);
        sketch.canvas.line(&arm, (CREAM, 0.5), 1.4);
    }
    let foot = Outline::at(-48.0, 76.0)
        .curve((-46.0, 62.0), (26.0, 62.0), (28.0, 76.0))
        .closed();
    sketch.plain(&foot);
    sketch.part(&circle(joint.0, joint.1, 6.0), sketch.fabric.accent);
    sketch
        .canvas
        .fill(&circle(joint.0, joint.1, 2.0), metal.darker(0.4));
    lamp_head(sketch, head);
}

fn lamp_head(sketch: &mut Sketch, (x, y): (f32, f32)) {
    let at = |dx: f32, dy: f32| (x + dx, y + dy);
    let (left, right) = (at(-14.0, 44.0), at(60.0, 22.0));
    let beam = Outline::at(left.0, left.1)
        .line(x - 20.0, 74.0)
        .line(x + 82.0, 74.0)
        .line(right.0, right.1)
        .closed();
    let stops = vec![(0.0, WARM, 0.50), (1.0, WARM, 0.0)];
    sketch.canvas.fill(
        &beam,
        Ink::Along((x + 20.0, y + 34.0), (x + 34.0, 74.0), stops),
    );
    let bulb = ellipse(x + 24.0, y + 34.0, 12.0, 11.0);
    sketch.canvas.fill(&bulb, WARM.lighter(0.5));
    let hood = Outline::at(left.0, left.1)
        .curve(at(-16.0, 16.0), at(-4.0, -4.0), at(8.0, -8.0))
        .curve(at(24.0, -10.0), at(50.0, -2.0), right)
        .bend(x + 24.0, y + 38.0, left.0, left.1)
        .closed();
    sketch.cloth(&hood);
    let rim = Outline::at(left.0, left.1)
        .bend(x + 24.0, y + 38.0, right.0, right.1)
        .open();
    sketch.canvas.line(&rim, (CREAM, 0.8), 2.0);
    sketch.part(&circle(x + 2.0, y - 6.0, 6.0), sketch.fabric.accent);
}

/// A lit lampshade.
fn shade(sketch: &mut Sketch, upper: f32, lower: f32, top: f32, foot: f32) {
    let body = Outline::at(0.0, top)
        .bend(upper * 0.7, top, upper, top + 3.0)
        .line(lower, foot)
        .bend(lower * 0.6, foot + 7.0, 0.0, foot + 7.0)
        .mirrored();
    sketch.cloth(&body);
    let middle = (0.0, (top + foot) / 2.0 + 10.0);
    sketch.canvas.within(&body, |canvas| {
        canvas.fill(&body, Ink::Glow(middle, lower * 1.15, WARM, 0.62));
    });
    let trim = sketch.fabric.minor;
    let (upper_rim, lower_rim) = (
        Outline::at(-upper, top + 3.0)
            .bend(0.0, top - 3.0, upper, top + 3.0)
            .open(),
        Outline::at(-lower, foot)
            .bend(0.0, foot + 14.0, lower, foot)
            .open(),
    );
    sketch.canvas.line(&upper_rim, (trim, 0.75), 2.2);
    sketch.canvas.line(&lower_rim, (trim, 0.75), 2.6);
    sketch.round(&rounded(-2.0, top - 7.0, 2.0, top + 1.0, 2.0), BRASS);
}
