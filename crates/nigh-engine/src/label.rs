//! The opaque label that an index row carries: which item, which of its images.

/// Enough for every image that the store lets an item have.
const IMAGE_BITS: u32 = 16;
const IMAGE_MASK: u64 = (1 << IMAGE_BITS) - 1;
const _: () = assert!(nigh_store::MAX_IMAGES as u64 <= IMAGE_MASK);

/// `place` is the item's position in the view or in the tail.
pub(crate) fn label(place: u32, image: usize) -> u64 {
    u64::from(place) << IMAGE_BITS | (image as u64 & IMAGE_MASK)
}

pub(crate) fn place(label: u64) -> u32 {
    // A label is made of a `u32` and `IMAGE_BITS` bits, so the rest is zero.
    (label >> IMAGE_BITS) as u32
}

pub(crate) fn image(label: u64) -> usize {
    (label & IMAGE_MASK) as usize
}
