use super::blocks::{BLOCKS, DIMENSION};
use super::*;

/// A shirt before a wall: body, sleeves, a collar and stripes, in the colours given.
fn shirt(width: u32, height: u32, body: [u8; 3], stripe: [u8; 3], wall: [u8; 3]) -> Picture {
    let color = |x: f32, y: f32| {
        let torso = (0.28..0.72).contains(&x) && (0.2..0.85).contains(&y);
        let sleeve = (0.1..0.9).contains(&x) && y > 0.2 && y < 0.48 - (x - 0.5).abs() * 0.3;
        let collar = (x - 0.5).abs() < 0.1 && y < 0.27;
        match (torso || sleeve) && !collar {
            false => wall,
            true if (y * 12.0) as u32 % 4 == 1 => stripe,
            true => body,
        }
    };
    let pixel = |i: u32| {
        let (x, y) = (i % width, i / width);
        color(
            (x as f32 + 0.5) / width as f32,
            (y as f32 + 0.5) / height as f32,
        )
    };
    Picture {
        width,
        height,
        rgb: (0..width * height).flat_map(pixel).collect(),
    }
}

fn red_shirt(width: u32, height: u32) -> Picture {
    shirt(
        width,
        height,
        [190, 40, 50],
        [240, 220, 60],
        [250, 250, 250],
    )
}

fn uniform(width: u32, height: u32, color: [u8; 3]) -> Picture {
    Picture {
        width,
        height,
        rgb: color.repeat((width * height) as usize),
    }
}

/// Reproducible noise (xorshift), the least tidy picture there is.
fn noise(width: u32, height: u32) -> Picture {
    let mut state = 0x9e37_79b9_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 24) as u8
    };
    Picture {
        width,
        height,
        rgb: (0..width * height * 3).map(|_| next()).collect(),
    }
}

fn encode(picture: &Picture) -> Vec<f32> {
    FeaturesEncoder::new().encode(std::slice::from_ref(picture))
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn block<'a>(name: &str, embedding: &'a [f32]) -> &'a [f32] {
    let at = BLOCKS.iter().position(|block| block.name == name).unwrap();
    let start: usize = BLOCKS[..at].iter().map(|block| block.dimension).sum();
    &embedding[start..start + BLOCKS[at].dimension]
}

/// `picture` made smaller by a whole factor, each pixel the mean of its square.
fn shrunk(picture: &Picture, factor: u32) -> Picture {
    let (width, height) = (picture.width / factor, picture.height / factor);
    let mean = |i: u32| {
        let (x, y, channel) = (i / 3 % width, i / 3 / width, i % 3);
        let square = (0..factor * factor).map(|j| {
            let (x, y) = (x * factor + j % factor, y * factor + j / factor);
            f64::from(picture.rgb[((y * picture.width + x) * 3 + channel) as usize])
        });
        (square.sum::<f64>() / f64::from(factor * factor)).round() as u8
    };
    Picture {
        width,
        height,
        rgb: (0..width * height * 3).map(mean).collect(),
    }
}

