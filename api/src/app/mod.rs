//! The use cases, one file per noun. Each takes an [`Actor`](crate::auth::Actor) and checks its rights before it touches a row.

pub mod access;
pub mod accounts;
pub mod activity;
pub mod audit;
pub mod cabins;
pub mod calls;
pub mod credit;
pub mod explain;
pub mod idempotency;
pub mod ledger;
pub mod margin;
pub mod phones;
pub mod prices;
pub mod problems;
pub mod rates;
pub mod receipts;
pub mod register;
pub mod reports;
pub mod retention;
pub mod sessions;
pub mod settings;
pub mod statistics;
pub mod tariffs;
pub mod users;

use std::sync::Arc;

use secrecy::ExposeSecret as _;

use crate::auth::Actor;
use crate::auth::login::Identities;
use crate::auth::token::{TokenKey, random_secret};
use crate::clock::Clock;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::health::Health;
use crate::kamailio::control::Proxies;
use crate::kamailio::stream::EventStream;
use crate::metrics::Metrics;
use crate::store::{Store, Tx, accounts as rows};

/// State shared by all use cases.
pub struct App {
    /// The database and its change notifications.
    pub store: Store,
    /// The configuration.
    pub config: Arc<Config>,
    /// The source of the current time; tests replace it.
    pub clock: Clock,
    /// Logins cached on this node.
    pub identities: Identities,
    /// Tariff versions cached in memory.
    pub rates: rates::RateCache,
    /// Client that sends commands to the SIP proxies.
    pub proxies: Proxies,
    /// Stream of proxy events in Redis. None unless Redis is configured.
    pub proxy_events: Option<Arc<EventStream>>,
    /// Counters exported to Prometheus.
    pub metrics: Arc<Metrics>,
    /// Liveness and readiness of this node.
    pub health: Health,
    /// Comparison of our live calls and phones with the proxies' listings.
    pub reconciliation: calls::reconcile::Reconciliation,
}

impl App {
    /// Creates the application over a migrated store.
    ///
    /// # Errors
    /// Database errors; a fault if the configuration of a proxy or of Redis is not usable.
    pub async fn new(store: Store, config: Arc<Config>, clock: Clock) -> Result<Self> {
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
        let proxies = Proxies::new(&config.hook.proxies).map_err(Error::fault)?;
        let proxy_events = EventStream::new(&config.redis)?.map(Arc::new);
        let reconciliation = calls::reconcile::Reconciliation::default();
        if let Some(stream) = &proxy_events {
            reconciliation.deliver_by(stream.clone());
        }
        Ok(Self {
            store,
            config,
            clock,
            identities,
            rates,
            proxies,
            proxy_events,
            metrics: Arc::default(),
            health: Health::default(),
            reconciliation,
        })
    }

    /// Runs `work` in a transaction on behalf of the actor ([`access::write_as`]). If the login has ended, it is also removed from this
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
