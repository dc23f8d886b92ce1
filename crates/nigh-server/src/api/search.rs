//! Searching a catalog: parts of a query → embeddings → the engine → a page.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use nigh_engine::{Catalog, CombineError, Refined, Refinement, SearchOptions, Trace, combine};
use nigh_store::Date;

use self::embed::{Rows, embed};
pub(super) use self::embed::{embed_picture, embed_words};
use self::reply::answer;
pub(super) use self::reply::{Facet, SearchResponse, facets_out};
use self::request::{Asked, SearchRequest};
pub(super) use self::request::{picture, within};
use crate::app::Shared;
use crate::collections::ServedCatalog;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::extract::{ApiPath, aside, body, content_type, parse};

mod embed;
mod reply;
mod request;

/// Finds items that look like a picture, an item or words.
#[utoipa::path(post, path = "/v1/catalogs/{name}/search", tag = "catalogs",
    params(("name" = String, Path, description = "The catalog")), request_body = SearchRequest,
    responses((status = 200, description = "The nearest first", body = SearchResponse),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn search(
    State(app): State<Shared>,
    ApiPath(name): ApiPath<String>,
    request: axum::extract::Request,
) -> ApiResult<Response> {
    let started = Instant::now();
    let kind = content_type(&request);
    if !kind.starts_with("application/json") {
        let message = format!("expected content-type application/json, received {kind:?}");
        return Err(ApiError::media_type(message));
    }
    let body = body(request, &()).await?;
    let catalog = app.collections.catalog(&name)?;
    let key = result_key(&catalog, &body);
    if let Some(answer) = app.results.get(key) {
        return Ok(reply(&answer, started));
    }
    let limits = &app.config.limits;
    let asked = aside(body.len(), || Asked::of(parse(&body)?, limits))?;
    // What is at an address may be something else the next time.
    let keep = !asked.explain && !asked.fetches();
    let (answer, whole) = run(&app, catalog, asked, started).await?;
    let reply = reply(&answer, started);
    // What the stages did is asked about this very search, and what a budget cut short may be better the next time.
    if whole && keep {
        app.results.put(key, answer);
    }
    Ok(reply)
}

/// An answer up to its latency, which is each reply's own.
fn reply(answer: &Bytes, started: Instant) -> Response {
    let latency_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let body = [answer, latency_us.to_string().as_bytes(), b"}"].concat();
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// What an answer depends on: the collection, everything that was written to it, its view, and the question.
fn result_key(catalog: &ServedCatalog, body: &[u8]) -> u128 {
    let mut hasher = xxhash_rust::xxh3::Xxh3::new();
    hasher.update(&catalog.serial.to_le_bytes());
    for number in catalog.live.state() {
        hasher.update(&number.to_le_bytes());
    }
    // What is fresh changes from day to day.
    hasher.update(&today().0.to_le_bytes());
    hasher.update(body);
    hasher.digest128()
}

/// The answer, and whether it is all that there is to say.
async fn run(
    app: &Shared,
    catalog: Arc<ServedCatalog>,
    mut asked: Asked,
    started: Instant,
) -> ApiResult<(Bytes, bool)> {
    let mut trace = Trace::default();
    let mut parts = Vec::with_capacity(asked.parts.len());
    for (what, weight) in std::mem::take(&mut asked.parts) {
        parts.push((embed(app, &catalog, what, &mut trace).await?, weight));
    }
    let shared = app.clone();
    let search = move || {
        let open = catalog.live.read()?;
        let explain = asked.explain;
        let refined = find(&open, parts, asked, started)?;
        drop(open);
        trace
            .stages
            .extend(refined.reply.trace.stages.iter().cloned());
        shared.metrics.stages(&catalog.name, &trace);
        let whole = refined.reply.coverage >= 1.0;
        Ok((answer(refined, &trace, explain)?, whole))
    };
    app.pool.run(search).await
}

fn today() -> Date {
    Date::of(SystemTime::now())
}

/// Pictures of an item that are searched with: each is a search.
const MOST_PICTURES: usize = 8;

fn find(
    catalog: &Catalog,
    parts: Vec<(Rows, f32)>,
    asked: Asked,
    started: Instant,
) -> ApiResult<Refined> {
    let (queries, exclude) = queries(catalog, parts)?;
    let condition = asked.condition.as_deref();
    let mut options = SearchOptions {
        k: asked.k,
        filter: condition.map(|text| catalog.filter(text)).transpose()?,
        min_score: asked.min_score,
        method: asked.method,
        budget: asked.budget,
        exclude,
        ..SearchOptions::default()
    };
    let mut refinement = asked.refinement;
    let pipeline = asked.pipeline.as_ref().or(catalog.pipeline());
    if let Some(pipeline) = pipeline {
        pipeline.apply(catalog.schema(), today(), &mut options, &mut refinement)?;
    }
    check_diversity(&refinement, asked.k, asked.most_items.min(catalog.len()))?;
    // What went before is part of the search.
    let left = |budget: Duration| budget.saturating_sub(started.elapsed());
    options.budget = options.budget.map(left);
    let refinement = Refinement {
        depth: Some(refinement.depth(asked.k).min(asked.most_items)),
        ..refinement
    };
    Ok(catalog.search_refined(&queries, &options, &refinement)?)
}

/// Pairs of hits that are compared for a page whose hits differ: 0.1 s of one thread.
const MOST_COMPARISONS: usize = 500_000;

/// Each hit of a page that is to differ in itself is compared with all that are ranked.
fn check_diversity(refinement: &Refinement, k: usize, items: usize) -> ApiResult<()> {
    let page = refinement.offset.saturating_add(k);
    let ranking = refinement.ranking.as_ref();
    let comparisons = ranking.map_or(0, |ranking| ranking.comparisons(k, page, items));
    match comparisons <= MOST_COMPARISONS {
        true => Ok(()),
        false => {
            let message = format!(
                "diversity compares each hit up to the page's end with all that are ranked: {comparisons} pairs, where at most \
                 {MOST_COMPARISONS} are: ask for a smaller page, or rank fewer (rank.keep)"
            );
            Err(ApiError::bad("out_of_range", message).field("pipeline.rank.keep"))
        }
    }
}

/// What is searched with, and the item that it is, which is none of its own hits.
fn queries(catalog: &Catalog, parts: Vec<(Rows, f32)>) -> ApiResult<(Vec<f32>, Option<String>)> {
    let mut exclude = None;
    let single = parts.len() == 1;
    let mut rows: Vec<(Vec<f32>, f32)> = Vec::with_capacity(parts.len());
    for (part, weight) in parts {
        let own = match part {
            Rows::Encoded(row) => catalog.reduce(row),
            Rows::Of(vector) => {
                let (found, expected) = (vector.len(), catalog.dimension());
                if found != expected {
                    let message = format!(
                        "a vector of this catalog has {expected} numbers, received {found}"
                    );
                    return Err(ApiError::bad("bad_vector", message).field("vector"));
                }
                if vector.iter().all(|number| *number == 0.0) {
                    return Err(ApiError::from(CombineError::Cancelled).field("vector"));
                }
                vector
            }
            Rows::Item(id) => {
                let mut own = catalog.embeddings(&id)?;
                own.truncate(MOST_PICTURES * catalog.dimension());
                exclude = single.then_some(id);
                own
            }
        };
        rows.push((own, weight));
    }
    // One item is searched for by all of its pictures; in a sum each item is its first.
    let queries = match rows.as_slice() {
        [(rows, weight)] if *weight > 0.0 => rows.clone(),
        rows => {
            let first = |rows: &Vec<f32>| rows.len().min(catalog.dimension());
            let parts: Vec<(&[f32], f32)> = rows
                .iter()
                .map(|(rows, weight)| (&rows[..first(rows)], *weight))
                .collect();
            combine(&parts)?
        }
    };
    Ok((queries, exclude))
}

#[cfg(test)]
mod tests {
    use nigh_engine::pipeline::Pipeline;
    use nigh_store::Schema;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_that_differs_in_itself_is_bounded() {
        let check = |rank: serde_json::Value, k: usize, offset: usize, expected: bool| {
            let pipeline: Pipeline = serde_json::from_value(json!({"rank": rank})).unwrap();
            let mut options = SearchOptions::default();
            let mut refinement = Refinement {
                offset,
                ..Refinement::default()
            };
            let applied =
                pipeline.apply(&Schema::default(), Date(0), &mut options, &mut refinement);
            applied.unwrap();
            let found = check_diversity(&refinement, k, 10_000).is_ok();
            assert_eq!(found, expected, "{rank} {k} {offset}");
        };
        let differs = |keep: usize| json!({"keep": keep, "diversity": {"lambda": 0.5}});
        check(differs(10_000), 50, 0, true);
        check(differs(10_000), 50, 1, false);
        check(differs(10_000), 1_000, 1_000, false);
        check(differs(250), 1_000, 1_000, true);
        // No more than there are.
        check(differs(1_000_000), 50, 0, true);
        check(json!({"keep": 10_000}), 1_000, 1_000, true);
    }
}
