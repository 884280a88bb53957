//! State that the SIP proxies reported at the last comparison.

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

/// State of a proxy at this node's last comparison.
#[derive(Debug)]
struct Seen {
    /// The values are exported to Prometheus until this time.
    until: Instant,
    waiting: u64,
    odd: u64,
}

/// Metrics of the proxies' queues and listings, with one time series for each name in `hook.proxies`.
#[derive(Debug, Default)]
pub struct ProxyMetrics(Mutex<BTreeMap<String, Seen>>);

impl ProxyMetrics {
    /// Records two numbers for a proxy: the number of events waiting at the proxy (`waiting`), and the number of entries in its listings that could
    /// not be read in full (`odd`). `stands` is how long `waiting` and `odd` are exported. Returns `odd` from this node's previous comparison.
    pub fn compared(&self, proxy: &str, waiting: u64, odd: u64, stands: Duration) -> u64 {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = Seen { until: Instant::now() + stands, waiting, odd };
        known.insert(proxy.to_owned(), seen).map_or(0, |before| before.odd)
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let (waiting, odd) = (Family::<Proxy, Gauge>::default(), Family::<Proxy, Gauge>::default());
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (proxy, seen) in known.iter().filter(|(_, seen)| seen.until > Instant::now()) {
            for (gauge, count) in [(&waiting, seen.waiting), (&odd, seen.odd)] {
                let label = Proxy { proxy: proxy.clone() };
                gauge.get_or_create(&label).set(i64::try_from(count).unwrap_or(i64::MAX));
            }
        }
        let help = "Events that a SIP proxy had not yet delivered when this node last compared it";
        registry.register("proxy_waiting_events", help, waiting);
        let help = "Entries of a SIP proxy's listings that could not be read in full when this node last compared it";
        registry.register("proxy_odd_entries", help, odd);
    }
}
