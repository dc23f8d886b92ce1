//! An image file's bytes, with a limit before they are read.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use nigh_encode::DecodeLimits;

/// Reads a regular file of at most `limits.max_bytes`; a sentence for what is
/// not one. A pipe or a device could have no end.
pub fn read_image_file(path: &Path, limits: &DecodeLimits) -> Result<Vec<u8>, String> {
    let cannot = |error: std::io::Error| format!("cannot be read: {error}");
    let metadata = std::fs::metadata(path).map_err(cannot)?;
    if !metadata.is_file() {
        return Err("is not a regular file".to_owned());
    }
    read_image(File::open(path).map_err(cannot)?, metadata.len(), limits)
}

/// Reads an image of about `expected` bytes, up to the limit.
pub fn read_image(
    reader: impl Read,
    expected: u64,
    limits: &DecodeLimits,
) -> Result<Vec<u8>, String> {
    let most = limits.max_bytes;
    // What the file says of itself is a hint, the limit is not.
    let mut bytes = Vec::with_capacity(expected.min(most) as usize + 1);
    let mut limited = reader.take(most.saturating_add(1));
    limited
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > most {
        return Err(format!("is larger than the limit of {most} bytes"));
    }
    Ok(bytes)
}
