use std::fmt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::onnx::facts::{Kind, Port};
use crate::onnx::file::ModelFile;
use crate::onnx::runtime::{Engine, Feed, Numbers, Output, Source, Worker};
use crate::{EncoderOptions, OnnxError};

mod error;
mod files;
mod settings;
mod tokens;

pub use error::TextError;
pub use files::TextFiles;

use settings::Settings;
use tokens::{Tokenizer, Tokens};

/// The side of a joint-space model (CLIP, SigLIP and their kin) that takes words: texts become
/// L2-normalised embeddings that may be compared with those of the model's pictures.
///
/// A text longer than the model reads is cut, and [`TextEmbeddings::truncated`] says so. SigLIP
/// reads every text filled up to its whole length, and in lower case, as it was trained
/// (Zhai et al., "Sigmoid Loss for Language Image Pre-Training", 2023; the published
/// `tokenizer.json` of its second version leaves the capitals). A CLIP reads from left to right
/// and looks at the last token alone (Radford et al., "Learning Transferable Visual Models From
/// Natural Language Supervision", 2021), so that filling would change nothing and is left out.
///
/// Texts of one length are computed together and nothing else: no embedding depends on the
/// lengths of its neighbours.
pub struct TextEncoder {
    name: String,
    engine: Engine,
    tokenizer: Tokenizer,
    inputs: Vec<Input>,
    dimension: usize,
    batch_size: usize,
    /// The length of the model's batch axis where the model fixes it.
    fixed_batch: Option<usize>,
    /// One for each caller that was ever inside at the same time.
    workers: Mutex<Vec<Worker>>,
}

/// The embeddings of some texts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextEmbeddings {
    /// `texts × dimension` numbers, row-major, each row of length 1.
    pub rows: Vec<f32>,
    /// The texts of which the end was left out.
    pub truncated: Vec<Truncation>,
}

/// A text that is longer than the model reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truncation {
    /// Position among the texts.
    pub index: usize,
    /// Tokens in all of the text.
    pub tokens: usize,
    /// Tokens that the model has read.
    pub kept: usize,
}

/// An input of the model, and what it is given.
struct Input {
    name: String,
    role: Role,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Ids,
    Mask,
    /// Which of two sentences a token belongs to: there is only one.
    Zeros,
}

/// Texts of one length per run; more gained nothing on CLIP's text side.
const DEFAULT_BATCH: usize = 16;

impl TextEncoder {
    /// Opens the text side that belongs to an image model, see [`TextFiles::beside`].
    ///
    /// # Errors
    /// [`TextError`] where there is none, where it cannot be used, and where its embeddings do
    /// not have the `dimension` of the image model's.
    pub fn beside(
        image_model: &Path,
        dimension: usize,
        options: &EncoderOptions,
    ) -> Result<TextEncoder, TextError> {
        let files = TextFiles::beside(image_model)?;
        let encoder = TextEncoder::open(&files, options)?;
        if encoder.dimension != dimension {
            return Err(TextError::Dimension {
                path: files.model,
                received: encoder.dimension,
                image: image_model.to_owned(),
                expected: dimension,
            });
        }
        Ok(encoder)
    }

    /// Opens a text model with its tokenizer, and runs it once. Of the options those about
    /// threads, batches and the runtime apply.
    ///
    /// # Errors
    /// [`TextError`] names the file, and what it should have.
    pub fn open(files: &TextFiles, options: &EncoderOptions) -> Result<TextEncoder, TextError> {
        let path = &files.model;
        let ModelFile {
            bytes,
            external,
            facts,
        } = ModelFile::read(path)?;
        let inputs = inputs(path, &facts.inputs)?;
        let output = output(path, &facts.outputs)?;
        let [batch, sequence] = axes(path, &facts.inputs, &inputs)?;
        let masked = inputs.iter().any(|input| input.role == Role::Mask);
        let settings = Settings::read(files, sequence, masked)?;
        let tokenizer = Tokenizer::open(&files.tokenizer, settings)?;
        let source = Source {
            path,
            bytes,
            external,
            facts: &facts,
            output: &output,
            threads: options.threads_per_run.max(1),
        };
        let mut encoder = TextEncoder {
            name: path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            engine: Engine::load(options.runtime, source)?,
            tokenizer,
            inputs,
            dimension: 0,
            batch_size: batch.or(options.batch_size).unwrap_or(DEFAULT_BATCH),
            fixed_batch: batch,
            workers: Mutex::default(),
        };
        encoder.dimension = encoder.trial(path, &output)?;
        Ok(encoder)
    }

