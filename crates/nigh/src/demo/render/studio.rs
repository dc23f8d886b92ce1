//! The studio: an off-white backdrop, soft shadows, and the product put in front of it.

use super::canvas::Canvas;
use super::palette::Rgb;
use super::pattern::turn;
use super::random::Random;
use tiny_skia::{Pixmap, PixmapPaint, Transform};

/// The colour of shadows on the backdrop.
const SHADOW: Rgb = Rgb::hex(0x2B_2A40);
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
    draw(&mut scene, layer, Transform::identity());
    scene
        .pixels()
        .iter()
        .flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()])
        .collect()
}

/// Paper, lit from the upper left; a standing product's paper sweeps from wall to floor.
fn backdrop(side: u32, stance: Stance, white: bool, random: &mut Random) -> Pixmap {
    let paper = random.pick(&PAPERS).darker(if white { 0.10 } else { 0.0 });
    let horizon = random.range(0.26, 0.48);
    let mut scene = Canvas::new(side, Transform::identity()).into_pixmap();
    let at = |index: u32| (index as f32 + 0.5) * 2.0 / side as f32 - 1.0;
    for (y, row) in (0..side).zip(scene.pixels_mut().chunks_exact_mut(side as usize)) {
        let floor = if stance == Stance::Standing {
            sweep(at(y), horizon)
        } else {
            0.0
        };
        for (x, pixel) in (0..side).zip(row) {
            let colour = paper
                .lighter(glow(at(x), at(y)))
                .darker(floor + corner(at(x), at(y)));
            *pixel = colour.color(1.0).premultiply().to_color_u8();
        }
    }
    scene
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

fn lie(scene: &mut Pixmap, layer: &Pixmap) {
    let side = layer.width() as f32;
    for (shift, radius, strength) in [(0.030, 0.030, 0.26), (0.008, 0.008, 0.22)] {
        let mut shadow = alpha(
            layer,
            Transform::from_translate(side * shift * 0.7, side * shift),
        );
        blur(&mut shadow, layer.width() as usize, radius * side);
        darken(scene, &shadow, strength);
    }
}

fn stand(scene: &mut Pixmap, layer: &Pixmap) {
    let side = layer.width() as f32;
    let ground = ground(layer);
    for (skew, height, radius, strength) in [
        (0.42, 0.17, 0.022, 0.24),
        (0.10, 0.07, 0.016, 0.22),
        (0.0, 0.025, 0.013, 0.30),
    ] {
        let floor = ground - side * 0.006;
        let cast = Transform::from_row(
            1.0,
            0.0,
            -skew,
            height,
            skew * floor,
            floor * (1.0 - height),
        );
        let mut shadow = alpha(layer, cast);
        blur(&mut shadow, layer.width() as usize, radius * side);
        darken(scene, &shadow, strength);
    }
}

/// The height of the lowest pixel drawn.
fn ground(layer: &Pixmap) -> f32 {
    let last = layer.pixels().iter().rposition(|pixel| pixel.alpha() > 60);
    last.map_or(0.0, |index| (index / layer.width() as usize + 1) as f32)
}

/// The opacity of what was drawn, after it was moved by `step`.
fn alpha(layer: &Pixmap, step: Transform) -> Vec<u8> {
    let mut moved = Canvas::new(layer.width(), Transform::identity()).into_pixmap();
    draw(&mut moved, layer, step);
    moved.pixels().iter().map(|pixel| pixel.alpha()).collect()
}

fn draw(scene: &mut Pixmap, layer: &Pixmap, step: Transform) {
    scene.draw_pixmap(0, 0, layer.as_ref(), &PixmapPaint::default(), step, None);
}

/// Two box blurs down the columns and two along the rows: smooth enough for a shadow.
fn blur(mask: &mut Vec<u8>, side: usize, radius: f32) {
    let half = (radius as usize).clamp(1, side);
    for _ in 0..2 {
        for _ in 0..2 {
            *mask = box_blur(mask, side, half);
        }
        *mask = transposed(mask, side);
    }
}

/// The mean of each pixel and its `half` neighbours above and below, all columns side by side.
fn box_blur(mask: &[u8], side: usize, half: usize) -> Vec<u8> {
    let share = (1 << 16) / (2 * half as u32 + 1);
    let mut sums = vec![0u32; side];
    let mut blurred = Vec::with_capacity(mask.len());
    let row = |index: usize| {
        mask.get(index * side..(index + 1) * side)
            .unwrap_or_default()
    };
    (0..half).for_each(|index| add(&mut sums, row(index)));
    for index in 0..side {
        add(&mut sums, row(index + half));
        blurred.extend(sums.iter().map(|sum| (sum * share >> 16) as u8));
        if let Some(gone) = index.checked_sub(half) {
            sums.iter_mut()
                .zip(row(gone))
                .for_each(|(sum, &value)| *sum -= u32::from(value));
        }
    }
    blurred
}

fn add(sums: &mut [u32], row: &[u8]) {
    sums.iter_mut()
        .zip(row)
        .for_each(|(sum, &value)| *sum += u32::from(value));
}

fn transposed(mask: &[u8], side: usize) -> Vec<u8> {
    (0..side)
        .flat_map(|x| mask[x..].iter().step_by(side).copied())
        .collect()
}

fn darken(scene: &mut Pixmap, shadow: &[u8], strength: f32) {
    let share = (strength * 256.0) as u32;
    let [red, green, blue] = SHADOW.channels();
    let pixels = scene.data_mut().chunks_exact_mut(4).zip(shadow);
    for (pixel, &cover) in pixels.filter(|(_, cover)| **cover > 0) {
        let weight = u32::from(cover) * share / 256;
        for (channel, ink) in pixel.iter_mut().zip([red, green, blue]) {
            let (old, ink) = (u32::from(*channel), u32::from(ink));
            *channel = ((old * (255 - weight) + ink * weight) / 255) as u8;
        }
    }
}
