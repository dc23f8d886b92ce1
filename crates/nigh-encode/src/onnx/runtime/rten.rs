//! rten: pure Rust, on the CPU.

use std::path::Path;
use std::sync::Arc;

use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool, Value, ValueOrView, ValueView};
use rten_tensor::Layout as _;

use super::{Feed, Numbers, Output, Source};
use crate::onnx::error::OnnxError;
use crate::onnx::facts::Facts;
use crate::onnx::old_softmax;

/// Operators whose results were measured to be wrong in rten 0.27.
const INTEGER_CONVOLUTIONS: [&str; 2] = ["ConvInteger", "QLinearConv"];

pub(crate) struct Engine {
    model: Model,
    output: NodeId,
    threads: usize,
}

impl Engine {
    pub(super) fn load(source: Source<'_>) -> Result<Engine, OnnxError> {
        refuse_integer_convolutions(source.path, source.facts)?;
        let load_error = |reason| OnnxError::Load {
            path: source.path.to_owned(),
            reason,
        };
        let mut options = ModelOptions::with_all_ops();
        options.prepack_weights(true);
        for (name, content) in source.external {
            options.external_data(&name, content);
        }
        let bytes = old_softmax::modernize(source.bytes, source.facts)
            .map_err(|error| load_error(error.to_string()))?;
        let model = options
            .load(bytes)
            .map_err(|error| load_error(error.to_string()))?;
        let output = model
            .find_node(source.output)
            .ok_or_else(|| OnnxError::Mismatch {
                path: source.path.to_owned(),
                key: "output",
                received: format!("{:?}", source.output),
                reason: "the engine has fused the operators around it: \
                         choose a value beside it"
                    .to_owned(),
            })?;
        Ok(Engine {
            model,
            output,
            threads: source.threads,
        })
    }

    /// Threads for one more caller, so that callers never wait for one another.
    pub(super) fn threads(&self) -> Arc<ThreadPool> {
        Arc::new(ThreadPool::with_num_threads(self.threads))
    }

    pub(super) fn run(
        &self,
        threads: &Arc<ThreadPool>,
        feeds: &[Feed<'_>],
    ) -> Result<Output, String> {
        let inputs: Result<Vec<_>, String> = feeds.iter().map(|feed| self.input(feed)).collect();
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(threads)));
        let outputs = self.model.run_n(inputs?, [self.output], Some(options));
        let [output] = outputs.map_err(|error| error.to_string())?;
        match output {
            Value::FloatTensor(tensor) => Ok(Output {
                shape: tensor.shape().to_vec(),
                data: tensor.into_data(),
            }),
            other => Err(format!(
                "its output holds {:?}, expected f32",
                other.dtype()
            )),
        }
    }

    fn input<'a>(&self, feed: &Feed<'a>) -> Result<(NodeId, ValueOrView<'a>), String> {
        let id = self
            .model
            .find_node(feed.name)
            .ok_or_else(|| format!("it has no input {:?}", feed.name))?;
        let value = match feed.numbers {
            Numbers::Floats(numbers) => ValueView::from_shape(feed.shape, numbers)
                .map_err(|error| error.to_string())?
                .into(),
            // The engine's only integers are 32 bits wide, whatever the model declares.
            Numbers::Integers(numbers) => {
                let narrow: Result<Vec<i32>, _> = numbers
                    .iter()
                    .map(|&number| i32::try_from(number))
                    .collect();
                let narrow = narrow.map_err(|error| error.to_string())?;
                Value::from_shape(feed.shape, narrow)
                    .map_err(|error| error.to_string())?
                    .into()
            }
        };
        Ok((id, value))
    }
}

fn refuse_integer_convolutions(path: &Path, facts: &Facts) -> Result<(), OnnxError> {
    let found = facts
        .operators
        .iter()
        .find(|o| INTEGER_CONVOLUTIONS.contains(&o.as_str()));
    match found {
        None => Ok(()),
        Some(operator) => Err(OnnxError::IntegerConvolution {
            path: path.to_owned(),
            operator: operator.clone(),
        }),
    }
}
