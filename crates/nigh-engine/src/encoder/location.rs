//! From what a person calls an encoder to where it is.

use std::path::{Path, PathBuf};

use nigh_models::{ModelsFolder, known_model, near_names};

use super::EncoderError;

/// Where an encoder is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Located {
    /// In the program itself.
    BuiltIn,
    /// A model, or a folder with one.
    At(PathBuf),
}

/// Finds an encoder: `features`, the path of a model or of a folder with one, or the name of a
/// model in the folder of models. A path wins over a name.
pub fn locate(spec: &str) -> Result<Located, EncoderError> {
    if spec == "features" {
        return Ok(Located::BuiltIn);
    }
    let path = PathBuf::from(spec);
    if path.exists() {
        return Ok(Located::At(path));
    }
    let folder = ModelsFolder::from_env().ok();
    match folder.as_ref().and_then(|folder| folder.find(spec)) {
        Some(model) => Ok(Located::At(model)),
        None => Err(EncoderError::Unknown {
            spec: spec.to_owned(),
            hint: hint(spec, folder.as_ref()),
        }),
    }
}

/// Whether this is `features` or names a model in the folder of models; no path does.
pub fn is_model_name(spec: &str) -> bool {
    let known = || {
        let folder = ModelsFolder::from_env().ok();
        folder.and_then(|folder| folder.find(spec)).is_some()
    };
    spec == "features" || !Path::new(spec).exists() && known()
}

fn hint(spec: &str, folder: Option<&ModelsFolder>) -> String {
    if known_model(spec).is_some() {
        return format!(
            "this model is known but not here yet, `nigh model pull {spec}` fetches it"
        );
    }
    let is_file = Path::new(spec)
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("onnx"));
    if is_file {
        return "no such file".to_owned();
    }
    let here = folder
        .and_then(|folder| folder.list().ok())
        .unwrap_or_default();
    let near = near_names(spec, here.iter().map(|model| model.name.as_str()));
    let named = match near.as_slice() {
        [] => String::new(),
        near => format!("is it {}? ", near.join(" or ")),
    };
    format!(
        "{named}Expected \"features\", the path of an .onnx file or of a folder with one, or a model's name: \
         `nigh model list` shows them, `nigh model pull` fetches one"
    )
}
