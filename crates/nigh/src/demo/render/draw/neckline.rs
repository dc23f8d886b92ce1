//! What shirts and sweaters have around the neck.

use crate::demo::render::outline::{Outline, rounded};
use crate::demo::render::palette::CREAM;
use crate::demo::render::sketch::Sketch;

/// The inside of the back, seen through the neck.
pub(super) fn back_of_neck(sketch: &mut Sketch) {
    let inside = sketch.fabric.base.darker(0.55);
    let back = Outline::at(0.0, -69.0)
        .bend(12.0, -70.0, 19.0, -69.0)
        .bend(20.0, -52.0, 0.0, -26.0)
        .mirrored();
    sketch.canvas.fill(&back, inside);
    sketch
        .canvas
        .fill(&rounded(-4.0, -64.0, 4.0, -59.0, 1.0), (CREAM, 0.85));
}

pub(super) fn collar_rib(sketch: &mut Sketch, neck: f32, pointed: bool) {
    let (cx, cy) = if pointed {
        (12.0, neck - 16.0)
    } else {
        (15.0, neck)
    };
    let rim = Outline::at(-19.0, -68.0)
        .bend(-cx, cy, 0.0, neck)
        .bend(cx, cy, 19.0, -68.0)
        .open();
    let colour = sketch.fabric.base.darker(0.12);
    sketch.canvas.line(&rim, (colour.shade(), 0.22), 7.4);
    sketch.canvas.line(&rim, colour, 5.4);
    sketch.canvas.line(&rim, (colour.lighter(0.5), 0.35), 1.2);
}
