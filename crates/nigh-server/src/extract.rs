//! What a request brings, with errors in our shape.

use std::marker::PhantomData;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::error::ApiError;

/// A body of JSON.
pub(crate) struct ApiJson<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for ApiJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let kind = content_type(&request);
        if !kind.starts_with("application/json") {
            let message = format!("expected content-type application/json, received {kind:?}");
            return Err(ApiError::media_type(message));
        }
        let body = body(request, state).await?;
        aside(body.len(), || parse(&body)).map(ApiJson)
    }
}

/// A query string.
pub(crate) struct ApiQuery<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for ApiQuery<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        let query = query.map_err(|error| ApiError::bad("bad_query", error.body_text()))?;
        Ok(ApiQuery(query.0))
    }
}

/// Parts of the path.
pub(crate) struct ApiPath<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for ApiPath<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        let path = path.map_err(|error| ApiError::bad("bad_path", error.body_text()))?;
        Ok(ApiPath(path.0))
    }
}

/// What the request says of its body; empty where it says nothing.
pub(crate) fn content_type(request: &Request) -> String {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.to_ascii_lowercase()
}

pub(crate) async fn body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, ApiError> {
    Bytes::from_request(request, state).await.map_err(of_bytes)
}

fn of_bytes(error: BytesRejection) -> ApiError {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            ApiError::too_large("the request is larger than the server takes (limits.body_bytes)")
        }
        _ => ApiError::bad("bad_body", error.body_text()),
    }
}

/// Bytes that are read in less time than it takes another thread to take the sockets over.
const SHORT: usize = 64 << 10;

/// Reads so many bytes; where they are many, another thread serves the sockets meanwhile.
pub(crate) fn aside<T>(bytes: usize, read: impl FnOnce() -> T) -> T {
    match bytes < SHORT {
        true => read(),
        false => tokio::task::block_in_place(read),
    }
}

/// A JSON object, with the field in the error where the parser names one.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let parsed = serde_json::from_slice(bytes).map(|Object(value)| value);
    parsed.map_err(|error| {
        // It may say again what it could not read, however long that is.
        let message = shortened(&error.to_string());
        // "unknown field `x`", "missing field `x`", "duplicate field `x`".
        let named = message.split_once(" field `").map(|(_, rest)| rest);
        let named = named
            .and_then(|rest| rest.split('`').next())
            .map(str::to_owned);
        let error = ApiError::bad("bad_json", message);
        match named {
            Some(field) => error.field(field),
            None => error,
        }
    })
}

/// So many characters of a text at most, which say what it is about.
pub(crate) fn shortened(text: &str) -> String {
    const SHOWN: usize = 300;
    let end = text.char_indices().nth(SHOWN);
    match end {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// What is read from an object alone; serde would take a list of its fields as well, in an order that nobody has promised.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfObject<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for OfObject<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(OfObject(PhantomData))
    }
}

/// A field that is an object.
pub(crate) fn object<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Object::deserialize(deserializer).map(|Object(value)| value)
}

/// The same where null stands for none.
pub(crate) fn some_object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let read = Option::<Object<T>>::deserialize(deserializer)?;
    Ok(read.map(|Object(value)| value))
}

/// A list of at most `N` objects.
pub(crate) fn objects<'de, D, T, const N: usize>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let read = at_most::<D, Object<T>, N>(deserializer)?;
    Ok(read.into_iter().map(|Object(value)| value).collect())
}

/// The same where null stands for none.
pub(crate) fn some_objects<'de, D, T, const N: usize>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Objects<T, const N: usize>(Vec<T>);

    impl<'de, T: Deserialize<'de>, const N: usize> Deserialize<'de> for Objects<T, N> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            objects::<D, T, N>(deserializer).map(Objects)
        }
    }
    let read = Option::<Objects<T, N>>::deserialize(deserializer)?;
    Ok(read.map(|Objects(list)| list))
}

/// A list of at most `N`: a longer one is refused before it takes the memory.
pub(crate) fn at_most<'de, D, T, const N: usize>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct AtMost<T, const N: usize>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>, const N: usize> Visitor<'de> for AtMost<T, N> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "a list of at most {N}")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Vec<T>, A::Error> {
            let mut list = Vec::new();
            while let Some(value) = sequence.next_element()? {
                if list.len() == N {
                    return Err(serde::de::Error::invalid_length(N + 1, &self));
                }
                list.push(value);
            }
            Ok(list)
        }
    }
    deserializer.deserialize_seq(AtMost::<T, N>(PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Outer {
        name: String,
        #[serde(deserialize_with = "object")]
        inner: Inner,
        #[serde(deserialize_with = "objects::<_, _, 2>")]
        list: Vec<Inner>,
        #[serde(deserialize_with = "some_objects::<_, _, 2>")]
        some: Option<Vec<Inner>>,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Inner {
        n: u32,
    }

    #[test]
    fn objects_are_objects() {
        let rows = [
            (
                "{\"name\":\"a\",\"inner\":{\"n\":1},\"list\":[{\"n\":2}]}",
                None,
            ),
            (
                "[\"a\"]",
                Some("invalid type: sequence, expected an object"),
            ),
            (
                "{\"inner\":[1]}",
                Some("invalid type: sequence, expected an object"),
            ),
            (
                "{\"list\":[[1]]}",
                Some("invalid type: sequence, expected an object"),
            ),
            (
                "{\"list\":[{},{},{}]}",
                Some("invalid length 3, expected a list of at most 2"),
            ),
            ("{\"some\":null}", None),
            ("{\"some\":[{\"n\":1}]}", None),
            (
                "{\"some\":[1]}",
                Some("invalid type: integer `1`, expected an object"),
            ),
            ("{\"inner\":{\"m\":1}}", Some("unknown field `m`")),
            ("{", Some("EOF")),
        ];
        let wrong: Vec<_> = rows
            .iter()
            .filter(|(text, expected)| {
                let found = parse::<Outer>(text.as_bytes()).err();
                match (found, expected) {
                    (None, None) => false,
                    (Some(error), Some(part)) => !error.message().contains(part),
                    _ => true,
                }
            })
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
