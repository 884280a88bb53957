//! `/metrics` on the private listener: the counters of all crates in the text formats that Prometheus reads.

mod process;
mod scrape;

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use app::App;
use app::calls::writer::CallWriter;
use prometheus_client::registry::Registry;
use sip::hook::Hook;
use sip::stream::EventStream;

/// All exported metrics.
pub(crate) struct Exported {
    app: Arc<App>,
    writer: CallWriter,
    hook: web::Data<Hook>,
    requests: Arc<transport::metrics::Metrics>,
    stream: Option<Arc<EventStream>>,
    gauges: scrape::Gauges,
}

impl Exported {
    pub(crate) fn new(
        app: Arc<App>,
        writer: CallWriter,
        hook: web::Data<Hook>,
        requests: Arc<transport::metrics::Metrics>,
        stream: Option<Arc<EventStream>>,
    ) -> Self {
        Self { app, writer, hook, requests, stream, gauges: scrape::Gauges::default() }
    }

    /// All metrics in the OpenMetrics text format.
    fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut all = Registry::default();
        process::register(&mut all);
        let registry = all.sub_registry_with_prefix("callshop");
        self.app.metrics.register(registry);
        self.requests.register(registry);
        self.hook.metrics.register(registry);
        self.gauges.register(registry);
        self.app.hub.status().register(registry);
        if let Some(stream) = &self.stream {
            stream.status.register(registry);
        }
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &all)?;
        Ok(text)
    }
}

/// Mounts `/metrics`. The path needs no secret, because the listener is private and the counters contain no personal data.
pub(crate) fn configure(config: &mut web::ServiceConfig, exported: web::Data<Exported>) {
    config.app_data(exported).route("/metrics", web::get().to(metrics));
}

async fn metrics(exported: web::Data<Exported>, request: HttpRequest) -> HttpResponse {
    exported.gauges.read(&exported.app, &exported.writer).await;
    let accepted = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let open = accepted.is_some_and(|types| types.contains("application/openmetrics-text"));
    match exported.encode() {
        Ok(text) if open => HttpResponse::Ok()
            .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
            .body(text),
        Ok(text) => {
            HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(plain(&text))
        }
        Err(error) => {
            tracing::error!(%error, "the metrics could not be written");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// Converts OpenMetrics to the older Prometheus text format, which every scraper supports. In the older format, a counter has the same name as its
/// samples, and there are no units.
fn plain(open_metrics: &str) -> String {
    let mut counters: Vec<&str> = Vec::new();
    for line in open_metrics.lines() {
        if let Some(name) = line.strip_prefix("# TYPE ").and_then(|rest| rest.strip_suffix(" counter")) {
            counters.push(name);
        }
    }
    let mut text = String::with_capacity(open_metrics.len());
    for line in open_metrics.lines() {
        if line == "# EOF" || line.starts_with("# UNIT ") {
            continue;
        }
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some(kind), Some(name), Some(rest)) if counters.contains(&name) => {
                text.push_str(&format!("# {kind} {name}_total {rest}\n"));
            }
            _ => {
                text.push_str(line);
                text.push('\n');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_have_one_name_in_the_plain_format() {
        let metrics = app::metrics::Metrics::default();
        metrics.call_ended("BRL", billing::money::Micros(7));
        let mut all = Registry::default();
        metrics.register(all.sub_registry_with_prefix("callshop"));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &all).expect("a text");
        let text = plain(&text);
        assert!(text.contains("# TYPE callshop_written_off_micros_total counter\n"), "{text}");
        assert!(text.contains("\ncallshop_written_off_micros_total{currency=\"BRL\"} 7\n"), "{text}");
        assert!(!text.contains("# EOF") && !text.contains("# UNIT"), "{text}");
    }
}
