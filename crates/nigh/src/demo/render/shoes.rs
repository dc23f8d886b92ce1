//! Shoes in profile, the toe to the right.

use super::outline::{Outline, circle, line, rounded};
use super::palette::{BRASS, CREAM, INK, LEATHER, Rgb, SILVER};
use super::sketch::Sketch;
use tiny_skia::Path;

/// A sneaker.
pub(super) fn sneaker(sketch: &mut Sketch) {
    let collar = match sketch.style {
        "high-top" => sketch.vary(-58.0, -50.0),
        _ => sketch.vary(-26.0, -20.0),
    };
    let upper = sneaker_upper(sketch.style, collar);
    lining(sketch, collar);
    sketch.cloth(&upper);
    let accent = sketch.fabric.accent;
    sketch.canvas.within(&upper, |canvas| {
        let toe = Outline::at(52.0, 60.0).bend(46.0, 24.0, 68.0, 4.0).line(110.0, 0.0).line(110.0, 60.0).closed();
        canvas.fill(&toe, CREAM);
        canvas.relief(&toe, CREAM, 0.8);
        let heel = Outline::at(-90.0, -6.0).bend(-60.0, -4.0, -52.0, 40.0).line(-90.0, 40.0).closed();
        canvas.fill(&heel, accent);
        canvas.relief(&heel, accent, 0.8);
    });
    match sketch.style {
        "slip-on" => gore(sketch),
        _ => laces(sketch, collar),
    }
    if sketch.style == "runner" {
        let wave = Outline::at(-50.0, 12.0).curve((-20.0, 34.0), (8.0, 10.0), (28.0, 0.0)).bend(6.0, 26.0, -22.0, 32.0).bend(-42.0, 34.0, -50.0, 12.0).closed();
        sketch.part(&wave, accent);
    }
    sneaker_sole(sketch);
}

fn sneaker_upper(style: &str, collar: f32) -> Path {
    let start = Outline::at(-70.0, 36.0);
    let heel = start.curve((-74.0, 20.0), (-72.0, 0.0), (-68.0, collar + 4.0)).bend(-66.0, collar - 5.0, -58.0, collar - 1.0);
    let tongue = match style {
        "high-top" => heel.bend(-40.0, collar + 6.0, -22.0, collar - 3.0).bend(-12.0, collar - 8.0, -8.0, collar + 2.0).curve((-2.0, -22.0), (8.0, -12.0), (30.0, 0.0)),
        "slip-on" => heel.curve((-44.0, collar + 16.0), (-26.0, collar + 12.0), (-6.0, collar - 2.0)).curve((12.0, -18.0), (28.0, -8.0), (40.0, 0.0)),
        _ => heel.curve((-46.0, collar + 14.0), (-30.0, collar + 10.0), (-18.0, collar - 12.0)).bend(-10.0, collar - 18.0, -4.0, collar - 8.0).bend(8.0, -18.0, 34.0, -2.0),
    };
    tongue.curve((54.0, 6.0), (76.0, 10.0), (79.0, 36.0)).closed()
}

/// The inside of the shoe, behind its collar.
fn lining(sketch: &mut Sketch, collar: f32) {
    let (front, dip) = match sketch.style {
        "slip-on" => (-8.0, 10.0),
        "high-top" => (-20.0, 2.0),
        _ => (-18.0, 6.0),
    };
    let inside = Outline::at(-64.0, collar).bend(-40.0, collar - 9.0, front, collar - 4.0).bend(front - 10.0, collar + dip + 14.0, -40.0, collar + dip + 12.0).bend(-60.0, collar + dip, -64.0, collar).closed();
    let colour = sketch.fabric.minor.darker(0.4);
    sketch.canvas.fill(&inside, colour);
}

