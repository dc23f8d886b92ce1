use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use thiserror::Error;

use super::choices::{Channels, Filter, Layout, Pool, Resize};

/// How a model wants its input, as the JSON file `<model>.onnx.json` beside it says.
///
/// Every key is optional: what is missing is taken from the model where the model tells, and
/// from defaults otherwise (see [`OnnxEncoder::assumed`](crate::OnnxEncoder::assumed)). A pixel
/// value `v` of 0 to 255 enters the model as `(v × rescale − mean) / std`, with `mean` and `std`
/// given per channel in the order that `channels` puts them.
///
/// ```
/// use nigh_encode::{Resize, Sidecar};
///
/// let sidecar = Sidecar::parse(r#"{ "output": "embedding", "size": [224, 224], "resize": "crop" }"#)?;
/// assert_eq!(sidecar.resize, Some(Resize::Crop));
///
/// let error = Sidecar::parse(r#"{ "resize": "squash" }"#).unwrap_err();
/// assert!(error.to_string().starts_with("key \"resize\": \"squash\" is not one of"));
/// # Ok::<(), nigh_encode::SidecarError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sidecar {
    /// Name of the input that takes the picture.
    pub input: Option<String>,
    /// Name of the output, or of any inner value, to use as embedding.
    pub output: Option<String>,
    /// How inner axes of the output are reduced; JSON `null` is `none`.
    pub pool: Option<Pool>,
    /// Numbers in one embedding, checked against the model.
    pub dimension: Option<usize>,
    /// Height and width of the model's input in pixels.
    pub size: Option<[usize; 2]>,
    /// How the picture is brought to that size.
    pub resize: Option<Resize>,
    /// For `crop`: what the shorter side is scaled to first; the larger of `size` by default.
    pub shorter_side: Option<usize>,
    /// For `pad`: red, green and blue around the picture; white by default.
    pub background: Option<[u8; 3]>,
    /// The resampling filter.
    pub filter: Option<Filter>,
    /// The order of the colour channels.
    pub channels: Option<Channels>,
    /// The order of the input's axes.
    pub layout: Option<Layout>,
    /// What a pixel value is multiplied with.
    pub rescale: Option<f64>,
    /// What is then subtracted, per channel.
    pub mean: Option<[f64; 3]>,
    /// What is then divided by, per channel.
    pub std: Option<[f64; 3]>,
    /// The licence of the weights, for people.
    pub licence: Option<String>,
    /// Where the weights come from, for people.
    pub source: Option<String>,
}

/// Why a sidecar cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SidecarError {
    /// Not a JSON object.
    #[error("expected a JSON object: {reason}")]
    NotAnObject {
        /// What the parser says, with line and column.
        reason: String,
    },
    /// A key that means nothing here.
    #[error("unknown key {key:?}, known are {}", KEYS.join(", "))]
    UnknownKey {
        /// The key.
        key: String,
    },
    /// A value of the wrong type or out of range.
    #[error("key {key:?}: {reason}")]
    Value {
        /// The key.
        key: &'static str,
        /// What was received and what was expected.
        reason: String,
    },
}

const KEYS: [&str; 16] = [
    "input",
    "output",
    "pool",
    "dimension",
    "size",
    "resize",
    "shorter_side",
    "background",
    "filter",
    "channels",
    "layout",
    "rescale",
    "mean",
    "std",
    "licence",
    "source",
];

/// Beyond this a model's input is a typing error rather than a picture.
const MAX_SIDE: usize = 8192;

