//! Searching a catalog: parts of a query → embeddings → the engine → a page.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nigh_engine::{
    Catalog, Method, OrderBy, Refined, Refinement, SearchOptions, Trace, WhyNot, combine,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use utoipa::ToSchema;

use crate::app::Shared;
use crate::collections::ServedCatalog;
use crate::config::Limits;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::extract::{ApiPath, at_most, body, content_type, parse, some_at_most};
use crate::values::{attributes_to_json, to_json};

/// A search. Exactly one of `image`, `vector`, `item_id`, `text` and `query` says what is searched for.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SearchRequest {
    /// A picture's file, in Base64.
    #[schema(content_encoding = "base64")]
    image: Option<String>,
    /// An embedding of the catalog's encoder.
    vector: Option<Vec<f32>>,
    /// An item of the catalog; it is not among the hits.
    item_id: Option<String>,
    /// Words, where the encoder knows them.
    text: Option<String>,
    /// Several of these, weighted.
    #[serde(deserialize_with = "some_at_most::<_, _, 64>")]
    query: Option<Vec<Part>>,
    /// Hits of a page.
    #[schema(default = 10, minimum = 1)]
    k: Option<usize>,
    /// Hits before the page.
    offset: usize,
    /// Only items with at least this score (cosine).
    #[schema(minimum = -1, maximum = 1)]
    min_score: Option<f32>,
    /// Only items of which this is true: `gender = 'Women' AND price < 50`.
    #[serde(rename = "where")]
    condition: Option<String>,
    /// Of items with the same value of this attribute only the nearest is shown.
    group_by: Option<String>,
    /// Shows the nearest items in the order of an attribute.
    order_by: Option<Order>,
    /// Attributes whose values are counted over the nearest items.
    #[serde(deserialize_with = "at_most::<_, _, 64>")]
    facets: Vec<String>,
    /// An item that is expected: the answer says where it was dropped.
    why_not: Option<String>,
    /// How the nearest are found.
    params: Params,
    /// Tells what every stage did.
    explain: bool,
}

/// A part of a query.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Part {
    /// A picture's file, in Base64.
    image: Option<String>,
    /// An embedding.
    vector: Option<Vec<f32>>,
    /// An item of the catalog.
    item_id: Option<String>,
    /// Words.
    text: Option<String>,
    /// How much it counts; below 0 the search goes away from it.
    #[schema(default = 1.0)]
    weight: Option<f32>,
}

/// By which attribute.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    attribute: String,
    /// The greatest first.
    #[serde(default)]
    descending: bool,
}

/// How the nearest are found; as the catalog is tuned where nothing is given.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Params {
    /// Every item is compared.
    exact: bool,
    /// Inverted lists that are read.
    #[schema(minimum = 1)]
    nprobe: Option<usize>,
    /// The fastest setting that was measured to reach this recall.
    #[schema(minimum = 0, maximum = 1)]
    recall: Option<f64>,
    /// Nearest items that grouping, ordering and counting look at.
    #[schema(minimum = 1)]
    depth: Option<usize>,
}

/// The items that were found, the nearest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SearchResponse {
    hits: Vec<SearchHit>,
    /// For each attribute asked for, its values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    facets: BTreeMap<String, Vec<Facet>>,
    /// What every stage did, if asked to explain.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    trace: Vec<TraceStage>,
    /// Where the item that was asked about was dropped.
    #[serde(skip_serializing_if = "Option::is_none")]
    why_not: Option<WhyNotOut>,
    /// The share of the collection that was within reach of the search.
    coverage: f64,
    /// How the index was searched: `exact`, or what of it was read.
    setting: String,
    /// The recall of that, as it was measured; null where it was not.
    #[schema(value_type = Option<Object>)]
    recall_at_10: Json,
    /// Microseconds from the request to the answer, without the network.
    latency_us: u64,
}

/// Where an item was dropped.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WhyNotOut {
    /// `stage`, and what belongs to it.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    why_not: WhyNot,
    /// The same in words.
    sentence: String,
}

/// An item that was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SearchHit {
    id: String,
    /// Cosine of the query and the item's nearest picture.
    score: f32,
    /// The name of that picture.
    image: String,
    attributes: Map<String, Json>,
}

/// A value, and how many of the nearest items have it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Facet {
    value: Json,
    count: usize,
}

/// What a stage did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TraceStage {
    stage: &'static str,
    /// Candidates that went in.
    #[serde(rename = "in")]
    input: u64,
    /// Candidates that came out.
    #[serde(rename = "out")]
    output: u64,
    /// Microseconds.
    us: u64,
}

