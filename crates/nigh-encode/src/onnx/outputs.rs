//! Which of a model's values is the embedding.

use std::path::Path;

use rten::{Dimension, Model, NodeId};

use super::choices::Pool;
use super::error::OnnxError;
use super::facts::Facts;
use super::open::names;
use super::sidecar::Sidecar;

/// The value that becomes the embedding, and how.
pub(super) struct Choice {
    pub(super) id: NodeId,
    pub(super) name: String,
    pub(super) pool: Pool,
}

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

/// Takes the output that the sidecar names, or the only one, or one of a known name; what nothing
/// but the name speaks for is added to `assumed`.
pub(super) fn choose(
    path: &Path,
    model: &Model,
    facts: &Facts,
    sidecar: &Sidecar,
    assumed: &mut Vec<String>,
) -> Result<Choice, OnnxError> {
    let known = names(model, model.output_ids());
    let name = match &sidecar.output {
        Some(name) => name.clone(),
        None => guess(path, &known, facts, assumed)?,
    };
    let Some(id) = model.find_node(&name) else {
        return Err(OnnxError::Mismatch {
            path: path.to_owned(),
            key: "output",
            received: format!("{name:?}"),
            reason: format!("the model's outputs are {known:?}"),
        });
    };
    let pool = sidecar
        .pool
        .unwrap_or_else(|| guess_pool(model, id, &name, assumed));
    Ok(Choice { id, name, pool })
}

fn guess(
    path: &Path,
    known: &[String],
    facts: &Facts,
    assumed: &mut Vec<String>,
) -> Result<String, OnnxError> {
    let all = KNOWN.iter().chain([&HIDDEN, &SCORES]);
    let preferred = all.filter_map(|name| known.iter().find(|output| output == name));
    let (output, several) = match (known, preferred.clone().next()) {
        ([only], _) => (only, false),
        (_, Some(preferred)) => (preferred, true),
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
    if several {
        assumed.push(format!("output = {output} (of {})", known.join(", ")));
    }
    Ok(output.clone())
}

/// What is multiplied with a classifier's weights to give `scores`.
fn before_classifier<'f>(facts: &'f Facts, scores: &str) -> Option<&'f str> {
    let mut wanted = scores;
    // A bias may be added after the product.
    for _ in 0..2 {
        let at = facts
            .wires
            .iter()
            .position(|wires| wires.outputs.iter().any(|output| output == wanted))?;
        let input = facts.wires[at].inputs.first()?;
        match facts.operators[at].as_str() {
            "Gemm" | "MatMul" => return Some(input),
            // The bias may stand on either side of the sum; the product is the side that is computed.
            "Add" => {
                wanted = facts.wires[at]
                    .inputs
                    .iter()
                    .find(|input| is_computed(facts, input))?
            }
            _ => return None,
        }
    }
    None
}

fn is_computed(facts: &Facts, name: &str) -> bool {
    facts
        .wires
        .iter()
        .any(|wires| wires.outputs.iter().any(|output| output == name))
}

fn guess_pool(model: &Model, id: NodeId, name: &str, assumed: &mut Vec<String>) -> Pool {
    let axes = model
        .node_info(id)
        .and_then(|info| info.shape())
        .map_or(0, |shape: Vec<Dimension>| shape.len());
    let pool = match (name, axes) {
        // A map of positions, or a sequence whose first token stands for the picture.
        (HIDDEN, 4) => Pool::Mean,
        (HIDDEN, _) => Pool::First,
        _ => return Pool::None,
    };
    assumed.push(format!("pool = {pool}"));
    pool
}
