use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::{EncodeError, EncoderOptions, Fingerprint, Picture};

mod choices;
mod configs;
mod error;
pub(crate) mod facts;
pub(crate) mod file;
mod folder;
pub(crate) mod graph;
pub(crate) mod old_softmax;
mod open;
mod outputs;
mod pooling;
mod preprocessing;
mod resample;
pub(crate) mod runtime;
mod sidecar;
pub(crate) mod wire;

pub use choices::{Channels, Filter, Layout, Pool, Resize, UnknownChoice};
pub use error::OnnxError;
pub use folder::{IMAGE_MODELS, image_model};
pub use runtime::{Provider, Runtime};
pub use sidecar::{Sidecar, SidecarError};

use preprocessing::{Preprocessing, Workspace};
use runtime::{Engine, Feed, Numbers, Output, Worker};

/// An image model in ONNX form together with its preprocessing, computed by a [`Runtime`].
///
/// The model's weights may be f32 or f16, or 8-bit. What follows is about [`Runtime::Rten`] alone:
/// f16 is computed in f32; integer convolutions (`ConvInteger`, `QLinearConv`) are refused, since
/// the engine computes them wrongly; a softmax of before opset 13 is rewritten, since the engine
/// would take the wrong axis.
pub struct OnnxEncoder {
    name: String,
    engine: Engine,
    input: String,
    output: String,
    pool: Pool,
    preprocessing: Preprocessing,
    table: Box<[[f32; 256]; 3]>,
    /// The length of the model's batch axis where the model fixes it.
    fixed_batch: Option<usize>,
    batch_size: usize,
    fingerprint: Fingerprint,
    assumed: Vec<String>,
    origin: Origin,
    /// One for each caller that was ever inside at the same time.
    benches: Mutex<Vec<Bench>>,
}

/// Where a model came from, for people.
struct Origin {
    path: PathBuf,
    config: Option<PathBuf>,
    licence: Option<String>,
}

/// What one caller works with: its own worker, so that callers never wait for one another,
/// and its own memory.
struct Bench {
    worker: Worker,
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

    /// The model's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.origin.path
    }

    /// The published configuration that preprocessing was read from.
    #[must_use]
    pub fn config(&self) -> Option<&Path> {
        self.origin.config.as_deref()
    }

    /// The licence of the weights, where the sidecar names it.
    #[must_use]
    pub fn licence(&self) -> Option<&str> {
        self.origin.licence.as_deref()
    }

    /// Everything that was told, read or assumed about the model's input and output: the sidecar
    /// with which it opens to the same embeddings, whatever the defaults are by then.
    #[must_use]
    pub fn settings(&self) -> Sidecar {
        let Preprocessing {
            height,
            width,
            resize,
            shorter_side,
            background,
            filter,
            channels,
            layout,
            rescale,
            mean,
            std,
        } = self.preprocessing;
        Sidecar {
            input: Some(self.input.clone()),
            output: Some(self.output.clone()),
            pool: Some(self.pool),
            dimension: Some(self.dimension()),
            size: Some([height, width]),
            resize: Some(resize),
            shorter_side: (resize == Resize::Crop).then_some(shorter_side),
            background: (resize == Resize::Pad).then_some(background),
            filter: Some(filter),
            channels: Some(channels),
            layout: Some(layout),
            rescale: Some(rescale),
            mean: Some(mean),
            std: Some(std),
            licence: self.origin.licence.clone(),
            source: None,
        }
    }

    /// The input's name, and the shape and numbers that `pictures` become for it.
    pub(crate) fn input_tensor(&self, pictures: &[Picture]) -> (&str, [usize; 4], Vec<f32>) {
        let numbers = self.preprocessing.numbers();
        let batch = self.fixed_batch.unwrap_or(pictures.len());
        let mut tensor = vec![0.0; batch * numbers];
        let mut work = Workspace::default();
        for (picture, place) in pictures.iter().zip(tensor.chunks_exact_mut(numbers)) {
            self.preprocessing
                .write(picture, &self.table, &mut work, place);
        }
        (&self.input, self.input_shape(batch), tensor)
    }

    fn input_shape(&self, batch: usize) -> [usize; 4] {
        let Preprocessing { height, width, .. } = self.preprocessing;
        match self.preprocessing.layout {
            Layout::Nchw => [batch, 3, height, width],
            Layout::Nhwc => [batch, height, width, 3],
        }
    }

    /// Encodes any number of pictures, see [`Encoder::encode`](crate::Encoder::encode).
    ///
    /// # Errors
    /// [`EncodeError`] where the run fails or gives a number that is not finite.
    ///
    /// # Panics
    /// Where a picture's bytes do not fill its size; `Encoder::encode` checks that first.
    pub fn encode(&self, pictures: &[Picture]) -> Result<Vec<f32>, EncodeError> {
        let mut bench = self
            .take_bench()
            .map_err(|reason| self.run_error(pictures.len(), reason))?;
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
        let output = self
            .run(bench)
            .map_err(|reason| self.run_error(pictures.len(), reason))?;
        self.take_rows(output, pictures.len(), rows)
    }

    /// Runs the model on all of the tensor.
    fn run(&self, bench: &mut Bench) -> Result<Output, String> {
        let batch = bench.tensor.len() / self.preprocessing.numbers();
        let shape = self.input_shape(batch);
        let feed = Feed {
            name: &self.input,
            shape: &shape,
            numbers: Numbers::Floats(&bench.tensor),
        };
        self.engine.run(&mut bench.worker, &[feed])
    }

    fn run_error(&self, pictures: usize, reason: String) -> EncodeError {
        EncodeError::Run {
            model: self.name.clone(),
            pictures,
            reason,
        }
    }

    /// Appends the embeddings of the first `pictures` of a run.
    fn take_rows(
        &self,
        output: Output,
        pictures: usize,
        rows: &mut Vec<f32>,
    ) -> Result<(), EncodeError> {
        let before = rows.len();
        let shape = output.shape.clone();
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

    fn take_bench(&self) -> Result<Bench, String> {
        let spare = self.locked_benches().pop();
        match spare {
            Some(bench) => Ok(bench),
            None => Ok(Bench {
                worker: self.engine.worker()?,
                work: Workspace::default(),
                tensor: Vec::new(),
            }),
        }
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
