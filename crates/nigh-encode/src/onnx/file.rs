use std::fs;
use std::path::Path;

use super::error::OnnxError;
use super::facts::Facts;

/// A model as it lies on disk.
pub(crate) struct ModelFile {
    pub(crate) bytes: Vec<u8>,
    /// The weight files that the model names, with their content.
    pub(crate) external: Vec<(String, Vec<u8>)>,
    pub(crate) facts: Facts,
}

impl ModelFile {
    pub(crate) fn read(path: &Path) -> Result<ModelFile, OnnxError> {
        let bytes = content(path)?;
        let no_model = |reason| OnnxError::Load {
            path: path.to_owned(),
            reason: format!("not an ONNX file, {reason}"),
        };
        let facts = Facts::read(&bytes).map_err(|error| no_model(error.to_string()))?;
        if facts.operators.is_empty() {
            return Err(no_model("it has no operators".to_owned()));
        }
        let read = |name: &String| Ok((name.clone(), content(&path.with_file_name(name))?));
        let external: Result<_, OnnxError> = facts.external_files.iter().map(read).collect();
        Ok(ModelFile {
            bytes,
            external: external?,
            facts,
        })
    }
}

fn content(path: &Path) -> Result<Vec<u8>, OnnxError> {
    fs::read(path).map_err(|source| OnnxError::Read {
        path: path.to_owned(),
        source,
    })
}
