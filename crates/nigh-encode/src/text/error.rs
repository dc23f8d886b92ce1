use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::files::MODELS;
use crate::OnnxError;

/// Why texts cannot be encoded.
#[derive(Debug, Error)]
pub enum TextError {
    /// No text model belongs to the image model.
    #[error(
        "no text model beside {}: looked there, and one folder up, for {}. Models of pictures and \
         words in one space, as CLIP, SigLIP and MobileCLIP, come with one",
        image.display(), MODELS.join(", ")
    )]
    NoModel {
        /// The image model.
        image: PathBuf,
    },
    /// No tokenizer belongs to the text model.
    #[error("no tokenizer.json beside the text model {}, nor one folder up", model.display())]
    NoTokenizer {
        /// The text model.
        model: PathBuf,
    },
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A configuration or a tokenizer that makes no sense.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The text model cannot be used.
    #[error(transparent)]
    Model(#[from] OnnxError),
    /// A model of other inputs and outputs.
    #[error("model {} cannot encode texts: {reason}", path.display())]
    NotATextModel {
        /// The model.
        path: PathBuf,
        /// What it takes or gives instead.
        reason: String,
    },
    /// Nothing says how many tokens the model reads.
    #[error(
        "model {} takes any number of tokens, and was trained with one: give \"model_max_length\" in \
         tokenizer_config.json beside its tokenizer",
        path.display()
    )]
    NoLength {
        /// The model.
        path: PathBuf,
    },
    /// The two models are not of one space.
    #[error(
        "text model {} gives {received} numbers and image model {} {expected}: they are not of one space",
        path.display(), image.display()
    )]
    Dimension {
        /// The text model.
        path: PathBuf,
        /// Numbers in its embeddings.
        received: usize,
        /// The image model.
        image: PathBuf,
        /// Numbers in its embeddings.
        expected: usize,
    },
    /// A text of nothing but spaces, or of what the tokenizer leaves out.
    #[error("the text {text:?} has no words that the tokenizer knows")]
    NoTokens {
        /// The text.
        text: String,
    },
    /// The model's run failed.
    #[error("model {model} failed on {texts} texts: {reason}")]
    Run {
        /// The model's file name.
        model: String,
        /// Texts in the run.
        texts: usize,
        /// What the engine says.
        reason: String,
    },
}
