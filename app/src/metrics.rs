//! Counters of the use cases. Each [`App`](crate::App) has its own counters, which the server exports.
//!
//! Label values are constants of the program or its configuration, never a client's text, so the number of time series is bounded.

mod proxies;
mod webhooks;
mod writer;

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use telemetry::DURATION_BUCKETS;

pub use proxies::ProxyMetrics;
pub use webhooks::WebhookMetrics;
pub use writer::WriterMetrics;

/// The label of metrics that count amounts per currency.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Currency {
    currency: String,
}

/// The counters of one server.
#[derive(Debug)]
pub struct Metrics {
    written_off: Family<Currency, Counter>,
    ended: Counter,
    extended: Counter,
    lost: Counter,
    strays: Counter,
    lag: Histogram,
    texts: Counter,
    /// Metrics of the call path's writer.
    pub writer: WriterMetrics,
    /// Metrics of the state that the proxies reported.
    pub proxies: ProxyMetrics,
    /// Deliveries of webhooks.
    pub webhooks: WebhookMetrics,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            written_off: Family::default(),
            ended: Counter::default(),
            extended: Counter::default(),
            lost: Counter::default(),
            strays: Counter::default(),
            lag: Histogram::new(DURATION_BUCKETS),
            texts: Counter::default(),
            writer: WriterMetrics::default(),
            proxies: ProxyMetrics::default(),
            webhooks: WebhookMetrics::default(),
        }
    }
}

impl Metrics {
    /// Counts an answered call that ended. `written_off` is the part of the call's price that nobody pays, in millionths of the currency unit.
    pub fn call_ended(&self, currency: &str, written_off: billing::money::Micros) {
        self.ended.inc();
        let label = Currency { currency: currency.to_owned() };
        self.written_off.get_or_create(&label).inc_by(u64::try_from(written_off.0).unwrap_or(0));
    }

    /// Counts a running call that was granted more seconds.
    pub fn call_extended(&self) {
        self.extended.inc();
    }

    /// Counts a call that was closed because its proxy no longer knows it.
    pub fn call_lost(&self) {
        self.lost.inc();
    }

    /// Counts a dialog that was hung up because it belonged to no call.
    pub fn stray_hung_up(&self) {
        self.strays.inc();
    }

    /// Records that an activity was delivered to a subscriber. `lag` is the time since this node learned of the activity.
    pub fn delivered(&self, lag: Duration) {
        self.lag.observe(lag.as_secs_f64());
    }

    /// Counts a text that was written from an activity. All subscribers of a callshop with the same document and role share the text.
    pub fn text_written(&self) {
        self.texts.inc();
    }

    /// Registers all metrics with Prometheus.
    pub fn register(&self, registry: &mut Registry) {
        let unit = Unit::Other("micros".to_owned());
        let help =
            "Written-off cost of talk time beyond the covered seconds, in millionths of the currency unit";
        registry.register_with_unit("written_off", help, unit, self.written_off.clone());
        registry.register("calls_ended", "Answered calls that ended", self.ended.clone());
        registry.register("calls_extended", "Extensions granted to running calls", self.extended.clone());
        self.writer.register(registry);
        self.proxies.register(registry);
        self.webhooks.register(registry);
        let help = "Calls closed because their proxy no longer knew them; each call ended when the proxy last listed it";
        registry.register("calls_lost", help, self.lost.clone());
        registry.register(
            "strays_hung_up",
            "Dialogs hung up because they belonged to no call",
            self.strays.clone(),
        );
        let help = "Time from an activity's commit, or from the arrival of another node's message about it, to its delivery to a subscriber";
        registry.register("activity_delivery_duration_seconds", help, self.lag.clone());
        let help = "Texts written from activities; the subscribers of a callshop on this node with the same document and role share a text";
        registry.register("activity_texts_written", help, self.texts.clone());
    }
}
