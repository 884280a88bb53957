//! State of the notifications between nodes, for metrics and readiness.

use std::sync::{Mutex, PoisonError};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Counters and state of the link to Redis. Clones, such as those registered with Prometheus, share the same values.
#[derive(Debug, Default)]
pub struct Status {
    /// The gauge is 1 if Redis is configured.
    pub configured: Gauge,
    /// The gauge is 1 while Redis responds and this node's subscription is active.
    pub link_up: Gauge,
    /// Number of connections to Redis that were established. A number above one means that a connection was lost.
    pub connections: Counter,
    /// Activities published to Redis.
    pub published: Counter,
    /// Number of activities that were not published because the link to Redis was down or the queue was full. Other nodes find these unpublished
    /// activities in the table.
    pub dropped: Counter,
    /// Activities received from other nodes.
    pub received: Counter,
    /// Number of received activities of callshops that have subscribers on this node.
    pub delivered: Counter,
    /// Number of polls for the latest activities of callshops with subscribers.
    pub polls: Counter,
    /// Number of callshops for which a poll found activities that no message had announced.
    pub found: Counter,
    last_error: Mutex<Option<String>>,
}

impl Status {
    /// Whether Redis responds and this node's subscription is active.
    pub fn is_up(&self) -> bool {
        self.link_up.get() == 1
    }

    /// The reason why the link was last lost or could not be established; `None` while the link is up.
    pub fn last_error(&self) -> Option<String> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Registers all metrics with Prometheus.
    pub fn register(&self, registry: &mut Registry) {
        let mut counter =
            |name: &str, help: &str, counter: &Counter| registry.register(name, help, counter.clone());
        counter("redis_connections", "Connections made to Redis", &self.connections);
        counter(
            "notifications_published",
            "Activities published to Redis for the other nodes",
            &self.published,
        );
        counter(
            "notifications_dropped",
            "Activities not published to Redis because the link was down or the queue full; other nodes read them from the table",
            &self.dropped,
        );
        counter("notifications_received", "Activities received from other nodes", &self.received);
        counter(
            "notifications_delivered",
            "Received activities of callshops with subscribers here",
            &self.delivered,
        );
        counter("notifications_polls", "Polls of the watched callshops' latest activities", &self.polls);
        counter(
            "notifications_found",
            "Callshops for which a poll found unannounced activities",
            &self.found,
        );
        registry.register("redis_configured", "Whether Redis is configured", self.configured.clone());
        registry.register(
            "redis_up",
            "Whether Redis answers and the subscription is active",
            self.link_up.clone(),
        );
    }

    pub(super) fn failed(&self, error: Option<String>) {
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }
}
