//! Snapshots that several subscribers share. After a node's death, thousands of subscribers of one callshop reconnect at the same time. One read of
//! the callshop's state serves all these subscribers.

use std::sync::Arc;
use std::time::Duration;

use entity::{call, register_shift};
use moka::future::Cache;
use moka::policy::EvictionPolicy;
use uuid::Uuid;

use super::MAX_UNPAID;
use crate::App;
use crate::access::Shop;
use crate::cabins::{self as cabin_cases, CabinView};
use crate::calls::pricing;
use crate::sessions::{self, SessionView};
use base::error::{Error, Result};
use store::{activity, cabins, register};

/// Maximum number of snapshots in memory. The snapshot that was used least recently is dropped first.
const MOST: u64 = 64;
/// How long a snapshot is shared. Some details of phones, such as the contact, change without an activity, so this time is short.
const SHARED_FOR: Duration = Duration::from_secs(2);

/// The part of a snapshot that is the same for every subscriber.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) seq: i64,
    pub(super) cabins: Vec<CabinView>,
    pub(super) live: Vec<call::View>,
    pub(super) shift: Option<register_shift::Model>,
    pub(super) unpaid: Vec<SessionView>,
}

/// The snapshots of this node, keyed by callshop, cabin and the number of the callshop's last activity.
pub struct Snapshots(Cache<(Uuid, Option<Uuid>, i64), Arc<Shared>>);

impl Default for Snapshots {
    fn default() -> Self {
        let cache = Cache::builder()
            .max_capacity(MOST)
            .eviction_policy(EvictionPolicy::lru())
            .time_to_live(SHARED_FOR);
        Self(cache.build())
    }
}

impl Snapshots {
    /// The state of a callshop, or of one of its cabins, after its last activity. Concurrent callers share one read.
    ///
    /// # Errors
    /// Fails with [`Error::Overloaded`] if the database is overloaded, and with a fault for any other error.
    pub(super) async fn latest(&self, app: &App, shop: &Shop, cabin: Option<Uuid>) -> Result<Arc<Shared>> {
        // a state that was read after this number contains at least the activities up to this number
        let seq = app.heads.of(&app.store, shop.id()).await?;
        let key = (shop.id(), cabin, seq);
        let read = async { read(app, shop, cabin).await.map(Arc::new) };
        self.0.try_get_with(key, Box::pin(read)).await.map_err(|shared: Arc<Error>| match &*shared {
            Error::Overloaded(what) => Error::Overloaded(what),
            _ => Error::fault(shared),
        })
    }
}

/// Reads the state and its number in one transaction.
async fn read(app: &App, shop: &Shop, cabin: Option<Uuid>) -> Result<Shared> {
    let (id, currency) = (shop.id(), shop.account.currency.as_str());
    let mut shared = app
        .store
        .read(|tx| async move {
            let seq = activity::head(tx.conn(), id).await?;
            let mut rows = cabins::all(tx.conn(), id).await?;
            let mut live = store::calls::live(tx.conn(), id).await?;
            if let Some(cabin) = cabin {
                rows.retain(|row| row.id == cabin);
                live.retain(|row| row.cabin_id == Some(cabin));
            }
            let cabins = cabin_cases::views(tx.conn(), id, currency, rows).await?;
            let (mut shift, mut unpaid) = (None, Vec::new());
            if cabin.is_none() {
                shift = register::open_shift(tx.conn(), id).await?;
                unpaid = sessions::unpaid(tx.conn(), id, currency, MAX_UNPAID).await?;
            }
            Ok(Shared { seq, cabins, live, shift, unpaid })
        })
        .await?;
    pricing::show(&app.rates, app.store.reader(), &mut shared.live).await?;
    Ok(shared)
}
