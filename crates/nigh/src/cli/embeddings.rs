//! `nigh catalog reduce`, `precision` and `reencode`: other embeddings for a collection in use.

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, ValueEnum};

use super::{EncoderArgs, ProgressStyle};

/// How the numbers of embeddings are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PrecisionName {
    /// 32-bit floats: as encoders give them.
    F32,
    /// 16-bit floats: half the bytes.
    F16,
    /// 8-bit integers with one scale an embedding: a quarter.
    Int8,
}

/// How embeddings are made shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReductionName {
    /// The principal axes of the collection's own embeddings.
    Pca,
    /// A random rotation: what others are to beat.
    Random,
    /// The first numbers, for models that were trained for it (Matryoshka).
    Truncate,
}

/// What becomes of the embeddings of before.
#[derive(Debug, Args)]
pub(crate) struct KeptArgs {
    /// Go back to the embeddings of before; the present ones are kept in their place.
    #[arg(long, conflicts_with_all = ["drop_old", "abandon"])]
    pub(crate) rollback: bool,

    /// Free the embeddings of before: there is no going back then.
    #[arg(long, conflicts_with = "abandon")]
    pub(crate) drop_old: bool,

    /// Give up embeddings that are being prepared.
    #[arg(long)]
    pub(crate) abandon: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nigh catalog reduce shop
  nigh catalog reduce shop --dims 128
  nigh catalog reduce shop --dims 128 --precision int8
  nigh catalog reduce shop --rollback
  nigh catalog reduce shop --drop-old

Without --dims it only measures: what share of the ten nearest is still found, and
what an image takes in bytes and a search in time. The embeddings of before are
kept, and come back with --rollback, until --drop-old frees them.")]
pub(crate) struct ReduceArgs {
    /// The collection's folder.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// How many numbers an embedding is to have.
    // No variable: one that was set for measuring must not change the collection.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) dims: Option<u32>,

    /// How they are made shorter [default: pca; all three are measured].
    #[arg(long, env = "NIGH_REDUCTION", value_name = "METHOD", value_enum)]
    pub(crate) method: Option<ReductionName>,

    /// How they are kept from then on [default: as they are].
    #[arg(long, env = "NIGH_PRECISION", value_name = "PRECISION", value_enum)]
    pub(crate) precision: Option<PrecisionName>,

    /// Measure only, and change nothing.
    #[arg(long, env = "NIGH_DRY_RUN", value_parser = FalseyValueParser::new())]
    pub(crate) dry_run: bool,

    /// Change without measuring.
    #[arg(long, env = "NIGH_NO_CURVE", value_parser = FalseyValueParser::new(), conflicts_with = "dry_run")]
    pub(crate) no_curve: bool,

    /// At most so many images are measured with, spread over the collection.
    #[arg(long, env = "NIGH_CURVE_IMAGES", value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(20..))]
    pub(crate) images: u32,

    /// So many of these are asked for their neighbours.
    #[arg(long, env = "NIGH_CURVE_QUERIES", value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) queries: u32,

    /// The seed of a random rotation.
    #[arg(long, env = "NIGH_SEED", value_name = "SEED", default_value_t = 0)]
    pub(crate) seed: u64,

    #[command(flatten)]
    pub(crate) kept: KeptArgs,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nigh catalog precision shop int8
  nigh catalog precision shop --rollback
  nigh catalog precision shop --drop-old

What it costs and saves: `nigh catalog reduce shop --precision int8 --dry-run`.")]
pub(crate) struct PrecisionArgs {
    /// The collection's folder.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// How embeddings are kept from then on.
    #[arg(value_name = "PRECISION", value_enum, required_unless_present_any = ["rollback", "drop_old", "abandon"])]
    pub(crate) precision: Option<PrecisionName>,

    #[command(flatten)]
    pub(crate) kept: KeptArgs,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nigh catalog reencode shop --encoder mobilenet.onnx
  nigh catalog reencode shop --encoder mobilenet.onnx --images /archive/photos
  nigh catalog reencode shop --rollback
  nigh catalog reencode shop --drop-old

Searches and imports go on meanwhile. Run it again after an interruption to go on
with what it has. Pictures come from the collection (--keep-images), else from where
they were imported from. The embeddings of before are kept until --drop-old.")]
pub(crate) struct ReencodeArgs {
    /// The collection's folder.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,

    #[command(flatten)]
    pub(crate) encoder: EncoderArgs,

    /// Another folder to look in for pictures that are not where they were imported from, by the names of their files.
    #[arg(long, env = "NIGH_IMAGES", value_name = "DIR")]
    pub(crate) images: Option<PathBuf>,

    /// How the new embeddings are kept [default: as the old ones].
    #[arg(long, env = "NIGH_PRECISION", value_name = "PRECISION", value_enum)]
    pub(crate) precision: Option<PrecisionName>,

    /// Go on where more than one item in a hundred has pictures that cannot be read: these are not found any more.
    #[arg(long, env = "NIGH_ALLOW_MISSING", value_parser = FalseyValueParser::new())]
    pub(crate) allow_missing: bool,

    #[command(flatten)]
    pub(crate) kept: KeptArgs,

    /// How progress is shown.
    #[arg(long, env = "NIGH_PROGRESS", value_name = "STYLE", value_enum, default_value_t = ProgressStyle::Auto)]
    pub(crate) progress: ProgressStyle,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}
