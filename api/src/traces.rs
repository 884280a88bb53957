//! Exports traces to a collector (OTLP over HTTP). Spans that the collector does not accept are dropped, so the collector never delays a call.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{
    ExporterBuildError, SpanExporter as Otlp, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider, SpanData, SpanExporter,
};
use tokio::runtime::Handle;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::registry::LookupSpan;

use serde::{Deserialize, Serialize};
use telemetry::trace;

/// Maximum number of spans that wait for the collector; further spans are dropped.
const QUEUE: usize = 4_096;
/// How long spans are collected into a batch.
const GATHER: Duration = Duration::from_secs(1);
/// How long the collector may take for one batch, and for the final flush.
const PATIENCE: Duration = Duration::from_secs(3);

/// The options of tracing, which follows an event from the hook's request to the subscriber.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetryConfig {
    /// OTLP/HTTP collector, such as `http://127.0.0.1:4318`; if `None`, tracing is off.
    pub otlp_endpoint: Option<String>,
    /// Fraction of requests that are traced, 0 to 1. A request whose `traceparent` header has the sampled flag is always traced.
    pub sample_ratio: f64,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self { otlp_endpoint: None, sample_ratio: 0.01 }
    }
}

impl TelemetryConfig {
    /// Checks the bounds that types cannot express.
    ///
    /// # Errors
    /// Returns a sentence that names the first option that is out of bounds.
    pub fn check(&self) -> Result<(), String> {
        let bad = |text: &str| Err(text.to_owned());
        let http = |url: &String| url.starts_with("http://") || url.starts_with("https://");
        if self.otlp_endpoint.as_ref().is_some_and(|url| !http(url))
            || !(0.0..=1.0).contains(&self.sample_ratio)
        {
            return bad(
                "telemetry.otlp_endpoint must be a URL such as http://127.0.0.1:4318, and telemetry.sample_ratio 0 to 1",
            );
        }
        Ok(())
    }
}

/// Sends spans to the collector until the exporter is shut down.
pub struct Exporter(SdkTracerProvider);

impl Exporter {
    /// Creates the exporter; `None` if the configuration names no collector. Call this function inside the runtime that sends the spans.
    ///
    /// # Errors
    /// Fails if the address is invalid.
    pub fn new(config: &TelemetryConfig) -> Result<Option<Self>, ExporterBuildError> {
        let Some(endpoint) = &config.otlp_endpoint else { return Ok(None) };
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build();
        let client = client.map_err(|error| ExporterBuildError::InternalFailure(error.to_string()))?;
        let endpoint = format!("{}/v1/traces", endpoint.trim_end_matches('/').trim_end_matches("/v1/traces"));
        let otlp = Otlp::builder().with_http().with_http_client(client).with_endpoint(endpoint);
        let otlp = otlp.with_timeout(PATIENCE).build()?;
        let sender = Sender { otlp: Arc::new(otlp), runtime: Handle::current() };
        let config_of_batches =
            BatchConfigBuilder::default().with_max_queue_size(QUEUE).with_scheduled_delay(GATHER).build();
        let batches = BatchSpanProcessor::builder(sender).with_batch_config(config_of_batches).build();
        let some = Sampler::TraceIdRatioBased(config.sample_ratio);
        let provider = SdkTracerProvider::builder()
            .with_span_processor(batches)
            .with_sampler(Sampler::ParentBased(Box::new(some)))
            .with_resource(Resource::builder().with_service_name("callshop").build())
            .build();
        Ok(Some(Self(provider)))
    }

    /// The layer that collects two kinds of spans: the spans of requests, and the spans that exist only for traces.
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        trace::turn_on();
        let crates = crate::CRATES.iter().map(|name| (*name, LevelFilter::INFO));
        let filter = Targets::new().with_targets(crates).with_target(trace::TARGET, LevelFilter::INFO);
        tracing_opentelemetry::layer().with_tracer(self.0.tracer("callshop")).with_filter(filter)
    }

    /// Sends the waiting spans, within the time limit.
    pub async fn shut_down(self) {
        let provider = self.0;
        // the shutdown runs on a blocking thread, because it blocks until the thread that collects spans is done
        let done = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(PATIENCE)).await;
        if let Ok(Err(error)) = done {
            tracing::warn!(%error, "the collector did not accept the last traces");
        }
    }
}

/// Exports spans inside the runtime. The futures of the exporter need the runtime, but the thread that collects spans runs outside the runtime.
#[derive(Debug)]
struct Sender {
    otlp: Arc<Otlp>,
    runtime: Handle,
}

impl SpanExporter for Sender {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let otlp = self.otlp.clone();
        let sent = self.runtime.spawn(async move { otlp.export(batch).await }).await;
        sent.map_err(|error| OTelSdkError::InternalFailure(error.to_string()))?
    }
}