impl Sidecar {
    /// Reads the JSON text of a sidecar.
    ///
    /// # Errors
    /// [`SidecarError`] names the key and the value received.
    pub fn parse(text: &str) -> Result<Sidecar, SidecarError> {
        let mut keys: Map<String, Value> =
            serde_json::from_str(text).map_err(|error| SidecarError::NotAnObject {
                reason: error.to_string(),
            })?;
        if keys.get("pool").is_some_and(Value::is_null) {
            keys.insert("pool".to_owned(), Pool::None.to_string().into());
        }
        let keys = &mut keys;
        let sidecar = Sidecar {
            input: take(keys, "input", "a name")?,
            output: take(keys, "output", "a name")?,
            pool: take_choice(keys, "pool", Pool::WORDS)?,
            dimension: take(keys, "dimension", "a count")?,
            size: take(keys, "size", "[height, width]")?,
            resize: take_choice(keys, "resize", Resize::WORDS)?,
            shorter_side: take(keys, "shorter_side", "pixels")?,
            background: take(keys, "background", "[red, green, blue] of 0 to 255")?,
            filter: take_choice(keys, "filter", Filter::WORDS)?,
            channels: take_choice(keys, "channels", Channels::WORDS)?,
            layout: take_choice(keys, "layout", Layout::WORDS)?,
            rescale: take(keys, "rescale", "a number")?,
            mean: take(keys, "mean", "three numbers")?,
            std: take(keys, "std", "three numbers")?,
            licence: take(keys, "licence", "text")?,
            source: take(keys, "source", "text")?,
        };
        match keys.keys().next() {
            Some(key) => Err(SidecarError::UnknownKey { key: key.clone() }),
            None => sidecar.check().map(|()| sidecar),
        }
    }

    /// The JSON object that [`Sidecar::parse`] reads back: the keys that are set.
    #[must_use]
    pub fn to_json(&self) -> Value {
        fn word(choice: Option<impl ToString>) -> Value {
            json!(choice.map(|choice| choice.to_string()))
        }
        let mut keys = json!({
            "input": self.input,
            "output": self.output,
            "pool": word(self.pool),
            "dimension": self.dimension,
            "size": self.size,
            "resize": word(self.resize),
            "shorter_side": self.shorter_side,
            "background": self.background,
            "filter": word(self.filter),
            "channels": word(self.channels),
            "layout": word(self.layout),
            "rescale": self.rescale,
            "mean": self.mean,
            "std": self.std,
            "licence": self.licence,
            "source": self.source,
        });
        if let Value::Object(keys) = &mut keys {
            keys.retain(|_, value| !value.is_null());
        }
        keys
    }

    /// This sidecar with every key that `over` sets replaced.
    #[must_use]
    pub fn overlaid(self, over: &Sidecar) -> Sidecar {
        let over = over.clone();
        Sidecar {
            input: over.input.or(self.input),
            output: over.output.or(self.output),
            pool: over.pool.or(self.pool),
            dimension: over.dimension.or(self.dimension),
            size: over.size.or(self.size),
            resize: over.resize.or(self.resize),
            shorter_side: over.shorter_side.or(self.shorter_side),
            background: over.background.or(self.background),
            filter: over.filter.or(self.filter),
            channels: over.channels.or(self.channels),
            layout: over.layout.or(self.layout),
            rescale: over.rescale.or(self.rescale),
            mean: over.mean.or(self.mean),
            std: over.std.or(self.std),
            licence: over.licence.or(self.licence),
            source: over.source.or(self.source),
        }
    }

    /// Whether a key of the file's is set.
    pub(super) fn has(&self, key: &str) -> bool {
        self.to_json().get(key).is_some()
    }

    /// Checks ranges, which overrides from outside may break as well as the file.
    pub(super) fn check(&self) -> Result<(), SidecarError> {
        let value = |key, reason: String| Err(SidecarError::Value { key, reason });
        if let Some([height, width]) = self.size
            && ![height, width]
                .iter()
                .all(|side| (1..=MAX_SIDE).contains(side))
        {
            return value(
                "size",
                format!("expected 1 to {MAX_SIDE}, received [{height}, {width}]"),
            );
        }
        if let Some(side) = self.shorter_side
            && !(1..=MAX_SIDE).contains(&side)
        {
            return value(
                "shorter_side",
                format!("expected 1 to {MAX_SIDE}, received {side}"),
            );
        }
        if let Some(std) = self.std
            && !std.iter().all(|s| s.is_finite() && *s != 0.0)
        {
            return value(
                "std",
                format!("expected numbers other than 0, received {std:?}"),
            );
        }
        if let Some(rescale) = self.rescale
            && !(rescale.is_finite() && rescale != 0.0)
        {
            return value(
                "rescale",
                format!("expected a number other than 0, received {rescale}"),
            );
        }
        Ok(())
    }
}

