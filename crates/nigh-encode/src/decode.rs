use std::fmt;

use thiserror::Error;

use crate::Picture;

mod jpeg;
mod raster;
mod whole;

/// Decodes the bytes of one image file to 8-bit sRGB.
///
/// The format is told by content. What comes out is how a person sees the picture: EXIF
/// orientation is applied (JPEG, PNG and WebP), grey becomes three equal channels, palettes are
/// looked up, 16 bits a channel are rounded to 8, CMYK is converted (inverted where Adobe's
/// marker says so), transparency is laid on white, and of an animation the first frame is taken.
/// Embedded colour profiles and gamma are ignored: every file is read as sRGB.
///
/// # Errors
/// [`DecodeError`] for anything but a whole, readable image within `limits`. A file that ends
/// early is refused even where most of it could be shown.
///
/// ```
/// use nigh_encode::{DecodeError, DecodeLimits, decode};
///
/// assert!(matches!(decode(b"", &DecodeLimits::default()), Err(DecodeError::Empty)));
/// ```
pub fn decode(bytes: &[u8], limits: &DecodeLimits) -> Result<Picture, DecodeError> {
    match format(bytes, limits)? {
        Format::Jpeg => jpeg::decode(bytes, limits),
        other => raster::decode(bytes, other, limits),
    }
}

/// Width and height in pixels by a picture's header, as it is stored: what [`decode`] will take memory for. The rest of the file is not looked at.
///
/// # Errors
/// What [`decode`] says of headers.
pub fn size(bytes: &[u8], limits: &DecodeLimits) -> Result<(u32, u32), DecodeError> {
    match format(bytes, limits)? {
        Format::Jpeg => jpeg::size(bytes, limits),
        other => raster::size(bytes, other, limits),
    }
}

fn format(bytes: &[u8], limits: &DecodeLimits) -> Result<Format, DecodeError> {
    if bytes.is_empty() {
        return Err(DecodeError::Empty);
    }
    let format = Format::of(bytes).ok_or_else(|| DecodeError::not_an_image(bytes))?;
    if bytes.len() as u64 > limits.max_bytes {
        return Err(DecodeError::TooManyBytes {
            received: bytes.len() as u64,
            limit: limits.max_bytes,
        });
    }
    Ok(format)
}

/// How much a picture may ask for; checked against its header before any pixel memory is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Longest row in pixels.
    pub max_width: u32,
    /// Most rows.
    pub max_height: u32,
    /// Most pixels; an RGB picture takes three bytes for each.
    pub max_pixels: u64,
    /// Longest file in bytes.
    pub max_bytes: u64,
}

impl Default for DecodeLimits {
    /// 32,768 a side, 100 million pixels (300 MB of RGB), 128 MiB of file: above every product
    /// photo, below what hurts a laptop.
    fn default() -> DecodeLimits {
        DecodeLimits {
            max_width: 32_768,
            max_height: 32_768,
            max_pixels: 100_000_000,
            max_bytes: 128 << 20,
        }
    }
}

impl DecodeLimits {
    /// Refuses a header that claims no pixels or too many.
    fn check(&self, format: Format, width: u32, height: u32) -> Result<(), DecodeError> {
        if width == 0 || height == 0 {
            return Err(DecodeError::NoPixels {
                format,
                width,
                height,
            });
        }
        let pixels = u64::from(width) * u64::from(height);
        if width > self.max_width || height > self.max_height || pixels > self.max_pixels {
            return Err(DecodeError::TooManyPixels {
                format,
                width,
                height,
                limits: self.clone(),
            });
        }
        Ok(())
    }
}

/// The image formats that [`decode`] reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Baseline and progressive, 8 bits.
    Jpeg,
    /// Every colour type and depth.
    Png,
    /// Lossy, lossless, with and without alpha.
    WebP,
    /// 87a and 89a.
    Gif,
    /// Windows bitmaps.
    Bmp,
}

impl Format {
    /// What the web calls it.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Jpeg => "image/jpeg",
            Format::Png => "image/png",
            Format::WebP => "image/webp",
            Format::Gif => "image/gif",
            Format::Bmp => "image/bmp",
        }
    }

    /// Tells the format by the first bytes of a file.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Format> {
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Some(Format::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Format::Png),
            [
                b'R',
                b'I',
                b'F',
                b'F',
                _,
                _,
                _,
                _,
                b'W',
                b'E',
                b'B',
                b'P',
                ..,
            ] => Some(Format::WebP),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Format::Gif),
            // "BM" alone begins many a text; the reserved words of the header are zero.
            [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => Some(Format::Bmp),
            _ => None,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Jpeg => "JPEG",
            Format::Png => "PNG",
            Format::WebP => "WebP",
            Format::Gif => "GIF",
            Format::Bmp => "BMP",
        })
    }
}

/// Why [`decode`] refused a file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// No bytes at all.
    #[error("the file is empty (0 bytes)")]
    Empty,
    /// No known signature.
    #[error("not an image: starts with {starts_with}, expected JPEG, PNG, WebP, GIF or BMP")]
    NotAnImage {
        /// The first bytes, quoted as text where they are text, in hexadecimal otherwise.
        starts_with: String,
    },
    /// The file is longer than the limit.
    #[error("the file has {received} bytes, more than the limit of {limit}")]
    TooManyBytes {
        /// Length of the file.
        received: u64,
        /// [`DecodeLimits::max_bytes`].
        limit: u64,
    },
    /// The header claims a side of zero.
    #[error("{format} of {width} x {height} has no pixels")]
    NoPixels {
        /// The file's format.
        format: Format,
        /// Width in the header.
        width: u32,
        /// Height in the header.
        height: u32,
    },
    /// The header claims more than the limits allow.
    #[error(
        "{format} of {width} x {height} pixels is larger than the limit of {} x {} and {} pixels in all",
        limits.max_width, limits.max_height, limits.max_pixels
    )]
    TooManyPixels {
        /// The file's format.
        format: Format,
        /// Width in the header.
        width: u32,
        /// Height in the header.
        height: u32,
        /// The limits in force.
        limits: DecodeLimits,
    },
    /// The file ends before its end.
    #[error("{format} is cut short: its {bytes} bytes end {missing}")]
    Truncated {
        /// The file's format.
        format: Format,
        /// Length of the file.
        bytes: usize,
        /// Where the data stopped, as the end of a sentence.
        missing: &'static str,
    },
    /// The content contradicts the format.
    #[error("broken {format}: {reason}")]
    Broken {
        /// The file's format.
        format: Format,
        /// What the decoder says.
        reason: String,
    },
    /// A valid file of a kind that is not read here, such as a 12-bit JPEG.
    #[error("{format} of a kind that is not supported: {reason}")]
    Unsupported {
        /// The file's format.
        format: Format,
        /// What the decoder says.
        reason: String,
    },
}

impl DecodeError {
    fn not_an_image(bytes: &[u8]) -> DecodeError {
        let head = &bytes[..bytes.len().min(16)];
        let printable = head
            .iter()
            .all(|&b| (b' '..0x7f).contains(&b) || b"\t\r\n".contains(&b));
        let starts_with = if printable {
            format!("{:?}", String::from_utf8_lossy(head))
        } else {
            let hex: Vec<String> = head.iter().map(|b| format!("{b:02x}")).collect();
            format!("bytes {}", hex.join(" "))
        };
        DecodeError::NotAnImage { starts_with }
    }
}
