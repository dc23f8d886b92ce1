//! Which encoder a collection was made with, and how to open it again.

use std::path::{Path, PathBuf};

use nigh_encode::{
    Encoder, EncoderOptions, Fingerprint, Runtime, Sidecar, SidecarError, TextEncoder, TextError,
    TextFiles,
};
use nigh_store::Header;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::reduction::ReductionRecord;

mod location;

pub use location::{Located, is_model_name, locate};

/// The encoder of a collection, as it is stored in the collection's header.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EncoderRecord {
    /// `features`, the absolute path of an ONNX model or of a folder with one, or the name of a
    /// model in the folder of models.
    pub spec: String,
    /// The keys of the model's sidecar that were given another value.
    #[serde(default)]
    pub overrides: Map<String, Value>,
    /// What every embedding of the encoder depends on.
    pub fingerprint: Fingerprint,
    /// How the collection's embeddings are made of the encoder's, where they are shorter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reduction: Option<ReductionRecord>,
}

/// Why an encoder cannot be used with a collection.
#[derive(Debug, Error)]
pub enum EncoderError {
    /// It cannot be opened.
    #[error("cannot open the encoder {spec:?}: {source}")]
    Open {
        /// What was asked for.
        spec: String,
        /// Why.
        source: nigh_encode::OpenError,
    },
    /// Neither built in, nor a path, nor a model that is here.
    #[error("unknown encoder {spec:?}: {hint}")]
    Unknown {
        /// What was asked for.
        spec: String,
        /// What would help.
        hint: String,
    },
    /// A sidecar key or value that does not exist.
    #[error("the model's preprocessing: {0}")]
    Overrides(SidecarError),
    /// The collection's header does not say which encoder it has.
    #[error("the collection's header names no encoder that this version knows: {0}")]
    Record(serde_json::Error),
    /// The encoder knows pictures alone.
    #[error(
        "the collection's encoder {spec:?} has no words: searching by text needs a model of pictures and words \
         in one space, as CLIP, SigLIP or MobileCLIP. Import into a new folder with \
         --encoder …/vision_model.onnx, beside which text_model.onnx and tokenizer.json lie"
    )]
    NoWords {
        /// The collection's encoder.
        spec: String,
    },
    /// The text side of the collection's encoder cannot be used.
    #[error("the collection's encoder cannot take words: {0}")]
    Text(#[from] TextError),
    /// It is another one than the collection's.
    #[error(
        "the collection's embeddings were made with {stored}, and {spec:?} is another encoder: {difference}. \
         Embeddings of two encoders cannot be compared: leave out --encoder to use the collection's own, \
         or import into a new folder"
    )]
    Mismatch {
        /// What the collection has.
        stored: String,
        /// What was asked for.
        spec: String,
        /// How they differ.
        difference: String,
    },
}

/// How an encoder is asked for.
#[derive(Clone, Debug, Default)]
pub struct EncoderRequest {
    /// `features`, a model's path or its name; the collection's own where absent.
    pub spec: Option<String>,
    /// Keys of the model's sidecar that get another value: `{"resize": "crop"}`.
    pub overrides: Map<String, Value>,
    /// Threads that one call of the encoder computes with.
    pub threads_per_run: usize,
    /// What computes an ONNX model; no part of the collection, whatever it was made with.
    pub runtime: Runtime,
}

impl EncoderRecord {
    /// Opens an encoder for a new collection: `features` where none was asked for.
    pub fn create(request: &EncoderRequest) -> Result<(Encoder, Self), EncoderError> {
        let spec = absolute(request.spec.as_deref().unwrap_or("features"));
        let overrides = request.overrides.clone();
        let encoder = open(&spec, &overrides, request)?;
        let fingerprint = encoder.fingerprint().clone();
        Ok((
            encoder,
            Self {
                spec,
                overrides,
                fingerprint,
                reduction: None,
            },
        ))
    }

