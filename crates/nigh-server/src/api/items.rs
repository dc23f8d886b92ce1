//! The items of a catalog.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use nigh_engine::{NewItem, NewPicture, Outcome, Write};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;
use utoipa::{IntoParams, ToSchema};

use super::search::{Facet, facets_out, picture, within};
use crate::app::Shared;
use crate::collections::ServedCatalog;
use crate::error::{ApiError, ApiErrorBody, ApiResult, ErrorBody};
use crate::extract::{ApiPath, ApiQuery, aside, body, content_type, objects, parse};
use crate::values::{attributes, attributes_to_json};

/// An item, new or in place of the one of its id.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ItemBody {
    /// Strings, numbers, true or false; null is as good as nothing. All attributes of before are replaced.
    attributes: Map<String, Value>,
    /// Its pictures; without any those of before stay.
    #[serde(deserialize_with = "objects::<_, _, 1_000>")]
    images: Vec<ImageBody>,
}

/// A picture of an item: its file or its address.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ImageBody {
    /// What sets it apart from the item's other pictures; its place where absent.
    name: Option<String>,
    /// The picture's file, in Base64.
    #[schema(content_encoding = "base64")]
    data: Option<String>,
    /// Or its address, where the server fetches from there; what is fetched is kept.
    url: Option<String>,
}

/// An item of many.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NamedItem {
    id: String,
    #[serde(default)]
    attributes: Map<String, Value>,
    #[serde(default, deserialize_with = "objects::<_, _, 1_000>")]
    images: Vec<ImageBody>,
}

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

/// An item as it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ItemOut {
    id: String,
    attributes: Map<String, Value>,
    /// The names of its pictures.
    images: Vec<String>,
}

/// Some items.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ItemsOut {
    items: Vec<ItemOut>,
    /// How many pass.
    total: usize,
    /// For each attribute asked for, the values of all that pass: the most frequent first.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    facets: BTreeMap<String, Vec<Facet>>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    /// Items before the page.
    #[serde(default)]
    offset: usize,
    /// Items of the page.
    #[param(default = 20, minimum = 1)]
    limit: Option<usize>,
    /// Only items of which this is true.
    #[serde(rename = "where")]
    condition: Option<String>,
    /// Attributes whose values are counted over all that pass: `gender,price`.
    facets: Option<String>,
}

const DEFAULT_PAGE: usize = 20;

/// Items, in the order in which they were first imported.
#[utoipa::path(get, path = "/v1/catalogs/{name}/items", operation_id = "list_items", tag = "catalogs",
    params(("name" = String, Path, description = "The catalog"), Page),
    responses((status = 200, description = "Some items", body = ItemsOut),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<Shared>,
    ApiPath(name): ApiPath<String>,
    ApiQuery(page): ApiQuery<Page>,
) -> ApiResult<Json<ItemsOut>> {
    let catalog = app.collections.catalog(&name)?;
    let limit = page.limit.unwrap_or(DEFAULT_PAGE);
    within("limit", limit, 1, app.config.limits.k)?;
    let facets = page.facets.as_deref().unwrap_or_default().split(',');
    let facets: Vec<String> = facets
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    within("facets", facets.len(), 0, app.config.limits.parts)?;
    let list = move || {
        let open = catalog.live.read()?;
        let filter = page
            .condition
            .as_deref()
            .map(|text| open.filter(text))
            .transpose()?;
        let (items, total) = open.list(filter.as_ref(), page.offset, limit)?;
        Ok(ItemsOut {
            items: items.into_iter().map(item_out).collect(),
            total,
            facets: facets_out(open.facets(filter.as_ref(), &facets)?),
        })
    };
    app.pool.run(list).await.map(Json)
}

