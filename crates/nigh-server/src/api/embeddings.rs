//! Embeddings as such, in OpenAI's shape.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use utoipa::ToSchema;

use super::search::{embed_picture, embed_words, picture, within};
use super::vector::Vector;
use crate::app::Shared;
use crate::caller::Caller;
use crate::collections::ServedCatalog;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::extract::{ApiJson, aside, at_most};

/// What is to be embedded.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct EmbeddingsRequest {
    /// A catalog's name: its encoder is meant.
    model: String,
    /// One or several.
    input: Inputs,
    /// `float` (numbers) or `base64` (little-endian f32).
    #[serde(default)]
    encoding_format: EncodingFormat,
}

/// One or several inputs.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Inputs {
    One(Input),
    Several(#[serde(deserialize_with = "at_most::<_, _, 10_000>")] Vec<Input>),
}

/// Words, or a picture.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Input {
    /// Words.
    Words(String),
    /// A picture's file, in Base64.
    Picture {
        /// The file.
        image: String,
    },
    /// A picture's address, where the server fetches from there.
    Url {
        /// The address.
        image_url: String,
    },
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EncodingFormat {
    #[default]
    Float,
    Base64,
}

/// Embeddings, in the order of the inputs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EmbeddingsResponse {
    /// `list`.
    object: &'static str,
    data: Vec<Embedding>,
    model: String,
    #[schema(value_type = Object)]
    usage: Value,
}

/// One embedding, of length 1.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Embedding {
    /// `embedding`.
    object: &'static str,
    index: usize,
    /// Numbers, or Base64 where that was asked for.
    #[schema(value_type = Vector)]
    embedding: Shown,
}

/// An embedding as it was asked for.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Shown {
    Float(Vec<f32>),
    Base64(String),
}

/// Inputs that are decoded and encoded together, so that memory stays bounded.
const TOGETHER: usize = 64;

/// Embeddings of pictures and words by a catalog's encoder, as OpenAI's `/v1/embeddings` answers.
#[utoipa::path(post, path = "/v1/embeddings", operation_id = "create_embeddings", tag = "embeddings", request_body = EmbeddingsRequest,
    responses((status = 200, description = "In the order of the inputs", body = EmbeddingsResponse),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn create(
    State(app): State<Shared>,
    caller: Caller,
    ApiJson(request): ApiJson<EmbeddingsRequest>,
) -> ApiResult<Json<EmbeddingsResponse>> {
    let allowed = caller.require(&request.model);
    let catalog = allowed.and_then(|()| app.collections.catalog(&request.model));
    let catalog = catalog.map_err(|error| error.field("model"))?;
    let inputs = match request.input {
        Inputs::One(input) => vec![input],
        Inputs::Several(inputs) => inputs,
    };
    within("input", inputs.len(), 1, app.config.limits.items)?;
    let mut data = Vec::with_capacity(inputs.len());
    let mut inputs = inputs.into_iter().enumerate().peekable();
    while inputs.peek().is_some() {
        // At one time, so that the encoder sees batches.
        let mut embedding = JoinSet::new();
        for (index, input) in inputs.by_ref().take(TOGETHER) {
            let (app, catalog) = (app.clone(), Arc::clone(&catalog));
            embedding.spawn(async move { (index, embed(&app, &catalog, input).await) });
        }
        while let Some(joined) = embedding.join_next().await {
            let lost = |_| ApiError::internal("an input met a defect in nigh");
            let (index, row) = joined.map_err(lost)?;
            let row = row.map_err(|error| error.field(format!("input[{index}]")))?;
            data.push(Embedding {
                object: "embedding",
                index,
                embedding: shown(row, request.encoding_format),
            });
        }
    }
    data.sort_by_key(|embedding| embedding.index);
    Ok(Json(EmbeddingsResponse {
        object: "list",
        data,
        model: request.model,
        usage: json!({"prompt_tokens": 0, "total_tokens": 0}),
    }))
}

async fn embed(app: &Shared, catalog: &Arc<ServedCatalog>, input: Input) -> ApiResult<Vec<f32>> {
    let mut trace = nigh_engine::Trace::default();
    match input {
        Input::Words(words) => embed_words(app, catalog, words, &mut trace).await,
        Input::Picture { image } => {
            let bytes = aside(image.len(), || picture(&image, &app.config.limits))?;
            embed_picture(app, catalog, bytes, &mut trace).await
        }
        Input::Url { image_url } => {
            let _room = app.fetch_room().await?;
            let bytes = app.fetch(image_url).await?;
            embed_picture(app, catalog, bytes, &mut trace).await
        }
    }
}

fn shown(row: Vec<f32>, format: EncodingFormat) -> Shown {
    match format {
        EncodingFormat::Float => Shown::Float(row),
        EncodingFormat::Base64 => {
            let bytes: Vec<u8> = row.iter().flat_map(|number| number.to_le_bytes()).collect();
            Shown::Base64(STANDARD.encode(bytes))
        }
    }
}
