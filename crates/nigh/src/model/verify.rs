//! `nigh model verify`.

use anyhow::{Result, bail};
use nigh_models::{FileState, FolderError, Manifest, ModelsFolder, verify};
use serde_json::{Value, json};

use crate::cli::model::VerifyArgs;
use crate::output::{Exit, Output};

pub(crate) fn run(args: &VerifyArgs, output: Output) -> Result<Exit> {
    let folder = ModelsFolder::from_env()?;
    let path = folder.path(&args.model)?;
    if !path.exists() {
        let (name, root) = (args.model.clone(), folder.root().to_owned());
        return Err(FolderError::Absent { name, root }.into());
    }
    let Some(manifest) = Manifest::read(&path)? else {
        bail!(
            "{} was not pulled: there is nothing to compare it with",
            path.display()
        );
    };
    let files = verify(&path, &manifest)?;
    let wrong = files
        .iter()
        .filter(|(_, state)| *state != FileState::Whole)
        .count();
    if args.json {
        let files: Vec<Value> = files
            .iter()
            .map(|(file, state)| json!({"path": file.path, "bytes": file.bytes, "sha256": file.sha256, "state": word(state)}))
            .collect();
        output.json(
            &json!({"name": args.model, "commit": manifest.commit, "files": files, "wrong": wrong}),
        )?;
    } else {
        for (file, state) in &files {
            output.line(format!("{:<9} {}", word(state), file.path))?;
        }
        if wrong > 0 {
            output.note(format!(
                "{wrong} of {} files: `nigh model pull {}` fetches them again",
                files.len(),
                args.model
            ));
        }
    }
    Ok(match wrong {
        0 => Exit::Done,
        _ => Exit::Failed,
    })
}

fn word(state: &FileState) -> &'static str {
    match state {
        FileState::Whole => "whole",
        FileState::Missing => "missing",
        FileState::Length { .. } => "length",
        FileState::Changed { .. } => "changed",
    }
}
