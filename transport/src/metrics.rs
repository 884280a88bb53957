//! Metrics of GraphQL requests (counts, outcomes and durations), and of open sockets, subscriptions and their messages.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use telemetry::DURATION_BUCKETS;

/// Largest number of error codes with their own time series. Codes beyond this number count as `OTHER`.
const MAX_CODES: usize = 200;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    operation: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operation {
    operation: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Code {
    code: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KeptLabel {
    outcome: &'static str,
}

/// How a query over HTTP was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeptOutcome {
    /// The client still has the answer.
    NotModified,
    /// The server sent a kept answer.
    Kept,
    /// The query ran, because the server had no kept answer that was still valid.
    Run,
    /// The query ran, because its answers are never kept.
    NeverKept,
}

impl KeptOutcome {
    const ALL: [Self; 4] = [Self::NotModified, Self::Kept, Self::Run, Self::NeverKept];

    fn as_str(self) -> &'static str {
        match self {
            Self::NotModified => "not_modified",
            Self::Kept => "kept",
            Self::Run => "run",
            Self::NeverKept => "never_kept",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResolvedLabel {
    by: &'static str,
}

/// Counts fields that have a selection set, separately for each way in which their values were made. The data of each request contains these
/// counters.
#[derive(Clone, Debug)]
pub struct Resolved {
    plan: Counter,
    executor: Counter,
    family: Family<ResolvedLabel, Counter>,
}

impl Default for Resolved {
    fn default() -> Self {
        let family = Family::<ResolvedLabel, Counter>::default();
        let counter = |by| family.get_or_create(&ResolvedLabel { by }).clone();
        let (plan, executor) = (counter("plan"), counter("executor"));
        Self { plan, executor, family }
    }
}

impl Resolved {
    /// Counts a field. If a plan wrote the field's value, the fields inside the value are not counted.
    pub fn count(&self, is_written: bool) {
        let counter = if is_written { &self.plan } else { &self.executor };
        counter.inc();
    }
}

/// GraphQL requests, sockets and subscriptions.
#[derive(Debug)]
pub struct Metrics {
    requests: Family<Request, Counter>,
    seconds: Family<Operation, Histogram, fn() -> Histogram>,
    errors: Family<Code, Counter>,
    known: std::sync::Mutex<std::collections::HashSet<String>>,
    /// Open WebSockets and event streams.
    pub sockets: Gauge,
    /// Running subscriptions.
    pub subscriptions: Gauge,
    /// Messages sent to subscribers.
    pub messages: Counter,
    kept: Family<KeptLabel, Counter>,
    /// Size of the kept answers in bytes.
    pub(crate) kept_bytes: Gauge,
    /// Fields with a selection set.
    pub(crate) resolved: Resolved,
}

impl Default for Metrics {
    fn default() -> Self {
        let seconds = || Histogram::new(DURATION_BUCKETS);
        let kept = Family::<KeptLabel, Counter>::default();
        for outcome in KeptOutcome::ALL {
            // a counter must exist before its first increment; otherwise, Prometheus would miss that increment
            drop(kept.get_or_create(&KeptLabel { outcome: outcome.as_str() }));
        }
        Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(seconds),
            errors: Family::default(),
            known: std::sync::Mutex::default(),
            sockets: Gauge::default(),
            subscriptions: Gauge::default(),
            messages: Counter::default(),
            kept,
            kept_bytes: Gauge::default(),
            resolved: Resolved::default(),
        }
    }
}

impl Metrics {
    /// Counts an executed operation, with its duration and the codes of its errors.
    pub fn done<'a>(
        &self,
        operation: &'static str,
        errors: impl IntoIterator<Item = &'a str>,
        duration: Duration,
    ) -> &'static str {
        let mut outcome = "ok";
        for code in errors {
            outcome = "error";
            self.error(code);
        }
        self.requests.get_or_create(&Request { operation, outcome }).inc();
        self.seconds.get_or_create(&Operation { operation }).observe(duration.as_secs_f64());
        outcome
    }

    /// Counts a query over HTTP by the way in which it was answered.
    pub(crate) fn kept(&self, outcome: KeptOutcome) {
        self.kept.get_or_create(&KeptLabel { outcome: outcome.as_str() }).inc();
    }

    /// Counts the start of a subscription.
    pub fn subscribed(&self) {
        self.requests.get_or_create(&Request { operation: "subscription", outcome: "ok" }).inc();
        self.subscriptions.inc();
    }

    /// Counts a request that was refused before execution, or that timed out.
    pub fn refused(&self, code: &str) {
        self.requests.get_or_create(&Request { operation: "none", outcome: "refused" }).inc();
        self.error(code);
    }

    fn error(&self, code: &str) {
        let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // error codes are constants of this program; the limit keeps the number of time series bounded if a future code is not a constant
        if !known.contains(code) && known.len() < MAX_CODES {
            known.insert(code.to_owned());
        }
        let code = if known.contains(code) { code } else { "OTHER" };
        self.errors.get_or_create(&Code { code: code.to_owned() }).inc();
    }

    /// Registers all metrics under their names.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "graphql_requests",
            "GraphQL requests, by operation and outcome",
            self.requests.clone(),
        );
        let help = "Time from accepting a GraphQL operation to answering it";
        registry.register("graphql_request_duration_seconds", help, self.seconds.clone());
        registry.register("graphql_errors", "Errors returned to clients, by code", self.errors.clone());
        registry.register("sockets_open", "Open WebSockets and event streams", self.sockets.clone());
        registry.register("subscriptions_open", "Running subscriptions", self.subscriptions.clone());
        let help = "Messages sent to subscribers";
        registry.register("subscription_messages", help, self.messages.clone());
        let help = "Queries over HTTP, by the way in which they were answered";
        registry.register("graphql_kept_answers", help, self.kept.clone());
        let help = "Size of the answers that are kept in memory, in bytes";
        registry.register("graphql_kept_answer_bytes", help, self.kept_bytes.clone());
        let help = "Fields with a selection set, by what made their values: a plan or the executor";
        registry.register("graphql_object_fields", help, self.resolved.family.clone());
    }
}