fn laces(sketch: &mut Sketch, collar: f32) {
    let rows = if sketch.style == "high-top" { 6 } else { 4 };
    let (from, to) = match sketch.style {
        "high-top" => ((-14.0, collar + 8.0), (28.0, 3.0)),
        _ => ((-8.0, collar - 4.0), (32.0, 2.0)),
    };
    let shade = sketch.fabric.base.shade();
    let colour = if sketch.fabric.base.luma() > 200 { INK } else { CREAM };
    for row in 0..rows {
        let share = row as f32 / (rows - 1) as f32;
        let sag = share * (1.0 - share) * if sketch.style == "high-top" { 26.0 } else { 0.0 };
        let x = from.0 + (to.0 - from.0) * share - sag * 0.4;
        let y = from.1 + (to.1 - from.1) * share + sag * 0.5;
        let lace = Outline::at(x - 9.0, y + 9.0).bend(x - 3.0, y + 1.0, x + 4.0, y - 2.5).open();
        sketch.canvas.line(&lace, (shade, 0.4), 4.6);
        sketch.canvas.line(&lace, colour, 3.2);
        sketch.canvas.fill(&circle(x - 9.5, y + 9.5, 1.5), shade);
    }
}

fn gore(sketch: &mut Sketch) {
    let gore = Outline::at(-6.0, -20.0).bend(-2.0, -2.0, -14.0, 8.0).bend(-26.0, 2.0, -28.0, -12.0).closed();
    let colour = sketch.fabric.minor;
    sketch.part(&gore, colour);
    sketch.seam(&Outline::at(-4.0, -18.0).bend(10.0, -10.0, 8.0, 26.0).open());
}

fn sneaker_sole(sketch: &mut Sketch) {
    let thick = sketch.vary(13.0, 19.0);
    let sole = Outline::at(-75.0, 30.0)
        .bend(-20.0, 36.0, 10.0, 33.0)
        .bend(50.0, 30.0, 81.0, 24.0)
        .bend(87.0, 34.0, 80.0, 30.0 + thick)
        .line(-68.0, 30.0 + thick)
        .bend(-80.0, 30.0 + thick, -75.0, 30.0)
        .closed();
    sketch.part(&sole, CREAM);
    let stripe = sketch.fabric.accent;
    let y = 30.0 + thick * 0.52;
    sketch.canvas.line(&Outline::at(-73.0, y).line(78.0, y - 2.0).open(), (stripe, 0.9), 2.2);
    let tread = rounded(-70.0, 28.0 + thick, 80.0, 33.0 + thick, 2.5);
    sketch.part(&tread, sketch.fabric.minor.darker(0.2));
}

/// A boot.
pub(super) fn boot(sketch: &mut Sketch) {
    let top = match sketch.style {
        "rain boot" => sketch.vary(-80.0, -72.0),
        "lace-up boot" => sketch.vary(-64.0, -54.0),
        _ => sketch.vary(-56.0, -46.0),
    };
    let flare = if sketch.style == "rain boot" { 6.0 } else { 2.0 };
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
        canvas.fold(&Outline::at(-12.0, -2.0).bend(-26.0, 8.0, -44.0, 6.0).open(), base, 6.0);
        canvas.fold(&Outline::at(-8.0, 8.0).bend(-26.0, 22.0, -46.0, 18.0).open(), base, 5.0);
        canvas.fold(&Outline::at(38.0, 20.0).bend(34.0, 34.0, 40.0, 48.0).open(), base, 5.0);
    });
    match sketch.style {
        "rain boot" => rain_boot(sketch, top),
        "lace-up boot" => lace_up(sketch, top),
        _ => chelsea(sketch, top),
    }
    boot_sole(sketch);
}

fn chelsea(sketch: &mut Sketch, top: f32) {
    let gore = Outline::at(-38.0, top).line(-16.0, top - 1.0).bend(-14.0, -18.0, -24.0, 12.0).bend(-38.0, -14.0, -38.0, top).closed();
    let colour = sketch.fabric.minor.darker(0.3);
    sketch.part(&gore, colour);
    for step in 0..5 {
        let x = -35.0 + step as f32 * 4.2;
        let line = line(x, top + 3.0, x * 0.6 - 10.0, -2.0);
        sketch.canvas.within(&gore, |canvas| canvas.line(&line, (colour.lighter(0.5), 0.25), 0.9));
    }
    for x in [-51.0, -7.0] {
        let tab = rounded(x - 3.5, top - 9.0, x + 3.5, top + 6.0, 2.0);
        sketch.part(&tab, sketch.fabric.accent);
    }
}

