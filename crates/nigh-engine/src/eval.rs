//! How good and how fast a catalog's search is, on queries with known labels.

use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;
use std::time::Instant;

use nigh_encode::{DecodeLimits, Encoder};
use nigh_store::{AttributeType, Value};
use rayon::prelude::*;
use serde::Serialize;
use thiserror::Error;

use crate::catalog::{Catalog, Hit, Method, SearchError, SearchOptions};
use crate::load::read_image_file;
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
    let mut ids: Vec<(u64, String)> = catalog
        .ids()
        .map(|id| (hash(seed, id), id.to_owned()))
        .collect();
    ids.sort_unstable();
    ids.truncate((ids.len() as f64 * share).round() as usize);
    if ids.is_empty() {
        return Err(EvalError::NoQueries(
            "the share of the catalog rounds to no item",
        ));
    }
    let query = |(_, id): (u64, String)| -> Result<EvalQuery, EvalError> {
        let embeddings = catalog.embeddings(&id)?;
        let attributes = catalog.attributes(&id)?;
        Ok(EvalQuery {
            id,
            embeddings,
            attributes,
        })
    };
    ids.into_iter().map(query).collect()
}

fn hash(seed: u64, id: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(id.as_bytes(), seed)
}

/// The items of a source as queries, and a sentence for each image that cannot
/// be one. Encodes on all threads of the current pool.
pub fn from_source(
    plan: &Plan,
    encoder: &Encoder,
    limits: &DecodeLimits,
) -> (Vec<EvalQuery>, Vec<String>) {
    let (mut queries, mut rejected) = (Vec::new(), Vec::new());
    let mut block = Vec::new();
    let mut encode_block = |block: &mut Vec<RawItem>, rejected: &mut Vec<String>| {
        let encoded: Vec<_> = std::mem::take(block)
            .into_par_iter()
            .map(|item| encode(item, encoder, limits))
            .collect();
        for (query, faults) in encoded {
            queries.extend(query);
            rejected.extend(faults);
        }
    };
    plan.read(|row| {
        match row {
            Row::Rejected(reject) => rejected.push(format!("{}: {}", reject.origin, reject.reason)),
            Row::Item(item) => block.push(item),
        }
        if block.len() == BLOCK {
            encode_block(&mut block, &mut rejected);
        }
        ControlFlow::Continue(())
    });
    encode_block(&mut block, &mut rejected);
    (queries, rejected)
}

/// Queries that are in memory together with their images, or with their nearest.
const BLOCK: usize = 256;

/// The item with its usable images, if there is one, and what is wrong with the others.
fn encode(
    item: RawItem,
    encoder: &Encoder,
    limits: &DecodeLimits,
) -> (Option<EvalQuery>, Vec<String>) {
    let (mut embeddings, mut faults) = (Vec::new(), Vec::new());
    for image in item.images {
        match encode_image(image.content, encoder, limits) {
            Ok(embedding) => embeddings.extend(embedding),
            Err(reason) => faults.push(format!("{}: {reason}", image.source)),
        }
    }
    let query = EvalQuery {
        id: item.id,
        embeddings,
        attributes: item.attributes,
    };
    ((!query.embeddings.is_empty()).then_some(query), faults)
}

fn encode_image(
    content: ImageContent,
    encoder: &Encoder,
    limits: &DecodeLimits,
) -> Result<Vec<f32>, String> {
    let bytes = match content {
        ImageContent::Bytes(bytes) => bytes,
        ImageContent::Path(path) => read_image_file(&path, limits)?,
    };
    let picture = nigh_encode::decode(&bytes, limits).map_err(|error| error.to_string())?;
    encoder
        .encode(&[picture])
        .map_err(|error| error.to_string())
}

