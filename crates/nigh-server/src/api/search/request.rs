//! What a search asks for: read, and held against the limits.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nigh_engine::pipeline::{Neighbors, Pipeline, PipelineError, budget};
use nigh_engine::{Method, OrderBy, Refinement};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::pipeline::{PipelineBody, check_limits};
use super::super::vector::Vector;
use crate::config::Limits;
use crate::error::{ApiError, ApiResult};
use crate::extract::{at_most, object, some_object, some_objects};

/// A search. Exactly one of `image`, `image_url`, `vector`, `item_id`, `text` and `query` says what is searched for.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({"item_id": "1163", "k": 10, "explain": true}))]
pub(crate) struct SearchRequest {
    /// A picture's file, in Base64.
    #[schema(content_encoding = "base64")]
    image: Option<String>,
    /// A picture's address, where the server fetches from there.
    image_url: Option<String>,
    /// An embedding of the catalog's encoder.
    vector: Option<Vector>,
    /// An item of the catalog; it is not among the hits.
    item_id: Option<String>,
    /// Words, where the encoder knows them.
    text: Option<String>,
    /// Several of these, weighted.
    #[serde(deserialize_with = "some_objects::<_, _, 64>")]
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
    #[serde(deserialize_with = "some_object")]
    order_by: Option<Order>,
    /// Attributes whose values are counted over the nearest items.
    #[serde(deserialize_with = "at_most::<_, _, 64>")]
    facets: Vec<String>,
    /// An item that is expected: the answer says where it was dropped.
    why_not: Option<String>,
    /// How the nearest are found.
    #[serde(deserialize_with = "object")]
    params: Params,
    /// The stages of this search, in place of the catalog's own pipeline; `{}` is none.
    #[serde(deserialize_with = "some_object")]
    pipeline: Option<PipelineBody>,
    /// Milliseconds for the search, in place of the pipeline's budget.
    #[schema(exclusive_minimum = 0)]
    budget_ms: Option<f64>,
    /// Tells what every stage did.
    explain: bool,
}

/// A part of a query.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Part {
    /// A picture's file, in Base64.
    image: Option<String>,
    /// A picture's address, where the server fetches from there.
    image_url: Option<String>,
    /// An embedding.
    vector: Option<Vector>,
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

/// A request that was looked through.
pub(super) struct Asked {
    pub(super) parts: Vec<(What, f32)>,
    pub(super) k: usize,
    pub(super) min_score: Option<f32>,
    pub(super) condition: Option<String>,
    pub(super) method: Method,
    pub(super) refinement: Refinement,
    pub(super) pipeline: Option<Pipeline>,
    pub(super) budget: Option<Duration>,
    /// Items that any stage may look at.
    pub(super) most_items: usize,
    pub(super) explain: bool,
}

pub(super) enum What {
    Picture(Vec<u8>),
    Url(String),
    Vector(Vec<f32>),
    Item(String),
    Words(String),
}

const DEFAULT_K: usize = 10;

impl Asked {
    pub(super) fn of(request: SearchRequest, limits: &Limits) -> ApiResult<Asked> {
        let SearchRequest {
            image,
            image_url,
            vector,
            item_id,
            text,
            query,
            ..
        } = request;
        let single = Part {
            image,
            image_url,
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
            ranking: None,
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
        let pipeline = request.pipeline.map(|PipelineBody(pipeline)| pipeline);
        if let Some(pipeline) = &pipeline {
            check_limits(pipeline, limits)?;
        }
        Ok(Asked {
            parts,
            pipeline,
            budget: request
                .budget_ms
                .map(budget)
                .transpose()
                .map_err(of_search)?,
            most_items: limits.depth,
            k,
            min_score: request.min_score,
            condition: request.condition,
            method: request.params.method()?,
            refinement,
            explain: request.explain,
        })
    }
}

impl Asked {
    /// Whether a picture is fetched for it.
    pub(super) fn fetches(&self) -> bool {
        let fetched = |(what, _): &(What, f32)| matches!(what, What::Url(_));
        self.parts.iter().any(fetched)
    }
}

impl Part {
    fn count(&self) -> usize {
        [
            self.image.is_some(),
            self.image_url.is_some(),
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
            .or(self.image_url.map(What::Url))
            .or(self.vector.map(|Vector(numbers)| What::Vector(numbers)))
            .or(self.item_id.map(What::Item))
            .or(self.text.map(What::Words));
        // One of the five is there, see above.
        what.map(|what| (what, weight))
            .ok_or_else(|| one_of("image"))
    }
}

impl Params {
    fn method(&self) -> ApiResult<Method> {
        let neighbors = Neighbors {
            exact: self.exact,
            nprobe: self.nprobe,
            recall: self.recall,
            keep: None,
        };
        let method = neighbors.method();
        method.map_err(|error| ApiError::from(error).field("params"))
    }
}

/// An error about what a search says itself, not its pipeline.
fn of_search(error: PipelineError) -> ApiError {
    let field = error.field().to_owned();
    ApiError::from(error).field(field)
}

/// The bytes of a picture that came in Base64.
pub(crate) fn picture(text: &str, limits: &Limits) -> ApiResult<Vec<u8>> {
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
    let message = "expected exactly one of image, image_url, vector, item_id and text, or query with such parts";
    ApiError::bad("bad_query", message).field(field)
}

pub(crate) fn within(field: &str, value: usize, least: usize, most: usize) -> ApiResult<()> {
    match (least..=most).contains(&value) {
        true => Ok(()),
        false => {
            let message = format!("{field} lies between {least} and {most}, received {value}");
            Err(ApiError::bad("out_of_range", message).field(field))
        }
    }
}
