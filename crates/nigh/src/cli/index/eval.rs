//! `nigh index eval`.

use std::path::PathBuf;

use clap::builder::{EnumValueParser, FalseyValueParser, TypedValueParser};
use clap::{Args, ValueEnum};

use super::{BaseArgs, IndexArgs, MetricName, QueriesArgs, SettingArgs};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nigh index eval --base base.fbin --queries query.fbin --truth truth.ibin --metric l2 --sweep --threads 1
  nigh index eval --base base.fbin --queries query.fbin --truth truth.ibin --metric ip --nprobe 32 --json
  nigh index eval --base base.fbin --queries query.fbin --truth truth.ibin --metric ip --index kept.segment --sweep
  nigh index eval --base base.fbin --queries query.fbin --truth truth.ibin --metric ip --kind grid --sweep

Recall is the mean share of the ten nearest that are found, over all queries;
speed is that of the first 1,000, the best of three. Queries per second are per
second of CPU time, those called \"wall\" by the clock.")]
pub(crate) struct EvalArgs {
    #[command(flatten)]
    pub(crate) base: BaseArgs,

    #[command(flatten)]
    pub(crate) queries: QueriesArgs,

    /// The exact neighbours: .ibin, with or without distances; `nigh index truth` makes it.
    #[arg(long, env = "NIGH_TRUTH", value_name = "FILE.ibin")]
    pub(crate) truth: PathBuf,

    /// What "near" means.
    #[arg(long, env = "NIGH_METRIC", value_name = "METRIC", value_enum)]
    pub(crate) metric: MetricName,

    /// The kind of index.
    #[arg(long, env = "NIGH_KIND", value_name = "KIND", value_parser = kinds(), default_value = "auto")]
    pub(crate) kind: EvalKind,

    #[command(flatten)]
    pub(crate) index: IndexArgs,

    #[command(flatten)]
    pub(crate) grid: GridArgs,

    /// The index to measure; built there if it does not exist [default: a temporary one].
    #[arg(long = "index", env = "NIGH_INDEX", value_name = "FILE.segment")]
    pub(crate) file: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) setting: SettingArgs,

    /// Measure all settings worth having, not one.
    #[arg(long, env = "NIGH_SWEEP", conflicts_with_all = ["nprobe", "exact", "recall", "margin", "rescore", "probes"], value_parser = FalseyValueParser::new())]
    pub(crate) sweep: bool,

    /// Only the first queries of the file [default: all].
    #[arg(long, env = "NIGH_FIRST", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) first: Option<u32>,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

/// The kinds of index that can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EvalKind {
    /// Exact up to 10,000 rows, ivf from there on.
    Auto,
    /// Lists, of which the nearest are read.
    Ivf,
    /// Buckets of random hash functions, without training.
    Grid,
    /// Every row is compared.
    Exact,
    #[value(hide = true)]
    Graph,
}

fn kinds() -> impl TypedValueParser<Value = EvalKind> {
    EnumValueParser::<EvalKind>::new().try_map(|kind| match kind {
        EvalKind::Graph => Err(
            "nigh has no graph index, since its lists are ahead of every graph library measured (docs/ann.md): take ivf",
        ),
        kind => Ok(kind),
    })
}

/// How a grid is made and searched.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct GridArgs {
    /// The tables of a grid [default: 16].
    #[arg(long, env = "NIGH_TABLES", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub(crate) tables: Option<u32>,

    /// The hash functions of a grid [default: cross-polytope].
    #[arg(long, env = "NIGH_HASH", value_name = "HASH", value_enum)]
    pub(crate) hash: Option<HashName>,

    /// The buckets of a grid to look into, over all tables [default: 128].
    #[arg(long, env = "NIGH_PROBES", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) probes: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum HashName {
    /// The sides of random hyperplanes.
    Hyperplane,
    /// The nearest axes of random rotations.
    CrossPolytope,
}
