//! The studio: an off-white backdrop, soft shadows, and the product put in front of it.

use super::canvas::Canvas;
use super::palette::{Rgb, WHITE};
use super::pattern::turn;
use super::random::Random;
use super::shadow::Cover;
use tiny_skia::{Pixmap, PixmapPaint, Transform};

/// Paper colours that a studio hangs up.
const PAPERS: [Rgb; 7] = [
    Rgb::hex(0xF5_F0E8),
    Rgb::hex(0xEE_F1F4),
    Rgb::hex(0xF7_EEEA),
    Rgb::hex(0xEC_F2EE),
    Rgb::hex(0xF1_EFF5),
    Rgb::hex(0xEF_EDE7),
    Rgb::hex(0xF4_F3F1),
];

/// How a product is photographed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stance {
    /// Laid flat and seen from above.
    Lying,
    /// Standing on the floor and seen from the front.
    Standing,
}

/// A canvas for a product, placed with a little chance in zoom, turn and position.
pub(super) fn easel(side: u32, stance: Stance, random: &mut Random) -> Canvas {
    let pixels = side as f32;
    let zoom = random.range(0.88, 1.06) * pixels / 200.0;
    let tilt = match stance {
        Stance::Lying => random.range(-0.055, 0.055),
        Stance::Standing => 0.0,
    };
    let (dx, dy) = (random.range(-0.025, 0.025), random.range(-0.02, 0.02));
    let centre = Transform::from_translate(pixels * (0.5 + dx), pixels * (0.5 + dy));
    Canvas::new(side, centre.pre_scale(zoom, zoom).pre_concat(turn(tilt)))
}

/// The finished photograph of what was drawn: three bytes a pixel, row by row.
pub(super) fn photograph(
    layer: &Pixmap,
    stance: Stance,
    white: bool,
    random: &mut Random,
) -> Vec<u8> {
    let mut scene = backdrop(layer.width(), stance, white, random);
    match stance {
        Stance::Lying => lie(&mut scene, layer),
        Stance::Standing => stand(&mut scene, layer),
    }
    scene.draw_pixmap(
        0,
        0,
        layer.as_ref(),
        &PixmapPaint::default(),
        Transform::identity(),
        None,
    );
    let mut rgb = Vec::with_capacity(scene.pixels().len() * 3);
    for pixel in scene.data().chunks_exact(4) {
        rgb.extend_from_slice(&pixel[..3]);
    }
    rgb
}

fn lie(scene: &mut Pixmap, layer: &Pixmap) {
    let cover = Cover::of(layer);
    cover.dropped(0.030).blurred(0.030).darken(scene, 0.26);
    cover.dropped(0.008).blurred(0.008).darken(scene, 0.22);
}

fn stand(scene: &mut Pixmap, layer: &Pixmap) {
    let cover = Cover::of(layer);
    cover.tipped(0.17, 0.42).blurred(0.022).darken(scene, 0.24);
    cover.tipped(0.07, 0.10).blurred(0.016).darken(scene, 0.22);
    cover.tipped(0.025, 0.0).blurred(0.013).darken(scene, 0.30);
}

/// Paper, lit from the upper left; a standing product's paper sweeps from wall to floor.
fn backdrop(side: u32, stance: Stance, white: bool, random: &mut Random) -> Pixmap {
    let paper = random.pick(&PAPERS).darker(if white { 0.10 } else { 0.0 });
    let horizon = random.range(0.26, 0.48);
    let (light, shade) = (WHITE.channels(), paper.shade().channels());
    let mut scene = Canvas::new(side, Transform::identity()).into_pixmap();
    let at = |index: u32| (index as f32 + 0.5) * 2.0 / side as f32 - 1.0;
    for (y, row) in (0..side).zip(scene.data_mut().chunks_exact_mut(side as usize * 4)) {
        let floor = if stance == Stance::Standing {
            sweep(at(y), horizon)
        } else {
            0.0
        };
        for (x, pixel) in (0..side).zip(row.chunks_exact_mut(4)) {
            let glow = (glow(at(x), at(y)) * 256.0) as i32;
            let dark = ((floor + corner(at(x), at(y))) * 256.0) as i32;
            for (channel, paper) in paper.channels().into_iter().enumerate() {
                let lit = mix(i32::from(paper) << 8, light[channel], glow);
                pixel[channel] = (mix(lit, shade[channel], dark) >> 8) as u8;
            }
            pixel[3] = 255;
        }
    }
    scene
}

/// `share` 256ths of the way to `target`, in 256ths.
fn mix(value: i32, target: u8, share: i32) -> i32 {
    value + ((((i32::from(target) << 8) - value) * share) >> 8)
}

/// How far the light brightens the paper at a place from -1 to 1 both ways.
fn glow(x: f32, y: f32) -> f32 {
    let (dx, dy) = (x + 0.25, y + 0.40);
    let near = (1.0 - (dx * dx + dy * dy) / 2.2).max(0.0);
    0.62 * near * near
}

/// A breath of shade towards the lower right corner.
fn corner(x: f32, y: f32) -> f32 {
    0.05 * (x + y + 0.4).max(0.0)
}

/// The shade where the wall turns into the floor.
fn sweep(y: f32, horizon: f32) -> f32 {
    let distance = if y < horizon {
        (horizon - y) / 0.7
    } else {
        (y - horizon) / 0.75
    };
    let near = (1.0 - distance * distance).max(0.0);
    0.10 * near * near
}
