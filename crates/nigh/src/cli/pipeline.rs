//! `nigh catalog pipeline` and `growth`: the stages of searches, and what they come to as a collection grows.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::FalseyValueParser;

#[derive(Debug, Args)]
#[command(after_help = r#"Examples:
  nigh catalog pipeline shop
  nigh catalog pipeline shop --set pipeline.json
  nigh catalog pipeline shop --clear

The file names the stages of a search; every part of it may be left out:
  {
    "where": "in_stock = true",
    "neighbors": {"recall": 0.95, "keep": 200},
    "rank": {
      "keep": 200,
      "boosts": [{"where": "brand = 'Ours'", "weight": 0.05}, {"attribute": "sales", "pivot": 100, "weight": 0.1}],
      "freshness": {"attribute": "added", "half_life_days": 60, "weight": 0.05},
      "diversity": {"lambda": 0.8}
    },
    "budget_ms": 20
  }

Hits are ordered by cosine + boosts + freshness, in units of the cosine: `weight` where a condition is true,
weight * v / (v + pivot) of a number v, weight * 2^(-age / half_life_days) of a date. Diversity picks hits that
differ from those before them (1: not at all). A server that is running keeps the pipeline that it has."#)]
pub(crate) struct PipelineArgs {
    /// The collection's folder.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// Searches follow the pipeline in this file from now on; `-` reads standard input.
    #[arg(long, value_name = "FILE.json")]
    pub(crate) set: Option<PathBuf>,

    /// Searches follow none from now on.
    #[arg(long, conflicts_with = "set")]
    pub(crate) clear: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nigh catalog growth shop
  nigh catalog growth shop --recall 0.99 --picture growth.svg --json

Every strategy is measured on 1/16, 1/8, 1/4, 1/2 and all of the collection with the fastest setting that finds
the recall, and the power that its time grows by is fitted. Indexes are built in the collection's folder meanwhile,
and removed; nothing else is written there. The grid takes all embeddings in memory meanwhile: --images bounds it.")]
pub(crate) struct GrowthArgs {
    /// The collection's folder.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// The mean share of the ten nearest that each strategy has to find.
    #[arg(long, env = "NIGH_RECALL", value_name = "RECALL", default_value_t = 0.95, value_parser = crate::cli::recall)]
    pub(crate) recall: f64,

    /// At most so many images, spread over the collection [default: all].
    #[arg(long, env = "NIGH_IMAGES", value_name = "N", value_parser = clap::value_parser!(u32).range(2000..))]
    pub(crate) images: Option<u32>,

    /// How many images are asked for their neighbours, and left out of what is searched.
    #[arg(long, env = "NIGH_GROWTH_QUERIES", value_name = "N", default_value_t = 400, value_parser = clap::value_parser!(u32).range(40..=100_000))]
    pub(crate) queries: u32,

    /// The seed of the samples.
    #[arg(long, env = "NIGH_SEED", value_name = "SEED", default_value_t = 0)]
    pub(crate) seed: u64,

    /// Where the curves are drawn.
    #[arg(
        long,
        env = "NIGH_PICTURE",
        value_name = "FILE.svg",
        default_value = "growth.svg"
    )]
    pub(crate) picture: PathBuf,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

/// A time above 0.
pub(super) fn milliseconds(text: &str) -> Result<Duration, String> {
    let ms: f64 = text.parse().map_err(|_| format!("{text:?} is no number"))?;
    nigh_engine::pipeline::budget(ms).map_err(|error| error.to_string())
}