    /// Opens the collection's encoder, or the one asked for if it is the same.
    pub fn open(&self, request: &EncoderRequest) -> Result<Encoder, EncoderError> {
        let (spec, overrides) = match &request.spec {
            Some(spec) => (absolute(spec), request.overrides.clone()),
            None => (
                self.spec.clone(),
                merged(&self.overrides, &request.overrides),
            ),
        };
        let encoder = open(&spec, &overrides, request)?;
        match self.fingerprint.difference(encoder.fingerprint()) {
            None => Ok(encoder),
            Some(difference) => Err(EncoderError::Mismatch {
                stored: self.fingerprint.to_string(),
                spec,
                difference,
            }),
        }
    }

    /// Opens the text side of the collection's encoder, which lies beside its image model. Its
    /// embeddings may be searched with as those of pictures are.
    ///
    /// # Errors
    /// [`EncoderError::NoWords`] for an encoder without one, and [`EncoderError::Text`].
    pub fn open_text(&self, request: &EncoderRequest) -> Result<TextEncoder, EncoderError> {
        if request.spec.is_some() {
            // The text half of another model of as many numbers would give wrong hits.
            self.open(request)?;
        }
        let spec = request
            .spec
            .as_deref()
            .map_or_else(|| self.spec.clone(), absolute);
        let place = match locate(&spec)? {
            Located::BuiltIn => return Err(EncoderError::NoWords { spec }),
            Located::At(path) => path,
        };
        let options = EncoderOptions {
            threads_per_run: request.threads_per_run.max(1),
            runtime: request.runtime,
            ..EncoderOptions::default()
        };
        let dimension = self.fingerprint.dimension;
        Ok(TextEncoder::beside(&place, dimension, &options)?)
    }

    /// Whether the files of a text side lie beside the model. Opens none of them.
    #[must_use]
    pub fn has_words(&self) -> bool {
        match locate(&self.spec) {
            Ok(Located::At(path)) => TextFiles::beside(&path).is_ok(),
            Ok(Located::BuiltIn) | Err(_) => false,
        }
    }

    /// The record in a collection's header.
    pub fn of(header: &Header) -> Result<Self, EncoderError> {
        Self::of_value(&header.fingerprint)
    }

    /// The record of a generation of embeddings.
    pub(crate) fn of_value(fingerprint: &Value) -> Result<Self, EncoderError> {
        serde_json::from_value(fingerprint.clone()).map_err(EncoderError::Record)
    }
}

/// The encoder's fingerprint, and how its embeddings are reduced.
impl std::fmt::Display for EncoderRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.fingerprint.fmt(f)?;
        let reduction = self.reduction.as_ref();
        reduction.map_or(Ok(()), |reduction| write!(f, ", reduced from {reduction}"))
    }
}

fn open(
    spec: &str,
    overrides: &Map<String, Value>,
    request: &EncoderRequest,
) -> Result<Encoder, EncoderError> {
    let text = Value::Object(overrides.clone()).to_string();
    let sidecar = Sidecar::parse(&text).map_err(EncoderError::Overrides)?;
    let options = EncoderOptions {
        sidecar,
        threads_per_run: request.threads_per_run.max(1),
        runtime: request.runtime,
        ..EncoderOptions::default()
    };
    let place = match locate(spec)? {
        Located::BuiltIn => spec.to_owned(),
        Located::At(path) => path.to_string_lossy().into_owned(),
    };
    Encoder::open(&place, &options).map_err(|source| EncoderError::Open {
        spec: spec.to_owned(),
        source,
    })
}

/// The request wins over what the collection was made with; where that makes
/// another encoder of it, the fingerprints differ.
fn merged(stored: &Map<String, Value>, asked: &Map<String, Value>) -> Map<String, Value> {
    stored
        .iter()
        .chain(asked)
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// A model's path, so that it is found from any folder later; a name stays.
fn absolute(spec: &str) -> String {
    let path: Option<PathBuf> = (spec != "features" && Path::new(spec).exists())
        .then(|| std::path::absolute(spec).ok())
        .flatten();
    path.map_or_else(
        || spec.to_owned(),
        |path| path.to_string_lossy().into_owned(),
    )
}
