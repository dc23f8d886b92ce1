//! `nigh doctor`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::FalseyValueParser;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  nigh doctor shop
  nigh doctor circle --json
  nigh doctor circle --erased ada

One line for each check: ok, or what is wrong and what to do. The exit code is 1 where anything is
wrong. Nothing is changed, but for a store whose writer was killed: opening it repairs it.

What is proved of erased people: that no edge, rule, attribute, change in the log, list or id of the
graph, or row of a trained ranking is theirs. With --erased it is also proved that the bytes of one
id lie in no file of the folder; of an id that is a number, in no record of the store, freed ones
included. An id of a few bytes, or one that is a part of another's, may lie there by chance or
rightfully: then it is said where, and nothing is proved. Copies elsewhere and what a disk
keeps of files that were replaced are not looked at.")]
pub(crate) struct DoctorArgs {
    /// The folder of a catalog or a network.
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,

    /// The id that an erased person of a network had: search every file for it.
    #[arg(long, env = "NIGH_ERASED", value_name = "ID")]
    pub(crate) erased: Option<String>,

    /// Print one JSON object on standard output.
    #[arg(long, env = "NIGH_JSON", value_parser = FalseyValueParser::new())]
    pub(crate) json: bool,
}