    /// Numbers in one embedding.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Encodes any number of texts. Many threads may call this at once.
    ///
    /// # Errors
    /// [`TextError::NoTokens`] for a text in which the tokenizer finds nothing, and
    /// [`TextError::Run`] where the model fails.
    pub fn encode(&self, texts: &[&str]) -> Result<TextEmbeddings, TextError> {
        let tokens: Result<Vec<Tokens>, TextError> = texts
            .iter()
            .map(|text| self.tokenizer.tokens(text))
            .collect();
        let tokens = tokens?;
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|&index| tokens[index].ids.len());
        let mut rows = vec![0.0; texts.len() * self.dimension];
        let mut worker = self.take_worker()?;
        for equal in order.chunk_by(|&a, &b| tokens[a].ids.len() == tokens[b].ids.len()) {
            for batch in equal.chunks(self.batch_size) {
                let chosen: Vec<&Tokens> = batch.iter().map(|&index| &tokens[index]).collect();
                let found = self.encode_batch(&chosen, &mut worker)?;
                for (&index, row) in batch.iter().zip(found.chunks_exact(self.dimension)) {
                    rows[index * self.dimension..][..self.dimension].copy_from_slice(row);
                }
            }
        }
        self.lock_workers().push(worker);
        let truncated = tokens.iter().enumerate().filter_map(|(index, tokens)| {
            Some(Truncation {
                index,
                tokens: tokens.cut_from?,
                kept: tokens.used,
            })
        });
        Ok(TextEmbeddings {
            rows,
            truncated: truncated.collect(),
        })
    }

    /// Texts of one length.
    fn encode_batch(&self, texts: &[&Tokens], worker: &mut Worker) -> Result<Vec<f32>, TextError> {
        let Output { shape, data } = self
            .run(texts, worker)
            .map_err(|reason| self.run_error(texts.len(), reason))?;
        let wanted = texts.len() * self.dimension;
        if data.len() < wanted || data.len() != shape.first().unwrap_or(&0) * self.dimension {
            let reason = format!("its output has the shape {shape:?}");
            return Err(self.run_error(texts.len(), reason));
        }
        let mut rows = data;
        rows.truncate(wanted);
        for row in rows.chunks_exact_mut(self.dimension) {
            if !row.iter().all(|x| x.is_finite()) {
                let reason = "an embedding has a NaN or an infinity".to_owned();
                return Err(self.run_error(texts.len(), reason));
            }
            nigh_simd::normalize(row);
        }
        Ok(rows)
    }

    fn run(&self, texts: &[&Tokens], worker: &mut Worker) -> Result<Output, String> {
        let length = texts.first().map_or(0, |tokens| tokens.ids.len());
        let shape = [self.fixed_batch.unwrap_or(texts.len()), length];
        let column = |role: Role| {
            let mut numbers: Vec<i64> = Vec::with_capacity(shape[0] * length);
            for tokens in texts {
                match role {
                    Role::Ids => numbers.extend(&tokens.ids),
                    Role::Mask => numbers.extend((0..length).map(|i| i64::from(i < tokens.used))),
                    Role::Zeros => {}
                }
            }
            numbers.resize(shape[0] * length, 0);
            numbers
        };
        let columns: Vec<Vec<i64>> = self.inputs.iter().map(|input| column(input.role)).collect();
        let feeds: Vec<Feed<'_>> = self
            .inputs
            .iter()
            .zip(&columns)
            .map(|(input, numbers)| Feed {
                name: &input.name,
                shape: &shape,
                numbers: Numbers::Integers(numbers),
            })
            .collect();
        self.engine.run(worker, &feeds)
    }

    /// Runs the model on a word: does it give embeddings, and how long are they?
    fn trial(&self, path: &Path, output: &str) -> Result<usize, TextError> {
        let trial_error = |reason| OnnxError::Trial {
            path: path.to_owned(),
            reason,
        };
        let tokens = self.tokenizer.tokens("a")?;
        let mut worker = self.engine.worker().map_err(trial_error)?;
        let Output { shape, .. } = self.run(&[&tokens], &mut worker).map_err(trial_error)?;
        self.lock_workers().push(worker);
        match *shape.as_slice() {
            [_, dimension] if dimension > 0 => Ok(dimension),
            _ => Err(TextError::NotATextModel {
                path: path.to_owned(),
                reason: format!(
                    "its output {output:?} has the shape {shape:?}, expected texts x numbers"
                ),
            }),
        }
    }

    fn run_error(&self, texts: usize, reason: String) -> TextError {
        TextError::Run {
            model: self.name.clone(),
            texts,
            reason,
        }
    }

    fn take_worker(&self) -> Result<Worker, TextError> {
        let spare = self.lock_workers().pop();
        spare.map_or_else(
            || {
                self.engine
                    .worker()
                    .map_err(|reason| self.run_error(0, reason))
            },
            Ok,
        )
    }

    /// Workers hold nothing that a panic elsewhere could have left half done.
    fn lock_workers(&self) -> std::sync::MutexGuard<'_, Vec<Worker>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for TextEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextEncoder")
            .field("name", &self.name)
            .field("dimension", &self.dimension)
            .finish_non_exhaustive()
    }
}

