//! `nigh serve`.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{Args, ValueEnum};
use nigh_encode::Runtime;

const EXAMPLES: &str = "\
Examples:
  nigh serve shop
  nigh serve shop circle --listen 127.0.0.1:8080
  nigh serve shop --listen 0.0.0.0:7444 --keys-file keys.txt --events events/
  nigh serve --data collections/
  nigh serve shop --listen 0.0.0.0:7444 --keys-file keys.txt --tls-certificate cert.pem --tls-key key.pem
  nigh serve shop --config nigh.toml --set limits.k=500 --print-config

The page is at the address that is printed, the API below /v1: /v1/openapi.json
describes it. Nobody else can write a collection while it is served.

Without API keys the server listens on this machine alone. A keys file has a
line `read KEY` or `write KEY` for each key, and where they are wanted behind it
`name=NAME` (for the log), `collections=NAME,NAME` and `per_minute=NUMBER`;
clients send `Authorization: Bearer KEY`. NIGH_READ_KEY and NIGH_WRITE_KEY add one each.

Every key that --print-config shows can be set by the file of --config and, over
that, by --set; flags and their environment variables win over both.";

/// An address; a name is one of this machine's.
fn address(text: &str) -> Result<SocketAddr, String> {
    let expected = || {
        format!(
            "{text:?} is no address and port, such as 127.0.0.1:7444, 0.0.0.0:7444 or localhost:7444"
        )
    };
    let found = text.to_socket_addrs().map_err(|_| expected());
    found?.next().ok_or_else(expected)
}

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ServeArgs {
    /// The folders of catalogs and networks; each is called as its folder is.
    #[arg(value_name = "DIR", required_unless_present_any = ["print_config", "data"])]
    pub(crate) dirs: Vec<PathBuf>,

    /// Address and port [default: 127.0.0.1:7444]; with port 0 the system chooses one.
    #[arg(long, env = "NIGH_LISTEN", value_name = "ADDRESS:PORT", value_parser = address)]
    pub(crate) listen: Option<SocketAddr>,

    /// A TOML file of settings.
    #[arg(long, env = "NIGH_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Sets a key of the configuration: `--set limits.k=500`; several of them, or several in NIGH_SET with `;` between.
    #[arg(
        long,
        env = "NIGH_SET",
        value_name = "KEY=VALUE",
        value_delimiter = ';'
    )]
    pub(crate) set: Vec<String>,

    /// A file of API keys.
    #[arg(long, env = "NIGH_KEYS_FILE", value_name = "FILE")]
    pub(crate) keys_file: Option<PathBuf>,

    /// Speak TLS with this certificate (PEM, with those between it and its root); read again when it changes.
    #[arg(long, env = "NIGH_TLS_CERTIFICATE", value_name = "FILE")]
    pub(crate) tls_certificate: Option<PathBuf>,

    /// The certificate's private key (PEM).
    #[arg(long, env = "NIGH_TLS_KEY", value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,

    /// Keep the events of /v1/events in this folder.
    #[arg(long, env = "NIGH_EVENTS", value_name = "DIR")]
    pub(crate) events: Option<PathBuf>,

    /// Make collections over HTTP in this folder; all that are in it are served.
    #[arg(long, env = "NIGH_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,

    /// How the log on standard error is written.
    #[arg(long, env = "NIGH_LOG", value_enum, value_name = "FORMAT", default_value_t = LogFormat::Text)]
    pub(crate) log: LogFormat,

    /// What computes ONNX models: rten, or onnxruntime[:cpu|:cuda|:tensorrt] in builds that have it.
    #[arg(
        long,
        env = "NIGH_RUNTIME",
        value_name = "RUNTIME",
        default_value = "rten"
    )]
    pub(crate) runtime: Runtime,

    /// Print all settings as TOML, and end.
    #[arg(long, env = "NIGH_PRINT_CONFIG", value_parser = FalseyValueParser::new())]
    pub(crate) print_config: bool,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// A line for people.
    Text,
    /// One JSON object a line.
    Json,
    /// None.
    None,
}
