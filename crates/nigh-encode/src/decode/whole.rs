//! Is the file all there? Decoders are made to show what they can of a damaged file; these
//! walks over the container's skeleton refuse one that ends early.

use super::{DecodeError, Format};

/// Checks that `bytes` hold every part of the container up to its end marker.
///
/// Bytes after the end are fine: cameras append previews and videos there.
pub(super) fn check(bytes: &[u8], format: Format) -> Result<(), DecodeError> {
    let missing = match format {
        Format::Jpeg => jpeg(bytes),
        Format::Png => png(bytes),
        Format::WebP => webp(bytes),
        Format::Gif => gif(bytes),
        // A bitmap's pixels are its end; the decoder itself finds them missing.
        Format::Bmp => Ok(()),
    };
    missing.map_err(|missing| DecodeError::Truncated {
        format,
        bytes: bytes.len(),
        missing,
    })
}

type Missing = Result<(), &'static str>;

/// Walks the marker segments (ITU-T T.81, B.1) to the end-of-image marker.
fn jpeg(bytes: &[u8]) -> Missing {
    const CUT: &str = "before the end-of-image marker";
    let mut at = 2;
    loop {
        at += position(bytes, at, |b| b == 0xff).ok_or(CUT)?;
        at += position(bytes, at, |b| b != 0xff).ok_or(CUT)?;
        let marker = bytes[at];
        at += 1;
        match marker {
            // A stuffed data byte, a restart marker, a private marker: nothing follows.
            0x00 | 0x01 | 0xd0..=0xd8 => {}
            0xd9 => return Ok(()),
            _ => at += usize::from(u16_be(bytes, at).ok_or(CUT)?).max(2),
        }
    }
}

/// Walks the chunks (PNG specification, 5.3) to `IEND`.
fn png(bytes: &[u8]) -> Missing {
    const CUT: &str = "before the IEND chunk";
    let mut at = 8;
    loop {
        let length = u32_be(bytes, at).ok_or(CUT)? as usize;
        let kind = bytes.get(at + 4..at + 8).ok_or(CUT)?;
        at += 8 + length + 4;
        if at > bytes.len() {
            return Err(CUT);
        }
        if kind == b"IEND" {
            return Ok(());
        }
    }
}

/// Compares the length in the RIFF header (RFC 9649, 2.4) with the file's.
fn webp(bytes: &[u8]) -> Missing {
    let length = bytes
        .get(4..8)
        .map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    match length {
        Some(length) if 8 + length as usize <= bytes.len() => Ok(()),
        _ => Err("before the length that its RIFF header states"),
    }
}

/// Walks the blocks (GIF89a specification, 12 to 27) to the trailer.
fn gif(bytes: &[u8]) -> Missing {
    const CUT: &str = "before the trailer";
    let mut at = 13 + color_table(*bytes.get(10).ok_or(CUT)?);
    loop {
        match *bytes.get(at).ok_or(CUT)? {
            0x3b => return Ok(()),
            0x21 => at = after_sub_blocks(bytes, at + 2).ok_or(CUT)?,
            0x2c => {
                let packed = *bytes.get(at + 9).ok_or(CUT)?;
                at = after_sub_blocks(bytes, at + 10 + color_table(packed) + 1).ok_or(CUT)?;
            }
            // Not a block at all: the decoder has the better words for it.
            _ => return Ok(()),
        }
    }
}

/// Bytes of the colour table that a packed field announces.
fn color_table(packed: u8) -> usize {
    if packed & 0x80 == 0 {
        0
    } else {
        3 << ((packed & 7) + 1)
    }
}

/// Where a chain of length-prefixed blocks that ends with an empty one is over.
fn after_sub_blocks(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let length = usize::from(*bytes.get(at)?);
        at += 1 + length;
        if length == 0 {
            return Some(at);
        }
    }
}

fn position(bytes: &[u8], from: usize, wanted: impl Fn(u8) -> bool) -> Option<usize> {
    bytes.get(from..)?.iter().position(|&b| wanted(b))
}

fn u16_be(bytes: &[u8], at: usize) -> Option<u16> {
    bytes
        .get(at..at + 2)
        .map(|b| u16::from_be_bytes([b[0], b[1]]))
}

fn u32_be(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..at + 4)
        .map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
}
