//! The artists: one drawing per category, from its outline to its last stitch.

mod backpack;
mod boot;
mod chair;
mod cushion;
mod dress;
mod handbag;
mod hat;
mod heel;
mod lamp;
mod mug;
mod neckline;
mod shirt;
mod skirt;
mod sneaker;
mod sunglasses;
mod sweater;
mod trousers;
mod umbrella;
mod watch;

use super::sketch::Sketch;
use super::studio::Stance;

/// Draws one product.
pub(super) type Artist = fn(&mut Sketch);

/// Who draws a category, and how it is photographed.
pub(super) fn artist(category: &str) -> (Artist, Stance) {
    use Stance::{Lying, Standing};
    match category {
        "shirt" => (shirt::shirt, Lying),
        "sweater" => (sweater::sweater, Lying),
        "dress" => (dress::dress, Lying),
        "skirt" => (skirt::skirt, Lying),
        "trousers" => (trousers::trousers, Lying),
        "sneaker" => (sneaker::sneaker, Standing),
        "boot" => (boot::boot, Standing),
        "heel" => (heel::heel, Standing),
        "handbag" => (handbag::handbag, Standing),
        "backpack" => (backpack::backpack, Standing),
        "hat" => (hat::hat, Lying),
        "sunglasses" => (sunglasses::sunglasses, Lying),
        "watch" => (watch::watch, Lying),
        "umbrella" => (umbrella::umbrella, Lying),
        "lamp" => (lamp::lamp, Standing),
        "chair" => (chair::chair, Standing),
        "mug" => (mug::mug, Standing),
        _ => (cushion::cushion, Lying),
    }
}
