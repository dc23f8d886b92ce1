//! `nigh index …`.

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, Subcommand, ValueEnum};

pub(crate) use self::eval::{EvalArgs, EvalKind, GridArgs, HashName};
pub(crate) use self::shards::{ShardingArgs, ShardsArgs};

mod eval;
mod shards;

#[derive(Debug, Subcommand)]
pub(crate) enum IndexCommand {
    /// Make clustered data of low intrinsic dimension, of any size.
    Gen(GenArgs),
    /// Find the exact nearest rows of every query.
    Truth(TruthArgs),
    /// Build an index of a file of vectors.
    Build(BuildArgs),
    /// Find the rows nearest to each query of a file.
    Search(SearchArgs),
    /// Show what an index holds.
    Info(InfoArgs),
    /// Measure how evenly shards are filled and how many of them a query needs.
    Shards(ShardsArgs),
    /// Measure recall, speed, build time and size.
    Eval(EvalArgs),
    /// Choose an operating point by measurement, and keep it beside the index.
    Tune(TuneArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nigh index gen --rows 1000000 --dims 512 --into data
  nigh index gen --rows 10000000 --dims 96 --queries 10000 --intrinsic 32 --seed 1 --into data

Writes base.fbin and query.fbin. The same flags give the same files.")]
pub(crate) struct GenArgs {
    /// How many rows to make.
    #[arg(long, env = "NIGH_GEN_ROWS", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rows: u32,

    /// Values per row.
    #[arg(long, env = "NIGH_DIMS", value_name = "D", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(crate) dims: u32,

    /// How many queries to make; they are drawn like the rows and none of them.
    #[arg(long, env = "NIGH_GEN_QUERIES", value_name = "Q", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) queries: u32,

    /// Dimensions of the space that the data really lies in.
    #[arg(long, env = "NIGH_INTRINSIC", value_name = "L", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(crate) intrinsic: u32,

    /// How many clusters [default: a 250th of the rows, 4096 at most].
    #[arg(long, env = "NIGH_CLUSTERS", value_name = "C", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) clusters: Option<u32>,

    /// The seed: another one, other data.
    #[arg(long, env = "NIGH_SEED", value_name = "SEED", default_value_t = 0)]
    pub(crate) seed: u64,

    /// Leave the rows as long as they come; else each has length 1.
    #[arg(long, env = "NIGH_RAW", value_parser = FalseyValueParser::new())]
    pub(crate) raw: bool,

    /// The folder to write to; made if it does not exist.
    #[arg(long, env = "NIGH_INTO", value_name = "DIR")]
    pub(crate) into: PathBuf,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

/// A file of vectors: the rows that are searched.
#[derive(Debug, Args)]
pub(crate) struct BaseArgs {
    /// The vectors to search: .fbin, .u8bin, .npy or .parquet.
    #[arg(long, env = "NIGH_BASE", value_name = "FILE")]
    pub(crate) base: PathBuf,

    /// The Parquet column that holds the vectors [default: the only one of lists].
    #[arg(long, env = "NIGH_COLUMN", value_name = "COL")]
    pub(crate) column: Option<String>,
}

/// A file of vectors: those that are searched with.
#[derive(Debug, Args)]
pub(crate) struct QueriesArgs {
    /// The queries: .fbin, .u8bin, .npy or .parquet.
    #[arg(long, env = "NIGH_QUERIES", value_name = "FILE")]
    pub(crate) queries: PathBuf,

    /// The Parquet column that holds the queries [default: the only one of lists].
    #[arg(long, env = "NIGH_QUERY_COLUMN", value_name = "COL")]
    pub(crate) query_column: Option<String>,
}

/// What "near" means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MetricName {
    /// Euclidean distance.
    L2,
    /// Inner product.
    #[value(alias = "inner-product")]
    Ip,
    /// Cosine of the angle.
    Cosine,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nigh index truth --base base.fbin --queries query.fbin --metric l2 --out truth.ibin
  nigh index truth --base base.npy --queries query.npy --metric cosine -k 10 --out truth.ibin --distances

Compares every query with every row. Rows are numbered from 0.")]
pub(crate) struct TruthArgs {
    #[command(flatten)]
    pub(crate) base: BaseArgs,

    #[command(flatten)]
    pub(crate) queries: QueriesArgs,

    /// What "near" means.
    #[arg(long, env = "NIGH_METRIC", value_name = "METRIC", value_enum)]
    pub(crate) metric: MetricName,

    /// How many neighbours of each query.
    #[arg(short, long, env = "NIGH_K", value_name = "K", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) k: u32,

    /// The file to write.
    #[arg(long, env = "NIGH_OUT", value_name = "FILE.ibin")]
    pub(crate) out: PathBuf,

    /// Write the distances behind the ids.
    #[arg(long, env = "NIGH_DISTANCES", value_parser = FalseyValueParser::new())]
    pub(crate) distances: bool,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

/// How lists are made.
#[derive(Clone, Debug, Args)]
pub(crate) struct IndexArgs {
    /// How lists hold their rows.
    #[arg(long, env = "NIGH_CODEC", value_name = "CODEC", value_enum, default_value_t = CodecName::Rabitq)]
    pub(crate) codec: CodecName,

    /// Principal axes that one-bit codes are made of [default: as many as hold 92.5 % of the variance, at least 96].
    #[arg(long, env = "NIGH_SCAN_DIMS", value_name = "D", value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub(crate) scan_dims: Option<u32>,

    /// Principal axes of the codes that refine [default: as many as hold 95 % of the variance, and half more than are scanned].
    #[arg(long, env = "NIGH_REFINE_DIMS", value_name = "D", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(crate) refine_dims: Option<u32>,

    /// Bits for each axis in the codes that refine.
    #[arg(long, env = "NIGH_REFINE_BITS", value_name = "B", default_value_t = 8, value_parser = clap::value_parser!(u8).range(2..=8))]
    pub(crate) refine_bits: u8,

    /// The axes of the codes [default: principal up to 2048 values, hadamard above].
    #[arg(long, env = "NIGH_ROTATION", value_name = "ROTATION", value_enum, default_value_t = RotationName::Auto, hide_default_value = true)]
    pub(crate) rotation: RotationName,

    /// How many lists to divide the rows of a segment into
    /// [default: for n rows 2√n of vectors, 8√n of codes].
    #[arg(long, env = "NIGH_LISTS", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) lists: Option<u32>,

    /// The rows that the centre of a list is trained on, on average: more take longer to build and find a little more
    /// per list.
    #[arg(long, env = "NIGH_ROWS_PER_CENTROID", value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rows_per_centroid: u32,

    /// The seed of the lists.
    #[arg(long, env = "NIGH_SEED", value_name = "SEED", default_value_t = 0)]
    pub(crate) seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CodecName {
    /// As they are.
    F32,
    /// As 16-bit floats, beside the vectors.
    F16,
    /// As 8-bit integers, beside the vectors.
    Int8,
    /// As codes of one bit for each axis to scan and some bits to refine, beside the vectors.
    Rabitq,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RotationName {
    /// What suits the dimension.
    Auto,
    /// Principal axes, from a sample.
    Principal,
    /// Random ones, without a matrix.
    Hadamard,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Exact up to 10,000 rows, ivf from there on.
    Auto,
    /// Lists, of which the nearest are read.
    Ivf,
    /// Every row is compared.
    Exact,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nigh index build --base base.fbin --metric l2 --out base.segment
  nigh index build --base items.parquet --column embedding --metric cosine --lists 1024 --out items.segment
  nigh index build --base base.fbin --metric l2 --shards 8 --out shards
  nigh index build --base base.fbin --metric l2 --shards 8 --categories categories.txt --out shards

An id is the number of a row, counted from 0. Rows that cannot be compared (NaN,
infinite, another length) are named, counted and left out.")]
pub(crate) struct BuildArgs {
    #[command(flatten)]
    pub(crate) base: BaseArgs,

    /// What "near" means.
    #[arg(long, env = "NIGH_METRIC", value_name = "METRIC", value_enum)]
    pub(crate) metric: MetricName,

    /// The kind of index.
    #[arg(long, env = "NIGH_KIND", value_name = "KIND", value_enum, default_value_t = Kind::Auto)]
    pub(crate) kind: Kind,

    #[command(flatten)]
    pub(crate) index: IndexArgs,

    #[command(flatten)]
    pub(crate) sharding: ShardingArgs,

    /// The file to write, or the folder of shards.
    #[arg(long, env = "NIGH_OUT", value_name = "FILE.segment")]
    pub(crate) out: PathBuf,

    /// Exit with 3 when any row was left out.
    #[arg(long, env = "NIGH_STRICT", value_parser = FalseyValueParser::new())]
    pub(crate) strict: bool,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

/// How the nearest are found.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct SettingArgs {
    /// Compare with every row.
    #[arg(long, env = "NIGH_EXACT", conflicts_with = "nprobe", value_parser = FalseyValueParser::new())]
    pub(crate) exact: bool,

    /// How many lists of a segment to read [default: 16].
    #[arg(long, env = "NIGH_NPROBE", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) nprobe: Option<u32>,

    /// How many standard errors a code must be off by to hide a neighbour [default: 1].
    #[arg(long, env = "NIGH_MARGIN", value_name = "ERRORS")]
    pub(crate) margin: Option<f32>,

    /// The fastest setting that reaches this recall, as `nigh index tune` measured it.
    #[arg(long, env = "NIGH_RECALL", value_name = "RECALL", value_parser = crate::cli::recall, conflicts_with_all = ["exact", "nprobe", "margin", "rescore"])]
    pub(crate) recall: Option<f64>,

    /// How many rows are compared exactly in the end [default: twice as many as are found].
    #[arg(long, env = "NIGH_RESCORE", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) rescore: Option<u32>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nigh index search --index base.segment --queries query.fbin
  nigh index search --index base.segment --queries query.fbin --rows 0,5,7 -k 3 --exact --json")]
pub(crate) struct SearchArgs {
    /// The index, or the folder of its shards.
    #[arg(long, env = "NIGH_INDEX", value_name = "FILE.segment")]
    pub(crate) index: PathBuf,

    #[command(flatten)]
    pub(crate) queries: QueriesArgs,

    /// Only these queries, counted from 0.
    #[arg(long, env = "NIGH_ROWS", value_name = "ROW,ROW", value_delimiter = ',')]
    pub(crate) rows: Option<Vec<usize>>,

    /// How many rows to find for each query.
    #[arg(short, long, env = "NIGH_K", value_name = "K", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) k: u32,

    #[command(flatten)]
    pub(crate) setting: SettingArgs,

    /// Ask only the shard that holds the rows of this category.
    #[arg(long, env = "NIGH_CATEGORY", value_name = "NAME")]
    pub(crate) category: Option<String>,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  nigh index info --index base.segment")]
pub(crate) struct InfoArgs {
    /// The index, or the folder of its shards.
    #[arg(long, env = "NIGH_INDEX", value_name = "FILE.segment")]
    pub(crate) index: PathBuf,

    /// Check every byte: of an index longer than 256 MB only the structure is otherwise.
    #[arg(long, env = "NIGH_VERIFY", value_parser = FalseyValueParser::new())]
    pub(crate) verify: bool,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nigh index tune --index base.segment --queries query.fbin --recall 0.95
  nigh index tune --index base.segment --queries query.fbin --latency-us 100 --json
  nigh index search --index base.segment --queries query.fbin --recall 0.95

Half of the queries choose the settings, the other half measure what they reach:
the intervals hold for queries that tuning has not seen. Writes
FILE.segment.tuned.json, which `nigh index search --recall` reads.")]
pub(crate) struct TuneArgs {
    /// The index.
    #[arg(long, env = "NIGH_INDEX", value_name = "FILE.segment")]
    pub(crate) index: PathBuf,

    #[command(flatten)]
    pub(crate) queries: QueriesArgs,

    /// The mean share of the ten nearest to find, at least: 0 to 1.
    #[arg(
        long,
        env = "NIGH_RECALL",
        value_name = "RECALL", value_parser = crate::cli::recall,
        required_unless_present = "latency_us",
        conflicts_with = "latency_us"
    )]
    pub(crate) recall: Option<f64>,

    /// The mean time of a query, at most, in microseconds of one core.
    #[arg(long, env = "NIGH_LATENCY_US", value_name = "US")]
    pub(crate) latency_us: Option<f64>,

    /// Only the first queries of the file [default: all].
    #[arg(long, env = "NIGH_FIRST", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) first: Option<u32>,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}