#[test]
fn every_picture_gets_a_finite_row_of_length_one() {
    let sides = [
        (1, 1),
        (1, 7),
        (7, 1),
        (2, 3),
        (1, 5000),
        (5000, 1),
        (47, 65),
        (60, 80),
        (640, 480),
    ];
    let colors = [[0; 3], [255; 3], [128; 3], [255, 0, 0], [1, 2, 3]];
    let mut wrong = Vec::new();
    for (width, height) in sides {
        let uniforms = colors.map(|color| uniform(width, height, color));
        for picture in uniforms
            .into_iter()
            .chain([noise(width, height), red_shirt(width, height)])
        {
            let row = encode(&picture);
            let norm = row.iter().map(|v| v * v).sum::<f32>().sqrt();
            if row.len() != DIMENSION
                || row.iter().any(|v| !v.is_finite())
                || (norm - 1.0).abs() > 1e-5
            {
                wrong.push((width, height, picture.rgb[..3].to_vec(), norm));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn the_layout_is_what_the_docs_say() {
    let encoder = FeaturesEncoder::new();
    assert_eq!(
        (encoder.dimension(), encoder.fingerprint().dimension),
        (512, 512)
    );
    let shares: f32 = BLOCKS.iter().map(|block| block.share).sum();
    assert!((shares - 1.0).abs() < 0.002, "shares together are {shares}");
}

/// Scratch memory of one picture must not show in the next, whatever their sizes.
#[test]
fn a_batch_equals_its_pictures_one_by_one() {
    let pictures = [
        red_shirt(60, 80),
        noise(13, 200),
        uniform(1, 1, [9, 9, 9]),
        red_shirt(224, 224),
        red_shirt(60, 80),
    ];
    let singly: Vec<f32> = pictures.iter().flat_map(encode).collect();
    assert_eq!(FeaturesEncoder::new().encode(&pictures), singly);
    assert_eq!(singly[..DIMENSION], singly[4 * DIMENSION..]);
    assert!(FeaturesEncoder::new().encode(&[]).is_empty());
}

#[test]
fn threads_agree() {
    let expected = encode(&red_shirt(60, 80));
    let rows: Vec<_> = (0..4)
        .map(|_| std::thread::spawn(|| encode(&red_shirt(60, 80))))
        .collect();
    for row in rows {
        assert_eq!(row.join().unwrap(), expected);
    }
}

#[test]
fn another_colour_moves_the_colour_and_not_the_shape() {
    let mut swapped = red_shirt(60, 80);
    swapped
        .rgb
        .chunks_exact_mut(3)
        .for_each(|pixel| pixel.rotate_left(1));
    let (red, swapped) = (encode(&red_shirt(60, 80)), encode(&swapped));
    let close = |name| cosine(block(name, &red), block(name, &swapped));
    assert!(
        close("frame shape") > 0.999,
        "frame shape {}",
        close("frame shape")
    );
    assert!(
        close("thing shape") > 0.99,
        "thing shape {}",
        close("thing shape")
    );
    assert!(close("colour") < 0.3, "colour {}", close("colour"));
    assert!(close("thumbnail") < 0.5, "thumbnail {}", close("thumbnail"));
}

#[test]
fn another_shape_moves_the_shape_and_not_the_colour() {
    let upside_down = {
        let mut picture = red_shirt(60, 80);
        let rows: Vec<_> = picture
            .rgb
            .chunks_exact(180)
            .rev()
            .flatten()
            .copied()
            .collect();
        picture.rgb = rows;
        picture
    };
    let (upright, upside_down) = (encode(&red_shirt(60, 80)), encode(&upside_down));
    let close = |name| cosine(block(name, &upright), block(name, &upside_down));
    assert!(close("colour") > 0.97, "colour {}", close("colour"));
    assert!(
        close("frame shape") < 0.8,
        "frame shape {}",
        close("frame shape")
    );
}

#[test]
fn what_should_hardly_matter_hardly_matters() {
    let plain = encode(&red_shirt(60, 80));
    let large = red_shirt(480, 640);
    let mut darker = red_shirt(60, 80);
    darker
        .rgb
        .iter_mut()
        .for_each(|v| *v = (f32::from(*v) * 0.9) as u8);
    let grain = noise(60, 80);
    let mut grainy = red_shirt(60, 80);
    for (value, grain) in grainy.rgb.iter_mut().zip(&grain.rgb) {
        *value = value.saturating_add(grain % 5).saturating_sub(2);
    }
    let rows = [
        (
            "eight times larger",
            cosine(&encode(&large), &encode(&shrunk(&large, 8))),
            0.95,
        ),
        (
            "twice larger",
            cosine(&encode(&shrunk(&large, 4)), &encode(&shrunk(&large, 8))),
            0.95,
        ),
        (
            "stretched to a square",
            cosine(&plain, &encode(&red_shirt(224, 224))),
            0.95,
        ),
        ("a tenth darker", cosine(&plain, &encode(&darker)), 0.9),
        ("a little grain", cosine(&plain, &encode(&grainy)), 0.9),
    ];
    let wrong: Vec<_> = rows
        .iter()
        .filter(|(_, cosine, least)| cosine < least)
        .collect();
    assert!(wrong.is_empty(), "{wrong:?} of {rows:?}");
    let other = cosine(&plain, &encode(&noise(60, 80)));
    assert!(other < 0.6, "a picture of noise is as close as {other}");
}

/// If this fails and the numbers were meant to change, raise `blocks::VERSION`: stored
/// embeddings no longer compare with new ones.
#[test]
fn golden_numbers_stay() {
    let row = encode(&red_shirt(60, 80));
    let sums: Vec<f32> = BLOCKS
        .iter()
        .map(|b| {
            block(b.name, &row)
                .iter()
                .enumerate()
                .map(|(i, v)| v * ((i % 7) as f32 - 2.5))
                .sum()
        })
        .collect();
    let golden = [-1.3375, -0.9262, 1.1582, 0.3543, -0.5039, 0.3419];
    let wrong = sums
        .iter()
        .zip(golden)
        .any(|(sum, golden): (&f32, f32)| (sum - golden).abs() > 1e-3);
    assert!(!wrong, "{sums:?}");
}

#[test]
fn turns_follow_the_arc_tangent() {
    let mut worst = 0.0_f64;
    for step in 0..10_000 {
        let angle = f64::from(step) / 10_000.0 * std::f64::consts::TAU;
        let (y, x) = angle.sin_cos();
        let wrong = (f64::from(turns(y as f32, x as f32)) - f64::from(step) / 10_000.0).abs();
        worst = worst.max(wrong.min(1.0 - wrong));
    }
    assert!(worst < 1e-4, "off by {worst} turns");
    let exact = [
        ((0.0, 0.0), 0.0),
        ((0.0, 1.0), 0.0),
        ((1.0, 0.0), 0.25),
        ((0.0, -1.0), 0.5),
        ((-1.0, 0.0), 0.75),
    ];
    for ((y, x), expected) in exact {
        assert_eq!(turns(y, x), expected, "{y} {x}");
    }
    assert!((0.0..1.0).contains(&turns(-1e-30, 1.0)));
}
