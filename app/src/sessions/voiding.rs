//! Voids a session that was opened by mistake and has no calls.

use std::collections::BTreeMap;

use billing::money::Micros;
use billing::session as rules;
use chrono::{DateTime, Utc};
use entity::{ActivityKind, Book, PaymentKind, PaymentMethod, TransferKind, cabin_session, register_shift};
use serde_json::json;
use uuid::Uuid;

use super::bill::MAX_ITEMS;
use super::{SessionView, emit, illegal, items, lock, new_payment, record, view};
use crate::auth::{Actor, Right};
use crate::{App, access, idempotency, register};
use base::error::{Error, OrFault as _, Result};
use store::ledger::{self, Entry, NewTransfer};
use store::{Tx, register as shifts, sessions};

/// Voids a session that was opened by mistake, and frees its cabin. The session's items are removed. A deposit is refunded from the open register,
/// through the methods with which it was paid. Refunding a deposit moves money, so it requires an idempotency key.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` if the session has calls, or is paid or voided. For a session with a deposit, may fail with `REGISTER_CLOSED`,
/// `INSUFFICIENT_CASH`, `INVALID_INPUT` or `IDEMPOTENCY_CONFLICT`. Fails with `FORBIDDEN` for users outside the callshop. May also fail with
/// `NOT_FOUND`.
pub async fn void(app: &App, actor: &Actor, key: Option<&str>, id: Uuid) -> Result<SessionView> {
    let now = app.clock.now();
    app.write_as(actor, |tx| async move {
        sessions::find(tx.conn(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
        actor.require(Right::OperateCabins)?;
        let act = || take_back(&tx, actor, key.is_some(), id, now);
        match key {
            Some(key) => {
                idempotency::once(&tx, actor, &app.clock, "voidSession", key, &id, act).await?;
            }
            None => act().await?,
        }
        let session = sessions::find(tx.conn(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
        view(tx.conn(), session).await
    })
    .await
}

async fn take_back(tx: &Tx, actor: &Actor, has_key: bool, id: Uuid, now: DateTime<Utc>) -> Result<()> {
    let found = sessions::find(tx.conn(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
    // lock the register's shift before the session
    let shift = shifts::lock_open_shift(tx.conn(), found.callshop_id).await?;
    let session = lock(tx, actor, id).await?;
    let calls = sessions::allowed_calls(tx.conn(), id).await?;
    let next = rules::void(session.state.into(), calls).map_err(illegal)?;
    let before = json!({ "state": session.state, "total": session.total });
    for item in sessions::items(tx.conn(), id, MAX_ITEMS).await? {
        items::remove(tx, actor, item, now).await?;
    }
    let mut transfers: Vec<NewTransfer> = super::closing::reversal(tx, id, now).await?.into_iter().collect();
    if session.deposit != entity::Micros(0) {
        if !has_key {
            return Err(Error::invalid(
                "idempotencyKey",
                "Refunding the deposit requires an `idempotencyKey`.",
            ));
        }
        let shift = shift.ok_or_else(register::closed)?;
        transfers.push(give_deposit_back(tx, actor, &session, &shift, now).await?);
    }
    ledger::post(tx.conn(), transfers).await?;
    let session = cabin_session::Model {
        state: next.into(),
        closed_by: session.closed_by.or(Some(actor.user_id)),
        closed_at: session.closed_at.or(Some(now)),
        ..session
    };
    let session = sessions::update(tx.conn(), session).await?;
    let after = json!({ "state": session.state, "deposit_given_back": session.deposit });
    record(tx, actor, now, "voidSession", &session, (before, after)).await?;
    emit(tx, ActivityKind::SessionVoided, &session, now).await
}

async fn give_deposit_back(
    tx: &Tx,
    actor: &Actor,
    session: &cabin_session::Model,
    shift: &register_shift::Model,
    now: DateTime<Utc>,
) -> Result<NewTransfer> {
    let mut paid: BTreeMap<PaymentMethod, Micros> = BTreeMap::new();
    for payment in sessions::payments(tx.conn(), session.id).await? {
        let sum = paid.entry(payment.method).or_default();
        *sum = sum.checked_add(payment.amount.into()).or_fault()?;
    }
    let mut entries = vec![Entry::new(session.callshop_id, Book::Deposits, session.deposit.into())];
    let mut payments = Vec::new();
    for (method, amount) in paid {
        register::check_cash(tx.conn(), actor, shift, method, amount).await?;
        let given = amount.checked_neg().or_fault()?;
        entries.push(Entry::drawer(session.callshop_id, shift.id, method, given));
        payments.push(new_payment(session, shift, actor, PaymentKind::DepositRefund, (method, amount), now));
    }
    sessions::insert_payments(tx.conn(), payments).await?;
    let currency = access::by_id(tx.conn(), session.callshop_id).await?.currency;
    let transfer = NewTransfer::new(TransferKind::DepositRefund, &currency, now, entries);
    Ok(NewTransfer { user_id: Some(actor.user_id), session_id: Some(session.id), ..transfer })
}
