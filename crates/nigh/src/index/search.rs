//! `nigh index search`.

use anyhow::{Context, Result};
use nigh_engine::vectors::{Queries, Setting};
use nigh_index::Found;
use serde_json::{Value, json};

use super::index_file::IndexFile;
use super::setting::params;
use super::tune;
use crate::cli::index::SearchArgs;
use crate::output::{Exit, Output};
use crate::table;

pub(crate) fn run(args: &SearchArgs, threads: usize, output: Output) -> Result<Exit> {
    let index = IndexFile::open(&args.index)?;
    let queries = super::queries(&args.queries)?;
    super::check_dimension(&queries, index.dim(), &args.index)?;
    let rows = match &args.rows {
        Some(rows) => rows.clone(),
        None => (0..queries.len()).collect(),
    };
    let k = args.k as usize;
    let params = match args.setting.recall {
        Some(recall) => tune::kept(&args.index, index.tuned_segment()?, recall)?.params(k),
        None => params(&args.setting, index.lists(), k),
    };
    let params = params.with_threads(threads);
    let category = args.category.as_deref();
    let found = index.search_batch(&chosen(&queries, &rows)?, &params, category)?;
    if args.json {
        let each: Vec<Value> = rows.iter().zip(&found).map(to_json).collect();
        output.json(&json!({"k": args.k, "params": Setting::of(&params), "queries": each}))?;
    } else {
        let lines: Vec<Vec<String>> = rows.iter().zip(&found).flat_map(to_rows).collect();
        let lines = table::lines(&["query", "rank", "id", "score"], &lines);
        lines.iter().try_for_each(|line| output.line(line))?;
    }
    Ok(Exit::Done)
}

/// The queries of these numbers, end to end.
fn chosen(queries: &Queries, rows: &[usize]) -> Result<Vec<f32>> {
    let mut values = Vec::with_capacity(rows.len() * queries.dim());
    for &row in rows {
        values.extend_from_slice(queries.get(row).with_context(|| {
            let (path, count) = (queries.path().display(), queries.len());
            format!("--rows names query {row}, but {path} holds {count}, counted from 0")
        })?);
    }
    Ok(values)
}

fn to_json((row, found): (&usize, &Found)) -> Value {
    let neighbors = found.neighbors.iter();
    let neighbors = neighbors.map(|hit| json!({"id": hit.label, "score": hit.score}));
    json!({"query": row, "neighbors": neighbors.collect::<Vec<_>>()})
}

fn to_rows((row, found): (&usize, &Found)) -> Vec<Vec<String>> {
    let hits = found.neighbors.iter().zip(1..);
    hits.map(|(hit, rank)| {
        vec![
            row.to_string(),
            i32::to_string(&rank),
            hit.label.to_string(),
            hit.score.to_string(),
        ]
    })
    .collect()
}
