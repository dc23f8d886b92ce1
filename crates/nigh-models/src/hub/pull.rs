use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::client::{Hub, Subject};
use super::download::{Download, Step};
use super::error::HubError;
use super::listing::{Listing, Remote};
use super::select::{is_repo, select};
use super::staging::{Staging, now, safe};
use crate::{Manifest, ManifestFile, ModelsFolder, known_model, near_names};

/// What is to be pulled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRequest {
    /// How the model is called here, and its folder: a known model's name, or `owner/repo`.
    pub name: String,
    /// The repository: `owner/repo`.
    pub repo: String,
    /// A branch, a tag or a commit.
    pub revision: String,
    /// The models in it to fetch; the image model where empty.
    pub files: Vec<String>,
    /// The text model and its tokenizer too.
    pub text: bool,
}

/// What a pull tells on the way.
#[derive(Debug)]
pub enum PullEvent<'a> {
    /// What will be there in the end.
    Listed {
        /// The commit that the revision is.
        commit: &'a str,
        /// Files of the model.
        files: usize,
        /// Bytes of all of them, as far as the hub says.
        bytes: u64,
    },
    /// So many of these bytes are there, checked or on their way.
    Bytes(u64),
    /// A file is whole.
    File {
        /// Its path.
        path: &'a str,
        /// Its length.
        bytes: u64,
        /// Whether it had to be fetched, wholly or in part.
        fetched: bool,
    },
    /// A request failed and is made again after a pause.
    Again {
        /// Why it failed.
        error: &'a HubError,
        /// How long the pause is.
        pause: Duration,
    },
    /// The hub gave no checksum of this file: only its length could be checked.
    Unchecked {
        /// Its path.
        path: &'a str,
    },
}

/// A model that is here now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulled {
    /// Its folder.
    pub path: PathBuf,
    /// What is in it.
    pub manifest: Manifest,
    /// Whether anything had to be fetched.
    pub fetched: bool,
}

impl PullRequest {
    /// The request for a known model's name, or for `owner/repo`, at its main branch.
    ///
    /// # Errors
    /// [`HubError::Name`] with the names that were perhaps meant.
    pub fn of(name: &str) -> Result<PullRequest, HubError> {
        let repo = match known_model(name) {
            Some(known) => known.repo,
            None if is_repo(name) => name,
            None => {
                return Err(HubError::Name {
                    received: name.to_owned(),
                    near: near_names(name, std::iter::empty()),
                });
            }
        };
        Ok(PullRequest {
            name: name.to_owned(),
            repo: repo.to_owned(),
            revision: "main".to_owned(),
            files: Vec::new(),
            text: false,
        })
    }
}

/// Fetches a model into its folder. Files that are there and right are not fetched again, parts of
/// an earlier try are gone on with, every content is held against the hub's checksum, and the
/// folder changes only when all files are there.
///
/// Where fetching is switched off, a model that is there is left as it is.
///
/// # Errors
/// [`HubError`]; what was fetched until then is kept for the next try, but for wrong contents.
pub fn pull(
    folder: &ModelsFolder,
    hub: &Hub,
    request: &PullRequest,
    stop: &AtomicBool,
    on_event: &mut dyn FnMut(PullEvent<'_>),
) -> Result<Pulled, HubError> {
    if hub.settings.offline {
        return here(folder, &request.name);
    }
    let staging = Staging::open(folder, &request.name)?;
    let mut waits = |error: &HubError, pause| on_event(PullEvent::Again { error, pause });
    let listing = Listing::fetch(hub, &request.repo, &request.revision, stop, &mut waits)?;
    let mut chosen = select(&listing, request)?;
    chosen.extend(also_here(&staging, &listing, &chosen));
    chosen
        .iter()
        .try_for_each(|file| safe(&file.path).map(drop))?;
    for remote in &mut chosen {
        hub.retrying(stop, &mut waits, || listing.complete(hub, remote))?;
    }
    on_event(PullEvent::Listed {
        commit: &listing.commit,
        files: chosen.len(),
        bytes: chosen.iter().filter_map(|remote| remote.bytes).sum(),
    });
    let (files, fetched) = fetch_all(hub, &staging, &listing, &chosen, stop, on_event)?;
    let manifest = Manifest {
        source: format!("{}/{}", hub.settings.endpoint, listing.repo),
        revision: request.revision.clone(),
        commit: listing.commit,
        licence: listing.licence,
        pulled_unix_seconds: now(),
        files,
    };
    let path = staging.publish(&manifest)?;
    Ok(Pulled {
        path,
        manifest,
        fetched,
    })
}

/// Files that an earlier pull brought and this one does not name: they come along to the same commit.
fn also_here(staging: &Staging, listing: &Listing, chosen: &[Remote]) -> Vec<Remote> {
    let before = staging.before.iter().flat_map(|manifest| &manifest.files);
    let missing = before.filter(|file| chosen.iter().all(|remote| remote.path != file.path));
    missing
        .filter_map(|file| listing.files.iter().find(|remote| remote.path == file.path))
        .cloned()
        .collect()
}

fn fetch_all(
    hub: &Hub,
    staging: &Staging,
    listing: &Listing,
    chosen: &[Remote],
    stop: &AtomicBool,
    on_event: &mut dyn FnMut(PullEvent<'_>),
) -> Result<(Vec<ManifestFile>, bool), HubError> {
    let mut files = Vec::new();
    let (mut done, mut any_fetched) = (0, false);
    for remote in chosen {
        let reused = staging.reuse(remote)?;
        let fetched = reused.is_none();
        let file = match reused {
            Some(file) => file,
            None => fetch(
                hub,
                staging,
                listing,
                remote,
                stop,
                &mut |step| match step {
                    Step::Bytes(bytes) => on_event(PullEvent::Bytes(done + bytes)),
                    Step::Again(error, pause) => on_event(PullEvent::Again { error, pause }),
                },
            )?,
        };
        done += file.bytes;
        any_fetched |= fetched;
        on_event(PullEvent::Bytes(done));
        if file.published.is_none() {
            on_event(PullEvent::Unchecked { path: &file.path });
        }
        on_event(PullEvent::File {
            path: &file.path,
            bytes: file.bytes,
            fetched,
        });
        files.push(file);
    }
    Ok((files, any_fetched))
}

fn fetch(
    hub: &Hub,
    staging: &Staging,
    listing: &Listing,
    remote: &Remote,
    stop: &AtomicBool,
    on: &mut dyn FnMut(Step<'_>),
) -> Result<ManifestFile, HubError> {
    let download = Download {
        hub,
        url: listing.url(hub, &remote.path),
        subject: Subject {
            repo: &listing.repo,
            revision: &listing.commit,
            file: Some(&remote.path),
        },
        remote,
        to: staging.path(&remote.path)?,
    };
    download.run(stop, on)
}

/// The model as an earlier pull left it.
fn here(folder: &ModelsFolder, name: &str) -> Result<Pulled, HubError> {
    let path = folder.path(name)?;
    match Manifest::read(&path)? {
        Some(manifest) => Ok(Pulled {
            path,
            manifest,
            fetched: false,
        }),
        None => Err(HubError::Offline {
            name: name.to_owned(),
        }),
    }
}
