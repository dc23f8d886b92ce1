//! `nigh model …`.

use clap::builder::FalseyValueParser;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// List the models that are known, and those that are here.
    List(ListArgs),
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
