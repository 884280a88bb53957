//! Subscriptions: what happens in a callshop or cabin, and its live calls with their cost.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Context, ID, SimpleObject, Subscription};
use chrono::{DateTime, Utc};
use futures_util::future::{BoxFuture, FutureExt as _, OptionFuture};
use futures_util::stream::{self, BoxStream, StreamExt as _};
use uuid::Uuid;

use super::cabins::Cabin;
use super::calls::Call;
use super::live::{self, Following};
use super::payload::top_level;
use super::roles::{Rule, SIGNED_IN};
use super::scalars::Kind;
use super::{actor, remote_enum};
use app::activity::{self as watching, Start};
use app::auth::Actor;
use app::feed::{Told, Watch, stream as positions};
use app::{App, calls as call_cases};
use store;

/// Who sees what of this file.
pub const RULES: &[Rule] = &[
    ("Subscription.callshopActivity", SIGNED_IN),
    ("Subscription.cabinActivity", SIGNED_IN),
    ("Subscription.liveCalls", SIGNED_IN),
];

remote_enum!(
    /// What happened.
    ActivityKind = "entity::ActivityKind" {
        /// The cash register was opened.
        RegisterOpened,
        /// The cash register was closed.
        RegisterClosed,
        /// A cabin was opened for a customer.
        CabinOpened,
        /// A cabin was closed while a call was up; it closes when the call is over.
        CabinClosing,
        /// A cabin was closed; its statement is final.
        CabinClosed,
        /// A cabin was made, changed or retired.
        CabinChanged,
        /// A phone registered.
        PhoneOnline,
        /// A phone's registration ended.
        PhoneOffline,
        /// A call was allowed and is on its way.
        CallAuthorized,
        /// The other phone rings.
        CallRinging,
        /// Somebody answered; the call costs from now on.
        CallAnswered,
        /// An answered call is over, with its charge.
        CallEnded,
        /// A call was not answered.
        CallFailed,
        /// A call was given up before it was on its way.
        CallAbandoned,
        /// A call was not allowed; its `refusal` says why.
        CallRefused,
        /// A call that is up may go on for longer: more was set aside for it.
        CallExtended,
        /// What the callshop may still spend fell below what it wants to be told of.
        CreditLow,
        /// A customer paid.
        SessionSettled,
        /// A customer who had paid got money back.
        SessionRefunded,
    }
);

/// Something that happened in a callshop.
#[derive(SimpleObject)]
pub struct Activity {
    /// 1, 2, 3 … in the callshop, without a gap; one cabin's activities skip those of the others.
    pub seq: i64,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What happened.
    pub kind: ActivityKind,
    /// In which cabin.
    pub cabin_id: Option<ID>,
    /// In which session.
    pub session_id: Option<ID>,
    /// The call, as it was then.
    pub call: Option<Call>,
}

/// How a callshop stands.
#[derive(SimpleObject)]
pub struct CallshopSnapshot {
    /// When it stood so.
    pub as_of: DateTime<Utc>,
    /// Its cabins, by number.
    pub cabins: Vec<Cabin>,
    /// Its live calls, oldest first.
    pub live_calls: Vec<Call>,
}

/// How a cabin stands.
#[derive(SimpleObject)]
pub struct CabinSnapshot {
    /// When it stood so.
    pub as_of: DateTime<Utc>,
    /// The cabin.
    pub cabin: Cabin,
    /// Its live call.
    pub live_calls: Vec<Call>,
}

/// A message of `callshopActivity`: a snapshot first (unless it goes on behind a cursor), then events.
#[derive(SimpleObject)]
pub struct CallshopActivity {
    /// Subscribe with it as `after` to go on behind this message.
    pub cursor: String,
    /// How the callshop stands; in the first message, when it does not go on behind a cursor.
    pub snapshot: Option<CallshopSnapshot>,
    /// What happened.
    pub event: Option<Activity>,
    /// The cursor given as `after` is older than what is kept: events are missing between it and this snapshot.
    pub cursor_expired: bool,
}