/// Finds items that look like a picture, an item or words.
#[utoipa::path(post, path = "/v1/catalogs/{name}/search", tag = "catalogs",
    params(("name" = String, Path, description = "The catalog")), request_body = SearchRequest,
    responses((status = 200, body = SearchResponse),
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
    let asked = match body.len() < SHORT {
        true => Asked::of(parse(&body)?, limits)?,
        false => {
            let shared = app.clone();
            let read = move || Asked::of(parse(&body)?, &shared.config.limits);
            app.pool.run(read).await?
        }
    };
    let explain = asked.explain;
    let answer = run(&app, catalog, asked).await?;
    let reply = reply(&answer, started);
    // What the stages did is asked about this very search.
    if !explain {
        app.results.put(key, answer);
    }
    Ok(reply)
}

/// Bytes of a request that is read in less time than it takes to hand it to another thread.
const SHORT: usize = 64 << 10;

/// An answer up to its latency, which is each reply's own.
fn reply(answer: &Bytes, started: Instant) -> Response {
    let latency_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let body = [answer, latency_us.to_string().as_bytes(), b"}"].concat();
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// What an answer depends on: the collection, everything that was written to it, its view, and the question.
fn result_key(catalog: &ServedCatalog, body: &[u8]) -> u128 {
    let mut hasher = xxhash_rust::xxh3::Xxh3::new();
    hasher.update(catalog.name.as_bytes());
    for number in catalog.live.state() {
        hasher.update(&number.to_le_bytes());
    }
    hasher.update(body);
    hasher.digest128()
}

/// A request that was looked through.
struct Asked {
    parts: Vec<(What, f32)>,
    k: usize,
    min_score: Option<f32>,
    condition: Option<String>,
    method: Method,
    refinement: Refinement,
    explain: bool,
}

enum What {
    Picture(Vec<u8>),
    Vector(Vec<f32>),
    Item(String),
    Words(String),
}

const DEFAULT_K: usize = 10;

impl Asked {
    fn of(request: SearchRequest, limits: &Limits) -> ApiResult<Asked> {
        let SearchRequest {
            image,
            vector,
            item_id,
            text,
            query,
            ..
        } = request;
        let single = Part {
            image,
            vector,
            item_id,
            text,
            weight: None,
        };
        let parts = match query {
            Some(parts) if single.count() == 0 => parts,
            Some(_) => return Err(one_of("query")),
            None => vec![single],
        };
        if parts.is_empty() || parts.len() > limits.parts {
            let message = format!(
                "a query has 1 to {} parts, received {}",
                limits.parts,
                parts.len()
            );
            return Err(ApiError::bad("bad_query", message).field("query"));
        }
        let parts = parts
            .into_iter()
            .map(|part| part.read(limits))
            .collect::<ApiResult<_>>()?;
        let k = request.k.unwrap_or(DEFAULT_K);
        within("k", k, 1, limits.k)?;
        within("offset", request.offset, 0, limits.k)?;
        let refinement = Refinement {
            offset: request.offset,
            group_by: request.group_by,
            order_by: request.order_by.map(|order| OrderBy {
                attribute: order.attribute,
                descending: order.descending,
            }),
            facets: request.facets,
            why_not: request.why_not,
            depth: request.params.depth,
        };
        within(
            "params.depth",
            refinement.depth.unwrap_or(1),
            1,
            limits.depth,
        )?;
        within("facets", refinement.facets.len(), 0, limits.parts)?;
        if request
            .min_score
            .is_some_and(|score| !(-1.0..=1.0).contains(&score))
        {
            let message = "min_score is a cosine: it lies between -1 and 1";
            return Err(ApiError::bad("out_of_range", message).field("min_score"));
        }
        Ok(Asked {
            parts,
            k,
            min_score: request.min_score,
            condition: request.condition,
            method: request.params.method()?,
            refinement: Refinement {
                depth: Some(refinement.depth(k).min(limits.depth)),
                ..refinement
            },
            explain: request.explain,
        })
    }
}

impl Part {
    fn count(&self) -> usize {
        [
            self.image.is_some(),
            self.vector.is_some(),
            self.item_id.is_some(),
            self.text.is_some(),
        ]
        .into_iter()
        .filter(|given| *given)
        .count()
    }

    fn read(self, limits: &Limits) -> ApiResult<(What, f32)> {
        if self.count() != 1 {
            return Err(one_of("image"));
        }
        let weight = self.weight.unwrap_or(1.0);
        if !weight.is_finite() || weight == 0.0 {
            let message = format!("a weight is a number other than 0, received {weight}");
            return Err(ApiError::bad("out_of_range", message).field("weight"));
        }
        let picture = self.image.map(|text| picture(&text, limits)).transpose()?;
        let what = picture
            .map(What::Picture)
            .or(self.vector.map(What::Vector))
            .or(self.item_id.map(What::Item))
            .or(self.text.map(What::Words));
        // One of the four is there, see above.
        what.map(|what| (what, weight))
            .ok_or_else(|| one_of("image"))
    }
}

impl Params {
    fn method(&self) -> ApiResult<Method> {
        match (self.exact, self.nprobe, self.recall) {
            (false, None, None) => Ok(Method::Auto),
            (true, None, None) => Ok(Method::Exact),
            (false, Some(nprobe), None) if nprobe > 0 => Ok(Method::Nprobe(nprobe)),
            (false, None, Some(recall)) if recall > 0.0 && recall <= 1.0 => {
                Ok(Method::Recall(recall))
            }
            _ => {
                let message =
                    "expected one of exact: true, nprobe of at least 1, and recall above 0 up to 1";
                Err(ApiError::bad("out_of_range", message).field("params"))
            }
        }
    }
}

/// The bytes of a picture that came in Base64.
pub(super) fn picture(text: &str, limits: &Limits) -> ApiResult<Vec<u8>> {
    let bytes = STANDARD.decode(text.trim()).map_err(|error| {
        ApiError::bad(
            "bad_base64",
            format!("the picture is not in Base64: {error}"),
        )
        .field("image")
    })?;
    match bytes.len() as u64 <= limits.image_bytes {
        true => Ok(bytes),
        false => {
            let message = format!(
                "a picture's file has at most {} bytes, this one has {}",
                limits.image_bytes,
                bytes.len()
            );
            Err(ApiError::too_large(message).field("image"))
        }
    }
}

fn one_of(field: &str) -> ApiError {
    let message =
        "expected exactly one of image, vector, item_id and text, or query with such parts";
    ApiError::bad("bad_query", message).field(field)
}

pub(super) fn within(field: &str, value: usize, least: usize, most: usize) -> ApiResult<()> {
    match (least..=most).contains(&value) {
        true => Ok(()),
        false => {
            let message = format!("{field} lies between {least} and {most}, received {value}");
            Err(ApiError::bad("out_of_range", message).field(field))
        }
    }
}

async fn run(app: &Shared, catalog: Arc<ServedCatalog>, mut asked: Asked) -> ApiResult<Bytes> {
    let mut trace = Trace::default();
    let mut parts = Vec::with_capacity(asked.parts.len());
    for (what, weight) in std::mem::take(&mut asked.parts) {
        parts.push((embed(app, &catalog, what, &mut trace).await?, weight));
    }
    let shared = app.clone();
    let search = move || {
        let open = catalog.live.read()?;
        let (refined, mut trace) = find(&open, parts, &asked, trace)?;
        let coverage = 1.0;
        drop(open);
        trace
            .stages
            .extend(refined.reply.trace.stages.iter().cloned());
        shared.metrics.stages(&catalog.name, &trace);
        answer(refined, &trace, asked.explain, coverage)
    };
    app.pool.run(search).await
}

/// What a part of a query became: rows of the collection's embeddings.
enum Rows {
    /// The encoder's, to be reduced.
    Encoded(Vec<f32>),
    Of(Vec<f32>),
    Item(String),
}

async fn embed(
    app: &Shared,
    catalog: &Arc<ServedCatalog>,
    what: What,
    trace: &mut Trace,
) -> ApiResult<Rows> {
    let rows = match what {
        What::Item(id) => return Ok(Rows::Item(id)),
        What::Vector(vector) => return Ok(Rows::Of(vector)),
        What::Picture(bytes) => embed_picture(app, catalog, bytes, trace).await?,
        What::Words(words) => embed_words(app, catalog, words, trace).await?,
    };
    Ok(Rows::Encoded(rows))
}

/// The embedding of a picture by the catalog's encoder, from the cache if it is there.
pub(super) async fn embed_picture(
    app: &Shared,
    catalog: &Arc<ServedCatalog>,
    bytes: Vec<u8>,
    trace: &mut Trace,
) -> ApiResult<Vec<f32>> {
    let decoding = Instant::now();
    let key = content_key(catalog, b"picture", &bytes);
    if let Some(known) = app.embeddings.get(key) {
        trace.push("embedding_cache", 1, 1, decoding);
        return Ok(known.as_ref().clone());
    }
    let _room = app.room().await?;
    let (limits, served, shared) = (app.decode_limits(), Arc::clone(catalog), app.clone());
    let decode = move || {
        let picture = nigh_encode::decode(&bytes, &limits);
        let picture = picture
            .map_err(|error| ApiError::unprocessable("bad_picture", error).field("image"))?;
        Ok((picture, served.encoder(&shared.encoders)?))
    };
    let (picture, encoder) = app.pool.run(decode).await?;
    trace.push("decode", 1, 1, decoding);
    let encoding = Instant::now();
    let row = encoder.picture(picture).await?;
    trace.push("encode", 1, 1, encoding);
    Ok(app.embeddings.put(key, row).as_ref().clone())
}

/// The same for words.
pub(super) async fn embed_words(
    app: &Shared,
    catalog: &Arc<ServedCatalog>,
    words: String,
    trace: &mut Trace,
) -> ApiResult<Vec<f32>> {
    let encoding = Instant::now();
    let key = content_key(catalog, b"words", words.as_bytes());
    if let Some(known) = app.embeddings.get(key) {
        trace.push("embedding_cache", 1, 1, encoding);
        return Ok(known.as_ref().clone());
    }
    let (served, shared) = (Arc::clone(catalog), app.clone());
    let encode = move || served.encoder(&shared.encoders)?.words(&words);
    let row = app
        .pool
        .run(encode)
        .await
        .map_err(|error| error.field("text"))?;
    trace.push("encode", 1, 1, encoding);
    Ok(app.embeddings.put(key, row).as_ref().clone())
}

fn content_key(catalog: &ServedCatalog, kind: &[u8], content: &[u8]) -> u128 {
    let mut hasher = xxhash_rust::xxh3::Xxh3::new();
    hasher.update(catalog.record.fingerprint.to_string().as_bytes());
    hasher.update(kind);
    hasher.update(content);
    hasher.digest128()
}

/// Pictures of an item that are searched with: each is a search.
const MOST_PICTURES: usize = 8;

fn find(
    catalog: &Catalog,
    parts: Vec<(Rows, f32)>,
    asked: &Asked,
    trace: Trace,
) -> ApiResult<(Refined, Trace)> {
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
    let filter = asked
        .condition
        .as_deref()
        .map(|text| catalog.filter(text))
        .transpose()?;
    let options = SearchOptions {
        k: asked.k,
        filter,
        min_score: asked.min_score,
        method: asked.method,
        threads: 1,
        exclude,
    };
    Ok((
        catalog.search_refined(&queries, &options, &asked.refinement)?,
        trace,
    ))
}

fn answer(refined: Refined, trace: &Trace, explain: bool, coverage: f64) -> ApiResult<Bytes> {
    let Refined {
        reply,
        facets,
        why_not,
    } = refined;
    let hits = reply.hits.into_iter().map(|hit| SearchHit {
        attributes: attributes_to_json(&hit.attributes),
        id: hit.id,
        score: hit.score,
        image: hit.image,
    });
    let facet = |value: nigh_engine::FacetValue| Facet {
        value: to_json(&value.value),
        count: value.count,
    };
    let stages = trace.stages.iter().map(|stage| TraceStage {
        stage: stage.stage,
        input: stage.input,
        output: stage.output,
        us: stage.us,
    });
    let response = SearchResponse {
        hits: hits.collect(),
        facets: facets
            .into_iter()
            .map(|(name, values)| (name, values.into_iter().map(facet).collect()))
            .collect(),
        trace: if explain {
            stages.collect()
        } else {
            Vec::new()
        },
        coverage,
        why_not: why_not.map(|why_not| WhyNotOut {
            sentence: why_not.to_string(),
            why_not,
        }),
        latency_us: 0,
        setting: reply.setting.to_string(),
        recall_at_10: json(&reply.recall_at_10)?,
    };
    let mut bytes = serde_json::to_vec(&response).map_err(ApiError::internal)?;
    // The latency is the last field, see `reply`.
    bytes.truncate(bytes.len() - "0}".len());
    Ok(Bytes::from(bytes))
}

fn json(value: &impl Serialize) -> ApiResult<Json> {
    serde_json::to_value(value).map_err(ApiError::internal)
}
