//! Subscriptions to the activity events of a callshop, a cabin or a branch, and to the feed of an account.

use graphql_macros::object;
use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, SimpleObject};
use chrono::{DateTime, Utc};
use futures_util::stream::{self, BoxStream, StreamExt as _};
use uuid::Uuid;

use super::accounts::parse_account;
use super::cabins::Cabin;
use super::calls::Call;
use super::live::{self, EventSubscription, Kinds};
use super::loaders::{CabinId, SessionId, load};
use super::payload::top_level;
use super::register::RegisterShift;
use super::roles::{MANAGERS, SIGNED_IN};
use super::scalars::Kind;
use super::sessions::CabinSession;
use super::{actor, graphql_enum};
use app::App;
use app::activity::{self as watching, FeedStart, Start, State};
use app::branch::{self, Body, Branch, Message};
use app::feed::event::Contents;
use app::feed::{ActivityEvent, Subject, stream as positions};

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
        /// The caller or the proxy abandoned a call before it rang.
        CallAbandoned,
        /// A call was refused; see the call's `refusal`.
        CallRefused,
        /// A call in progress may continue for longer, because more credit was reserved for it.
        CallExtended,
        /// The remaining time of a call fell to the callshop's `endingSoonSeconds`. The remaining time is the time that credit, deposit and limits
        /// still allow. There is at most one such event for each call, and none for a call whose SIP proxy cannot extend calls.
        CallEndingSoon,
        /// A user asked to hang up a call. CALL_ENDED follows when the proxy reports the end.
        CallHangUpRequested,
        /// The credit of the callshop or account fell below its `lowCredit` threshold.
        CreditLow,
        /// A customer paid.
        SessionSettled,
        /// A customer who had paid got a refund.
        SessionRefunded,
        /// A session was voided.
        SessionVoided,
        /// A session moved to another cabin. There is one event for each of the two cabins.
        SessionMoved,
        /// A customer added to a deposit.
        DepositAdded,
        /// The part of a deposit that is left for the current call pays for at most `endingSoonSeconds` more seconds. There is at most one such event
        /// until another deposit is added. The event contains the call.
        DepositLow,
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
        /// Phones were created, a phone was blocked or unblocked, or a phone got a new secret or registered from another address.
        PhoneChanged,
        /// A user changed the credit of the callshop or account, its credit limit, or its low-credit threshold. Calls do not cause this event.
        CreditChanged,
        /// A tariff was assigned to the callshop, a version of its retail tariff was activated or scheduled, or a destination was blocked or
        /// unblocked.
        PricesChanged,
        /// The callshop's name, settings or dial plan changed.
        SettingsChanged,
        /// A user of the callshop was created, renamed, disabled or enabled, or got a new password.
        UsersChanged,
        /// The callshop, or an account above it, was suspended.
        ShopSuspended,
        /// The callshop, or an account above it, was resumed. The callshop stays suspended while another of these accounts is suspended.
        ShopResumed,
        /// In `accountFeed`: an import of a rate deck asks a question, or needs its file again. `subjectId` is the import.
        ImportWaits,
        /// In `accountFeed`: an import of a rate deck has ended. `subjectId` is the import, whose `state` says how it ended.
        ImportEnded,
        /// In `accountFeed`: a version of a tariff of the account was scheduled. `subjectId` is the version.
        VersionScheduled,
        /// In `accountFeed`: the schedule of a version was canceled, and the version is a draft again. `subjectId` is the version.
        VersionCanceled,
        /// In `accountFeed`: a version of a tariff of the account took effect. `subjectId` is the version.
        VersionInForce,
        /// In `accountFeed`: a draft was derived from another tariff, and waits to be activated. `subjectId` is the version.
        VersionDerived,
        /// In `accountFeed`: the account was assigned another cost tariff, or a version of its cost tariff was scheduled, had its schedule canceled,
        /// or took effect. `subjectId` is the tariff; null if the account no longer has a cost tariff.
        CostChanged,
        /// The server disabled a webhook of the callshop or account. `subjectId` is the webhook.
        WebhookDisabled,
    }
);

