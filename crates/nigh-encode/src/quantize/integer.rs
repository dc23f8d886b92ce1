//! Products with constant matrices, in integers.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::linear::{self, Linear};
use super::{ActivationRanges, Arithmetic};
use crate::onnx::graph::{Attribute, Element, Graph, Node, Weight};

/// The largest magnitude of a weight, see the [module](super)'s front page.
const WEIGHT_LIMIT: f32 = 64.0;

/// `ReduceMax` counts axes from the end, and takes them as an input, from these versions on.
const FIRST_OPSET: i64 = 11;
const AXES_ARE_INPUT: i64 = 18;

/// Rewrites the products of `graph`, and says how many there were.
pub(super) fn rewrite(
    graph: &mut Graph<'_>,
    arithmetic: Arithmetic,
    ranges: Option<&ActivationRanges>,
    folder: &Path,
) -> std::io::Result<usize> {
    if graph.opset() < FIRST_OPSET {
        return Ok(0);
    }
    let products = linear::find(graph, arithmetic, folder)?;
    let count = products.len();
    let mut writer = Writer::new(graph, ranges);
    let mut replaced: HashMap<usize, Vec<Node<'_>>> = HashMap::new();
    for product in products {
        let at = product.node;
        replaced.insert(at, writer.product(product));
    }
    let weights = writer.weights;
    graph.weights.extend(weights);
    let nodes = std::mem::take(&mut graph.nodes).into_iter().enumerate();
    graph.nodes = nodes
        .flat_map(|(at, node)| replaced.remove(&at).unwrap_or_else(|| vec![node]))
        .collect();
    Ok(count)
}

/// How the rows of one activation were brought to bytes.
#[derive(Clone)]
struct Bytes {
    /// The value with the bytes.
    bytes: String,
    /// The weight with the byte that stands for 0.
    zero: &'static str,
    scale: Scale,
}

#[derive(Clone)]
enum Scale {
    /// One step of the bytes, the same for all rows.
    Constant(f32),
    /// A value with each row's largest magnitude, which `steps` steps make up.
    Rows { largest: String, steps: f32 },
}

struct Writer<'g> {
    ranges: Option<&'g ActivationRanges>,
    axes_are_input: bool,
    /// Values that are never below 0.
    positive: HashSet<String>,
    done: HashMap<(String, bool), Bytes>,
    weights: Vec<Weight<'static>>,
}

const ONE: &str = "nigh/one";
const TINY: &str = "nigh/tiny";
const LAST_AXIS: &str = "nigh/last-axis";
const STEPS_SIGNED: &str = "nigh/127";
const STEPS_POSITIVE: &str = "nigh/255";
const ZERO_SIGNED: &str = "nigh/zero-at-128";
const ZERO_POSITIVE: &str = "nigh/zero-at-0";
const ZERO_WEIGHT: &str = "nigh/weight-zero";

impl<'g> Writer<'g> {
    fn new(graph: &Graph<'_>, ranges: Option<&'g ActivationRanges>) -> Self {
        let scalar = |name, value: f32| Weight::of_floats(name, &[], &[value]);
        let byte = |name, element, byte| Weight::new(name, &[], element, vec![byte]);
        let last_axis = (-1i64).to_le_bytes().to_vec();
        let weights = vec![
            scalar(ONE, 1.0),
            // Keeps a row of zeros from a division by zero.
            scalar(TINY, 1e-20),
            scalar(STEPS_SIGNED, 127.0),
            scalar(STEPS_POSITIVE, 255.0),
            byte(ZERO_SIGNED, Element::U8, 128),
            byte(ZERO_POSITIVE, Element::U8, 0),
            byte(ZERO_WEIGHT, Element::I8, 0),
            Weight::new(LAST_AXIS, &[1], Element::I64, last_axis),
        ];
        Self {
            ranges,
            axes_are_input: graph.opset() >= AXES_ARE_INPUT,
            positive: positive_values(graph),
            done: HashMap::new(),
            weights,
        }
    }

    /// The nodes that compute one product in integers.
    fn product(&mut self, product: Linear) -> Vec<Node<'static>> {
        let mut nodes = Vec::new();
        let bytes = self.bytes(&product, &mut nodes);
        let [inputs, outputs] = [product.matrix.dims[0], product.matrix.dims[1]];
        let inner = |part: &str| format!("{}/int8/{part}", product.output);
        let (codes, mut scales) = narrow_columns(&product.matrix.values, outputs);
        let step = match bytes.scale {
            Scale::Constant(step) => step,
            Scale::Rows { steps, .. } => 1.0 / steps,
        };
        scales.iter_mut().for_each(|scale| *scale *= step);
        let (matrix, columns) = (inner("matrix"), inner("columns"));
        self.weights
            .push(Weight::new(&matrix, &[inputs, outputs], Element::I8, codes));
        self.weights
            .push(Weight::of_floats(&columns, &[outputs], &scales));