/// Takes a key out of the object; a missing or null one is `None`.
fn take<T: DeserializeOwned>(
    keys: &mut Map<String, Value>,
    key: &'static str,
    expected: &str,
) -> Result<Option<T>, SidecarError> {
    let Some(value) = keys.remove(key).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let received = value.to_string();
    serde_json::from_value(value)
        .map(Some)
        .map_err(|_| SidecarError::Value {
            key,
            reason: format!("expected {expected}, received {received}"),
        })
}

fn take_choice<T: std::str::FromStr<Err = super::choices::UnknownChoice>>(
    keys: &mut Map<String, Value>,
    key: &'static str,
    words: &str,
) -> Result<Option<T>, SidecarError> {
    take::<String>(keys, key, &format!("one of {words}"))?
        .map(|word| word.parse::<T>())
        .transpose()
        .map_err(|error| SidecarError::Value {
            key,
            reason: error.to_string(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_sidecars_name_key_and_value() {
        let rows = [
            (
                "[1]",
                "expected a JSON object: invalid type: sequence, expected a map at line 1 column 0",
            ),
            (
                "{",
                "expected a JSON object: EOF while parsing an object at line 1 column 1",
            ),
            (
                r#"{"sise": 3}"#,
                "unknown key \"sise\", known are input, output",
            ),
            (
                r#"{"size": 224}"#,
                "key \"size\": expected [height, width], received 224",
            ),
            (
                r#"{"size": [0, 224]}"#,
                "key \"size\": expected 1 to 8192, received [0, 224]",
            ),
            (
                r#"{"size": [1, 2, 3]}"#,
                "key \"size\": expected [height, width], received [1,2,3]",
            ),
            (
                r#"{"mean": ["a", 0, 0]}"#,
                "key \"mean\": expected three numbers, received [\"a\",0,0]",
            ),
            (
                r#"{"std": [1, 0, 1]}"#,
                "key \"std\": expected numbers other than 0, received [1.0, 0.0, 1.0]",
            ),
            (
                r#"{"rescale": 0}"#,
                "key \"rescale\": expected a number other than 0, received 0",
            ),
            (
                r#"{"dimension": -1}"#,
                "key \"dimension\": expected a count, received -1",
            ),
            (
                r#"{"channels": "RGB"}"#,
                "key \"channels\": \"RGB\" is not one of \"rgb\" \"bgr\"",
            ),
            (
                r#"{"pool": 3}"#,
                "key \"pool\": expected one of \"none\" \"mean\" \"first\", received 3",
            ),
        ];
        let wrong: Vec<String> = rows
            .iter()
            .map(|(text, expected)| {
                (
                    text,
                    expected,
                    Sidecar::parse(text).unwrap_err().to_string(),
                )
            })
            .filter(|(_, expected, error)| !error.starts_with(**expected))
            .map(|(text, expected, error)| format!("{text}: expected {expected}, said {error}"))
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn its_text_reads_back() {
        let text = r#"{"output": "e", "pool": "first", "dimension": 3, "size": [4, 5], "resize": "crop",
            "shorter_side": 6, "background": [1, 2, 3], "filter": "box", "channels": "bgr",
            "layout": "nhwc", "rescale": 0.1, "mean": [0.1, 0.2, 0.3], "std": [1, 2, 3],
            "input": "i", "licence": "MIT", "source": "here"}"#;
        let sidecar = Sidecar::parse(text).unwrap();
        let written = sidecar.to_json();
        assert_eq!(written.as_object().unwrap().len(), KEYS.len());
        assert_eq!(Sidecar::parse(&written.to_string()).unwrap(), sidecar);
        assert_eq!(Sidecar::default().to_json(), json!({}));
    }

    #[test]
    fn overrides_win_key_by_key() {
        let file = Sidecar::parse(r#"{"size": [8, 9], "pool": null, "channels": "bgr"}"#).unwrap();
        assert_eq!(file.pool, Some(Pool::None));
        let over = Sidecar {
            size: Some([4, 5]),
            ..Sidecar::default()
        };
        let both = file.overlaid(&over);
        assert_eq!(
            (both.size, both.channels),
            (Some([4, 5]), Some(Channels::Bgr))
        );
    }
}
