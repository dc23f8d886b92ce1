//! The commands and their flags, in one definition: help, completions and the
//! man page all come from here.

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use self::doctor::DoctorArgs;
pub(crate) use self::embeddings::{
    KeptArgs, PrecisionArgs, PrecisionName, ReduceArgs, ReductionName, ReencodeArgs,
};
pub(crate) use self::index::IndexCommand;
pub(crate) use self::model::ModelCommand;
pub(crate) use self::people::PeopleCommand;
pub(crate) use self::pipeline::{GrowthArgs, PipelineArgs};
pub(crate) use self::serve::{LogFormat, ServeArgs};

pub(crate) use self::catalog::{
    CatalogCommand, ColumnArgs, DeleteArgs, EncoderArgs, EvalArgs, ExportArgs, GetArgs, ImportArgs,
    InfoArgs, ListArgs, MethodArgs, QueryArgs, RestoreArgs, SearchArgs, SnapshotArgs, TuneArgs,
};

mod catalog;
mod doctor;
mod embeddings;
pub(crate) mod index;
pub(crate) mod model;
pub(crate) mod people;
mod pipeline;
mod serve;

/// Finds what is near: products that look like a photo, people you may know.
#[derive(Debug, Parser)]
#[command(name = "nigh", version, propagate_version = true, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    #[command(flatten)]
    pub(crate) common: Common,
}

const EXAMPLES: &str = "\
Examples:
  nigh demo
  nigh catalog import photos/ --into shop
  nigh catalog search shop --image dress.jpg --sheet hits.html
  nigh catalog eval shop --sample 0.1 --relevant category,colour
  nigh people import friends.csv --into circle
  nigh people suggest circle ada
  nigh model pull clip-vit-b-32
  nigh doctor circle
  nigh serve shop circle
  nigh index build --base base.fbin --metric l2 --out base.segment

Flags can also be set by environment variables: NIGH_SOME_FLAG for --some-flag;
each command's --help names them.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 rejects under --strict,
4 no such item or person, 130 interrupted.";

/// A recall, as flags have it.
fn recall(text: &str) -> Result<f64, String> {
    let recall = text.parse().map_err(|_| format!("{text:?} is no number"))?;
    match recall > 0.0 && recall <= 1.0 {
        true => Ok(recall),
        false => Err(format!(
            "a recall lies above 0 and up to 1, received {recall}"
        )),
    }
}

/// A share of something, as flags have it.
fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().map_err(|_| format!("{text:?} is no number"))?;
    match (0.0..=1.0).contains(&share) {
        true => Ok(share),
        false => Err(format!("a share lies from 0 to 1, received {share}")),
    }
}

/// Flags that every command takes.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Worker threads [default: one for each core].
    #[arg(long, global = true, env = "NIGH_THREADS", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,

    /// Print no notes and no progress on standard error.
    #[arg(long, short, global = true, env = "NIGH_QUIET", value_parser = FalseyValueParser::new())]
    pub(crate) quiet: bool,
}

impl Common {
    /// The worker threads to use.
    pub(crate) fn threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.map_or_else(cores, usize::from)
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Render a small shop, import it and search it with pictures that are not in it.
    Demo(DemoArgs),
    /// Import, search and measure a collection of items with images.
    #[command(subcommand)]
    Catalog(CatalogCommand),
    /// Import a network of people, and find whom they may know.
    #[command(subcommand)]
    People(PeopleCommand),
    /// Generate, index, search and measure raw vectors in files.
    #[command(subcommand)]
    Index(IndexCommand),
    /// Fetch, check, measure and shrink image models.
    #[command(subcommand)]
    Model(ModelCommand),
    /// Serve catalogs and networks over HTTP, with a web page.
    Serve(ServeArgs),
    /// Check a catalog or a network, and that erased people are gone from it.
    Doctor(DoctorArgs),
    /// Print the completions for a shell.
    Completions {
        /// The shell to complete for.
        shell: clap_complete::Shell,
    },
    /// Print the man page (roff).
    Man,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  nigh demo\n  nigh demo --items 500 --into /tmp/shop")]
pub(crate) struct DemoArgs {
    /// The folder to write the pictures, the collection and the contact sheet to.
    #[arg(
        long,
        env = "NIGH_DEMO_INTO",
        value_name = "DIR",
        default_value = "nigh-demo"
    )]
    pub(crate) into: PathBuf,

    /// How many products to render.
    #[arg(long, env = "NIGH_ITEMS", value_name = "N", default_value_t = 3000, value_parser = clap::value_parser!(u32).range(20..=1_000_000))]
    pub(crate) items: u32,

    /// The seed of the shop: another seed, other products.
    #[arg(long, env = "NIGH_SEED", value_name = "SEED", default_value_t = 7)]
    pub(crate) seed: u64,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}

/// How progress is shown on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressStyle {
    /// A bar on a terminal, nothing elsewhere.
    Auto,
    /// A bar on standard error.
    Bar,
    /// One JSON object a line on standard error, one for each durable commit.
    Json,
    /// None.
    None,
}
