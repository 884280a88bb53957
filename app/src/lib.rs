//! The use cases, one file per noun. Each use case takes an [`Actor`](crate::auth::Actor) and checks the actor's rights before it touches a row.

pub mod access;
pub mod account_statement;
pub mod accounts;
pub mod activity;
pub mod api_tokens;
pub mod audit;
mod audited;
pub mod auth;
pub mod branch;
pub mod cabins;
pub mod calls;
pub mod config;
pub mod credit;
pub mod day;
pub mod explain;
pub mod exports;
pub mod feed;
pub mod finding;
pub mod idempotency;
pub mod languages;
pub mod ledger;
pub mod margin;
pub mod metrics;
pub mod notices;
pub mod phones;
pub mod prices;
pub mod problems;
pub mod rates;
pub mod readiness;
pub mod receipt;
pub mod receipts;
pub mod redis_client;
pub mod register;
pub mod reports;
pub mod retention;
pub mod sandbox;
pub mod screens;
pub mod sessions;
pub mod settings;
pub mod sip_proxies;
pub mod statistics;
pub mod tariffs;
pub mod users;
pub mod webhooks;

use std::sync::Arc;

use secrecy::ExposeSecret as _;

use crate::auth::Actor;
use crate::auth::login::Identities;
use crate::auth::token::{TokenKey, random_secret};
use crate::config::Options;
use crate::feed::Hub;
use crate::metrics::Metrics;
use crate::sandbox::Simulator;
use crate::sip_proxies::{EventQueue, SipProxies};
use crate::tariffs::following::Following;
use crate::tariffs::imports::Imports;
use crate::webhooks::ports::Outlets;
use base::clock::Clock;
use base::error::{Error, Result};
use store::{Store, Tx, accounts as rows};
use telemetry::health::Health;

/// State shared by all use cases.
pub struct App {
    /// The database.
    pub store: Store,
    /// Delivers the live activity of callshops. The hub observes the store's commits.
    pub hub: Arc<Hub>,
    /// The configuration.
    pub config: Options,
    /// The source of the current time; tests replace it.
    pub clock: Clock,
    /// Logins cached on this node.
    pub identities: Identities,
    /// Tariff versions cached in memory.
    pub rates: rates::RateCache,
    /// Reads the numbers of callshops' last activities.
    pub heads: activity::Heads,
    /// Snapshots that subscribers share.
    pub snapshots: activity::Snapshots,
    /// Imports of rate decks that run on this node.
    pub imports: Imports,
    /// Wakes the loop that keeps derived tariffs up to date.
    pub following: Following,
    /// Client that sends commands to the SIP proxies.
    pub proxies: Arc<dyn SipProxies>,
    /// The external queue that delivers the proxies' events; `None` if the proxies post all events over HTTP.
    pub event_queue: Option<Arc<dyn EventQueue>>,
    /// Makes simulated calls; `None` unless this server is a sandbox.
    pub simulator: Option<Arc<dyn Simulator>>,
    /// Compiles the documents of webhooks, and posts their messages.
    pub webhooks: Outlets,
    /// Counters exported to Prometheus.
    pub metrics: Arc<Metrics>,
    /// The callshops of calls and phones that this node has seen lately.
    pub(crate) callshops: calls::writer::Callshops,
    /// Liveness and readiness of this node.
    pub health: Health,
    /// The result of the last database check.
    pub database: readiness::Database,
    /// The comparison of this server's live calls and phones with the proxies' listings.
    pub reconciliation: calls::reconcile::Reconciliation,
}

/// The connections of an [`App`].
pub struct Connections {
    /// A migrated store.
    pub store: Store,
    /// The observer of the store's commits.
    pub hub: Arc<Hub>,
    /// The SIP proxies.
    pub proxies: Arc<dyn SipProxies>,
    /// The external queue that delivers the proxies' events, if any.
    pub event_queue: Option<Arc<dyn EventQueue>>,
    /// The simulator of a sandbox.
    pub simulator: Option<Arc<dyn Simulator>>,
    /// The compiler of webhooks' documents, and the client that posts their messages.
    pub webhooks: Outlets,
}

impl App {
    /// Reads the token key from the configuration or the database. In an empty database, creates the key.
    ///
    /// # Errors
    /// Fails with a fault if the token key cannot be read back. May also fail with database errors.
    pub async fn new(connections: Connections, config: Options, clock: Clock) -> Result<Self> {
        let Connections { store, hub, proxies, event_queue, simulator, webhooks } = connections;
        let key = match &config.auth.token_key {
            Some(key) => key.expose_secret().to_owned(),
            None => {
                store
                    .write(|tx| async move {
                        rows::shared_setting(tx.conn(), "token_key", &random_secret()).await
                    })
                    .await?
            }
        };
        let identities = Identities::new(TokenKey::new(key.as_bytes()));
        let rates = rates::RateCache::new(config.calls.rate_cache_bytes);
        let imports = Imports::new(&config.imports);
        Ok(Self {
            store,
            hub,
            config,
            clock,
            identities,
            rates,
            heads: activity::Heads::default(),
            snapshots: activity::Snapshots::default(),
            imports,
            following: Following::default(),
            proxies,
            event_queue,
            simulator,
            webhooks,
            metrics: Arc::default(),
            callshops: calls::writer::Callshops::default(),
            health: Health::default(),
            database: readiness::Database::default(),
            reconciliation: calls::reconcile::Reconciliation::default(),
        })
    }

    /// Runs `work` in a transaction on behalf of the actor ([`access::write_as`]). If the actor's login has ended, also removes the login from this
    /// node's cache.
    ///
    /// # Errors
    /// See [`access::write_as`].
    pub async fn write_as<T, F, Fut>(&self, actor: &Actor, work: F) -> Result<T>
    where
        F: Fn(Tx) -> Fut,
        Fut: Future<Output = Result<T>>,
    {
        let done = access::write_as(&self.store, actor, work).await;
        if matches!(done, Err(Error::Unauthenticated)) {
            self.identities.forget(&[actor.session_id]);
        }
        done
    }
}
