//! Embeddings in requests: as numbers, or as the bytes that they are.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// An embedding: a list of numbers, or the Base64 of its little-endian f32, which is shorter and sooner read.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct Vector(pub(crate) Vec<f32>);

impl<'de> Deserialize<'de> for Vector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Vector, D::Error> {
        deserializer.deserialize_any(Numbers)
    }
}

struct Numbers;

/// The longest that an index takes.
const MOST: usize = 65_536;

impl<'de> Visitor<'de> for Numbers {
    type Value = Vector;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "a list of at most {MOST} numbers, or the Base64 of as many little-endian f32"
        )
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Vector, A::Error> {
        let mut numbers = Vec::new();
        while let Some(number) = sequence.next_element()? {
            if numbers.len() == MOST {
                return Err(serde::de::Error::invalid_length(MOST + 1, &self));
            }
            numbers.push(number);
        }
        Ok(Vector(numbers))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vector, E> {
        let bytes = STANDARD.decode(text).ok();
        let bytes = bytes.filter(|bytes| bytes.len() % 4 == 0 && bytes.len() <= 4 * MOST);
        let bytes = bytes
            .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(shortened(text)), &self))?;
        let numbers = bytes.chunks_exact(4);
        // Each chunk has 4 bytes.
        let number = |four: &[u8]| f32::from_le_bytes([four[0], four[1], four[2], four[3]]);
        Ok(Vector(numbers.map(number).collect()))
    }
}

/// Enough of a text to know it again.
fn shortened(text: &str) -> &str {
    let end = text.char_indices().nth(20).map_or(text.len(), |(at, _)| at);
    &text[..end]
}

impl PartialSchema for Vector {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(Type::Number);
        let list = ArrayBuilder::new().items(number);
        let text = ObjectBuilder::new()
            .schema_type(Type::String)
            .content_encoding("base64")
            .description(Some("Base64 of little-endian f32"));
        let either = OneOfBuilder::new().item(list).item(text);
        RefOr::T(Schema::OneOf(either.build()))
    }
}

impl ToSchema for Vector {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_their_bytes_are_the_same() {
        let check = |json: &str, expected: Option<&[f32]>| {
            let read = serde_json::from_str::<Vector>(json).ok();
            assert_eq!(
                read.as_ref().map(|vector| &vector.0[..]),
                expected,
                "{json}"
            );
        };
        check("[1, -0.5]", Some(&[1.0, -0.5]));
        // 00 00 80 3f, 00 00 00 bf
        check("\"AACAPwAAAL8=\"", Some(&[1.0, -0.5]));
        check("[]", Some(&[]));
        check("\"\"", Some(&[]));
        check("\"AACAPwAA\"", None);
        check("\"not Base64!\"", None);
        check("[\"1\"]", None);
        check("1", None);
    }
}
