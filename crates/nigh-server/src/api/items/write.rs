//! Writing items, one or many.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use nigh_engine::{NewItem, Outcome, Write};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio::time::timeout;
use utoipa::ToSchema;

use super::super::search::within;
use super::lines::Lines;
use super::new::{ItemBody, ItemForm, NamedItem, few_pictures, form, new_item};
use crate::app::Shared;
use crate::caller::By;
use crate::collections::ServedCatalog;
use crate::error::{ApiError, ApiErrorBody, ApiResult, ErrorBody};
use crate::extract::{ApiPath, aside, body, content_type, objects, parse, shortened};
use crate::incoming::is_ndjson;

/// Many items; as `application/x-ndjson`, a [`NamedItem`] a line.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ItemsBody {
    #[serde(deserialize_with = "objects::<_, _, 100_000>")]
    items: Vec<NamedItem>,
}

/// What a change did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Written {
    id: String,
    /// `created`, `updated` or `deleted`.
    result: &'static str,
    /// Always true: the change is on disk.
    durable: bool,
}

/// What many changes did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ManyWritten {
    created: usize,
    updated: usize,
    /// Items that were not taken; the others were.
    rejected: Vec<Rejected>,
    /// Always true: what was taken is on disk.
    durable: bool,
}

/// An item that was not taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Rejected {
    /// Its place in the request, counted from 0.
    index: usize,
    /// Its id, where one was read.
    id: Option<String>,
    error: ApiErrorBody,
}

