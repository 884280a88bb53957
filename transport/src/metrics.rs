//! Requests of clients: how many, how they ended, how long they took; sockets, subscriptions and what they were told.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use telemetry::DURATION_BUCKETS;

/// Codes of errors that are told apart; those past it count as `OTHER`.
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

/// Requests of clients.
#[derive(Debug)]
pub struct Metrics {
    requests: Family<Request, Counter>,
    seconds: Family<Operation, Histogram, fn() -> Histogram>,
    errors: Family<Code, Counter>,
    known: std::sync::Mutex<std::collections::HashSet<String>>,
    /// WebSockets and event streams open now.
    pub sockets: Gauge,
    /// Subscriptions running now.
    pub subscriptions: Gauge,
    /// Messages that subscriptions gave their clients.
    pub messages: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let seconds = || Histogram::new(DURATION_BUCKETS);
        Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(seconds),
            errors: Family::default(),
            known: std::sync::Mutex::default(),
            sockets: Gauge::default(),
            subscriptions: Gauge::default(),
            messages: Counter::default(),
        }
    }
}

impl Metrics {
    /// An operation was run, after so long, with errors of these codes.
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

    /// A subscription began.
    pub fn subscribed(&self) {
        self.requests.get_or_create(&Request { operation: "subscription", outcome: "ok" }).inc();
        self.subscriptions.inc();
    }

    /// A request was refused before anything of it ran, or ran out of time.
    pub fn refused(&self, code: &str) {
        self.requests.get_or_create(&Request { operation: "none", outcome: "refused" }).inc();
        self.error(code);
    }

    fn error(&self, code: &str) {
        let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // codes are words of this program; should one ever be made of something else, the series stay bounded
        if !known.contains(code) && known.len() < MAX_CODES {
            known.insert(code.to_owned());
        }
        let code = if known.contains(code) { code } else { "OTHER" };
        self.errors.get_or_create(&Code { code: code.to_owned() }).inc();
    }

    /// Registers everything under its names.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "graphql_requests",
            "GraphQL requests, by what they do and how they ended",
            self.requests.clone(),
        );
        let help = "Time from a GraphQL operation that was accepted to its answer";
        registry.register("graphql_request_duration_seconds", help, self.seconds.clone());
        registry.register("graphql_errors", "Errors answered to clients, by their code", self.errors.clone());
        registry.register("sockets_open", "WebSockets and event streams that are open", self.sockets.clone());
        registry.register("subscriptions_open", "Subscriptions that are running", self.subscriptions.clone());
        let help = "Messages that subscriptions gave their clients";
        registry.register("subscription_messages", help, self.messages.clone());
    }
}
