//! Everything that is counted, in the text that Prometheus reads.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use nigh_engine::{BatcherMetrics, Spread};

use crate::api::operations::memory_bytes;
use crate::app::Shared;
use crate::cache::CacheFigures;
use crate::collections::ServedCatalog;

/// Everything that is counted, for Prometheus.
pub(crate) async fn metrics(State(app): State<Shared>) -> Response {
    let shared = app.clone();
    match app.pool.run(move || Ok(exposition(&shared))).await {
        Ok(text) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(error) => error.into_response(),
    }
}

/// Labels and a value each.
type Rows = Vec<(String, f64)>;

fn exposition(app: &Shared) -> String {
    let mut text = app.metrics.text();
    let [items, tails, queues, batches] = of_catalogs(app);
    family(
        &mut text,
        "gauge",
        "nigh_items",
        "Items that can be found",
        items,
    );
    family(
        &mut text,
        "gauge",
        "nigh_tail_items",
        "Items newer than the index",
        tails,
    );
    family(
        &mut text,
        "gauge",
        "nigh_encoder_queue",
        "Pictures that wait for the encoder",
        queues,
    );
    family(
        &mut text,
        "gauge",
        "nigh_encoder_mean_batch",
        "Pictures in a run of the encoder, on average",
        batches,
    );
    family(
        &mut text,
        "gauge",
        "nigh_stage_candidate_seconds",
        "What a candidate of a stage costs, a moving mean",
        candidate_costs(app),
    );
    for (name, help, of) in ENCODER_TIMES {
        histogram(&mut text, name, help, &encoder_times(app, of));
    }
    let caches = [
        ("embeddings", app.embeddings.figures()),
        ("results", app.results.figures()),
    ];
    let of = |figure: fn(&CacheFigures) -> f64| -> Rows {
        let row = |(name, figures): &(&str, CacheFigures)| {
            (format!("{{cache=\"{name}\"}}"), figure(figures))
        };
        caches.iter().map(row).collect()
    };
    family(
        &mut text,
        "gauge",
        "nigh_cache_bytes",
        "Bytes held",
        of(|figures| figures.bytes as f64),
    );
    family(
        &mut text,
        "counter",
        "nigh_cache_hits",
        "Answers from the cache",
        of(|figures| figures.hits as f64),
    );
    family(
        &mut text,
        "counter",
        "nigh_cache_misses",
        "Questions that the cache did not know",
        of(|figures| figures.misses as f64),
    );
    let one = |value: f64| vec![(String::new(), value)];
    family(
        &mut text,
        "gauge",
        "nigh_waiting_requests",
        "Requests that compute or wait for it",
        one(app.waiting() as f64),
    );
    family(
        &mut text,
        "gauge",
        "nigh_resident_bytes",
        "Memory of the process",
        one(memory_bytes() as f64),
    );
    family(
        &mut text,
        "gauge",
        "nigh_uptime_seconds",
        "Since the server started",
        one(app.metrics.uptime().as_secs_f64()),
    );
    text.push_str("# EOF\n");
    text
}

/// A label's value, without what would end it.
fn label(name: &str) -> String {
    name.replace(['"', '\\', '\n'], "_")
}

fn candidate_costs(app: &Shared) -> Rows {
    let mut rows = Rows::new();
    for catalog in app.collections.catalogs() {
        let costs = catalog.live.read().map(|open| open.stage_costs());
        for cost in costs.into_iter().flatten() {
            let (name, stage) = (label(&catalog.name), cost.stage);
            let labels = format!("{{collection=\"{name}\",stage=\"{stage}\"}}");
            rows.push((labels, cost.us_per_candidate / 1e6));
        }
    }
    rows
}

/// Items, items of the tail, waiting pictures and mean batches.
fn of_catalogs(app: &Shared) -> [Rows; 4] {
    let mut rows: [Rows; 4] = Default::default();
    for catalog in app.collections.catalogs() {
        let labels = format!("{{collection=\"{}\"}}", label(&catalog.name));
        if let Ok(open) = catalog.live.read() {
            rows[0].push((labels.clone(), open.len() as f64));
            rows[1].push((labels.clone(), open.tail_len() as f64));
        }
        if let Some(encoder) = catalog.open_encoder() {
            let metrics = encoder.metrics();
            rows[2].push((labels.clone(), metrics.waiting as f64));
            rows[3].push((labels, metrics.batch_size.mean()));
        }
    }
    rows
}

/// A histogram's name, what it is, and which of a batcher's times it shows.
type EncoderTimes = (&'static str, &'static str, fn(BatcherMetrics) -> Spread);

const ENCODER_TIMES: [EncoderTimes; 2] = [
    (
        "nigh_encoder_queue_seconds",
        "How long pictures waited for the encoder",
        |metrics| metrics.queue_us,
    ),
    (
        "nigh_encoder_run_seconds",
        "How long runs of the encoder took, a batch each",
        |metrics| metrics.run_us,
    ),
];

/// The label of each catalog whose encoder is open, and its times.
fn encoder_times(app: &Shared, of: fn(BatcherMetrics) -> Spread) -> Vec<(String, Spread)> {
    let times = |catalog: Arc<ServedCatalog>| {
        let labels = format!("collection=\"{}\"", label(&catalog.name));
        Some((labels, of(catalog.open_encoder()?.metrics())))
    };
    let catalogs = app.collections.catalogs();
    catalogs.into_iter().filter_map(times).collect()
}

/// Times from 16 µs to 134 s, in buckets that double.
const TOLD_BUCKETS: std::ops::RangeInclusive<usize> = 4..=27;

fn histogram(text: &mut String, name: &str, help: &str, rows: &[(String, Spread)]) {
    text.push_str(&format!(
        "# HELP {name} {help}.\n# TYPE {name} histogram\n# UNIT {name} seconds\n"
    ));
    for (labels, spread) in rows {
        let mut below = 0;
        for (bucket, count) in spread.buckets.iter().enumerate() {
            below += count;
            if TOLD_BUCKETS.contains(&bucket) {
                let bound = (1_u64 << bucket) as f64 / 1e6;
                text.push_str(&format!(
                    "{name}_bucket{{{labels},le=\"{bound}\"}} {below}\n"
                ));
            }
        }
        let (count, sum) = (spread.count, spread.sum as f64 / 1e6);
        text.push_str(&format!(
            "{name}_bucket{{{labels},le=\"+Inf\"}} {count}\n{name}_sum{{{labels}}} {sum}\n{name}_count{{{labels}}} {count}\n"
        ));
    }
}

/// A counter's samples end in `_total`.
fn family(text: &mut String, kind: &str, name: &str, help: &str, rows: Rows) {
    let suffix = if kind == "counter" { "_total" } else { "" };
    text.push_str(&format!("# HELP {name} {help}.\n# TYPE {name} {kind}\n"));
    for (labels, value) in rows {
        text.push_str(&format!("{name}{suffix}{labels} {value}\n"));
    }
}
