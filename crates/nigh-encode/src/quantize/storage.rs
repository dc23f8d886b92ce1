//! Weights that are computed with in f32, stored in 8 bits per channel.

use std::path::Path;

use crate::onnx::graph::{Attribute, Element, Graph, Node, Weight};

/// Smaller weights are not worth two more nodes.
const SMALLEST: usize = 2048;

const LIMIT: f32 = 127.0;

/// Stores the large weights of `graph` in 8 bits, and says how many there were.
pub(super) fn store(graph: &mut Graph<'_>, folder: &Path) -> std::io::Result<usize> {
    let (mut weights, mut nodes) = (Vec::new(), Vec::new());
    let mut count = 0;
    for weight in std::mem::take(&mut graph.weights) {
        let dims = weight.dims();
        let large = dims.len() >= 2 && dims.iter().product::<usize>() >= SMALLEST;
        let values = match large && weight.is(Element::F32) {
            true => weight.floats(folder)?,
            false => None,
        };
        let finite = |values: &Vec<f32>| values.iter().all(|value| value.is_finite());
        let Some(values) = values.filter(finite) else {
            weights.push(weight);
            continue;
        };
        let axis = channel_axis(graph, weight.name(), dims.len());
        let (codes, scales) = narrow(&values, &dims, axis);
        let name = weight.name();
        let (codes_name, scales_name) = (format!("{name}/int8"), format!("{name}/int8-scales"));
        let wide = format!("{name}/int8-wide");
        let mut scale_dims = vec![1; dims.len()];
        scale_dims[axis] = dims[axis];
        nodes.push(Node::new("Cast", &[&codes_name], &wide).with("to", Attribute::Integer(1)));
        nodes.push(Node::new("Mul", &[&wide, &scales_name], name));
        weights.push(Weight::new(&codes_name, &dims, Element::I8, codes));
        weights.push(Weight::of_floats(&scales_name, &scale_dims, &scales));
        count += 1;
    }
    nodes.append(&mut graph.nodes);
    graph.nodes = nodes;
    graph.weights = weights;
    Ok(count)
}

/// The axis along which the operator that takes a weight has its channels.
fn channel_axis(graph: &Graph<'_>, name: &str, axes: usize) -> usize {
    let takes = |node: &&Node<'_>| node.inputs.iter().any(|input| input == name);
    let node = graph.nodes.iter().find(takes);
    match node.map(|node| node.operator.as_str()) {
        Some("Conv" | "Gather") => 0,
        Some("Gemm") if node.and_then(|n| n.integer("transB")).unwrap_or(0) != 0 => 0,
        Some("ConvTranspose") => 1,
        _ => axes - 1,
    }
}

/// Symmetric codes of each channel along `axis`, and the channels' steps.
fn narrow(values: &[f32], dims: &[usize], axis: usize) -> (Vec<u8>, Vec<f32>) {
    let channels = dims[axis];
    let inner: usize = dims[axis + 1..].iter().product();
    let channel = |at: usize| at / inner.max(1) % channels.max(1);
    let mut scales = vec![0f32; channels];
    for (at, value) in values.iter().enumerate() {
        let scale = &mut scales[channel(at)];
        *scale = scale.max(value.abs() / LIMIT);
    }
    let codes = values.iter().enumerate().map(|(at, value)| {
        let step = scales[channel(at)].max(f32::MIN_POSITIVE);
        (value / step).round_ties_even().clamp(-LIMIT, LIMIT) as i8 as u8
    });
    (codes.collect(), scales)
}
