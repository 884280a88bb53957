//! Counters exported to Prometheus, in its text formats. Each [`App`](crate::app::App) has counters of its own; counters of the process
//! (`process.rs`) exist once.
//!
//! Label values are constants of the program or its configuration, never a client's text, so the number of series is bounded.

pub mod api;
pub mod calls;
pub mod process;
pub mod proxies;
pub mod scrape;

use crate::kamailio::stream::StreamStatus;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::{Registry, Unit};

pub use api::ApiMetrics;
pub use calls::{HookMetrics, WriterMetrics};
pub use proxies::ProxyMetrics;

use crate::feed::Status;

/// Bucket bounds of durations, in seconds: from the end of a call on an idle machine to a query at its deadline.
pub(crate) const SECONDS: [f64; 13] =
    [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0, 10.0];

/// Amounts are counted per currency.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Currency {
    currency: String,
}

/// The counters of one server.
#[derive(Debug, Default)]
pub struct Metrics {
    written_off: Family<Currency, Counter>,
    ended: Counter,
    extended: Counter,
    lost: Counter,
    strays: Counter,
    /// GraphQL requests.
    pub api: ApiMetrics,
    /// Requests of the SIP proxy.
    pub hook: HookMetrics,
    /// The writer of the call path.
    pub writer: WriterMetrics,
    /// State that the proxies reported.
    pub proxies: ProxyMetrics,
    /// Gauges that are read at each scrape.
    pub read: scrape::Gauges,
}

impl Metrics {
    /// An answered call ended; `written_off` is the charge beyond what was covered, in millionths of the currency unit.
    pub fn call_ended(&self, currency: &str, written_off: billing::money::Micros) {
        self.ended.inc();
        let label = Currency { currency: currency.to_owned() };
        self.written_off.get_or_create(&label).inc_by(u64::try_from(written_off.0).unwrap_or(0));
    }

    /// A running call was granted more seconds.
    pub fn call_extended(&self) {
        self.extended.inc();
    }

    /// A call was closed because its proxy no longer knows it.
    pub fn call_lost(&self) {
        self.lost.inc();
    }

    /// A dialog that belongs to no call was hung up.
    pub fn stray_hung_up(&self) {
        self.strays.inc();
    }

    /// All metrics, with those of the links between nodes and of the event stream, in the OpenMetrics text format.
    ///
    /// # Errors
    /// If the text cannot be written.
    pub fn encode(
        &self,
        doorbell: &Status,
        stream: Option<&StreamStatus>,
    ) -> Result<String, std::fmt::Error> {
        let mut all = Registry::default();
        process::register(&mut all);
        let registry = all.sub_registry_with_prefix("callshop");
        let unit = Unit::Other("micros".to_owned());
        let help =
            "Cost of talk time beyond the covered seconds, written off, in millionths of the currency unit";
        registry.register_with_unit("written_off", help, unit, self.written_off.clone());
        registry.register("calls_ended", "Answered calls that ended", self.ended.clone());
        registry.register("calls_extended", "Extensions granted to running calls", self.extended.clone());
        self.api.register(registry);
        self.hook.register(registry);
        self.writer.register(registry);
        self.proxies.register(registry);
        self.read.register(registry);
        let help = "Calls closed at the last second they were seen, because their proxy no longer knew them";
        registry.register("calls_lost", help, self.lost.clone());
        registry.register(
            "strays_hung_up",
            "Dialogs hung up because they belonged to no call",
            self.strays.clone(),
        );
        doorbell.register(registry);
        if let Some(stream) = stream {
            stream.register(registry);
        }
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &all)?;
        Ok(text)
    }
}

/// Converts OpenMetrics to the older Prometheus text format, which every reader knows. In it, counters are named like their samples, and there
/// are no units.
pub fn plain(open_metrics: &str) -> String {
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
        let metrics = Metrics::default();
        metrics.call_ended("BRL", billing::money::Micros(7));
        let text =
            plain(&metrics.encode(&Status::default(), Some(&StreamStatus::default())).expect("a text"));
        assert!(text.contains("# TYPE callshop_written_off_micros_total counter\n"), "{text}");
        assert!(text.contains("\ncallshop_written_off_micros_total{currency=\"BRL\"} 7\n"), "{text}");
        assert!(!text.contains("# EOF") && !text.contains("# UNIT"), "{text}");
    }
}
