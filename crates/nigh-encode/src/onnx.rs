use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rten::{Model, NodeId, RunOptions, ThreadPool, Value, ValueView};
use rten_tensor::Layout as _;

use crate::{EncodeError, EncoderOptions, Fingerprint, Picture};

mod choices;
mod configs;
mod error;
mod facts;
mod folder;
mod old_softmax;
mod open;
mod outputs;
mod pooling;
mod preprocessing;
mod resample;
mod sidecar;

pub use choices::{Channels, Filter, Layout, Pool, Resize, UnknownChoice};
pub use error::OnnxError;
pub use folder::{IMAGE_MODELS, image_model};
pub use sidecar::{Sidecar, SidecarError};

use preprocessing::{Preprocessing, Workspace};

/// An image model in ONNX form together with its preprocessing, run on the CPU.
///
/// The model's weights may be f32 or f16 (computed in f32), or 8-bit with the arithmetic left in
/// floats (`DequantizeLinear` before each operator). Integer convolutions (`ConvInteger`,
/// `QLinearConv`) are refused: the engine computes them wrongly. A softmax of before opset 13 is
/// rewritten, since the engine would take the wrong axis.
pub struct OnnxEncoder {
    name: String,
    model: Model,
    input: NodeId,
    output: NodeId,
    pool: Pool,
    preprocessing: Preprocessing,
    table: Box<[[f32; 256]; 3]>,
    /// The length of the model's batch axis where the model fixes it.
    fixed_batch: Option<usize>,
    batch_size: usize,
    fingerprint: Fingerprint,
    assumed: Vec<String>,
    origin: Origin,
    threads_per_run: usize,
    /// One for each caller that was ever inside at the same time.
    benches: Mutex<Vec<Bench>>,
}

/// Where a model came from, for people.
struct Origin {
    /// The model file, then its weight files.
    files: Vec<PathBuf>,
    config: Option<PathBuf>,
    parameters: u64,
    settings: Sidecar,
}

/// What one caller works with: its own threads, so that callers never wait for one another,
/// and its own memory.
struct Bench {
    threads: Arc<ThreadPool>,
    work: Workspace,
    tensor: Vec<f32>,
}

impl OnnxEncoder {
    /// Opens a model and runs it once to see that all of it fits together.
    ///
    /// Each key of its [`Sidecar`] is taken from the first that has it: the options; the sidecar
    /// `<model>.json` beside it; `preprocessor_config.json`, `open_clip_config.json`,
    /// `preprocess_cfg.json` or `processor_config.json` beside it (or one folder up where it lies in
    /// `onnx` or `visual`); the model (`input`, `output`, `size`, `layout`, `dimension`). What is
    /// then still open is assumed, see [`OnnxEncoder::assumed`].
    ///
    /// # Errors
    /// [`OnnxError`] names the file, and the key and value that do not fit.
    pub fn open(path: &Path, options: &EncoderOptions) -> Result<OnnxEncoder, OnnxError> {
        open::open(path, options)
    }

