use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::runtime::Runtime;
use super::sidecar::SidecarError;

/// Why a model cannot be an encoder.
#[derive(Debug, Error)]
pub enum OnnxError {
    /// The model, its sidecar or one of its weight files cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The sidecar makes no sense.
    #[error("sidecar {}: {source}", path.display())]
    Sidecar {
        /// The sidecar.
        path: PathBuf,
        /// The key and its value.
        source: SidecarError,
    },
    /// A published configuration cannot be read, or asks for a step that does not exist here.
    #[error("configuration {}: {reason}{}", path.display(), hint(*key))]
    Config {
        /// The file.
        path: PathBuf,
        /// The sidecar's key that takes the step's place; `None` where the file is broken.
        key: Option<&'static str>,
        /// What was received and what is known.
        reason: String,
    },
    /// A folder without a model, or with several.
    #[error("folder {}: {reason}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What was found in it.
        reason: String,
    },
    /// An option makes no sense.
    #[error("encoder option: {0}")]
    Option(SidecarError),
    /// No threads, or a batch of none.
    #[error("encoder option {name}: expected at least 1, received 0")]
    Zero {
        /// The option.
        name: &'static str,
    },
    /// Not an ONNX file, or one with operators that the engine lacks.
    #[error("cannot load model {}: {reason}", path.display())]
    Load {
        /// The model.
        path: PathBuf,
        /// What the engine says.
        reason: String,
    },
    /// The runtime that was asked for is not there, or lacks something.
    #[error("runtime {runtime} cannot be used: {reason}")]
    Runtime {
        /// What was asked for.
        runtime: Runtime,
        /// What is missing, and what would help.
        reason: String,
    },
    /// The runtime lacks an operator.
    #[error(
        "model {}: node {node:?} is of the operator {operator:?}, which the runtime {runtime} lacks",
        path.display()
    )]
    Operator {
        /// The model.
        path: PathBuf,
        /// The operator's type.
        operator: String,
        /// The node's name, or that of its first output.
        node: String,
        /// What was to compute it.
        runtime: Runtime,
    },
    /// The engine computes these operators wrongly.
    #[error(
        "model {} uses {operator}, an integer convolution, which the runtime rten computes wrongly: \
         use the f32 or f16 form of the model, or the runtime onnxruntime",
        path.display()
    )]
    IntegerConvolution {
        /// The model.
        path: PathBuf,
        /// The operator.
        operator: String,
    },
    /// Something must be told that neither model nor sidecar tells.
    #[error("model {}: key {key:?} is missing ({reason}): add it to {}, or give it as an option",
        path.display(), sidecar_path(path).display())]
    MissingKey {
        /// The model.
        path: PathBuf,
        /// The missing key.
        key: &'static str,
        /// Why it cannot be inferred.
        reason: String,
    },
    /// A key does not fit the model.
    #[error("model {}: key {key:?} is {received}, but {reason}", path.display())]
    Mismatch {
        /// The model.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// Its value.
        received: String,
        /// What the model says.
        reason: String,
    },
    /// The model does not take one picture.
    #[error("model {} cannot encode pictures: {reason}", path.display())]
    NotAnImageModel {
        /// The model.
        path: PathBuf,
        /// What it takes instead.
        reason: String,
    },
    /// The trial run failed.
    #[error("model {} does not run: {reason}", path.display())]
    Trial {
        /// The model.
        path: PathBuf,
        /// What the engine says.
        reason: String,
    },
}

fn hint(key: Option<&str>) -> String {
    key.map_or_else(String::new, |key| {
        format!("; give the key {key:?} in the model's sidecar or as an option")
    })
}

/// `<model>.json`: the model's whole name with `.json` after it.
pub(super) fn sidecar_path(model: &Path) -> PathBuf {
    let mut name = model.as_os_str().to_owned();
    name.push(".json");
    name.into()
}
