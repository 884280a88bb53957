//! The subscription to live calls with their running cost, and code that several subscriptions share.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Context, ID, SimpleObject};
use chrono::{DateTime, Utc};
use futures_util::future::{BoxFuture, FutureExt as _, OptionFuture};
use futures_util::stream::{self, StreamExt as _};
use graphql_macros::object;
use uuid::Uuid;

use super::accounts::parse_account;
use super::activity::{Answers, application};
use super::actor;
use super::calls::Call;
use super::payload::top_level;
use super::roles::SIGNED_IN;
use super::scalars::Kind;
use app::activity as watching;
use app::auth::Actor;
use app::feed::{Watch, stream as positions};
use app::{App, branch, calls as call_cases};

/// A message of the `liveCalls` subscription.
#[object]
#[derive(SimpleObject)]
pub struct LiveCalls {
    /// Instant at which elapsed times and costs were computed.
    pub as_of: DateTime<Utc>,
    /// All live calls, oldest first.
    #[field(length = 20)]
    pub calls: Vec<Call>,
}

/// The fields of `Subscription` for live calls and their running cost.
#[derive(Default)]
pub struct LiveCallSubscription;

#[object(root = "Subscription")]
impl LiveCallSubscription {
    /// The live calls of a callshop, or of all callshops below an account, with elapsed time and cost. Give either `callshopId` or `accountId`. A
    /// message is sent immediately, and then every `everySeconds` seconds. For a callshop, a message is also sent whenever a call changes.
    #[field(roles = SIGNED_IN, scope = CALLS_READ)]
    async fn live_calls(
        &self,
        ctx: &Context<'_>,
        callshop_id: Option<ID>,
        #[graphql(desc = "Account whose callshops are watched. The oldest 1,000 calls are listed.")]
        account_id: Option<ID>,
        #[graphql(default = 1, desc = "Seconds between messages, 1 to 60.")] every_seconds: i32,
    ) -> async_graphql::Result<Answers<LiveCalls>> {
        let (app, actor) = (application(ctx), actor(ctx)?.clone());
        let every = u64::try_from(every_seconds).ok().filter(|seconds| (1..=60).contains(seconds));
        let every = every.ok_or_else(|| {
            let message = "`everySeconds` must be between 1 and 60.";
            top_level(base::error::Error::invalid("everySeconds", message))
        })?;
        let every = Duration::from_secs(every);
        match (callshop_id, account_id) {
            (Some(id), None) => {
                let shop = Kind::Callshop.parse(&id).map_err(top_level)?;
                Ok(ticks(Ticker::start(app, actor, shop, every).await?, |ticker| ticker.next().boxed()))
            }
            (None, Some(id)) => {
                let account = parse_account(ctx, &id).await.map_err(top_level)?;
                // this read also checks the caller's access before the stream begins
                branch::live_calls(&app, &actor, account).await.map_err(top_level)?;
                let ticker = BranchTicker { app, actor, account, ticks: interval(every) };
                Ok(ticks(ticker, |ticker| ticker.next().boxed()))
            }
            _ => {
                let message = "Give either `callshopId` or `accountId`.";
                Err(top_level(base::error::Error::invalid("callshopId", message)))
            }
        }
    }
}

/// The stream of the messages that `next` returns. The stream ends after the first error.
pub(super) fn ticks<T, M, F>(ticker: T, next: F) -> Answers<M>
where
    T: Send + 'static,
    M: Send + 'static,
    F: for<'a> Fn(&'a mut T) -> BoxFuture<'a, base::error::Result<M>> + Clone + Send + 'static,
{
    let messages = stream::unfold(Some(ticker), move |ticker| {
        let next = next.clone();
        async move {
            let mut ticker = ticker?;
            match next(&mut ticker).await {
                Ok(message) => Some((Ok(message), Some(ticker))),
                Err(error) => Some((Err(top_level(error)), None)),
            }
        }
    });
    messages.boxed()
}

/// The first tick is immediate. A late tick delays the next tick.
pub(super) fn interval(every: Duration) -> tokio::time::Interval {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks
}

/// The live calls of a branch, read at each tick.
struct BranchTicker {
    app: Arc<App>,
    actor: Actor,
    account: Uuid,
    ticks: tokio::time::Interval,
}

impl BranchTicker {
    async fn next(&mut self) -> base::error::Result<LiveCalls> {
        self.ticks.tick().await;
        let live =
            || store::in_time(positions::PATIENCE, branch::live_calls(&self.app, &self.actor, self.account));
        let rows = positions::retry_until_available(live).await?;
        let as_of = self.app.clock.now();
        Ok(LiveCalls { as_of, calls: rows.into_iter().map(|row| Call::new(row, as_of)).collect() })
    }
}

type Rows = Vec<Arc<entity::call::View>>;

fn shared(rows: Vec<entity::call::View>) -> Rows {
    rows.into_iter().map(Arc::new).collect()
}

/// The live calls of one callshop. The live calls are read again after an activity event, and recomputed at each tick in between.
struct Ticker {
    app: Arc<App>,
    actor: Actor,
    shop: Uuid,
    watch: Watch,
    ticks: tokio::time::Interval,
    calls: Rows,
    /// A read that began after an activity event and is still in progress.
    reading: Option<BoxFuture<'static, base::error::Result<Rows>>>,
}

impl Ticker {
    async fn start(app: Arc<App>, actor: Actor, shop: Uuid, every: Duration) -> async_graphql::Result<Self> {
        let start = watching::start(&app, &actor, shop, None, None).await.map_err(top_level)?;
        let calls = start.snapshot.map(|state| shared(state.live)).unwrap_or_default();
        Ok(Self { app, actor, shop, watch: start.watch, ticks: interval(every), calls, reading: None })
    }

    /// The next message. While a read is in progress, ticks use the previous rows, so the stream continues even if the database is unavailable.
    async fn next(&mut self) -> base::error::Result<LiveCalls> {
        loop {
            tokio::select! {
                _ = self.ticks.tick() => break,
                Some(calls) = OptionFuture::from(self.reading.as_mut()) => {
                    self.reading = None;
                    self.calls = calls?;
                    break;
                }
                changed = Self::changed(&mut self.watch), if self.reading.is_none() => {
                    changed?;
                    self.reading = Some(Self::read(self.app.clone(), self.actor.clone(), self.shop).boxed());
                }
            }
        }
        let as_of = self.app.clock.now();
        Ok(LiveCalls { as_of, calls: self.calls.iter().cloned().map(|row| Call::new(row, as_of)).collect() })
    }

    async fn read(app: Arc<App>, actor: Actor, shop: Uuid) -> base::error::Result<Rows> {
        let (app, actor) = (&app, &actor);
        let live = || store::in_time(positions::PATIENCE, call_cases::live(app, actor, shop));
        positions::retry_until_available(live).await.map(shared)
    }

    /// Waits for an activity event about a call.
    async fn changed(watch: &mut Watch) -> base::error::Result<()> {
        while watch.next().await?.call_id.is_none() {}
        Ok(())
    }
}
