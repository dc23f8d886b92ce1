//! What the fuzz targets share: files taken apart and sealed again, so that edits lie behind good checksums.
#![forbid(unsafe_code)]

pub use self::mutate::mutate;
pub use self::scratch::on_disk;
pub use self::sealed::{Sealed, Section};

mod mutate;
mod scratch;
mod sealed;
