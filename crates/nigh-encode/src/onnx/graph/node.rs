use crate::onnx::wire::{Malformed, Message};

const INPUTS: u32 = 1;
const OUTPUTS: u32 = 2;
const NAME: u32 = 3;
const OPERATOR: u32 = 4;
const ATTRIBUTES: u32 = 5;
const DOMAIN: u32 = 7;
const ATTRIBUTE_TYPE: u32 = 20;

/// One operator with the names of the values that it takes and gives.
#[derive(Clone, Debug)]
pub(crate) struct Node<'b> {
    pub(crate) inputs: Vec<String>,
    pub(crate) outputs: Vec<String>,
    pub(crate) operator: String,
    /// All other fields: name, attributes, domain, documentation.
    rest: Message<'b>,
}

/// What an operator is told besides its inputs.
#[derive(Clone, Debug)]
pub(crate) enum Attribute {
    Integer(i64),
    Integers(Vec<i64>),
}

impl<'b> Node<'b> {
    pub(crate) fn new(operator: &str, inputs: &[&str], output: &str) -> Node<'b> {
        let mut rest = Message::default();
        rest.push_text(NAME, output);
        Node {
            inputs: inputs.iter().map(|&name| name.to_owned()).collect(),
            outputs: vec![output.to_owned()],
            operator: operator.to_owned(),
            rest,
        }
    }

    /// The same node with one more attribute.
    pub(crate) fn with(mut self, name: &str, attribute: Attribute) -> Node<'b> {
        let mut message = Message::default();
        message.push_text(1, name);
        match attribute {
            Attribute::Integer(integer) => {
                message.push_integer(3, integer);
                message.push_integer(ATTRIBUTE_TYPE, 2);
            }
            Attribute::Integers(integers) => {
                for integer in integers {
                    message.push_integer(8, integer);
                }
                message.push_integer(ATTRIBUTE_TYPE, 7);
            }
        }
        self.rest.push_bytes(ATTRIBUTES, message.into_bytes());
        self
    }

    pub(super) fn parse(bytes: &'b [u8]) -> Result<Node<'b>, Malformed> {
        let mut rest = Message::parse(bytes)?;
        let node = Node {
            inputs: rest.texts(INPUTS),
            outputs: rest.texts(OUTPUTS),
            operator: rest.text(OPERATOR).unwrap_or_default(),
            rest: Message::default(),
        };
        rest.fields
            .retain(|f| ![INPUTS, OUTPUTS, OPERATOR].contains(&f.number));
        Ok(Node { rest, ..node })
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        let mut message = Message::default();
        for input in &self.inputs {
            message.push_text(INPUTS, input);
        }
        for output in &self.outputs {
            message.push_text(OUTPUTS, output);
        }
        message.push_text(OPERATOR, &self.operator);
        message.fields.extend(self.rest.fields);
        message.into_bytes()
    }

    /// True for operators of the standard itself.
    pub(crate) fn is(&self, operator: &str) -> bool {
        let domain = self.rest.text(DOMAIN).unwrap_or_default();
        self.operator == operator && ["", "ai.onnx"].contains(&domain.as_str())
    }

    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        self.attribute(name)?.integer(3)
    }

    pub(crate) fn float(&self, name: &str) -> Option<f32> {
        self.attribute(name)?.float(2)
    }

    pub(crate) fn integers(&self, name: &str) -> Option<Vec<i64>> {
        self.attribute(name)?.integers(8).ok()
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.attribute(name)?.text(4)
    }

    /// The bytes of the tensor that a `Constant` holds.
    pub(crate) fn tensor(&self, name: &str) -> Option<Vec<u8>> {
        self.attribute(name)?.bytes(5).map(<[u8]>::to_vec)
    }

    fn attribute(&self, name: &str) -> Option<Message<'_>> {
        let attributes = self.rest.all(ATTRIBUTES);
        let mut parsed = attributes.filter_map(|bytes| Message::parse(bytes).ok());
        parsed.find(|attribute| attribute.text(1).as_deref() == Some(name))
    }

    /// Values that the graphs inside this node (the branches of an `If`, the body of a `Loop`) may
    /// take from outside.
    pub(super) fn captured(&self) -> Result<Vec<String>, Malformed> {
        let mut names = Vec::new();
        for attribute in self.rest.all(ATTRIBUTES) {
            let attribute = Message::parse(attribute)?;
            for graph in attribute.all(6).chain(attribute.all(11)) {
                for node in Message::parse(graph)?.all(super::GRAPH_NODES) {
                    let node = Message::parse(node)?;
                    names.extend(node.texts(INPUTS));
                    names.extend(Node::parse(&node.into_bytes())?.captured()?);
                }
                for output in Message::parse(graph)?.all(super::GRAPH_OUTPUTS) {
                    names.extend(Message::parse(output)?.text(1));
                }
            }
        }
        Ok(names)
    }
}