/// One item.
#[utoipa::path(get, path = "/v1/catalogs/{name}/items/{id}", operation_id = "get_item", tag = "catalogs",
    params(("name" = String, Path, description = "The catalog"), ("id" = String, Path, description = "The item")),
    responses((status = 200, description = "The item", body = ItemOut),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn get(
    State(app): State<Shared>,
    ApiPath((name, id)): ApiPath<(String, String)>,
) -> ApiResult<Json<ItemOut>> {
    let catalog = app.collections.catalog(&name)?;
    let get = move || Ok(item_out(catalog.live.read()?.get(&id)?));
    app.pool.run(get).await.map(Json)
}

fn item_out(item: nigh_engine::ItemSummary) -> ItemOut {
    ItemOut {
        attributes: attributes_to_json(&item.attributes),
        id: item.id,
        images: item.images.into_iter().map(|(name, _)| name).collect(),
    }
}

/// A picture of an item, as its file came.
#[utoipa::path(get, path = "/v1/catalogs/{name}/items/{id}/images/{image}", operation_id = "get_item_image", tag = "catalogs",
    params(("name" = String, Path, description = "The catalog"), ("id" = String, Path, description = "The item"),
        ("image" = String, Path, description = "The picture's name")),
    responses((status = 200, description = "The picture's file", body = Vec<u8>, content_type = "image/*"),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn image(
    State(app): State<Shared>,
    ApiPath((name, id, image)): ApiPath<(String, String, String)>,
) -> ApiResult<Response> {
    let catalog = app.collections.catalog(&name)?;
    let find = move || {
        let bytes = catalog.live.read()?.image_bytes(&id, &image);
        bytes.ok_or_else(|| {
            let message = format!(
                "item {id:?} has no picture {image:?}, or it is not where it was imported from any more"
            );
            ApiError::not_found("unknown_image", message)
        })
    };
    let bytes = app.pool.run(find).await?;
    // Only what is known to be a picture is said to be one: a browser runs scripts of other files.
    let kind = match nigh_encode::Format::of(&bytes) {
        Some(format) => format.media_type(),
        None => "application/octet-stream",
    };
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "private, max-age=60"),
    ];
    Ok((headers, bytes).into_response())
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
    let outcome = catalog.write(write).await?;
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
) -> ApiResult<Json<Written>> {
    let catalog = app.collections.catalog(&name)?;
    let outcome = catalog.write(Write::Delete(id.clone())).await?;
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
    request: Request,
) -> ApiResult<Json<ManyWritten>> {
    let catalog = app.collections.catalog(&name)?;
    let kind = content_type(&request);
    let body = body(request, &()).await?;
    let items = match &kind {
        kind if kind.starts_with("application/json") => parse::<ItemsBody>(&body)?
            .items
            .into_iter()
            .map(Ok)
            .collect(),
        kind if kind.starts_with("application/x-ndjson") => {
            lines(&body, app.config.limits.items + 1)
        }
        kind => {
            let message = format!(
                "expected content-type application/json or application/x-ndjson, received {kind:?}"
            );
            return Err(ApiError::media_type(message));
        }
    };
    within("items", items.len(), 0, app.config.limits.items)?;
    let written = write_many(&app, &catalog, items).await?;
    Ok(Json(written))
}

/// A line of NDJSON each; one that is not an item is told by itself.
fn lines(body: &Bytes, most: usize) -> Vec<ApiResult<NamedItem>> {
    let lines = body.split(|byte| *byte == b'\n');
    lines
        .filter(|line| !line.trim_ascii().is_empty())
        .take(most)
        .map(parse)
        .collect()
}

/// Items whose pictures are decoded and encoded together, so that memory stays bounded.
const TOGETHER: usize = 64;

async fn write_many(
    app: &Shared,
    catalog: &Arc<ServedCatalog>,
    items: Vec<ApiResult<NamedItem>>,
) -> ApiResult<ManyWritten> {
    let mut all = ManyWritten {
        created: 0,
        updated: 0,
        rejected: Vec::new(),
        durable: true,
    };
    let mut items = items.into_iter().enumerate().peekable();
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
        let served = Arc::clone(catalog);
        let outcomes = app.pool.run(move || Ok(served.write_all(writes))).await?;
        for ((index, id), outcome) in places.into_iter().zip(outcomes) {
            match outcome {
                Ok(Outcome::Created) => all.created += 1,
                Ok(_) => all.updated += 1,
                Err(error) => all.reject(index, id, &error),
            }
        }
    }
    all.rejected.sort_by_key(|rejected| rejected.index);
    Ok(all)
}

