//! `preprocessor_config.json`: what `transformers` saves of an image processor.

use serde_json::{Map, Value};

use super::{Translation, Untranslated, pixels, triple, untranslated};
use crate::onnx::choices::{Channels, Filter, Resize};
use crate::onnx::sidecar::Sidecar;

/// The keys of CLIP's, SigLIP's, ViT's, BiT's (DINOv2), ConvNeXt's (ResNet) and MobileNet's
/// processors, of today and as older versions wrote them.
pub(super) fn translate(config: &Map<String, Value>) -> Translation {
    let mut open = Vec::new();
    let mut sidecar = Sidecar::default();
    match geometry(config) {
        Ok(geometry) => geometry.write(&mut sidecar),
        Err(step) => open.push(step),
    }
    match filter(config) {
        Ok(filter) => sidecar.filter = filter,
        Err(step) => open.push(step),
    }
    values(config, &mut sidecar, &mut open);
    if flag(config, "do_flip_channel_order").unwrap_or(false) {
        sidecar.channels = Some(Channels::Bgr);
    } else {
        sidecar.channels = Some(Channels::Rgb);
    }
    (sidecar, open)
}

/// How a picture comes to the model's size.
enum Geometry {
    Stretch([usize; 2]),
    Crop {
        shorter_side: usize,
        size: [usize; 2],
    },
}

impl Geometry {
    fn write(self, sidecar: &mut Sidecar) {
        match self {
            Geometry::Stretch(size) => {
                sidecar.size = Some(size);
                sidecar.resize = Some(Resize::Stretch);
            }
            Geometry::Crop { shorter_side, size } => {
                sidecar.size = Some(size);
                sidecar.resize = Some(Resize::Crop);
                sidecar.shorter_side = Some(shorter_side);
            }
        }
    }
}

/// What `size` may be.
enum Size {
    /// One number, which older versions wrote for either of the others.
    Number(usize),
    ShortestEdge(usize),
    Sides([usize; 2]),
}

fn geometry(config: &Map<String, Value>) -> Result<Geometry, Untranslated> {
    if config.contains_key("max_num_patches") {
        return Err(untranslated(
            "size",
            "it keeps proportions with a varying number of patches, and here a model has one input size",
        ));
    }
    if flag(config, "do_pad").unwrap_or(false) {
        return Err(untranslated(
            "resize",
            "it pads (\"do_pad\"), in a way that depends on the processor",
        ));
    }
    let crop = match flag(config, "do_center_crop").unwrap_or(false) {
        true => Some(crop_size(config)?),
        false => None,
    };
    if !flag(config, "do_resize").unwrap_or(true) {
        let reason = "it does not resize (\"do_resize\" is false), so that it takes pictures of one size only";
        return Err(untranslated("resize", reason));
    }
    let size = size(config)?;
    if crop.is_none() && is_convnext(config) {
        return convnext(config, &size);
    }
    match (size, crop) {
        (Size::Sides(size), None) => Ok(Geometry::Stretch(size)),
        (Size::Number(side), None) => Ok(Geometry::Stretch([side; 2])),
        (Size::ShortestEdge(side), None) => Err(untranslated(
            "resize",
            format!(
                "it scales the shorter side to {side} and cuts nothing off, and here a model has one input size"
            ),
        )),
        (Size::ShortestEdge(shorter_side) | Size::Number(shorter_side), Some(size))
            if !is_deit(config) =>
        {
            Ok(Geometry::Crop { shorter_side, size })
        }
        (Size::Sides(sides), Some(size)) if sides == size => Ok(Geometry::Stretch(size)),
        (Size::Sides([height, width]), Some(size)) => Err(stretch_and_crop([height, width], size)),
        (Size::ShortestEdge(side) | Size::Number(side), Some(size)) => {
            Err(stretch_and_crop([side; 2], size))
        }
    }
}

fn stretch_and_crop(sides: [usize; 2], crop: [usize; 2]) -> Untranslated {
    untranslated(
        "resize",
        format!("it stretches to {sides:?} and then cuts {crop:?} out"),
    )
}

/// Below 384 the shorter side is scaled to `size / crop_pct` and the centre cut out, from there on
/// the picture is stretched.
fn convnext(config: &Map<String, Value>, size: &Size) -> Result<Geometry, Untranslated> {
    const LEAST_STRETCHED: usize = 384;
    const CROP_SHARE: f64 = 224.0 / 256.0;
    let side = match *size {
        Size::Number(side) | Size::ShortestEdge(side) => side,
        Size::Sides(sides) => return Ok(Geometry::Stretch(sides)),
    };
    if side >= LEAST_STRETCHED {
        return Ok(Geometry::Stretch([side; 2]));
    }
    let share = match config.get("crop_pct").filter(|share| !share.is_null()) {
        None => CROP_SHARE,
        Some(share) => share
            .as_f64()
            .filter(|share| *share > 0.0 && *share <= 1.0)
            .ok_or_else(|| {
                untranslated(
                    "resize",
                    format!("\"crop_pct\" is {share}, expected more than 0 and up to 1"),
                )
            })?,
    };
    Ok(Geometry::Crop {
        shorter_side: (side as f64 / share) as usize,
        size: [side; 2],
    })
}

