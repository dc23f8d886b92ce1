//! Whether the server lives, and whether it should get requests.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::app::Shared;
use crate::encoders::STUCK;

/// The process answers.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// How long a look at everything may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Collections can be read and threads are free.
pub(crate) async fn readyz(State(app): State<Shared>) -> Response {
    if app.ending.load(Ordering::Relaxed) {
        return not_ready("the server is ending");
    }
    let catalogs = app.collections.catalogs();
    let networks = app.collections.networks();
    let broken = catalogs
        .iter()
        .filter(|catalog| catalog.live.is_poisoned())
        .map(|catalog| &catalog.name);
    let mut broken = broken.chain(
        networks
            .iter()
            .filter(|network| network.is_poisoned())
            .map(|network| &network.name),
    );
    if let Some(name) = broken.next() {
        return not_ready(&format!("{name:?} stopped after a defect in nigh"));
    }
    for pool in [&app.pool, &app.networks] {
        match tokio::time::timeout(PATIENCE, pool.run(|| Ok(()))).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return not_ready(error.message()),
            Err(_) => return not_ready("no thread was free for two seconds"),
        }
    }
    for catalog in catalogs {
        let stuck = catalog
            .open_encoder()
            .is_some_and(|encoder| encoder.is_stuck(STUCK));
        if stuck {
            return not_ready(&format!(
                "the encoder of {:?} does not answer",
                catalog.name
            ));
        }
    }
    Json(json!({"ready": true})).into_response()
}

fn not_ready(reason: &str) -> Response {
    let body = Json(json!({"ready": false, "reason": reason}));
    (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
}
