use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::{Checksum, FolderError};

/// Why a model was not pulled.
#[derive(Debug, Error)]
pub enum HubError {
    /// A setting of the environment makes no sense.
    #[error("{variable}={received:?}: {reason}")]
    Setting {
        /// The variable.
        variable: &'static str,
        /// Its value.
        received: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Something must be fetched, and that is switched off.
    #[error(
        "the model {name} is not here, and fetching is switched off (HF_HUB_OFFLINE or --offline)"
    )]
    Offline {
        /// The model.
        name: String,
    },
    /// Neither the name of a known model nor `owner/repo`.
    #[error(
        "{received:?} is no model: expected a known model's name or owner/repo{}",
        hint(near)
    )]
    Name {
        /// What was asked for.
        received: String,
        /// Names that were perhaps meant.
        near: Vec<&'static str>,
    },
    /// The hub has no such model, or hides it.
    #[error(
        "{endpoint} has no model {repo}, or only for people who may see it (then set HF_TOKEN to a token of theirs)"
    )]
    NoModel {
        /// The hub.
        endpoint: String,
        /// `owner/repo`.
        repo: String,
    },
    /// The model has no such branch, tag or commit.
    #[error("the model {repo} has no revision {revision:?}")]
    NoRevision {
        /// `owner/repo`.
        repo: String,
        /// What was asked for.
        revision: String,
    },
    /// The model has no such file.
    #[error("the model {repo} has no file {file:?}{}", listed(models))]
    NoFile {
        /// `owner/repo`.
        repo: String,
        /// What was asked for.
        file: String,
        /// The model files that it has.
        models: Vec<String>,
    },
    /// None of the files has a name that image models have.
    #[error(
        "the model {repo} has no image model of a usual name: choose with --file{}",
        listed(models)
    )]
    NoImageModel {
        /// `owner/repo`.
        repo: String,
        /// The model files that it has.
        models: Vec<String>,
    },
    /// Words were asked for, and it knows none.
    #[error("the model {repo} has no text model: leave out --text")]
    NoTextModel {
        /// `owner/repo`.
        repo: String,
    },
    /// Its makers want their conditions to be accepted first.
    #[error(
        "the model {repo} is given to those who accepted its conditions at {endpoint}/{repo}: do so, \
         and set HF_TOKEN to a token of yours"
    )]
    Gated {
        /// The hub.
        endpoint: String,
        /// `owner/repo`.
        repo: String,
    },
    /// The token does not open it.
    #[error("the hub refuses {repo} to this HF_TOKEN (status {status})")]
    Denied {
        /// `owner/repo`.
        repo: String,
        /// The hub's answer.
        status: u16,
    },
    /// Too many requests, even after waiting.
    #[error("the hub has had too many requests from here{}: try again later, or set HF_TOKEN", wait(*retry_after_seconds))]
    RateLimited {
        /// When it may be asked again, where it says so.
        retry_after_seconds: Option<u64>,
    },
    /// Another failure of the hub.
    #[error("the hub answers {url} with status {status}")]
    Status {
        /// What was asked for.
        url: String,
        /// Its answer.
        status: u16,
    },
    /// Something else answers: a login page of a network, or a proxy's error page.
    #[error(
        "{url} is answered with {received}, not by a model hub: is there a login page or a proxy in between?"
    )]
    NotTheHub {
        /// What was asked for.
        url: String,
        /// What came.
        received: String,
    },
    /// An answer that leads on and on.
    #[error("{url} leads from one address to the next without end")]
    Redirects {
        /// What was asked for.
        url: String,
    },
    /// No answer.
    #[error("cannot reach {url}: {reason}")]
    Network {
        /// What was asked for.
        url: String,
        /// What the connection says.
        reason: String,
    },
    /// A file name that would lie outside the model's folder.
    #[error(
        "the hub lists the file {path:?}, whose name leaves the model's folder: nothing was fetched"
    )]
    UnsafePath {
        /// The name.
        path: String,
    },
    /// The content is not what was published.
    #[error(
        "{path} came as {received}, but {expected} is published: it was thrown away, pull again"
    )]
    Checksum {
        /// The file.
        path: String,
        /// What the hub says.
        expected: Checksum,
        /// What came.
        received: Checksum,
    },
    /// More or less than was published.
    #[error(
        "{path} came with {received} bytes, but {expected} are published: it was thrown away, pull again"
    )]
    Size {
        /// The file.
        path: String,
        /// What the hub says.
        expected: u64,
        /// What came.
        received: u64,
    },
    /// Another process pulls the same model.
    #[error("another process is pulling {name}")]
    Busy {
        /// The model.
        name: String,
    },
    /// A folder that nobody pulled must not be overwritten.
    #[error("{}: was put there by hand (it has no nigh-model.json): move it away first", path.display())]
    NotPulled {
        /// The folder.
        path: PathBuf,
    },
    /// It was asked to stop.
    #[error("stopped: what was fetched is kept, and the same command goes on with it")]
    Stopped,
    /// The disk.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The folder of models.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

/// What may pass, with the time that the hub asks for.
pub(super) enum Failure {
    Final(HubError),
    Again {
        error: HubError,
        after_seconds: Option<u64>,
    },
}

impl From<HubError> for Failure {
    fn from(error: HubError) -> Failure {
        Failure::Final(error)
    }
}

pub(super) fn io_error(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> HubError {
    let path = path.into();
    move |source| HubError::Io { path, source }
}

fn listed(models: &[String]) -> String {
    match models {
        [] => "; it has no .onnx file".to_owned(),
        models => format!("; its models are {}", models.join(", ")),
    }
}

fn hint(near: &[&str]) -> String {
    match near {
        [] => "; `nigh model list` names them".to_owned(),
        near => format!("; is it {}?", near.join(" or ")),
    }
}

fn wait(seconds: Option<u64>) -> String {
    seconds.map_or_else(String::new, |s| format!(" and asks to wait {s} seconds"))
}