/// A message of `cabinActivity`: a snapshot first (unless it goes on behind a cursor), then events.
#[derive(SimpleObject)]
pub struct CabinActivity {
    /// Subscribe with it as `after` to go on behind this message.
    pub cursor: String,
    /// How the cabin stands; in the first message, when it does not go on behind a cursor.
    pub snapshot: Option<CabinSnapshot>,
    /// What happened.
    pub event: Option<Activity>,
    /// The cursor given as `after` is older than what is kept: events are missing between it and this snapshot.
    pub cursor_expired: bool,
}

/// A message of `liveCalls`.
#[derive(SimpleObject)]
pub struct LiveCalls {
    /// The instant that elapsed times and costs are of.
    pub as_of: DateTime<Utc>,
    /// The live calls, oldest first.
    pub calls: Vec<Call>,
}

impl From<&Told> for Activity {
    fn from(told: &Told) -> Self {
        Self {
            seq: told.seq,
            at: told.at,
            kind: told.kind.into(),
            cabin_id: told.cabin_id.map(|id| Kind::Cabin.id(id)),
            session_id: told.session_id.map(|id| Kind::CabinSession.id(id)),
            call: told.call.clone().map(|call| Call::new(call, told.at)),
        }
    }
}

impl From<&Told> for CallshopActivity {
    fn from(told: &Told) -> Self {
        Self {
            cursor: positions::cursor(told.seq),
            snapshot: None,
            event: Some(told.into()),
            cursor_expired: false,
        }
    }
}

impl From<&Told> for CabinActivity {
    fn from(told: &Told) -> Self {
        Self {
            cursor: positions::cursor(told.seq),
            snapshot: None,
            event: Some(told.into()),
            cursor_expired: false,
        }
    }
}

