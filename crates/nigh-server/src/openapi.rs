//! The OpenAPI document: made of the code, served, and committed as `openapi.json`.

use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, SecurityRequirement,
};

/// The document without its paths.
pub(crate) fn frame() -> OpenApi {
    let license = LicenseBuilder::new()
        .name("Apache-2.0 OR MIT")
        .identifier(Some("Apache-2.0 OR MIT"));
    let info = InfoBuilder::new()
        .title("nigh")
        .description(Some(
            "Finds what is near: products that look like a photo, people you may know. Every failure answers an error with a stable \
             `code`, a sentence, and the field where there is one. Where the server has API keys, send one as `Authorization: Bearer KEY`.",
        ))
        .version(env!("CARGO_PKG_VERSION"))
        .license(Some(license.build()));
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    let components = ComponentsBuilder::new().security_scheme("key", bearer);
    OpenApiBuilder::new()
        .info(info.build())
        .components(Some(components.build()))
        .security(Some([
            SecurityRequirement::default(),
            SecurityRequirement::new("key", Vec::<String>::new()),
        ]))
        .build()
}

/// The whole document as it is served and committed.
#[must_use]
pub fn document() -> String {
    let (_, document) = crate::api::router();
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}
