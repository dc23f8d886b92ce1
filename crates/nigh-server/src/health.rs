//! Whether the server lives, whether it should get requests, and its counters.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::api::operations::memory_bytes;
use crate::app::Shared;

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
    let shared = app.clone();
    let look = app.pool.run(move || {
        for catalog in shared.collections.catalogs() {
            drop(catalog.live.read()?);
        }
        for network in shared.collections.networks() {
            network.ask(|_, _| Ok(()))?;
        }
        Ok(())
    });
    match tokio::time::timeout(PATIENCE, look).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return not_ready(error.message()),
        Err(_) => return not_ready("no thread was free for two seconds"),
    }
    for catalog in app.collections.catalogs() {
        let stuck = catalog
            .open_encoder()
            .is_some_and(|encoder| encoder.is_stuck());
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

/// Everything that is counted, for Prometheus.
pub(crate) async fn metrics(State(app): State<Shared>) -> Response {
    let mut text = app.metrics.text();
    let mut gauge = |name: &str, help: &str, rows: Vec<(String, f64)>| {
        text.push_str(&format!("# HELP {name} {help}.\n# TYPE {name} gauge\n"));
        for (labels, value) in rows {
            text.push_str(&format!("{name}{labels} {value}\n"));
        }
    };
    let catalogs = app.collections.catalogs();
    let of = |name: &str| {
        format!(
            "{{collection=\"{}\"}}",
            name.replace(['"', '\\', '\n'], "_")
        )
    };
    let mut items = Vec::new();
    let mut tails = Vec::new();
    let mut queues = Vec::new();
    let mut batches = Vec::new();
    for catalog in &catalogs {
        if let Ok(open) = catalog.live.read() {
            items.push((of(&catalog.name), open.len() as f64));
            tails.push((of(&catalog.name), open.tail_len() as f64));
        }
        if let Some(encoder) = catalog.open_encoder() {
            let metrics = encoder.metrics();
            queues.push((of(&catalog.name), metrics.waiting as f64));
            batches.push((of(&catalog.name), metrics.batch_size.mean()));
        }
    }
    gauge("nigh_items", "Items that can be found", items);
    gauge("nigh_tail_items", "Items newer than the index", tails);
    gauge(
        "nigh_encoder_queue",
        "Pictures that wait for the encoder",
        queues,
    );
    gauge(
        "nigh_encoder_mean_batch",
        "Pictures in a run of the encoder, on average",
        batches,
    );
    let caches = [
        ("embeddings", app.embeddings.figures()),
        ("results", app.results.figures()),
    ];
    let labels = |name: &str| format!("{{cache=\"{name}\"}}");
    let of_caches = |figure: fn(&crate::cache::CacheFigures) -> f64| {
        caches
            .iter()
            .map(|(name, figures)| (labels(name), figure(figures)))
            .collect::<Vec<_>>()
    };
    gauge(
        "nigh_cache_bytes",
        "Bytes held",
        of_caches(|figures| figures.bytes as f64),
    );
    gauge(
        "nigh_cache_hits",
        "Answers from the cache so far",
        of_caches(|figures| figures.hits as f64),
    );
    gauge(
        "nigh_cache_misses",
        "Questions that the cache did not know so far",
        of_caches(|figures| figures.misses as f64),
    );
    gauge(
        "nigh_waiting_requests",
        "Requests that compute or wait for it",
        vec![(String::new(), app.pool.waiting() as f64)],
    );
    gauge(
        "nigh_resident_bytes",
        "Memory of the process",
        vec![(String::new(), memory_bytes() as f64)],
    );
    gauge(
        "nigh_uptime_seconds",
        "Since the server started",
        vec![(String::new(), app.metrics.uptime().as_secs_f64())],
    );
    text.push_str("# EOF\n");
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}
