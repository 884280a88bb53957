//! What the SIP proxies said of themselves when they were compared.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Proxy {
    proxy: String,
}

/// The proxies' queues. There are as many series as `hook.proxies` has names.
#[derive(Debug, Default)]
pub struct ProxyMetrics(Mutex<BTreeMap<String, (Instant, u64)>>);

impl ProxyMetrics {
    /// So many events wait at a proxy now; it is told for so long.
    pub fn waits(&self, proxy: &str, events: u64, stands: Duration) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(proxy.to_owned(), (Instant::now() + stands, events));
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let waiting = Family::<Proxy, Gauge>::default();
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (proxy, (_, events)) in known.iter().filter(|(_, (until, _))| *until > Instant::now()) {
            let label = Proxy { proxy: proxy.clone() };
            waiting.get_or_create(&label).set(i64::try_from(*events).unwrap_or(i64::MAX));
        }
        let help = "Events that a SIP proxy has not handed over, when this node compared it last";
        registry.register("proxy_waiting_events", help, waiting);
    }
}
