//! Batches the queries of all objects in one response. A list of fifty cabins with their calls costs one more query, not fifty more.
//!
//! Each request has its own loaders, without a cache. Loaders do not check permissions, because a caller that sees the object may also see the loaded
//! field.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::Context;
use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::runtime::{TokioSpawner, TokioTimer};
use chrono::{DateTime, Utc};
use entity::{api_token, auth_session, call, user};
use uuid::Uuid;

use app::access::Shop;
use app::cabins::CabinView;
use app::rates::Terms;
use app::sessions::{Running, SessionView};
use app::tariffs::Version;
use app::tariffs::derived::{self, Derivation};
use app::{App, accounts, api_tokens, cabins, screens, sessions, tariffs, users};
use base::error::{Error, Result};
use store::Page;
use store::calls::Detail;

/// The data loaders of one request.
pub type Loaders = DataLoader<Batches>;

/// The batch functions.
pub struct Batches(Arc<App>);

/// A page of the calls of one cabin or session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallsOf {
    /// Calls that were made from this cabin.
    Cabin(Uuid, Page, Detail),
    /// Calls that are billed to this session, which was opened at the given time.
    Session((Uuid, DateTime<Utc>), Page, Detail),
}

/// Key: a user's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UserId(pub Uuid);

/// Key: an API token's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ApiTokenId(pub Uuid);

/// Key: a cabin's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CabinId(pub Uuid);

/// Key: a cabin's id. The loader reads the cabin's live call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LiveCallOf(pub Uuid);

/// Key: a session's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionId(pub Uuid);

/// Key: a callshop's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ShopId(pub Uuid);

/// Key: a session's id, and the time it was opened. The loader computes the cost of the session up to now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RunningOf(pub Uuid, pub DateTime<Utc>);

/// Key: a cabin's id. The loader reads the cabin's screens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ScreensOf(pub Uuid);

/// Key: a tariff's id. The loader reads the terms of the tariff's current version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TermsOf(pub Uuid);

/// Key: a tariff's id. The loader reads how the tariff is derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DerivationOf(pub Uuid);

/// Key: the id of a tariff's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VersionId(pub Uuid);

/// Data loaders for a new request.
pub fn loaders(app: Arc<App>) -> Loaders {
    // the keys for all objects of a list arrive at once, so there is no need to wait for more keys
    DataLoader::new(Batches(app), TokioSpawner::current(), TokioTimer::default()).delay(Duration::ZERO)
}

/// Loads one object, batched with the other loads of this response.
///
/// # Errors
/// Fails with `Overloaded` if the database is overloaded, and with a fault for any other error.
pub async fn load<K>(ctx: &Context<'_>, key: K) -> Result<Option<<Batches as Loader<K>>::Value>>
where
    K: Clone + Eq + std::hash::Hash + Send + Sync + 'static,
    Batches: Loader<K, Error = Arc<Error>>,
{
    let loaders = ctx
        .data::<Loaders>()
        .map_err(|_| Error::fault("the request has no data loaders; this is a bug, please report it"))?;
    Box::pin(loaders.load_one(key)).await.map_err(|shared| match &*shared {
        // the whole batch fails in the same way, but each request needs its own error value
        Error::Overloaded(what) => Error::Overloaded(what),
        _ => Error::fault(shared),
    })
}

#[async_trait::async_trait]
impl Loader<CallsOf> for Batches {
    type Value = Vec<Arc<call::View>>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[CallsOf]) -> Result<HashMap<CallsOf, Self::Value>, Self::Error> {
        let mut of_cabins: HashMap<(Page, Detail), Vec<Uuid>> = HashMap::new();
        let mut of_sessions: HashMap<(Page, Detail), Vec<(Uuid, DateTime<Utc>)>> = HashMap::new();
        for key in keys {
            match *key {
                CallsOf::Cabin(id, page, detail) => of_cabins.entry((page, detail)).or_default().push(id),
                CallsOf::Session(of, page, detail) => of_sessions.entry((page, detail)).or_default().push(of),
            }
        }
        let mut found: HashMap<CallsOf, Self::Value> = keys.iter().map(|key| (*key, Vec::new())).collect();
        for ((page, detail), ids) in of_cabins {
            for row in app::calls::of_cabins(&self.0, &ids, page, detail).await? {
                let key = CallsOf::Cabin(row.cabin_id.unwrap_or_default(), page, detail);
                found.entry(key).or_default().push(row);
            }
        }
        for ((page, detail), sessions) in of_sessions {
            let opened: HashMap<Uuid, DateTime<Utc>> = sessions.iter().copied().collect();
            for row in app::calls::of_sessions(&self.0, &sessions, page, detail).await? {
                let id = row.session_id.unwrap_or_default();
                let key = CallsOf::Session((id, opened.get(&id).copied().unwrap_or_default()), page, detail);
                found.entry(key).or_default().push(row);
            }
        }
        Ok(found)
    }
}

