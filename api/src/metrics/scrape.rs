//! Gauges read at scrape time: the writer's queue, pools, the tariff cache and, at most once every five seconds, live calls and holds from the
//! database.

use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use app::App;
use app::calls::writer::CallWriter;
use store::health::InProgress;
use store::webhooks;

/// How long the values from the database are reused.
const FRESH: Duration = Duration::from_secs(5);
/// How long the database may take to respond.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Pool {
    pool: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    state: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Currency {
    currency: String,
}

/// The gauges, with their latest values.
#[derive(Debug, Default)]
pub struct Gauges {
    waiting: Gauge,
    room: Gauge,
    notifier: Gauge,
    versions: Gauge<u64, AtomicU64>,
    bytes: Gauge<u64, AtomicU64>,
    connections: Family<Pool, Gauge>,
    idle: Family<Pool, Gauge>,
    most: Family<Pool, Gauge>,
    live: Family<State, Gauge>,
    held: Family<Currency, Gauge>,
    holding: Family<Currency, Gauge>,
    low: Family<Currency, Gauge>,
    undelivered: Gauge,
    lag: Gauge,
    ready: Gauge,
    asked: std::sync::Mutex<Option<Instant>>,
}

impl Gauges {
    /// Reads all gauges. If the database does not respond, the gauges of live calls, held amounts and low credit are omitted, and the gauges of
    /// webhooks keep their values.
    pub async fn read(&self, app: &App, writer: &CallWriter) {
        let (room, queue) = writer.room();
        self.waiting.set(signed(queue.saturating_sub(room)));
        self.room.set(signed(room));
        self.notifier.set(signed(app.hub.waiting()));
        let (versions, bytes) = app.rates.size().await;
        self.versions.set(versions);
        self.bytes.set(bytes);
        for pool in app.store.pools() {
            let label = Pool { pool: pool.name };
            self.connections.get_or_create(&label).set(i64::from(pool.open));
            self.idle.get_or_create(&label).set(signed(pool.idle));
            self.most.get_or_create(&label).set(i64::from(pool.most));
        }
        self.ready.set(i64::from(app.ready((room, queue)).await.is_ok()));
        if !self.is_due() {
            return;
        }
        let state = match tokio::time::timeout(PATIENCE, app.store.in_progress()).await {
            Ok(Ok(state)) => state,
            Ok(Err(error)) => {
                tracing::warn!(%error, "could not count live calls");
                InProgress::default()
            }
            Err(_) => InProgress::default(),
        };
        self.show(&state);
        self.show_webhooks(app).await;
    }

    /// Reads the number of events that webhooks have not delivered yet, and the age of the oldest such event. If the database does not respond, the
    /// gauges keep their values.
    async fn show_webhooks(&self, app: &App) {
        match tokio::time::timeout(PATIENCE, webhooks::backlog(app.store.reader())).await {
            Ok(Ok(backlog)) => {
                let since = backlog.oldest.map(|oldest| (app.clock.now() - oldest).num_seconds().max(0));
                self.undelivered.set(backlog.events);
                self.lag.set(since.unwrap_or(0));
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "could not count the events that webhooks have to deliver")
            }
            Err(_) => {}
        }
    }

    fn is_due(&self) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.is_some_and(|at| at.elapsed() < FRESH) {
            return false;
        }
        *asked = Some(Instant::now());
        true
    }

    fn show(&self, now: &InProgress) {
        self.live.clear();
        self.held.clear();
        self.holding.clear();
        self.low.clear();
        for (state, calls) in &now.live {
            self.live.get_or_create(&State { state: state.clone() }).set(*calls);
        }
        for held in &now.held {
            let label = Currency { currency: held.currency.clone() };
            self.held.get_or_create(&label).set(held.sum.0);
            self.holding.get_or_create(&label).set(held.balances);
        }
        for (currency, accounts) in &now.low {
            self.low.get_or_create(&Currency { currency: currency.clone() }).set(*accounts);
        }
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let help = "Events that active webhooks have not delivered";
        registry.register("webhook_pending_events", help, self.undelivered.clone());
        let help = "Age of the oldest event that an active webhook has not delivered";
        registry.register_with_unit("webhook_lag", help, Unit::Seconds, self.lag.clone());
        registry.register("ready", "Whether /readyz answers 200", self.ready.clone());
        let help = "Events and call attempts waiting for the writer";
        registry.register("writer_queue_jobs", help, self.waiting.clone());
        let help = "Jobs for which the writer's queue has room; at zero the hook answers 503";
        registry.register("writer_queue_free_jobs", help, self.room.clone());
        let help =
            "Activities waiting to be published to the other nodes; beyond redis.queue they are dropped";
        registry.register("notifications_waiting", help, self.notifier.clone());
        registry.register("tariff_cache_versions", "Tariff versions in memory", self.versions.clone());
        registry.register(
            "tariff_cache_bytes",
            "Memory used by the cached tariff versions",
            self.bytes.clone(),
        );
        registry.register("database_connections", "Open connections, by pool", self.connections.clone());
        let help = "Idle connections, by pool";
        registry.register("database_idle_connections", help, self.idle.clone());
        let help = "Connection limit of a pool; when all are open and none is idle, requests wait";
        registry.register("database_max_connections", help, self.most.clone());
        registry.register("live_calls", "Calls in progress on all nodes, by state", self.live.clone());
        let help = "Balance held by live calls, at every level, in millionths of the currency unit";
        registry.register("held_micros", help, self.held.clone());
        registry.register("holding_balances", "Balances with a hold", self.holding.clone());
        let help = "Accounts with credit below the threshold set by setLowCredit; accounts without a threshold do not count";
        registry.register("low_credit_accounts", help, self.low.clone());
    }
}

fn signed(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
