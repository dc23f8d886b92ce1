//! `nigh model …`.

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, Subcommand, ValueEnum};
use nigh_encode::Runtime;

#[cfg(feature = "hub")]
use super::ProgressStyle;
use super::{ColumnArgs, EncoderArgs};

#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// List the models that are known, and those that are here.
    List(ListArgs),
    /// Show what a model is, and how pictures are prepared for it.
    Info(InfoArgs),
    /// Fetch a model from the Hugging Face hub, or from a mirror of it.
    #[cfg(feature = "hub")]
    Pull(PullArgs),
    /// Check that a pulled model's files are as they were published.
    Verify(VerifyArgs),
    /// Delete a pulled model.
    Rm(RmArgs),
    /// Make a model smaller and faster, and measure what that costs.
    Quantize(QuantizeArgs),
    /// Measure models, precisions and dimensions on your own pictures, and recommend one.
    Ladder(LadderArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nigh model list
  nigh model list --here --json

Models are kept in the folder NIGH_MODELS, or in nigh/models where the platform keeps the data of
programs (~/.local/share on Linux). A model file, or a folder with one, that is put there by hand is
listed too: its name is its path in that folder.")]
pub(crate) struct ListArgs {
    /// Only those that are here.
    #[arg(long, env = "NIGH_HERE", value_parser = FalseyValueParser::new())]
    pub(crate) here: bool,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nigh model info clip-vit-b-32
  nigh model info models/clip/vision_model.onnx
  nigh model info ./clip --json

Preprocessing is read from MODEL.onnx.json, then from preprocessor_config.json or
open_clip_config.json beside the model (or above the folder onnx/), then from the model itself.
What is assumed because none of them says it is listed.")]
pub(crate) struct InfoArgs {
    /// A known model's name, the name of a model that is here, or the path of one or of its folder.
    #[arg(value_name = "MODEL")]
    pub(crate) model: String,

    /// What computes it: `rten` or `onnxruntime[:cpu|:cuda|:tensorrt]`.
    #[arg(long, env = "NIGH_RUNTIME", value_name = "RUNTIME", default_value_t = Runtime::Rten)]
    pub(crate) runtime: Runtime,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

#[cfg(feature = "hub")]
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nigh model pull clip-vit-b-32
  nigh model pull clip-vit-b-32 --text
  nigh model pull Xenova/clip-vit-base-patch32 --file onnx/vision_model_fp16.onnx
  HF_ENDPOINT=https://mirror.example nigh model pull dinov2-small

Files are checked against the hub's checksums, and the model appears when all of them are whole. A
pull that was stopped or cut off goes on where it ended when the command is given again; one of a
model that is here brings it up to date, and mends files that were damaged.

The environment is that of Hugging Face's programs: HF_TOKEN (for models with conditions),
HF_ENDPOINT (a mirror), HF_HUB_OFFLINE=1 (fetch nothing); HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and
NO_PROXY; SSL_CERT_FILE (certificates to trust instead of the built-in ones).")]
pub(crate) struct PullArgs {
    /// A known model's name, or owner/repo on the hub.
    #[arg(value_name = "MODEL")]
    pub(crate) model: String,

    /// A branch, a tag or a commit.
    #[arg(
        long,
        env = "NIGH_REVISION",
        value_name = "REVISION",
        default_value = "main"
    )]
    pub(crate) revision: String,

    /// A file to fetch, by its path there; may be repeated [default: the image model in f32].
    /// What configures it and holds its weights comes along.
    #[arg(long, env = "NIGH_FILE", value_name = "PATH")]
    pub(crate) file: Vec<String>,

    /// Fetch the text model and its tokenizer too, to search with words.
    #[arg(long, env = "NIGH_TEXT", value_parser = FalseyValueParser::new())]
    pub(crate) text: bool,

    /// Fetch nothing: succeed if the model is here.
    #[arg(long, env = "NIGH_OFFLINE", value_parser = FalseyValueParser::new())]
    pub(crate) offline: bool,

    /// How progress is shown on standard error.
    #[arg(long, env = "NIGH_PROGRESS", value_enum, default_value_t = ProgressStyle::Auto)]
    pub(crate) progress: ProgressStyle,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nigh model verify clip-vit-b-32
  nigh model verify clip-vit-b-32 --json

Reads every file again. The exit code is 1 where one is missing or changed; `nigh model pull` fetches
those again.")]
pub(crate) struct VerifyArgs {
    /// The name of a pulled model.
    #[arg(value_name = "MODEL")]
    pub(crate) model: String,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  nigh model rm clip-vit-b-32")]
pub(crate) struct RmArgs {
    /// The name of a pulled model; what was put there by hand is left alone.
    #[arg(value_name = "MODEL")]
    pub(crate) model: String,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

/// What a model is converted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum To {
    /// 8-bit weights, and 8-bit products where they pay: a quarter of the bytes.
    Int8,
    /// 16-bit storage: half of the bytes, next to no loss.
    F16,
}

/// Which products an INT8 model computes in integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ArithmeticArg {
    /// All ways are measured; the fastest that agrees is kept.
    Auto,
    /// None: 8-bit storage only.
    Float,
    /// Products with constant matrices.
    Products,
    /// These and 1 × 1 convolutions.
    Pointwise,
}

/// How a calibration chooses ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RangesArg {
    /// The least mean squared error.
    Mse,
    /// 99.99 % of the magnitudes.
    Percentile,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nigh model quantize clip.onnx --to int8 --out clip-int8.onnx
  nigh model quantize clip.onnx --to int8 --on photos/ --out clip-int8.onnx
  nigh model quantize clip.onnx --to int8 --calibrate photos/ --out clip-int8.onnx
  nigh model quantize clip.onnx --to f16 --out clip-f16.onnx --json

Activations are scaled row by row, so that an embedding never depends on its neighbours in a batch;
with --calibrate the scales are constants found on your pictures. Nothing is written where the mean
cosine to the original is below 0.98, or where the result is neither smaller nor faster.")]
pub(crate) struct QuantizeArgs {
    /// The ONNX model: a path, or the name of a model that is here.
    pub(crate) model: String,

    /// What to convert it to.
    #[arg(long, env = "NIGH_TO", value_enum)]
    pub(crate) to: To,

    /// The new file; its sidecar is written beside it.
    #[arg(long, env = "NIGH_OUT", value_name = "FILE")]
    pub(crate) out: PathBuf,

    /// Find constant scales of activations on these pictures: folders, tables or a collection.
    #[arg(
        long,
        env = "NIGH_CALIBRATE",
        value_name = "SOURCE",
        conflicts_with = "on"
    )]
    pub(crate) calibrate: Vec<PathBuf>,

    /// How a calibration chooses ranges.
    #[arg(long, env = "NIGH_RANGES", value_enum, default_value = "mse")]
    pub(crate) ranges: RangesArg,

    /// Compare on these pictures [default: pictures that are drawn].
    #[arg(long, env = "NIGH_ON", value_name = "SOURCE")]
    pub(crate) on: Vec<PathBuf>,

    /// Pictures to compare on.
    #[arg(long, env = "NIGH_SAMPLE", value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) sample: u32,

    /// Another seed draws other pictures.
    #[arg(long, env = "NIGH_SEED", value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// Which products of an INT8 model are computed in integers.
    #[arg(long, env = "NIGH_ARITHMETIC", value_enum, default_value = "auto")]
    pub(crate) arithmetic: ArithmeticArg,

    /// Write the model even where it agrees too little or brings nothing.
    #[arg(long, env = "NIGH_FORCE", value_parser = FalseyValueParser::new())]
    pub(crate) force: bool,

    /// What the model wants of its input, where MODEL.onnx.json does not say it: size=224x224…
    #[arg(long, env = "NIGH_PREPROCESS", value_name = "KEY=VALUE")]
    pub(crate) preprocess: Vec<String>,

    /// The same as a JSON file in the form of MODEL.onnx.json.
    #[arg(long, env = "NIGH_SIDECAR", value_name = "FILE")]
    pub(crate) sidecar: Option<PathBuf>,

    /// What computes both models: `rten` or `onnxruntime[:cpu|:cuda|:tensorrt]`.
    #[arg(long, env = "NIGH_RUNTIME", value_name = "RUNTIME", default_value_t = Runtime::Rten)]
    pub(crate) runtime: Runtime,

    /// Print the report as one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

impl QuantizeArgs {
    /// The encoder as the other commands name it.
    pub(crate) fn encoder(&self) -> EncoderArgs {
        EncoderArgs {
            encoder: Some(self.model.clone()),
            preprocess: self.preprocess.clone(),
            sidecar: self.sidecar.clone(),
            runtime: self.runtime,
        }
    }
}

/// A rung's precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PrecisionArg {
    /// As the model is given.
    Given,
    /// 8-bit.
    Int8,
    /// 16-bit storage.
    F16,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nigh model ladder shop --models features,mobilenet.onnx --relevant articleType
  nigh model ladder photos/ --models features,small.onnx,large.onnx --precisions given,int8
  nigh model ladder shop --models a.onnx,b.onnx --dims 256,128 --budget-ms 20 --picture ladder.svg
  nigh model ladder shop --models a.onnx,b.onnx --min-quality 0.7 --core-hour-price 0.04 --json

Each rung is one model in one precision and dimension. Its quality is the share of the ten nearest
with the same value of --relevant (without one: the share of the best rung's ten nearest), each
picture against all others; principal axes are fitted on pictures that are not compared.")]
pub(crate) struct LadderArgs {
    /// A collection, or folders and tables of pictures.
    #[arg(required = true, value_name = "CATALOG")]
    pub(crate) sources: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) columns: ColumnArgs,

    /// The models to measure: `features`, paths, names of models that are here.
    #[arg(
        long,
        env = "NIGH_MODELS_TO_MEASURE",
        value_name = "A,B,C",
        value_delimiter = ',',
        required = true
    )]
    pub(crate) models: Vec<String>,

    /// In which precisions.
    #[arg(
        long,
        env = "NIGH_PRECISIONS",
        value_name = "P,…",
        value_enum,
        value_delimiter = ',',
        default_value = "given"
    )]
    pub(crate) precisions: Vec<PrecisionArg>,

    /// To how many dimensions embeddings are reduced as well.
    #[arg(long, env = "NIGH_DIMS", value_name = "N,…", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(crate) dims: Vec<u32>,

    /// The attribute that makes two pictures alike.
    #[arg(long, env = "NIGH_RELEVANT", value_name = "COL")]
    pub(crate) relevant: Option<String>,

    /// Pictures to measure on.
    #[arg(long, env = "NIGH_SAMPLE", value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) sample: u32,

    /// Another seed draws other pictures.
    #[arg(long, env = "NIGH_SEED", value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// The most milliseconds that one picture may take.
    #[arg(long, env = "NIGH_BUDGET_MS", value_name = "MS")]
    pub(crate) budget_ms: Option<f64>,

    /// The least quality that will do.
    #[arg(long, env = "NIGH_MIN_QUALITY", value_name = "SHARE")]
    pub(crate) min_quality: Option<f64>,

    /// What an hour of one core costs.
    #[arg(
        long,
        env = "NIGH_CORE_HOUR_PRICE",
        value_name = "MONEY",
        default_value_t = 0.04
    )]
    pub(crate) core_hour_price: f64,

    /// Draw the ladder: quality against milliseconds, larger circles for more memory.
    #[arg(long, env = "NIGH_PICTURE", value_name = "FILE.svg")]
    pub(crate) picture: Option<PathBuf>,

    /// What computes the models: `rten` or `onnxruntime[:cpu|:cuda|:tensorrt]`.
    #[arg(long, env = "NIGH_RUNTIME", value_name = "RUNTIME", default_value_t = Runtime::Rten)]
    pub(crate) runtime: Runtime,

    /// Print the report as one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}
