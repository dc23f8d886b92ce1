//! `nigh`: finds what is near. The command line over `nigh-engine`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory, Parser};

use crate::cli::{CatalogCommand, Cli, Command, IndexCommand, ModelCommand, PeopleCommand};
use crate::output::{Exit, Output};

mod catalog;
mod cli;
mod demo;
mod doctor;
mod encoder;
mod index;
mod interrupt;
mod model;
mod output;
mod people;
mod progress;
mod serve;
mod sheet;
mod table;
mod value;

/// A search makes hundreds of small allocations: with this one a request to the server takes 14 to 26 % less processor time than with
/// glibc's (docs/decisions/0013).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output = Output {
        quiet: cli.common.quiet,
    };
    let exit = run(&cli, output).unwrap_or_else(|error| {
        if output::is_broken_pipe(&error) {
            return Exit::Done;
        }
        output.error(&error);
        exit_of(&error)
    });
    ExitCode::from(exit as u8)
}

fn run(cli: &Cli, output: Output) -> Result<Exit> {
    let threads = cli.common.threads();
    // Fails only where a pool was built before; this is the first line that needs one.
    let _ = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global();
    match &cli.command {
        Command::Demo(args) => demo::run(args, threads, output),
        Command::Catalog(command) => run_catalog(command, threads, output),
        Command::People(command) => run_people(command, output),
        Command::Index(command) => run_index(command, threads, output),
        Command::Model(command) => run_model(command, threads, output),
        Command::Serve(args) => serve::run(args, cli.common.threads, output),
        Command::Doctor(args) => doctor::run(args, output),
        Command::Completions { shell } => completions(*shell, output),
        Command::Man => man(output),
    }
}

fn run_catalog(command: &CatalogCommand, threads: usize, output: Output) -> Result<Exit> {
    match command {
        CatalogCommand::Import(args) => catalog::import::run(args, threads, output),
        CatalogCommand::Search(args) => catalog::search::run(args, threads, output),
        CatalogCommand::Eval(args) => catalog::eval::run(args, threads, output),
        CatalogCommand::Tune(args) => catalog::tune::run(args, threads, output),
        CatalogCommand::Growth(args) => catalog::growth::run(args, output),
        CatalogCommand::Pipeline(args) => catalog::pipeline::run(args, output),
        CatalogCommand::Reduce(args) => catalog::embeddings::reduce(args, output),
        CatalogCommand::Precision(args) => catalog::embeddings::precision(args, output),
        CatalogCommand::Reencode(args) => catalog::reencode::run(args, output),
        CatalogCommand::Info(args) => catalog::info::run(args, output),
        CatalogCommand::Get(args) => catalog::items::get(args, output),
        CatalogCommand::List(args) => catalog::items::list(args, output),
        CatalogCommand::Delete(args) => catalog::items::delete(args, output),
        CatalogCommand::Snapshot(args) => catalog::copies::snapshot(args, output),
        CatalogCommand::Restore(args) => catalog::copies::restore(args, output),
        CatalogCommand::Export(args) => catalog::copies::export(args, output),
    }
}

fn run_people(command: &PeopleCommand, output: Output) -> Result<Exit> {
    match command {
        PeopleCommand::Import(args) => people::import::run(args, output),
        PeopleCommand::Train(args) => people::train::run(args, output),
        PeopleCommand::Suggest(args) => people::suggest::run(args, output),
        PeopleCommand::AddEdge(args) => people::changes::add_edge(args, output),
        PeopleCommand::RemoveEdge(args) => people::changes::remove_edge(args, output),
        PeopleCommand::Dismiss(args) => people::changes::dismiss(args, output),
        PeopleCommand::Block(args) => people::changes::block(args, output),
        PeopleCommand::HideList(args) => people::changes::hide_list(args, output),
        PeopleCommand::OptOut(args) => people::changes::opt_out(args, output),
        PeopleCommand::Erase(args) => people::changes::erase(args, output),
        PeopleCommand::Eval(args) => people::eval::run(args, output),
        PeopleCommand::Bench(args) => people::bench::run(args, output),
        PeopleCommand::Partition(args) => people::partition::run(args, output),
        PeopleCommand::Stats(args) => people::stats::run(args, output),
    }
}

fn run_index(command: &IndexCommand, threads: usize, output: Output) -> Result<Exit> {
    match command {
        IndexCommand::Gen(args) => index::generate::run(args, output),
        IndexCommand::Truth(args) => index::truth::run(args, output),
        IndexCommand::Build(args) => index::build::run(args, output),
        IndexCommand::Search(args) => index::search::run(args, threads, output),
        IndexCommand::Info(args) => index::info::run(args, output),
        IndexCommand::Shards(args) => index::shards::run(args, threads, output),
        IndexCommand::Eval(args) => index::eval::run(args, threads, output),
        IndexCommand::Tune(args) => index::tune::run(args, threads, output),
    }
}

fn run_model(command: &ModelCommand, threads: usize, output: Output) -> Result<Exit> {
    match command {
        ModelCommand::List(args) => model::list::run(args, output),
        ModelCommand::Info(args) => model::info::run(args, output),
        #[cfg(feature = "hub")]
        ModelCommand::Pull(args) => model::pull::run(args, output),
        ModelCommand::Verify(args) => model::verify::run(args, output),
        ModelCommand::Rm(args) => model::rm::run(args, output),
        ModelCommand::Quantize(args) => model::quantize::run(args, output),
        ModelCommand::Ladder(args) => model::ladder::run(args, threads, output),
    }
}

fn exit_of(error: &anyhow::Error) -> Exit {
    if index::was_stopped(error) {
        return Exit::Interrupted;
    }
    people::exit_of(error).unwrap_or_else(|| catalog::exit_of(error))
}

fn completions(shell: clap_complete::Shell, output: Output) -> Result<Exit> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "nigh", &mut text);
    output.line(String::from_utf8_lossy(&text).trim_end())?;
    Ok(Exit::Done)
}

fn man(output: Output) -> Result<Exit> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut text)?;
    output.line(String::from_utf8_lossy(&text).trim_end())?;
    Ok(Exit::Done)
}