fn lace_up(sketch: &mut Sketch, top: f32) {
    let tongue = Outline::at(-14.0, top + 2.0).bend(-8.0, top - 12.0, 0.0, top + 1.0).line(-2.0, top + 10.0).closed();
    sketch.plain(&tongue);
    let shade = sketch.fabric.base.shade();
    for row in 0..7 {
        let share = row as f32 / 6.0;
        let y = top + 5.0 + share * (6.0 - top);
        let x = -7.0 + share * share * 10.0;
        let lace = Outline::at(x - 11.0, y + 5.0).bend(x - 4.0, y + 2.0, x + 3.0, y - 2.0).open();
        sketch.canvas.line(&lace, (shade, 0.4), 3.8);
        sketch.canvas.line(&lace, CREAM, 2.4);
        sketch.canvas.fill(&circle(x - 11.5, y + 5.5, 1.7), BRASS);
    }
    let cap = Outline::at(36.0, 18.0).bend(34.0, 34.0, 40.0, 48.0);
    sketch.seam(&cap.open());
    let cuff = Outline::at(-54.0, top + 4.0).bend(-30.0, top - 2.0, -14.0, top + 4.0).open();
    let trim = sketch.fabric.accent;
    sketch.canvas.line(&cuff, trim.darker(0.2), 7.0);
    sketch.canvas.line(&cuff, trim, 5.2);
}

fn rain_boot(sketch: &mut Sketch, top: f32) {
    let cuff = Outline::at(-59.0, top + 3.0).bend(-28.0, top - 4.0, 5.0, top + 1.0).line(3.0, top + 11.0).bend(-28.0, top + 8.0, -57.0, top + 13.0).closed();
    sketch.part(&cuff, sketch.fabric.accent);
    sketch.gleam(&Outline::at(-44.0, top + 22.0).bend(-45.0, -20.0, -45.0, 2.0).open(), 6.0);
    sketch.gleam(&Outline::at(24.0, 22.0).bend(42.0, 22.0, 54.0, 30.0).open(), 4.0);
    let strap = Outline::at(-56.0, -28.0).line(-30.0, -30.0).open();
    let trim = sketch.fabric.minor;
    sketch.canvas.line(&strap, trim, 4.0);
    sketch.canvas.line(&rounded(-36.0, -34.0, -28.0, -26.0, 2.0), SILVER, 1.6);
}

fn boot_sole(sketch: &mut Sketch) {
    let heel = sketch.vary(10.0, 15.0);
    let colour = match sketch.style {
        "rain boot" => sketch.fabric.base.darker(0.45),
        _ => sketch.choose(&[INK, Rgb::hex(0x5A_3D2B), LEATHER]),
    };
    let welt = Outline::at(-59.0, 46.0).line(66.0, 46.0).bend(73.0, 48.0, 68.0, 55.0).bend(20.0, 54.0, -10.0, 55.0).line(-22.0, 54.0 + heel).line(-58.0, 54.0 + heel).closed();
    sketch.part(&welt, colour);
    let stitch = Outline::at(-56.0, 49.5).line(66.0, 49.5).open();
    sketch.canvas.seam(&stitch, (CREAM, 0.6), 0.9);
}

