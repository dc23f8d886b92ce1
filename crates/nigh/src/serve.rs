//! `nigh serve`: settings from file, environment and flags; then the server until Ctrl-C.

use std::path::Path;

use anyhow::{Context, Result, bail};
use nigh_server::{Access, Keys, Server, ServerConfig};
use toml::{Table, Value};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, fmt, registry};

use crate::cli::{LogFormat, ServeArgs};
use crate::interrupt;
use crate::output::{Exit, Output};

#[cfg(feature = "otel")]
mod traces;

#[cfg(not(feature = "otel"))]
mod traces {
    pub(super) fn begin() -> anyhow::Result<(super::Layers, ())> {
        Ok(Default::default())
    }
}

/// Who hears what the server tells.
type Layers = Vec<Box<dyn Layer<Registry> + Send + Sync>>;

pub(crate) fn run(args: &ServeArgs, threads: Option<u16>, output: Output) -> Result<Exit> {
    let config = settings(args, threads)?;
    if let Err(wrong) = config.check() {
        bail!(wrong);
    }
    if args.print_config {
        output.line(toml::to_string(&config)?.trim_end())?;
        return Ok(Exit::Done);
    }
    let (layers, _traces) = traces::begin()?;
    log(args.log, layers);
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
    let mut table = match &args.config {
        Some(path) => read(path)?,
        None => Table::new(),
    };
    for setting in args.set.iter().filter(|set| !set.trim().is_empty()) {
        set(&mut table, setting).with_context(|| format!("the setting {setting:?}"))?;
    }
    let mut config: ServerConfig = table.try_into().context("the settings of --set")?;
    config.listen = args.listen.unwrap_or(config.listen);
    config.keys_file = args.keys_file.clone().or(config.keys_file);
    config.tls_certificate = args.tls_certificate.clone().or(config.tls_certificate);
    config.tls_key = args.tls_key.clone().or(config.tls_key);
    config.events = args.events.clone().or(config.events);
    config.data = args.data.clone().or(config.data);
    config.threads = threads.map_or(config.threads, usize::from);
    Ok(config)
}

fn read(path: &Path) -> Result<Table> {
    let name = || format!("the settings in {}", path.display());
    let text = std::fs::read_to_string(path).with_context(name)?;
    // What is wrong is told with its line.
    toml::from_str::<ServerConfig>(&text).with_context(name)?;
    toml::from_str(&text).with_context(name)
}

/// `limits.k=500`: a value as TOML has it, or else a text without its quotes.
fn set(table: &mut Table, setting: &str) -> Result<()> {
    let (key, value) = setting
        .split_once('=')
        .context("expected KEY=VALUE, such as limits.k=500")?;
    let (key, value) = (key.trim(), value.trim());
    let value = match toml::from_str::<Table>(&format!("value = {value}")) {
        Ok(mut one) => one.remove("value"),
        Err(_) => None,
    }
    .unwrap_or_else(|| Value::String(value.to_owned()));
    let (groups, name) = key.rsplit_once('.').unwrap_or(("", key));
    let mut table = table;
    for group in groups.split('.').filter(|group| !group.is_empty()) {
        let inner = table
            .entry(group)
            .or_insert_with(|| Value::Table(Table::new()));
        table = inner
            .as_table_mut()
            .with_context(|| format!("{group:?} is no group of settings"))?;
    }
    table.insert(name.to_owned(), value);
    Ok(())
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

fn log(format: LogFormat, mut layers: Layers) {
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    match format {
        LogFormat::Text => layers.push(lines.with_filter(LevelFilter::INFO).boxed()),
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true);
            layers.push(lines.with_filter(LevelFilter::INFO).boxed());
        }
        LogFormat::None => {}
    }
    if !layers.is_empty() {
        registry().with(layers).init();
    }
}
