//! The one seam between this crate and whatever computes an ONNX graph.
//!
//! What a model declares is read from the file itself ([`Facts`]), so that an engine has little
//! to do: load bytes, and run named inputs to one named output.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use super::choices::UnknownChoice;
use super::error::OnnxError;
use super::facts::Facts;

#[cfg(feature = "onnxruntime")]
mod onnxruntime;
mod rten;

/// What computes a model. Embeddings of all of them may be compared: on the same model they agree
/// to rounding, and a fingerprint does not name the runtime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Runtime {
    /// Built in, pure Rust, on the CPU.
    #[default]
    Rten,
    /// ONNX Runtime from a shared library, with one of its execution providers. Needs the cargo
    /// feature `onnxruntime` and a library: `ORT_DYLIB_PATH`, or one that the system finds.
    OnnxRuntime(Provider),
}

/// Where ONNX Runtime computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Provider {
    /// On the CPU.
    #[default]
    Cpu,
    /// On an NVIDIA GPU, through CUDA and cuDNN.
    Cuda,
    /// On an NVIDIA GPU, through TensorRT, and CUDA for what TensorRT does not take.
    TensorRt,
}

const RUNTIMES: [(&str, Runtime); 5] = [
    ("rten", Runtime::Rten),
    ("onnxruntime", Runtime::OnnxRuntime(Provider::Cpu)),
    ("onnxruntime:cpu", Runtime::OnnxRuntime(Provider::Cpu)),
    ("onnxruntime:cuda", Runtime::OnnxRuntime(Provider::Cuda)),
    (
        "onnxruntime:tensorrt",
        Runtime::OnnxRuntime(Provider::TensorRt),
    ),
];

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = RUNTIMES.iter().find(|(_, runtime)| runtime == self);
        f.write_str(word.map_or("", |(word, _)| word))
    }
}

impl FromStr for Runtime {
    type Err = UnknownChoice;

    fn from_str(word: &str) -> Result<Runtime, UnknownChoice> {
        let known = RUNTIMES.iter().find(|(known, _)| *known == word);
        known.map(|(_, runtime)| *runtime).ok_or_else(|| {
            UnknownChoice::new(
                word,
                "\"rten\" \"onnxruntime\" \"onnxruntime:cpu\" \"onnxruntime:cuda\" \"onnxruntime:tensorrt\"",
            )
        })
    }
}

/// A model in memory, with what it takes to compute it.
pub(crate) struct Source<'a> {
    pub(crate) path: &'a Path,
    pub(crate) bytes: Vec<u8>,
    /// The weight files that the model names, with their content.
    pub(crate) external: Vec<(String, Vec<u8>)>,
    pub(crate) facts: &'a Facts,
    /// The declared output, or any inner value, to compute.
    pub(crate) output: &'a str,
    /// Threads that one run computes with.
    pub(crate) threads: usize,
}

/// The numbers of an input, row-major.
pub(crate) enum Numbers<'a> {
    /// For an input that is declared as f32 or f16.
    Floats(&'a [f32]),
    /// For an input that is declared as i64 or i32: tokens, masks, positions.
    Integers(&'a [i64]),
}

/// An input of one run.
pub(crate) struct Feed<'a> {
    pub(crate) name: &'a str,
    pub(crate) shape: &'a [usize],
    pub(crate) numbers: Numbers<'a>,
}

/// The output of one run, row-major.
#[derive(Debug, PartialEq)]
pub(crate) struct Output {
    pub(crate) shape: Vec<usize>,
    pub(crate) data: Vec<f32>,
}

/// A loaded model; many callers may run it at once, each with a [`Worker`] of its own.
pub(crate) enum Engine {
    Rten(Box<rten::Engine>),
    #[cfg(feature = "onnxruntime")]
    OnnxRuntime(onnxruntime::Engine),
}

/// What one caller computes with.
pub(crate) enum Worker {
    Rten(Arc<::rten::ThreadPool>),
    #[cfg(feature = "onnxruntime")]
    OnnxRuntime(onnxruntime::Worker),
}

impl Engine {
    pub(crate) fn load(runtime: Runtime, source: Source<'_>) -> Result<Engine, OnnxError> {
        let facts = source.facts;
        Engine::load_on(runtime, source).map_err(|error| lacking(runtime, facts, error))
    }

    fn load_on(runtime: Runtime, source: Source<'_>) -> Result<Engine, OnnxError> {
        match runtime {
            Runtime::Rten => {
                let engine = rten::Engine::load(source)?;
                Ok(Engine::Rten(Box::new(engine)))
            }
            #[cfg(feature = "onnxruntime")]
            Runtime::OnnxRuntime(provider) => {
                onnxruntime::Engine::load(provider, source).map(Engine::OnnxRuntime)
            }
            #[cfg(not(feature = "onnxruntime"))]
            Runtime::OnnxRuntime(_) => Err(OnnxError::Runtime {
                runtime,
                reason: "this program was built without it: \
                         `cargo build --release --features onnxruntime` builds one that has it"
                    .to_owned(),
            }),
        }
    }

    /// A worker for one more caller; the error is the end of a sentence.
    pub(crate) fn worker(&self) -> Result<Worker, String> {
        match self {
            Engine::Rten(engine) => Ok(Worker::Rten(engine.threads())),
            #[cfg(feature = "onnxruntime")]
            Engine::OnnxRuntime(engine) => engine.worker().map(Worker::OnnxRuntime),
        }
    }

    /// Runs the model on all of its inputs; the error is what the engine says.
    pub(crate) fn run(&self, worker: &mut Worker, feeds: &[Feed<'_>]) -> Result<Output, String> {
        match (self, worker) {
            (Engine::Rten(engine), Worker::Rten(threads)) => engine.run(threads, feeds),
            #[cfg(feature = "onnxruntime")]
            (Engine::OnnxRuntime(engine), Worker::OnnxRuntime(worker)) => engine.run(worker, feeds),
            #[cfg(feature = "onnxruntime")]
            _ => Err("the worker belongs to another runtime".to_owned()),
        }
    }
}

/// Engines say which operator they lack, and leave it to the reader to find it in the graph.
fn lacking(runtime: Runtime, facts: &Facts, error: OnnxError) -> OnnxError {
    let OnnxError::Load { path, reason } = &error else {
        return error;
    };
    let named = |kind: &str| {
        [
            format!("{kind} operator not supported"),
            format!("{kind} is not a registered"),
            format!("No Op registered for {kind} with"),
            format!(":{kind}("),
        ]
        .iter()
        .any(|words| reason.contains(words))
    };
    match facts.operator(named) {
        None => error,
        Some((operator, node)) => OnnxError::Operator {
            path: path.clone(),
            operator: operator.to_owned(),
            node: node.to_owned(),
            runtime,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtimes_are_written_as_they_are_read() {
        for (word, runtime) in RUNTIMES {
            assert_eq!(word.parse(), Ok(runtime));
            assert_eq!(runtime.to_string().parse(), Ok(runtime), "{word}");
        }
        let error = "tract".parse::<Runtime>().unwrap_err().to_string();
        assert!(
            error.starts_with("\"tract\" is not one of \"rten\""),
            "{error}"
        );
    }
}
