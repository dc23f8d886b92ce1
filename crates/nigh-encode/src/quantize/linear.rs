//! Finds the products of activations with constant matrices.

use std::path::Path;

use super::Arithmetic;
use super::constants::{Constants, Tensor, transposed};
use crate::onnx::graph::{Graph, Node};

/// `output = input × matrix + bias`, over the last axis of `input`, or over its channels.
pub(super) struct Linear {
    /// Place of the operator in the graph.
    pub(super) node: usize,
    pub(super) input: String,
    pub(super) output: String,
    /// Inputs × outputs, row-major.
    pub(super) matrix: Tensor,
    pub(super) bias: Option<Vec<f32>>,
    /// True where the input is `[batch, channel, row, column]` and each pixel is a row.
    pub(super) pixels: bool,
}

/// Below this a product costs less than bringing its input to 8 bits.
const SMALLEST_MATRIX: usize = 1024;

pub(super) fn find(
    graph: &Graph<'_>,
    arithmetic: Arithmetic,
    folder: &Path,
) -> std::io::Result<Vec<Linear>> {
    let constants = Constants::new(graph, folder);
    let mut found = Vec::new();
    for (at, node) in graph.nodes.iter().enumerate() {
        let linear = match node.operator.as_str() {
            _ if arithmetic == Arithmetic::Float => None,
            "MatMul" if node.is("MatMul") => product(node, &constants)?,
            "Gemm" if node.is("Gemm") => general_product(node, &constants)?,
            "Conv" if arithmetic == Arithmetic::ProductsAndPointwise && node.is("Conv") => {
                pointwise(node, &constants)?
            }
            _ => None,
        };
        let worth = |linear: &Linear| {
            let finite = linear.matrix.values.iter().all(|value| value.is_finite());
            linear.matrix.values.len() >= SMALLEST_MATRIX && finite
        };
        found.extend(
            linear
                .filter(worth)
                .map(|linear| Linear { node: at, ..linear }),
        );
    }
    Ok(found)
}

fn product(node: &Node<'_>, constants: &Constants<'_, '_>) -> std::io::Result<Option<Linear>> {
    let [input, matrix] = node.inputs.as_slice() else {
        return Ok(None);
    };
    let matrix = constants.floats(matrix)?.filter(|m| m.dims.len() == 2);
    Ok(matrix.map(|matrix| linear(node, input, matrix, None, false)))
}

fn general_product(
    node: &Node<'_>,
    constants: &Constants<'_, '_>,
) -> std::io::Result<Option<Linear>> {
    let [input, matrix, rest @ ..] = node.inputs.as_slice() else {
        return Ok(None);
    };
    let plain = |name: &str| node.float(name).is_none_or(|factor| factor == 1.0);
    if !plain("alpha") || !plain("beta") || node.integer("transA").unwrap_or(0) != 0 {
        return Ok(None);
    }
    let Some(matrix) = constants.floats(matrix)?.filter(|m| m.dims.len() == 2) else {
        return Ok(None);
    };
    let matrix = match node.integer("transB").unwrap_or(0) {
        0 => matrix,
        _ => transposed(matrix),
    };
    let Some(bias) = bias(rest.first(), matrix.dims[1], constants)? else {
        return Ok(None);
    };
    Ok(Some(linear(node, input, matrix, bias, false)))
}

/// A convolution of 1 × 1 with a step of 1 is a product over the channels of each pixel.
fn pointwise(node: &Node<'_>, constants: &Constants<'_, '_>) -> std::io::Result<Option<Linear>> {
    let [input, kernel, rest @ ..] = node.inputs.as_slice() else {
        return Ok(None);
    };
    let all = |name: &str, value: i64| {
        let numbers = node.integers(name);
        numbers.is_none_or(|numbers| numbers.iter().all(|number| *number == value))
    };
    let padded = node
        .text("auto_pad")
        .is_some_and(|pad| pad.starts_with("SAME"));
    let steps_of_1 = all("strides", 1) && all("dilations", 1);
    if node.integer("group").unwrap_or(1) != 1 || !all("pads", 0) || !steps_of_1 || padded {
        return Ok(None);
    }
    let kernel = constants.floats(kernel)?;
    let Some(kernel) = kernel.filter(|k| k.dims.len() == 4 && k.dims[2..] == [1, 1]) else {
        return Ok(None);
    };
    let matrix = transposed(Tensor {
        dims: kernel.dims[..2].to_vec(),
        values: kernel.values,
    });
    let Some(bias) = bias(rest.first(), matrix.dims[1], constants)? else {
        return Ok(None);
    };
    Ok(Some(linear(node, input, matrix, bias, true)))
}

/// `Some(None)` where there is no bias, `None` where there is one that is no constant row.
fn bias(
    name: Option<&String>,
    columns: usize,
    constants: &Constants<'_, '_>,
) -> std::io::Result<Option<Option<Vec<f32>>>> {
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Ok(Some(None));
    };
    let bias = constants.floats(name)?;
    let row =
        bias.filter(|bias| bias.values.len() == columns && bias.dims.last() == Some(&columns));
    Ok(row.map(|row| Some(row.values)))
}

fn linear(
    node: &Node<'_>,
    input: &str,
    matrix: Tensor,
    bias: Option<Vec<f32>>,
    pixels: bool,
) -> Linear {
    Linear {
        node: 0,
        input: input.to_owned(),
        output: node.outputs[0].clone(),
        matrix,
        bias,
        pixels,
    }
}
