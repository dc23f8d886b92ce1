//! How good and how fast a catalog's search is, on queries with known labels.

use std::collections::{BTreeMap, HashSet};
use std::time::Instant;

use nigh_encode::{DecodeLimits, EncodeError, Encoder};
use nigh_store::Value;
use serde::Serialize;
use thiserror::Error;

use crate::catalog::{Catalog, Hit, Method, SearchError, SearchOptions};
use crate::source::{ImageContent, Plan, RawItem, Row};
use crate::trace::microseconds;

/// What is measured.
#[derive(Clone, Debug)]
pub struct EvalOptions {
    /// How many hits count.
    pub k: usize,
    /// The attributes whose equality makes a hit relevant.
    pub relevant: Vec<String>,
    /// How the hits are found.
    pub method: Method,
    /// Threads that one query may use.
    pub threads: usize,
}

/// One query with its labels.
#[derive(Clone, Debug)]
pub struct EvalQuery {
    /// The query's id; an item of this id is not counted as its hit.
    pub id: String,
    /// `images × dimension`.
    pub embeddings: Vec<f32>,
    /// The labels.
    pub attributes: BTreeMap<String, Value>,
}

/// The figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EvalReport {
    /// How many hits counted.
    pub k: usize,
    /// Queries that were asked.
    pub queries: usize,
    /// For each attribute: the share of hits with the query's value, the mean
    /// over the queries that have one; null where no query has.
    pub precision_at_k: BTreeMap<String, Option<f64>>,
    /// For each attribute: the queries that have a value.
    pub labelled_queries: BTreeMap<String, usize>,
    /// The share of the exact nearest that the search found.
    pub recall_at_k: f64,
    /// What a query took, one after the other.
    pub latency_us: Latency,
    /// Queries that could not be used, with the reason.
    pub rejected: Vec<String>,
}

/// Microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Latency {
    /// The mean.
    pub mean: f64,
    /// The median.
    pub p50: u64,
    /// 99 of 100 were faster.
    pub p99: u64,
}

