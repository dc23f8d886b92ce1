//! What a model file says about itself, read without its weights.

use std::cmp::Reverse;

use rten_onnx::protobuf::ValueReader;
use rten_onnx::protobuf::{DecodeMessage, Fields, OwnedValues, ProtobufError, ReadValue};

/// What an ONNX file declares: the same for every engine that computes it.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Version of the standard operators that the model was written for.
    pub(crate) opset: Option<i64>,
    /// Operator types in graph order, with repeats.
    pub(crate) operators: Vec<String>,
    /// What the model must be given, weights left out.
    pub(crate) inputs: Vec<Port>,
    /// What the model offers by itself.
    pub(crate) outputs: Vec<Port>,
    /// Files beside the model that hold weights, each once.
    pub(crate) external_files: Vec<String>,
    nodes: Vec<Operator>,
    /// Elements of all weights per ONNX data type code.
    elements: Vec<(i32, u64)>,
}

/// A declared input or output.
#[derive(Clone, Debug, Default)]
pub(crate) struct Port {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// One entry for each axis, `None` where its length is open; `None` where nothing is declared.
    pub(crate) shape: Option<Vec<Option<usize>>>,
}

/// The kind of numbers in a tensor, as far as encoders tell them apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    F32,
    F16,
    I32,
    I64,
    /// Any other, by its ONNX code.
    Other(i32),
    #[default]
    Undeclared,
}

impl Kind {
    fn of(code: i32) -> Kind {
        match code {
            0 => Kind::Undeclared,
            1 => Kind::F32,
            6 => Kind::I32,
            7 => Kind::I64,
            10 => Kind::F16,
            other => Kind::Other(other),
        }
    }
}

impl Facts {
    /// Reads them from the bytes of an `.onnx` file.
    pub(crate) fn read(bytes: &[u8]) -> Result<Facts, ProtobufError> {
        let model = Model::decode(ValueReader::from_buf(bytes))?;
        let standard = model
            .opsets
            .iter()
            .find(|o| ["", "ai.onnx"].contains(&o.domain.as_str()));
        let opset = standard.map(|o| o.version);
        let Graph {
            nodes,
            weights,
            mut inputs,
            outputs,
        } = model.graph;
        // Before version 4 of the format every weight was an input too.
        inputs.retain(|input| weights.iter().all(|weight| weight.name != input.name));
        let mut facts = Facts {
            operators: nodes.iter().map(|node| node.kind.clone()).collect(),
            nodes,
            inputs,
            outputs,
            opset,
            ..Facts::default()
        };
        for weight in weights {
            match facts
                .elements
                .iter_mut()
                .find(|(code, _)| *code == weight.data_type)
            {
                Some((_, elements)) => *elements += weight.elements,
                None => facts.elements.push((weight.data_type, weight.elements)),
            }
            facts.external_files.extend(weight.location);
        }
        facts.external_files.sort();
        facts.external_files.dedup();
        Ok(facts)
    }

    /// Whether some operator of the graph computes a value of this name.
    pub(crate) fn computes(&self, name: &str) -> bool {
        self.origin(name).is_some()
    }

    /// The operator that computes a value, and what it reads.
    pub(crate) fn origin(&self, name: &str) -> Option<(&str, &[String])> {
        let computes = |node: &&Operator| node.outputs.iter().any(|output| output == name);
        let node = self.nodes.iter().find(computes)?;
        Some((&node.kind, &node.inputs))
    }

    /// An operator's type with its node, which is called after its first output where it has no
    /// name: the first that `is` says yes to.
    pub(crate) fn operator(&self, is: impl Fn(&str) -> bool) -> Option<(&str, &str)> {
        // The longest, since a message about `FusedConv` names `Conv` too.
        let named = self.nodes.iter().filter(|node| is(&node.kind));
        let node = named.min_by_key(|node| Reverse(node.kind.len()))?;
        let output = node.outputs.first().map_or("", String::as_str);
        Some((&node.kind, node.name.as_deref().unwrap_or(output)))
    }

