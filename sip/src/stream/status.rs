//! How the stream of events is doing: for metrics, readiness, and whoever asks for problems.

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

/// An entry that was tried again and again, and is still not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// Which.
    pub id: EntryId,
    /// How often a node has read it.
    pub deliveries: u64,
}

/// Counters and state of the stream; clones count the same.
#[derive(Debug)]
pub struct StreamStatus {
    /// 1 while the stream is being read.
    pub up: Gauge,
    /// Entries that no node has applied yet, at the last look, which is every few seconds.
    pub waiting: Gauge,
    /// Entries applied and acknowledged by this node.
    pub applied: Counter,
    /// Entries taken over from a node that left them.
    pub claimed: Counter,
    /// Entries that the group had forgotten.
    pub recovered: Counter,
    /// Entries that could not be applied at once; they are tried again.
    pub failed: Counter,
    /// Entries that this node tries again beside the others.
    pub aside: Gauge,
    events: Family<Outcome, Counter>,
    stuck_entries: Gauge,
    stuck: Mutex<Vec<Stuck>>,
}

impl Default for StreamStatus {
    fn default() -> Self {
        let events = Family::<Outcome, Counter>::default();
        // a counter that is not there yet does not increase when it comes: each begins at zero
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
            aside: Gauge::default(),
            events,
            stuck_entries: Gauge::default(),
            stuck: Mutex::default(),
        }
    }
}

impl StreamStatus {
    /// Adds all of it to what is told to Prometheus.
    pub fn register(&self, registry: &mut Registry) {
        let mut counter =
            |name: &str, help: &str, counter: &Counter| registry.register(name, help, counter.clone());
        counter("events_stream_applied", "Entries applied and acknowledged", &self.applied);
        counter("events_stream_claimed", "Entries taken over from a node that left them", &self.claimed);
        let help = "Entries that Redis had forgotten to be in somebody's hands";
        counter("events_stream_recovered", help, &self.recovered);
        counter("events_stream_failed", "Entries that could not be applied at once", &self.failed);
        let mut gauge = |name: &str, help: &str, gauge: &Gauge| registry.register(name, help, gauge.clone());
        gauge("events_stream_up", "Whether the stream is being read", &self.up);
        gauge("events_stream_waiting_entries", "Entries that no node has applied yet", &self.waiting);
        gauge("events_stream_aside_entries", "Entries that this node tries again", &self.aside);
        let help = "Entries that no node could apply for minutes; a person has to look";
        gauge("events_stream_stuck_entries", help, &self.stuck_entries);
        let help = "Events of entries that were applied, by what became of them";
        registry.register("events_stream_events", help, self.events.clone());
    }

    /// An event was taken: `applied`, `duplicate`, `ignored` or `rejected`.
    pub(super) fn event(&self, outcome: &'static str) {
        self.events.get_or_create(&Outcome { outcome }).inc();
    }

    /// How many events have come to this.
    pub fn events(&self, outcome: &'static str) -> u64 {
        self.events.get_or_create(&Outcome { outcome }).get()
    }

    /// What is stuck, at the last look; the oldest, when there are many.
    pub fn stuck(&self) -> Vec<Stuck> {
        self.stuck.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Remembers what is stuck; answers what was not before.
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
            (1, stuck) => Check::failed(format!("{stuck} entries cannot be applied: see problems")),
            _ => Check::failed("it cannot be read: events wait in Redis"),
        }
    }
}
