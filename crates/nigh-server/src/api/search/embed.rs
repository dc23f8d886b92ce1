//! From the parts of a query to embeddings, by the encoder or from the cache.

use std::sync::Arc;
use std::time::Instant;

use nigh_encode::DecodeError;
use nigh_engine::Trace;

use super::request::What;
use crate::app::Shared;
use crate::collections::ServedCatalog;
use crate::error::{ApiError, ApiResult};

/// What a part of a query became: rows of the collection's embeddings.
pub(super) enum Rows {
    /// The encoder's, to be reduced.
    Encoded(Vec<f32>),
    Of(Vec<f32>),
    Item(String),
}

pub(super) async fn embed(
    app: &Shared,
    catalog: &Arc<ServedCatalog>,
    what: What,
    trace: &mut Trace,
) -> ApiResult<Rows> {
    let rows = match what {
        What::Item(id) => return Ok(Rows::Item(id)),
        What::Vector(vector) => return Ok(Rows::Of(vector)),
        What::Url(url) => {
            let fetching = Instant::now();
            let _room = app.fetch_room().await?;
            let bytes = app.fetch(url).await;
            let bytes = bytes.map_err(|error| error.field("image_url"))?;
            trace.push("fetch", 1, 1, fetching);
            embed_picture(app, catalog, bytes, trace).await?
        }
        What::Picture(bytes) => embed_picture(app, catalog, bytes, trace).await?,
        What::Words(words) => embed_words(app, catalog, words, trace).await?,
    };
    Ok(Rows::Encoded(rows))
}

/// The embedding of a picture by the catalog's encoder, from the cache if it is there.
pub(crate) async fn embed_picture(
    app: &Shared,
    catalog: &Arc<ServedCatalog>,
    bytes: Vec<u8>,
    trace: &mut Trace,
) -> ApiResult<Vec<f32>> {
    let decoding = Instant::now();
    let key = content_key(catalog, b"picture", &bytes);
    if let Some(known) = app.embeddings.get(key) {
        trace.push("embedding_cache", 1, 1, decoding);
        return Ok(known.as_ref().clone());
    }
    let (limits, served, shared) = (app.decode_limits(), Arc::clone(catalog), app.clone());
    let of = limits.clone();
    let look = move || {
        let (width, height) = nigh_encode::picture_size(&bytes, &of).map_err(bad)?;
        Ok((bytes, u64::from(width) * u64::from(height)))
    };
    let (bytes, pixels) = app.pool.run(look).await?;
    let room = app.room(pixels).await?;
    let decode = move || {
        let picture = nigh_encode::decode(&bytes, &limits).map_err(bad)?;
        Ok((picture, room, served.encoder(&shared.encoders)?))
    };
    let (picture, room, encoder) = app.pool.run(decode).await?;
    trace.push("decode", 1, 1, decoding);
    let encoding = Instant::now();
    let row = encoder.picture(picture, room).await?;
    trace.push("encode", 1, 1, encoding);
    Ok(app.embeddings.put(key, row).as_ref().clone())
}

/// The same for words.
pub(crate) async fn embed_words(
    app: &Shared,
    catalog: &Arc<ServedCatalog>,
    words: String,
    trace: &mut Trace,
) -> ApiResult<Vec<f32>> {
    let encoding = Instant::now();
    let key = content_key(catalog, b"words", words.as_bytes());
    if let Some(known) = app.embeddings.get(key) {
        trace.push("embedding_cache", 1, 1, encoding);
        return Ok(known.as_ref().clone());
    }
    let (served, shared) = (Arc::clone(catalog), app.clone());
    let encode = move || served.encoder(&shared.encoders)?.words(&words);
    let row = app
        .pool
        .run(encode)
        .await
        .map_err(|error| error.field("text"))?;
    trace.push("encode", 1, 1, encoding);
    Ok(app.embeddings.put(key, row).as_ref().clone())
}

fn bad(error: DecodeError) -> ApiError {
    ApiError::unprocessable("bad_picture", error).field("image")
}

fn content_key(catalog: &ServedCatalog, kind: &[u8], content: &[u8]) -> u128 {
    let mut hasher = xxhash_rust::xxh3::Xxh3::new();
    hasher.update(catalog.record.fingerprint.to_string().as_bytes());
    hasher.update(kind);
    hasher.update(content);
    hasher.digest128()
}
