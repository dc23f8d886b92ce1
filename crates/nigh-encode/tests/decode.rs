//! Every fixture decodes to what it shows; every damaged one is refused with a sentence.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use nigh_encode::{DecodeError, DecodeLimits, Format, Picture, decode};

#[derive(serde::Deserialize)]
struct Expected {
    size: [u32; 2],
    /// Top, middle and bottom of the left, middle and right.
    corners: [[u8; 3]; 9],
    tolerance: u8,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(fixtures().join(name)).unwrap()
}

fn expected() -> BTreeMap<String, Expected> {
    serde_json::from_slice(&fixture("expected.json")).unwrap()
}

fn decoded(bytes: &[u8]) -> Result<Picture, DecodeError> {
    decode(bytes, &DecodeLimits::default())
}

fn corners(picture: &Picture) -> Vec<[u8; 3]> {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let pixels = picture.rgb.as_chunks::<3>().0;
    let at = |y: usize| [0, width / 2, width - 1].map(|x| pixels[y * width + x]);
    [0, height / 2, height - 1]
        .into_iter()
        .flat_map(at)
        .collect()
}

#[test]
fn each_fixture_shows_what_it_should() {
    let mut wrong = Vec::new();
    for (name, expected) in expected() {
        let picture = match decoded(&fixture(&name)) {
            Ok(picture) => picture,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        if [picture.width, picture.height] != expected.size || picture.check().is_err() {
            wrong.push(format!("{name}: {} x {}", picture.width, picture.height));
            continue;
        }
        let found = corners(&picture);
        let difference = found
            .as_flattened()
            .iter()
            .zip(expected.corners.as_flattened());
        let worst = difference.map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        if worst > expected.tolerance {
            wrong.push(format!("{name}: off by {worst}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_shorter_file_is_refused() {
    let mut wrong = Vec::new();
    for name in expected().keys() {
        let bytes = fixture(name);
        for length in 0..bytes.len() {
            match decoded(&bytes[..length]) {
                Ok(_) => wrong.push(format!("{name}: {length} of {} bytes pass", bytes.len())),
                Err(DecodeError::Broken { format, reason }) => {
                    wrong.push(format!(
                        "{name}: {length} bytes are not cut short but broken {format}: {reason}"
                    ));
                }
                Err(_) => {}
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} lengths:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(40)].join("\n")
    );
}

/// Damage may go unnoticed (most pixels are free to change) but may never panic, and what comes
/// out is always a picture.
#[test]
fn no_damaged_byte_panics() {
    let limits = DecodeLimits {
        max_pixels: 1 << 16,
        ..DecodeLimits::default()
    };
    for name in expected().keys() {
        let mut bytes = fixture(name);
        for at in 0..bytes.len() {
            let whole = bytes[at];
            for damage in [whole ^ 0xff, whole ^ 1, whole ^ 0x80, 0] {
                bytes[at] = damage;
                if let Ok(picture) = decode(&bytes, &limits) {
                    picture.check().unwrap();
                }
            }
            bytes[at] = whole;
        }
    }
}

#[test]
fn bytes_after_the_end_are_ignored() {
    for name in ["rgb.jpg", "rgb.png", "lossless.webp", "still.gif"] {
        let mut bytes = fixture(name);
        let alone = decoded(&bytes).unwrap();
        bytes.extend([0xff, 0xd8, 0x00, 0x17]);
        assert_eq!(decoded(&bytes).unwrap(), alone, "{name}");
    }
}

#[test]
fn refusals_say_what_was_received() {
    let png = |width: u32, height: u32| {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend([8, 2, 0, 0, 0, 1, 2, 3, 4]);
        bytes
    };
    let jpeg_claiming = |width: u16, height: u16| {
        let mut bytes = fixture("rgb.jpg");
        let frame = bytes.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
        bytes[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
        bytes[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
        bytes
    };
    let rows = [
        (b"".to_vec(), "the file is empty (0 bytes)"),
        (
            b"id,name\n1,shirt\n".to_vec(),
            "not an image: starts with \"id,name\\n1,shirt\\n\", expected JPEG",
        ),
        (
            vec![0x7f, b'E', b'L', b'F'],
            "not an image: starts with bytes 7f 45 4c 46, expected JPEG",
        ),
        (
            b"BMW is a car".to_vec(),
            "not an image: starts with \"BMW is a car\"",
        ),
        (
            png(65_535, 65_535),
            "PNG of 65535 x 65535 pixels is larger than the limit of 32768 x 32768 and 100000000 pixels",
        ),
        (
            png(30_000, 30_000),
            "PNG of 30000 x 30000 pixels is larger than",
        ),
        (png(0, 5), "PNG of 0 x 5 has no pixels"),
        (
            png(5, 5),
            "PNG is cut short: its 33 bytes end before the IEND chunk",
        ),
        (
            jpeg_claiming(65_500, 65_500),
            "JPEG of 65500 x 65500 pixels is larger than",
        ),
        (
            jpeg_claiming(9_000, 9_000),
            "JPEG is cut short: its 855 bytes end long before the pixels",
        ),
        (
            fixture("rgb.jpg")[..400].to_vec(),
            "JPEG is cut short: its 400 bytes end before the end-of-image marker",
        ),
        (
            fixture("rgb.bmp")[..300].to_vec(),
            "BMP is cut short: its 300 bytes end in the middle of its pixels",
        ),
        (
            fixture("still.gif")[..300].to_vec(),
            "GIF is cut short: its 300 bytes end before the trailer",
        ),
        (
            fixture("lossy.webp")[..100].to_vec(),
            "WebP is cut short: its 100 bytes end before the length",
        ),
    ];
    let wrong: Vec<String> = rows
        .iter()
        .map(|(bytes, start)| {
            (
                start,
                decoded(bytes)
                    .map_or_else(|e| e.to_string(), |p| format!("{} pixels", p.rgb.len())),
            )
        })
        .filter(|(start, said)| !said.starts_with(**start))
        .map(|(start, said)| format!("expected {start}\n    said {said}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    let small = DecodeLimits {
        max_bytes: 10,
        ..DecodeLimits::default()
    };
    let error = decode(&fixture("rgb.jpg"), &small).unwrap_err();
    assert!(
        error.to_string().ends_with("more than the limit of 10"),
        "{error}"
    );
}

#[test]
fn formats_are_told_by_content() {
    let rows = [
        ("rgb.jpg", Format::Jpeg),
        ("rgb.png", Format::Png),
        ("lossy.webp", Format::WebP),
        ("still.gif", Format::Gif),
        ("rgb.bmp", Format::Bmp),
    ];
    for (name, format) in rows {
        assert_eq!(Format::of(&fixture(name)), Some(format), "{name}");
    }
}
