//! `open_clip_config.json`, whose `preprocess_cfg` some exports keep in a file of its own.

use serde_json::{Map, Value};

use super::{Translation, Untranslated, pixels, triple, untranslated};
use crate::onnx::choices::{Channels, Filter, Resize};
use crate::onnx::sidecar::Sidecar;

// open_clip's own defaults: the statistics that CLIP was trained with.
const MEAN: [f64; 3] = [0.48145466, 0.4578275, 0.40821073];
const STD: [f64; 3] = [0.26862954, 0.26130258, 0.27577711];

/// The whole file: the size may stand with the model's shape.
pub(super) fn translate(config: &Map<String, Value>) -> Translation {
    let empty = Map::new();
    let preprocessing = config.get("preprocess_cfg").and_then(Value::as_object);
    let mut preprocessing = preprocessing.unwrap_or(&empty).clone();
    let shape = config
        .get("model_cfg")
        .and_then(|model| model.get("vision_cfg"));
    if !preprocessing.contains_key("size")
        && let Some(size) = shape.and_then(|vision| vision.get("image_size"))
    {
        preprocessing.insert("size".to_owned(), size.clone());
    }
    translate_preprocessing(&preprocessing)
}

/// `preprocess_cfg` alone.
pub(super) fn translate_preprocessing(config: &Map<String, Value>) -> Translation {
    let mut open = Vec::new();
    let mut sidecar = Sidecar {
        channels: Some(Channels::Rgb),
        rescale: Some(1.0 / 255.0),
        mean: Some(MEAN),
        std: Some(STD),
        ..Sidecar::default()
    };
    let word = |key: &str| config.get(key).and_then(Value::as_str);
    if let Some(mode) = word("mode").filter(|mode| *mode != "RGB") {
        open.push(untranslated(
            "channels",
            format!("\"mode\" is {mode:?}, known is \"RGB\""),
        ));
    }
    match word("interpolation").unwrap_or("bicubic") {
        "bilinear" => sidecar.filter = Some(Filter::Bilinear),
        // A random filter is one of training; open_clip evaluates with the bicubic one.
        "bicubic" | "random" => sidecar.filter = Some(Filter::Bicubic),
        other => open.push(untranslated(
            "filter",
            format!("\"interpolation\" is {other:?}, known are \"bicubic\" and \"bilinear\""),
        )),
    }
    for (key, place) in [("mean", &mut sidecar.mean), ("std", &mut sidecar.std)] {
        match config.get(key).filter(|value| !value.is_null()) {
            None => {}
            Some(value) => match triple(value) {
                Some(numbers) => *place = Some(numbers),
                None => open.push(untranslated(
                    key,
                    format!("{key:?} is {value}, expected three numbers"),
                )),
            },
        }
    }
    if let Err(step) = geometry(config, &mut sidecar) {
        open.push(step);
    }
    (sidecar, open)
}

fn geometry(config: &Map<String, Value>, sidecar: &mut Sidecar) -> Result<(), Untranslated> {
    let size = size(config)?;
    sidecar.size = size;
    let mode = config.get("resize_mode").and_then(Value::as_str);
    match (mode.unwrap_or("shortest"), size) {
        ("squash", _) => sidecar.resize = Some(Resize::Stretch),
        ("longest", _) => {
            sidecar.resize = Some(Resize::Pad);
            sidecar.background = Some(background(config)?);
        }
        ("shortest", Some([height, width])) if height != width => {
            let reason = format!(
                "it scales until {height} x {width} is covered, for which there is no word here"
            );
            return Err(untranslated("resize", reason));
        }
        ("shortest", size) => {
            sidecar.resize = Some(Resize::Crop);
            sidecar.shorter_side = size.map(|[height, _]| height);
        }
        (other, _) => {
            let known = "known are \"shortest\", \"longest\" and \"squash\"";
            return Err(untranslated(
                "resize",
                format!("\"resize_mode\" is {other:?}, {known}"),
            ));
        }
    }
    Ok(())
}

/// A side, or height and width; the model tells where nothing does.
fn size(config: &Map<String, Value>) -> Result<Option<[usize; 2]>, Untranslated> {
    let Some(value) = config.get("size").filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let sides = match value.as_array() {
        Some(sides) => sides.iter().map(pixels).collect::<Option<Vec<_>>>(),
        None => pixels(value).map(|side| vec![side; 2]),
    };
    let size = sides.and_then(|sides| <[usize; 2]>::try_from(sides).ok());
    size.map(Some).ok_or_else(|| {
        untranslated(
            "size",
            format!("\"size\" is {value}, expected a number or [height, width]"),
        )
    })
}

fn background(config: &Map<String, Value>) -> Result<[u8; 3], Untranslated> {
    let Some(value) = config.get("fill_color").filter(|value| !value.is_null()) else {
        return Ok([0; 3]);
    };
    let colour = triple(value).filter(|rgb| rgb.iter().all(|c| (0.0..=255.0).contains(c)));
    colour.map(|rgb| rgb.map(|c| c as u8)).ok_or_else(|| {
        untranslated(
            "background",
            format!("\"fill_color\" is {value}, expected 0 to 255"),
        )
    })
}
