//! Protocol Buffers messages taken apart and put together again without losing a field that
//! nobody here knows: what a rewrite does not touch comes out byte for byte as it went in.
//!
//! The encoding is that of <https://protobuf.dev/programming-guides/encoding/>.

use std::borrow::Cow;

use thiserror::Error;

/// The fields of one message, in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Message<'b> {
    pub(crate) fields: Vec<Field<'b>>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field<'b> {
    pub(crate) number: u32,
    pub(crate) value: Value<'b>,
}

/// What stands behind a tag; an inner message, a string and a packed list are all bytes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'b> {
    Varint(u64),
    Fixed64([u8; 8]),
    Bytes(Cow<'b, [u8]>),
    Fixed32([u8; 4]),
}

/// The bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the file is cut off or is no Protocol Buffers message (at byte {at} of a part of {of})")]
pub struct Malformed {
    at: usize,
    of: usize,
}

impl<'b> Message<'b> {
    pub(crate) fn parse(bytes: &'b [u8]) -> Result<Message<'b>, Malformed> {
        let mut reader = Reader { bytes, at: 0 };
        let mut fields = Vec::new();
        while reader.at < bytes.len() {
            fields.push(reader.field()?);
        }
        Ok(Message { fields })
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        for Field { number, value } in &self.fields {
            let tag = |wire_type: u64| u64::from(*number) << 3 | wire_type;
            match value {
                Value::Varint(number) => {
                    write_varint(tag(0), out);
                    write_varint(*number, out);
                }
                Value::Fixed64(bytes) => {
                    write_varint(tag(1), out);
                    out.extend(bytes);
                }
                Value::Bytes(bytes) => {
                    write_varint(tag(2), out);
                    write_varint(bytes.len() as u64, out);
                    out.extend_from_slice(bytes);
                }
                Value::Fixed32(bytes) => {
                    write_varint(tag(5), out);
                    out.extend(bytes);
                }
            }
        }
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(&mut bytes);
        bytes
    }

    /// Every value of one field, as bytes.
    pub(crate) fn all(&self, number: u32) -> impl Iterator<Item = &[u8]> {
        self.fields
            .iter()
            .filter_map(move |field| match &field.value {
                Value::Bytes(bytes) if field.number == number => Some(bytes.as_ref()),
                _ => None,
            })
    }

    /// The last value of a field, which is the one that counts.
    pub(crate) fn bytes(&self, number: u32) -> Option<&[u8]> {
        self.all(number).last()
    }

    pub(crate) fn text(&self, number: u32) -> Option<String> {
        self.bytes(number)
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    pub(crate) fn texts(&self, number: u32) -> Vec<String> {
        self.all(number)
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            .collect()
    }

    pub(crate) fn integer(&self, number: u32) -> Option<i64> {
        self.fields
            .iter()
            .rev()
            .find_map(|field| match field.value {
                Value::Varint(value) if field.number == number => Some(value as i64),
                _ => None,
            })
    }

    /// A repeated integer, packed or one by one.
    pub(crate) fn integers(&self, number: u32) -> Result<Vec<i64>, Malformed> {
        let mut values = Vec::new();
        for field in self.fields.iter().filter(|field| field.number == number) {
            match &field.value {
                Value::Varint(value) => values.push(*value as i64),
                Value::Bytes(bytes) => {
                    let mut reader = Reader { bytes, at: 0 };
                    while reader.at < bytes.len() {
                        values.push(reader.varint()? as i64);
                    }
                }
                Value::Fixed32(_) | Value::Fixed64(_) => {}
            }
        }
        Ok(values)
    }

    pub(crate) fn float(&self, number: u32) -> Option<f32> {
        self.fields
            .iter()
            .rev()
            .find_map(|field| match field.value {
                Value::Fixed32(bytes) if field.number == number => Some(f32::from_le_bytes(bytes)),
                _ => None,
            })
    }

    pub(crate) fn push_text(&mut self, number: u32, text: &str) {
        self.push_bytes(number, text.as_bytes().to_vec());
    }

    pub(crate) fn push_bytes(&mut self, number: u32, bytes: Vec<u8>) {
        let value = Value::Bytes(Cow::Owned(bytes));
        self.fields.push(Field { number, value });
    }

    pub(crate) fn push_integer(&mut self, number: u32, integer: i64) {
        let value = Value::Varint(integer as u64);
        self.fields.push(Field { number, value });
    }

    pub(crate) fn remove(&mut self, number: u32) {
        self.fields.retain(|field| field.number != number);
    }
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Reader<'b> {
    fn field(&mut self) -> Result<Field<'b>, Malformed> {
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).map_err(|_| self.malformed())?;
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => Value::Fixed64(self.array()?),
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| self.malformed())?;
                Value::Bytes(Cow::Borrowed(self.take(length)?))
            }
            5 => Value::Fixed32(self.array()?),
            _ => return Err(self.malformed()),
        };
        if number == 0 {
            return Err(self.malformed());
        }
        Ok(Field { number, value })
    }

    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.malformed())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let malformed = self.malformed();
        self.take(N)?.try_into().map_err(|_| malformed)
    }

    fn take(&mut self, length: usize) -> Result<&'b [u8], Malformed> {
        let end = self.at.checked_add(length).ok_or(self.malformed())?;
        let taken = self.bytes.get(self.at..end).ok_or(self.malformed())?;
        self.at = end;
        Ok(taken)
    }

    fn malformed(&self) -> Malformed {
        Malformed {
            at: self.at,
            of: self.bytes.len(),
        }
    }
}

fn write_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_byte_for_byte() {
        // Field 1 = 300; field 2 = "onnx"; field 3, fixed32; field 20, fixed64.
        let mut bytes = vec![0x08, 0xac, 0x02, 0x12, 4];
        bytes.extend(b"onnx\x1d\x00\x00\x80\x3f\xa1\x01");
        bytes.extend(7u64.to_le_bytes());
        let message = Message::parse(&bytes).unwrap();
        assert_eq!(message.integer(1), Some(300));
        assert_eq!(message.text(2).as_deref(), Some("onnx"));
        assert_eq!(message.float(3), Some(1.0));
        assert_eq!(message.into_bytes(), bytes);
    }

    #[test]
    fn integers_may_be_packed_or_not_and_negative() {
        let mut message = Message::default();
        message.push_integer(8, -1);
        message.push_bytes(8, vec![3, 0x80, 0x01]);
        assert_eq!(message.integers(8), Ok(vec![-1, 3, 128]));
    }

    #[test]
    fn a_cut_or_senseless_message_is_refused() {
        let rows: [&[u8]; 6] = [
            &[0x08],
            &[0x12, 5, 1],
            &[0x0b],
            &[0x02, 0],
            &[0x1d, 1, 2],
            &[0xff; 11],
        ];
        for bytes in rows {
            assert!(Message::parse(bytes).is_err(), "{bytes:?}");
        }
    }
}
