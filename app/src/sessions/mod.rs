//! A cabin session is one customer's use of a cabin, from opening to settlement and refund. Each operation on sessions has its own file.

mod bill;
mod closing;
mod deposit;
mod items;
mod limits;
mod moving;
mod opening;
mod pix;
mod reference;
mod refund;
mod running;
mod settlement;
mod voiding;

use billing::money::Micros;
use billing::session::SessionError;
use chrono::{DateTime, Utc};
use entity::{
    ActivityKind, PaymentKind, PaymentMethod, SessionState, cabin, cabin_session, payment, register_shift,
    session_item,
};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

pub use bill::{Bill, MAX_ITEMS, MAX_STATEMENT_CALLS, amounts_due, bill, line, statement};
pub use closing::{Closing, calls_over, close, restated};
pub use deposit::{AddDeposit, add_deposit};
pub use items::{NewDiscount, NewItem, add_item, apply_discount, remove_item};
pub use limits::{LimitChange, Limits, update_limits};
pub use moving::change_cabin;
pub use opening::{Opening, open};
pub use pix::{PixCode, pix};
pub use refund::{Refund, refund};
pub use running::{Running, running};
pub use settlement::{Handed, Settled, Settling, settle};
pub use voiding::void;

use super::audited::record;
use super::{App, access, cabins};
use crate::auth::{Actor, Right};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use base::message::Word;
use store::session_list::{self, SessionFilter};
use store::{Listed, NewActivity, Slice, Tx, cabins as cabin_rows, register as shifts, sessions};

/// A session, with the currency of its amounts.
#[derive(Clone, Debug)]
pub struct SessionView {
    /// The session.
    pub session: cabin_session::Model,
    /// The callshop's currency.
    pub currency: String,
}

async fn emit(tx: &Tx, kind: ActivityKind, session: &cabin_session::Model, at: DateTime<Utc>) -> Result<()> {
    let cabin = cabin_of(tx.conn(), session).await?;
    cabins::emit(tx, kind, &cabin, Some(session), at).await
}

async fn cabin_of(conn: &impl ConnectionTrait, session: &cabin_session::Model) -> Result<cabin::Model> {
    let cabin = cabin_rows::by_ids(conn, &[session.cabin_id]).await?.pop();
    cabin.ok_or_else(|| Error::fault("a session refers to a cabin that does not exist"))
}

