//! Weights that are computed with in f32, stored as 16-bit floats.

use std::path::Path;

use crate::onnx::graph::{Attribute, Element, Graph, Node, Weight};

/// Smaller weights are not worth another node.
const SMALLEST: usize = 256;

/// Stores the weights of `graph` as f16, and says how many there were. A weight with a number that
/// f16 cannot hold stays as it is.
pub(super) fn store(graph: &mut Graph<'_>, folder: &Path) -> std::io::Result<usize> {
    let (mut weights, mut nodes) = (Vec::new(), Vec::new());
    for weight in std::mem::take(&mut graph.weights) {
        let dims = weight.dims();
        let large = dims.iter().product::<usize>() >= SMALLEST;
        let values = match large && weight.is(Element::F32) {
            true => weight.floats(folder)?,
            false => None,
        };
        let halves: Option<Vec<half::f16>> = values.and_then(|values| {
            let halves = values.into_iter().map(half::f16::from_f32);
            halves
                .map(|half| half.is_finite().then_some(half))
                .collect()
        });
        let Some(halves) = halves else {
            weights.push(weight);
            continue;
        };
        let name = format!("{}/f16", weight.name());
        let raw = halves.iter().flat_map(|half| half.to_le_bytes()).collect();
        let cast = Node::new("Cast", &[&name], weight.name());
        nodes.push(cast.with("to", Attribute::Integer(1)));
        weights.push(Weight::new(&name, &dims, Element::F16, raw));
    }
    let count = nodes.len();
    nodes.append(&mut graph.nodes);
    graph.nodes = nodes;
    graph.weights = weights;
    Ok(count)
}
