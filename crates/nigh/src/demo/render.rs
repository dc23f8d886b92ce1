//! The demo's product photographs: a catalog that is drawn instead of downloaded.
//!
//! [`products`] says what is in the catalog and [`render`] draws one product, every picture with
//! proportions, print and light of its own. The same count and seed give the same catalog.

mod canvas;
mod draw;
mod outline;
mod palette;
mod pattern;
mod product;
mod random;
mod range;
mod shadow;
mod sketch;
mod studio;

pub(crate) use product::{COLUMNS, Product, products, queries};

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageError};
use random::Random;
use sketch::Sketch;

/// The side of a catalog picture in pixels.
pub(crate) const SIDE: u32 = 160;
/// JPEG quality: no visible blocks in the smooth shading, about 6 KB a picture.
const QUALITY: u8 = 90;

/// The product's photograph: `side` × `side` pixels of 8-bit sRGB, row by row.
///
/// # Panics
/// If `side` is 0.
pub(crate) fn render(product: &Product, side: u32) -> Vec<u8> {
    let mut random = Random::new(product.look, 0);
    let (draw, stance) = draw::artist(product.category);
    let canvas = studio::easel(side, stance, &mut random);
    let mut sketch = Sketch::new(canvas, product, random.clone());
    draw(&mut sketch);
    let pale = sketch.fabric.base.luma() > 225;
    studio::photograph(&sketch.canvas.into_pixmap(), stance, pale, &mut random)
}

/// A picture of [`render`] as a JPEG file.
///
/// # Errors
/// If `side` is larger than a JPEG file can say (65,535).
///
/// # Panics
/// If `rgb` is not `side` × `side` × 3 bytes long.
pub(crate) fn encode_jpeg(rgb: &[u8], side: u32) -> Result<Vec<u8>, ImageError> {
    let mut file = Vec::with_capacity(16 * 1024);
    JpegEncoder::new_with_quality(&mut file, QUALITY).encode(
        rgb,
        side,
        side,
        ExtendedColorType::Rgb8,
    )?;
    Ok(file)
}

#[cfg(test)]
mod tests;
