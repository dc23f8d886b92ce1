//! The parts of an embedding, their shares, and how they become one vector.

use std::fmt::Write as _;

use super::canvas::Canvas;
use super::color;
use super::foreground::{Bounds, Foreground};
use super::gradient::{Gradient, Grid};
use super::lab::Lab;
use super::texture;
use crate::Picture;

/// Raised whenever any picture's numbers change otherwise than through [`BLOCKS`].
const VERSION: u32 = 1;

/// One part of an embedding: a run of `dimension` numbers.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) name: &'static str,
    pub(super) dimension: usize,
    /// The block's part in the cosine of two pictures; all shares together are 1.
    pub(super) share: f32,
}

const FRAME: Grid<6> = Grid {
    columns: 5,
    rows: 7,
    signed: false,
};
const THING: Grid<8> = Grid {
    columns: 4,
    rows: 5,
    signed: true,
};

/// The blocks in their order. The shares were fitted: see the table of [`super::FeaturesEncoder`].
pub(super) const BLOCKS: [Block; 6] = [
    Block {
        name: "frame shape",
        dimension: FRAME.dimension(),
        share: 0.475,
    },
    Block {
        name: "thing shape",
        dimension: THING.dimension(),
        share: 0.284,
    },
    Block {
        name: "colour",
        dimension: color::COLORS,
        share: 0.104,
    },
    Block {
        name: "thumbnail",
        dimension: color::THUMBNAIL,
        share: 0.028,
    },
    Block {
        name: "pattern",
        dimension: texture::PATTERNS,
        share: 0.085,
    },
    Block {
        name: "detail",
        dimension: texture::OCTAVES,
        share: 0.024,
    },
];

/// Numbers in one embedding.
pub(super) const DIMENSION: usize = {
    let (mut sum, mut index) = (0, 0);
    while index < BLOCKS.len() {
        sum += BLOCKS[index].dimension;
        index += 1;
    }
    sum
};

/// What the numbers depend on besides the picture, for the fingerprint.
pub(super) fn version() -> String {
    let mut layout = String::new();
    for block in &BLOCKS {
        // Writing to a string cannot fail.
        let _ = write!(
            layout,
            "{} {} {};",
            block.name, block.dimension, block.share
        );
    }
    let hash = xxhash_rust::xxh3::xxh3_64(layout.as_bytes());
    format!("built-in {VERSION}, xxh3-64:{hash:016x}")
}

/// Everything that describing a picture needs room for, kept from one picture to the next.
pub(super) struct Describer {
    canvas: Canvas,
    lab: Lab,
    gradient: Gradient,
    pyramid: Vec<f32>,
}

impl Describer {
    pub(super) fn new() -> Describer {
        let (canvas, lab, gradient) = (Canvas::new(), Lab::new(), Gradient::new());
        Describer {
            canvas,
            lab,
            gradient,
            pyramid: Vec::new(),
        }
    }

    /// The embedding of `picture`, of length 1.
    pub(super) fn describe(&mut self, picture: &Picture) -> [f32; DIMENSION] {
        self.canvas.draw(picture);
        self.lab.convert(&self.canvas);
        self.gradient.measure(&self.canvas);
        let foreground = Foreground::find(&self.lab);
        let mut embedding = [0.0; DIMENSION];
        let [frame, thing, colour, thumbnail, pattern, detail] = parts(&mut embedding);
        self.gradient.describe(Bounds::CANVAS, &FRAME, frame);
        self.gradient.describe(foreground.bounds, &THING, thing);
        color::histogram(&self.lab, &foreground, colour);
        color::thumbnail(&self.lab, &foreground, thumbnail);
        texture::pattern(&self.lab, &foreground, pattern);
        texture::detail(&self.lab, &mut self.pyramid, detail);
        for histogram in [frame, thing, pattern, detail] {
            centre(histogram);
        }
        weigh(&mut embedding);
        embedding
    }
}

/// The blocks' own runs of numbers.
pub(super) fn parts(embedding: &mut [f32; DIMENSION]) -> [&mut [f32]; BLOCKS.len()] {
    let mut rest = embedding.as_mut_slice();
    BLOCKS.each_ref().map(|block| {
        let (part, after) = std::mem::take(&mut rest).split_at_mut(block.dimension);
        rest = after;
        part
    })
}

/// Takes the mean away: numbers that are never negative would make any two pictures close.
fn centre(part: &mut [f32]) {
    let mean = part.iter().sum::<f32>() / part.len() as f32;
    for value in part {
        *value -= mean;
    }
}

/// Gives every block the length that its share asks for, and the whole the length 1.
///
/// A block without signal (no edges in a uniform picture) stays zero. The colour block never is.
fn weigh(embedding: &mut [f32; DIMENSION]) {
    for (part, block) in parts(embedding).into_iter().zip(&BLOCKS) {
        scale_to(part, block.share.sqrt());
    }
    scale_to(embedding, 1.0);
}

fn scale_to(values: &mut [f32], length: f32) {
    let norm = values.iter().map(|value| value * value).sum::<f32>().sqrt();
    let factor = if norm > 1e-6 { length / norm } else { 0.0 };
    for value in values {
        *value *= factor;
    }
}
