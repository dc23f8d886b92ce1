use image::metadata::Orientation;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::{ImageInfo, JpegDecoder};

use super::raster::{multiply, orient};
use super::{DecodeError, DecodeLimits, Format, whole};
use crate::Picture;

/// Decodes a JPEG; orientation is applied, CMYK and YCCK become RGB.
pub(super) fn decode(bytes: &[u8], limits: &DecodeLimits) -> Result<Picture, DecodeError> {
    let (mut decoder, info) = headers(bytes, limits)?;
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    whole::check(bytes, Format::Jpeg)?;
    check_density(bytes, width, height)?;

    let plain_cmyk = info.components == 4 && !has_adobe_marker(bytes);
    let colors = if plain_cmyk {
        ColorSpace::CMYK
    } else {
        ColorSpace::RGB
    };
    // Headers may be sloppy (many cameras' are); the scan may not be short of data.
    decoder.set_options(
        lenient(limits)
            .set_strict_mode(true)
            .jpeg_set_out_colorspace(colors),
    );
    let mut pixels = vec![0; width as usize * height as usize * colors.num_components()];
    decoder
        .decode_into(&mut pixels)
        .map_err(|e| explain(bytes, e))?;

    if plain_cmyk {
        cmyk_to_rgb(&mut pixels);
    }
    let picture = Picture {
        width,
        height,
        rgb: pixels,
    };
    let orientation = info
        .exif_data
        .as_deref()
        .and_then(Orientation::from_exif_chunk);
    Ok(orient(
        picture,
        orientation.unwrap_or(Orientation::NoTransforms),
    ))
}

/// Width and height by the header.
pub(super) fn size(bytes: &[u8], limits: &DecodeLimits) -> Result<(u32, u32), DecodeError> {
    let (_, info) = headers(bytes, limits)?;
    Ok((u32::from(info.width), u32::from(info.height)))
}

type Decoder<'a> = JpegDecoder<ZCursor<&'a [u8]>>;

fn headers<'a>(
    bytes: &'a [u8],
    limits: &DecodeLimits,
) -> Result<(Decoder<'a>, ImageInfo), DecodeError> {
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), lenient(limits));
    decoder.decode_headers().map_err(|e| explain(bytes, e))?;
    let info = decoder.info().ok_or_else(|| broken("no frame header"))?;
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    limits.check(Format::Jpeg, width, height)?;
    Ok((decoder, info))
}

/// Options for the headers; the limits are judged by our own sentence, not the decoder's.
fn lenient(limits: &DecodeLimits) -> DecoderOptions {
    DecoderOptions::new_fast()
        .set_strict_mode(false)
        .set_max_width(limits.max_width.max(0xffff) as usize)
        .set_max_height(limits.max_height.max(0xffff) as usize)
}

/// Refuses a header that claims more pixels than its bytes can hold: each block of 8 x 8 pixels
/// takes at least one bit, whatever the Huffman tables, and the decoder fills up what is missing
/// without a word.
fn check_density(bytes: &[u8], width: u32, height: u32) -> Result<(), DecodeError> {
    let blocks = u64::from(width.div_ceil(8)) * u64::from(height.div_ceil(8));
    if blocks <= 8 * bytes.len() as u64 {
        return Ok(());
    }
    let missing = "long before the pixels that the header claims";
    Err(DecodeError::Truncated {
        format: Format::Jpeg,
        bytes: bytes.len(),
        missing,
    })
}

/// Whether an APP14 segment of Adobe's comes before the first scan: its writers store CMYK
/// inverted, which is what the decoder expects of every four-channel file.
fn has_adobe_marker(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some(&[0xff, marker, high, low]) = bytes.get(at..at + 4).and_then(|b| b.first_chunk())
    {
        if marker == 0xee && bytes.get(at + 4..at + 9) == Some(b"Adobe") {
            return true;
        }
        if marker == 0xda {
            return false;
        }
        at += 2 + usize::from(u16::from_be_bytes([high, low])).max(2);
    }
    false
}

/// Converts ink (0 = none) to light in place: each channel is what cyan, magenta or yellow
/// leaves of the light that black leaves.
fn cmyk_to_rgb(pixels: &mut Vec<u8>) {
    for pixel in 0..pixels.len() / 4 {
        let light = 255 - pixels[pixel * 4 + 3];
        for channel in 0..3 {
            pixels[pixel * 3 + channel] = multiply(255 - pixels[pixel * 4 + channel], light);
        }
    }
    pixels.truncate(pixels.len() / 4 * 3);
}

/// A file that is cut short is told so, whatever it was that the decoder missed.
fn explain(bytes: &[u8], error: DecodeErrors) -> DecodeError {
    let truncated = whole::check(bytes, Format::Jpeg);
    match (error, truncated) {
        (_, Err(truncated)) => truncated,
        (DecodeErrors::Unsupported(scheme), _) => DecodeError::Unsupported {
            format: Format::Jpeg,
            reason: format!("{scheme:?}"),
        },
        (error, _) => broken(&format!("{error:?}")),
    }
}

fn broken(reason: &str) -> DecodeError {
    DecodeError::Broken {
        format: Format::Jpeg,
        reason: reason.to_owned(),
    }
}
