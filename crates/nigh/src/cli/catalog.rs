//! `nigh catalog …`.

use std::path::PathBuf;

use bytesize::ByteSize;
use clap::builder::FalseyValueParser;
use clap::{Args, Subcommand};
use nigh_encode::Runtime;

use super::{
    GrowthArgs, PipelineArgs, PrecisionArgs, PrecisionName, ProgressStyle, ReduceArgs, ReencodeArgs,
};

#[derive(Debug, Subcommand)]
pub(crate) enum CatalogCommand {
    /// Read images and their attributes into a collection.
    Import(ImportArgs),
    /// Find the items that look like a picture or an item, or that words describe.
    Search(SearchArgs),
    /// Measure precision, recall and latency on queries with known labels.
    Eval(EvalArgs),
    /// Measure how fast and how complete searches can be, and choose.
    Tune(TuneArgs),
    /// Measure how searches slow down as the collection grows, strategy by strategy.
    Growth(GrowthArgs),
    /// Show or set the stages that searches of a collection follow: filter, neighbours, rank formula, budget.
    Pipeline(PipelineArgs),
    /// Make embeddings shorter, and measure what that costs and saves.
    Reduce(ReduceArgs),
    /// Keep embeddings in fewer bytes a number.
    Precision(PrecisionArgs),
    /// Encode everything anew with another encoder while searches and imports go on.
    Reencode(ReencodeArgs),
    /// Show what a collection holds.
    Info(InfoArgs),
    /// Show items with all their attributes.
    Get(GetArgs),
    /// List items.
    List(ListArgs),
    /// Delete items.
    Delete(DeleteArgs),
    /// Copy a collection, consistent, into a new folder.
    Snapshot(SnapshotArgs),
    /// Make a collection from a snapshot.
    Restore(RestoreArgs),
    /// Write items, attributes and embeddings to a Parquet file.
    Export(ExportArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nigh catalog import photos/ --into shop
  nigh catalog import photos/ --attributes products.csv --id sku --into shop
  nigh catalog import products-*.parquet --into shop --encoder mobilenet.onnx
  nigh catalog import items.jsonl --image front,side --into shop

A source is a folder of images (with or without a table beside them), or a CSV,
JSONL or Parquet file with images or their paths. Run it again to resume or to
update: what did not change is not encoded twice.")]
pub(crate) struct ImportArgs {
    /// Folders of images, CSV, JSONL or Parquet files.
    #[arg(required = true, value_name = "SOURCE")]
    pub(crate) sources: Vec<PathBuf>,

    /// The collection's folder; made if it does not exist.
    #[arg(long, env = "NIGH_INTO", value_name = "DIR")]
    pub(crate) into: PathBuf,

    #[command(flatten)]
    pub(crate) columns: ColumnArgs,

    #[command(flatten)]
    pub(crate) encoder: EncoderArgs,

    /// How a new collection keeps its embeddings [default: f32].
    #[arg(long, env = "NIGH_PRECISION", value_name = "PRECISION", value_enum)]
    pub(crate) precision: Option<PrecisionName>,

    /// Store the images' bytes too, so that the sources may go away.
    #[arg(long, env = "NIGH_KEEP_IMAGES", value_parser = FalseyValueParser::new())]
    pub(crate) keep_images: bool,

    /// Items in one durable commit: fewer are acknowledged sooner, more go faster.
    #[arg(long, env = "NIGH_COMMIT_ITEMS", value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) commit_items: u32,

    /// Exit with 3 when anything was rejected.
    #[arg(long, env = "NIGH_STRICT", value_parser = FalseyValueParser::new())]
    pub(crate) strict: bool,

    /// How progress is shown.
    #[arg(long, env = "NIGH_PROGRESS", value_name = "STYLE", value_enum, default_value_t = ProgressStyle::Auto)]
    pub(crate) progress: ProgressStyle,

    /// Print the report as one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

/// Which columns of a table mean what; guessed where not given.
#[derive(Debug, Args)]
pub(crate) struct ColumnArgs {
    /// The column that holds the item's id.
    #[arg(long, env = "NIGH_ID", value_name = "COL")]
    pub(crate) id: Option<String>,

    /// The column (or columns: front,side,detail) that holds images or their paths.
    #[arg(long, env = "NIGH_IMAGE", value_name = "COL", value_delimiter = ',')]
    pub(crate) image: Vec<String>,

    /// The attributes to keep [default: all columns].
    #[arg(
        long,
        env = "NIGH_COLUMNS",
        value_name = "A,B,C",
        value_delimiter = ','
    )]
    pub(crate) columns: Option<Vec<String>>,

    /// A table of attributes for a folder of images, joined by id or file name.
    #[arg(long, env = "NIGH_ATTRIBUTES", value_name = "FILE")]
    pub(crate) attributes: Option<PathBuf>,

    /// Every folder is one item, with all the pictures in it.
    #[arg(long, env = "NIGH_ITEM_PER_FOLDER", value_parser = FalseyValueParser::new())]
    pub(crate) item_per_folder: bool,
}

/// The encoder, and what an ONNX model wants of its input.
#[derive(Debug, Args)]
pub(crate) struct EncoderArgs {
    /// `features` (built in), the path of an ONNX model or of a folder with one, or the name of a
    /// model that is here (`nigh model list --here`)
    /// [default: the collection's own, `features` for a new one].
    #[arg(long, env = "NIGH_ENCODER", value_name = "ENCODER")]
    pub(crate) encoder: Option<String>,

