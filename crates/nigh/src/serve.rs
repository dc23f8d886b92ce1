//! `nigh serve`: settings from file, environment and flags; then the server until Ctrl-C.

use std::path::Path;

use anyhow::{Context, Result, bail};
use nigh_server::{Access, Keys, Server, ServerConfig};

use crate::cli::{LogFormat, ServeArgs};
use crate::interrupt;
use crate::output::{Exit, Output};

pub(crate) fn run(args: &ServeArgs, threads: Option<u16>, output: Output) -> Result<Exit> {
    let config = settings(args, threads)?;
    if args.print_config {
        output.line(toml::to_string(&config)?.trim_end())?;
        return Ok(Exit::Done);
    }
    log(args.log);
    let stop = interrupt::flag()?;
    let scheme = config.scheme();
    let server = Server::open(config, keys()?, args.runtime, &args.dirs)?;
    server.run(&stop, |address| {
        output.note(format!("serving at {scheme}://{address}/ (Ctrl-C ends)"));
    })?;
    Ok(Exit::Done)
}

/// The file's settings, under those of flags and environment.
fn settings(args: &ServeArgs, threads: Option<u16>) -> Result<ServerConfig> {
    let config = args.config.as_deref().map(read).transpose()?;
    let mut config = config.unwrap_or_default();
    config.listen = args.listen.unwrap_or(config.listen);
    config.keys_file = args.keys_file.clone().or(config.keys_file);
    config.tls_certificate = args.tls_certificate.clone().or(config.tls_certificate);
    config.tls_key = args.tls_key.clone().or(config.tls_key);
    config.events = args.events.clone().or(config.events);
    config.data = args.data.clone().or(config.data);
    config.threads = threads.map_or(config.threads, usize::from);
    Ok(config)
}

fn read(path: &Path) -> Result<ServerConfig> {
    let name = || format!("the settings in {}", path.display());
    let text = std::fs::read_to_string(path).with_context(name)?;
    toml::from_str(&text).with_context(name)
}

/// Keys of the environment: those of a flag would be seen by everybody who lists processes.
fn keys() -> Result<Keys> {
    let mut keys = Keys::default();
    let variables = [
        ("NIGH_READ_KEY", Access::Read),
        ("NIGH_WRITE_KEY", Access::Write),
    ];
    for (variable, access) in variables {
        let key = std::env::var(variable).unwrap_or_default();
        if !key.trim().is_empty() && !keys.add(key.trim(), access) {
            bail!("{variable} is no key: at least 16 characters without white space are expected");
        }
    }
    Ok(keys)
}

fn log(format: LogFormat) {
    let lines = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing::Level::INFO)
        .with_ansi(false);
    match format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
        LogFormat::None => {}
    }
}
