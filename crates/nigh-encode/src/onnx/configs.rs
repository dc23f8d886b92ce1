//! Preprocessing as the files say that are published beside models: Hugging Face's image
//! processors, and open_clip's configuration.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::error::OnnxError;
use super::sidecar::Sidecar;

mod hugging_face;
mod open_clip;

/// What a configuration says, in our words.
#[derive(Debug, Default)]
pub(super) struct Config {
    /// The file; `None` where there is none.
    pub(super) path: Option<PathBuf>,
    pub(super) sidecar: Sidecar,
    /// Steps that a sidecar has no words for.
    untranslated: Vec<Untranslated>,
}

/// A step that cannot be taken as the file wants it.
#[derive(Debug, PartialEq)]
struct Untranslated {
    /// The sidecar's key that a person would have to give instead.
    key: &'static str,
    reason: String,
}

/// What a translation gives.
type Translation = (Sidecar, Vec<Untranslated>);

/// Folders that hub layouts put models in, one below the configuration.
const INNER_FOLDERS: [&str; 2] = ["onnx", "visual"];

type Translate = fn(&Map<String, Value>) -> Translation;

/// By preference; the key is that of the object within the file.
const FILES: [(&str, Option<&str>, Translate); 4] = [
    ("preprocessor_config.json", None, hugging_face::translate),
    ("open_clip_config.json", None, open_clip::translate),
    (
        "preprocess_cfg.json",
        None,
        open_clip::translate_preprocessing,
    ),
    (
        "processor_config.json",
        Some("image_processor"),
        hugging_face::translate,
    ),
];

/// The configuration of a model file: beside it, or one folder up where the model lies in one of
/// the folders that hub layouts have (`onnx`, `visual`). Of several the first counts.
pub(super) fn find(model: &Path) -> Result<Config, OnnxError> {
    for folder in folders(model) {
        for (name, inner, translate) in FILES {
            if let Some(config) = read(&folder.join(name), inner, translate)? {
                return Ok(config);
            }
        }
    }
    Ok(Config::default())
}

impl Config {
    /// Refuses where a step cannot be taken and nobody gave its key another value.
    pub(super) fn check(&self, told: &Sidecar) -> Result<(), OnnxError> {
        let open = self.untranslated.iter().find(|step| !told.has(step.key));
        match (open, &self.path) {
            (Some(step), Some(path)) => Err(OnnxError::Config {
                path: path.clone(),
                key: Some(step.key),
                reason: step.reason.clone(),
            }),
            _ => Ok(()),
        }
    }
}

fn folders(model: &Path) -> Vec<PathBuf> {
    let beside = model.parent().map(Path::to_owned).unwrap_or_default();
    let inner = beside
        .file_name()
        .is_some_and(|name| INNER_FOLDERS.iter().any(|inner| name == *inner));
    match beside.parent().filter(|_| inner) {
        Some(above) => vec![beside.clone(), above.to_owned()],
        None => vec![beside],
    }
}

fn read(
    path: &Path,
    inner: Option<&str>,
    translate: Translate,
) -> Result<Option<Config>, OnnxError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            let path = path.to_owned();
            return Err(OnnxError::Read { path, source });
        }
    };
    let refuse = |reason| OnnxError::Config {
        path: path.to_owned(),
        key: None,
        reason,
    };
    let mut object: Map<String, Value> =
        serde_json::from_str(&text).map_err(|error| refuse(format!("no JSON object: {error}")))?;
    if let Some(key) = inner {
        match object.remove(key) {
            Some(Value::Object(nested)) => object = nested,
            _ => return Ok(None),
        }
    }
    let (sidecar, untranslated) = translate(&object);
    sidecar.check().map_err(|error| refuse(error.to_string()))?;
    Ok(Some(Config {
        path: Some(path.to_owned()),
        sidecar,
        untranslated,
    }))
}

fn untranslated(key: &'static str, reason: impl Into<String>) -> Untranslated {
    Untranslated {
        key,
        reason: reason.into(),
    }
}

/// A positive whole number, which some files write with a point.
fn pixels(value: &Value) -> Option<usize> {
    let number = value.as_f64().filter(|side| *side >= 1.0 && *side <= 1e6)?;
    (number.fract() == 0.0).then_some(number as usize)
}

/// Three numbers, or one for all.
fn triple(value: &Value) -> Option<[f64; 3]> {
    if let Some(number) = value.as_f64() {
        return Some([number; 3]);
    }
    let numbers: Option<Vec<f64>> = value.as_array()?.iter().map(Value::as_f64).collect();
    numbers?.try_into().ok()
}

#[cfg(test)]
mod tests;
