//! An ONNX model as a graph that can be rewritten. Nodes, weights and fields that a rewrite does
//! not touch stay as they are, down to the byte.
//!
//! Field numbers are those of `onnx.proto3`, IR version 13.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::wire::{Malformed, Message, Value};

mod node;
mod weight;

pub(crate) use node::{Attribute, Node};
pub(crate) use weight::{Element, Weight};

const MODEL_IR: u32 = 1;
const MODEL_GRAPH: u32 = 7;
const MODEL_OPSETS: u32 = 8;
const GRAPH_NODES: u32 = 1;
const GRAPH_NAME: u32 = 2;
const GRAPH_WEIGHTS: u32 = 5;
const GRAPH_INPUTS: u32 = 11;
const GRAPH_OUTPUTS: u32 = 12;
const GRAPH_VALUES: u32 = 13;

const FIRST_IR_WITH_SEPARATE_WEIGHTS: i64 = 4;

/// A model, its nodes in order of execution.
#[derive(Clone, Debug)]
pub(crate) struct Graph<'b> {
    model: Message<'b>,
    graph: Message<'b>,
    pub(crate) nodes: Vec<Node<'b>>,
    pub(crate) weights: Vec<Weight<'b>>,
}

impl<'b> Graph<'b> {
    pub(crate) fn parse(bytes: &'b [u8]) -> Result<Graph<'b>, Malformed> {
        let mut model = Message::parse(bytes)?;
        let found = model.fields.iter().position(|f| f.number == MODEL_GRAPH);
        let graph_bytes = match found.map(|at| model.fields.remove(at).value) {
            Some(Value::Bytes(Cow::Borrowed(bytes))) => bytes,
            _ => &[],
        };
        let mut graph = Message::parse(graph_bytes)?;
        let (mut nodes, mut weights, mut rest) = (Vec::new(), Vec::new(), Vec::new());
        for field in graph.fields {
            match (field.number, &field.value) {
                (GRAPH_NODES, Value::Bytes(Cow::Borrowed(bytes))) => {
                    nodes.push(Node::parse(bytes)?);
                }
                (GRAPH_WEIGHTS, Value::Bytes(Cow::Borrowed(bytes))) => {
                    weights.push(Weight::parse(bytes)?);
                }
                _ => rest.push(field),
            }
        }
        graph = Message { fields: rest };
        Ok(Graph {
            model,
            graph,
            nodes,
            weights,
        })
    }

    /// Takes the weights out of the list of inputs, where IR versions before 4 had them too: a
    /// weight that a node computes from now on must not be an input as well.
    pub(crate) fn separate_weights_from_inputs(&mut self) {
        let weights: HashSet<&str> = self.weights.iter().map(Weight::name).collect();
        self.graph.fields.retain(|field| match &field.value {
            Value::Bytes(bytes) if field.number == GRAPH_INPUTS => {
                value_name(bytes).is_none_or(|name| !weights.contains(name.as_str()))
            }
            _ => true,
        });
        if self.model.integer(MODEL_IR).unwrap_or(0) < FIRST_IR_WITH_SEPARATE_WEIGHTS {
            self.model.remove(MODEL_IR);
            self.model
                .push_integer(MODEL_IR, FIRST_IR_WITH_SEPARATE_WEIGHTS);
        }
    }

    /// The version of the standard operators, 1 where the file names none.
    pub(crate) fn opset(&self) -> i64 {
        let standard = self.model.all(MODEL_OPSETS).filter_map(|bytes| {
            let opset = Message::parse(bytes).ok()?;
            let domain = opset.text(1).unwrap_or_default();
            let standard = ["", "ai.onnx"].contains(&domain.as_str());
            standard.then(|| opset.integer(2)).flatten()
        });
        standard.last().unwrap_or(1)
    }

    /// The values that a model gives back.
    pub(crate) fn outputs(&self) -> Vec<String> {
        names(&self.graph, GRAPH_OUTPUTS)
    }

    /// Which node computes each value.
    pub(crate) fn makers(&self) -> HashMap<&str, usize> {
        let nodes = self.nodes.iter().enumerate();
        nodes
            .flat_map(|(at, node)| node.outputs.iter().map(move |name| (name.as_str(), at)))
            .collect()
    }

    /// Removes nodes and weights that no output depends on.
    pub(crate) fn remove_unused(&mut self) -> Result<(), Malformed> {
        let mut live: HashSet<String> = self.outputs().into_iter().collect();
        let mut keep = vec![false; self.nodes.len()];
        for (node, keep) in self.nodes.iter().zip(&mut keep).rev() {
            *keep = node.outputs.iter().any(|output| live.contains(output));
            if *keep {
                live.extend(node.inputs.iter().cloned());
                live.extend(node.captured()?);
            }
        }
        let mut keep = keep.into_iter();
        self.nodes.retain(|_| keep.next().unwrap_or(true));
        self.weights.retain(|weight| live.contains(weight.name()));
        // Descriptions of values that are gone would contradict nothing, but say nothing either.
        let made: HashSet<String> = self.makers().into_keys().map(str::to_owned).collect();
        self.graph.fields.retain(|field| match &field.value {
            Value::Bytes(bytes) if field.number == GRAPH_VALUES => {
                value_name(bytes).is_some_and(|name| made.contains(&name))
            }
            _ => true,
        });
        Ok(())
    }

    /// The bytes of an `.onnx` file.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        let mut graph = Message::default();
        for node in self.nodes {
            graph.push_bytes(GRAPH_NODES, node.into_bytes());
        }
        let mut rest = self.graph;
        let name = rest.text(GRAPH_NAME).filter(|name| !name.is_empty());
        rest.remove(GRAPH_NAME);
        // The standard's checker wants one.
        graph.push_text(GRAPH_NAME, name.as_deref().unwrap_or("model"));
        for weight in self.weights {
            graph.push_bytes(GRAPH_WEIGHTS, weight.into_bytes());
        }
        graph.fields.extend(rest.fields);
        let mut model = self.model;
        model.push_bytes(MODEL_GRAPH, graph.into_bytes());
        model.into_bytes()
    }
}

