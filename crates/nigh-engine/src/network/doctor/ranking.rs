//! Can the trained ranking be used?

use std::fs;
use std::io::ErrorKind::NotFound;
use std::path::Path;

use nigh_learn::{LinkModel, LinkTables};

use super::held::Held;
use crate::doctor::Check;

const NAME: &str = "ranking";

/// The tables of everybody, where there are some that can be read, and the check of the ranking.
pub(super) fn check(dir: &Path, held: &Held) -> (Option<LinkTables>, Check) {
    let (model, tables) = match (read(dir, "links.model"), read(dir, "links.tables")) {
        (Ok(None), Ok(None)) => return (None, Check::ok(NAME, "none was trained")),
        (Ok(Some(model)), Ok(Some(tables))) => (model, tables),
        (Ok(_), Ok(_)) => {
            let reason = "one of model/links.model and model/links.tables is missing";
            return (None, Check::wrong(NAME, unused(reason)));
        }
        (Err(reason), _) | (_, Err(reason)) => return (None, Check::wrong(NAME, unused(&reason))),
    };
    let model = match LinkModel::decode(&model) {
        Ok(model) => model,
        Err(error) => {
            return (
                None,
                Check::wrong(NAME, unused(&format!("links.model: {error}"))),
            );
        }
    };
    let tables = match LinkTables::decode(&tables) {
        Ok(tables) => tables,
        Err(error) => {
            return (
                None,
                Check::wrong(NAME, unused(&format!("links.tables: {error}"))),
            );
        }
    };
    let check = match tables.people() <= held.people.len() {
        true => Check::ok(
            NAME,
            format!(
                "{} trees, tables of {} people",
                model.trees(),
                tables.people()
            ),
        ),
        false => Check::wrong(
            NAME,
            unused(&format!(
                "the tables are of {} people, and there are {}",
                tables.people(),
                held.people.len()
            )),
        ),
    };
    (Some(tables), check)
}

fn unused(reason: &str) -> String {
    format!("{reason}; `nigh people train` makes it again")
}

fn read(dir: &Path, name: &str) -> Result<Option<Vec<u8>>, String> {
    match fs::read(dir.join("model").join(name)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == NotFound => Ok(None),
        Err(error) => Err(format!("{name}: {error}")),
    }
}
