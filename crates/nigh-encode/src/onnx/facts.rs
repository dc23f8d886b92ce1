//! What a model file says about itself, read without its weights.

use rten_onnx::protobuf::ValueReader;
use rten_onnx::protobuf::{DecodeMessage, Fields, OwnedValues, ProtobufError, ReadValue};

/// The few fields of an ONNX file that the engine does not give back.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Version of the standard operators that the model was written for.
    pub(super) opset: Option<i64>,
    /// Operator types in graph order, with repeats.
    pub(super) operators: Vec<String>,
    /// The names that each of them reads and writes.
    pub(super) wires: Vec<Wires>,
    /// Elements of all weights per ONNX data type code.
    elements: Vec<(i32, u64)>,
    /// Files beside the model that hold weights, each once.
    pub(super) external_files: Vec<String>,
}

impl Facts {
    /// Reads them from the bytes of an `.onnx` file.
    pub(super) fn read(bytes: &[u8]) -> Result<Facts, ProtobufError> {
        let model = Model::decode(ValueReader::from_buf(bytes))?;
        let standard = model
            .opsets
            .iter()
            .find(|o| ["", "ai.onnx"].contains(&o.domain.as_str()));
        let opset = standard.map(|o| o.version);
        let mut facts = Facts {
            operators: model.graph.operators,
            wires: model.graph.wires,
            opset,
            ..Facts::default()
        };
        for weight in model.graph.weights {
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

    /// Numbers in all weights.
    pub(super) fn parameters(&self) -> u64 {
        self.elements
            .iter()
            .fold(0, |sum, (_, elements)| sum.saturating_add(*elements))
    }

    /// The number format that most weights are stored in.
    pub(super) fn precision(&self) -> String {
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

/// What an operator reads and writes, by name.
#[derive(Debug, Default)]
pub(super) struct Wires {
    pub(super) inputs: Vec<String>,
    pub(super) outputs: Vec<String>,
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
    operators: Vec<String>,
    wires: Vec<Wires>,
    weights: Vec<Weight>,
}

#[derive(Default)]
struct Operator {
    kind: String,
    wires: Wires,
}

#[derive(Default)]
struct Weight {
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
                1 => {
                    let operator = Operator::decode_field(&mut field)?;
                    graph.operators.push(operator.kind);
                    graph.wires.push(operator.wires);
                }
                5 => graph.weights.push(Weight::decode_field(&mut field)?),
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
                1 => operator.wires.inputs.push(field.read_string()?),
                2 => operator.wires.outputs.push(field.read_string()?),
                4 => operator.kind = field.read_string()?,
                _ => field.skip()?,
            }
        }
        Ok(operator)
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
