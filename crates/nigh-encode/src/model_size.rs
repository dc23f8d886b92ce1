use std::collections::HashSet;
use std::path::Path;

use crate::QuantizeError;
use crate::onnx::file::weight_file;
use crate::onnx::graph::{Element, Graph};

/// What a model takes on disk and in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelSize {
    /// Numbers in all weights of more than one axis or of 16 numbers or more: what papers count.
    pub parameters: u64,
    /// Bytes of the file, and of the files of weights beside it.
    pub file_bytes: u64,
    /// Bytes of the weights as the built-in runtime keeps them: 8-bit matrices of integer products
    /// as they are, everything else in f32. Activations come on top.
    pub weight_bytes: u64,
}

/// Shorter vectors of a graph are shapes, axes and steps.
const SHORTEST: usize = 16;

impl ModelSize {
    /// Reads it from the model's file.
    ///
    /// # Errors
    /// [`QuantizeError::Read`] and [`QuantizeError::Malformed`] name the file.
    pub fn of(path: &Path) -> Result<ModelSize, QuantizeError> {
        let read = |source| QuantizeError::Read {
            path: path.to_owned(),
            source,
        };
        let bytes = std::fs::read(path).map_err(read)?;
        let graph = Graph::parse(&bytes).map_err(|source| QuantizeError::Malformed {
            path: path.to_owned(),
            source,
        })?;
        let products = graph.nodes.iter().filter(|n| n.is("MatMulInteger"));
        let integer: HashSet<&String> = products.flat_map(|node| &node.inputs).collect();
        let mut size = ModelSize {
            parameters: 0,
            file_bytes: bytes.len() as u64,
            weight_bytes: 0,
        };
        let mut files = HashSet::new();
        for weight in &graph.weights {
            let elements = weight.dims().iter().product::<usize>();
            if elements >= SHORTEST {
                let stays = weight.is(Element::I8) && integer.contains(&weight.name().to_owned());
                size.parameters += elements as u64;
                size.weight_bytes += elements as u64 * if stays { 1 } else { 4 };
            }
            files.extend(weight.file());
        }
        for file in files {
            let place = weight_file(path, &file).map_err(read)?;
            let metadata = std::fs::metadata(place).map_err(read)?;
            size.file_bytes += metadata.len();
        }
        Ok(size)
    }
}
