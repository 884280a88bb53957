//! State of the event stream, for metrics, readiness and the problem list.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::entry::EntryId;
use app::calls::events::EventResult;
use telemetry::health::Check;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// An entry that keeps failing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// Id of the entry.
    pub id: EntryId,
    /// Number of times that the entry has been delivered to a node.
    pub deliveries: u64,
}

/// Counters and state of the stream. Clones share the same values.
#[derive(Debug)]
pub struct StreamStatus {
    /// The gauge is 1 while this node reads the stream.
    pub up: Gauge,
    /// Number of entries that no node has applied yet, as of the last check, which runs every few seconds.
    pub waiting: Gauge,
    /// Entries applied and acknowledged by this node.
    pub applied: Counter,
    /// Entries claimed from another node.
    pub claimed: Counter,
    /// Number of entries that a node recovered after the consumer group had lost them.
    pub recovered: Counter,
    /// Entries that failed and are retried.
    pub failed: Counter,
    /// Entries in this node's retry queue.
    pub retry_queue: Gauge,
    events: Family<Outcome, Counter>,
    stuck_entries: Gauge,
    stuck: Mutex<Vec<Stuck>>,
}

impl Default for StreamStatus {
    fn default() -> Self {
        let events = Family::<Outcome, Counter>::default();
        // Prometheus's `increase()` misses the first count of a series that appears late, so every series begins at zero
        for outcome in EventResult::OUTCOMES {
            drop(events.get_or_create(&Outcome { outcome }));
        }
        Self {
            up: Gauge::default(),
            waiting: Gauge::default(),
            applied: Counter::default(),
            claimed: Counter::default(),
            recovered: Counter::default(),
            failed: Counter::default(),
            retry_queue: Gauge::default(),
            events,
            stuck_entries: Gauge::default(),
            stuck: Mutex::default(),
        }
    }
}

impl StreamStatus {
    /// Registers all metrics with Prometheus.
    pub fn register(&self, registry: &mut Registry) {
        let mut counter =
            |name: &str, help: &str, counter: &Counter| registry.register(name, help, counter.clone());
        counter("events_stream_applied", "Entries applied and acknowledged", &self.applied);
        counter(
            "events_stream_claimed",
            "Entries claimed from a node that did not acknowledge them in time",
            &self.claimed,
        );
        let help = "Entries that were recovered because Redis no longer listed them as pending";
        counter("events_stream_recovered", help, &self.recovered);
        counter("events_stream_failed", "Entries that failed and are tried again", &self.failed);
        let mut gauge = |name: &str, help: &str, gauge: &Gauge| registry.register(name, help, gauge.clone());
        gauge("events_stream_up", "Whether the stream is being read", &self.up);
        gauge("events_stream_waiting_entries", "Entries that no node has applied yet", &self.waiting);
        gauge("events_stream_retry_entries", "Entries in the retry queue of this node", &self.retry_queue);
        let help = "Entries that have failed for more than ten minutes and need a person's attention";
        gauge("events_stream_stuck_entries", help, &self.stuck_entries);
        let help = "Events of applied entries, by outcome";
        registry.register("events_stream_events", help, self.events.clone());
    }

    /// Counts an event by its outcome: `applied`, `duplicate`, `ignored` or `rejected`.
    pub(super) fn event(&self, outcome: &'static str) {
        self.events.get_or_create(&Outcome { outcome }).inc();
    }

    /// Number of events with this outcome.
    pub fn events(&self, outcome: &'static str) -> u64 {
        self.events.get_or_create(&Outcome { outcome }).get()
    }

    /// The entries that were stuck at the last check. If many entries are stuck, the list has only the oldest.
    pub fn stuck(&self) -> Vec<Stuck> {
        self.stuck.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Stores the stuck entries, and returns the entries that were not stuck before.
    pub(super) fn found_stuck(&self, stuck: Vec<Stuck>) -> Vec<Stuck> {
        self.stuck_entries.set(i64::try_from(stuck.len()).unwrap_or(i64::MAX));
        let mut known = self.stuck.lock().unwrap_or_else(PoisonError::into_inner);
        let before: HashSet<EntryId> = known.iter().map(|one| one.id).collect();
        known.clone_from(&stuck);
        stuck.into_iter().filter(|one| !before.contains(&one.id)).collect()
    }

    pub(super) fn note(&self) -> Check {
        match (self.up.get(), self.stuck_entries.get()) {
            (1, 0) => Check::ok(format!("{} entries waiting", self.waiting.get())),
            (1, stuck) => Check::failed(format!("{stuck} entries cannot be applied: see `problems`")),
            _ => Check::failed("the stream cannot be read: events wait in Redis"),
        }
    }
}
