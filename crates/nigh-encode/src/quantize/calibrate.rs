//! Which range of values each activation has on a user's own pictures.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool, Value, ValueView};
use thiserror::Error;

use super::{ActivationRanges, Arithmetic, QuantizeError};
use crate::onnx::file::ModelFile;
use crate::onnx::old_softmax::modernize;
use crate::{OnnxEncoder, Picture};

mod histogram;

use histogram::Histogram;

/// How much of an activation's tail is cut off for finer steps in between.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RangeRule {
    /// The range with the least mean squared error of the rounded values, as TensorRT-like
    /// calibrators search it over a histogram.
    LeastSquares,
    /// This share of the magnitudes is within the range: 0.9999.
    Percentile(f64),
}

/// Why a calibration failed.
#[derive(Debug, Error)]
pub enum CalibrateError {
    /// The model cannot be read.
    #[error(transparent)]
    Model(#[from] QuantizeError),
    /// It cannot be run.
    #[error("model {} cannot be calibrated: {reason}", path.display())]
    Run {
        /// The model.
        path: PathBuf,
        /// What the engine says.
        reason: String,
    },
    /// There is nothing to calibrate on.
    #[error("a calibration needs at least one picture")]
    NoPictures,
}

/// Runs the model at `path`, which `encoder` was opened from, on `pictures` and gives the range of
/// each activation that an INT8 conversion with `arithmetic` quantises.
///
/// # Errors
/// [`CalibrateError`] names the file.
pub fn calibrate(
    path: &Path,
    encoder: &OnnxEncoder,
    pictures: &[Picture],
    arithmetic: Arithmetic,
    rule: RangeRule,
) -> Result<ActivationRanges, CalibrateError> {
    if pictures.is_empty() {
        return Err(CalibrateError::NoPictures);
    }
    let names = super::quantized_activations(path, arithmetic)?;
    let failed = |reason| CalibrateError::Run {
        path: path.to_owned(),
        reason,
    };
    let file = ModelFile::read(path).map_err(|error| failed(error.to_string()))?;
    let observed = Observed::open(file, &names).map_err(failed)?;
    let mut histograms = vec![Histogram::default(); names.len()];
    // A model of a fixed batch takes that many; places that stay empty are not looked at.
    for batch in pictures.chunks(encoder.batch_size()) {
        let (rows, values) = observed.run(encoder, batch).map_err(failed)?;
        for (histogram, values) in histograms.iter_mut().zip(values) {
            histogram.extend(&values[..values.len() / rows * batch.len()]);
        }
    }
    let ranges = names.into_iter().zip(histograms);
    Ok(ranges
        .map(|(name, histogram)| (name, histogram.range(rule)))
        .collect())
}

/// A model whose inner values can be read: nothing is fused away.
struct Observed {
    model: Model,
    nodes: Vec<NodeId>,
    threads: Arc<ThreadPool>,
}

impl Observed {
    fn open(file: ModelFile, names: &[String]) -> Result<Self, String> {
        let mut options = ModelOptions::with_all_ops();
        options.enable_optimization(false);
        for (name, content) in file.external {
            options.external_data(&name, content);
        }
        let bytes = modernize(file.bytes, &file.facts).map_err(|error| error.to_string())?;
        let model = options.load(bytes).map_err(|error| error.to_string())?;
        let node = |name: &String| {
            let found = model.find_node(name);
            found.ok_or_else(|| format!("the runtime does not know the value {name:?}"))
        };
        let nodes = names.iter().map(node).collect::<Result<_, _>>()?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            model,
            nodes,
            threads: Arc::new(ThreadPool::with_num_threads(cores)),
        })
    }

    /// The length of the batch axis that the model ran with, and each activation's numbers.
    fn run(
        &self,
        encoder: &OnnxEncoder,
        pictures: &[Picture],
    ) -> Result<(usize, Vec<Vec<f32>>), String> {
        let (input, shape, tensor) = encoder.input_tensor(pictures);
        let input = self.model.find_node(input).ok_or("its input is gone")?;
        let value =
            ValueView::from_shape(&shape, tensor.as_slice()).map_err(|error| error.to_string())?;
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&self.threads)));
        let outputs = self
            .model
            .run(vec![(input, value.into())], &self.nodes, Some(options))
            .map_err(|error| error.to_string())?;
        let floats = |value: Value| match value {
            Value::FloatTensor(tensor) => Ok(tensor.into_data()),
            other => Err(format!(
                "an activation holds {:?}, expected f32",
                other.dtype()
            )),
        };
        let values = outputs.into_iter().map(floats).collect::<Result<_, _>>()?;
        Ok((shape[0].max(1), values))
    }
}
