//! Metrics of the call path's writer.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use telemetry::DURATION_BUCKETS;

/// Metrics of the call path's writer.
#[derive(Debug)]
pub struct WriterMetrics {
    batches: Histogram,
    seconds: Histogram,
    failed: Counter,
}

impl Default for WriterMetrics {
    fn default() -> Self {
        Self {
            batches: Histogram::new([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]),
            seconds: Histogram::new(DURATION_BUCKETS),
            failed: Counter::default(),
        }
    }
}

impl WriterMetrics {
    /// Counts a batch of `jobs` jobs; `ok` is false if its transaction failed.
    pub fn batch(&self, jobs: usize, duration: Duration, ok: bool) {
        self.batches.observe(f64::from(u32::try_from(jobs).unwrap_or(u32::MAX)));
        self.seconds.observe(duration.as_secs_f64());
        if !ok {
            self.failed.inc();
        }
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "writer_batch_jobs",
            "Events and call attempts in one transaction",
            self.batches.clone(),
        );
        let help = "Duration of a batch's transaction, including its commit";
        registry.register("writer_commit_duration_seconds", help, self.seconds.clone());
        let help = "Batches that failed as one transaction, so that their jobs ran one by one";
        registry.register("writer_failed_batches", help, self.failed.clone());
    }
}
