//! Subscriptions: activity events of a callshop or cabin, and live calls with their running cost.

use graphql_macros::object;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Context, ID, SimpleObject};
use chrono::{DateTime, Utc};
use futures_util::future::{BoxFuture, FutureExt as _, OptionFuture};
use futures_util::stream::{self, BoxStream, StreamExt as _};
use uuid::Uuid;

use super::cabins::Cabin;
use super::calls::Call;
use super::live::{self, EventSubscription};
use super::loaders::{CabinId, SessionId, load};
use super::payload::top_level;
use super::register::RegisterShift;
use super::roles::SIGNED_IN;
use super::scalars::Kind;
use super::sessions::CabinSession;
use super::{actor, graphql_enum};
use app::activity::{self as watching, Start};
use app::auth::Actor;
use app::feed::{ActivityEvent, Watch, stream as positions};
use app::{App, calls as call_cases};
use store;

graphql_enum!(
    /// Kind of an activity event.
    ActivityKind = "entity::ActivityKind" {
        /// The cash register was opened.
        RegisterOpened,
        /// The cash register was closed.
        RegisterClosed,
        /// A cabin was opened for a customer.
        CabinOpened,
        /// Closing of a cabin was requested during a call; the cabin closes when the call ends.
        CabinClosing,
        /// A cabin was closed, and its statement is final.
        CabinClosed,
        /// A cabin was created, changed or retired, or its phone changed.
        CabinChanged,
        /// A phone registered at the proxy.
        PhoneOnline,
        /// A phone's registration ended.
        PhoneOffline,
        /// A call was allowed.
        CallAuthorized,
        /// The called phone is ringing.
        CallRinging,
        /// A call was answered and is being charged.
        CallAnswered,
        /// An answered call ended; its charge is known.
        CallEnded,
        /// A call was not answered.
        CallFailed,
        /// The caller or the proxy gave up a call before it rang.
        CallAbandoned,
        /// A call was refused; see the call's `refusal`.
        CallRefused,
        /// A call in progress may continue for longer, because more credit was reserved for it.
        CallExtended,
        /// The callshop's credit fell below its `lowCredit` threshold.
        CreditLow,
        /// A customer paid.
        SessionSettled,
        /// A customer who had paid got a refund.
        SessionRefunded,
        /// A session was voided.
        SessionVoided,
        /// A session moved to another cabin. There is one event for each of the two cabins.
        SessionMoved,
        /// A customer paid a higher deposit.
        DepositAdded,
        /// The limits of a session changed.
        LimitsChanged,
        /// An item or a discount was added to a bill.
        ItemAdded,
        /// An item or a discount was removed from a bill.
        ItemRemoved,
        /// A final statement changed, because a call on it was corrected.
        StatementChanged,
        /// Cash was put into the drawer or taken out.
        CashMoved,
        /// Phones were created, or a phone was blocked, unblocked or got a new secret.
        PhoneChanged,
        /// The callshop's credit, its limit or its threshold for warnings was changed by a user. Calls do not cause this event.
        CreditChanged,
        /// A tariff was assigned to the callshop, or a destination was blocked or unblocked for it.
        PricesChanged,
        /// The callshop's name, settings or dial plan changed.
        SettingsChanged,
        /// The callshop was suspended.
        ShopSuspended,
        /// The callshop was resumed.
        ShopResumed,
    }
);

/// An activity event: something that happened in a callshop. The event's `call` shows the call at the time of the event. The event's `cabin` and
/// `session` show their current state.
#[derive(async_graphql::Description)]
pub struct Activity {
    seq: i64,
    at: DateTime<Utc>,
    kind: ActivityKind,
    cabin_id: Option<Uuid>,
    session_id: Option<Uuid>,
    call: Option<Call>,
}

#[object]
impl Activity {
    /// Sequence number, counted from 1 without gaps in each callshop. A cabin's subscription skips the numbers of events that do not concern the
    /// cabin.
    fn seq(&self) -> i64 {
        self.seq
    }

