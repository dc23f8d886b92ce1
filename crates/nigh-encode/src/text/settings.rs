//! What the files beside a tokenizer say about how texts enter the model.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::Value;

use super::error::TextError;
use super::files::TextFiles;

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Settings {
    /// Tokens that the model reads at most.
    pub(super) longest: Option<usize>,
    /// Whether every text is filled up to that.
    pub(super) fill: bool,
    /// What it is filled with, where the files say it.
    pub(super) filler: Option<String>,
    pub(super) lower_case: bool,
}

/// Tokenizers that have no limit write the largest number they can think of.
const NO_LIMIT: u64 = 100_000;

impl Settings {
    /// `sequence` is the length of the model's token axis where the model fixes it, `masked`
    /// whether the model is told which tokens are fillers.
    pub(super) fn read(
        files: &TextFiles,
        sequence: Option<usize>,
        masked: bool,
    ) -> Result<Settings, TextError> {
        let folder = files.tokenizer.parent().unwrap_or(Path::new(""));
        let tokenizer = json(&folder.join("tokenizer_config.json"))?;
        let config = json(&folder.join("config.json"))?;
        let open_clip = json(&folder.join("open_clip_config.json"))?;
        let family = config["model_type"].as_str().unwrap_or_default();
        let siglip = family.starts_with("siglip");
        let told = [
            &tokenizer["model_max_length"],
            &config["text_config"]["max_position_embeddings"],
            &config["max_position_embeddings"],
            &open_clip["model_cfg"]["text_cfg"]["context_length"],
        ];
        let told = told
            .into_iter()
            .filter_map(Value::as_u64)
            .find(|length| *length < NO_LIMIT);
        let longest = sequence.or(told.map(|length| length as usize));
        let any_length = sequence.is_none() && !siglip && (masked || family.starts_with("clip"));
        if longest.is_none() && !any_length {
            return Err(TextError::NoLength {
                path: files.model.clone(),
            });
        }
        let filler = &tokenizer["pad_token"];
        Ok(Settings {
            longest,
            fill: !any_length,
            filler: filler
                .as_str()
                .or(filler["content"].as_str())
                .map(str::to_owned),
            lower_case: siglip,
        })
    }
}

/// A file that is not there says nothing.
fn json(path: &Path) -> Result<Value, TextError> {
    match fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text).map_err(|error| TextError::File {
            path: path.to_owned(),
            reason: format!("expected JSON, {error}"),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Value::Null),
        Err(source) => Err(TextError::Read {
            path: path.to_owned(),
            source,
        }),
    }
}
