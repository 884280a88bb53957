//! Activity events, snapshots, and the messages that contain them.

use async_graphql::{Context, ID, SimpleObject};
use chrono::{DateTime, Utc};
use graphql_macros::object;
use uuid::Uuid;

use super::ActivityKind;
use crate::cabins::Cabin;
use crate::calls::Call;
use crate::loaders::{CabinId, SessionId, load};
use crate::payload::top_level;
use crate::register::RegisterShift;
use crate::roles::BACK_OFFICE;
use crate::scalars::Kind;
use crate::sessions::CabinSession;
use crate::webhooks::WebhookDisabledReason;
use app::activity::State;
use app::branch::{Body, Message};
use app::feed::event::Contents;
use app::feed::{ActivityEvent, Subject, stream as positions};

/// An activity event: something that happened in a callshop, or to an account. The event's `call` shows the call at the time of the event. The
/// event's `cabin` and `session` show the current state of the cabin and the session.
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
    /// Sequence number, counted from 1 without gaps in each callshop, and in the feed of each account. A subscription to one cabin, or to certain
    /// kinds of events, skips the numbers of all other events.
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

    /// The import, version, tariff or webhook that the event is about; the event's kind says which. Null if the event is about none of these. The
    /// object may have been deleted since the event.
    fn subject_id(&self) -> async_graphql::Result<Option<ID>> {
        let id = |subject| match subject {
            Subject::Tariff(id) => Kind::Tariff.id(id),
            Subject::TariffImport(id) => Kind::TariffImport.id(id),
            Subject::TariffVersion(id) => Kind::TariffVersion.id(id),
            Subject::Webhook(id) => Kind::Webhook.id(id),
        };
        Ok(self.contents.subject().map_err(top_level)?.map(id))
    }

    /// Why the webhook was disabled: PAUSED if a user paused it; otherwise, the reason why the server disabled it. Null for events of kinds other than
    /// WEBHOOK_DISABLED. Hidden from attendants.
    #[field(roles = BACK_OFFICE, scope = WEBHOOKS_READ)]
    fn webhook_disabled_reason(&self) -> async_graphql::Result<Option<WebhookDisabledReason>> {
        Ok(self.contents.disabled_reason().map_err(top_level)?.map(Into::into))
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
