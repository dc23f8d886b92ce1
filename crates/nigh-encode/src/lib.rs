//! What is this image's or text's embedding?
//!
//! `nigh-encode` turns the bytes of a picture into a [`Picture`] (8-bit sRGB pixels) and
//! pictures into L2-normalised `f32` embeddings, either with the built-in classical descriptor
//! ([`FeaturesEncoder`]: colour, shape and texture, nothing to download) or with any image model
//! in ONNX form ([`OnnxEncoder`]). Words go into the same space where the model has a text side
//! ([`TextEncoder`]). A pure-Rust engine computes models on the CPU, or ONNX Runtime does
//! ([`Runtime`]). Every encoder has a [`Fingerprint`], stored beside the embeddings that it made,
//! so that embeddings of two kinds are never compared.
//!
//! This crate **is**
//! - a strict decoder of JPEG, PNG, WebP, GIF and BMP: by content, never by file name, with
//!   limits that are checked before memory is taken, and an error sentence for every broken file;
//! - a batch encoder that many threads may call at once through `&self`;
//! - the keeper of preprocessing: a model and its sidecar say everything that a number depends on.
//!
//! This crate **is not**
//! - an image library: it reads what an encoder needs and draws, edits and writes nothing;
//! - an index or a store: it does not know where an embedding goes;
//! - a trainer, nor a downloader of models.
//!
//! ```
//! use nigh_encode::{DecodeLimits, Encoder, EncoderOptions, decode};
//!
//! // The smallest BMP: one red pixel.
//! let mut file = b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\x18\0".to_vec();
//! file.extend([0; 24]);
//! file.extend([0, 0, 255, 0]);
//!
//! let picture = decode(&file, &DecodeLimits::default())?;
//! assert_eq!(picture.rgb, [255, 0, 0]);
//!
//! let encoder = Encoder::open("features", &EncoderOptions::default())?;
//! let embedding = encoder.encode(&[picture])?;
//! assert_eq!(embedding.len(), encoder.dimension());
//!
//! let error = decode(b"dear diary", &DecodeLimits::default()).unwrap_err();
//! assert!(error.to_string().starts_with("not an image: starts with \"dear diary\""));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod decode;
mod encoder;
mod features;
mod fingerprint;
mod model_size;
mod onnx;
mod picture;
mod quantize;
mod text;

pub use decode::{DecodeError, DecodeLimits, Format, decode, size as picture_size};
pub use encoder::{EncodeError, Encoder, EncoderOptions, OpenError};
pub use features::FeaturesEncoder;
pub use fingerprint::Fingerprint;
pub use model_size::ModelSize;
pub use onnx::{
    Channels, Filter, IMAGE_MODELS, Layout, OnnxEncoder, OnnxError, Pool, Provider, Resize,
    Runtime, Sidecar, SidecarError, UnknownChoice, image_model,
};
pub use picture::{Picture, PictureError};
pub use quantize::{
    ActivationRanges, Arithmetic, CalibrateError, QuantizeError, QuantizeTo, Quantized, RangeRule,
    calibrate, quantize,
};
pub use text::{TextEmbeddings, TextEncoder, TextError, TextFiles, Truncation};