        let mut chain = Chain::new(&product.output);
        let operands = [&bytes.bytes, matrix.as_str(), bytes.zero, ZERO_WEIGHT];
        chain.push("MatMulInteger", &operands);
        chain.then("Cast", &[]);
        chain.last_with("to", Attribute::Integer(1));
        chain.then("Mul", &[&columns]);
        if let Scale::Rows { largest, .. } = &bytes.scale {
            chain.then("Mul", &[largest]);
        }
        if let Some(bias) = &product.bias {
            let name = inner("bias");
            self.weights
                .push(Weight::of_floats(&name, &[outputs], bias));
            chain.then("Add", &[&name]);
        }
        if product.pixels {
            chain.then("Transpose", &[]);
            chain.last_with("perm", Attribute::Integers(vec![0, 3, 1, 2]));
        }
        nodes.extend(chain.finish());
        nodes
    }

    /// The input's rows as bytes; products of one value share them.
    fn bytes(&mut self, product: &Linear, nodes: &mut Vec<Node<'static>>) -> Bytes {
        let key = (product.input.clone(), product.pixels);
        if let Some(done) = self.done.get(&key) {
            return done.clone();
        }
        let inner = |part: &str| format!("{}/{part}/{}", product.input, part_of(product.pixels));
        let mut rows = product.input.clone();
        if product.pixels {
            let turned = inner("rows");
            let permutation = Attribute::Integers(vec![0, 2, 3, 1]);
            nodes.push(Node::new("Transpose", &[&rows], &turned).with("perm", permutation));
            rows = turned;
        }
        let range = self.ranges.and_then(|ranges| ranges.get(&product.input));
        let bytes = match range {
            Some(range) => self.constant_scale(*range, &rows, &inner, nodes),
            None => self.row_scales(&product.input, &rows, &inner, nodes),
        };
        self.done.insert(key, bytes.clone());
        bytes
    }

    fn constant_scale(
        &mut self,
        (low, high): (f32, f32),
        rows: &str,
        inner: &impl Fn(&str) -> String,
        nodes: &mut Vec<Node<'static>>,
    ) -> Bytes {
        let positive = low >= 0.0;
        let (zero, reach) = match positive {
            true => (ZERO_POSITIVE, high / 255.0),
            false => (ZERO_SIGNED, high.max(-low) / 127.0),
        };
        let step = reach.max(f32::MIN_POSITIVE);
        let (name, bytes) = (inner("step"), inner("bytes"));
        self.weights.push(Weight::of_floats(&name, &[], &[step]));
        nodes.push(Node::new("QuantizeLinear", &[rows, &name, zero], &bytes));
        Bytes {
            bytes,
            zero,
            scale: Scale::Constant(step),
        }
    }

    fn row_scales(
        &self,
        input: &str,
        rows: &str,
        inner: &impl Fn(&str) -> String,
        nodes: &mut Vec<Node<'static>>,
    ) -> Bytes {
        let positive = self.positive.contains(input);
        let (zero, steps_name, steps) = match positive {
            true => (ZERO_POSITIVE, STEPS_POSITIVE, 255.0),
            false => (ZERO_SIGNED, STEPS_SIGNED, 127.0),
        };
        let (magnitudes, extreme) = (inner("magnitudes"), inner("extreme"));
        let (largest, factor) = (inner("largest"), inner("factor"));
        let (scaled, bytes) = (inner("scaled"), inner("bytes"));
        let reduced = match positive {
            true => rows,
            false => {
                nodes.push(Node::new("Abs", &[rows], &magnitudes));
                &magnitudes
            }
        };
        let reduce = match self.axes_are_input {
            true => Node::new("ReduceMax", &[reduced, LAST_AXIS], &extreme),
            false => Node::new("ReduceMax", &[reduced], &extreme)
                .with("axes", Attribute::Integers(vec![-1])),
        };
        nodes.push(reduce.with("keepdims", Attribute::Integer(1)));
        nodes.push(Node::new("Max", &[&extreme, TINY], &largest));
        nodes.push(Node::new("Div", &[steps_name, &largest], &factor));
        nodes.push(Node::new("Mul", &[rows, &factor], &scaled));
        nodes.push(Node::new("QuantizeLinear", &[&scaled, ONE, zero], &bytes));
        Bytes {
            bytes,
            zero,
            scale: Scale::Rows { largest, steps },
        }
    }
}

