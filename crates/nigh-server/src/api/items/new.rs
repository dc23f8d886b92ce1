//! An item on its way in: as JSON or a form, with pictures as files or addresses.

use std::collections::HashSet;

use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::StatusCode;
use nigh_engine::{NewItem, NewPicture};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::OwnedSemaphorePermit;
use utoipa::ToSchema;

use super::super::search::picture;
use crate::app::Shared;
use crate::collections::ServedCatalog;
use crate::error::{ApiError, ApiResult};
use crate::extract::{aside, objects, parse};
use crate::values::attributes;

/// An item, new or in place of the one of its id.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ItemBody {
    /// Strings, numbers, true or false; null is as good as nothing. All attributes of before are replaced.
    pub(super) attributes: Map<String, Value>,
    /// Its pictures; without any those of before stay.
    #[serde(deserialize_with = "objects::<_, _, 1_000>")]
    pub(super) images: Vec<ImageBody>,
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
    pub(super) id: String,
    #[serde(default)]
    pub(super) attributes: Map<String, Value>,
    #[serde(default, deserialize_with = "objects::<_, _, 1_000>")]
    pub(super) images: Vec<ImageBody>,
}

/// The item, and room for what was fetched of it.
pub(super) async fn new_item(
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

pub(super) fn few_pictures(app: &Shared, found: usize) -> ApiResult<()> {
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

pub(super) async fn form(
    catalog: &ServedCatalog,
    id: String,
    request: Request,
) -> ApiResult<NewItem> {
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