/// Its `size` of one number is a square's side even where a crop follows.
fn is_deit(config: &Map<String, Value>) -> bool {
    kind(config).starts_with("DeiT") && config.get("size").is_some_and(Value::is_number)
}

fn is_convnext(config: &Map<String, Value>) -> bool {
    config.get("crop_pct").is_some_and(Value::is_number) || kind(config).starts_with("ConvNext")
}

fn kind(config: &Map<String, Value>) -> &str {
    let name = |key: &str| config.get(key).and_then(Value::as_str);
    name("image_processor_type")
        .or_else(|| name("feature_extractor_type"))
        .unwrap_or_default()
}

fn size(config: &Map<String, Value>) -> Result<Size, Untranslated> {
    let refuse = |value: &Value| {
        let expected = "expected a number, {\"shortest_edge\"} or {\"height\", \"width\"}";
        untranslated("size", format!("\"size\" is {value}, {expected}"))
    };
    let value = config.get("size").unwrap_or(&Value::Null);
    match value {
        Value::Number(_) => pixels(value).map(Size::Number).ok_or_else(|| refuse(value)),
        Value::Object(keys)
            if keys.contains_key("shortest_edge") && !keys.contains_key("longest_edge") =>
        {
            keys.get("shortest_edge")
                .and_then(pixels)
                .map(Size::ShortestEdge)
                .ok_or_else(|| refuse(value))
        }
        _ => sides(value).map(Size::Sides).ok_or_else(|| refuse(value)),
    }
}

fn crop_size(config: &Map<String, Value>) -> Result<[usize; 2], Untranslated> {
    // Older files leave it to `size`.
    let value = config
        .get("crop_size")
        .or_else(|| config.get("size"))
        .unwrap_or(&Value::Null);
    let square = || pixels(value).map(|side| [side; 2]);
    sides(value).or_else(square).ok_or_else(|| {
        let expected = "expected a number or {\"height\", \"width\"}";
        untranslated("size", format!("\"crop_size\" is {value}, {expected}"))
    })
}

fn sides(value: &Value) -> Option<[usize; 2]> {
    let side = |key: &str| value.get(key).and_then(pixels);
    side("height")
        .zip(side("width"))
        .map(|(height, width)| [height, width])
}

/// Pillow's numbers.
fn filter(config: &Map<String, Value>) -> Result<Option<Filter>, Untranslated> {
    let Some(value) = config.get("resample").filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    match value.as_u64() {
        Some(0) => Ok(Some(Filter::Nearest)),
        Some(1) => Ok(Some(Filter::Lanczos)),
        Some(2) => Ok(Some(Filter::Bilinear)),
        Some(3) => Ok(Some(Filter::Bicubic)),
        Some(4) => Ok(Some(Filter::Box)),
        _ => Err(untranslated(
            "filter",
            format!(
                "\"resample\" is {value}, known are Pillow's 0 (nearest), 1 (lanczos), 2 (bilinear), 3 (bicubic) and 4 (box)"
            ),
        )),
    }
}

fn values(config: &Map<String, Value>, sidecar: &mut Sidecar, open: &mut Vec<Untranslated>) {
    if flag(config, "rescale_offset").unwrap_or(false) {
        open.push(untranslated(
            "mean",
            "it moves the rescaled values (\"rescale_offset\")",
        ));
    }
    sidecar.rescale = match (flag(config, "do_rescale"), config.get("rescale_factor")) {
        (Some(false), _) => Some(1.0),
        (_, Some(factor)) if factor.is_number() => factor.as_f64(),
        _ => Some(1.0 / 255.0),
    };
    if flag(config, "do_normalize") == Some(false) {
        sidecar.mean = Some([0.0; 3]);
        sidecar.std = Some([1.0; 3]);
        return;
    }
    for (name, key, place) in [
        ("image_mean", "mean", &mut sidecar.mean),
        ("image_std", "std", &mut sidecar.std),
    ] {
        match config.get(name).filter(|value| !value.is_null()) {
            None => {}
            Some(value) => match triple(value) {
                Some(numbers) => *place = Some(numbers),
                None => open.push(untranslated(
                    key,
                    format!("\"{name}\" is {value}, expected three numbers"),
                )),
            },
        }
    }
}

fn flag(config: &Map<String, Value>, key: &str) -> Option<bool> {
    config.get(key).and_then(Value::as_bool)
}
