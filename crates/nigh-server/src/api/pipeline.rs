//! The pipeline of a catalog: how searches run that bring none.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use nigh_engine::pipeline::Pipeline;
use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::search::within;
use crate::app::Shared;
use crate::caller::By;
use crate::config::Limits;
use crate::error::{ApiResult, ErrorBody};
use crate::extract::{ApiJson, ApiPath};

/// How a search runs, stage by stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct PipelineBody(pub(crate) Pipeline);

impl PartialSchema for PipelineBody {
    fn schema() -> RefOr<Schema> {
        // The file is part of this program, and a test reads it.
        serde_json::from_str(include_str!("pipeline.schema.json")).unwrap_or_default()
    }
}

impl ToSchema for PipelineBody {
    fn name() -> std::borrow::Cow<'static, str> {
        "Pipeline".into()
    }
}

/// Whether a pipeline asks for no more than the server allows.
pub(crate) fn check_limits(pipeline: &Pipeline, limits: &Limits) -> ApiResult<()> {
    let keep = pipeline.neighbors.keep.unwrap_or(1);
    within("pipeline.neighbors.keep", keep, 1, limits.depth)?;
    let Some(rank) = &pipeline.rank else {
        return Ok(());
    };
    within(
        "pipeline.rank.keep",
        rank.keep.unwrap_or(1),
        1,
        limits.depth,
    )?;
    within("pipeline.rank.boosts", rank.boosts.len(), 0, limits.parts)
}

/// The catalog's pipeline; without stages if it has none.
#[utoipa::path(get, path = "/v1/catalogs/{name}/pipeline", operation_id = "get_pipeline", tag = "catalogs",
    params(("name" = String, Path, description = "The catalog")),
    responses((status = 200, description = "The pipeline", body = PipelineBody),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn get(
    State(app): State<Shared>,
    ApiPath(name): ApiPath<String>,
) -> ApiResult<Json<PipelineBody>> {
    let catalog = app.collections.catalog(&name)?;
    let get = move || {
        let open = catalog.live.read()?;
        Ok(PipelineBody(open.pipeline().cloned().unwrap_or_default()))
    };
    app.pool.run(get).await.map(Json)
}

/// Gives the catalog a pipeline; searches that bring none follow it from then on.
#[utoipa::path(put, path = "/v1/catalogs/{name}/pipeline", operation_id = "put_pipeline", tag = "catalogs",
    params(("name" = String, Path, description = "The catalog")), request_body = PipelineBody,
    responses((status = 200, description = "It is on disk", body = PipelineBody),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn put(
    State(app): State<Shared>,
    ApiPath(name): ApiPath<String>,
    by: By,
    ApiJson(PipelineBody(pipeline)): ApiJson<PipelineBody>,
) -> ApiResult<Json<PipelineBody>> {
    let catalog = app.collections.catalog(&name)?;
    check_limits(&pipeline, &app.config.limits)?;
    let put = move || {
        catalog.live.set_pipeline(Some(pipeline.clone()))?;
        tracing::info!(target: "nigh::audit", key = by.key, request = by.request, catalog = catalog.name, "pipeline set");
        Ok(PipelineBody(pipeline))
    };
    app.pool.run(put).await.map(Json)
}

/// Leaves the catalog without a pipeline.
#[utoipa::path(delete, path = "/v1/catalogs/{name}/pipeline", operation_id = "delete_pipeline", tag = "catalogs",
    params(("name" = String, Path, description = "The catalog")),
    responses((status = 204, description = "There is none, on disk too"),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn delete(
    State(app): State<Shared>,
    ApiPath(name): ApiPath<String>,
    by: By,
) -> ApiResult<StatusCode> {
    let catalog = app.collections.catalog(&name)?;
    let delete = move || {
        catalog.live.set_pipeline(None)?;
        tracing::info!(target: "nigh::audit", key = by.key, request = by.request, catalog = catalog.name, "pipeline removed");
        Ok(())
    };
    app.pool.run(delete).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Every field that the engine reads is in the document, and none besides.
    #[test]
    fn the_document_names_the_fields_that_there_are() {
        let schema: Value = serde_json::from_str(include_str!("pipeline.schema.json")).unwrap();
        let full = json!({
            "where": "a = 1",
            "neighbors": {"exact": true, "nprobe": 1, "recall": 0.5, "keep": 1},
            "rank": {
                "keep": 1,
                "boosts": [{"where": "a = 1", "attribute": "a", "pivot": 1.0, "weight": 1.0}],
                "freshness": {"attribute": "a", "half_life_days": 1.0, "weight": 1.0},
                "diversity": {"lambda": 0.5}
            },
            "budget_ms": 1.0
        });
        let read: Pipeline = serde_json::from_value(full.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), full);
        assert_eq!(names(&schema), names_of(&full));
        let RefOr::T(Schema::Object(_)) = PipelineBody::schema() else {
            panic!("the schema is read as an object");
        };
    }

    /// Paths of all properties.
    fn names(schema: &Value) -> Vec<String> {
        let inner = schema.get("items").unwrap_or(schema);
        let properties = inner.get("properties").and_then(Value::as_object);
        let each = properties.into_iter().flatten().flat_map(|(name, of)| {
            let below = names(of)
                .into_iter()
                .map(move |below| format!("{name}.{below}"));
            std::iter::once(name.clone()).chain(below)
        });
        let mut all: Vec<String> = each.collect();
        all.sort();
        all
    }

    fn names_of(value: &Value) -> Vec<String> {
        let inner = value.get(0).unwrap_or(value);
        let each = inner
            .as_object()
            .into_iter()
            .flatten()
            .flat_map(|(name, of)| {
                let below = names_of(of)
                    .into_iter()
                    .map(move |below| format!("{name}.{below}"));
                std::iter::once(name.clone()).chain(below)
            });
        let mut all: Vec<String> = each.collect();
        all.sort();
        all
    }
}