    /// When it happened. Events reported by the proxy have the proxy's time; all others have the server's.
    fn at(&self) -> DateTime<Utc> {
        self.at
    }

    /// Kind of event.
    fn kind(&self) -> ActivityKind {
        self.kind
    }

    /// Cabin that the event is about; null if the event is about no cabin.
    fn cabin_id(&self) -> Option<ID> {
        self.cabin_id.map(|id| Kind::Cabin.id(id))
    }

    /// Session that the event is about; null if the event is about no session.
    fn session_id(&self) -> Option<ID> {
        self.session_id.map(|id| Kind::CabinSession.id(id))
    }

    /// The call as of this event; null if the event is not about a call.
    fn call(&self) -> Option<Call> {
        self.call.clone()
    }

    /// Cabin that the event is about, in its current state; null if the event is about no cabin.
    async fn cabin(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Cabin>> {
        let Some(id) = self.cabin_id else { return Ok(None) };
        Ok(load(ctx, CabinId(id)).await.map_err(top_level)?.map(Cabin))
    }

    /// Session that the event is about, in its current state; null if the event is about no session.
    async fn session(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<CabinSession>> {
        let Some(id) = self.session_id else { return Ok(None) };
        Ok(load(ctx, SessionId(id)).await.map_err(top_level)?.map(CabinSession))
    }
}

/// State of a callshop at one instant.
#[object]
#[derive(SimpleObject)]
pub struct CallshopSnapshot {
    /// When the snapshot was read.
    pub as_of: DateTime<Utc>,
    /// All cabins, by number.
    #[field(length = 100)]
    pub cabins: Vec<Cabin>,
    /// All live calls, oldest first.
    #[field(length = 100)]
    pub live_calls: Vec<Call>,
    /// The open shift; null if the register is closed.
    pub register: Option<RegisterShift>,
    /// Closed sessions that wait for payment, oldest first, at most 100.
    #[field(length = 20)]
    pub unpaid_sessions: Vec<CabinSession>,
}

/// State of a cabin at one instant.
#[object]
#[derive(SimpleObject)]
pub struct CabinSnapshot {
    /// When the snapshot was read.
    pub as_of: DateTime<Utc>,
    /// The cabin.
    pub cabin: Cabin,
    /// The cabin's live calls, normally at most one.
    #[field(length = 100)]
    pub live_calls: Vec<Call>,
}

/// A message of `callshopActivity`. The first message is a snapshot, unless the subscription resumes after a cursor; all other messages are
/// events.
#[object]
#[derive(SimpleObject)]
pub struct CallshopActivity {
    /// Position of this message. Pass this cursor as `after` to resume after this message.
    pub cursor: String,
    /// The snapshot; null if this message is an event.
    // Compiled messages have no snapshot: only the first message has a snapshot, and the executor writes that message.
    #[field(absent)]
    pub snapshot: Option<CallshopSnapshot>,
    /// The event; null if this message is a snapshot.
    pub event: Option<Activity>,
    /// True if the cursor passed as `after` is older than the stored events. The events between the cursor and this snapshot are lost.
    pub cursor_expired: bool,
}

/// A message of `cabinActivity`. The first message is a snapshot, unless the subscription resumes after a cursor; all other messages are events.
#[object]
#[derive(SimpleObject)]
pub struct CabinActivity {
    /// Position of this message. Pass this cursor as `after` to resume after this message.
    pub cursor: String,
    /// The snapshot; null if this message is an event.
    // Compiled messages have no snapshot: only the first message has a snapshot, and the executor writes that message.
    #[field(absent)]
    pub snapshot: Option<CabinSnapshot>,
    /// The event; null if this message is a snapshot.
    pub event: Option<Activity>,
    /// True if the cursor passed as `after` is older than the stored events. The events between the cursor and this snapshot are lost.
    pub cursor_expired: bool,
}

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

impl From<&ActivityEvent> for Activity {
    fn from(event: &ActivityEvent) -> Self {
        Self {
            seq: event.seq,
            at: event.at,
            kind: event.kind.into(),
            cabin_id: event.cabin_id,
            session_id: event.session_id,
            call: event.call.clone().map(|call| Call::new(call, event.at)),
        }
    }
}

impl From<&ActivityEvent> for CallshopActivity {
    fn from(event: &ActivityEvent) -> Self {
        Self {
            cursor: positions::cursor(event.seq),
            snapshot: None,
            event: Some(event.into()),
            cursor_expired: false,
        }
    }
}

impl From<&ActivityEvent> for CabinActivity {
    fn from(event: &ActivityEvent) -> Self {
        Self {
            cursor: positions::cursor(event.seq),
            snapshot: None,
            event: Some(event.into()),
            cursor_expired: false,
        }
    }
}

/// The first message, then the events. The stream ends after its first error.
fn answers<T>(ctx: &Context<'_>, first: Option<T>, following: EventSubscription) -> Answers<T>
where
    T: for<'a> From<&'a ActivityEvent> + Send + 'static,
{
    let first = stream::iter(first.map(Ok));
    // if possible, events are written without the executor
    let Some(following) = live::leave(ctx, following) else { return first.boxed() };
    let events = stream::unfold(Some(following), async |following: Option<EventSubscription>| {
        let mut following = following?;
        match following.next().await {
            Ok(event) => Some((Ok(following.deliver(&event, |event| T::from(event))), Some(following))),
            Err(error) => Some((Err(top_level(error)), None)),
        }
    });
    first.chain(events).boxed()
}

type Answers<T> = BoxStream<'static, async_graphql::Result<T>>;

/// The application of a subscription. The value is owned, because the stream outlives the first response.
pub(super) fn application(ctx: &Context<'_>) -> Arc<App> {
    ctx.data_unchecked::<Arc<App>>().clone()
}

/// The subscriptions that this file defines.
#[derive(Default)]
pub struct ActivitySubscription;

#[object(root = "Subscription")]
impl ActivitySubscription {
    /// Every activity event of a callshop, in order.
    #[field(roles = SIGNED_IN)]
    async fn callshop_activity(
        &self,
        ctx: &Context<'_>,
        callshop_id: ID,
        #[graphql(desc = "Resume after this cursor, without gaps or repeats.")] after: Option<String>,
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
                register: state.register.map(RegisterShift),
                unpaid_sessions: state.unpaid.into_iter().map(CabinSession).collect(),
            }),
            event: None,
            cursor_expired: expired,
        });
        let position = live::position(ctx, first.is_some().then_some(seq));
        let metrics = app.metrics.clone();
        Ok(answers(ctx, first, EventSubscription { watch, cabin: None, metrics, position }))
    }

    /// Every activity event of a cabin, in order.
    #[field(roles = SIGNED_IN)]
    async fn cabin_activity(
        &self,
        ctx: &Context<'_>,
        cabin_id: ID,
        #[graphql(desc = "Resume after this cursor, without gaps or repeats.")] after: Option<String>,
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
        let position = live::position(ctx, first.is_some().then_some(seq));
        let metrics = app.metrics.clone();
        Ok(answers(ctx, first, EventSubscription { watch, cabin: Some(cabin), metrics, position }))
    }

    /// A callshop's live calls with elapsed time and cost. A message is sent immediately, whenever a call changes, and every `everySeconds`
    /// seconds.
    #[field(roles = SIGNED_IN)]
    async fn live_calls(
        &self,
        ctx: &Context<'_>,
        callshop_id: ID,
        #[graphql(default = 1, desc = "Seconds between messages, 1 to 60.")] every_seconds: i32,
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
        // the first tick is immediate
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        Ok(Self { app, actor, shop, watch: start.watch, ticks, calls, reading: None })
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