/// A shoe with a heel.
pub(super) fn heel(sketch: &mut Sketch) {
    let rise = sketch.vary(-28.0, -16.0);
    let strapped = sketch.style == "ankle-strap heel";
    inside_of_pump(sketch, rise);
    spike(sketch, rise);
    let upper = Outline::at(-66.0, rise + 24.0)
        .curve((-74.0, rise + 8.0), (-72.0, rise - 10.0), (-66.0, rise - 16.0))
        .bend(-58.0, rise - 18.0, -54.0, rise - 8.0)
        .curve((-46.0, rise + 22.0), (-10.0, 34.0), (16.0, 26.0))
        .curve((28.0, 22.0), (36.0, 20.0), (44.0, 26.0))
        .curve((58.0, 32.0), (74.0, 40.0), (80.0, 50.0))
        .bend(82.0, 56.0, 70.0, 57.0)
        .bend(34.0, 58.0, 16.0, 56.0)
        .curve((-6.0, 50.0), (-34.0, rise + 40.0), (-66.0, rise + 24.0))
        .closed();
    sketch.cloth(&upper);
    let sole = Outline::at(-66.0, rise + 24.0).curve((-34.0, rise + 40.0), (-6.0, 50.0), (16.0, 56.0)).bend(40.0, 59.0, 76.0, 57.0).open();
    let accent = sketch.fabric.accent;
    sketch.canvas.line(&sole, accent.darker(0.25), 3.6);
    sketch.gleam(&Outline::at(46.0, 33.0).bend(60.0, 38.0, 70.0, 47.0).open(), 5.0);
    if strapped {
        ankle_strap(sketch, rise);
    } else if sketch.choose(&[true, false]) {
        bow(sketch);
    }
}

fn inside_of_pump(sketch: &mut Sketch, rise: f32) {
    let inside = Outline::at(-62.0, rise - 12.0).bend(-40.0, rise + 8.0, -12.0, 12.0).bend(14.0, 18.0, 38.0, 24.0).bend(0.0, 44.0, -44.0, rise + 26.0).closed();
    let colour = sketch.fabric.minor.mix(CREAM, 0.45).darker(0.12);
    sketch.canvas.fill(&inside, colour);
    sketch.canvas.relief(&inside, colour, 0.8);
}

fn spike(sketch: &mut Sketch, rise: f32) {
    let (width, lean) = match sketch.style {
        "block heel" => (sketch.vary(17.0, 22.0), 2.0),
        "ankle-strap heel" => (sketch.vary(5.0, 7.0), 6.0),
        _ => (sketch.vary(3.5, 5.0), 6.0),
    };
    let left = -66.0 + lean;
    let spike = Outline::at(-68.5, rise + 12.0).curve((-68.0, rise + 40.0), (left, 40.0), (left, 60.0)).line(left + width, 60.0).curve((left + width, 44.0), (left + width + 3.0, rise + 50.0), (-34.0, rise + 35.0)).closed();
    let colour = if sketch.style == "block heel" { sketch.fabric.accent } else { sketch.fabric.base };
    sketch.part(&spike, colour);
    sketch.part(&rounded(left - 0.5, 58.0, left + width + 0.5, 61.5, 1.0), INK);
}

fn ankle_strap(sketch: &mut Sketch, rise: f32) {
    let y = rise - 24.0;
    let (base, shade) = (sketch.fabric.base, sketch.fabric.base.shade());
    for (outline, width) in [
        (Outline::at(-66.0, rise - 8.0).bend(-70.0, rise - 18.0, -66.0, y), 6.0),
        (Outline::at(-66.0, y).curve((-54.0, y + 9.0), (-28.0, y + 8.0), (-20.0, y - 2.0)), 5.0),
        (Outline::at(-66.0, y).curve((-54.0, y - 10.0), (-28.0, y - 12.0), (-20.0, y - 2.0)), 4.0),
    ] {
        let strap = outline.open();
        sketch.canvas.line(&strap, (shade, 0.7), width + 1.4);
        sketch.canvas.line(&strap, base, width);
    }
    sketch.canvas.line(&rounded(-50.0, y + 1.0, -41.0, y + 10.5, 2.0), BRASS, 1.8);
}

fn bow(sketch: &mut Sketch) {
    let accent = sketch.fabric.accent;
    for side in [-1.0, 1.0] {
        let wing = Outline::at(44.0, 26.0).bend(44.0 + side * 8.0, 14.0, 44.0 + side * 13.0, 22.0 + side * 3.0).bend(44.0 + side * 11.0, 34.0, 44.0, 26.0).closed();
        sketch.part(&wing, accent);
    }
    sketch.part(&circle(44.0, 26.0, 3.4), accent);
}
