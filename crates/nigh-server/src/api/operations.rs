//! The server in figures, for the page.

use axum::Json;
use axum::extract::State;
use nigh_engine::vectors::OperatingPoint;
use nigh_engine::{Catalog, StageCost};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::Shared;
use crate::cache::CacheFigures;
use crate::caller::Caller;
use crate::error::{ApiResult, ErrorBody};

/// The server in figures.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Operations {
    version: &'static str,
    uptime_s: f64,
    /// Memory of the process; 0 where the system does not tell.
    memory_bytes: u64,
    /// Requests that compute or wait for it.
    waiting: usize,
    routes: Vec<Route>,
    collections: Vec<CollectionFigures>,
    encoders: Vec<EncoderFigures>,
    caches: Vec<Cache>,
}

/// Requests of one route since the server started.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Route {
    route: String,
    requests: u64,
    /// Of these, answered with a status of 400 or more.
    errors: u64,
    /// Requests a second in the last minute.
    qps_1m: f64,
    p50_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
}

/// A catalog's index.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CollectionFigures {
    name: String,
    /// Items that are newer than the index.
    tail_items: usize,
    /// Items of the index.
    published_items: usize,
    /// Whether a new index is being built.
    publishing: bool,
    /// What was measured of the index.
    operating_points: Vec<Point>,
    /// What the stages of searches have cost since the server started.
    stages: Vec<StageFigures>,
}

/// What a stage costs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StageFigures {
    stage: &'static str,
    /// A moving mean over the last searches.
    us_per_candidate: f64,
    /// Searches that it was measured by.
    searches: u64,
}

/// A setting, and what it reaches.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Point {
    setting: String,
    recall_at_10: f64,
    latency_us: f64,
    /// Whether searches use it.
    chosen: bool,
}

/// An encoder's queue and runs, since the server started. Quantiles are upper ends of buckets that double.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EncoderFigures {
    collection: String,
    queue: usize,
    batches: u64,
    items: u64,
    mean_batch: f64,
    queue_p50_us: u64,
    queue_p99_us: u64,
    run_p50_us: u64,
    run_p99_us: u64,
}

/// A cache.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Cache {
    name: &'static str,
    entries: usize,
    bytes: u64,
    capacity_bytes: u64,
    hits: u64,
    misses: u64,
}

/// The server in figures.
#[utoipa::path(get, path = "/v1/operations", tag = "operations",
    responses((status = 200, description = "The figures", body = Operations),
        (status = "4XX", body = ErrorBody), (status = "5XX", body = ErrorBody)))]
pub(crate) async fn operations(
    State(app): State<Shared>,
    caller: Caller,
) -> ApiResult<Json<Operations>> {
    let shared = app.clone();
    let figures = move || figures(&shared, &caller);
    app.pool.run(figures).await.map(Json)
}

fn figures(app: &Shared, caller: &Caller) -> ApiResult<Operations> {
    let (mut collections, mut encoders) = (Vec::new(), Vec::new());
    let mut catalogs = app.collections.catalogs();
    catalogs.retain(|served| caller.may_see(&served.name));
    for served in catalogs {
        let catalog = served.live.read()?;
        collections.push(CollectionFigures {
            name: served.name.clone(),
            tail_items: catalog.tail_len(),
            published_items: catalog.len() - catalog.tail_len(),
            publishing: served.is_publishing(),
            operating_points: points(&catalog),
            stages: catalog.stage_costs().into_iter().map(stage).collect(),
        });
        let Some(encoder) = served.open_encoder() else {
            continue;
        };
        let metrics = encoder.metrics();
        encoders.push(EncoderFigures {
            collection: served.name.clone(),
            queue: metrics.waiting,
            batches: metrics.batch_size.count,
            items: metrics.items,
            mean_batch: metrics.batch_size.mean(),
            queue_p50_us: metrics.queue_us.quantile(0.5),
            queue_p99_us: metrics.queue_us.quantile(0.99),
            run_p50_us: metrics.run_us.quantile(0.5),
            run_p99_us: metrics.run_us.quantile(0.99),
        });
    }
    let route = |route: crate::metrics::RouteSummary| Route {
        route: route.route,
        requests: route.requests,
        errors: route.errors,
        qps_1m: route.qps_1m,
        p50_ms: route.quantiles_ms[0],
        p95_ms: route.quantiles_ms[1],
        p99_ms: route.quantiles_ms[2],
    };
    Ok(Operations {
        version: env!("CARGO_PKG_VERSION"),
        uptime_s: app.metrics.uptime().as_secs_f64(),
        memory_bytes: memory_bytes(),
        waiting: app.waiting(),
        routes: app.metrics.routes().into_iter().map(route).collect(),
        collections,
        encoders,
        caches: vec![
            cache("embeddings", app.embeddings.figures()),
            cache("results", app.results.figures()),
        ],
    })
}

fn stage(cost: StageCost) -> StageFigures {
    StageFigures {
        stage: cost.stage,
        us_per_candidate: cost.us_per_candidate,
        searches: cost.searches,
    }
}

fn points(catalog: &Catalog) -> Vec<Point> {
    let Some(tuned) = catalog.tuned() else {
        return Vec::new();
    };
    let chosen = tuned.chosen().map(|point| point.setting);
    let point = |point: &OperatingPoint| Point {
        setting: point.setting.to_string(),
        recall_at_10: point.recall_at_10.mean,
        latency_us: point.latency_us,
        chosen: chosen == Some(point.setting),
    };
    tuned.tuned.points.iter().map(point).collect()
}

fn cache(name: &'static str, figures: CacheFigures) -> Cache {
    Cache {
        name,
        entries: figures.entries,
        bytes: figures.bytes,
        capacity_bytes: figures.capacity_bytes,
        hits: figures.hits,
        misses: figures.misses,
    }
}

/// Resident memory of this process, of which Linux tells in pages of 4 KiB.
pub(crate) fn memory_bytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let resident = pages.and_then(|text| text.split_whitespace().nth(1)?.parse::<u64>().ok());
    const PAGE_BYTES: u64 = 4_096;
    resident.map_or(0, |pages| pages * PAGE_BYTES)
}