    /// What a model wants of its input, where MODEL.onnx.json does not say it:
    /// size=224x224, resize=crop, channels=bgr, mean=0.5,0.5,0.5, output=NAME…
    #[arg(long, env = "NIGH_PREPROCESS", value_name = "KEY=VALUE")]
    pub(crate) preprocess: Vec<String>,

    /// The same as a JSON file in the form of MODEL.onnx.json.
    #[arg(long, env = "NIGH_SIDECAR", value_name = "FILE")]
    pub(crate) sidecar: Option<PathBuf>,

    /// What computes an ONNX model: `rten` (built in), or `onnxruntime[:cpu|:cuda|:tensorrt]`
    /// from the shared library that ORT_DYLIB_PATH names. Its embeddings are the same.
    #[arg(
        long,
        env = "NIGH_RUNTIME",
        value_name = "RUNTIME",
        default_value_t = Runtime::Rten
    )]
    pub(crate) runtime: Runtime,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nigh catalog search shop --image dress.jpg
  nigh catalog search shop --id 1163 -k 20 --where \"gender = 'Women' AND year >= 2012\"
  nigh catalog search shop --text 'red summer dress'
  nigh catalog search shop --image dress.jpg --text 'in blue^0.5' --less stripes
  cat photo.png | nigh catalog search shop --image - --json
  nigh catalog search shop --image dress.jpg --sheet hits.html --explain")]
pub(crate) struct SearchArgs {
    /// The collection's folder.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,

    #[command(flatten)]
    pub(crate) query: QueryArgs,

    /// How many items to find.
    #[arg(short, long, env = "NIGH_K", value_name = "K", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) k: u32,

    /// Only items with a score of at least this (cosine: -1 to 1).
    #[arg(
        long,
        env = "NIGH_MIN_SCORE",
        value_name = "SCORE",
        allow_negative_numbers = true
    )]
    pub(crate) min_score: Option<f32>,

    #[command(flatten)]
    pub(crate) method: MethodArgs,

    /// A pipeline to follow in place of the collection's own (`nigh catalog pipeline --help` describes the file); `{}` is none.
    #[arg(long, env = "NIGH_PIPELINE", value_name = "FILE.json")]
    pub(crate) pipeline: Option<PathBuf>,

    /// Milliseconds for the search without decoding and encoding: stages take fewer candidates where it would not be enough.
    #[arg(long, env = "NIGH_BUDGET_MS", value_name = "MS", value_parser = super::pipeline::milliseconds)]
    pub(crate) budget_ms: Option<std::time::Duration>,

    /// An item that is expected: say where it was dropped.
    #[arg(long, env = "NIGH_WHY_NOT", value_name = "ID")]
    pub(crate) why_not: Option<String>,

    #[command(flatten)]
    pub(crate) encoder: EncoderArgs,

    /// The share of searches (0 to 1) that are answered again afterwards, exactly: `nigh catalog info` shows their recall.
    #[arg(
        long,
        env = "NIGH_CHECK",
        value_name = "SHARE",
        default_value_t = 0.0,
        hide_default_value = true, value_parser = crate::cli::share
    )]
    pub(crate) check: f64,

    /// Show what each stage took in, kept and cost.
    #[arg(long, env = "NIGH_EXPLAIN", value_parser = FalseyValueParser::new())]
    pub(crate) explain: bool,

    /// Write a self-contained contact sheet: the query left, the hits right.
    #[arg(long, env = "NIGH_SHEET", value_name = "FILE.html")]
    pub(crate) sheet: Option<PathBuf>,

    /// Print the hits as one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