/// An activity event: something that happened in a callshop, or to an account. The event's `call` shows the call at the time of the event. The
/// event's `cabin` and `session` show their current state.
#[derive(async_graphql::Description)]
pub struct Activity {
    seq: i64,
    at: DateTime<Utc>,
    kind: ActivityKind,
    cabin_id: Option<Uuid>,
    session_id: Option<Uuid>,
    contents: Contents,
}

#[object]
impl Activity {
    /// Sequence number, counted from 1 without gaps in each callshop, and in the feed of each account. A cabin's subscription skips the numbers of
    /// events that do not concern the cabin.
    fn seq(&self) -> i64 {
        self.seq
    }

    /// When the event happened, by the proxy's clock if the proxy reported the event, and by the server's clock otherwise.
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

    /// The import, version, tariff or webhook that the event is about; the event's kind says which. Null for events of other kinds. The object may
    /// have been deleted since the event.
    fn subject_id(&self) -> async_graphql::Result<Option<ID>> {
        let id = |subject| match subject {
            Subject::Tariff(id) => Kind::Tariff.id(id),
            Subject::TariffImport(id) => Kind::TariffImport.id(id),
            Subject::TariffVersion(id) => Kind::TariffVersion.id(id),
            Subject::Webhook(id) => Kind::Webhook.id(id),
        };
        Ok(self.contents.subject().map_err(top_level)?.map(id))
    }

