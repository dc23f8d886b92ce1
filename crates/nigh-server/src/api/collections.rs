//! The collections that are served; making and deleting them.

use std::sync::PoisonError;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use nigh_engine::network::Network;
use nigh_engine::{CatalogWriter, EncoderRequest};
use nigh_store::{Precision, Schema};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::{App, Shared};
use crate::caller::Caller;
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
    let shared = app.clone();
    let collections = app.pool.run(move || all(&shared, &caller)).await?;
    Ok(Json(Collections { collections }))
}

/// Those that the caller may see.
fn all(app: &Shared, caller: &Caller) -> ApiResult<Vec<Collection>> {
    let mut all = Vec::new();
    let mut catalogs = app.collections.catalogs();
    catalogs.retain(|served| caller.may_see(&served.name));
    let mut networks = app.collections.networks();
    networks.retain(|served| caller.may_see(&served.name));
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
    ApiJson(new): ApiJson<NewCatalog>,
) -> ApiResult<(StatusCode, Json<Made>)> {
    let encoder = new.encoder.unwrap_or_else(|| "features".to_owned());
    let precision = match new.precision {
        NewPrecision::F32 => Precision::F32,
        NewPrecision::F16 => Precision::F16,
        NewPrecision::Int8 => Precision::Int8,
    };
    let shared = app.clone();
    let make = move || {
        make(&shared, name, |dir| {
            // A name and no path: whoever may write here may not point at any file of the machine.
            data_folder(&shared)?.place(&encoder).map_err(|_| {
                ApiError::bad("bad_name", "expected the name of a model").field("encoder")
            })?;
            let request = EncoderRequest {
                spec: Some(encoder.clone()),
                ..EncoderRequest::default()
            };
            Ok(drop(CatalogWriter::open_or_create_narrow(
                dir,
                &request,
                Some(precision),
            )?))
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
    ApiJson(NewNetwork {}): ApiJson<NewNetwork>,
) -> ApiResult<(StatusCode, Json<Made>)> {
    let shared = app.clone();
    let make = move || make(&shared, name, |dir| Ok(drop(Network::open_or_create(dir)?)));
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
) -> ApiResult<StatusCode> {
    let shared = app.clone();
    let delete = move || {
        let _one = making(&shared);
        let folder = data_folder(&shared)?;
        deletable(folder, shared.collections.catalog(&name)?.live.dir(), &name)?;
        let dir = shared.collections.close_catalog(&name)?;
        folder.delete(&dir).map_err(ApiError::internal)?;
        tracing::info!(target: "nigh::audit", catalog = name, "catalog deleted");
        Ok(())
    };
    app.pool.run(delete).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes a network of the server's data folder with everybody in it.
#[utoipa::path(delete, path = "/v1/networks/{name}", tag = "collections",
    params(("name" = String, Path, description = "The network")),
    responses((status = 204, description = "It is gone, on disk too"),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn delete_network(
    State(app): State<Shared>,
    ApiPath(name): ApiPath<String>,
) -> ApiResult<StatusCode> {
    let shared = app.clone();
    let delete = move || {
        let _one = making(&shared);
        let folder = data_folder(&shared)?;
        deletable(folder, &shared.collections.network(&name)?.dir()?, &name)?;
        let dir = shared.collections.close_network(&name)?;
        folder.delete(&dir).map_err(ApiError::internal)?;
        tracing::info!(target: "nigh::audit", network = name, "network deleted");
        Ok(())
    };
    app.pool.run(delete).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Collections are made and deleted one at a time.
fn making(app: &App) -> std::sync::MutexGuard<'_, ()> {
    // It guards no value that a panic could have left half made.
    app.making.lock().unwrap_or_else(PoisonError::into_inner)
}

fn make(
    app: &App,
    name: String,
    create: impl FnOnce(&std::path::Path) -> ApiResult<()>,
) -> ApiResult<Made> {
    let _one = making(app);
    let dir = data_folder(app)?.place(&name)?;
    let exists = app.collections.catalog(&name).is_ok() || app.collections.network(&name).is_ok();
    if exists || dir.exists() {
        let message = format!("there is a collection or a folder called {name:?}");
        return Err(ApiError::conflict("exists", message).field("name"));
    }
    create(&dir)?;
    app.collections.open(&dir)?;
    tracing::info!(target: "nigh::audit", collection = name, "collection made");
    Ok(Made { name })
}

fn data_folder(app: &App) -> ApiResult<&DataFolder> {
    app.data.as_ref().ok_or_else(|| {
        let message =
            "this server makes and deletes no collections: it was started without --data DIR";
        ApiError::conflict("no_data_folder", message)
    })
}

fn deletable(folder: &DataFolder, dir: &std::path::Path, name: &str) -> ApiResult<()> {
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
