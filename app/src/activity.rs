//! Starts a subscription to a callshop, a cabin, or the feed of an account that is not a callshop. The subscription begins after a cursor. Without a
//! cursor, a callshop's or cabin's subscription begins with a snapshot of the current state, and a feed's subscription begins after the last event.

mod heads;
mod shared;

use chrono::{DateTime, Utc};
use entity::{AccountKind, call, register_shift};
use uuid::Uuid;

use super::cabins::CabinView;
use super::register::ShiftView;
use super::sessions::SessionView;
use super::{App, access};
use crate::auth::{Actor, Right};
use crate::feed::{Watch, stream};
use base::error::{Error, Result};
pub use heads::Heads;
pub use shared::Snapshots;
use store::{activity, cabins};

/// Maximum number of unpaid sessions in a snapshot.
const MAX_UNPAID: u64 = 100;

/// State of a callshop, or of one of its cabins.
#[derive(Clone, Debug)]
pub struct State {
    /// When the state was read.
    pub as_of: DateTime<Utc>,
    /// The cabins, sorted by number.
    pub cabins: Vec<CabinView>,
    /// The live calls, oldest first.
    pub live: Vec<call::View>,
    /// The open shift of a callshop, if any. The state of a cabin never has a shift.
    pub register: Option<ShiftView>,
    /// The callshop's closed sessions that wait for payment, oldest first, at most [`MAX_UNPAID`]. The list is empty in the state of a cabin.
    pub unpaid: Vec<SessionView>,
}

/// The start of a subscription.
pub struct Start {
    /// The activity events after `seq`.
    pub watch: Watch,
    /// The activity number of the snapshot, or of the cursor.
    pub seq: i64,
    /// The state at `seq`; `None` if the subscriber resumes after a cursor.
    pub snapshot: Option<State>,
    /// Whether the cursor was too old, because events between the cursor and the snapshot have been deleted.
    pub expired: bool,
}

/// A callshop, or the callshop of a cabin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Whose {
    /// The callshop with this id.
    Callshop(Uuid),
    /// The callshop of the cabin with this id.
    Cabin(Uuid),
}

/// The number of the callshop's last activity, without an access check; `None` if the callshop or cabin does not exist or has no activity. The number
/// reveals nothing about the callshop, so the calling function may read it before access is checked.
///
/// # Errors
/// May fail with database errors.
pub async fn last_number(app: &App, whose: Whose) -> Result<Option<i64>> {
    match whose {
        Whose::Callshop(id) => Ok(Some(app.heads.of(&app.store, id).await?).filter(|seq| *seq > 0)),
        Whose::Cabin(id) => activity::head_of_cabin(app.store.reader(), id).await,
    }
}

/// Returns the id of a cabin's callshop, if the actor may subscribe to the cabin.
///
/// # Errors
/// Fails with `NOT_FOUND`.
pub async fn callshop_of(app: &App, actor: &Actor, cabin: Uuid) -> Result<Uuid> {
    actor.require(Right::SeeShop)?;
    let cabin = cabins::find(app.store.reader(), &actor.scope(), cabin).await?.ok_or(Error::NotFound)?;
    Ok(cabin.callshop_id)
}

/// Starts a subscription to a callshop, or to one of its cabins. If `after` is a cursor and all events after the cursor are still stored, the
/// subscription resumes after it. Otherwise, the subscription starts now, with a snapshot.
///
/// # Errors
/// Fails with `INVALID_INPUT` if `after` is not a cursor. May also fail with `NOT_FOUND`.
pub async fn start(
    app: &App,
    actor: &Actor,
    shop: Uuid,
    cabin: Option<Uuid>,
    after: Option<&str>,
) -> Result<Start> {
    let found = access::shop(app.store.reader(), actor, shop, Right::SeeShop).await?;
    let currency = found.account.currency.as_str();
    let after = after.map(stream::parse_cursor).transpose()?;
    // start listening before reading the snapshot, so that no event between the two steps is lost
    let watch = Watch::start(&app.store, &app.hub, shop);
    if let Some(seq) = after
        && watch.can_resume(seq).await?
    {
        return Ok(Start { watch: watch.from_seq(seq), seq, snapshot: None, expired: false });
    }
    let shared = app.snapshots.latest(app, &found, cabin).await?;
    let view = |shift: &register_shift::Model| ShiftView::new(actor, shift.clone(), currency.to_owned());
    let state = State {
        as_of: app.clock.now(),
        cabins: shared.cabins.clone(),
        live: shared.live.clone(),
        register: shared.shift.as_ref().map(view),
        unpaid: shared.unpaid.clone(),
    };
    let seq = shared.seq;
    Ok(Start { watch: watch.from_seq(seq), seq, snapshot: Some(state), expired: after.is_some() })
}

/// The start of a subscription to the feed of an account.
pub struct FeedStart {
    /// The events after `seq`.
    pub watch: Watch,
    /// The number of the last event before the subscription.
    pub seq: i64,
    /// True if events were lost because the subscriber's cursor was too old.
    pub expired: bool,
    /// Whether the subscription resumes after the subscriber's cursor.
    pub resumed: bool,
}

/// Starts a subscription to the feed of an account. The subscription begins after the cursor or, without a usable cursor, after the last event.
///
/// # Errors
/// Fails with `INVALID_INPUT` for a callshop or a malformed cursor. May also fail with `NOT_FOUND` or `FORBIDDEN`.
pub async fn start_feed(app: &App, actor: &Actor, id: Uuid, after: Option<&str>) -> Result<FeedStart> {
    // a role without this right is refused before the account is looked up
    actor.require(Right::ManageAccounts)?;
    let account = access::account(app.store.reader(), actor, id, Right::ManageAccounts).await?;
    if account.kind == AccountKind::Callshop {
        return Err(Error::invalid("accountId", NO_FEED));
    }
    let after = after.map(stream::parse_cursor).transpose()?;
    // start listening before reading the last number, so that no event between the two steps is lost
    let watch = Watch::start(&app.store, &app.hub, id);
    if let Some(seq) = after
        && watch.can_resume(seq).await?
    {
        return Ok(FeedStart { watch: watch.from_seq(seq), seq, expired: false, resumed: true });
    }
    let seq = activity::head(app.store.reader(), id).await?;
    Ok(FeedStart { watch: watch.from_seq(seq), seq, expired: after.is_some(), resumed: false })
}

/// The error message for a callshop, which has no feed.
pub const NO_FEED: &str = "A callshop has no feed of its own. Use `callshopActivity` instead.";
