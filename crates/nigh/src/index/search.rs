//! `nigh index search`.

use anyhow::{Context, Result, ensure};
use nigh_engine::vectors::{Queries, Setting};
use nigh_index::Found;
use serde_json::{Value, json};

use super::setting::params;
use super::tune;
use crate::cli::index::SearchArgs;
use crate::output::{Exit, Output};
use crate::table;

pub(crate) fn run(args: &SearchArgs, threads: usize, output: Output) -> Result<Exit> {
    let segment = super::segment(&args.index)?;
    let queries = super::queries(&args.queries)?;
    let path = queries.path().display();
    ensure!(
        queries.dim() == segment.dim(),
        "the queries of {path} have {} values, but the rows of {} have {}",
        queries.dim(),
        args.index.display(),
        segment.dim()
    );
    let rows = match &args.rows {
        Some(rows) => rows.clone(),
        None => (0..queries.len()).collect(),
    };
    let k = args.k as usize;
    let params = match args.setting.recall {
        Some(recall) => tune::kept(&args.index, &segment, recall)?.params(k),
        None => params(&args.setting, &segment, k),
    };
    let params = params.with_threads(threads);
    let found = segment.search_batch(&chosen(&queries, &rows)?, &params, None)?;
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
