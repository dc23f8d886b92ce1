//! What a search answers.

use std::collections::BTreeMap;

use axum::body::Bytes;
use nigh_engine::pipeline::Ranked;
use nigh_engine::{FacetValue, Hit, Refined, Stage, Trace, WhyNot};
use serde::Serialize;
use serde_json::Value as Json;
use utoipa::ToSchema;

use crate::error::{ApiError, ApiResult};
use crate::values::AttributesOut;

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
    /// Items of which the condition is true.
    total: usize,
    /// The least share that a stage took of the candidates it would have taken without a budget: 1 where there was time for all.
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
    #[schema(value_type = serde_json::Map<String, serde_json::Value>)]
    attributes: AttributesOut,
    /// What the rank formula made of it, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    rank: Option<RankOut>,
}

/// What a rank formula made of a hit.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RankOut {
    /// The sum of the parts, by which hits are ordered.
    score: f32,
    parts: Vec<RankPartOut>,
}

/// A part of the sum.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RankPartOut {
    /// `similarity`, a boost's condition or attribute, or `freshness`.
    part: String,
    value: f32,
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
    /// Where the budget cut the stage: how many candidates it would have taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    wanted: Option<u64>,
}

/// The answer up to its latency, which is each reply's own.
pub(super) fn answer(refined: Refined, trace: &Trace, explain: bool) -> ApiResult<Bytes> {
    let Refined {
        reply,
        facets,
        why_not,
    } = refined;
    let stages = trace.stages.iter().map(stage);
    let response = SearchResponse {
        hits: reply.hits.into_iter().map(hit).collect(),
        facets: facets_out(facets),
        trace: if explain {
            stages.collect()
        } else {
            Vec::new()
        },
        total: reply.total,
        coverage: reply.coverage,
        why_not: why_not.map(|why_not| WhyNotOut {
            sentence: why_not.to_string(),
            why_not,
        }),
        latency_us: 0,
        setting: reply.setting.to_string(),
        recall_at_10: serde_json::to_value(reply.recall_at_10).map_err(ApiError::internal)?,
    };
    let mut bytes = serde_json::to_vec(&response).map_err(ApiError::internal)?;
    // The latency is the last field.
    bytes.truncate(bytes.len() - "0}".len());
    // It may be kept: without the room that it was given to grow.
    Ok(Bytes::from(bytes.into_boxed_slice()))
}

fn hit(hit: Hit) -> SearchHit {
    SearchHit {
        attributes: AttributesOut(hit.attributes),
        id: hit.id,
        score: hit.score,
        image: hit.image,
        rank: hit.ranked.map(|Ranked { score, parts }| RankOut {
            score,
            parts: parts
                .into_iter()
                .map(|part| RankPartOut {
                    part: part.part.to_string(),
                    value: part.value,
                })
                .collect(),
        }),
    }
}

fn stage(stage: &Stage) -> TraceStage {
    TraceStage {
        stage: stage.stage,
        input: stage.input,
        output: stage.output,
        us: stage.us,
        wanted: stage.wanted,
    }
}

/// Counted values as they are sent.
pub(crate) fn facets_out(
    facets: BTreeMap<String, Vec<FacetValue>>,
) -> BTreeMap<String, Vec<Facet>> {
    let facet = |value: FacetValue| Facet {
        value: (&value.value).into(),
        count: value.count,
    };
    let values =
        |(name, values): (String, Vec<FacetValue>)| (name, values.into_iter().map(facet).collect());
    facets.into_iter().map(values).collect()
}
