//! ONNX Runtime, loaded from a shared library at the first use.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use half::f16;
use half::slice::HalfFloatSliceExt as _;
use ort::environment::Environment;
use ort::ep::{CUDA, ExecutionProvider as _, ExecutionProviderDispatch, TensorRT};
use ort::logging::LogLevel;
use ort::session::builder::SessionBuilder;
use ort::session::{OutputSelector, RunOptions, Session, SessionInputValue};
use ort::value::{DynValue, Tensor, TensorElementType, TensorRef};

use super::{Feed, Numbers, Output, Provider, Runtime, Source};
use crate::onnx::error::OnnxError;

/// A model from which sessions are made.
pub(crate) struct Engine {
    provider: Provider,
    bytes: Vec<u8>,
    external: Vec<(String, Arc<[u8]>)>,
    output: String,
    threads: usize,
    /// Sessions that no caller has; the first was made to see that the model loads.
    spare: Mutex<Vec<Worker>>,
}

/// The session that one caller computes with. A session runs for one caller at a time: on the
/// CPU each has its own, on a device all wait for the one that holds the model there.
pub(crate) type Worker = Arc<Mutex<Session>>;

impl Engine {
    pub(super) fn load(provider: Provider, source: Source<'_>) -> Result<Engine, OnnxError> {
        let unusable = |reason| OnnxError::Runtime {
            runtime: Runtime::OnnxRuntime(provider),
            reason,
        };
        let environment = environment().map_err(unusable)?;
        check(provider).map_err(unusable)?;
        let declared = source.facts.outputs.iter().any(|o| o.name == source.output);
        let mut bytes = source.bytes;
        if !declared {
            declare_output(&mut bytes, source.output);
        }
        let engine = Engine {
            provider,
            bytes,
            external: source
                .external
                .into_iter()
                .map(|(name, content)| (name, content.into()))
                .collect(),
            output: source.output.to_owned(),
            threads: source.threads,
            spare: Mutex::default(),
        };
        let builder = engine.builder(environment).map_err(unusable)?;
        let session = engine.session(builder).map_err(|reason| OnnxError::Load {
            path: source.path.to_owned(),
            reason,
        })?;
        engine.lock_spare().push(session);
        Ok(engine)
    }

    pub(super) fn worker(&self) -> Result<Worker, String> {
        let mut spare = self.lock_spare();
        let worker = match self.provider {
            Provider::Cpu => spare.pop(),
            Provider::Cuda | Provider::TensorRt => spare.first().cloned(),
        };
        drop(spare);
        match worker {
            Some(worker) => Ok(worker),
            None => self.session(self.builder(environment()?)?),
        }
    }

    pub(super) fn run(&self, worker: &Worker, feeds: &[Feed<'_>]) -> Result<Output, String> {
        // A session holds no state between runs that a panic could have left half done.
        let mut session = worker.lock().unwrap_or_else(PoisonError::into_inner);
        let inputs: Result<Vec<_>, String> = feeds
            .iter()
            .map(|feed| Ok((feed.name, input(&session, feed)?)))
            .collect();
        let selector = OutputSelector::no_default().with(&self.output);
        let options = RunOptions::new().map_err(text)?.with_outputs(selector);
        let outputs = session.run_with_options(inputs?, &options).map_err(text)?;
        let value = outputs.get(&self.output);
        read(value.ok_or_else(|| format!("it gave no output {:?}", self.output))?)
    }

    fn builder(&self, environment: &Environment) -> Result<SessionBuilder, String> {
        let mut builder = SessionBuilder::new(environment)
            .map_err(text)?
            .with_intra_threads(self.threads)
            .map_err(text)?
            .with_inter_threads(1)
            .map_err(text)?
            .with_log_level(LogLevel::Fatal)
            .map_err(text)?
            .with_execution_providers(providers(self.provider))
            .map_err(text)?;
        for (name, content) in &self.external {
            builder = builder
                .with_external_initializer_file_in_memory(name, Arc::clone(content))
                .map_err(text)?;
        }
        Ok(builder)
    }

    fn session(&self, mut builder: SessionBuilder) -> Result<Worker, String> {
        let session = builder.commit_from_memory(&self.bytes).map_err(text)?;
        Ok(Arc::new(Mutex::new(session)))
    }

    fn lock_spare(&self) -> std::sync::MutexGuard<'_, Vec<Worker>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The process's one environment, or why there is none: the library is loaded once.
fn environment() -> Result<&'static Environment, String> {
    static ENVIRONMENT: OnceLock<Result<Environment, String>> = OnceLock::new();
    ENVIRONMENT
        .get_or_init(load_library)
        .as_ref()
        .map_err(Clone::clone)
}

fn load_library() -> Result<Environment, String> {
    let told = std::env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty());
    let path = told
        .clone()
        .unwrap_or_else(|| format!("{DLL_PREFIX}onnxruntime{DLL_SUFFIX}").into());
    let hint = match told {
        Some(_) => "ORT_DYLIB_PATH names the file",
        None => {
            "set ORT_DYLIB_PATH to the file, for example to onnxruntime/capi/libonnxruntime.so.* \
             of Python's onnxruntime package"
        }
    };
    ort::init_from(&path)
        .map_err(|error| error.to_string())
        .and_then(|builder| builder.with_telemetry(false).build().map_err(text))
        // What goes wrong comes back as an error; nobody asked for it on standard error too.
        .inspect(|environment| environment.set_log_level(LogLevel::Fatal))
        .map_err(|reason| format!("its shared library cannot be used, {reason} ({hint})"))
}