    /// The call at the time of this event; null if the event is not about a call.
    fn call(&self) -> async_graphql::Result<Option<Call>> {
        let call = self.contents.call().map_err(top_level)?;
        Ok(call.map(|call| Call::new(call, self.at)))
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

/// A message of `accountActivity`, about one callshop of the branch. The first message about a callshop is a snapshot, unless the subscription
/// resumes after that callshop's cursor; all other messages about the callshop are events.
#[object]
#[derive(SimpleObject)]
pub struct AccountActivity {
    /// The callshop that the message is about.
    pub callshop_id: ID,
    /// Position of this message among the callshop's messages. Pass the last cursor of each callshop in `after` to resume.
    pub cursor: String,
    /// The snapshot; null if this message is an event.
    // Only webhooks compile messages of this type, and they deliver no snapshots.
    #[field(absent)]
    pub snapshot: Option<CallshopSnapshot>,
    /// The event; null if this message is a snapshot.
    pub event: Option<Activity>,
    /// True if the cursor passed in `after` is older than the stored events. The events between the cursor and this snapshot are lost.
    pub cursor_expired: bool,
}

/// A message of `accountFeed`. Unless the subscription resumes after a cursor, the first message has no event, only the cursor at which the
/// subscription begins. Every other message is an event.
#[object]
#[derive(SimpleObject)]
pub struct AccountFeed {
    /// Position of this message. Pass this cursor as `after` to resume after this message.
    pub cursor: String,
    /// The event; null in the first message.
    pub event: Option<Activity>,
    /// True if the cursor passed as `after` is older than the stored events. The events between the passed cursor and this message are lost.
    pub cursor_expired: bool,
}

/// A subscriber's position in the events of one callshop of a branch.
#[derive(InputObject)]
pub struct ShopCursor {
    /// The callshop.
    pub callshop_id: ID,
    /// The cursor of the last message that the client received about the callshop.
    pub cursor: String,
}

impl From<State> for CallshopSnapshot {
    fn from(state: State) -> Self {
        Self {
            as_of: state.as_of,
            live_calls: state.live.into_iter().map(|row| Call::new(row, state.as_of)).collect(),
            cabins: state.cabins.into_iter().map(Cabin).collect(),
            register: state.register.map(RegisterShift),
            unpaid_sessions: state.unpaid.into_iter().map(CabinSession).collect(),
        }
    }
}

impl From<Message> for AccountActivity {
    fn from(Message { callshop_id, body }: Message) -> Self {
        let callshop_id = Kind::Callshop.id(callshop_id);
        match body {
            Body::Snapshot { seq, state, expired } => Self {
                callshop_id,
                cursor: positions::cursor(seq),
                snapshot: Some((*state).into()),
                event: None,
                cursor_expired: expired,
            },
            Body::Event(event) => Self {
                callshop_id,
                cursor: positions::cursor(event.seq),
                snapshot: None,
                event: Some(event.as_ref().into()),
                cursor_expired: false,
            },
        }
    }
}

impl From<&ActivityEvent> for Activity {
    fn from(event: &ActivityEvent) -> Self {
        Self {
            seq: event.seq,
            at: event.at,
            kind: event.kind.into(),
            cabin_id: event.cabin_id,
            session_id: event.session_id,
            contents: event.contents.clone(),
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

impl From<&ActivityEvent> for AccountFeed {
    fn from(event: &ActivityEvent) -> Self {
        Self { cursor: positions::cursor(event.seq), event: Some(event.into()), cursor_expired: false }
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

/// Maximum number of kinds in a filter, well above the number of kinds that exist.
const MAX_KINDS: usize = 100;

/// The kinds that a subscriber wants; `None` if it wants all kinds.
fn wanted(kinds: Option<Vec<ActivityKind>>) -> async_graphql::Result<Option<Kinds>> {
    let Some(kinds) = kinds else { return Ok(None) };
    if kinds.is_empty() || kinds.len() > MAX_KINDS {
        let message = "Name at least one kind of event, or omit `kinds` for all events.";
        return Err(top_level(base::error::Error::invalid("kinds", message)));
    }
    Ok(Some(kinds.into_iter().map(entity::ActivityKind::from).collect()))
}

/// The messages of a subscription.
pub(super) type Answers<T> = BoxStream<'static, async_graphql::Result<T>>;

/// The application that serves a subscription. The value is owned, because the stream outlives the first response.
pub(super) fn application(ctx: &Context<'_>) -> Arc<App> {
    ctx.data_unchecked::<Arc<App>>().clone()
}

/// The fields of `Subscription` for activity events.
#[derive(Default)]
pub struct ActivitySubscription;

#[object(root = "Subscription")]
impl ActivitySubscription {
    /// Every activity event of a callshop, in order.
    #[field(roles = SIGNED_IN, scope = CALLS_READ | SESSIONS_READ)]
    async fn callshop_activity(
        &self,
        ctx: &Context<'_>,
        callshop_id: ID,
        #[graphql(desc = "Resume after this cursor, without gaps or repeats.")] after: Option<String>,
        #[graphql(desc = "Deliver only events of these kinds; if omitted, all events.")] kinds: Option<
            Vec<ActivityKind>,
        >,
    ) -> async_graphql::Result<Answers<CallshopActivity>> {
        let (app, actor) = (application(ctx), actor(ctx)?);
        let shop = Kind::Callshop.parse(&callshop_id).map_err(top_level)?;
        let kinds = wanted(kinds)?;
        let Start { watch, seq, snapshot, expired } =
            watching::start(&app, actor, shop, None, after.as_deref()).await.map_err(top_level)?;
        let first = snapshot.map(|state| CallshopActivity {
            cursor: positions::cursor(seq),
            snapshot: Some(state.into()),
            event: None,
            cursor_expired: expired,
        });
        let position = live::position(ctx, first.is_some().then_some(seq));
        let metrics = app.metrics.clone();
        Ok(answers(ctx, first, EventSubscription { watch, cabin: None, kinds, metrics, position }))
    }

    /// Every activity event of a cabin, in order.
    #[field(roles = SIGNED_IN, scope = CALLS_READ | SESSIONS_READ)]
    async fn cabin_activity(
        &self,
        ctx: &Context<'_>,
        cabin_id: ID,
        #[graphql(desc = "Resume after this cursor, without gaps or repeats.")] after: Option<String>,
        #[graphql(desc = "Deliver only events of these kinds; if omitted, all events.")] kinds: Option<
            Vec<ActivityKind>,
        >,
    ) -> async_graphql::Result<Answers<CabinActivity>> {
        let (app, actor) = (application(ctx), actor(ctx)?);
        let cabin = Kind::Cabin.parse(&cabin_id).map_err(top_level)?;
        let kinds = wanted(kinds)?;
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
        Ok(answers(ctx, first, EventSubscription { watch, cabin: Some(cabin), kinds, metrics, position }))
    }

    /// Every activity event of all callshops below an account, or of the account itself if it is a callshop. Fails with `BRANCH_TOO_LARGE` if there
    /// are more than 500 callshops. A new callshop joins within ten seconds of its creation.
    #[field(roles = SIGNED_IN, scope = CALLS_READ | SESSIONS_READ)]
    async fn account_activity(
        &self,
        ctx: &Context<'_>,
        account_id: ID,
        #[graphql(
            desc = "Resume after these cursors, at most one for each callshop. A callshop without a cursor begins with a snapshot. Cursors of other callshops are ignored."
        )]
        after: Option<Vec<ShopCursor>>,
        #[graphql(desc = "Deliver only events of these kinds; if omitted, all events.")] kinds: Option<
            Vec<ActivityKind>,
        >,
    ) -> async_graphql::Result<Answers<AccountActivity>> {
        let (app, actor) = (application(ctx), actor(ctx)?.clone());
        let account = parse_account(ctx, &account_id).await.map_err(top_level)?;
        let (kinds, after) = (wanted(kinds)?, cursors(after.unwrap_or_default())?);
        let branch = Branch::start(app, actor, account, after).await.map_err(top_level)?;
        let messages = stream::unfold(Some((branch, kinds)), async |following| {
            let (mut branch, kinds) = following?;
            loop {
                match branch.next().await {
                    Ok(message) if is_wanted(&message, kinds.as_ref()) => {
                        return Some((Ok(message.into()), Some((branch, kinds))));
                    }
                    Ok(_) => {}
                    Err(error) => return Some((Err(top_level(error)), None)),
                }
            }
        });
        Ok(messages.boxed())
    }

    /// Every event in the feed of an account that is not a callshop, in order: imports that end or wait, versions that are scheduled or take effect,
    /// changes to costs and credit, and webhooks that the server disabled. The feed has no events of the accounts below.
    #[field(roles = MANAGERS, scope = ACCOUNTS_READ | TARIFFS_READ)]
    async fn account_feed(
        &self,
        ctx: &Context<'_>,
        account_id: ID,
        #[graphql(desc = "Resume after this cursor, without gaps or repeats.")] after: Option<String>,
        #[graphql(desc = "Deliver only events of these kinds; if omitted, all events.")] kinds: Option<
            Vec<ActivityKind>,
        >,
    ) -> async_graphql::Result<Answers<AccountFeed>> {
        let (app, actor) = (application(ctx), actor(ctx)?);
        let account = parse_account(ctx, &account_id).await.map_err(top_level)?;
        let kinds = wanted(kinds)?;
        let FeedStart { watch, seq, expired, resumed } =
            watching::start_feed(&app, actor, account, after.as_deref()).await.map_err(top_level)?;
        let cursor = positions::cursor(seq);
        let first = (!resumed).then_some(AccountFeed { cursor, event: None, cursor_expired: expired });
        let position = live::position(ctx, first.is_some().then_some(seq));
        let metrics = app.metrics.clone();
        Ok(answers(ctx, first, EventSubscription { watch, cabin: None, kinds, metrics, position }))
    }
}

/// Parses the cursors into a map from callshop to cursor.
fn cursors(after: Vec<ShopCursor>) -> async_graphql::Result<HashMap<Uuid, String>> {
    if after.len() > branch::MAX_SHOPS {
        let message = base::message!("Give at most {max} cursors.", max = branch::MAX_SHOPS);
        return Err(top_level(base::error::Error::invalid("after", message)));
    }
    let parse =
        |one: ShopCursor| Ok((Kind::Callshop.parse(&one.callshop_id).map_err(top_level)?, one.cursor));
    after.into_iter().map(parse).collect()
}

/// Snapshots are delivered regardless of `kinds`: a subscriber that does not want a callshop's snapshot passes a cursor for that callshop.
fn is_wanted(message: &Message, kinds: Option<&Kinds>) -> bool {
    match &message.body {
        Body::Snapshot { .. } => true,
        Body::Event(event) => kinds.is_none_or(|kinds| kinds.contains(&event.kind)),
    }
}
