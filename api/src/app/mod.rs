//! The use cases, one file a noun. Each takes an [`Actor`](crate::auth::Actor) and proves what it needs before it touches a row.

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

/// What every use case needs.
pub struct App {
    /// The database and its doorbell.
    pub store: Store,
    /// The configuration.
    pub config: Arc<Config>,
    /// The time.
    pub clock: Clock,
    /// Logins known to this node.
    pub identities: Identities,
    /// Tariff versions in memory.
    pub rates: rates::RateCache,
    /// The SIP proxies, for commands.
    pub proxies: Proxies,
    /// The proxies' events in Redis, where they are read from there.
    pub proxy_events: Option<Arc<EventStream>>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Whether this node lives and may be given work.
    pub health: Health,
    /// Comparing with what the proxies list.
    pub reconciliation: calls::reconcile::Reconciliation,
}

impl App {
    /// Over a migrated store.
    ///
    /// # Errors
    /// Those of the database.
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

    /// Runs `work` in a transaction of the actor ([`access::write_as`]). A login that turns out to have ended is forgotten here at once.
    ///
    /// # Errors
    /// Those of [`access::write_as`].
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
