//! A short-sleeved shirt, laid flat.

use super::neckline::{back_of_neck, collar_rib};
use crate::demo::render::outline::{Outline, line, rounded};
use crate::demo::render::palette::CREAM;
use crate::demo::render::sketch::Sketch;
use tiny_skia::Path;

/// A short-sleeved shirt.
pub(super) fn shirt(sketch: &mut Sketch) {
    let cut = Cut {
        half: sketch.vary(38.0, 44.0),
        hem: sketch.vary(66.0, 76.0),
        cuff: sketch.vary(-6.0, 6.0),
        pointed: sketch.style == "v-neck shirt",
    };
    back_of_neck(sketch);
    let body = body(&cut);
    sketch.cloth(&body);
    drape(sketch, &cut, &body);
    hems(sketch, &cut);
    match sketch.style {
        "polo shirt" => polo(sketch),
        _ => collar_rib(sketch, cut.neck(), cut.pointed),
    }
    if sketch.style == "pocket shirt" {
        pocket(sketch, 8.0, -30.0);
    }
}

/// The measures of one shirt.
struct Cut {
    half: f32,
    hem: f32,
    cuff: f32,
    pointed: bool,
}

impl Cut {
    fn neck(&self) -> f32 {
        if self.pointed { -30.0 } else { -50.0 }
    }
}

fn body(cut: &Cut) -> Path {
    let &Cut {
        half, hem, cuff, ..
    } = cut;
    let (lean, neck) = if cut.pointed {
        ((12.0, -46.0), cut.neck())
    } else {
        ((15.0, -50.0), cut.neck())
    };
    Outline::at(0.0, neck)
        .bend(lean.0, lean.1, 19.0, -68.0)
        .bend(34.0, -64.0, 45.0, -57.0)
        .curve((62.0, -46.0), (72.0, -24.0), (80.0, cuff - 4.0))
        .bend(70.0, cuff + 6.0, 57.0, cuff + 9.0)
        .curve((54.0, cuff - 6.0), (50.0, -14.0), (half + 3.0, -22.0))
        .curve((half - 1.0, 10.0), (half, 40.0), (half + 2.0, hem - 3.0))
        .bend(half * 0.5, hem + 2.0, 0.0, hem + 2.0)
        .mirrored()
}

fn drape(sketch: &mut Sketch, cut: &Cut, body: &Path) {
    let (half, hem, base) = (cut.half, cut.hem, sketch.fabric.base);
    let sway = sketch.vary(-8.0, 8.0);
    let armhole = Outline::at(44.0, -58.0).bend(half - 4.0, -38.0, half + 4.0, -20.0);
    let pull = Outline::at(half + 1.0, -14.0).bend(34.0, 2.0, 31.0, 20.0);
    let fall = Outline::at(half - 4.0, 6.0).bend(24.0, 30.0, 22.0 + sway, hem);
    let middle = Outline::at(sway, -20.0).bend(sway - 8.0, 20.0, sway * 0.5, hem);
    sketch.canvas.within(body, |canvas| {
        canvas.folds(&armhole, base, 3.6);
        canvas.folds(&pull, base, 8.0);
        canvas.folds(&fall, base, 12.0);
        canvas.fold(&middle.open(), base, 14.0);
    });
}

fn hems(sketch: &mut Sketch, cut: &Cut) {
    let (x, y) = (cut.half + 2.0, cut.hem - 8.0);
    sketch.seam(&Outline::at(-x, y).bend(0.0, y + 6.0, x, y).open());
    sketch.seams(&Outline::at(57.0, cut.cuff + 3.0).bend(68.0, cut.cuff, 77.0, cut.cuff - 9.0));
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