/// What is searched for, and among which items.
#[derive(Debug, Args)]
pub(crate) struct QueryArgs {
    /// A picture to search with; `-` reads it from standard input. It may be given several
    /// times and with --text: the items are near to all of it. `FILE^2` counts twice.
    #[arg(
        long,
        env = "NIGH_QUERY_IMAGE",
        value_name = "FILE",
        required_unless_present_any = ["id", "text"]
    )]
    pub(crate) image: Vec<PathBuf>,

    /// Words to search with, for collections with an encoder of pictures and words. May be
    /// given several times; `WORDS^0.5` counts half.
    #[arg(long, env = "NIGH_QUERY_TEXT", value_name = "WORDS")]
    pub(crate) text: Vec<String>,

    /// Words for what the items should have less of.
    #[arg(long, env = "NIGH_QUERY_LESS", value_name = "WORDS")]
    pub(crate) less: Vec<String>,

    /// A picture of what the items should have less of.
    #[arg(long, env = "NIGH_QUERY_LESS_IMAGE", value_name = "FILE")]
    pub(crate) less_image: Vec<PathBuf>,

    /// An item to find more like.
    #[arg(long, env = "NIGH_QUERY_ID", value_name = "ID")]
    pub(crate) id: Option<String>,

    /// Only items with these attributes, as in SQL.
    #[arg(long = "where", env = "NIGH_WHERE", value_name = "CONDITION")]
    pub(crate) condition: Option<String>,
}

/// How the nearest are found.
#[derive(Clone, Debug, Args)]
pub(crate) struct MethodArgs {
    /// Compare with every item, however many there are.
    #[arg(long, env = "NIGH_EXACT", conflicts_with = "nprobe", value_parser = FalseyValueParser::new())]
    pub(crate) exact: bool,

    /// How many of the index's lists to read.
    #[arg(long, env = "NIGH_NPROBE", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) nprobe: Option<u32>,

    /// The fastest setting that finds this mean share of the ten nearest, as `nigh catalog tune` measured it.
    #[arg(long, env = "NIGH_RECALL", value_name = "RECALL", value_parser = crate::cli::recall, conflicts_with_all = ["exact", "nprobe"])]
    pub(crate) recall: Option<f64>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nigh catalog eval shop --sample 0.1 --relevant articleType,baseColour
  nigh catalog eval shop --queries held-out.parquet --relevant category -k 20 --json")]
pub(crate) struct EvalArgs {
    /// The collection's folder.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// Query images with their labels: any source that `import` reads.
    #[arg(
        long,
        env = "NIGH_QUERIES",
        value_name = "SOURCE",
        required_unless_present = "sample",
        conflicts_with = "sample"
    )]
    pub(crate) queries: Vec<PathBuf>,

    /// Take this share of the collection itself as queries, each excluded from its own hits.
    #[arg(long, env = "NIGH_SAMPLE", value_name = "SHARE")]
    pub(crate) sample: Option<f64>,

    /// The seed of the sample.
    #[arg(long, env = "NIGH_SEED", value_name = "SEED", default_value_t = 0)]
    pub(crate) seed: u64,

    /// The attributes whose equality makes a hit relevant.
    #[arg(
        long,
        env = "NIGH_RELEVANT",
        value_name = "A,B",
        value_delimiter = ',',
        required = true
    )]
    pub(crate) relevant: Vec<String>,

    /// How many hits count.
    #[arg(short, long, env = "NIGH_K", value_name = "K", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) k: u32,

    #[command(flatten)]
    pub(crate) method: MethodArgs,

    #[command(flatten)]
    pub(crate) columns: ColumnArgs,

    #[command(flatten)]
    pub(crate) encoder: EncoderArgs,

    /// Print the figures as one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nigh catalog tune shop --recall 0.95
  nigh catalog tune shop --latency-us 200 --memory 2GB
  nigh catalog tune shop --recall 0.99 --queries customers-photos/ --json