/// Writes an item, new or in place of the one of its id.
#[utoipa::path(put, path = "/v1/catalogs/{name}/items/{id}", operation_id = "put_item", tag = "catalogs",
    params(("name" = String, Path, description = "The catalog"), ("id" = String, Path, description = "The item")),
    request_body(content(
        (ItemBody = "application/json"),
        (ItemForm = "multipart/form-data"))),
    responses((status = 200, description = "It is on disk", body = Written), (status = 201, description = "It is on disk", body = Written),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn put(
    State(app): State<Shared>,
    ApiPath((name, id)): ApiPath<(String, String)>,
    by: By,
    request: Request,
) -> ApiResult<Response> {
    let catalog = app.collections.catalog(&name)?;
    let (new, _fetched) = match content_type(&request) {
        kind if kind.starts_with("application/json") => {
            let body = body(request, &()).await?;
            let body: ItemBody = aside(body.len(), || parse(&body))?;
            new_item(&app, &catalog, id.clone(), body).await?
        }
        kind if kind.starts_with("multipart/form-data") => {
            (form(&catalog, id.clone(), request).await?, None)
        }
        kind => {
            let message = format!(
                "expected content-type application/json or multipart/form-data, received {kind:?}"
            );
            return Err(ApiError::media_type(message));
        }
    };
    let write = prepare(&app, &catalog, new).await?;
    let outcome = catalog.write(write, by).await?;
    let status = match outcome {
        Outcome::Created => StatusCode::CREATED,
        _ => StatusCode::OK,
    };
    Ok((status, Json(written(id, outcome))).into_response())
}

/// Deletes an item.
#[utoipa::path(delete, path = "/v1/catalogs/{name}/items/{id}", operation_id = "delete_item", tag = "catalogs",
    params(("name" = String, Path, description = "The catalog"), ("id" = String, Path, description = "The item")),
    responses((status = 200, description = "It is on disk", body = Written),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn delete(
    State(app): State<Shared>,
    ApiPath((name, id)): ApiPath<(String, String)>,
    by: By,
) -> ApiResult<Json<Written>> {
    let catalog = app.collections.catalog(&name)?;
    let outcome = catalog.write(Write::Delete(id.clone()), by).await?;
    if outcome == Outcome::Missing {
        let message = format!("no item has the id {id:?}");
        return Err(ApiError::not_found("unknown_item", message));
    }
    Ok(Json(written(id, outcome)))
}

/// Writes many items: those that can be taken are, the others are told.
#[utoipa::path(post, path = "/v1/catalogs/{name}/items", operation_id = "put_items", tag = "catalogs",
    params(("name" = String, Path, description = "The catalog")),
    request_body(content((ItemsBody = "application/json"), (NamedItem = "application/x-ndjson"))),
    responses((status = 200, description = "What became of each", body = ManyWritten),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn put_many(
    State(app): State<Shared>,
    ApiPath(name): ApiPath<String>,
    by: By,
    request: Request,
) -> ApiResult<Json<ManyWritten>> {
    let catalog = app.collections.catalog(&name)?;
    let mut all = ManyWritten {
        created: 0,
        updated: 0,
        rejected: Vec::new(),
        durable: true,
    };
    match content_type(&request) {
        kind if kind.starts_with("application/json") => {
            let body = body(request, &()).await?;
            let body: ItemsBody = aside(body.len(), || parse(&body))?;
            within("items", body.items.len(), 0, app.config.limits.items)?;
            let items = body.items.into_iter().map(Ok).collect();
            write_many(&app, &catalog, items, &by, &mut all).await?;
        }
        kind if is_ndjson(&kind) => {
            let mut lines = Lines::of(request.into_body(), &app.config.limits);
            stream(&app, &catalog, &mut lines, &by, &mut all)
                .await
                .map_err(|error| error.after(all.created + all.updated))?;
        }
        kind => {
            let message = format!(
                "expected content-type application/json or application/x-ndjson, received {kind:?}"
            );
            return Err(ApiError::media_type(message));
        }
    }
    all.rejected.sort_by_key(|rejected| rejected.index);
    Ok(Json(all))
}

/// Writes items as their lines come; one that is not an item is told by itself.
async fn stream(
    app: &Shared,
    catalog: &Arc<ServedCatalog>,
    lines: &mut Lines,
    by: &By,
    all: &mut ManyWritten,
) -> ApiResult<()> {
    let patience = Duration::from_secs(app.config.limits.request_seconds);
    loop {
        let some = lines.next(TOGETHER).await?;
        if some.is_empty() {
            return Ok(());
        }
        let item = |line: &Vec<u8>| parse(line).map_err(ApiError::in_its_line);
        let bytes = some.iter().map(Vec::len).sum();
        let items = aside(bytes, || some.iter().map(item).collect());
        // The whole has all the time it needs, each part that of a request.
        let part = write_many(app, catalog, items, by, all);
        timeout(patience, part)
            .await
            .map_err(|_| ApiError::timeout())??;
        let most = app.config.limits.items;
        if all.rejected.len() > most {
            let message = format!("more than {most} lines were rejected (limits.items)");
            return Err(ApiError::unprocessable("too_many_rejected", message));
        }
    }
}

/// Items whose pictures are decoded and encoded together, so that memory stays bounded.
const TOGETHER: usize = 64;

async fn write_many(
    app: &Shared,
    catalog: &Arc<ServedCatalog>,
    items: Vec<ApiResult<NamedItem>>,
    by: &By,
    all: &mut ManyWritten,
) -> ApiResult<()> {
    let before = all.created + all.updated + all.rejected.len();
    let items = items.into_iter().enumerate();
    let mut items = items.map(|(place, item)| (before + place, item)).peekable();
    while items.peek().is_some() {
        // At one time, so that the encoder sees batches; an item that comes again waits for what is written of it before.
        let (mut preparing, mut ids) = (JoinSet::new(), HashSet::new());
        let new = |ids: &mut HashSet<String>, item: &ApiResult<NamedItem>| {
            item.as_ref()
                .map_or(true, |item| ids.insert(item.id.clone()))
        };
        while preparing.len() < TOGETHER
            && let Some((index, item)) = items.next_if(|(_, item)| new(&mut ids, item))
        {
            let id = item.as_ref().ok().map(|item| item.id.clone());
            let (app, catalog) = (app.clone(), Arc::clone(catalog));
            preparing.spawn(async move { (index, id, prepare_named(&app, &catalog, item).await) });
        }
        let mut prepared = Vec::new();
        while let Some(joined) = preparing.join_next().await {
            prepared.push(joined.map_err(|_| ApiError::internal("an item met a defect in nigh"))?);
        }
        prepared.sort_by_key(|(index, ..)| *index);
        let (mut writes, mut places) = (Vec::new(), Vec::new());
        for (index, id, write) in prepared {
            match write {
                Ok(write) => {
                    writes.push(write);
                    places.push((index, id));
                }
                Err(error) => all.reject(index, id, &error),
            }
        }
        let (served, by) = (Arc::clone(catalog), by.clone());
        let write = move || Ok(served.write_all(writes, &by));
        let outcomes = app.pool.run(write).await?;
        for ((index, id), outcome) in places.into_iter().zip(outcomes) {
            match outcome {
                Ok(Outcome::Created) => all.created += 1,
                Ok(_) => all.updated += 1,
                Err(error) => all.reject(index, id, &error),
            }
        }
    }
    Ok(())
}

impl ManyWritten {
    fn reject(&mut self, index: usize, id: Option<String>, error: &ApiError) {
        let error = error.body().error;
        let id = id.as_deref().map(shortened);
        self.rejected.push(Rejected { index, id, error });
    }
}

async fn prepare_named(
    app: &Shared,
    catalog: &Arc<ServedCatalog>,
    item: ApiResult<NamedItem>,
) -> ApiResult<Write> {
    let NamedItem {
        id,
        attributes,
        images,
    } = item?;
    let body = ItemBody { attributes, images };
    let (new, _fetched) = new_item(app, catalog, id, body).await?;
    prepare(app, catalog, new).await
}

/// Decodes and encodes what is new about an item, one picture after the other.
async fn prepare(app: &Shared, catalog: &Arc<ServedCatalog>, new: NewItem) -> ApiResult<Write> {
    few_pictures(app, new.pictures.len())?;
    let served = Arc::clone(catalog);
    let prepare = move || Ok(served.live.prepare(new)?);
    let prepared = Arc::new(app.pool.run(prepare).await?);
    let mut rows = Vec::new();
    if prepared.wanted() > 0 {
        let (served, shared) = (Arc::clone(catalog), app.clone());
        let open = move || served.encoder(&shared.encoders);
        let encoder = app.pool.run(open).await?;
        for place in 0..prepared.wanted() {
            let (limits, own) = (app.decode_limits(), Arc::clone(&prepared));
            let pixels = move || Ok(own.pixels(place, &limits)?);
            let room = app.room(app.pool.run(pixels).await?).await?;
            let (limits, own) = (app.decode_limits(), Arc::clone(&prepared));
            let decode = move || Ok((own.decode(place, &limits)?, room));
            let (picture, room) = app.pool.run(decode).await?;
            rows.extend(encoder.picture(picture, room).await?);
        }
    }
    let served = Arc::clone(catalog);
    let finish = move || {
        // Each picture's share ended with it.
        let prepared = Arc::into_inner(prepared)
            .ok_or_else(|| ApiError::internal("an item is prepared still"))?;
        Ok(prepared.finish(&*served.live.read()?, rows))
    };
    app.pool.run(finish).await
}

fn written(id: String, outcome: Outcome) -> Written {
    Written {
        id,
        result: word(outcome),
        durable: true,
    }
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Created => "created",
        Outcome::Updated => "updated",
        Outcome::Deleted => "deleted",
        Outcome::Missing => "missing",
    }
}
