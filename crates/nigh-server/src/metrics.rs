//! What is counted, for Prometheus and for the page.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram as Hdr;
use nigh_engine::Trace;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StageLabels {
    collection: String,
    stage: &'static str,
}

/// Counters of the whole server.
pub(crate) struct Metrics {
    started: Instant,
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
    stages: Family<StageLabels, Histogram, fn() -> Histogram>,
    /// The names of all stages that were counted.
    stage_names: RwLock<BTreeSet<&'static str>>,
    routes: RwLock<BTreeMap<String, RouteFigures>>,
}

/// 20 µs to 84 s in steps of two and a half times.
fn buckets() -> Histogram {
    Histogram::new(exponential_buckets(20e-6, 2.5, 17))
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("nigh");
        let requests = Family::default();
        let durations = Family::new_with_constructor(buckets as fn() -> Histogram);
        let stages = Family::new_with_constructor(buckets as fn() -> Histogram);
        registry.register("requests", "Requests by route and status", requests.clone());
        registry.register_with_unit(
            "request_duration",
            "From the request's head to the reply's head, by route",
            Unit::Seconds,
            durations.clone(),
        );
        registry.register_with_unit(
            "stage_duration",
            "Stages of searches and suggestions, by collection",
            Unit::Seconds,
            stages.clone(),
        );
        Self {
            started: Instant::now(),
            registry,
            requests,
            durations,
            stages,
            stage_names: RwLock::default(),
            routes: RwLock::default(),
        }
    }

    pub(crate) fn request(&self, route: &str, status: u16, took: Duration) {
        let labels = RequestLabels {
            route: route.to_owned(),
            status,
        };
        self.requests.get_or_create(&labels).inc();
        let labels = RouteLabels {
            route: route.to_owned(),
        };
        self.durations
            .get_or_create(&labels)
            .observe(took.as_secs_f64());
        let second = self.started.elapsed().as_secs();
        if let Some(figures) = self.read_routes().get(route) {
            return figures.add(status, took, second);
        }
        let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        let figures = routes.entry(route.to_owned()).or_default();
        figures.add(status, took, second);
    }

    pub(crate) fn stages(&self, collection: &str, trace: &Trace) {
        for stage in &trace.stages {
            let labels = StageLabels {
                collection: collection.to_owned(),
                stage: stage.stage,
            };
            tracing::debug!(target: "nigh::trace", stage = stage.stage, us = stage.us, "stage");
            let seconds = Duration::from_micros(stage.us).as_secs_f64();
            self.stages.get_or_create(&labels).observe(seconds);
            self.know(stage.stage);
        }
    }

    /// A collection that is not served any more is not counted any more.
    pub(crate) fn forget(&self, collection: &str) {
        let names = self.stage_names.read();
        for stage in names.unwrap_or_else(PoisonError::into_inner).iter() {
            let collection = collection.to_owned();
            self.stages.remove(&StageLabels { collection, stage });
        }
    }

    fn know(&self, stage: &'static str) {
        let names = self.stage_names.read();
        if !names
            .unwrap_or_else(PoisonError::into_inner)
            .contains(stage)
        {
            let names = self.stage_names.write();
            names.unwrap_or_else(PoisonError::into_inner).insert(stage);
        }
    }

    pub(crate) fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// Everything that is counted here, in Prometheus' text format, without its end mark.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = prometheus_client::encoding::text::encode_registry(&mut text, &self.registry);
        text
    }

    /// Each route in figures.
    pub(crate) fn routes(&self) -> Vec<RouteSummary> {
        let second = self.started.elapsed().as_secs();
        let routes = self.read_routes();
        let summary = |(route, figures): (&String, &RouteFigures)| figures.summary(route, second);
        routes.iter().map(summary).collect()
    }

    fn read_routes(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<String, RouteFigures>> {
        self.routes.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One route in figures.
#[derive(Clone, Debug)]
pub(crate) struct RouteSummary {
    pub(crate) route: String,
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    pub(crate) qps_1m: f64,
    /// Milliseconds that half, 95 and 99 of a hundred took at most.
    pub(crate) quantiles_ms: [f64; 3],
}

const WINDOW_SECONDS: usize = 60;
/// Significant digits of a latency.
const DIGITS: u8 = 2;
const LONGEST_US: u64 = 120_000_000;

struct RouteFigures {
    errors: AtomicU64,
    window: Mutex<Window>,
}

struct Window {
    /// Requests in each of the last seconds, and which second it was.
    seconds: [(u64, u32); WINDOW_SECONDS],
    /// None only if the bounds were no bounds.
    took_us: Option<Hdr<u64>>,
}

impl Default for RouteFigures {
    fn default() -> Self {
        Self {
            errors: AtomicU64::new(0),
            window: Mutex::new(Window {
                seconds: [(0, 0); WINDOW_SECONDS],
                took_us: Hdr::new_with_bounds(1, LONGEST_US, DIGITS).ok(),
            }),
        }
    }
}

impl RouteFigures {
    fn add(&self, status: u16, took: Duration, second: u64) {
        if status >= 400 {
            self.errors.fetch_add(1, Ordering::Relaxed);
        }
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = &mut window.seconds[second as usize % WINDOW_SECONDS];
        *slot = match slot.0 == second {
            true => (second, slot.1 + 1),
            false => (second, 1),
        };
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if let Some(took) = &mut window.took_us {
            took.saturating_record(us.max(1));
        }
    }

    fn summary(&self, route: &str, second: u64) -> RouteSummary {
        let window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = second.saturating_sub(WINDOW_SECONDS as u64 - 1);
        let recent = window.seconds.iter().filter(|(at, _)| *at >= oldest);
        let count: u64 = recent.map(|(_, count)| u64::from(*count)).sum();
        let span = (second + 1).min(WINDOW_SECONDS as u64);
        let took = window.took_us.as_ref();
        let ms = |share| took.map_or(0.0, |took| took.value_at_quantile(share) as f64 / 1e3);
        RouteSummary {
            route: route.to_owned(),
            requests: took.map_or(0, Hdr::len),
            errors: self.errors.load(Ordering::Relaxed),
            qps_1m: count as f64 / span as f64,
            quantiles_ms: [0.5, 0.95, 0.99].map(ms),
        }
    }
}
