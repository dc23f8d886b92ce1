use std::path::Path;
use std::sync::OnceLock;

use thiserror::Error;

use crate::{
    FeaturesEncoder, Fingerprint, OnnxEncoder, OnnxError, Picture, PictureError, Runtime, Sidecar,
    image_model,
};

/// Turns pictures into L2-normalised embeddings of [`Encoder::dimension`] numbers.
#[expect(
    clippy::large_enum_variant,
    reason = "a program has one or two encoders, and never a list of them"
)]
#[derive(Debug)]
pub enum Encoder {
    /// The built-in classical descriptor.
    Features(FeaturesEncoder),
    /// An ONNX model with its preprocessing.
    Onnx(OnnxEncoder),
}

/// How to open an encoder; the default suits one caller thread per core.
#[derive(Clone, Debug, PartialEq)]
pub struct EncoderOptions {
    /// What is set here overrides the model's sidecar, key by key.
    pub sidecar: Sidecar,
    /// Threads that one [`Encoder::encode`] call of an ONNX model computes with.
    ///
    /// 1, the default, is best where each core has a caller of its own; a lone caller that wants
    /// its one picture sooner asks for all cores.
    pub threads_per_run: usize,
    /// Pictures per run of an ONNX model; `None` for the measured default.
    pub batch_size: Option<usize>,
    /// What computes an ONNX model.
    pub runtime: Runtime,
}

impl Default for EncoderOptions {
    fn default() -> EncoderOptions {
        EncoderOptions {
            sidecar: Sidecar::default(),
            threads_per_run: 1,
            batch_size: None,
            runtime: Runtime::default(),
        }
    }
}

impl Encoder {
    /// Opens the encoder that `spec` names: `features`, or the path of an `.onnx` file or of a
    /// folder with one (see [`image_model`]).
    ///
    /// # Errors
    /// [`OpenError`] where `spec` is neither, where options are given that the encoder does not
    /// have, and where the model cannot be used.
    pub fn open(spec: &str, options: &EncoderOptions) -> Result<Encoder, OpenError> {
        if spec == "features" {
            if options.sidecar != Sidecar::default() {
                return Err(OpenError::NoPreprocessing);
            }
            return Ok(Encoder::Features(FeaturesEncoder::new()));
        }
        let path = Path::new(spec);
        let named_onnx = path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("onnx"));
        if path.is_dir() {
            let model = image_model(path)?;
            return Ok(Encoder::Onnx(OnnxEncoder::open(&model, options)?));
        }
        if !named_onnx {
            return Err(OpenError::UnknownEncoder {
                received: spec.to_owned(),
            });
        }
        Ok(Encoder::Onnx(OnnxEncoder::open(path, options)?))
    }

    /// What these embeddings may be compared with.
    #[must_use]
    pub fn fingerprint(&self) -> &Fingerprint {
        match self {
            Encoder::Features(features) => {
                FEATURES_FINGERPRINT.get_or_init(|| features.fingerprint())
            }
            Encoder::Onnx(onnx) => onnx.fingerprint(),
        }
    }

    /// Numbers in one embedding.
    #[must_use]
    pub fn dimension(&self) -> usize {
        match self {
            Encoder::Features(features) => features.dimension(),
            Encoder::Onnx(onnx) => onnx.dimension(),
        }
    }

    /// How many pictures to pass to [`Encoder::encode`] at a time for the best rate.
    #[must_use]
    pub fn batch_size(&self) -> usize {
        match self {
            Encoder::Features(_) => FEATURES_BATCH,
            Encoder::Onnx(onnx) => onnx.batch_size(),
        }
    }

    /// Encodes any number of pictures: `pictures.len() × dimension` numbers, row-major, each row
    /// of length 1 (a picture without any signal may give a row of zeros).
    ///
    /// Many threads may call this at once; a call uses the caller's thread, or
    /// [`EncoderOptions::threads_per_run`] threads of its own.
    ///
    /// # Errors
    /// [`EncodeError`] names the picture by its position in `pictures`.
    pub fn encode(&self, pictures: &[Picture]) -> Result<Vec<f32>, EncodeError> {
        for (index, picture) in pictures.iter().enumerate() {
            picture
                .check()
                .map_err(|source| EncodeError::Picture { index, source })?;
        }
        match self {
            Encoder::Features(features) => Ok(features.encode(pictures)),
            Encoder::Onnx(onnx) => onnx.encode(pictures),
        }
    }
}

/// The descriptor has no settings, so that all its instances share one.
static FEATURES_FINGERPRINT: OnceLock<Fingerprint> = OnceLock::new();

/// The descriptor gains nothing from batches; a few pictures a call keep queues short.
const FEATURES_BATCH: usize = 16;

/// Why [`Encoder::open`] refused.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Neither built in nor a model file.
    #[error(
        "unknown encoder {received:?}: expected \"features\", or the path of an .onnx file or of a folder with one"
    )]
    UnknownEncoder {
        /// What was asked for.
        received: String,
    },
    /// The built-in descriptor has no settings.
    #[error("encoder \"features\" has its own preprocessing: model options do not apply to it")]
    NoPreprocessing,
    /// The model cannot be used.
    #[error(transparent)]
    Onnx(#[from] OnnxError),
}

/// Why [`Encoder::encode`] failed.
#[derive(Debug, Error)]
pub enum EncodeError {
    /// A picture whose bytes do not match its size.
    #[error("picture {index} of the batch: {source}")]
    Picture {
        /// Position in the batch.
        index: usize,
        /// What is wrong with it.
        source: PictureError,
    },
    /// The model's run failed.
    #[error("model {model} failed on a batch of {pictures}: {reason}")]
    Run {
        /// The model's file name.
        model: String,
        /// Pictures in the run.
        pictures: usize,
        /// What the engine says.
        reason: String,
    },
    /// The model answered in another shape than when it was opened.
    #[error("model {model} answered in the shape {received:?}, expected {pictures} x {dimension}")]
    Shape {
        /// The model's file name.
        model: String,
        /// The shape of its output.
        received: Vec<usize>,
        /// Pictures in the run.
        pictures: usize,
        /// Numbers wanted for each.
        dimension: usize,
    },
    /// The model's arithmetic overflowed.
    #[error("model {model} gave an embedding with a NaN or an infinity for picture {index}")]
    NotFinite {
        /// The model's file name.
        model: String,
        /// Position in the batch.
        index: usize,
    },
}