/// Whether the library was built with what was asked for.
fn check(provider: Provider) -> Result<(), String> {
    let (name, available) = match provider {
        Provider::Cpu => return Ok(()),
        Provider::Cuda => ("CUDA", CUDA::is_available()),
        Provider::TensorRt => ("TensorRT", TensorRT::is_available()),
    };
    match available.map_err(text)? {
        true => Ok(()),
        false => Err(format!(
            "the shared library was built without {name}: Python's onnxruntime-gpu package has one with it"
        )),
    }
}

fn providers(provider: Provider) -> Vec<ExecutionProviderDispatch> {
    // TF32 would round each factor to 11 bits, and the embeddings with them.
    let cuda = CUDA::default().with_tf32(false).build().error_on_failure();
    match provider {
        Provider::Cpu => Vec::new(),
        Provider::Cuda => vec![cuda],
        Provider::TensorRt => vec![TensorRT::default().build().error_on_failure(), cuda],
    }
}

/// Adds an inner value to a model's outputs. In protobuf a message that is given twice is merged,
/// so that a second graph with nothing but one more output, after the first, does it.
fn declare_output(model: &mut Vec<u8>, name: &str) {
    let [name_field, graph_output, model_graph] = [1, 12, 7];
    let info = field(name_field, name.as_bytes());
    model.extend(field(model_graph, &field(graph_output, &info)));
}

/// A length-delimited protobuf field.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    let mut length = content.len();
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend(content);
    bytes
}

/// A feed in the type that the session declares.
fn input<'a>(session: &Session, feed: &Feed<'a>) -> Result<SessionInputValue<'a>, String> {
    let declared = session.inputs().iter().find(|i| i.name() == feed.name);
    let declared = declared.ok_or_else(|| format!("it has no input {:?}", feed.name))?;
    let kind = declared.dtype().tensor_type();
    let shape = feed.shape.to_vec();
    match (&feed.numbers, kind) {
        (Numbers::Floats(numbers), Some(TensorElementType::Float16)) => {
            let mut halves = vec![f16::ZERO; numbers.len()];
            halves.convert_from_f32_slice(numbers);
            Tensor::from_array((shape, halves)).map(Into::into)
        }
        (Numbers::Floats(numbers), _) => {
            TensorRef::from_array_view((shape, *numbers)).map(Into::into)
        }
        (Numbers::Integers(numbers), Some(TensorElementType::Int32)) => {
            let narrow: Vec<i32> = numbers.iter().map(|&number| number as i32).collect();
            Tensor::from_array((shape, narrow)).map(Into::into)
        }
        (Numbers::Integers(numbers), _) => {
            TensorRef::from_array_view((shape, *numbers)).map(Into::into)
        }
    }
    .map_err(text)
}

fn read(value: &DynValue) -> Result<Output, String> {
    let shape: Vec<usize> = value
        .shape()
        .iter()
        .map(|&side| usize::try_from(side).unwrap_or(0))
        .collect();
    let data = match value.data_type() {
        TensorElementType::Float16 => {
            let (_, halves) = value.try_extract_tensor::<f16>().map_err(text)?;
            halves.to_f32_vec()
        }
        _ => value.try_extract_tensor::<f32>().map_err(text)?.1.to_vec(),
    };
    Ok(Output { shape, data })
}

fn text<R>(error: ort::Error<R>) -> String {
    error.to_string()
}