/// Why an evaluation cannot run.
#[derive(Debug, Error)]
pub enum EvalError {
    /// A search failed.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// An attribute is not in the catalog.
    #[error("the catalog has no attribute {name:?}; it has {known}")]
    UnknownAttribute {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// There is nothing to ask.
    #[error("there are no queries: {0}")]
    NoQueries(&'static str),
    /// The share is not one.
    #[error("a sample is a share above 0 and up to 1, not {0}")]
    Share(f64),
}

/// A random `share` of the catalog itself as queries, the same for the same
/// `seed`: the items with the smallest hash of seed and id.
pub fn sample(catalog: &Catalog, share: f64, seed: u64) -> Result<Vec<EvalQuery>, EvalError> {
    if !(share > 0.0 && share <= 1.0) {
        return Err(EvalError::Share(share));
    }
    let mut ids: Vec<(u64, String)> = catalog.ids().map(|id| (hash(seed, id), id.to_owned())).collect();
    ids.sort_unstable();
    ids.truncate((ids.len() as f64 * share).round() as usize);
    if ids.is_empty() {
        return Err(EvalError::NoQueries("the share of the catalog rounds to no item"));
    }
    let query = |(_, id): (u64, String)| -> Result<EvalQuery, EvalError> {
        let embeddings = catalog.embeddings(&id)?;
        let attributes = catalog.attributes(&id)?;
        Ok(EvalQuery { id, embeddings, attributes })
    };
    ids.into_iter().map(query).collect()
}

fn hash(seed: u64, id: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(id.as_bytes(), seed)
}

/// The items of a source as queries, and a sentence for each that cannot be one.
pub fn from_source(plan: &Plan, encoder: &Encoder, limits: &DecodeLimits) -> (Vec<EvalQuery>, Vec<String>) {
    let (mut queries, mut rejected) = (Vec::new(), Vec::new());
    plan.read(|row| {
        match row {
            Row::Rejected(reject) => rejected.push(format!("{}: {}", reject.origin, reject.reason)),
            Row::Item(item) => match encode(item, encoder, limits) {
                Ok(query) => queries.push(query),
                Err(reason) => rejected.push(reason),
            },
        }
        std::ops::ControlFlow::Continue(())
    });
    (queries, rejected)
}

fn encode(item: RawItem, encoder: &Encoder, limits: &DecodeLimits) -> Result<EvalQuery, String> {
    let mut embeddings = Vec::new();
    for image in item.images {
        let bytes = match image.content {
            ImageContent::Bytes(bytes) => bytes,
            ImageContent::Path(path) => std::fs::read(path).map_err(|error| format!("{}: {error}", image.source))?,
        };
        let picture = nigh_encode::decode(&bytes, limits).map_err(|error| format!("{}: {error}", image.source))?;
        let encoded: Result<Vec<f32>, EncodeError> = encoder.encode(&[picture]);
        embeddings.extend(encoded.map_err(|error| format!("{}: {error}", image.source))?);
    }
    Ok(EvalQuery { id: item.id, embeddings, attributes: item.attributes })
}

/// Asks every query and counts.
pub fn evaluate(catalog: &Catalog, queries: &[EvalQuery], options: &EvalOptions) -> Result<EvalReport, EvalError> {
    check_attributes(catalog, &options.relevant)?;
    if queries.is_empty() {
        return Err(EvalError::NoQueries("the source holds no usable image"));
    }
    let mut latencies = Vec::with_capacity(queries.len());
    let mut found = Vec::with_capacity(queries.len());
    for query in queries {
        let search = SearchOptions { k: options.k, method: options.method, threads: options.threads, ..excluding(query) };
        let started = Instant::now();
        let reply = catalog.search(&query.embeddings, &search)?;
        latencies.push(microseconds(started));
        found.push(reply.hits);
    }
    let truth = catalog.nearest_exact(queries, options.k)?;
    let precision = |name: &String| (name.clone(), precision(name, queries, &found));
    let labelled = |name: &String| (name.clone(), queries.iter().filter(|query| query.attributes.contains_key(name)).count());
    Ok(EvalReport {
        k: options.k,
        queries: queries.len(),
        precision_at_k: options.relevant.iter().map(precision).collect(),
        labelled_queries: options.relevant.iter().map(labelled).collect(),
        recall_at_k: recall(&found, &truth),
        latency_us: latency(latencies),
        rejected: Vec::new(),
    })
}

fn excluding(query: &EvalQuery) -> SearchOptions {
    SearchOptions { exclude: Some(query.id.clone()), ..SearchOptions::default() }
}

fn check_attributes(catalog: &Catalog, names: &[String]) -> Result<(), EvalError> {
    let schema = catalog.schema();
    let unknown = names.iter().find(|name| schema.column(name).is_none());
    unknown.map_or(Ok(()), |name| {
        let known: Vec<&str> = schema.columns.iter().map(|column| column.name.as_str()).collect();
        Err(EvalError::UnknownAttribute { name: name.clone(), known: known.join(", ") })
    })
}

/// The mean, over the queries that have the attribute and found anything, of
/// the share of hits that have the same value.
fn precision(name: &str, queries: &[EvalQuery], found: &[Vec<Hit>]) -> Option<f64> {
    let share = |(query, hits): (&EvalQuery, &Vec<Hit>)| {
        let label = query.attributes.get(name)?;
        let same = hits.iter().filter(|hit| hit.attributes.get(name) == Some(label)).count();
        (!hits.is_empty()).then(|| same as f64 / hits.len() as f64)
    };
    mean(queries.iter().zip(found).filter_map(share))
}

fn recall(found: &[Vec<Hit>], truth: &[Vec<String>]) -> f64 {
    let share = |(hits, truth): (&Vec<Hit>, &Vec<String>)| {
        let found: HashSet<&str> = hits.iter().map(|hit| hit.id.as_str()).collect();
        let right = truth.iter().filter(|id| found.contains(id.as_str())).count();
        (!truth.is_empty()).then(|| right as f64 / truth.len() as f64)
    };
    mean(found.iter().zip(truth).filter_map(share)).unwrap_or(1.0)
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_usize), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / count as f64)
}

fn latency(mut us: Vec<u64>) -> Latency {
    us.sort_unstable();
    let at = |share: f64| us[((us.len() - 1) as f64 * share).round() as usize];
    let mean = us.iter().sum::<u64>() as f64 / us.len() as f64;
    Latency { mean, p50: at(0.5), p99: at(0.99) }
}