fn part_of(pixels: bool) -> &'static str {
    match pixels {
        true => "int8-pixels",
        false => "int8-rows",
    }
}

/// Nodes of which each takes the result of the one before; the last gives `output`.
struct Chain {
    output: String,
    nodes: Vec<Node<'static>>,
}

impl Chain {
    fn new(output: &str) -> Self {
        Self {
            output: output.to_owned(),
            nodes: Vec::new(),
        }
    }

    fn push(&mut self, operator: &str, inputs: &[&str]) {
        let name = format!("{}/int8/{}", self.output, self.nodes.len());
        self.nodes.push(Node::new(operator, inputs, &name));
    }

    fn then(&mut self, operator: &str, more: &[&str]) {
        let before = format!(
            "{}/int8/{}",
            self.output,
            self.nodes.len().saturating_sub(1)
        );
        let inputs: Vec<&str> = std::iter::once(before.as_str())
            .chain(more.iter().copied())
            .collect();
        self.push(operator, &inputs);
    }

    fn last_with(&mut self, name: &str, attribute: Attribute) {
        if let Some(node) = self.nodes.pop() {
            self.nodes.push(node.with(name, attribute));
        }
    }

    fn finish(mut self) -> Vec<Node<'static>> {
        if let Some(last) = self.nodes.last_mut() {
            last.outputs = vec![self.output];
        }
        self.nodes
    }
}

/// Each column as integers of at most [`WEIGHT_LIMIT`], and the size of its step.
fn narrow_columns(matrix: &[f32], columns: usize) -> (Vec<u8>, Vec<f32>) {
    let mut largest = vec![0f32; columns];
    for row in matrix.chunks_exact(columns) {
        for (largest, value) in largest.iter_mut().zip(row) {
            *largest = largest.max(value.abs());
        }
    }
    let scales: Vec<f32> = largest
        .iter()
        .map(|largest| largest / WEIGHT_LIMIT)
        .collect();
    let mut codes = Vec::with_capacity(matrix.len());
    for row in matrix.chunks_exact(columns) {
        codes.extend(row.iter().zip(&scales).map(|(value, scale)| {
            let code = (value / scale.max(f32::MIN_POSITIVE)).round_ties_even();
            code.clamp(-WEIGHT_LIMIT, WEIGHT_LIMIT) as i8 as u8
        }));
    }
    (codes, scales)
}

/// The values that cannot be negative, by the operator that gives them.
fn positive_values(graph: &Graph<'_>) -> HashSet<String> {
    let nodes = graph.nodes.iter().filter(|node| {
        ["Relu", "Sigmoid", "Softmax", "Abs"]
            .iter()
            .any(|operator| node.is(operator))
    });
    nodes.flat_map(|node| node.outputs.clone()).collect()
}

#[cfg(test)]
mod tests {
    use rten::{ModelOptions, Value, ValueView};

    use super::*;
    use crate::onnx::wire::Message;

    /// A file with one product of `[rows, inputs]` activations and a constant matrix.
    fn model(inputs: usize, outputs: usize, matrix: &[f32]) -> Vec<u8> {
        let named = |name: &str| {
            let mut value = Message::default();
            value.push_text(1, name);
            value.into_bytes()
        };
        let mut graph = Message::default();
        graph.push_bytes(11, named("x"));
        graph.push_bytes(12, named("y"));
        let mut opset = Message::default();
        opset.push_integer(2, 17);
        let mut file = Message::default();
        file.push_integer(1, 8);
        file.push_bytes(7, graph.into_bytes());
        file.push_bytes(8, opset.into_bytes());
        let bytes = file.into_bytes();
        let mut graph = Graph::parse(&bytes).unwrap();
        graph.nodes.push(Node::new("MatMul", &["x", "w"], "y"));
        graph
            .weights
            .push(Weight::of_floats("w", &[inputs, outputs], matrix));
        graph.into_bytes()
    }

    fn integer_form(bytes: &[u8], ranges: Option<&ActivationRanges>) -> Vec<u8> {
        let mut graph = Graph::parse(bytes).unwrap();
        let count = rewrite(&mut graph, Arithmetic::Products, ranges, Path::new("."));
        assert_eq!(count.unwrap(), 1);
        graph.remove_unused().unwrap();
        graph.into_bytes()
    }

