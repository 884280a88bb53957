//! What many objects of one answer ask for each on its own, read together: a list of fifty cabins with their calls is one query more, not fifty.
//!
//! A request has loaders of its own, without a cache: whatever they find was proven to be the caller's by the object that asks.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::Context;
use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::runtime::{TokioSpawner, TokioTimer};
use entity::{call, user};
use uuid::Uuid;

use app::cabins::CabinView;
use app::{App, cabins, calls, users};
use base::error::{Error, Result};
use store::Page;

/// The loaders of one request.
pub type Loaders = DataLoader<Batches>;

/// Reads batches.
pub struct Batches(Arc<App>);

/// Whose calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallsOf {
    /// Made from a cabin; with the prices of calls that are over, or without.
    Cabin(Uuid, Page, bool),
    /// On a session's bill; likewise.
    Session(Uuid, Page, bool),
}

/// A user by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UserId(pub Uuid);

/// A cabin by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CabinId(pub Uuid);

/// Loaders for a new request.
pub fn loaders(app: Arc<App>) -> Loaders {
    // what the objects of one list ask for is there at once: there is nothing to wait for
    DataLoader::new(Batches(app), TokioSpawner::current(), TokioTimer::default()).delay(Duration::ZERO)
}

/// Asks for one object, together with what others of this answer ask for.
///
/// # Errors
/// Those of the database.
pub async fn load<K>(ctx: &Context<'_>, key: K) -> Result<Option<<Batches as Loader<K>>::Value>>
where
    K: Clone + Eq + std::hash::Hash + Send + Sync + 'static,
    Batches: Loader<K, Error = Arc<Error>>,
{
    let loaders = ctx.data::<Loaders>().map_err(|_| Error::fault("a request without loaders"))?;
    Box::pin(loaders.load_one(key)).await.map_err(|shared| match &*shared {
        // all requests of the batch share the failure, and each answers it on its own
        Error::Overloaded(what) => Error::Overloaded(what),
        _ => Error::fault(shared),
    })
}

impl Loader<CallsOf> for Batches {
    type Value = Vec<Arc<call::Model>>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[CallsOf]) -> Result<HashMap<CallsOf, Self::Value>, Self::Error> {
        let mut pages: HashMap<(bool, Page, bool), Vec<Uuid>> = HashMap::new();
        for key in keys {
            let (of_cabin, id, page, priced) = match *key {
                CallsOf::Cabin(id, page, priced) => (true, id, page, priced),
                CallsOf::Session(id, page, priced) => (false, id, page, priced),
            };
            pages.entry((of_cabin, page, priced)).or_default().push(id);
        }
        let mut found: HashMap<CallsOf, Self::Value> = keys.iter().map(|key| (*key, Vec::new())).collect();
        for ((of_cabin, page, priced), ids) in pages {
            let rows = match of_cabin {
                true => calls::of_cabins(&self.0, &ids, page, priced).await?,
                false => calls::of_sessions(&self.0, &ids, page, priced).await?,
            };
            for row in rows {
                let key = match (of_cabin, row.cabin_id, row.session_id) {
                    (true, Some(id), _) => CallsOf::Cabin(id, page, priced),
                    (false, _, Some(id)) => CallsOf::Session(id, page, priced),
                    _ => continue,
                };
                found.entry(key).or_default().push(row);
            }
        }
        Ok(found)
    }
}

impl Loader<UserId> for Batches {
    type Value = user::Model;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[UserId]) -> Result<HashMap<UserId, Self::Value>, Self::Error> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let rows = users::named(&self.0, &ids).await?;
        Ok(rows.into_iter().map(|row| (UserId(row.id), row)).collect())
    }
}

impl Loader<CabinId> for Batches {
    type Value = CabinView;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[CabinId]) -> Result<HashMap<CabinId, Self::Value>, Self::Error> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let views = cabins::views_by_ids(self.0.store.reader(), &ids).await?;
        Ok(views.into_iter().map(|view| (CabinId(view.cabin.id), view)).collect())
    }
}