/// Locks a session in the actor's subtree. The actor must be allowed to operate cabins.
async fn lock(tx: &Tx, actor: &Actor, id: Uuid) -> Result<cabin_session::Model> {
    sessions::find(tx.conn(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
    actor.require(Right::OperateCabins)?;
    sessions::lock(tx.conn(), id).await?.ok_or(Error::NotFound)
}

async fn view(conn: &impl ConnectionTrait, session: cabin_session::Model) -> Result<SessionView> {
    let currency = access::by_id(conn, session.callshop_id).await?.currency;
    Ok(SessionView { session, currency })
}

fn count(length: usize) -> Result<u32> {
    u32::try_from(length).or_fault()
}

fn illegal(error: SessionError) -> Error {
    let state = Word(SessionState::from(error.state()).as_str());
    // the same sentences as in `SessionError`, but with a placeholder for the state
    let message = match error {
        SessionError::NotOpen { .. } => base::message!("The session is {state}; it must be OPEN.", state),
        SessionError::NotClosed { .. } => base::message!("The session is {state}; it must be CLOSED.", state),
        SessionError::BillOver { .. } => {
            base::message!("The session is {state}; its bill can no longer change.", state)
        }
        SessionError::NotSettled { .. } => {
            base::message!("The session is {state}; it must be SETTLED.", state)
        }
        SessionError::NotPrepaid { .. } => {
            base::message!("The session is {state} and POSTPAID; only PREPAID sessions take deposits.", state)
        }
        SessionError::CallInProgress { .. } => {
            base::message!("The session is {state} and has a call in progress; end the call first.", state)
        }
        SessionError::HasCalls { .. } => {
            base::message!(
                "The session is {state} and has calls; only a session without calls can be voided.",
                state
            )
        }
    };
    Error::user(ErrorCode::IllegalState, message)
}

/// Builds a payment or refund of a session, without a reason.
fn new_payment(
    session: &cabin_session::Model,
    shift: &register_shift::Model,
    actor: &Actor,
    kind: PaymentKind,
    (method, amount): (PaymentMethod, Micros),
    at: DateTime<Utc>,
) -> payment::Model {
    payment::Model {
        id: Uuid::now_v7(),
        callshop_id: session.callshop_id,
        session_id: session.id,
        shift_id: shift.id,
        method,
        amount: amount.into(),
        user_id: actor.user_id,
        at,
        kind,
        reason: None,
        reference: None,
    }
}

/// Emits the activity event of a settlement or refund, with its payments.
async fn emit_paid(
    tx: &Tx,
    kind: ActivityKind,
    session: &cabin_session::Model,
    payments: &[payment::Model],
    at: DateTime<Utc>,
) -> Result<()> {
    let event = cabins::event(tx.conn(), &cabin_of(tx.conn(), session).await?, Some(session)).await?;
    let mut payload = serde_json::to_value(&event).or_fault()?;
    payload["payments"] = serde_json::to_value(payments).or_fault()?;
    tx.emit(NewActivity {
        callshop_id: session.callshop_id,
        at,
        kind,
        cabin_id: Some(session.cabin_id),
        session_id: Some(session.id),
        call_id: None,
        payload,
    });
    Ok(())
}

/// Finds a session in the actor's subtree.
///
/// # Errors
/// Fails with `NOT_FOUND`.
pub async fn find(app: &App, actor: &Actor, id: Uuid) -> Result<SessionView> {
    let session = sessions::find(app.store.reader(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
    actor.require(Right::SeeShop)?;
    view(app.store.reader(), session).await
}

/// Finds the sessions with these ids in the actor's subtree.
///
/// # Errors
/// May fail with database errors.
pub async fn find_all(app: &App, actor: &Actor, ids: &[Uuid]) -> Result<Vec<SessionView>> {
    if !actor.may(Right::SeeShop) {
        return Ok(Vec::new());
    }
    with_currencies(app.store.reader(), sessions::find_all(app.store.reader(), &actor.scope(), ids).await?)
        .await
}

/// The sessions with these ids, without an access check. The ids must come from rows that the actor may see.
///
/// # Errors
/// May fail with database errors.
pub async fn by_ids(app: &App, ids: &[Uuid]) -> Result<Vec<SessionView>> {
    let conn = app.store.reader();
    with_currencies(conn, sessions::by_ids(conn, ids).await?).await
}

/// The callshop's closed sessions that wait for payment, oldest first, at most `limit`. The calling function has already checked access to the
/// callshop.
///
/// # Errors
/// May fail with database errors.
pub async fn unpaid(
    conn: &impl ConnectionTrait,
    callshop_id: Uuid,
    currency: &str,
    limit: u64,
) -> Result<Vec<SessionView>> {
    let rows = sessions::unpaid(conn, callshop_id, limit).await?;
    Ok(rows.into_iter().map(|session| SessionView { session, currency: currency.to_owned() }).collect())
}

async fn with_currencies(
    conn: &impl ConnectionTrait,
    rows: Vec<cabin_session::Model>,
) -> Result<Vec<SessionView>> {
    let currencies = access::currencies(conn, rows.iter().map(|session| session.callshop_id)).await?;
    let view = |session: cabin_session::Model| {
        Ok(SessionView { currency: access::currency_of(&currencies, session.callshop_id)?, session })
    };
    rows.into_iter().map(view).collect()
}

/// Lists the sessions of a callshop that match a filter.
///
/// # Errors
/// Fails with `SEARCH_TOO_BROAD` if the server would have to read too many sessions to find those that match, or if too many sessions would have to
/// be sorted. May also fail with `NOT_FOUND`.
pub async fn list(
    app: &App,
    actor: &Actor,
    callshop_id: Uuid,
    filter: &SessionFilter,
    slice: Slice,
) -> Result<Listed<SessionView>> {
    let shop = access::shop(app.store.reader(), actor, callshop_id, Right::SeeShop).await?;
    let rows = session_list::list(app.store.reader(), shop.id(), filter, &slice).await?;
    Ok(rows.map(|session| SessionView { session, currency: shop.account.currency.clone() }))
}

/// A session's payments, without those that are hidden from the viewer.
#[derive(Clone, Debug)]
pub struct Payments {
    /// The visible payments, in the order in which they were taken.
    pub seen: Vec<payment::Model>,
    /// Whether the session has payments that are hidden from the viewer. Attendants count the drawer blind, so they do not see payments that other
    /// users took in the open shift.
    pub some_hidden: bool,
}

/// Lists the payments of a session. The calling function has already checked access to the session.
///
/// # Errors
/// May fail with database errors.
pub async fn payments(app: &App, actor: &Actor, session: &cabin_session::Model) -> Result<Payments> {
    let conn = app.store.reader();
    let payments = sessions::payments(conn, session.id).await?;
    let own = |payment: &payment::Model| payment.user_id == actor.user_id;
    if actor.may(Right::SeeDrawer) || payments.iter().all(own) {
        return Ok(Payments { seen: payments, some_hidden: false });
    }
    let open = shifts::open_shift(conn, session.callshop_id).await?.map(|shift| shift.id);
    let all = payments.len();
    let may_see = |payment: &payment::Model| own(payment) || Some(payment.shift_id) != open;
    let seen: Vec<payment::Model> = payments.into_iter().filter(may_see).collect();
    Ok(Payments { some_hidden: seen.len() < all, seen })
}

/// Whether a settled session's cash amounts are hidden from the actor. Attendants count the drawer blind. The amounts are hidden from an attendant if
/// another user took or refunded some of the session's money in the open shift.
///
/// # Errors
/// May fail with database errors.
pub async fn hides_cash(app: &App, actor: &Actor, session: &cabin_session::Model) -> Result<bool> {
    if actor.may(Right::SeeDrawer) || session.settled_by.is_none() {
        return Ok(false);
    }
    Ok(payments(app, actor, session).await?.some_hidden)
}

/// Lists the items and discounts of a session, in the order they were added. The calling function has already checked access to the session.
///
/// # Errors
/// May fail with database errors.
pub async fn items(app: &App, session_id: Uuid) -> Result<Vec<session_item::Model>> {
    sessions::items(app.store.reader(), session_id, MAX_ITEMS).await
}
