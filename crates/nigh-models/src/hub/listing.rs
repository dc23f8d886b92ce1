use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::client::{Hub, Subject, text};
use super::error::{Failure, HubError};
use crate::Checksum;

/// What a model's page on the hub lists at one commit.
pub(super) struct Listing {
    /// The repository's name now: it may have been renamed.
    pub(super) repo: String,
    pub(super) commit: String,
    pub(super) licence: Option<String>,
    pub(super) files: Vec<Remote>,
}

/// One file of it.
#[derive(Clone, Debug)]
pub(super) struct Remote {
    pub(super) path: String,
    pub(super) bytes: Option<u64>,
    pub(super) checksum: Option<Checksum>,
}

// The answer's form, as far as it is used.

#[derive(Deserialize)]
struct Answer {
    id: Option<String>,
    sha: String,
    #[serde(default)]
    siblings: Vec<Sibling>,
    #[serde(rename = "cardData")]
    card: Option<Value>,
    #[serde(default)]
    tags: Vec<String>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
    #[serde(rename = "blobId")]
    blob: Option<String>,
    lfs: Option<Large>,
}

#[derive(Deserialize)]
struct Large {
    sha256: Option<String>,
    size: Option<u64>,
}

/// Longer lists are of data sets, not of models.
const LONGEST_LISTING: u64 = 32 << 20;

impl Listing {
    /// Asks for the files of a revision.
    pub(super) fn fetch(
        hub: &Hub,
        repo: &str,
        revision: &str,
        stop: &AtomicBool,
        waits: &mut dyn FnMut(&HubError, Duration),
    ) -> Result<Listing, HubError> {
        let endpoint = &hub.settings.endpoint;
        let url = format!(
            "{endpoint}/api/models/{repo}/revision/{}?blobs=true",
            escaped(revision)
        );
        let subject = Subject {
            repo,
            revision,
            file: None,
        };
        let body = hub.retrying(stop, waits, || {
            let mut response = hub.get(&url, None, subject)?;
            let body = response.body_mut().with_config().limit(LONGEST_LISTING);
            body.read_to_string()
                .map_err(|error| super::client::broken(&url, error))
        })?;
        read(&body, repo).map_err(|reason| HubError::NotTheHub {
            url,
            received: reason,
        })
    }

    /// The paths of all model files.
    pub(super) fn models(&self) -> Vec<String> {
        let paths = self.files.iter().map(|file| file.path.clone());
        paths
            .filter(|path| path.to_lowercase().ends_with(".onnx"))
            .collect()
    }

    /// The address of a file at this commit.
    pub(super) fn url(&self, hub: &Hub, path: &str) -> String {
        let endpoint = &hub.settings.endpoint;
        format!(
            "{endpoint}/{}/resolve/{}/{}",
            self.repo,
            self.commit,
            escaped(path)
        )
    }

    /// Asks the file's address for what the list left out, as the lists of some mirrors do.
    pub(super) fn complete(&self, hub: &Hub, remote: &mut Remote) -> Result<(), Failure> {
        if remote.bytes.is_some() && remote.checksum.is_some() {
            return Ok(());
        }
        let subject = Subject {
            repo: &self.repo,
            revision: &self.commit,
            file: Some(&remote.path),
        };
        let (status, headers) = hub.head(&self.url(hub, &remote.path), subject)?;
        let tag = text(&headers, "x-linked-etag").or_else(|| text(&headers, "etag"));
        let plain = tag.map(|tag| tag.trim_start_matches("W/").trim_matches('"'));
        remote.checksum = remote
            .checksum
            .take()
            .or_else(|| plain.and_then(Checksum::of_hex));
        // The length of an answer that leads elsewhere is not the file's.
        let own = text(&headers, "content-length").filter(|_| status < 300);
        let size = text(&headers, "x-linked-size").or(own);
        remote.bytes = remote
            .bytes
            .or_else(|| size.and_then(|size| size.parse().ok()));
        Ok(())
    }
}

fn read(body: &str, asked: &str) -> Result<Listing, String> {
    let answer: Answer = serde_json::from_str(body).map_err(|_| {
        let start: String = body.trim_start().chars().take(40).collect();
        format!("{start:?}")
    })?;
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric());
    if !plain(&answer.sha) {
        return Err(format!("the commit {:?}", answer.sha));
    }
    let licence = licence(&answer);
    let repo = answer.id.filter(|id| super::select::is_repo(id));
    Ok(Listing {
        repo: repo.unwrap_or_else(|| asked.to_owned()),
        commit: answer.sha,
        licence,
        files: answer.siblings.into_iter().map(remote).collect(),
    })
}

fn remote(sibling: Sibling) -> Remote {
    let Sibling {
        rfilename,
        size,
        blob,
        lfs,
    } = sibling;
    let (checksum, large) = match lfs {
        Some(Large { sha256, size }) => (sha256, size),
        None => (blob, None),
    };
    Remote {
        path: rfilename,
        bytes: large.or(size),
        checksum: checksum.as_deref().and_then(Checksum::of_hex),
    }
}

/// The card's, else the tag's.
fn licence(answer: &Answer) -> Option<String> {
    let card = answer.card.as_ref().and_then(|card| card.get("license"));
    let of_card = card.and_then(Value::as_str).map(str::to_owned);
    let of_tag = answer
        .tags
        .iter()
        .find_map(|tag| tag.strip_prefix("license:"));
    of_card.or_else(|| of_tag.map(str::to_owned))
}

/// A path or a revision within an address.
fn escaped(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
            (byte as char).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}