impl ManyWritten {
    fn reject(&mut self, index: usize, id: Option<String>, error: &ApiError) {
        let error = error.body().error;
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

/// Decodes and encodes what is new about an item.
async fn prepare(app: &Shared, catalog: &Arc<ServedCatalog>, new: NewItem) -> ApiResult<Write> {
    few_pictures(app, new.pictures.len())?;
    let _room = app.room().await?;
    let (served, limits) = (Arc::clone(catalog), app.decode_limits());
    let prepare = move || Ok(served.live.prepare(new, &limits)?);
    let mut prepared = app.pool.run(prepare).await?;
    let mut rows = Vec::new();
    if !prepared.pictures.is_empty() {
        let (served, shared) = (Arc::clone(catalog), app.clone());
        let encoder = app
            .pool
            .run(move || served.encoder(&shared.encoders))
            .await?;
        for picture in prepared.take_pictures() {
            rows.extend(encoder.picture(picture).await?);
        }
    }
    let served = Arc::clone(catalog);
    let finish = move || Ok(prepared.finish(&*served.live.read()?, rows));
    app.pool.run(finish).await
}

/// The item, and room for what was fetched of it.
async fn new_item(
    app: &Shared,
    catalog: &ServedCatalog,
    id: String,
    body: ItemBody,
) -> ApiResult<(NewItem, Option<OwnedSemaphorePermit>)> {
    let attributes = attributes(body.attributes, &catalog.live.schema())?;
    few_pictures(app, body.images.len())?;
    let fetches = body.images.iter().any(|image| image.url.is_some());
    let room = match fetches {
        true => Some(app.fetch_room().await?),
        false => None,
    };
    let mut left = app.config.limits.body_bytes;
    let mut pictures = Vec::with_capacity(body.images.len());
    for (place, image) in body.images.into_iter().enumerate() {
        let picture = match (image.data, image.url) {
            (Some(data), None) => {
                let bytes = aside(data.len(), || picture(&data, &app.config.limits))?;
                new_picture(image.name, place, UPLOAD, bytes)
            }
            (None, Some(url)) => {
                let bytes = app.fetch(url.clone()).await;
                let field = || format!("images[{place}].url");
                let bytes = bytes.map_err(|error| error.field(field()))?;
                left = left.checked_sub(bytes.len()).ok_or_else(|| {
                    let message = "the pictures of an item are larger together than a request may be (limits.body_bytes)";
                    ApiError::too_large(message).field(field())
                })?;
                new_picture(image.name, place, &url, bytes)
            }
            _ => {
                let message = "a picture has either data, its file in Base64, or url";
                let field = format!("images[{place}]");
                return Err(ApiError::bad("bad_picture", message).field(field));
            }
        };
        pictures.push(picture);
    }
    differ(&pictures)?;
    let new = NewItem {
        id,
        attributes,
        pictures,
    };
    Ok((new, room))
}

/// Where pictures come from that no address was given of.
const UPLOAD: &str = "upload";

fn few_pictures(app: &Shared, found: usize) -> ApiResult<()> {
    let most = app.config.limits.item_images;
    match found <= most {
        true => Ok(()),
        false => {
            let message = format!("an item has at most {most} pictures here, received {found}");
            Err(ApiError::unprocessable("too_many_pictures", message).field("images"))
        }
    }
}

/// Each picture of an item has a name of its own: it is asked for by that.
fn differ(pictures: &[NewPicture]) -> ApiResult<()> {
    let mut seen = HashSet::new();
    match pictures.iter().find(|picture| !seen.insert(&picture.name)) {
        None => Ok(()),
        Some(twin) => {
            let message = format!("two pictures of the item are called {:?}", twin.name);
            Err(ApiError::bad("same_name", message).field("images"))
        }
    }
}

fn new_picture(name: Option<String>, place: usize, source: &str, bytes: Vec<u8>) -> NewPicture {
    let unnamed = || match place {
        0 => "main".to_owned(),
        place => place.to_string(),
    };
    NewPicture {
        name: name.filter(|name| !name.is_empty()).unwrap_or_else(unnamed),
        source: source.to_owned(),
        bytes,
    }
}

/// An item as a form: a field `attributes` of JSON, and files.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "describes a form for the OpenAPI document")]
pub(crate) struct ItemForm {
    /// A JSON object.
    attributes: Option<String>,
    /// Pictures; a file's name sets it apart from the others.
    #[schema(value_type = Vec<String>, format = Binary)]
    image: Vec<Vec<u8>>,
}

async fn form(catalog: &ServedCatalog, id: String, request: Request) -> ApiResult<NewItem> {
    let bad = |message: String| ApiError::bad("bad_form", message);
    let of = |error: MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::too_large(error.body_text()),
        _ => ApiError::bad("bad_form", error.body_text()),
    };
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|error| bad(error.body_text()))?;
    let (mut given, mut pictures) = (Map::new(), Vec::new());
    while let Some(field) = form.next_field().await.map_err(of)? {
        let (name, file) = (
            field.name().map(str::to_owned),
            field.file_name().map(str::to_owned),
        );
        let bytes = field.bytes().await.map_err(of)?;
        match name.as_deref() {
            Some("attributes") => given = parse(&bytes)?,
            Some("image") => {
                pictures.push(new_picture(file, pictures.len(), UPLOAD, bytes.to_vec()))
            }
            other => {
                let message = format!(
                    "expected fields \"attributes\" and \"image\", received {:?}",
                    other.unwrap_or_default()
                );
                return Err(bad(message));
            }
        }
    }
    differ(&pictures)?;
    Ok(NewItem {
        id,
        attributes: attributes(given, &catalog.live.schema())?,
        pictures,
    })
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
