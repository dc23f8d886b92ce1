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
    recall_at_10: Option<Measured>,
    /// Microseconds from the request to the answer, without the network.
    latency_us: u64,
}

/// A mean, and between which bounds the true one lies with 95 % confidence.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Measured {
    mean: f64,
    low: f64,
    high: f64,
}

/// Where an item was dropped.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct WhyNotOut {
    stage: DroppedAt,
    /// Its score.
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f32>,
    /// `farther`: how many items were looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    depth: Option<usize>,
    /// `farther`: the score of the last of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<f32>,
    /// `group`: the item of its group that is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    shown: Option<String>,
    /// `page`: its place in the order that is shown; `shown`: its place on the page. From 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<usize>,
    /// The same in words.
    sentence: String,
}

/// Where an item was dropped, in the order of the stages.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DroppedAt {
    /// There is no such item, or it has no embeddings.
    #[default]
    Collection,
    /// It is what was searched for.
    Query,
    /// The condition is not true of it.
    Filter,
    /// Its score is below the least that was asked for.
    MinScore,
    /// Others are nearer.
    Farther,
    /// It is near enough, and the part of the index that was read does not hold it.
    Index,
    /// It is near enough, and there was no time to look that far.
    Budget,
    /// A nearer item of its group is shown.
    Group,
    /// It is before or after the page.
    Page,
    /// It is among the hits.
    Shown,
}

impl From<WhyNot> for WhyNotOut {
    fn from(why_not: WhyNot) -> Self {
        let mut out = WhyNotOut {
            sentence: why_not.to_string(),
            ..WhyNotOut::default()
        };
        out.stage = match why_not {
            WhyNot::Collection => DroppedAt::Collection,
            WhyNot::Query => DroppedAt::Query,
            WhyNot::Filter => DroppedAt::Filter,
            WhyNot::MinScore { score } => {
                out.score = Some(score);
                DroppedAt::MinScore
            }
            WhyNot::Farther { score, depth, last } => {
                (out.score, out.depth, out.last) = (Some(score), Some(depth), Some(last));
                DroppedAt::Farther
            }
            WhyNot::Index { score } => {
                out.score = Some(score);
                DroppedAt::Index
            }
            WhyNot::Budget { score } => {
                out.score = Some(score);
                DroppedAt::Budget
            }
            WhyNot::Group { shown } => {
                out.shown = Some(shown);
                DroppedAt::Group
            }
            WhyNot::Page { place } => {
                out.place = Some(place);
                DroppedAt::Page
            }
            WhyNot::Shown { place } => {
                out.place = Some(place);
                DroppedAt::Shown
            }
        };
        out
    }
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
        why_not: why_not.map(WhyNotOut::from),
        latency_us: 0,
        setting: reply.setting.to_string(),
        recall_at_10: reply.recall_at_10.map(|recall| Measured {
            mean: recall.mean,
            low: recall.low,
            high: recall.high,
        }),
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