/// Asks every query and counts.
pub fn evaluate(
    catalog: &Catalog,
    queries: &[EvalQuery],
    options: &EvalOptions,
) -> Result<EvalReport, EvalError> {
    let mut labels = labels(catalog, &options.relevant)?;
    if queries.is_empty() {
        return Err(EvalError::NoQueries("the source holds no usable image"));
    }
    let (mut latencies, mut recall) = (Vec::with_capacity(queries.len()), Mean::default());
    for block in queries.chunks(BLOCK) {
        let truth = catalog.nearest_exact(block, options.k)?;
        for (query, truth) in block.iter().zip(&truth) {
            let started = Instant::now();
            let reply = catalog.search(&query.embeddings, &search_options(query, options))?;
            latencies.push(microseconds(started));
            labels
                .iter_mut()
                .for_each(|label| label.count(query, &reply.hits));
            recall.extend(recall_of(&reply.hits, truth));
        }
    }
    let precision = |label: &Label| (label.name.clone(), label.precision.value());
    let labelled = |label: &Label| (label.name.clone(), label.queries);
    Ok(EvalReport {
        k: options.k,
        queries: queries.len(),
        precision_at_k: labels.iter().map(precision).collect(),
        labelled_queries: labels.iter().map(labelled).collect(),
        recall_at_k: recall.value().unwrap_or(1.0),
        latency_us: latency(latencies),
        rejected: Vec::new(),
    })
}

fn search_options(query: &EvalQuery, options: &EvalOptions) -> SearchOptions {
    SearchOptions {
        k: options.k,
        method: options.method,
        threads: options.threads,
        exclude: Some(query.id.clone()),
        ..SearchOptions::default()
    }
}

/// One relevant attribute and what was counted of it.
struct Label {
    name: String,
    /// The catalog's type: a query's value may come in a narrower one.
    kind: AttributeType,
    queries: usize,
    precision: Mean,
}

impl Label {
    /// The share of the hits that have the query's value; a query without a
    /// value, or without hits, does not count.
    fn count(&mut self, query: &EvalQuery, hits: &[Hit]) {
        let Some(wanted) = self.value(&query.attributes) else {
            return;
        };
        self.queries += 1;
        let same = hits
            .iter()
            .filter(|hit| self.value(&hit.attributes).as_ref() == Some(&wanted))
            .count();
        self.precision
            .extend((!hits.is_empty()).then(|| same as f64 / hits.len() as f64));
    }

    fn value(&self, attributes: &BTreeMap<String, Value>) -> Option<Value> {
        attributes.get(&self.name)?.cast(self.kind)
    }
}

fn labels(catalog: &Catalog, names: &[String]) -> Result<Vec<Label>, EvalError> {
    let schema = catalog.schema();
    let label = |name: &String| {
        let column = schema.column(name).ok_or_else(|| {
            let known: Vec<&str> = schema
                .columns
                .iter()
                .map(|column| column.name.as_str())
                .collect();
            EvalError::UnknownAttribute {
                name: name.clone(),
                known: known.join(", "),
            }
        })?;
        Ok(Label {
            name: name.clone(),
            kind: column.kind,
            queries: 0,
            precision: Mean::default(),
        })
    };
    names.iter().map(label).collect()
}

/// The share of the true nearest that were found; none where there is nothing to find.
fn recall_of(hits: &[Hit], truth: &[String]) -> Option<f64> {
    let found: HashSet<&str> = hits.iter().map(|hit| hit.id.as_str()).collect();
    let right = truth
        .iter()
        .filter(|id| found.contains(id.as_str()))
        .count();
    (!truth.is_empty()).then(|| right as f64 / truth.len() as f64)
}

/// A mean that grows.
#[derive(Default)]
struct Mean {
    sum: f64,
    count: usize,
}

impl Mean {
    fn extend(&mut self, value: Option<f64>) {
        self.sum += value.unwrap_or(0.0);
        self.count += usize::from(value.is_some());
    }

    fn value(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}

fn latency(mut us: Vec<u64>) -> Latency {
    us.sort_unstable();
    let at = |share: f64| us[((us.len() - 1) as f64 * share).round() as usize];
    let mean = us.iter().sum::<u64>() as f64 / us.len() as f64;
    Latency {
        mean,
        p50: at(0.5),
        p99: at(0.99),
    }
}
