//! Which values of a graph are constant matrices of floats.

use std::collections::HashMap;
use std::path::Path;

use crate::onnx::graph::{Graph, Weight};

/// A tensor of f32, row-major.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tensor {
    pub(super) dims: Vec<usize>,
    pub(super) values: Vec<f32>,
}

/// Looks constants up, through the operators that exports wrap them in.
pub(super) struct Constants<'g, 'b> {
    graph: &'g Graph<'b>,
    folder: &'g Path,
    weights: HashMap<&'g str, &'g Weight<'b>>,
    makers: HashMap<&'g str, usize>,
}

/// Exports wrap a weight once or twice; more would be a circle.
const DEEPEST: usize = 8;

impl<'g, 'b> Constants<'g, 'b> {
    pub(super) fn new(graph: &'g Graph<'b>, folder: &'g Path) -> Self {
        let weights = graph.weights.iter().map(|w| (w.name(), w)).collect();
        let makers = graph.makers();
        Self {
            graph,
            folder,
            weights,
            makers,
        }
    }

    /// The constant that a value is, if it is one of floats.
    pub(super) fn floats(&self, name: &str) -> std::io::Result<Option<Tensor>> {
        self.resolve(name, DEEPEST)
    }

    fn resolve(&self, name: &str, deeper: usize) -> std::io::Result<Option<Tensor>> {
        if let Some(weight) = self.weights.get(name) {
            return tensor(weight, self.folder);
        }
        let Some(node) = self.makers.get(name).map(|at| &self.graph.nodes[*at]) else {
            return Ok(None);
        };
        if node.is("Constant") {
            let Some(bytes) = node.tensor("value") else {
                return Ok(None);
            };
            return match Weight::parse(&bytes) {
                Ok(weight) => tensor(&weight, self.folder),
                Err(_) => Ok(None),
            };
        }
        let to_float = node.is("Cast") && node.integer("to") == Some(1);
        let wraps = node.is("Identity") || to_float || node.is("Transpose");
        let Some(input) = node.inputs.first().filter(|_| wraps && deeper > 0) else {
            return Ok(None);
        };
        let inner = self.resolve(input, deeper - 1)?;
        Ok(match node.is("Transpose") {
            true => inner.filter(|t| t.dims.len() == 2).map(transposed),
            false => inner,
        })
    }
}

fn tensor(weight: &Weight<'_>, folder: &Path) -> std::io::Result<Option<Tensor>> {
    let dims = weight.dims();
    let values = weight.floats(folder)?;
    Ok(values.map(|values| Tensor { dims, values }))
}

/// The transpose of a matrix.
pub(super) fn transposed(matrix: Tensor) -> Tensor {
    let [rows, columns] = [matrix.dims[0], matrix.dims[1]];
    let mut values = vec![0.0; matrix.values.len()];
    for (row, numbers) in matrix.values.chunks_exact(columns.max(1)).enumerate() {
        for (column, number) in numbers.iter().enumerate() {
            values[column * rows + row] = *number;
        }
    }
    Tensor {
        dims: vec![columns, rows],
        values,
    }
}
