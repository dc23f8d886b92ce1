//! Requests as OpenTelemetry's spans, for a collector that `OTEL_EXPORTER_OTLP_ENDPOINT` names.

use std::time::Duration;

use anyhow::{Context, Result};
use async_trait::async_trait;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Layer;

use super::Layers;

/// Where requests are told of; what is left is sent when this is dropped.
pub(super) struct Traces(SdkTracerProvider);

const ENDPOINTS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
];
/// What nigh-server calls its spans.
const TARGET: &str = "nigh::trace";
const SEND: Duration = Duration::from_secs(10);
const END: Duration = Duration::from_secs(5);

/// Nothing where no collector is named.
pub(super) fn begin() -> Result<(Layers, Option<Traces>)> {
    let given = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if !ENDPOINTS.iter().any(|name| given(name)) {
        return Ok((Layers::new(), None));
    }
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Posting::new())
        .build()
        .context("the collector of OTEL_EXPORTER_OTLP_ENDPOINT")?;
    let mut resource = Resource::builder();
    if !given("OTEL_SERVICE_NAME") {
        resource = resource.with_service_name("nigh");
    }
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource.build())
        .build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("nigh"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_filter(Targets::new().with_target(TARGET, Level::DEBUG));
    Ok((vec![layer.boxed()], Some(Traces(provider))))
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown_with_timeout(END) {
            tracing::warn!(%error, "the last traces may not have been sent");
        }
    }
}

/// Sends spans from the thread that gathers them, which may wait.
#[derive(Debug)]
struct Posting(ureq::Agent);

impl Posting {
    fn new() -> Self {
        let settings = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(SEND))
            .build();
        Self(settings.into())
    }
}

#[async_trait]
impl HttpClient for Posting {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let mut reply = self.0.run(request.map(|spans| spans.to_vec()))?;
        let said = reply.body_mut().read_to_vec()?;
        let status = reply.status();
        Ok(Response::builder().status(status).body(said.into())?)
    }
}
