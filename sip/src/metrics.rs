//! Metrics of the SIP proxies' requests.

use std::time::Duration;

use app::calls::events::EventResult;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use telemetry::DURATION_BUCKETS;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    path: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Path {
    path: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// Metrics of the proxies' requests.
#[derive(Debug)]
pub struct HookMetrics {
    requests: Family<Request, Counter>,
    seconds: Family<Path, Histogram, fn() -> Histogram>,
    attempts: Family<Outcome, Counter>,
    events: Family<Outcome, Counter>,
}

impl Default for HookMetrics {
    fn default() -> Self {
        let seconds = || Histogram::new(DURATION_BUCKETS);
        let events = Family::<Outcome, Counter>::default();
        // Prometheus's `increase()` misses the first count of a series that appears late, so every series begins at zero
        for outcome in EventResult::OUTCOMES {
            drop(events.get_or_create(&Outcome { outcome }));
        }
        Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(seconds),
            attempts: Family::default(),
            events,
        }
    }
}

impl HookMetrics {
    /// Counts a completed request by its HTTP status.
    pub fn answered(&self, path: &'static str, status: u16, duration: Duration) -> &'static str {
        let outcome = match status {
            200 => "ok",
            401 => "unauthorized",
            404 => "not_found",
            503 => "unavailable",
            _ => "bad",
        };
        self.requests.get_or_create(&Request { path, outcome }).inc();
        self.seconds.get_or_create(&Path { path }).observe(duration.as_secs_f64());
        outcome
    }

    /// Counts a decided call attempt by its outcome: `ALLOWED`, or the code of the refusal.
    pub fn attempt(&self, outcome: &'static str) {
        self.attempts.get_or_create(&Outcome { outcome }).inc();
    }

    /// Counts an event by its outcome: `applied`, `duplicate`, `ignored` or `rejected`.
    pub fn event(&self, outcome: &'static str) {
        self.events.get_or_create(&Outcome { outcome }).inc();
    }

    /// Registers all metrics with Prometheus.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "hook_requests",
            "Requests of the SIP proxy, by path and outcome",
            self.requests.clone(),
        );
        let help = "Time from a SIP proxy's request to the response";
        registry.register("hook_request_duration_seconds", help, self.seconds.clone());
        registry.register(
            "call_attempts",
            "Call attempts, by outcome: ALLOWED, or the code of the refusal",
            self.attempts.clone(),
        );
        registry.register("hook_events", "Events of the SIP proxy, by outcome", self.events.clone());
    }
}
