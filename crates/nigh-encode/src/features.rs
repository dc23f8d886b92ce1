mod blocks;
mod canvas;
mod color;
mod foreground;
mod gradient;
mod lab;
#[cfg(test)]
mod tests;
mod texture;

use std::cell::RefCell;

use self::blocks::{DIMENSION, Describer};
use crate::{Fingerprint, Picture};

/// The built-in classical descriptor: 512 numbers of shape, colour and texture, nothing to
/// download.
///
/// TABLE
#[derive(Clone, Debug, Default)]
pub struct FeaturesEncoder;

impl FeaturesEncoder {
    /// The one there is; it has no settings.
    #[must_use]
    pub fn new() -> FeaturesEncoder {
        FeaturesEncoder
    }

    /// Numbers in one embedding: 512.
    #[must_use]
    pub fn dimension(&self) -> usize {
        DIMENSION
    }

    /// What these embeddings may be compared with.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint {
            architecture: "features".into(),
            weights: blocks::version(),
            preprocessing: format!(
                "{}x{} stretch area, CIE L*a*b* D65",
                canvas::WIDTH,
                canvas::HEIGHT
            ),
            dimension: DIMENSION,
            precision: "f32".into(),
        }
    }

    /// Describes any number of pictures: `pictures.len() × 512` numbers, row-major, each row
    /// finite and of length 1, whatever the picture holds.
    ///
    /// Uses the caller's thread; many threads may call it at once, each keeps its own 100 KB of
    /// scratch memory.
    ///
    /// # Panics
    /// Where a picture's bytes do not fill its sides, as [`Picture::check`] tells.
    #[must_use]
    pub fn encode(&self, pictures: &[Picture]) -> Vec<f32> {
        let mut embeddings = Vec::with_capacity(pictures.len() * DIMENSION);
        DESCRIBER.with_borrow_mut(|describer| {
            for picture in pictures {
                assert!(
                    picture.check().is_ok(),
                    "a picture's bytes must fill its sides"
                );
                embeddings.extend_from_slice(&describer.describe(picture));
            }
        });
        embeddings
    }
}

thread_local! {
    static DESCRIBER: RefCell<Describer> = RefCell::new(Describer::new());
}

/// The direction of (`x`, `y`) in turns from 0 up to 1, off by at most 0.0001; 0 where both are 0.
///
/// The comparisons are written out because `f32::min` and `max` heed NaN, which costs more than
/// the rest where the compiler vectorises this.
fn turns(y: f32, x: f32) -> f32 {
    let (wide, high) = (x.abs(), y.abs());
    let steep = high > wide;
    let (short, long) = if steep { (wide, high) } else { (high, wide) };
    let ratio = short / (long + 1e-20);
    let square = ratio * ratio;
    // An odd polynomial for the arc tangent over 0 to 1, least largest error.
    let radians =
        ratio * (0.999_215 + square * (-0.321_173 + square * (0.146_277 - square * 0.038_986)));
    let eighth = radians * (0.5 / std::f32::consts::PI);
    let quarter = if steep { 0.25 - eighth } else { eighth };
    let half = if x < 0.0 { 0.5 - quarter } else { quarter };
    let turn = if y < 0.0 { 1.0 - half } else { half };
    if turn >= 1.0 { 0.0 } else { turn }
}
