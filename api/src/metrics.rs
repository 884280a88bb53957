//! What the server counts, in the text format that Prometheus reads. Each [`App`](crate::app::App) has counters of its own.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::{Registry, Unit};

/// Money is counted by its currency.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Currency {
    currency: String,
}

/// The counters.
#[derive(Debug, Default)]
pub struct Metrics {
    written_off: Family<Currency, Counter>,
    ended: Counter,
    extended: Counter,
}

impl Metrics {
    /// An answered call ended; `written_off` millionths of the currency unit were talked beyond what was covered.
    pub fn call_ended(&self, currency: &str, written_off: billing::money::Micros) {
        self.ended.inc();
        let label = Currency { currency: currency.to_owned() };
        self.written_off.get_or_create(&label).inc_by(u64::try_from(written_off.0).unwrap_or(0));
    }

    /// A running call got more seconds.
    pub fn call_extended(&self) {
        self.extended.inc();
    }

    /// Everything, in the OpenMetrics text format.
    ///
    /// # Errors
    /// When the text cannot be written.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut registry = Registry::with_prefix("callshop");
        let unit = Unit::Other("micros".to_owned());
        let help = "Talked beyond the covered seconds and given away, in millionths of the currency unit";
        registry.register_with_unit("written_off", help, unit, self.written_off.clone());
        registry.register("calls_ended", "Answered calls that ended", self.ended.clone());
        registry.register("calls_extended", "Slices that running calls were given", self.extended.clone());
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry)?;
        Ok(text)
    }
}
