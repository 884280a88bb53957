//! Closes a cabin. The session's statement becomes final immediately, or once the session's last call has ended.

use billing::money::Micros;
use billing::session::{self as rules, CloseMode};
use billing::statement::Statement;
use chrono::{DateTime, Utc};
use entity::{ActivityKind, Book, SessionState, TransferKind, cabin_session};
use serde_json::json;
use uuid::Uuid;

use super::bill::build_statement;
use super::{SessionView, count, emit, illegal, lock, record, view};
use crate::auth::{Actor, Right};
use crate::{App, access, calls};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use store::ledger::{self, Entry, NewTransfer};
use store::{Tx, cabins as cabin_rows, sessions};

/// The session to close.
#[derive(Clone, Copy, Debug)]
pub enum Closing {
    /// The session that occupies this cabin.
    Cabin(Uuid),
    /// The session with this id.
    Session(Uuid),
}

/// Closes a cabin's session. The session becomes CLOSED with its final statement. If a call is live, the session is CLOSING until the call has ended.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` if the session is neither open nor closing, or if a call is live and the mode is [`CloseMode::Refuse`]. Fails with
/// `FORBIDDEN` for users outside the callshop. May also fail with `NOT_FOUND`.
pub async fn close(app: &App, actor: &Actor, closing: Closing, mode: CloseMode) -> Result<SessionView> {
    let now = app.clock.now();
    let (view, hang_up) = app
        .write_as(actor, |tx| async move {
            let session = match closing {
                Closing::Cabin(id) => {
                    let cabin =
                        cabin_rows::find(tx.conn(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
                    actor.require(Right::OperateCabins)?;
                    let closed =
                        || Error::field(ErrorCode::IllegalState, "cabinId", "The cabin is already CLOSED.");
                    let session = sessions::occupying(tx.conn(), cabin.id).await?.ok_or_else(closed)?;
                    lock(&tx, actor, session.id).await?
                }
                Closing::Session(id) => lock(&tx, actor, id).await?,
            };
            let live = sessions::live_calls(tx.conn(), session.id).await?;
            let decision = rules::close(session.state.into(), count(live.len())?, mode).map_err(illegal)?;
            let before = json!({ "state": session.state });
            let session = cabin_session::Model {
                closed_by: session.closed_by.or(Some(actor.user_id)),
                closed_at: session.closed_at.or(Some(now)),
                ..session
            };
            let session = match decision.next {
                rules::SessionState::Closed => {
                    let (session, sale) = finish(&tx, session, now).await?;
                    let sale = NewTransfer { user_id: Some(actor.user_id), ..sale };
                    ledger::post(tx.conn(), vec![sale]).await?;
                    session
                }
                next => {
                    let session = cabin_session::Model { state: next.into(), ..session };
                    let session = sessions::update(tx.conn(), session).await?;
                    emit(&tx, ActivityKind::CabinClosing, &session, now).await?;
                    session
                }
            };
            let after = json!({ "state": session.state, "total": session.total });
            record(&tx, actor, now, "closeCabin", &session, (before, after)).await?;
            let calls = if decision.hang_up { live } else { Vec::new() };
            Ok((view(tx.conn(), session).await?, calls))
        })
        .await?;
    // the commit prevents new calls, so calls are hung up only after the commit
    calls::hang_up_all(app, &hang_up, actor.user_id).await;
    Ok(view)
}

/// Closes the CLOSING sessions that no longer have a live call. Call this function in the transaction that recorded the ends of the sessions'
/// calls. The returned sales must be posted together with the transaction's other transfers, so that balances are always locked in the same order.
///
/// # Errors
/// May fail with database errors.
pub async fn calls_over(tx: &Tx, session_ids: &[Uuid], at: DateTime<Utc>) -> Result<Vec<NewTransfer>> {
    if session_ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sales = Vec::new();
    // lock every session, not only CLOSING sessions; otherwise, a session that is closed meanwhile would count this transaction's calls as live
    for session in sessions::lock_all(tx.conn(), session_ids).await? {
        if session.state != SessionState::Closing {
            continue;
        }
        let live = sessions::live_calls(tx.conn(), session.id).await?;
        if rules::call_over(session.state.into(), count(live.len())?) == rules::SessionState::Closed {
            sales.push(finish(tx, session, at).await?.1);
        }
    }
    Ok(sales)
}

/// Makes the statement final by storing its totals in the session. Returns the transfer of the sale, which the calling function must post.
async fn finish(
    tx: &Tx,
    session: cabin_session::Model,
    at: DateTime<Utc>,
) -> Result<(cabin_session::Model, NewTransfer)> {
    let currency = access::by_id(tx.conn(), session.callshop_id).await?.currency;
    let statement = build_statement(tx.conn(), session.id, &currency).await?;
    let session = cabin_session::Model { state: SessionState::Closed, ..frozen(session, &statement) };
    let session = sessions::update(tx.conn(), session).await?;
    emit(tx, ActivityKind::CabinClosed, &session, at).await?;
    let sale = sale(&session, &statement, &currency, at)?;
    Ok((session, sale))
}

fn frozen(session: cabin_session::Model, statement: &Statement) -> cabin_session::Model {
    cabin_session::Model {
        calls_total: Some(statement.calls_total.into()),
        items_total: Some(statement.items_total.into()),
        discounts_total: Some(statement.discounts_total.into()),
        rounding: Some(statement.rounding.into()),
        total: Some(statement.total.into()),
        ..session
    }
}

/// The transfer that records the customer's debt.
fn sale(
    session: &cabin_session::Model,
    statement: &Statement,
    currency: &str,
    at: DateTime<Utc>,
) -> Result<NewTransfer> {
    let negated = |amount: Micros| amount.checked_neg().or_fault();
    let exact = statement.total.checked_sub(statement.rounding).or_fault()?;
    let shop = session.callshop_id;
    let entries = vec![
        Entry::new(shop, Book::Receivable, statement.total),
        Entry::new(shop, Book::Sales, negated(exact)?),
        Entry::new(shop, Book::Rounding, negated(statement.rounding)?),
    ];
    let sale = NewTransfer::new(TransferKind::Sale, currency, at, entries);
    Ok(NewTransfer { session_id: Some(session.id), ..sale })
}

/// Recomputes a closed session's statement after an item, a discount or a corrected call has changed it. The old sale is reversed and a new sale
/// is posted. A session that is not yet closed or is already paid is left unchanged.
///
/// # Errors
/// May fail with database errors.
pub(super) async fn restate(tx: &Tx, session_id: Uuid, at: DateTime<Utc>) -> Result<()> {
    let transfers = restated(tx, session_id, at).await?;
    ledger::post(tx.conn(), transfers).await
}

/// Like [`restate`], but returns the transfers instead of posting them.
///
/// # Errors
/// See [`restate`].
pub async fn restated(tx: &Tx, session_id: Uuid, at: DateTime<Utc>) -> Result<Vec<NewTransfer>> {
    let gone = || Error::fault("the session no longer exists");
    let session = sessions::lock(tx.conn(), session_id).await?.ok_or_else(gone)?;
    if session.state != SessionState::Closed {
        return Ok(Vec::new());
    }
    let currency = access::by_id(tx.conn(), session.callshop_id).await?.currency;
    let statement = build_statement(tx.conn(), session.id, &currency).await?;
    let restated = frozen(session.clone(), &statement);
    if restated == session {
        return Ok(Vec::new());
    }
    let session = sessions::update(tx.conn(), restated).await?;
    let mut transfers: Vec<NewTransfer> = reversal(tx, session.id, at).await?.into_iter().collect();
    transfers.push(sale(&session, &statement, &currency, at)?);
    emit(tx, ActivityKind::StatementChanged, &session, at).await?;
    Ok(transfers)
}

/// Builds the reversal of a session's posted sale; `None` if no sale is posted.
pub(super) async fn reversal(tx: &Tx, session_id: Uuid, at: DateTime<Utc>) -> Result<Option<NewTransfer>> {
    let standing = ledger::standing_of_session(tx.conn(), session_id).await?;
    standing.iter().find(|posted| posted.kind == TransferKind::Sale).map(|sale| sale.reversal(at)).transpose()
}
