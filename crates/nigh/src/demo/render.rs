//! The demo's product photographs: a catalog that is drawn instead of downloaded.
//!
//! [`products`] says what is in the catalog and [`render`] draws one product, every picture with
//! proportions, print and light of its own. The same count and seed give the same catalog.

mod bags;
mod canvas;
mod clothing;
mod dresses;
mod furniture;
mod hats;
mod outline;
mod palette;
mod pattern;
mod product;
mod random;
mod range;
mod shoes;
mod sketch;
mod studio;
mod tableware;
mod trousers;
mod wearables;

pub(crate) use product::{COLUMNS, Product, products, queries};

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageError};
use random::Random;
use sketch::Sketch;
use studio::Stance;

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
    let (draw, stance) = artist(product.category);
    let canvas = studio::easel(side, stance, &mut random);
    let mut sketch = Sketch::new(canvas, product, random.clone());
    draw(&mut sketch);
    let pale = sketch.fabric.base.luma() > 225;
    studio::photograph(&sketch.canvas.into_pixmap(), stance, pale, &mut random)
}

/// A picture of [`render`] as a JPEG file.
///
/// # Errors
/// If `rgb` is not `side` × `side` × 3 bytes long.
pub(crate) fn encode_jpeg(rgb: &[u8], side: u32) -> Result<Vec<u8>, ImageError> {
    let mut file = Vec::with_capacity(16 * 1024);
    JpegEncoder::new_with_quality(&mut file, QUALITY).encode(rgb, side, side, ExtendedColorType::Rgb8)?;
    Ok(file)
}

type Artist = fn(&mut Sketch);

/// Who draws a category, and how it is photographed.
fn artist(category: &str) -> (Artist, Stance) {
    use Stance::{Lying, Standing};
    match category {
        "shirt" => (clothing::shirt, Lying),
        "sweater" => (clothing::sweater, Lying),
        "dress" => (dresses::dress, Lying),
        "skirt" => (dresses::skirt, Lying),
        "trousers" => (trousers::trousers, Lying),
        "sneaker" => (shoes::sneaker, Standing),
        "boot" => (shoes::boot, Standing),
        "heel" => (shoes::heel, Standing),
        "handbag" => (bags::handbag, Standing),
        "backpack" => (bags::backpack, Standing),
        "hat" => (hats::hat, Lying),
        "sunglasses" => (wearables::sunglasses, Lying),
        "watch" => (wearables::watch, Lying),
        "umbrella" => (wearables::umbrella, Lying),
        "lamp" => (furniture::lamp, Standing),
        "chair" => (furniture::chair, Standing),
        "mug" => (tableware::mug, Standing),
        _ => (tableware::cushion, Lying),
    }
}
