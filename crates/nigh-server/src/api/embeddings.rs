//! Embeddings as such, in OpenAI's shape.

use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::search::{embed_picture, embed_words, picture, within};
use crate::app::Shared;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::extract::ApiJson;

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
    Several(Vec<Input>),
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
    /// Numbers, or Base64.
    #[schema(value_type = Object)]
    embedding: Value,
}

/// Embeddings of pictures and words by a catalog's encoder, as OpenAI's `/v1/embeddings` answers.
#[utoipa::path(post, path = "/v1/embeddings", tag = "embeddings", request_body = EmbeddingsRequest,
    responses((status = 200, body = EmbeddingsResponse),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn create(
    State(app): State<Shared>,
    ApiJson(request): ApiJson<EmbeddingsRequest>,
) -> ApiResult<Json<EmbeddingsResponse>> {
    let catalog = app.collections.catalog(&request.model);
    let catalog = catalog.map_err(|error| error.field("model"))?;
    let inputs = match request.input {
        Inputs::One(input) => vec![input],
        Inputs::Several(inputs) => inputs,
    };
    within("input", inputs.len(), 1, app.config.limits.items)?;
    let mut data = Vec::with_capacity(inputs.len());
    for (index, input) in inputs.into_iter().enumerate() {
        let mut trace = nigh_engine::Trace::default();
        let row = match input {
            Input::Words(words) => embed_words(&app, &catalog, words, &mut trace).await,
            Input::Picture { image } => {
                let bytes = picture(&image, &app.config.limits)?;
                embed_picture(&app, &catalog, bytes, &mut trace).await
            }
        };
        let row = row.map_err(|error: ApiError| error.field(format!("input[{index}]")))?;
        data.push(Embedding {
            object: "embedding",
            index,
            embedding: shown(&row, request.encoding_format),
        });
    }
    Ok(Json(EmbeddingsResponse {
        object: "list",
        data,
        model: request.model,
        usage: json!({"prompt_tokens": 0, "total_tokens": 0}),
    }))
}

fn shown(row: &[f32], format: EncodingFormat) -> Value {
    match format {
        EncodingFormat::Float => json!(row),
        EncodingFormat::Base64 => {
            let bytes: Vec<u8> = row.iter().flat_map(|number| number.to_le_bytes()).collect();
            json!(STANDARD.encode(bytes))
        }
    }
}
