//! From sRGB to CIE L\*a\*b\*, where distances are close to seen differences.

use std::sync::LazyLock;

use super::canvas::{Canvas, HEIGHT, Plane, WIDTH, plane};

/// Lightness (0 to 100), green-red and blue-yellow planes of the canvas (CIE 1976, D65 white).
pub(super) struct Lab {
    pub(super) planes: [Plane; 3],
}

impl Lab {
    pub(super) fn new() -> Lab {
        Lab {
            planes: std::array::from_fn(|_| plane()),
        }
    }

    /// Converts every pixel of `canvas` through two tables; off by at most 0.2 in L\*.
    pub(super) fn convert(&mut self, canvas: &Canvas) {
        let tables = &*TABLES;
        let (mut rgb, mut xyz) = ([[0.0; WIDTH]; 3], [[0.0; WIDTH]; 3]);
        for row in 0..HEIGHT {
            for (light, plane) in rgb.iter_mut().zip(&canvas.planes) {
                tables.light_row(&plane[row], light);
            }
            for (root, shares) in xyz.iter_mut().zip(XYZ) {
                tables.root_row(&rgb, shares, root);
            }
            let [x, y, z] = &xyz;
            let [lightness, a, b] = self.planes.each_mut().map(|plane| &mut plane[row]);
            for column in 0..WIDTH {
                lightness[column] = 116.0 * y[column] - 16.0;
                a[column] = 500.0 * (x[column] - y[column]);
                b[column] = 200.0 * (y[column] - z[column]);
            }
        }
    }
}

/// Light of sRGB's primaries to CIE XYZ, each row divided by the white point.
const XYZ: [[f32; 3]; 3] = [
    [0.433_953, 0.376_219, 0.189_828],
    [0.212_673, 0.715_152, 0.072_175],
    [0.017_757, 0.109_477, 0.872_766],
];

/// Steps of the cube-root table over 0 to 1.
const ROOT_STEPS: usize = 4095;

static TABLES: LazyLock<Tables> = LazyLock::new(Tables::new);

struct Tables {
    /// sRGB byte to light (IEC 61966-2-1).
    light: [f32; 256],
    /// CIE's f(t): a cube root with a straight foot.
    root: [f32; ROOT_STEPS + 1],
}

impl Tables {
    fn new() -> Tables {
        Tables {
            light: std::array::from_fn(|byte| light(byte as f64 / 255.0) as f32),
            root: std::array::from_fn(|step| root(step as f64 / ROOT_STEPS as f64) as f32),
        }
    }

    fn light_row(&self, bytes: &[f32; WIDTH], row: &mut [f32; WIDTH]) {
        for (light, &byte) in row.iter_mut().zip(bytes) {
            *light = self.light[byte as i32 as u8 as usize];
        }
    }

    /// The table's f of one of X, Y, Z. Indices are made in a pass of their own, which compilers
    /// turn into vector code.
    fn root_row(
        &self,
        [red, green, blue]: &[[f32; WIDTH]; 3],
        [r, g, b]: [f32; 3],
        row: &mut [f32; WIDTH],
    ) {
        let mut steps = [0; WIDTH];
        for (x, step) in steps.iter_mut().enumerate() {
            let t = r * red[x] + g * green[x] + b * blue[x];
            *step = (t * ROOT_STEPS as f32 + 0.5) as i32;
        }
        for (root, step) in row.iter_mut().zip(steps) {
            *root = self.root[(step as usize).min(ROOT_STEPS)];
        }
    }
}

fn light(value: f64) -> f64 {
    if value <= 0.040_45 {
        value / 12.92
    } else {
        ((value + 0.055) / 1.055).powf(2.4)
    }
}

fn root(t: f64) -> f64 {
    if t > 216.0 / 24_389.0 {
        t.cbrt()
    } else {
        (24_389.0 / 27.0 * t + 16.0) / 116.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Published values (D65) of the primaries, to two decimals.
    const KNOWN: [([f32; 3], [f32; 3]); 6] = [
        ([255.0, 255.0, 255.0], [100.0, 0.0, 0.0]),
        ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
        ([255.0, 0.0, 0.0], [53.24, 80.09, 67.20]),
        ([0.0, 255.0, 0.0], [87.73, -86.18, 83.18]),
        ([0.0, 0.0, 255.0], [32.30, 79.19, -107.86]),
        ([119.0, 119.0, 119.0], [50.03, 0.0, 0.0]),
    ];

    #[test]
    fn known_colours() {
        let mut canvas = Canvas::new();
        for (x, (rgb, _)) in KNOWN.iter().enumerate() {
            for (plane, value) in canvas.planes.iter_mut().zip(rgb) {
                plane[0][x] = *value;
            }
        }
        let mut lab = Lab::new();
        lab.convert(&canvas);
        for (x, (rgb, expected)) in KNOWN.iter().enumerate() {
            let found = lab.planes.each_ref().map(|plane| plane[0][x]);
            // A step of the table is up to 0.11 in L* and 0.5 in a* and b*, next to black.
            let wrong = found
                .iter()
                .zip(expected)
                .any(|(found, expected)| (found - expected).abs() > 0.5);
            assert!(!wrong, "{rgb:?}: {found:?} instead of {expected:?}");
        }
    }
}