fn names(graph: &Message<'_>, number: u32) -> Vec<String> {
    graph.all(number).filter_map(value_name).collect()
}

fn value_name(bytes: &[u8]) -> Option<String> {
    Message::parse(bytes).ok()?.text(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> Vec<u8> {
        let mut graph = Message::default();
        let nodes = [
            ("Abs", "x", "a"),
            ("Neg", "x", "unused"),
            ("Relu", "a", "y"),
        ];
        for (operator, input, output) in nodes {
            let node = Node::new(operator, &[input], output);
            graph.push_bytes(GRAPH_NODES, node.into_bytes());
        }
        let value = |name: &str| {
            let mut value = Message::default();
            value.push_text(1, name);
            value.into_bytes()
        };
        graph.push_bytes(GRAPH_INPUTS, value("x"));
        graph.push_bytes(GRAPH_OUTPUTS, value("y"));
        for name in ["a", "unused"] {
            graph.push_bytes(GRAPH_VALUES, value(name));
        }
        // Documentation of the graph and an extension of tomorrow.
        graph.push_text(10, "what it is for");
        graph.push_text(99, "from the future");
        let mut model = Message::default();
        model.push_integer(MODEL_IR, 10);
        model.push_text(2, "a producer");
        model.push_bytes(MODEL_GRAPH, graph.into_bytes());
        model.into_bytes()
    }

    #[test]
    fn what_no_output_needs_goes_and_all_else_stays() {
        let bytes = model();
        let mut graph = Graph::parse(&bytes).unwrap();
        graph.remove_unused().unwrap();
        let operators: Vec<&str> = graph.nodes.iter().map(|n| n.operator.as_str()).collect();
        assert_eq!(operators, ["Abs", "Relu"]);
        let written = graph.into_bytes();
        let model = Message::parse(&written).unwrap();
        assert_eq!(model.text(2).as_deref(), Some("a producer"));
        let graph = Message::parse(model.bytes(MODEL_GRAPH).unwrap()).unwrap();
        assert_eq!(graph.text(10).as_deref(), Some("what it is for"));
        assert_eq!(graph.text(99).as_deref(), Some("from the future"));
        assert_eq!(names(&graph, GRAPH_VALUES), ["a"]);
        assert_eq!(graph.text(GRAPH_NAME).as_deref(), Some("model"));
    }

    #[test]
    fn a_cut_file_is_an_error_and_never_a_panic() {
        let bytes = model();
        for length in 0..bytes.len() {
            if let Ok(graph) = Graph::parse(&bytes[..length]) {
                graph.into_bytes();
            }
        }
    }
}
