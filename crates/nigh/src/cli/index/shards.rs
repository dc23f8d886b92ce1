//! `nigh index build --shards` and `nigh index shards`.

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, ValueEnum};

use super::QueriesArgs;

/// Whether an index is divided, and how.
#[derive(Debug, Args)]
pub(crate) struct ShardingArgs {
    /// Divide the rows among so many segments: --out is a folder then.
    #[arg(long, env = "NIGH_SHARDS", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(crate) shards: Option<u32>,

    /// What tells the shard of a row [default: hash, or the category where there are categories].
    #[arg(
        long,
        env = "NIGH_SHARD_BY",
        value_name = "WHAT",
        value_enum,
        requires = "shards",
        conflicts_with = "categories"
    )]
    pub(crate) shard_by: Option<ShardByName>,

    /// A category for each row: .npy of integers, .csv of one column without a header, or .txt.
    #[arg(
        long,
        env = "NIGH_CATEGORIES",
        value_name = "FILE",
        requires = "shards"
    )]
    pub(crate) categories: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShardByName {
    /// A hash of its id: shards are about equally large.
    Hash,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nigh index shards FOLDER --queries query.fbin
  nigh index shards FOLDER --queries query.fbin --categories query-categories.txt --json

Compares every query with all rows. Says how evenly the shards are filled, and with
95 % confidence how often the shard of a query's category, or the shards with the
nearest centroids, hold its ten nearest rows.")]
pub(crate) struct ShardsArgs {
    /// The folder of shards.
    #[arg(value_name = "FOLDER")]
    pub(crate) folder: PathBuf,

    #[command(flatten)]
    pub(crate) queries: QueriesArgs,

    /// A category for each query: .npy of integers, .csv of one column without a header, or .txt.
    #[arg(long, env = "NIGH_QUERY_CATEGORIES", value_name = "FILE")]
    pub(crate) categories: Option<PathBuf>,

    /// Only the first queries of the file [default: all].
    #[arg(long, env = "NIGH_FIRST", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) first: Option<u32>,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}