#[async_trait::async_trait]
impl Loader<UserId> for Batches {
    type Value = user::Model;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[UserId]) -> Result<HashMap<UserId, Self::Value>, Self::Error> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let rows = users::named(&self.0, &ids).await?;
        Ok(rows.into_iter().map(|row| (UserId(row.id), row)).collect())
    }
}

#[async_trait::async_trait]
impl Loader<ApiTokenId> for Batches {
    type Value = api_token::Model;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[ApiTokenId]) -> Result<HashMap<ApiTokenId, Self::Value>, Self::Error> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let rows = api_tokens::named(&self.0, &ids).await?;
        Ok(rows.into_iter().map(|row| (ApiTokenId(row.id), row)).collect())
    }
}

#[async_trait::async_trait]
impl Loader<CabinId> for Batches {
    type Value = CabinView;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[CabinId]) -> Result<HashMap<CabinId, Self::Value>, Self::Error> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let views = cabins::views_by_ids(self.0.store.reader(), &ids).await?;
        Ok(views.into_iter().map(|view| (CabinId(view.cabin.id), view)).collect())
    }
}

#[async_trait::async_trait]
impl Loader<LiveCallOf> for Batches {
    type Value = Arc<call::View>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[LiveCallOf]) -> Result<HashMap<LiveCallOf, Self::Value>, Self::Error> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let rows = app::calls::live_of_cabins(&self.0, &ids).await?;
        // if a cabin has several live calls, the newest call is the customer's
        Ok(rows.into_iter().filter_map(|row| Some((LiveCallOf(row.cabin_id?), Arc::new(row)))).collect())
    }
}

#[async_trait::async_trait]
impl Loader<SessionId> for Batches {
    type Value = SessionView;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[SessionId]) -> Result<HashMap<SessionId, Self::Value>, Self::Error> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let views = sessions::by_ids(&self.0, &ids).await?;
        Ok(views.into_iter().map(|view| (SessionId(view.session.id), view)).collect())
    }
}

#[async_trait::async_trait]
impl Loader<ShopId> for Batches {
    type Value = Shop;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[ShopId]) -> Result<HashMap<ShopId, Self::Value>, Self::Error> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let shops = accounts::shops_by_ids(&self.0, &ids).await?;
        Ok(shops.into_iter().map(|shop| (ShopId(shop.id()), shop)).collect())
    }
}

#[async_trait::async_trait]
impl Loader<RunningOf> for Batches {
    type Value = Running;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[RunningOf]) -> Result<HashMap<RunningOf, Self::Value>, Self::Error> {
        let sessions: Vec<_> = keys.iter().map(|key| (key.0, key.1)).collect();
        let mut running = sessions::running(&self.0, &sessions).await?;
        Ok(keys.iter().filter_map(|key| Some((*key, running.remove(&key.0)?))).collect())
    }
}

#[async_trait::async_trait]
impl Loader<ScreensOf> for Batches {
    type Value = Vec<auth_session::Model>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[ScreensOf]) -> Result<HashMap<ScreensOf, Self::Value>, Self::Error> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let mut screens: HashMap<ScreensOf, Self::Value> = HashMap::new();
        for row in screens::of_cabins(&self.0, &ids).await? {
            screens.entry(ScreensOf(row.cabin_id.unwrap_or_default())).or_default().push(row);
        }
        Ok(screens)
    }
}

#[async_trait::async_trait]
impl Loader<TermsOf> for Batches {
    type Value = Terms;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[TermsOf]) -> Result<HashMap<TermsOf, Self::Value>, Self::Error> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let terms = tariffs::current_terms(&self.0, &ids).await?;
        Ok(terms.into_iter().map(|(id, terms)| (TermsOf(id), terms)).collect())
    }
}

#[async_trait::async_trait]
impl Loader<DerivationOf> for Batches {
    type Value = Derivation;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[DerivationOf]) -> Result<HashMap<DerivationOf, Self::Value>, Self::Error> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let found = derived::of_tariffs(&self.0, &ids).await?;
        Ok(found.into_iter().map(|(id, derivation)| (DerivationOf(id), derivation)).collect())
    }
}

#[async_trait::async_trait]
impl Loader<VersionId> for Batches {
    type Value = Version;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[VersionId]) -> Result<HashMap<VersionId, Self::Value>, Self::Error> {
        let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
        let versions = tariffs::versions_by_ids(&self.0, &ids).await?;
        Ok(versions.into_iter().map(|version| (VersionId(version.version.id), version)).collect())
    }
}