/// What each input of the model means: exporters agree on the names.
fn inputs(path: &Path, ports: &[Port]) -> Result<Vec<Input>, TextError> {
    let role = |port: &Port| match port.name.as_str() {
        "attention_mask" => Some(Role::Mask),
        "token_type_ids" => Some(Role::Zeros),
        "input_ids" | "text" | "tokens" => Some(Role::Ids),
        _ => (ports.len() == 1).then_some(Role::Ids),
    };
    let refuse = |reason| TextError::NotATextModel {
        path: path.to_owned(),
        reason,
    };
    let mut inputs = Vec::new();
    for port in ports {
        let name = port.name.clone();
        let integers = matches!(port.kind, Kind::I32 | Kind::I64 | Kind::Undeclared);
        match role(port).filter(|_| integers) {
            Some(role) => inputs.push(Input { name, role }),
            None => {
                return Err(refuse(format!(
                    "it needs the input {name:?} ({:?}), expected input_ids, attention_mask and \
                     token_type_ids, of integers",
                    port.kind
                )));
            }
        }
    }
    match inputs.iter().any(|input| input.role == Role::Ids) {
        true => Ok(inputs),
        false => Err(refuse("it has no input for tokens".to_owned())),
    }
}

/// The output in the space of the pictures: what projections give, or what SigLIP pools.
fn output(path: &Path, ports: &[Port]) -> Result<String, TextError> {
    let named = |name: &str| ports.iter().find(|port| port.name == name);
    let known = [
        "text_embeds",
        "text_features",
        "pooler_output",
        "sentence_embedding",
    ];
    let found = known.into_iter().find_map(named);
    match (found, ports) {
        (Some(port), _) | (None, [port]) => Ok(port.name.clone()),
        (None, several) => Err(TextError::NotATextModel {
            path: path.to_owned(),
            reason: format!(
                "its outputs are {:?}, expected one of {known:?}",
                several
                    .iter()
                    .map(|port| port.name.as_str())
                    .collect::<Vec<_>>()
            ),
        }),
    }
}

/// The lengths of the batch and token axes where the model fixes them.
fn axes(path: &Path, ports: &[Port], inputs: &[Input]) -> Result<[Option<usize>; 2], TextError> {
    let ids = inputs
        .iter()
        .zip(ports)
        .find(|(input, _)| input.role == Role::Ids);
    match ids.and_then(|(_, port)| port.shape.as_deref()) {
        None => Ok([None, None]),
        Some([batch, sequence]) => Ok([*batch, *sequence]),
        Some(other) => Err(TextError::NotATextModel {
            path: path.to_owned(),
            reason: format!("its tokens have {} axes, expected 2", other.len()),
        }),
    }
}
