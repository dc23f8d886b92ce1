use std::borrow::Cow;
use std::path::Path;

use crate::onnx::file::weight_file;
use crate::onnx::wire::{Malformed, Message, Value};

const DIMS: u32 = 1;
const TYPE: u32 = 2;
const FLOATS: u32 = 4;
const INTEGERS: u32 = 5;
const NAME: u32 = 8;
const RAW: u32 = 9;
const EXTERNAL: u32 = 13;
const LOCATION: u32 = 14;

/// A constant tensor of the model.
#[derive(Clone, Debug)]
pub(crate) struct Weight<'b> {
    name: String,
    message: Message<'b>,
}

/// The number formats that are written here, with their codes in the standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    F32 = 1,
    U8 = 2,
    I8 = 3,
    I64 = 7,
    F16 = 10,
}

impl<'b> Weight<'b> {
    /// A tensor from its little-endian bytes.
    pub(crate) fn new(name: &str, dims: &[usize], element: Element, raw: Vec<u8>) -> Weight<'b> {
        let mut message = Message::default();
        for side in dims {
            message.push_integer(DIMS, *side as i64);
        }
        message.push_integer(TYPE, element as i64);
        message.push_text(NAME, name);
        message.push_bytes(RAW, raw);
        Weight {
            name: name.to_owned(),
            message,
        }
    }

    pub(crate) fn of_floats(name: &str, dims: &[usize], values: &[f32]) -> Weight<'b> {
        let raw = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        Weight::new(name, dims, Element::F32, raw)
    }

    pub(crate) fn parse(bytes: &'b [u8]) -> Result<Weight<'b>, Malformed> {
        let message = Message::parse(bytes)?;
        let name = message.text(NAME).unwrap_or_default();
        Ok(Weight { name, message })
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.message.into_bytes()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn is(&self, element: Element) -> bool {
        self.message.integer(TYPE) == Some(element as i64)
    }

    pub(crate) fn dims(&self) -> Vec<usize> {
        let dims = self.message.integers(DIMS).unwrap_or_default();
        dims.into_iter().map(|side| side.max(0) as usize).collect()
    }

    /// The numbers of an f32 or f16 tensor, row-major; `None` for other types and where the bytes
    /// do not match the shape. `folder` is where files of weights beside the model are.
    pub(crate) fn floats(&self, folder: &Path) -> std::io::Result<Option<Vec<f32>>> {
        let width = match self.message.integer(TYPE) {
            Some(1) => 4,
            Some(10) => 2,
            _ => return Ok(None),
        };
        let length = self.dims().iter().product::<usize>();
        let raw = self.raw(folder)?;
        let values: Vec<f32> = match (&raw, width) {
            (Some(raw), 4) => {
                let values = raw.as_chunks::<4>().0.iter();
                values.map(|bytes| f32::from_le_bytes(*bytes)).collect()
            }
            (Some(raw), _) => {
                let values = raw.as_chunks::<2>().0.iter();
                values
                    .map(|bytes| half::f16::from_le_bytes(*bytes).to_f32())
                    .collect()
            }
            (None, 4) => self.listed_floats(),
            (None, _) => {
                let bits = self.message.integers(INTEGERS).unwrap_or_default();
                let bits = bits.into_iter().map(|bits| bits as u16);
                bits.map(|bits| half::f16::from_bits(bits).to_f32())
                    .collect()
            }
        };
        Ok((values.len() == length).then_some(values))
    }

    fn listed_floats(&self) -> Vec<f32> {
        let fields = self.message.fields.iter().filter(|f| f.number == FLOATS);
        let bytes: Vec<u8> = fields
            .flat_map(|field| match &field.value {
                Value::Bytes(bytes) => bytes.to_vec(),
                Value::Fixed32(bytes) => bytes.to_vec(),
                Value::Varint(_) | Value::Fixed64(_) => Vec::new(),
            })
            .collect();
        let values = bytes.as_chunks::<4>().0.iter();
        values.map(|bytes| f32::from_le_bytes(*bytes)).collect()
    }

    /// The file beside the model that holds the numbers, where one does.
    pub(crate) fn file(&self) -> Option<String> {
        (self.message.integer(LOCATION) == Some(1)).then(|| self.told("location"))?
    }

    fn told(&self, key: &str) -> Option<String> {
        let entries = self.message.all(EXTERNAL);
        let mut entries = entries.filter_map(|bytes| Message::parse(bytes).ok());
        let entry = entries.find(|entry| entry.text(1).as_deref() == Some(key));
        entry.and_then(|entry| entry.text(2))
    }

    fn raw(&self, folder: &Path) -> std::io::Result<Option<Cow<'_, [u8]>>> {
        if self.message.integer(LOCATION) != Some(1) {
            return Ok(self.message.bytes(RAW).map(Cow::Borrowed));
        }
        let number = |key: &str| self.told(key).and_then(|text| text.parse::<u64>().ok());
        let file = self.told("location").unwrap_or_default();
        let offset = number("offset").unwrap_or(0);
        let place = weight_file(&folder.join("model.onnx"), &file)?;
        read_range(&place, offset, number("length")).map(|raw| Some(Cow::Owned(raw)))
    }

    /// The same tensor with its bytes inside the model instead of in a file beside it.
    pub(crate) fn inlined(mut self, folder: &Path) -> std::io::Result<Weight<'b>> {
        if self.message.integer(LOCATION) == Some(1)
            && let Some(raw) = self.raw(folder)?
        {
            let raw = raw.into_owned();
            for number in [EXTERNAL, LOCATION, RAW] {
                self.message.remove(number);
            }
            self.message.push_bytes(RAW, raw);
        }
        Ok(self)
    }
}

fn read_range(path: &Path, offset: u64, length: Option<u64>) -> std::io::Result<Vec<u8>> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = std::fs::File::open(path)?;
    let left = file.metadata()?.len().saturating_sub(offset);
    if length.is_some_and(|length| length > left) {
        let text = format!("{} ends before its weights do", path.display());
        return Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, text));
    }
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(length.unwrap_or(left)).read_to_end(&mut bytes)?;
    Ok(bytes)
}