    fn run(bytes: Vec<u8>, rows: usize, inputs: usize, x: &[f32]) -> Vec<f32> {
        let mut options = ModelOptions::with_all_ops();
        options.prepack_weights(true);
        let model = options.load(bytes).unwrap();
        let view = ValueView::from_shape(&[rows, inputs], x).unwrap();
        let [y] = model
            .run_n(
                vec![(model.find_node("x").unwrap(), view.into())],
                [model.find_node("y").unwrap()],
                None,
            )
            .unwrap();
        match y {
            Value::FloatTensor(tensor) => tensor.into_data(),
            other => unreachable!("{other:?}"),
        }
    }

    /// The scheme in scalar f64 arithmetic, from the definition.
    fn reference(x: &[f32], matrix: &[f32], inputs: usize, outputs: usize) -> Vec<f32> {
        let (codes, scales) = narrow_columns(matrix, outputs);
        let rows = x.chunks_exact(inputs).flat_map(|row| {
            let largest = row.iter().fold(0f32, |m, v| m.max(v.abs())).max(1e-20);
            let factor = 127.0 / largest;
            let bytes: Vec<i64> = row
                .iter()
                .map(|v| ((v * factor).round_ties_even() as i64).clamp(-128, 127))
                .collect();
            (0..outputs)
                .map(|column| {
                    let products = bytes.iter().enumerate();
                    let sum: i64 = products
                        .map(|(at, byte)| byte * i64::from(codes[at * outputs + column] as i8))
                        .sum();
                    (sum as f64 * f64::from(scales[column]) / 127.0 * f64::from(largest)) as f32
                })
                .collect::<Vec<f32>>()
        });
        rows.collect()
    }

    #[test]
    fn integer_products_are_exact_at_the_ends_of_the_range_and_at_odd_sizes() {
        // All values at their limits: pairs of 16-bit products are as large as they can be.
        let extreme = |count: usize, sign: f32| vec![sign; count];
        let mixed = |count: usize, step: f32| {
            (0..count)
                .map(|i| ((i as f32 * step).sin() * 3.0).powi(3))
                .collect::<Vec<f32>>()
        };
        let mut failed = Vec::new();
        for (rows, inputs, outputs) in [(1, 1024, 1), (1, 512, 33), (5, 517, 70), (50, 96, 129)] {
            let inputs_and_weights = [
                (
                    "limits",
                    extreme(rows * inputs, 1.0),
                    extreme(inputs * outputs, 1.0),
                ),
                (
                    "opposite limits",
                    extreme(rows * inputs, -1.0),
                    extreme(inputs * outputs, 1.0),
                ),
                (
                    "mixed",
                    mixed(rows * inputs, 0.7),
                    mixed(inputs * outputs, 1.3),
                ),
                (
                    "zeros",
                    extreme(rows * inputs, 0.0),
                    mixed(inputs * outputs, 1.3),
                ),
            ];
            for (what, x, matrix) in inputs_and_weights {
                let bytes = integer_form(&model(inputs, outputs, &matrix), None);
                let found = run(bytes, rows, inputs, &x);
                let expected = reference(&x, &matrix, inputs, outputs);
                let close = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-5 * b.abs().max(1e-3);
                if !found.iter().zip(&expected).all(close) {
                    failed.push(format!(
                        "{what} {rows}x{inputs}x{outputs}: {:?} for {:?}",
                        &found[..1],
                        &expected[..1]
                    ));
                }
            }
        }
        assert!(failed.is_empty(), "{failed:#?}");
    }

    #[test]
    fn a_row_does_not_depend_on_the_rows_beside_it() {
        let (inputs, outputs) = (256, 64);
        let matrix: Vec<f32> = (0..inputs * outputs)
            .map(|i| (i as f32 * 0.37).sin())
            .collect();
        let x: Vec<f32> = (0..3 * inputs)
            .map(|i| (i as f32 * 0.11).cos() * (1 + i / inputs * 50) as f32)
            .collect();
        let ranges = ActivationRanges::from([("x".to_owned(), (-60.0, 60.0))]);
        for ranges in [None, Some(&ranges)] {
            let bytes = integer_form(&model(inputs, outputs, &matrix), ranges);
            let together = run(bytes.clone(), 3, inputs, &x);
            for (at, row) in x.chunks_exact(inputs).enumerate() {
                let alone = run(bytes.clone(), 1, inputs, row);
                assert_eq!(
                    alone,
                    together[at * outputs..][..outputs],
                    "row {at}, {ranges:?}"
                );
            }
        }
    }
}