Half of the queries choose a setting, the other half say what it reaches, so that
the intervals hold for queries it has not seen. Searches use the setting from
then on, and whatever is imported later is measured for the same goal.")]
pub(crate) struct TuneArgs {
    /// The collection's folder.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// The mean share of the ten nearest to find, at least: 0 to 1.
    #[arg(
        long,
        env = "NIGH_RECALL",
        value_name = "RECALL", value_parser = crate::cli::recall,
        required_unless_present = "latency_us",
        conflicts_with = "latency_us"
    )]
    pub(crate) recall: Option<f64>,

    /// The mean time to find the nearest of a picture, at most, in microseconds of one core, its encoding not counted.
    #[arg(long, env = "NIGH_LATENCY_US", value_name = "US")]
    pub(crate) latency_us: Option<f64>,

    /// The memory that the index may need, at most: 500MB, 2GB, 1GiB.
    #[arg(long, env = "NIGH_MEMORY", value_name = "BYTES")]
    pub(crate) memory: Option<ByteSize>,

    /// Pictures to measure with, as customers would send them: any source that `import` reads
    /// [default: a sample of the collection, each item left out of its own answer].
    #[arg(long, env = "NIGH_QUERIES", value_name = "SOURCE")]
    pub(crate) queries: Vec<PathBuf>,

    /// How many of the collection's own items are asked.
    #[arg(long, env = "NIGH_TUNE_SAMPLE", value_name = "N", default_value_t = 2000, conflicts_with = "queries", value_parser = clap::value_parser!(u32).range(40..=1_000_000))]
    pub(crate) sample: u32,

    /// The seed of the sample.
    #[arg(long, env = "NIGH_SEED", value_name = "SEED", default_value_t = 0)]
    pub(crate) seed: u64,

    #[command(flatten)]
    pub(crate) columns: ColumnArgs,

    #[command(flatten)]
    pub(crate) encoder: EncoderArgs,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  nigh catalog info shop")]
pub(crate) struct InfoArgs {
    /// The collection's folder.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  nigh catalog get shop 1163 1164 --json")]
pub(crate) struct GetArgs {
    /// The collection's folder.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// The items' ids.
    #[arg(required = true, value_name = "ID")]
    pub(crate) ids: Vec<String>,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  nigh catalog list shop --where \"price < 20\" --limit 100")]
pub(crate) struct ListArgs {
    /// The collection's folder.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// Only items with these attributes, as in SQL.
    #[arg(long = "where", env = "NIGH_WHERE", value_name = "CONDITION")]
    pub(crate) condition: Option<String>,

    /// How many items to list.
    #[arg(long, env = "NIGH_LIMIT", value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,

    /// How many items to skip first.
    #[arg(long, env = "NIGH_OFFSET", value_name = "N", default_value_t = 0)]
    pub(crate) offset: usize,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  nigh catalog delete shop 1163 1164\n  nigh catalog delete shop --where \"year < 2010\""
)]
pub(crate) struct DeleteArgs {
    /// The collection's folder.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// The items' ids.
    #[arg(value_name = "ID", required_unless_present = "condition")]
    pub(crate) ids: Vec<String>,

    /// Delete every item with these attributes, as in SQL.
    // No variable: one that was set for searching must not delete.
    #[arg(long = "where", value_name = "CONDITION", conflicts_with = "ids")]
    pub(crate) condition: Option<String>,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  nigh catalog snapshot shop backup/shop-monday")]
pub(crate) struct SnapshotArgs {
    /// The collection's folder.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// The folder to make.
    #[arg(value_name = "DESTINATION")]
    pub(crate) destination: PathBuf,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  nigh catalog restore backup/shop-monday shop")]
pub(crate) struct RestoreArgs {
    /// A snapshot's folder.
    #[arg(value_name = "SNAPSHOT")]
    pub(crate) snapshot: PathBuf,

    /// The collection's folder to make.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  nigh catalog export shop items.parquet")]
pub(crate) struct ExportArgs {
    /// The collection's folder.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// The Parquet file to write.
    #[arg(value_name = "FILE.parquet")]
    pub(crate) file: PathBuf,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}
