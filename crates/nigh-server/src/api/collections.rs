//! The collections that are served; making and deleting them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard, TryLockError};
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use nigh_engine::network::Network;
use nigh_engine::{CatalogWriter, EncoderRequest};
use nigh_store::{Precision, Schema};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::{App, Shared};
use crate::caller::{By, Caller};
use crate::collections::{Collections as Served, ServedCatalog, ServedNetwork};
use crate::data_folder::DataFolder;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::extract::{ApiJson, ApiPath};

/// What is served.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Collections {
    collections: Vec<Collection>,
}

/// A catalog or a network.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Collection {
    /// Items with pictures.
    Catalog {
        /// Its folder's name.
        name: String,
        /// Items that can be found.
        items: usize,
        /// Their pictures.
        images: usize,
        /// The encoder's fingerprint in words.
        encoder: String,
        /// Numbers of an embedding.
        dimension: usize,
        /// How these are kept: `f32`, `f16` or `int8`.
        precision: String,
        /// Whether words can be searched with.
        text: bool,
        /// What items have.
        attributes: Vec<Attribute>,
    },
    /// People and friendships.
    Network {
        /// Its folder's name.
        name: String,
        /// People.
        people: usize,
        /// Friendships.
        edges: u64,
        /// Whether suggestions are ranked by a trained model.
        trained: bool,
        /// What people have.
        attributes: Vec<Attribute>,
    },
}

/// An attribute that items or people have.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Attribute {
    name: String,
    /// `string`, `integer`, `float`, `boolean` or `date`.
    #[serde(rename = "type")]
    kind: String,
}

/// The collections that are served.
#[utoipa::path(get, path = "/v1/collections", operation_id = "list_collections", tag = "collections", responses(
    (status = 200, description = "What is served", body = Collections),
    (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<Shared>,
    caller: Caller,
) -> ApiResult<Json<Collections>> {
    // Those that the caller may see.
    let mut catalogs = app.collections.catalogs();
    catalogs.retain(|served| caller.may_see(&served.name));
    let mut networks = app.collections.networks();
    networks.retain(|served| caller.may_see(&served.name));
    let mut collections = app.pool.run(move || of_catalogs(catalogs)).await?;
    collections.extend(app.networks.run(move || of_networks(networks)).await?);
    Ok(Json(Collections { collections }))
}

fn of_catalogs(catalogs: Vec<Arc<ServedCatalog>>) -> ApiResult<Vec<Collection>> {
    let mut all = Vec::new();
    for served in catalogs {
        let text = match served.open_encoder() {
            Some(encoder) => encoder.has_words(),
            None => served.record.has_words(),
        };
        let catalog = served.live.read()?;
        all.push(Collection::Catalog {
            name: served.name.clone(),
            items: catalog.len(),
            images: catalog.images(),
            encoder: catalog.encoder().to_string(),
            dimension: catalog.dimension(),
            precision: catalog.precision().name().to_owned(),
            text,
            attributes: attributes(catalog.schema()),
        });
    }
    Ok(all)
}

fn of_networks(networks: Vec<Arc<ServedNetwork>>) -> ApiResult<Vec<Collection>> {
    let mut all = Vec::new();
    for served in networks {
        let (info, trained) =
            served.ask(|network, _| Ok((network.info(), network.is_trained())))?;
        all.push(Collection::Network {
            name: served.name.clone(),
            people: info.people,
            edges: info.edges,
            trained,
            attributes: attributes(&served.schema()),
        });
    }
    Ok(all)
}

fn attributes(schema: &Schema) -> Vec<Attribute> {
    let columns = schema.columns.iter();
    columns
        .map(|column| Attribute {
            name: column.name.clone(),
            kind: column.kind.to_string(),
        })
        .collect()
}

/// A catalog that is to be made.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NewCatalog {
    /// `features`, or the name of a model that is on the server.
    #[schema(default = "features")]
    encoder: Option<String>,
    /// How the numbers of its embeddings are kept.
    precision: NewPrecision,
}

/// How numbers are kept.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum NewPrecision {
    /// 4 bytes each.
    #[default]
    F32,
    /// 2 bytes each.
    F16,
    /// 1 byte each.
    Int8,
}

/// A network that is to be made: nothing is to be said about it yet.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NewNetwork {}

/// What was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Made {
    name: String,
}

