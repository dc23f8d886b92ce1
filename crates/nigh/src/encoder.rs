//! From the encoder's flags to the engine's request.

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use nigh_encode::image_model;
use nigh_engine::{EncoderRequest, Located, locate};
use serde_json::{Map, Value, json};

use crate::cli::EncoderArgs;

/// The encoder that the flags ask for; each call of it computes with `threads`.
pub(crate) fn request(args: &EncoderArgs, threads: usize) -> Result<EncoderRequest> {
    let mut overrides = Map::new();
    if let Some(path) = &args.sidecar {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let keys: Map<String, Value> = serde_json::from_str(&text)
            .with_context(|| format!("{} is no JSON object", path.display()))?;
        overrides.extend(keys);
    }
    for setting in &args.preprocess {
        let (key, value) = parse(setting)?;
        overrides.insert(key, value);
    }
    Ok(EncoderRequest {
        spec: args.encoder.clone(),
        overrides,
        threads_per_run: threads,
        runtime: args.runtime,
    })
}

/// The file of the model that the flags name.
pub(crate) fn model_path(args: &EncoderArgs) -> Result<PathBuf> {
    let spec = args.encoder.as_deref().unwrap_or_default();
    match locate(spec)? {
        Located::BuiltIn => bail!("{spec:?} is built in and has no model file"),
        Located::At(path) if path.is_dir() => Ok(image_model(&path)?),
        Located::At(path) => Ok(path),
    }
}

/// `key=value`: a number, a list of numbers (`0.5,0.5,0.5` or `224x224`), or a word.
fn parse(setting: &str) -> Result<(String, Value)> {
    let usage =
        || anyhow!("--preprocess takes KEY=VALUE, not {setting:?}: for example size=224x224");
    let (key, value) = setting.split_once('=').ok_or_else(usage)?;
    // Tensor names may look like numbers.
    if matches!(key.trim(), "input" | "output") {
        return Ok((key.trim().to_owned(), json!(value)));
    }
    let separator = if key == "size" { 'x' } else { ',' };
    let numbers: Option<Vec<Value>> = value.split([separator, ',']).map(number).collect();
    let value = match numbers {
        Some(mut numbers) if numbers.len() == 1 => numbers.remove(0),
        Some(numbers) => Value::Array(numbers),
        None if value == "null" => Value::Null,
        None => json!(value),
    };
    Ok((key.trim().to_owned(), value))
}

/// A whole number stays one, so that a size is not a float.
fn number(text: &str) -> Option<Value> {
    let text = text.trim();
    let whole = text.parse::<i64>().ok().map(Value::from);
    whole.or_else(|| {
        text.parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
            .map(Value::from)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_become_json() {
        let table = [
            ("size=224x224", json!({"size": [224, 224]})),
            ("mean=0.5,0.25,1", json!({"mean": [0.5, 0.25, 1]})),
            ("resize=crop", json!({"resize": "crop"})),
            ("rescale=0.5", json!({"rescale": 0.5})),
            ("pool=null", json!({"pool": null})),
            ("output=465", json!({"output": "465"})),
            ("output=fire9/concat_1", json!({"output": "fire9/concat_1"})),
        ];
        for (setting, expected) in table {
            let (key, value) = parse(setting).unwrap();
            assert_eq!(json!({ key: value }), expected, "{setting}");
        }
        assert!(parse("size").unwrap_err().to_string().contains("KEY=VALUE"));
    }
}
