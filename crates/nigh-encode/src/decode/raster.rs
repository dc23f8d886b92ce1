use std::io::Cursor;

use image::codecs::bmp::BmpDecoder;
use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::error::ImageError;
use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ImageDecoder, Limits, RgbImage};

use super::{DecodeError, DecodeLimits, Format, whole};
use crate::Picture;

/// Decodes every format but JPEG.
pub(super) fn decode(
    bytes: &[u8],
    format: Format,
    limits: &DecodeLimits,
) -> Result<Picture, DecodeError> {
    if let Some((width, height)) = stated_size(bytes, format) {
        limits.check(format, width, height)?;
    }
    let file = Cursor::new(bytes);
    let explain = |error| explain(bytes, format, error);
    match format {
        Format::Png => {
            let decoder = PngDecoder::with_limits(file, memory(limits)).map_err(explain)?;
            read(bytes, format, limits, decoder)
        }
        Format::WebP => read(
            bytes,
            format,
            limits,
            WebPDecoder::new(file).map_err(explain)?,
        ),
        Format::Gif => read(
            bytes,
            format,
            limits,
            GifDecoder::new(file).map_err(explain)?,
        ),
        Format::Bmp => read(
            bytes,
            format,
            limits,
            BmpDecoder::new(file).map_err(explain)?,
        ),
        Format::Jpeg => super::jpeg::decode(bytes, limits),
    }
}

/// Width and height by the header.
pub(super) fn size(
    bytes: &[u8],
    format: Format,
    limits: &DecodeLimits,
) -> Result<(u32, u32), DecodeError> {
    let file = Cursor::new(bytes);
    let explain = |error| explain(bytes, format, error);
    let stated = match format {
        Format::WebP => WebPDecoder::new(file).map_err(explain)?.dimensions(),
        Format::Gif => GifDecoder::new(file).map_err(explain)?.dimensions(),
        Format::Bmp => BmpDecoder::new(file).map_err(explain)?.dimensions(),
        Format::Png => match stated_size(bytes, format) {
            Some(stated) => stated,
            None => PngDecoder::with_limits(file, memory(limits))
                .map_err(explain)?
                .dimensions(),
        },
        Format::Jpeg => return super::jpeg::size(bytes, limits),
    };
    limits.check(format, stated.0, stated.1)?;
    Ok(stated)
}

/// The size in a PNG's header, whose decoder looks at more than that before it can be asked.
fn stated_size(bytes: &[u8], format: Format) -> Option<(u32, u32)> {
    let &[a, b, c, d, e, f, g, h] = bytes.get(16..24)?.first_chunk()?;
    let sides = (
        u32::from_be_bytes([a, b, c, d]),
        u32::from_be_bytes([e, f, g, h]),
    );
    (format == Format::Png).then_some(sides)
}

/// Reads pixels in the file's own layout and brings them to RGB within the same memory.
fn read(
    bytes: &[u8],
    format: Format,
    limits: &DecodeLimits,
    mut decoder: impl ImageDecoder,
) -> Result<Picture, DecodeError> {
    let (width, height) = decoder.dimensions();
    limits.check(format, width, height)?;
    whole::check(bytes, format)?;
    let explain = |error| explain(bytes, format, error);
    decoder.set_limits(memory(limits)).map_err(explain)?;
    let orientation = decoder.orientation().map_err(explain)?;
    let colors = decoder.color_type();
    let mut pixels = vec![0; decoder.total_bytes() as usize];
    decoder.read_image(&mut pixels).map_err(explain)?;
    let rgb = to_rgb(pixels, colors).ok_or_else(|| DecodeError::Unsupported {
        format,
        reason: format!("pixels of type {colors:?}"),
    })?;
    Ok(orient(Picture { width, height, rgb }, orientation))
}

/// What a decoder may allocate: eight bytes a pixel (16-bit RGBA) twice over, and some slack.
fn memory(limits: &DecodeLimits) -> Limits {
    let mut memory = Limits::no_limits();
    memory.max_alloc = Some(limits.max_pixels.saturating_mul(16).saturating_add(1 << 20));
    memory
}

fn to_rgb(pixels: Vec<u8>, colors: ColorType) -> Option<Vec<u8>> {
    let (pixels, channels) = match colors {
        ColorType::L8 | ColorType::La8 | ColorType::Rgb8 | ColorType::Rgba8 => {
            (pixels, colors.channel_count())
        }
        ColorType::L16 | ColorType::La16 | ColorType::Rgb16 | ColorType::Rgba16 => {
            (to_8_bits(pixels), colors.channel_count())
        }
        _ => return None,
    };
    Some(match channels {
        1 => pixels.iter().flat_map(|&grey| [grey; 3]).collect(),
        2 => pixels
            .as_chunks()
            .0
            .iter()
            .flat_map(|&[grey, alpha]| [on_white(grey, alpha); 3])
            .collect(),
        3 => pixels,
        _ => flatten_rgba(pixels),
    })
}

/// Rounds native-endian 16-bit samples to the nearest of 8 bits.
fn to_8_bits(mut pixels: Vec<u8>) -> Vec<u8> {
    let samples = pixels.len() / 2;
    for i in 0..samples {
        let wide = u16::from_ne_bytes([pixels[2 * i], pixels[2 * i + 1]]);
        pixels[i] = ((u32::from(wide) + 128) / 257) as u8;
    }
    pixels.truncate(samples);
    pixels
}

/// Lays each pixel on white and closes the gaps that the alpha leaves.
fn flatten_rgba(mut pixels: Vec<u8>) -> Vec<u8> {
    let count = pixels.len() / 4;
    for i in 0..count {
        let alpha = pixels[4 * i + 3];
        for channel in 0..3 {
            pixels[3 * i + channel] = on_white(pixels[4 * i + channel], alpha);
        }
    }
    pixels.truncate(3 * count);
    pixels
}

fn on_white(value: u8, alpha: u8) -> u8 {
    255 - multiply(255 - value, alpha)
}

/// The rounded product of two fractions of 255.
pub(super) fn multiply(a: u8, b: u8) -> u8 {
    ((u32::from(a) * u32::from(b) + 127) / 255) as u8
}

/// Turns and mirrors a picture so that it stands as its EXIF orientation says.
pub(super) fn orient(picture: Picture, orientation: Orientation) -> Picture {
    if orientation == Orientation::NoTransforms {
        return picture;
    }
    let Picture { width, height, rgb } = picture;
    // The lengths match by construction, so the empty image never comes out of this.
    let image = RgbImage::from_raw(width, height, rgb).unwrap_or_default();
    let mut image = DynamicImage::ImageRgb8(image);
    image.apply_orientation(orientation);
    let (width, height) = (image.width(), image.height());
    Picture {
        width,
        height,
        rgb: image.into_rgb8().into_raw(),
    }
}

/// A file that is cut short is told so, whatever it was that the decoder missed.
fn explain(bytes: &[u8], format: Format, error: ImageError) -> DecodeError {
    if let Err(truncated) = whole::check(bytes, format) {
        return truncated;
    }
    match error {
        ImageError::Unsupported(reason) => DecodeError::Unsupported {
            format,
            reason: reason.to_string(),
        },
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            let missing = "in the middle of its pixels";
            DecodeError::Truncated {
                format,
                bytes: bytes.len(),
                missing,
            }
        }
        other => DecodeError::Broken {
            format,
            reason: other.to_string(),
        },
    }
}