/// Makes an empty catalog in the server's data folder.
#[utoipa::path(put, path = "/v1/catalogs/{name}", tag = "collections",
    params(("name" = String, Path, description = "What it is to be called: letters, digits, dots, dashes and underscores")),
    request_body = NewCatalog, responses((status = 201, description = "It is on disk", body = Made),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn create_catalog(
    State(app): State<Shared>,
    ApiPath(name): ApiPath<String>,
    by: By,
    ApiJson(new): ApiJson<NewCatalog>,
) -> ApiResult<(StatusCode, Json<Made>)> {
    let encoder = new.encoder.unwrap_or_else(|| "features".to_owned());
    // A name and no path: whoever may write here may not point at any file of the machine.
    if !nigh_engine::is_model_name(&encoder) {
        let message = "expected \"features\", or the name of a model that is on the server";
        return Err(ApiError::unprocessable("unknown_encoder", message).field("encoder"));
    }
    let precision = match new.precision {
        NewPrecision::F32 => Precision::F32,
        NewPrecision::F16 => Precision::F16,
        NewPrecision::Int8 => Precision::Int8,
    };
    let shared = app.clone();
    let make = move || {
        make(&shared, name, &by, |dir| {
            let request = EncoderRequest {
                spec: Some(encoder.clone()),
                ..EncoderRequest::default()
            };
            CatalogWriter::open_or_create_narrow(dir, &request, Some(precision))?;
            Ok(())
        })
    };
    Ok((StatusCode::CREATED, Json(app.pool.run(make).await?)))
}

/// Makes an empty network in the server's data folder.
#[utoipa::path(put, path = "/v1/networks/{name}", tag = "collections",
    params(("name" = String, Path, description = "What it is to be called: letters, digits, dots, dashes and underscores")),
    request_body = NewNetwork, responses((status = 201, description = "It is on disk", body = Made),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn create_network(
    State(app): State<Shared>,
    ApiPath(name): ApiPath<String>,
    by: By,
    ApiJson(NewNetwork {}): ApiJson<NewNetwork>,
) -> ApiResult<(StatusCode, Json<Made>)> {
    let shared = app.clone();
    let make = move || {
        make(&shared, name, &by, |dir| {
            Network::open_or_create(dir)?;
            Ok(())
        })
    };
    Ok((StatusCode::CREATED, Json(app.pool.run(make).await?)))
}

/// Deletes a catalog of the server's data folder with all its items.
#[utoipa::path(delete, path = "/v1/catalogs/{name}", tag = "collections",
    params(("name" = String, Path, description = "The catalog")),
    responses((status = 204, description = "It is gone, on disk too"),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn delete_catalog(
    State(app): State<Shared>,
    ApiPath(name): ApiPath<String>,
    by: By,
) -> ApiResult<StatusCode> {
    let dir = |all: &Served, name: &str| Ok(all.catalog(name)?.live.dir().to_owned());
    delete(&app, name, by, dir, Served::close_catalog).await
}

/// Deletes a network of the server's data folder with everybody in it.
#[utoipa::path(delete, path = "/v1/networks/{name}", tag = "collections",
    params(("name" = String, Path, description = "The network")),
    responses((status = 204, description = "It is gone, on disk too"),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn delete_network(
    State(app): State<Shared>,
    ApiPath(name): ApiPath<String>,
    by: By,
) -> ApiResult<StatusCode> {
    let dir = |all: &Served, name: &str| all.network(name)?.dir();
    delete(&app, name, by, dir, Served::close_network).await
}

/// How long a deletion waits for requests that use the collection, and how often it looks.
const PATIENCE: Duration = Duration::from_secs(2);
const LOOKS: Duration = Duration::from_millis(20);

/// A collection's folder.
type DirOf = fn(&Served, &str) -> ApiResult<PathBuf>;

/// Deletes as soon as nobody uses the collection. No thread waits for that.
async fn delete(
    app: &Shared,
    name: String,
    by: By,
    dir: DirOf,
    close: DirOf,
) -> ApiResult<StatusCode> {
    let started = Instant::now();
    loop {
        let (shared, name, by) = (app.clone(), name.clone(), by.clone());
        let once = move || delete_unused(&shared, &name, &by, dir, close);
        match app.pool.run(once).await {
            Ok(()) => return Ok(StatusCode::NO_CONTENT),
            Err(error) if !error.is_in_use() || started.elapsed() > PATIENCE => return Err(error),
            Err(_) => tokio::time::sleep(LOOKS).await,
        }
    }
}

fn delete_unused(app: &App, name: &str, by: &By, dir: DirOf, close: DirOf) -> ApiResult<()> {
    let _one = making(app)?;
    let folder = data_folder(app)?;
    deletable(folder, &dir(&app.collections, name)?, name)?;
    remove(app, folder, &close(&app.collections, name)?)?;
    app.metrics.forget(name);
    tracing::info!(target: "nigh::audit", key = by.key, request = by.request, collection = name, "collection deleted");
    Ok(())
}

/// Removes a collection that was closed; where that fails it is served as before.
fn remove(app: &App, folder: &DataFolder, dir: &Path) -> ApiResult<()> {
    folder.delete(dir).map_err(|error| {
        if let Err(lost) = app.collections.open(dir) {
            let error = lost.message();
            tracing::error!(
                error,
                "a collection that could not be deleted is not served any more"
            );
        }
        ApiError::internal(error)
    })
}

/// Collections are made and deleted one at a time; nobody waits for it in a thread that others need.
fn making(app: &App) -> ApiResult<MutexGuard<'_, ()>> {
    match app.making.try_lock() {
        Ok(guard) => Ok(guard),
        // It guards no value that a panic could have left half made.
        Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => Err(ApiError::busy(
            "the queue of collections that are made and deleted",
        )),
    }
}

fn make(
    app: &App,
    name: String,
    by: &By,
    create: impl FnOnce(&Path) -> ApiResult<()>,
) -> ApiResult<Made> {
    let _one = making(app)?;
    let folder = data_folder(app)?;
    let dir = folder.place(&name)?;
    let exists = app.collections.catalog(&name).is_ok() || app.collections.network(&name).is_ok();
    if exists || dir.exists() {
        let message = format!("there is a collection or a folder called {name:?}");
        return Err(ApiError::conflict("exists", message).field("name"));
    }
    folder.make(&dir, create)?;
    app.collections.open(&dir)?;
    tracing::info!(target: "nigh::audit", key = by.key, request = by.request, collection = name, "collection made");
    Ok(Made { name })
}

fn data_folder(app: &App) -> ApiResult<&DataFolder> {
    app.data.as_ref().ok_or_else(|| {
        let message =
            "this server makes and deletes no collections: it was started without --data DIR";
        ApiError::conflict("no_data_folder", message)
    })
}

fn deletable(folder: &DataFolder, dir: &Path, name: &str) -> ApiResult<()> {
    match folder.holds(dir) {
        true => Ok(()),
        false => {
            let message = format!(
                "{name:?} is not in the server's data folder: whoever gave it to the server deletes it"
            );
            Err(ApiError::conflict("not_in_data_folder", message))
        }
    }
}