    /// The number format that most weights are stored in.
    pub(crate) fn precision(&self) -> String {
        let most = self.elements.iter().max_by_key(|(_, elements)| *elements);
        match most.map(|(code, _)| *code) {
            Some(1) => "f32".to_owned(),
            Some(2) => "u8".to_owned(),
            Some(3) => "i8".to_owned(),
            Some(10) => "f16".to_owned(),
            Some(11) => "f64".to_owned(),
            Some(16) => "bf16".to_owned(),
            Some(code) => format!("onnx type {code}"),
            None => "no weights".to_owned(),
        }
    }
}

#[derive(Default)]
struct Model {
    graph: Graph,
    opsets: Vec<Opset>,
}

#[derive(Default)]
struct Opset {
    domain: String,
    version: i64,
}

#[derive(Default)]
struct Graph {
    nodes: Vec<Operator>,
    weights: Vec<Weight>,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
}

#[derive(Debug, Default)]
struct Operator {
    kind: String,
    inputs: Vec<String>,
    name: Option<String>,
    outputs: Vec<String>,
}

/// The type and shape of a tensor; those of other things are left out.
#[derive(Default)]
struct TensorType {
    code: i32,
    shape: Option<Vec<Option<usize>>>,
}

/// A message of which one field is of interest.
#[derive(Default)]
struct Inner<const FIELD: u64, T>(T);

#[derive(Default)]
struct Axes(Vec<Option<usize>>);

#[derive(Default)]
struct Axis(Option<usize>);

#[derive(Default)]
struct Weight {
    name: String,
    data_type: i32,
    elements: u64,
    location: Option<String>,
}

#[derive(Default)]
struct Entry {
    key: String,
    value: String,
}

// Field numbers are those of onnx.proto3.

impl DecodeMessage for Model {
    type Types = OwnedValues;

    fn decode_fields<R: ReadValue<Types = OwnedValues>>(
        mut fields: Fields<R>,
    ) -> Result<Model, ProtobufError> {
        let mut model = Model::default();
        while let Some(mut field) = fields.next()? {
            match field.number() {
                7 => model.graph = Graph::decode_field(&mut field)?,
                8 => model.opsets.push(Opset::decode_field(&mut field)?),
                _ => field.skip()?,
            }
        }
        Ok(model)
    }
}

impl DecodeMessage for Opset {
    type Types = OwnedValues;

    fn decode_fields<R: ReadValue<Types = OwnedValues>>(
        mut fields: Fields<R>,
    ) -> Result<Opset, ProtobufError> {
        let mut opset = Opset::default();
        while let Some(mut field) = fields.next()? {
            match field.number() {
                1 => opset.domain = field.read_string()?,
                2 => opset.version = field.get_int64()?,
                _ => field.skip()?,
            }
        }
        Ok(opset)
    }
}

impl DecodeMessage for Graph {
    type Types = OwnedValues;

    fn decode_fields<R: ReadValue<Types = OwnedValues>>(
        mut fields: Fields<R>,
    ) -> Result<Graph, ProtobufError> {
        let mut graph = Graph::default();
        while let Some(mut field) = fields.next()? {
            match field.number() {
                1 => graph.nodes.push(Operator::decode_field(&mut field)?),
                5 => graph.weights.push(Weight::decode_field(&mut field)?),
                11 => graph.inputs.push(Port::decode_field(&mut field)?),
                12 => graph.outputs.push(Port::decode_field(&mut field)?),
                _ => field.skip()?,
            }
        }
        Ok(graph)
    }
}

impl DecodeMessage for Operator {
    type Types = OwnedValues;

    fn decode_fields<R: ReadValue<Types = OwnedValues>>(
        mut fields: Fields<R>,
    ) -> Result<Operator, ProtobufError> {
        let mut operator = Operator::default();
        while let Some(mut field) = fields.next()? {
            match field.number() {
                1 => operator.inputs.push(field.read_string()?),
                2 => operator.outputs.push(field.read_string()?),
                3 => operator.name = Some(field.read_string()?).filter(|name| !name.is_empty()),
                4 => operator.kind = field.read_string()?,
                _ => field.skip()?,
            }
        }
        Ok(operator)
    }
}

impl DecodeMessage for Port {
    type Types = OwnedValues;

