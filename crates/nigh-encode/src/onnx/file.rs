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
        check_whole(&bytes).map_err(no_model)?;
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

/// Whether the outermost messages fit into the file: one that was cut off is read without
/// complaint up to its end, and means another graph.
fn check_whole(bytes: &[u8]) -> Result<(), String> {
    let broken = || "it does not begin like one".to_owned();
    let mut at = 0;
    while at < bytes.len() {
        let wire_type = varint(bytes, &mut at).ok_or_else(broken)? & 7;
        let length = match wire_type {
            0 => varint(bytes, &mut at).map(|_| 0),
            1 => Some(8),
            2 => varint(bytes, &mut at),
            5 => Some(4),
            _ => None,
        };
        let end = at as u64 + length.ok_or_else(broken)?.min(u64::MAX / 2);
        if end > bytes.len() as u64 {
            return Err(format!(
                "it is cut off or broken: it has {} bytes and says that they are {end} at least",
                bytes.len()
            ));
        }
        at = end as usize;
    }
    Ok(())
}

fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn content(path: &Path) -> Result<Vec<u8>, OnnxError> {
    fs::read(path).map_err(|source| OnnxError::Read {
        path: path.to_owned(),
        source,
    })
}
