use axum::Json;
use axum::extract::State;
use nigh_store::Schema;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::Shared;
use crate::error::{ApiResult, ErrorBody};

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
#[utoipa::path(get, path = "/v1/collections", tag = "collections", responses(
    (status = 200, body = Collections),
    (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn list(State(app): State<Shared>) -> ApiResult<Json<Collections>> {
    let shared = app.clone();
    let collections = app.pool.run(move || all(&shared)).await?;
    Ok(Json(Collections { collections }))
}

fn all(app: &Shared) -> ApiResult<Vec<Collection>> {
    let mut all = Vec::new();
    for served in app.collections.catalogs() {
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
    for served in app.collections.networks() {
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
