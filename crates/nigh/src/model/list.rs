//! `nigh model list`.

use anyhow::Result;
use bytesize::ByteSize;
use nigh_models::{KnownModel, ModelsFolder, Present, known, known_model};
use serde_json::{Value, json};

use crate::cli::model::ListArgs;
use crate::output::{Exit, Output};
use crate::table;

pub(crate) fn run(args: &ListArgs, output: Output) -> Result<Exit> {
    let folder = ModelsFolder::from_env()?;
    let present = folder.list()?;
    let absent: Vec<&KnownModel> = known()
        .iter()
        .filter(|model| !args.here && present.iter().all(|here| here.name != model.name))
        .collect();
    if args.json {
        let here = present.iter().map(present_json);
        let others = absent.iter().map(|model| known_json(model));
        let models: Vec<Value> = here.chain(others).collect();
        output.json(&json!({"folder": folder.root(), "models": models}))?;
        return Ok(Exit::Done);
    }
    let here = present.iter().map(present_row);
    let others = absent.iter().map(|model| known_row(model));
    let rows: Vec<_> = here.chain(others).collect();
    for line in table::lines(&HEADER, &rows) {
        output.line(line)?;
    }
    output.note(format!(
        "{} in {}; `nigh model pull NAME` fetches one",
        count(present.len()),
        folder.root().display()
    ));
    Ok(Exit::Done)
}

const HEADER: [&str; 6] = ["name", "here", "dimension", "input", "size", "licence"];

fn count(models: usize) -> String {
    match models {
        1 => "1 model".to_owned(),
        models => format!("{models} models"),
    }
}

fn present_row(model: &Present) -> Vec<String> {
    let known = known_model(&model.name);
    let licence = model.manifest.as_ref().and_then(|m| m.licence.clone());
    vec![
        model.name.clone(),
        "yes".to_owned(),
        known.map_or_else(String::new, |known| known.dimension.to_string()),
        known.map_or_else(String::new, input),
        ByteSize::b(model.bytes).display().si().to_string(),
        known.map_or_else(|| licence.unwrap_or_default(), |known| known.licence.into()),
    ]
}

fn known_row(model: &KnownModel) -> Vec<String> {
    vec![
        model.name.to_owned(),
        String::new(),
        model.dimension.to_string(),
        input(model),
        format!("~{}", ByteSize::b(model.weight_bytes()).display().si()),
        model.licence.to_owned(),
    ]
}

fn input(model: &KnownModel) -> String {
    let [height, width] = model.input;
    format!("{height}x{width}")
}

fn present_json(model: &Present) -> Value {
    let mut value = known_model(&model.name).map_or_else(|| json!({}), known_json);
    value["name"] = json!(model.name);
    value["here"] = json!(true);
    value["path"] = json!(model.path);
    value["bytes"] = json!(model.bytes);
    value["manifest"] = json!(model.manifest);
    value
}

/// What the table of known models says of one; the bytes are those of its weights in f32.
pub(super) fn known_json(model: &KnownModel) -> Value {
    json!({
        "name": model.name,
        "here": false,
        "title": model.title,
        "purpose": model.purpose,
        "repo": model.repo,
        "dimension": model.dimension,
        "input": model.input,
        "million_parameters": model.million_parameters,
        "weight_bytes": model.weight_bytes(),
        "licence": model.licence,
        "image_model": model.image_model,
        "text_model": model.text_model,
    })
}
