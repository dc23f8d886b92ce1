//! A pair of sunglasses, seen from the front.

use crate::demo::render::canvas::Ink;
use crate::demo::render::outline::{Outline, ellipse, line};
use crate::demo::render::palette::{INK, Rgb, WHITE};
use crate::demo::render::sketch::Sketch;
use tiny_skia::Path;

/// A pair of sunglasses, seen from the front.
pub(super) fn sunglasses(sketch: &mut Sketch) {
    let grow = sketch.vary(0.94, 1.06);
    let rim = sketch.vary(6.5, 10.5);
    let tint = sketch.choose(&[
        INK,
        Rgb::hex(0x5A_4632),
        Rgb::hex(0x2F_4A4C),
        sketch.fabric.minor.darker(0.5),
    ]);
    temples(sketch);
    let bridge = Outline::at(-16.0, -6.0).bend(0.0, -16.0, 16.0, -6.0).open();
    let base = sketch.fabric.base;
    sketch.canvas.line(&bridge, base.darker(0.5), 8.4);
    sketch.canvas.line(&bridge, base, 6.8);
    sketch.gleam(
        &Outline::at(-12.0, -9.5).bend(0.0, -14.0, 12.0, -9.5).open(),
        2.0,
    );
    for side in [-1.0, 1.0] {
        let frame = lens(sketch.style, side, grow, rim);
        sketch.cloth(&frame);
        let glass = lens(sketch.style, side, grow, 0.0);
        let (top, bottom) = (glass.bounds().top(), glass.bounds().bottom());
        sketch
            .canvas
            .fill(&glass, Ink::down(top, bottom, tint, tint.lighter(0.42)));
        sketch.canvas.line(&glass, (base.shade(), 0.55), 1.2);
        let x = side * 40.0;
        sketch.canvas.within(&glass, |canvas| {
            let glare = Outline::at(x - 22.0, 22.0)
                .line(x + 2.0, -34.0)
                .line(x + 14.0, -34.0)
                .line(x - 10.0, 26.0)
                .closed();
            canvas.fill(&glare, (WHITE, 0.16));
            canvas.line(&line(x + 1.0, 24.0, x + 24.0, -32.0), (WHITE, 0.12), 2.4);
        });
    }
}

/// One lens, grown by `rim` to become its frame.
fn lens(style: &str, side: f32, grow: f32, rim: f32) -> Path {
    let x = |value: f32| side * (41.0 + (value * grow) + if value > 0.0 { rim } else { -rim });
    let y = |value: f32| value * grow + if value > 0.0 { rim } else { -rim };
    match style {
        "round sunglasses" => ellipse(side * 41.0, 2.0, 26.0 * grow + rim, 26.0 * grow + rim),
        "cat-eye sunglasses" => Outline::at(x(-24.0), y(-8.0))
            .curve(
                (x(-14.0), y(-18.0)),
                (x(12.0), y(-20.0)),
                (x(33.0 + rim * 0.5), y(-26.0)),
            )
            .curve((x(31.0), y(0.0)), (x(22.0), y(21.0)), (x(2.0), y(21.0)))
            .curve((x(-16.0), y(21.0)), (x(-24.0), y(8.0)), (x(-24.0), y(-8.0)))
            .closed(),
        _ => Outline::at(x(-26.0), y(-14.0))
            .curve(
                (x(-22.0), y(-21.0)),
                (x(20.0), y(-23.0)),
                (x(28.0), y(-18.0)),
            )
            .curve((x(31.0), y(4.0)), (x(22.0), y(20.0)), (x(6.0), y(20.0)))
            .curve(
                (x(-16.0), y(20.0)),
                (x(-25.0), y(10.0)),
                (x(-26.0), y(-14.0)),
            )
            .closed(),
    }
}

fn temples(sketch: &mut Sketch) {
    let base = sketch.fabric.base;
    for side in [-1.0, 1.0] {
        let arm = Outline::at(side * 74.0, -12.0)
            .curve(
                (side * 82.0, -34.0),
                (side * 66.0, -46.0),
                (side * 48.0, -46.0),
            )
            .open();
        sketch.canvas.line(&arm, base.darker(0.7), 6.0);
        sketch.canvas.line(&arm, base.darker(0.35), 4.6);
    }
}
