use std::fs;
use std::path::{Path, PathBuf};

use super::error::OnnxError;

/// Where published folders keep the image model at full precision, by preference.
pub const IMAGE_MODELS: [&str; 8] = [
    "vision_model.onnx",
    "onnx/vision_model.onnx",
    "visual.onnx",
    "onnx/visual.onnx",
    "visual/model.onnx",
    "image_encoder.onnx",
    "model.onnx",
    "onnx/model.onnx",
];

/// The image model in a folder: one of [`IMAGE_MODELS`], else the only model that is not one of
/// text. The same model at lower precision (`vision_model_fp16.onnx`) is taken only where it is the
/// only one.
///
/// # Errors
/// [`OnnxError::Folder`] lists what was found instead.
pub fn image_model(folder: &Path) -> Result<PathBuf, OnnxError> {
    let plain = IMAGE_MODELS.iter().map(|name| folder.join(name));
    if let Some(model) = plain.clone().find(|path| path.is_file()) {
        return Ok(model);
    }
    let mut models = Vec::new();
    for inner in ["", "onnx", "visual"] {
        models.extend(models_in(&folder.join(inner))?);
    }
    models.sort();
    match <[PathBuf; 1]>::try_from(models) {
        Ok([only]) => Ok(only),
        Err(several) => Err(refuse(folder, &several)),
    }
}

fn refuse(folder: &Path, found: &[PathBuf]) -> OnnxError {
    let names: Vec<String> = found
        .iter()
        .map(|path| {
            path.strip_prefix(folder)
                .unwrap_or(path)
                .display()
                .to_string()
        })
        .collect();
    let reason = match names.len() {
        0 => "there is no image model (.onnx) in it".to_owned(),
        _ => format!("give the path of one of its models: {}", names.join(", ")),
    };
    OnnxError::Folder {
        path: folder.to_owned(),
        reason,
    }
}

/// The models of a folder that may be of images; an absent folder has none.
fn models_in(folder: &Path) -> Result<Vec<PathBuf>, OnnxError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let error = |source| OnnxError::Read {
        path: folder.to_owned(),
        source,
    };
    let mut models = Vec::new();
    for entry in fs::read_dir(folder).map_err(error)? {
        let path = entry.map_err(error)?.path();
        let is_model = path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("onnx"));
        let stem = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        if is_model && !stem.contains("text") && !stem.starts_with('.') && path.is_file() {
            models.push(path);
        }
    }
    Ok(models)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plain_image_model_is_taken() {
        let rows: [(&[&str], Result<&str, &str>); 7] = [
            (
                &[
                    "onnx/vision_model.onnx",
                    "onnx/text_model.onnx",
                    "onnx/model.onnx",
                ],
                Ok("onnx/vision_model.onnx"),
            ),
            (
                &[
                    "onnx/model.onnx",
                    "onnx/model_fp16.onnx",
                    "onnx/model_quantized.onnx",
                ],
                Ok("onnx/model.onnx"),
            ),
            (
                &["visual/model.onnx", "textual/model.onnx"],
                Ok("visual/model.onnx"),
            ),
            (&["mobilenet.onnx"], Ok("mobilenet.onnx")),
            (
                &["onnx/vision_model_fp16.onnx", "onnx/text_model.onnx"],
                Ok("onnx/vision_model_fp16.onnx"),
            ),
            (
                &["onnx/model_fp16.onnx", "onnx/model_int8.onnx"],
                Err("one of its models: onnx/model_fp16.onnx, onnx/model_int8.onnx"),
            ),
            (
                &["onnx/text_model.onnx"],
                Err("there is no image model (.onnx) in it"),
            ),
        ];
        let mut wrong = Vec::new();
        for (files, expected) in rows {
            let dir = tempfile::tempdir().unwrap();
            for file in files {
                let path = dir.path().join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "").unwrap();
            }
            let found = image_model(dir.path()).map_err(|error| error.to_string());
            let right = match (&found, expected) {
                (Ok(found), Ok(name)) => *found == dir.path().join(name),
                (Err(said), Err(part)) => said.contains(part),
                _ => false,
            };
            if !right {
                wrong.push(format!("{files:?}: {found:?}, expected {expected:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
