//! `nigh catalog get`, `list` and `delete`.

use std::collections::BTreeSet;

use anyhow::Result;
use nigh_engine::{Catalog, CatalogWriter, ItemSummary, SearchError};
use serde_json::json;

use crate::cli::{DeleteArgs, GetArgs, ListArgs};
use crate::output::{Exit, Output};
use crate::{table, value};

pub(crate) fn get(args: &GetArgs, output: Output) -> Result<Exit> {
    let catalog = open(&args.dir, output)?;
    let (mut items, mut missing) = (Vec::new(), Vec::new());
    for id in &args.ids {
        match catalog.get(id) {
            Ok(item) => items.push(item),
            Err(SearchError::UnknownId(id)) => missing.push(id),
            Err(error) => return Err(error.into()),
        }
    }
    if args.json {
        let items: Vec<_> = items.iter().map(item_json).collect();
        output.json(&json!({"items": items, "missing": missing}))?;
    } else {
        items
            .iter()
            .flat_map(item_lines)
            .try_for_each(|line| output.line(line))?;
    }
    Ok(exit(&missing, output))
}

pub(crate) fn list(args: &ListArgs, output: Output) -> Result<Exit> {
    let catalog = open(&args.dir, output)?;
    let filter = args
        .condition
        .as_deref()
        .map(|text| catalog.filter(text))
        .transpose()?;
    let (items, total) = catalog.list(filter.as_ref(), args.offset, args.limit)?;
    if args.json {
        output.json(
            &json!({"total": total, "items": items.iter().map(item_json).collect::<Vec<_>>()}),
        )?;
    } else {
        list_lines(&items)
            .iter()
            .try_for_each(|line| output.line(line))?;
        output.note(format!("{} of {total} items", items.len()));
    }
    Ok(Exit::Done)
}

pub(crate) fn delete(args: &DeleteArgs, output: Output) -> Result<Exit> {
    let ids = match &args.condition {
        None => args.ids.clone(),
        Some(condition) => {
            let catalog = open(&args.dir, output)?;
            let filter = catalog.filter(condition)?;
            let (items, _) = catalog.list(Some(&filter), 0, usize::MAX)?;
            items.into_iter().map(|item| item.id).collect()
        }
    };
    let ids: BTreeSet<String> = ids.into_iter().collect();
    let missing = CatalogWriter::open(&args.dir)?.delete(&ids)?;
    let deleted = ids.len() - missing.len();
    if args.json {
        output.json(&json!({"deleted": deleted, "missing": missing}))?;
    } else {
        output.line(format!("{deleted} items deleted"))?;
    }
    Ok(exit(&missing, output))
}

/// Names the ids that are not there, which the exit code tells too.
fn exit(missing: &[String], output: Output) -> Exit {
    missing
        .iter()
        .for_each(|id| output.note(format!("no item has the id {id:?}")));
    if missing.is_empty() {
        Exit::Done
    } else {
        Exit::NotFound
    }
}

fn open(dir: &std::path::Path, output: Output) -> Result<Catalog> {
    let catalog = Catalog::open(dir)?;
    catalog.notes().iter().for_each(|note| output.note(note));
    Ok(catalog)
}

fn item_json(item: &ItemSummary) -> serde_json::Value {
    let images: Vec<_> = item
        .images
        .iter()
        .map(|(name, source)| json!({"name": name, "source": source}))
        .collect();
    json!({"id": item.id, "attributes": value::attributes_to_json(&item.attributes), "images": images})
}

fn item_lines(item: &ItemSummary) -> Vec<String> {
    let mut lines = vec![item.id.clone()];
    lines.extend(
        item.attributes
            .iter()
            .map(|(name, value)| format!("  {name} = {value}")),
    );
    lines.extend(
        item.images
            .iter()
            .map(|(name, source)| format!("  image {name}: {source}")),
    );
    lines
}

fn list_lines(items: &[ItemSummary]) -> Vec<String> {
    let names: BTreeSet<&str> = items
        .iter()
        .flat_map(|item| item.attributes.keys().map(String::as_str))
        .collect();
    let header: Vec<&str> = std::iter::once("id").chain(names.iter().copied()).collect();
    let row = |item: &ItemSummary| {
        let cell = |name: &&str| {
            item.attributes
                .get(*name)
                .map_or(String::new(), ToString::to_string)
        };
        std::iter::once(item.id.clone())
            .chain(names.iter().map(cell))
            .collect()
    };
    table::lines(&header, &items.iter().map(row).collect::<Vec<_>>())
}
