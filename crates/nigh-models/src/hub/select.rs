//! Which files of a repository make a model.

use nigh_encode::IMAGE_MODELS;

use super::error::HubError;
use super::listing::{Listing, Remote};
use super::pull::PullRequest;
use crate::known_model;

/// What says how pictures are prepared.
const CONFIGURATIONS: [&str; 5] = [
    "preprocessor_config.json",
    "open_clip_config.json",
    "visual/preprocess_cfg.json",
    "processor_config.json",
    "config.json",
];

/// The text model, by preference.
const TEXT_MODELS: [&str; 9] = [
    "text_model.onnx",
    "onnx/text_model.onnx",
    "textual.onnx",
    "onnx/textual.onnx",
    "textual/model.onnx",
    "text_encoder.onnx",
    "onnx/text_encoder.onnx",
    "text.onnx",
    "onnx/text.onnx",
];

/// What words become numbers by.
const TOKENIZERS: [&str; 5] = [
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "textual/tokenizer.json",
    "textual/tokenizer_config.json",
];

/// Whether a text is `owner/repo`.
pub(super) fn is_repo(text: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    text.split_once('/')
        .is_some_and(|(owner, repo)| plain(owner) && plain(repo))
}

/// The files to fetch: those asked for, or the image model (and the text model); and with them
/// whatever configures them and holds their weights. Each once, in this order.
pub(super) fn select(listing: &Listing, request: &PullRequest) -> Result<Vec<Remote>, HubError> {
    let mut paths = match request.files.as_slice() {
        [] => models(listing, request)?,
        asked => asked.to_vec(),
    };
    let weights: Vec<String> = paths
        .iter()
        .flat_map(|model| weights(listing, model))
        .collect();
    paths.extend(weights);
    let small = CONFIGURATIONS.iter().chain(
        request
            .text
            .then_some(TOKENIZERS.iter())
            .into_iter()
            .flatten(),
    );
    paths.extend(
        small
            .map(|name| (*name).to_owned())
            .filter(|name| has(listing, name)),
    );
    let mut chosen: Vec<Remote> = Vec::new();
    for path in paths {
        let remote = listing.files.iter().find(|file| file.path == path);
        let remote = remote.ok_or_else(|| HubError::NoFile {
            repo: listing.repo.clone(),
            file: path.clone(),
            models: listing.models(),
        })?;
        if chosen.iter().all(|file| file.path != path) {
            chosen.push(remote.clone());
        }
    }
    Ok(chosen)
}

fn models(listing: &Listing, request: &PullRequest) -> Result<Vec<String>, HubError> {
    let known = known_model(&request.name);
    let image = match known {
        Some(known) => Some(known.image_model),
        None => IMAGE_MODELS.into_iter().find(|name| has(listing, name)),
    };
    let text = match known {
        Some(known) => known.text_model,
        None => TEXT_MODELS.into_iter().find(|name| has(listing, name)),
    };
    let Some(image) = image else {
        return Err(HubError::NoImageModel {
            repo: listing.repo.clone(),
            models: listing.models(),
        });
    };
    if request.text && text.is_none() {
        let repo = listing.repo.clone();
        return Err(HubError::NoTextModel { repo });
    }
    let text = text.filter(|_| request.text);
    Ok(std::iter::once(image)
        .chain(text)
        .map(str::to_owned)
        .collect())
}

fn has(listing: &Listing, path: &str) -> bool {
    listing.files.iter().any(|file| file.path == path)
}

/// `model.onnx_data`, `model.onnx.data`, and a sidecar `model.onnx.json`.
fn weights(listing: &Listing, model: &str) -> Vec<String> {
    let beside = |path: &&String| {
        path.strip_prefix(model)
            .is_some_and(|rest| rest.starts_with(['_', '.']))
    };
    let paths = listing.files.iter().map(|file| &file.path);
    paths.filter(beside).cloned().collect()
}
