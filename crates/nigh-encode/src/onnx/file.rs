use std::path::{Component, Path, PathBuf};
use std::{fs, io};

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
        let read = |name: &String| {
            let place = weight_file(path, name).map_err(|source| OnnxError::Read {
                path: path.to_owned(),
                source,
            })?;
            Ok((name.clone(), content(&place)?))
        };
        let external: Result<_, OnnxError> = facts.external_files.iter().map(read).collect();
        Ok(ModelFile {
            bytes,
            external: external?,
            facts,
        })
    }
}

/// Where a file of weights that a model names is: in the model's folder or below it.
pub(crate) fn weight_file(model: &Path, name: &str) -> io::Result<PathBuf> {
    let named = Path::new(name);
    let inside = named
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !inside || name.is_empty() {
        let text = format!("its weights are said to be in {name:?}, outside the model's folder");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    Ok(model.with_file_name(named))
}

/// The messages of an ONNX file in which others lie.
#[derive(Clone, Copy)]
enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    ValueInfo,
    Type,
    TensorType,
    Shape,
    /// Fields that hold no message that is read.
    Plain,
    /// One after another, without tags.
    Varints,
    /// Text, raw weights, or what is not read.
    Bytes,
}

impl Message {
    /// What lies in a field, by its number in onnx.proto3.
    fn field(self, number: u64) -> Message {
        match (self, number) {
            (Message::Model, 7) | (Message::Attribute, 6) => Message::Graph,
            (Message::Graph, 1) => Message::Node,
            (Message::Graph | Message::Attribute, 5) => Message::Tensor,
            (Message::Attribute, 10) => Message::Tensor,
            (Message::Attribute, 11) => Message::Graph,
            (Message::Node, 5) => Message::Attribute,
            (Message::Graph, 11..=13) => Message::ValueInfo,
            (Message::ValueInfo, 2) => Message::Type,
            (Message::Type, 1) => Message::TensorType,
            (Message::TensorType, 2) => Message::Shape,
            (Message::Shape, 1) | (Message::Model, 8 | 14) | (Message::Tensor, 13) => {
                Message::Plain
            }
            (Message::Tensor, 1 | 5 | 7) | (Message::Attribute, 8) => Message::Varints,
            _ => Message::Bytes,
        }
    }
}

/// Whether every message fits into the one around it: the reader takes what was cut off for
/// another graph, and one of its numbers that does not end would never be left.
fn check_whole(bytes: &[u8]) -> Result<(), String> {
    check(bytes, Message::Model, 0).ok_or_else(|| {
        format!(
            "it is cut off or broken: its {} bytes are no whole messages",
            bytes.len()
        )
    })
}

/// Graphs within graphs are a few deep; more is an attempt on the stack.
const DEEPEST: usize = 64;

fn check(bytes: &[u8], message: Message, depth: usize) -> Option<()> {
    let mut at = 0;
    if matches!(message, Message::Bytes) || depth > DEEPEST {
        return (depth <= DEEPEST).then_some(());
    }
    while at < bytes.len() {
        let tag = varint(bytes, &mut at)?;
        if matches!(message, Message::Varints) {
            continue;
        }
        let length = match tag & 7 {
            0 => varint(bytes, &mut at).map(|_| 0)?,
            1 => 8,
            2 => varint(bytes, &mut at)?,
            5 => 4,
            _ => return None,
        };
        let end = at.checked_add(usize::try_from(length).ok()?)?;
        let content = bytes.get(at..end)?;
        if tag & 7 == 2 {
            check(content, message.field(tag >> 3), depth + 1)?;
        }
        at = end;
    }
    Some(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_lie_in_the_model_s_folder_or_below_it() {
        let model = Path::new("/models/clip/model.onnx");
        let rows = [
            ("model.onnx_data", true),
            ("./weights/part-0.bin", true),
            ("../other/secret", false),
            ("/etc/passwd", false),
            ("weights/../../secret", false),
            ("", false),
        ];
        for (name, inside) in rows {
            let place = weight_file(model, name);
            assert_eq!(place.is_ok(), inside, "{name:?}: {place:?}");
        }
    }
}
