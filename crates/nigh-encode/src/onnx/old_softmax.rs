//! Until opset 13 a softmax worked on the matrix that remained when all axes from `axis` (1 unless
//! told) on were laid end to end; since then it works along one axis, by default the last. rten
//! reads every model in the new way, which turned SqueezeNet's `[1, 1000, 1, 1]` into all ones.

use rten_onnx::onnx::{AttributeProto, AttributeType, ModelProto, NodeProto};
use rten_onnx::protobuf::ProtobufError;

use super::facts::Facts;

const OPERATORS: [&str; 2] = ["Softmax", "LogSoftmax"];
const FIRST_NEW_OPSET: i64 = 13;

/// Rewrites the old operators of a model, where it has any, in terms of the new one.
pub(crate) fn modernize(bytes: Vec<u8>, facts: &Facts) -> Result<Vec<u8>, ProtobufError> {
    let old = facts.opset.is_some_and(|version| version < FIRST_NEW_OPSET);
    if !old
        || !facts
            .operators
            .iter()
            .any(|operator| OPERATORS.contains(&operator.as_str()))
    {
        return Ok(bytes);
    }
    let mut model = ModelProto::parse_buf(&bytes)?;
    if let Some(graph) = &mut model.graph {
        let nodes = std::mem::take(&mut graph.node);
        graph.node = nodes.into_iter().flat_map(flatten_around).collect();
    }
    model.write_buf()
}

/// A softmax over the flattened matrix, brought back to the shape that came in.
fn flatten_around(mut softmax: NodeProto) -> Vec<NodeProto> {
    let is_old = softmax
        .op_type
        .as_deref()
        .is_some_and(|o| OPERATORS.contains(&o));
    let ([input], [output]) = (softmax.input.as_slice(), softmax.output.as_slice()) else {
        return vec![softmax];
    };
    if !is_old {
        return vec![softmax];
    }
    let (input, output) = (input.clone(), output.clone());
    let inner = |part: &str| format!("{output}/old-softmax/{part}");
    let told = softmax
        .attribute
        .iter()
        .find(|a| a.name.as_deref() == Some("axis"));
    let axis = told.and_then(|attribute| attribute.i).unwrap_or(1);
    softmax.input = vec![inner("matrix")];
    softmax.output = vec![inner("rows")];
    softmax.attribute = vec![integer("axis", 1)];
    let mut flatten = node("Flatten", &[&input], &inner("matrix"));
    flatten.attribute = vec![integer("axis", axis)];
    vec![
        node("Shape", &[&input], &inner("shape")),
        flatten,
        softmax,
        node("Reshape", &[&inner("rows"), &inner("shape")], &output),
    ]
}

fn node(operator: &str, inputs: &[&str], output: &str) -> NodeProto {
    NodeProto {
        op_type: Some(operator.to_owned()),
        input: inputs.iter().map(|&name| name.to_owned()).collect(),
        output: vec![output.to_owned()],
        ..NodeProto::default()
    }
}

fn integer(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        i: Some(value),
        r#type: Some(AttributeType::INT),
        ..AttributeProto::default()
    }
}
