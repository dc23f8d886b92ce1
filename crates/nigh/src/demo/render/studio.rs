//! The studio: an off-white backdrop, soft shadows, and the product put in front of it.

use super::canvas::{Canvas, Ink};
use super::outline::{ellipse, rounded};
use super::palette::{Rgb, WHITE};
use super::pattern::turn;
use super::random::Random;
use tiny_skia::{FilterQuality, Pixmap, PixmapPaint, Transform};

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
pub(super) fn photograph(layer: &Pixmap, stance: Stance, white: bool, random: &mut Random) -> Vec<u8> {
    let mut scene = backdrop(layer.width(), stance, white, random);
    match stance {
        Stance::Lying => lie(&mut scene, layer),
        Stance::Standing => stand(&mut scene, layer),
    }
    draw(&mut scene, layer, Transform::identity(), 1.0);
    scene.pixels().iter().flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()]).collect()
}

fn backdrop(side: u32, stance: Stance, white: bool, random: &mut Random) -> Pixmap {
    let paper = random.pick(&PAPERS).darker(if white { 0.10 } else { 0.0 });
    let scale = side as f32 / 200.0;
    let mut canvas = Canvas::new(side, Transform::from_row(scale, 0.0, 0.0, scale, 100.0 * scale, 100.0 * scale));
    let sheet = rounded(-101.0, -101.0, 101.0, 101.0, 0.0);
    canvas.fill(&sheet, paper);
    if stance == Stance::Standing {
        canvas.fill(&sheet, sweep(paper, random.range(28.0, 48.0)));
    }
    canvas.fill(&sheet, Ink::Glow((-25.0, -40.0), 150.0, WHITE, 0.55));
    canvas.fill(&ellipse(0.0, 0.0, 190.0, 190.0), corners(paper));
    canvas.into_pixmap()
}

/// The paper's sweep from wall to floor.
fn sweep(paper: Rgb, horizon: f32) -> Ink {
    let floor = paper.shade();
    let stops = vec![
        (0.0, floor, 0.0),
        (0.40, floor, 0.05),
        (0.62, floor, 0.10),
        (1.0, floor, 0.02),
    ];
    Ink::Along((0.0, horizon - 50.0), (0.0, 105.0), stops)
}

/// A breath of shade towards the lower right corner.
fn corners(paper: Rgb) -> Ink {
    let shade = paper.shade();
    Ink::Along((-20.0, -20.0), (110.0, 110.0), vec![(0.0, shade, 0.0), (1.0, shade, 0.11)])
}

fn lie(scene: &mut Pixmap, layer: &Pixmap) {
    let side = layer.width() as f32;
    for (shift, radius, strength) in [(0.030, 0.030, 0.26), (0.008, 0.008, 0.22)] {
        let mut shadow = alpha(layer, Transform::from_translate(side * shift * 0.7, side * shift));
        blur(&mut shadow, layer.width() as usize, radius * side);
        darken(scene, &shadow, strength);
    }
}

fn stand(scene: &mut Pixmap, layer: &Pixmap) {
    let side = layer.width() as f32;
    let ground = ground(layer);
    for (skew, height, radius, strength) in
        [(0.42, 0.17, 0.022, 0.24), (0.10, 0.07, 0.016, 0.22), (0.0, 0.025, 0.006, 0.30)]
    {
        let floor = ground - side * 0.006;
        let cast = Transform::from_row(1.0, 0.0, -skew, height, skew * floor, floor * (1.0 - height));
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
    draw(&mut moved, layer, step, 1.0);
    moved.pixels().iter().map(|pixel| pixel.alpha()).collect()
}

fn draw(scene: &mut Pixmap, layer: &Pixmap, step: Transform, opacity: f32) {
    let paint = PixmapPaint { quality: FilterQuality::Bilinear, opacity, ..PixmapPaint::default() };
    scene.draw_pixmap(0, 0, layer.as_ref(), &paint, step, None);
}

/// Three box blurs along rows and columns: close to a Gaussian of deviation `radius`.
fn blur(mask: &mut [u8], side: usize, radius: f32) {
    let half = (radius as usize).clamp(1, side);
    let mut line = vec![0u8; side];
    for _ in 0..3 {
        for row in 0..side {
            box_blur(mask, row * side, 1, half, &mut line);
        }
        for column in 0..side {
            box_blur(mask, column, side, half, &mut line);
        }
    }
}

/// Replaces one line of `mask`, `line.len()` values `stride` apart, by the mean over `2 half + 1`.
fn box_blur(mask: &mut [u8], start: usize, stride: usize, half: usize, line: &mut [u8]) {
    let side = line.len();
    for (index, value) in line.iter_mut().enumerate() {
        *value = mask[start + index * stride];
    }
    let at = |index: usize| line.get(index).map_or(0, |&value| u32::from(value));
    let mut sum: u32 = (0..half).map(at).sum();
    let window = 2 * half as u32 + 1;
    for index in 0..side {
        sum += at(index + half);
        mask[start + index * stride] = (sum / window) as u8;
        sum -= index.checked_sub(half).map_or(0, at);
    }
}

fn darken(scene: &mut Pixmap, shadow: &[u8], strength: f32) {
    let share = (strength * 256.0) as u32;
    let [red, green, blue] = SHADOW.channels();
    for (pixel, &cover) in scene.data_mut().chunks_exact_mut(4).zip(shadow) {
        let weight = u32::from(cover) * share / 256;
        for (channel, ink) in pixel.iter_mut().zip([red, green, blue]) {
            let (old, ink) = (u32::from(*channel), u32::from(ink));
            *channel = ((old * (255 - weight) + ink * weight) / 255) as u8;
        }
    }
}
