//! Counters of webhook deliveries. The backlog of deliveries is not counted here; it is read from the database at scrape time.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

/// Counts the deliveries of this node.
#[derive(Debug, Default)]
pub struct WebhookMetrics {
    delivered: Counter,
    failed: Counter,
    disabled: Counter,
}

impl WebhookMetrics {
    /// Counts a message that a receiver accepted.
    pub fn delivered(&self) {
        self.delivered.inc();
    }

    /// Counts a failed attempt.
    pub fn failed(&self) {
        self.failed.inc();
    }

    /// Counts a webhook that this node disabled.
    pub fn disabled(&self) {
        self.disabled.inc();
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "webhook_deliveries",
            "Webhook messages that receivers accepted",
            self.delivered.clone(),
        );
        registry.register(
            "webhook_failures",
            "Failed attempts to deliver webhook messages",
            self.failed.clone(),
        );
        registry.register("webhooks_disabled", "Webhooks that this node disabled", self.disabled.clone());
    }
}