/// How it stands, then what follows; ends after an error, which it passes on.
fn answers<T>(ctx: &Context<'_>, first: Option<T>, following: Following) -> Answers<T>
where
    T: for<'a> From<&'a Told> + Send + 'static,
{
    let first = stream::iter(first.map(Ok));
    // written without the executor, when that is possible
    let Some(following) = live::leave(ctx, following) else { return first.boxed() };
    let events = stream::unfold(Some(following), async |following: Option<Following>| {
        let mut following = following?;
        match following.next().await {
            Ok(told) => Some((Ok(following.deliver(&told, |told| T::from(told))), Some(following))),
            Err(error) => Some((Err(top_level(error)), None)),
        }
    });
    first.chain(events).boxed()
}

type Answers<T> = BoxStream<'static, async_graphql::Result<T>>;

/// The application behind a subscription, which outlives its first answer.
pub(super) fn application(ctx: &Context<'_>) -> Arc<App> {
    ctx.data_unchecked::<Arc<App>>().clone()
}

/// What can be watched.
#[derive(Default)]
pub struct ActivitySubscription;

#[Subscription]
impl ActivitySubscription {
    /// Everything that happens in a callshop, in order.
    async fn callshop_activity(
        &self,
        ctx: &Context<'_>,
        callshop_id: ID,
        #[graphql(desc = "Go on behind this cursor: nothing missed, nothing twice.")] after: Option<String>,
    ) -> async_graphql::Result<Answers<CallshopActivity>> {
        let (app, actor) = (application(ctx), actor(ctx)?);
        let shop = Kind::Callshop.parse(&callshop_id).map_err(top_level)?;
        let Start { watch, seq, snapshot, expired } =
            watching::start(&app, actor, shop, None, after.as_deref()).await.map_err(top_level)?;
        let first = snapshot.map(|state| CallshopActivity {
            cursor: positions::cursor(seq),
            snapshot: Some(CallshopSnapshot {
                as_of: state.as_of,
                live_calls: state.live.into_iter().map(|row| Call::new(row, state.as_of)).collect(),
                cabins: state.cabins.into_iter().map(Cabin).collect(),
            }),
            event: None,
            cursor_expired: expired,
        });
        Ok(answers(ctx, first, Following { watch, cabin: None, metrics: app.metrics.clone() }))
    }

    /// Everything that happens in a cabin, in order.
    async fn cabin_activity(
        &self,
        ctx: &Context<'_>,
        cabin_id: ID,
        #[graphql(desc = "Go on behind this cursor: nothing missed, nothing twice.")] after: Option<String>,
    ) -> async_graphql::Result<Answers<CabinActivity>> {
        let (app, actor) = (application(ctx), actor(ctx)?);
        let cabin = Kind::Cabin.parse(&cabin_id).map_err(top_level)?;
        let shop = watching::callshop_of(&app, actor, cabin).await.map_err(top_level)?;
        let Start { watch, seq, snapshot, expired } =
            watching::start(&app, actor, shop, Some(cabin), after.as_deref()).await.map_err(top_level)?;
        let first = snapshot.and_then(|state| {
            Some(CabinActivity {
                cursor: positions::cursor(seq),
                snapshot: Some(CabinSnapshot {
                    as_of: state.as_of,
                    live_calls: state.live.into_iter().map(|row| Call::new(row, state.as_of)).collect(),
                    cabin: Cabin(state.cabins.into_iter().next()?),
                }),
                event: None,
                cursor_expired: expired,
            })
        });
        Ok(answers(ctx, first, Following { watch, cabin: Some(cabin), metrics: app.metrics.clone() }))
    }

    /// A callshop's live calls with elapsed time and cost: at once, whenever one changes, and every so many seconds.
    async fn live_calls(
        &self,
        ctx: &Context<'_>,
        callshop_id: ID,
        #[graphql(default = 1, desc = "Seconds between ticks, 1 to 60.")] every_seconds: i32,
    ) -> async_graphql::Result<Answers<LiveCalls>> {
        let (app, actor) = (application(ctx), actor(ctx)?.clone());
        let shop = Kind::Callshop.parse(&callshop_id).map_err(top_level)?;
        let every = u64::try_from(every_seconds).ok().filter(|seconds| (1..=60).contains(seconds));
        let every =
            every.ok_or_else(|| top_level(base::error::Error::invalid("everySeconds", "1 to 60 seconds")))?;
        let ticker = Ticker::start(app, actor, shop, Duration::from_secs(every)).await?;
        let ticks = stream::unfold(Some(ticker), |ticker| async move {
            let mut ticker = ticker?;
            match ticker.next().await {
                Ok(message) => Some((Ok(message), Some(ticker))),
                Err(error) => Some((Err(top_level(error)), None)),
            }
        });
        Ok(ticks.boxed())
    }
}

type Rows = Vec<Arc<entity::call::Model>>;

fn shared(rows: Vec<entity::call::Model>) -> Rows {
    rows.into_iter().map(Arc::new).collect()
}

/// The live calls of one callshop, read again when something happens and computed at each tick in between.
struct Ticker {
    app: Arc<App>,
    actor: Actor,
    shop: Uuid,
    watch: Watch,
    ticks: tokio::time::Interval,
    calls: Rows,
    /// Something happened, and they are being read again.
    reading: Option<BoxFuture<'static, base::error::Result<Rows>>>,
}

impl Ticker {
    async fn start(app: Arc<App>, actor: Actor, shop: Uuid, every: Duration) -> async_graphql::Result<Self> {
        let start = watching::start(&app, &actor, shop, None, None).await.map_err(top_level)?;
        let calls = start.snapshot.map(|state| shared(state.live)).unwrap_or_default();
        // the first tick comes at once
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        Ok(Self { app, actor, shop, watch: start.watch, ticks, calls, reading: None })
    }

    /// The next message. Ticks go on while the calls are read, with what was read before: a database that is away ends nothing.
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
        positions::patiently(live).await.map(shared)
    }

    /// Waits for an activity about a call.
    async fn changed(watch: &mut Watch) -> base::error::Result<()> {
        while watch.next().await?.call_id.is_none() {}
        Ok(())
    }
}