    fn decode_fields<R: ReadValue<Types = OwnedValues>>(
        mut fields: Fields<R>,
    ) -> Result<Port, ProtobufError> {
        let mut port = Port::default();
        while let Some(mut field) = fields.next()? {
            match field.number() {
                1 => port.name = field.read_string()?,
                2 => {
                    let Inner::<1, TensorType>(tensor) = Inner::decode_field(&mut field)?;
                    port.kind = Kind::of(tensor.code);
                    port.shape = tensor.shape;
                }
                _ => field.skip()?,
            }
        }
        Ok(port)
    }
}

impl<const FIELD: u64, T> DecodeMessage for Inner<FIELD, T>
where
    T: DecodeMessage<Types = OwnedValues> + Default,
{
    type Types = OwnedValues;

    fn decode_fields<R: ReadValue<Types = OwnedValues>>(
        mut fields: Fields<R>,
    ) -> Result<Inner<FIELD, T>, ProtobufError> {
        let mut inner = Inner::default();
        while let Some(mut field) = fields.next()? {
            match field.number() {
                number if number == FIELD => inner = Inner(T::decode_field(&mut field)?),
                _ => field.skip()?,
            }
        }
        Ok(inner)
    }
}

impl DecodeMessage for TensorType {
    type Types = OwnedValues;

    fn decode_fields<R: ReadValue<Types = OwnedValues>>(
        mut fields: Fields<R>,
    ) -> Result<TensorType, ProtobufError> {
        let mut tensor = TensorType::default();
        while let Some(mut field) = fields.next()? {
            match field.number() {
                1 => tensor.code = field.get_enum()?,
                2 => tensor.shape = Some(Axes::decode_field(&mut field)?.0),
                _ => field.skip()?,
            }
        }
        Ok(tensor)
    }
}

impl DecodeMessage for Axes {
    type Types = OwnedValues;

    fn decode_fields<R: ReadValue<Types = OwnedValues>>(
        mut fields: Fields<R>,
    ) -> Result<Axes, ProtobufError> {
        let mut axes = Axes::default();
        while let Some(mut field) = fields.next()? {
            match field.number() {
                1 => axes.0.push(Axis::decode_field(&mut field)?.0),
                _ => field.skip()?,
            }
        }
        Ok(axes)
    }
}

impl DecodeMessage for Axis {
    type Types = OwnedValues;

    fn decode_fields<R: ReadValue<Types = OwnedValues>>(
        mut fields: Fields<R>,
    ) -> Result<Axis, ProtobufError> {
        let mut axis = Axis::default();
        while let Some(mut field) = fields.next()? {
            match field.number() {
                // Some exporters write -1 for a length that is open.
                1 => {
                    let length = usize::try_from(field.get_int64()?).ok();
                    axis.0 = length.filter(|length| *length > 0);
                }
                _ => field.skip()?,
            }
        }
        Ok(axis)
    }
}

impl DecodeMessage for Weight {
    type Types = OwnedValues;

    fn decode_fields<R: ReadValue<Types = OwnedValues>>(
        mut fields: Fields<R>,
    ) -> Result<Weight, ProtobufError> {
        let mut weight = Weight {
            elements: 1,
            ..Weight::default()
        };
        while let Some(mut field) = fields.next()? {
            match field.number() {
                1 => {
                    for side in field.read_repeated_int64()? {
                        weight.elements = weight.elements.saturating_mul(side?.max(0) as u64);
                    }
                }
                2 => weight.data_type = field.get_enum()?,
                8 => weight.name = field.read_string()?,
                13 => {
                    let entry = Entry::decode_field(&mut field)?;
                    if entry.key == "location" {
                        weight.location = Some(entry.value);
                    }
                }
                _ => field.skip()?,
            }
        }
        Ok(weight)
    }
}

impl DecodeMessage for Entry {
    type Types = OwnedValues;

    fn decode_fields<R: ReadValue<Types = OwnedValues>>(
        mut fields: Fields<R>,
    ) -> Result<Entry, ProtobufError> {
        let mut entry = Entry::default();
        while let Some(mut field) = fields.next()? {
            match field.number() {
                1 => entry.key = field.read_string()?,
                2 => entry.value = field.read_string()?,
                _ => field.skip()?,
            }
        }
        Ok(entry)
    }
}