    /// What these embeddings may be compared with.
    #[must_use]
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// Numbers in one embedding.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.fingerprint.dimension
    }

    /// Pictures that the model takes in one run.
    #[must_use]
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// The keys that were assumed, each as `key = value`, because neither the model nor the
    /// sidecar nor an option tells them. A person should be shown them: wrong ones make worse
    /// embeddings, not errors.
    #[must_use]
    pub fn assumed(&self) -> &[String] {
        &self.assumed
    }

    /// Every key as the encoder uses it, none left open but for people's (`licence`, `source`).
    #[must_use]
    pub fn settings(&self) -> &Sidecar {
        &self.origin.settings
    }

    /// The model file, then the files beside it that hold its weights.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.origin.files
    }

    /// The published configuration that preprocessing was read from.
    #[must_use]
    pub fn config(&self) -> Option<&Path> {
        self.origin.config.as_deref()
    }

    /// Numbers in all weights of the model, constants included.
    #[must_use]
    pub fn parameters(&self) -> u64 {
        self.origin.parameters
    }

    /// Encodes any number of pictures, see [`Encoder::encode`](crate::Encoder::encode).
    ///
    /// # Errors
    /// [`EncodeError`] where the run fails or gives a number that is not finite.
    ///
    /// # Panics
    /// Where a picture's bytes do not fill its size; `Encoder::encode` checks that first.
    pub fn encode(&self, pictures: &[Picture]) -> Result<Vec<f32>, EncodeError> {
        let mut bench = self.take_bench();
        let mut rows = Vec::with_capacity(pictures.len() * self.dimension());
        for batch in pictures.chunks(self.batch_size) {
            self.encode_batch(batch, &mut bench, &mut rows)?;
        }
        self.locked_benches().push(bench);
        self.normalize(&mut rows)?;
        Ok(rows)
    }

    fn encode_batch(
        &self,
        pictures: &[Picture],
        bench: &mut Bench,
        rows: &mut Vec<f32>,
    ) -> Result<(), EncodeError> {
        let numbers = self.preprocessing.numbers();
        bench
            .tensor
            .resize(self.fixed_batch.unwrap_or(pictures.len()) * numbers, 0.0);
        for (picture, tensor) in pictures.iter().zip(bench.tensor.chunks_exact_mut(numbers)) {
            self.preprocessing
                .write(picture, &self.table, &mut bench.work, tensor);
        }
        let output = self.run(bench).map_err(|reason| EncodeError::Run {
            model: self.name.clone(),
            pictures: pictures.len(),
            reason,
        })?;
        self.take_rows(output, pictures.len(), rows)
    }

    /// Runs the model on all of the tensor.
    fn run(&self, bench: &Bench) -> Result<Value, String> {
        let Preprocessing { height, width, .. } = self.preprocessing;
        let batch = bench.tensor.len() / self.preprocessing.numbers();
        let shape = match self.preprocessing.layout {
            Layout::Nchw => [batch, 3, height, width],
            Layout::Nhwc => [batch, height, width, 3],
        };
        let input = ValueView::from_shape(shape, &bench.tensor).map_err(|e| e.to_string())?;
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&bench.threads)));
        let outputs = self.model.run_n(
            vec![(self.input, input.into())],
            [self.output],
            Some(options),
        );
        outputs.map(|[output]| output).map_err(|e| e.to_string())
    }

    /// Appends the embeddings of the first `pictures` of a run.
    fn take_rows(
        &self,
        output: Value,
        pictures: usize,
        rows: &mut Vec<f32>,
    ) -> Result<(), EncodeError> {
        let before = rows.len();
        let shape = output.shape().to_vec();
        let pooled = pooling::pool(output, self.pool, self.preprocessing.layout);
        let wanted = pictures * self.dimension();
        match pooled {
            Ok(pooled) if pooled.dimension == self.dimension() && pooled.data.len() >= wanted => {
                rows.extend_from_slice(&pooled.data[..wanted]);
            }
            _ => {}
        }
        if rows.len() - before == wanted {
            return Ok(());
        }
        Err(EncodeError::Shape {
            model: self.name.clone(),
            received: shape,
            pictures,
            dimension: self.dimension(),
        })
    }

    fn normalize(&self, rows: &mut [f32]) -> Result<(), EncodeError> {
        for (index, row) in rows.chunks_exact_mut(self.dimension()).enumerate() {
            if !row.iter().all(|x| x.is_finite()) {
                return Err(EncodeError::NotFinite {
                    model: self.name.clone(),
                    index,
                });
            }
            nigh_simd::normalize(row);
        }
        Ok(())
    }

    fn take_bench(&self) -> Bench {
        let spare = self.locked_benches().pop();
        spare.unwrap_or_else(|| Bench {
            threads: Arc::new(ThreadPool::with_num_threads(self.threads_per_run)),
            work: Workspace::default(),
            tensor: Vec::new(),
        })
    }

    /// Benches hold nothing that a panic elsewhere could have left half done.
    fn locked_benches(&self) -> std::sync::MutexGuard<'_, Vec<Bench>> {
        self.benches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for OnnxEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnnxEncoder")
            .field("name", &self.name)
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}
