use std::path::{Path, PathBuf};

use super::error::TextError;

/// Where the text side of a joint-space model lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFiles {
    /// The text model, in ONNX form.
    pub model: PathBuf,
    /// Its `tokenizer.json`. What else is known of the model is read from the files
    /// `tokenizer_config.json`, `config.json` and `open_clip_config.json` in the same folder.
    pub tokenizer: PathBuf,
}

/// What exporters call a text model, and where from the image model's folder it lies.
pub(super) const MODELS: [&str; 6] = [
    "text_model.onnx",
    "textual.onnx",
    "text_encoder.onnx",
    "text.onnx",
    "onnx/text_model.onnx",
    "textual/model.onnx",
];

impl TextFiles {
    /// The text model and tokenizer that belong to an image model: in its folder or one up. Of
    /// `vision_model_int8.onnx` it is `text_model_int8.onnx` where there is one, and
    /// `text_model.onnx` otherwise.
    ///
    /// # Errors
    /// [`TextError::NoModel`] and [`TextError::NoTokenizer`] say what was looked for.
    pub fn beside(image_model: &Path) -> Result<TextFiles, TextError> {
        let model =
            find(image_model, &candidates(image_model)).ok_or_else(|| TextError::NoModel {
                image: image_model.to_owned(),
            })?;
        TextFiles::of(&model)
    }

    /// A text model and the tokenizer in its folder or one up.
    ///
    /// # Errors
    /// [`TextError::NoTokenizer`] where there is none.
    pub fn of(text_model: &Path) -> Result<TextFiles, TextError> {
        let tokenizer = find(text_model, &["tokenizer.json".to_owned()]);
        Ok(TextFiles {
            model: text_model.to_owned(),
            tokenizer: tokenizer.ok_or_else(|| TextError::NoTokenizer {
                model: text_model.to_owned(),
            })?,
        })
    }
}

/// The names to look for, the best first.
fn candidates(image_model: &Path) -> Vec<String> {
    let stem = image_model
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy();
    let variant = ["vision_model", "visual", "vision"]
        .iter()
        .find_map(|prefix| stem.strip_prefix(prefix))
        .filter(|variant| !variant.is_empty());
    let same = variant
        .into_iter()
        .flat_map(|variant| MODELS.map(|name| name.replace(".onnx", &format!("{variant}.onnx"))));
    same.chain(MODELS.map(str::to_owned)).collect()
}

/// The first of the names in the folder of `file` (or in `file`, where it is a folder) or one up.
fn find(file: &Path, names: &[String]) -> Option<PathBuf> {
    let file = std::path::absolute(file).ok()?;
    let here = if file.is_dir() {
        Some(file.as_path())
    } else {
        file.parent()
    };
    let folders = [here, here.and_then(Path::parent)];
    folders
        .into_iter()
        .flatten()
        .flat_map(|folder| names.iter().map(|name| folder.join(name)))
        .find(|path| path.is_file())
}
