//! How rough the thing is, and at which scale.

use super::canvas::{HEIGHT, PIXELS, Plane, WIDTH};
use super::foreground::{Foreground, set_bits};
use super::lab::Lab;

/// Patterns: 0 to 8 brighter neighbours in one run, and all others.
pub(super) const PATTERNS: usize = 10;
/// Octaves of detail: between means over 1, 2, 4, 8 and 16 pixels.
pub(super) const OCTAVES: usize = 4;
/// How much brighter a neighbour must be, in L\*: above the noise of JPEG.
const BRIGHTER: f32 = 2.0;

/// The columns that have neighbours on both sides.
const INNER: u64 = (1 << (WIDTH - 1)) - 2;

/// Rotation-invariant uniform local binary patterns (LBP-riu2) of the foreground, as square roots
/// of shares, into `out` ([`PATTERNS`]).
pub(super) fn pattern(lab: &Lab, foreground: &Foreground, out: &mut [f32]) {
    out.fill(0.0);
    let lightness = &lab.planes[0];
    let mut codes = [0; WIDTH];
    for y in 1..HEIGHT - 1 {
        encode_row(lightness, y, &mut codes);
        for x in set_bits(foreground.mask[y] & INNER) {
            out[usize::from(PATTERN[usize::from(codes[x])])] += 1.0;
        }
    }
    for value in out {
        *value = value.sqrt();
    }
}

/// The eight neighbours in the order of the circle, as offsets.
const CIRCLE: [(usize, usize); 8] = [
    (0, 0),
    (1, 0),
    (2, 0),
    (2, 1),
    (2, 2),
    (1, 2),
    (0, 2),
    (0, 1),
];

/// Bit `k` of code `x` is set where neighbour `k` of pixel `x` is brighter than the pixel.
fn encode_row(lightness: &Plane, y: usize, codes: &mut [u8; WIDTH]) {
    let centres = &lightness[y];
    codes.fill(0);
    for (bit, (dx, dy)) in CIRCLE.into_iter().enumerate() {
        let neighbours = &lightness[y + dy - 1];
        for x in 1..WIDTH - 1 {
            codes[x] |= u8::from(neighbours[x + dx - 1] > centres[x] + BRIGHTER) << bit;
        }
    }
}

/// From the circle's bits to the pattern.
static PATTERN: [u8; 256] = {
    let mut table = [0; 256];
    let mut code = 0;
    while code < 256 {
        let bits = code as u8;
        let runs = (bits ^ bits.rotate_left(1)).count_ones();
        table[code] = if runs <= 2 {
            bits.count_ones() as u8
        } else {
            9
        };
        code += 1;
    }
    table
};

/// Mean absolute detail of lightness per octave (a Haar pyramid), as square roots, into `out`
/// ([`OCTAVES`]).
pub(super) fn detail(lab: &Lab, scratch: &mut Vec<f32>, out: &mut [f32]) {
    scratch.clear();
    scratch.extend_from_slice(lab.planes[0].as_flattened());
    let (mut width, mut height) = (WIDTH, HEIGHT);
    for octave in out {
        let (sum, pixels) = (halve(scratch, width, height), width * height);
        *octave = (sum / pixels as f32).sqrt();
        (width, height) = (width / 2, height / 2);
    }
    debug_assert_eq!(PIXELS % (1 << (2 * OCTAVES)), 0);
}

/// Replaces the picture by means of 2 × 2 pixels and returns how far pixels were from them.
fn halve(pixels: &mut [f32], width: usize, height: usize) -> f32 {
    let mut sum = 0.0;
    for y in 0..height / 2 {
        for x in 0..width / 2 {
            let at = 2 * y * width + 2 * x;
            let four = [
                pixels[at],
                pixels[at + 1],
                pixels[at + width],
                pixels[at + width + 1],
            ];
            let mean = four.iter().sum::<f32>() / 4.0;
            sum += four.iter().map(|value| (value - mean).abs()).sum::<f32>();
            pixels[y * (width / 2) + x] = mean;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::super::foreground::Foreground;
    use super::*;

    fn drawn(value: impl Fn(usize, usize) -> f32) -> Lab {
        let mut lab = Lab::new();
        for (y, row) in lab.planes[0].iter_mut().enumerate() {
            for (x, lightness) in row.iter_mut().enumerate() {
                *lightness = value(x, y);
            }
        }
        lab
    }

    fn patterns_of(lab: &Lab) -> [f32; PATTERNS] {
        let mut found = [0.0; PATTERNS];
        pattern(lab, &Foreground::find(&Lab::new()), &mut found);
        found.map(|root| root * root)
    }

    #[test]
    fn patterns_tell_flat_from_edge_from_checks() {
        let inner = ((WIDTH - 2) * (HEIGHT - 2)) as f32;
        let flat = patterns_of(&Lab::new());
        assert!((flat[0] - inner).abs() < 0.1, "{flat:?}");
        // Pixels left of the edge have three brighter neighbours in a run.
        let edge = patterns_of(&drawn(|x, _| if x < 20 { 20.0 } else { 80.0 }));
        assert!((edge[3] - (HEIGHT - 2) as f32).abs() < 0.1, "{edge:?}");
        // Every dark square of a chessboard has four separate brighter neighbours.
        let checks = patterns_of(&drawn(|x, y| if (x + y) % 2 == 0 { 20.0 } else { 80.0 }));
        assert!((checks[9] - inner / 2.0).abs() < 0.1, "{checks:?}");
    }

    #[test]
    fn detail_tells_the_scale() {
        for octave in 0..OCTAVES {
            let size = 1 << octave;
            let checks = drawn(|x, y| {
                if (x / size + y / size) % 2 == 0 {
                    20.0
                } else {
                    80.0
                }
            });
            let mut found = [0.0; OCTAVES];
            detail(&checks, &mut Vec::new(), &mut found);
            let expected: [f32; OCTAVES] =
                std::array::from_fn(|o| if o == octave { 30_f32.sqrt() } else { 0.0 });
            assert_eq!(found, expected, "squares of {size}");
        }
    }
}
