//! `nigh model info`.

use std::path::Path;

use anyhow::{Context, Result};
use bytesize::ByteSize;
use nigh_encode::{Encoder, EncoderOptions, ModelSize, OnnxEncoder};
use nigh_engine::{Located, locate};
use nigh_models::{KnownModel, Manifest, known_model};
use serde_json::{Value, json};

use super::list::known_json;
use crate::cli::model::InfoArgs;
use crate::output::{Exit, Output};

pub(crate) fn run(args: &InfoArgs, output: Output) -> Result<Exit> {
    let known = known_model(&args.model);
    let info = match (locate(&args.model), known) {
        (Ok(Located::At(place)), _) => here(args, &place, known)?,
        (Ok(Located::BuiltIn), _) => built_in(args)?,
        (Err(_), Some(known)) => known_json(known),
        (Err(error), None) => return Err(error.into()),
    };
    if args.json {
        output.json(&info)?;
    } else {
        lines(&info).iter().try_for_each(|line| output.line(line))?;
        if info["here"] == false {
            output.note(format!("not here yet: `nigh model pull {}`", args.model));
        }
    }
    Ok(Exit::Done)
}

fn built_in(args: &InfoArgs) -> Result<Value> {
    let encoder = Encoder::open(&args.model, &EncoderOptions::default())?;
    Ok(json!({
        "name": args.model,
        "here": true,
        "dimension": encoder.dimension(),
        "fingerprint": encoder.fingerprint(),
    }))
}

fn here(args: &InfoArgs, place: &Path, known: Option<&KnownModel>) -> Result<Value> {
    let options = EncoderOptions {
        runtime: args.runtime,
        ..EncoderOptions::default()
    };
    let path = match place.is_dir() {
        true => nigh_encode::image_model(place)?,
        false => place.to_owned(),
    };
    let encoder = OnnxEncoder::open(&path, &options)?;
    let manifest = manifest_of(&path)?;
    let size = ModelSize::of(&path).context("cannot count the model's weights")?;
    let mut info = known.map_or_else(|| json!({}), known_json);
    let published = manifest
        .as_ref()
        .and_then(|manifest| manifest.licence.as_deref());
    let licence = encoder
        .licence()
        .or(known.map(|known| known.licence))
        .or(published);
    let more = json!({
        "name": args.model,
        "here": true,
        "path": path,
        "parameters": size.parameters,
        "file_bytes": size.file_bytes,
        "weight_bytes": size.weight_bytes,
        "dimension": encoder.dimension(),
        "settings": encoder.settings().to_json(),
        "configuration": encoder.config(),
        "assumed": encoder.assumed(),
        "fingerprint": encoder.fingerprint(),
        "licence": licence,
        "manifest": manifest,
    });
    if let (Value::Object(info), Value::Object(more)) = (&mut info, more) {
        info.extend(more);
    }
    Ok(info)
}

/// The manifest of the folder that a model lies in, perhaps one folder down.
fn manifest_of(model: &Path) -> Result<Option<Manifest>> {
    for folder in model.ancestors().skip(1).take(2) {
        if let Some(manifest) = Manifest::read(folder)? {
            return Ok(Some(manifest));
        }
    }
    Ok(None)
}

/// The keys that are there, each with its name, in the order in which one wants to read them.
fn lines(info: &Value) -> Vec<String> {
    let mut lines: Vec<String> = ROWS
        .iter()
        .filter_map(|(name, pointer)| Some(row(name, &text(info.pointer(pointer)?)?)))
        .collect();
    for (name, key) in BYTES {
        if let Some(bytes) = info[key].as_u64() {
            lines.push(row(name, &ByteSize::b(bytes).display().si().to_string()));
        }
    }
    for (key, value) in info["settings"].as_object().into_iter().flatten() {
        lines.extend(text(value).map(|value| row("", &format!("{key} = {value}"))));
    }
    for assumed in info["assumed"].as_array().into_iter().flatten() {
        lines.extend(text(assumed).map(|assumed| row("assumed", &assumed)));
    }
    lines
}

const ROWS: [(&str, &str); 16] = [
    ("name", "/name"),
    ("title", "/title"),
    ("purpose", "/purpose"),
    ("path", "/path"),
    ("repository", "/repo"),
    ("source", "/manifest/source"),
    ("commit", "/manifest/commit"),
    ("licence", "/licence"),
    ("dimension", "/dimension"),
    ("input", "/input"),
    ("parameters", "/parameters"),
    ("millions", "/million_parameters"),
    ("precision", "/fingerprint/precision"),
    ("weights", "/fingerprint/weights"),
    ("pictures", "/fingerprint/preprocessing"),
    ("read from", "/configuration"),
];

const BYTES: [(&str, &str); 2] = [("on disk", "file_bytes"), ("in memory", "weight_bytes")];

fn row(name: &str, value: &str) -> String {
    format!("{name:<11} {value}")
}

/// A value as a person writes it; `None` where there is none.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
