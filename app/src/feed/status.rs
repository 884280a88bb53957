//! How the doorbell between nodes is doing: for metrics and readiness.

use std::sync::{Mutex, PoisonError};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Counters and state of the link to Redis. Each is shared: a clone that is registered for Prometheus counts the same.
#[derive(Debug, Default)]
pub struct Status {
    /// 1 while a Redis is configured.
    pub configured: Gauge,
    /// 1 while Redis answers and this node's subscription stands.
    pub link_up: Gauge,
    /// Connections that were made: more than one means that it was lost meanwhile.
    pub connections: Counter,
    /// Activities handed to Redis.
    pub published: Counter,
    /// Activities that were not: the link was down or too much was waiting. Other nodes find them in the table.
    pub dropped: Counter,
    /// Activities that other nodes told.
    pub received: Counter,
    /// Of those, about callshops that are watched here.
    pub delivered: Counter,
    /// Times that the heads of the watched callshops were read.
    pub polls: Counter,
    /// Times that such a reading found what no message had told.
    pub found: Counter,
    last_error: Mutex<Option<String>>,
}

impl Status {
    /// Whether Redis answers and this node's subscription stands.
    pub fn is_up(&self) -> bool {
        self.link_up.get() == 1
    }

    /// Why the link was last lost or not made; none since it stands again.
    pub fn last_error(&self) -> Option<String> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds all of it to what is told to Prometheus.
    pub fn register(&self, registry: &mut Registry) {
        let mut counter =
            |name: &str, help: &str, counter: &Counter| registry.register(name, help, counter.clone());
        counter("redis_connections", "Connections to Redis that were made", &self.connections);
        counter("doorbell_published", "Activities handed to Redis", &self.published);
        counter(
            "doorbell_dropped",
            "Activities that were not: other nodes find them in the table",
            &self.dropped,
        );
        counter("doorbell_received", "Activities that other nodes told", &self.received);
        counter("doorbell_delivered", "Of those, about callshops that are watched here", &self.delivered);
        counter("doorbell_polls", "Times that the heads of watched callshops were read", &self.polls);
        counter("doorbell_found", "Times that such a reading found what nobody had told", &self.found);
        registry.register("redis_configured", "Whether a Redis is configured", self.configured.clone());
        registry.register(
            "redis_up",
            "Whether Redis answers and the subscription stands",
            self.link_up.clone(),
        );
    }

    pub(super) fn failed(&self, error: Option<String>) {
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }
}
