//! Which of a model's values is the embedding.

use std::path::Path;

use super::choices::Pool;
use super::error::OnnxError;
use super::facts::Facts;
use super::open::names;
use super::sidecar::Sidecar;

/// Names that published exports give an embedding, best first: CLIP's with its projection, those of
/// open_clip's exports, the pooled output of a transformer or of a network without classifier.
const KNOWN: [&str; 5] = [
    "image_embeds",
    "image_embeddings",
    "embedding",
    "embeddings",
    "pooler_output",
];

/// One row for each token or position, to be pooled.
const HIDDEN: &str = "last_hidden_state";

/// Scores of classes: what enters the classifier is the better embedding.
const SCORES: &str = "logits";

/// The value that becomes the embedding, and how: the output that the sidecar names, or the only
/// one, or one of a known name. What nothing but the name speaks for is added to `assumed`.
pub(super) fn choose(
    path: &Path,
    facts: &Facts,
    sidecar: &Sidecar,
    assumed: &mut Vec<String>,
) -> Result<(String, Pool), OnnxError> {
    let known = names(&facts.outputs);
    let name = match &sidecar.output {
        Some(name) if known.contains(name) || facts.computes(name) => name.clone(),
        Some(name) => {
            return Err(OnnxError::Mismatch {
                path: path.to_owned(),
                key: "output",
                received: format!("{name:?}"),
                reason: format!("the model's outputs are {known:?}"),
            });
        }
        None => guess(path, &known, facts, assumed)?,
    };
    let pool = sidecar
        .pool
        .unwrap_or_else(|| guess_pool(facts, &name, assumed));
    Ok((name, pool))
}

fn guess(
    path: &Path,
    known: &[String],
    facts: &Facts,
    assumed: &mut Vec<String>,
) -> Result<String, OnnxError> {
    let all = KNOWN.iter().chain([&HIDDEN, &SCORES]);
    let preferred = all.filter_map(|name| known.iter().find(|output| output == name));
    let output = match (known, preferred.clone().next()) {
        ([only], _) => only,
        (_, Some(preferred)) => preferred,
        (several, None) => {
            return Err(OnnxError::MissingKey {
                path: path.to_owned(),
                key: "output",
                reason: format!("the model has the outputs {several:?}"),
            });
        }
    };
    if output == SCORES
        && let Some(features) = before_classifier(facts, output)
    {
        assumed.push(format!(
            "output = {features} (what enters the classifier of {output:?})"
        ));
        return Ok(features.to_owned());
    }
    if known.len() > 1 {
        assumed.push(format!("output = {output} (of {})", known.join(", ")));
    }
    Ok(output.clone())
}

/// What is multiplied with a classifier's weights to give `scores`.
fn before_classifier<'f>(facts: &'f Facts, scores: &str) -> Option<&'f str> {
    let (kind, inputs) = facts.origin(scores)?;
    match kind {
        "Gemm" | "MatMul" => inputs.first().map(String::as_str),
        // A bias that is added, on either side: the product is the side that is computed.
        "Add" => {
            let product = inputs.iter().find(|input| facts.computes(input))?;
            match facts.origin(product)? {
                ("Gemm" | "MatMul", inputs) => inputs.first().map(String::as_str),
                _ => None,
            }
        }
        _ => None,
    }
}

fn guess_pool(facts: &Facts, name: &str, assumed: &mut Vec<String>) -> Pool {
    if name != HIDDEN {
        return Pool::None;
    }
    let port = facts.outputs.iter().find(|port| port.name == name);
    let axes = port
        .and_then(|port| port.shape.as_ref())
        .map_or(0, Vec::len);
    // A map of positions, or a sequence whose first token stands for the picture.
    let pool = match axes {
        4 => Pool::Mean,
        _ => Pool::First,
    };
    assumed.push(format!("pool = {pool}"));
    pool
}
