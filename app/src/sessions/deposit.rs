//! A deposit is money that a customer pays in advance for calls. The unused part of a deposit is refunded at settlement.

use billing::money::Micros;
use billing::session as rules;
use chrono::{DateTime, Utc};
use entity::{
    ActivityKind, Book, PaymentKind, PaymentMethod, TransferKind, cabin_session, payment, register_shift,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{Handed, SessionView, emit, illegal, lock, new_payment, record, reference, view};
use crate::auth::{Actor, Right};
use crate::{App, idempotency, register};
use base::error::{Error, OrFault as _, Result};
use store::ledger::{self, Entry, NewTransfer};
use store::{Tx, register as shifts, sessions};

/// Input of [`add_deposit`], stored with its idempotency key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AddDeposit {
    /// The session.
    pub session_id: Uuid,
    /// The amount to add, above zero.
    pub amount: Micros,
    /// The payment method.
    pub method: PaymentMethod,
    /// The payment's number in another system; not for cash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// Raises the deposit of an open prepaid session, even during a call.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` unless the session is open and prepaid. Fails with `FORBIDDEN` for users outside the callshop. May also fail with
/// `REGISTER_CLOSED`, `INVALID_INPUT`, `IDEMPOTENCY_CONFLICT` or `NOT_FOUND`.
pub async fn add_deposit(app: &App, actor: &Actor, key: &str, input: AddDeposit) -> Result<SessionView> {
    let reference = reference::clean("reference", input.method, input.reference.as_deref())?;
    let (input, now) = (&AddDeposit { reference, ..input }, app.clock.now());
    app.write_as(actor, |tx| async move {
        let found = sessions::find(tx.conn(), &actor.scope(), input.session_id).await?;
        let found = view(tx.conn(), found.ok_or(Error::NotFound)?).await?;
        actor.require(Right::OperateCabins)?;
        let (callshop, currency) = (found.session.callshop_id, &found.currency);
        idempotency::once(&tx, actor, &app.clock, "addDeposit", key, input, || async {
            let shift = shifts::lock_open_shift(tx.conn(), callshop).await?.ok_or_else(register::closed)?;
            let session = lock(&tx, actor, input.session_id).await?;
            rules::may_deposit(session.state.into(), session.mode.into()).map_err(illegal)?;
            let paid = Handed { reference: input.reference.clone(), ..(input.method, input.amount).into() };
            let deposit = Deposit { field: "amount", paid };
            let before = json!({ "deposit": session.deposit });
            let session = take(&tx, actor, session, &shift, deposit, currency, now).await?;
            let after = json!({ "deposit": session.deposit, "method": input.method });
            record(&tx, actor, now, "addDeposit", &session, (before, after)).await?;
            emit(&tx, ActivityKind::DepositAdded, &session, now).await
        })
        .await?;
        let session = sessions::find(tx.conn(), &actor.scope(), input.session_id).await?;
        Ok(SessionView { session: session.ok_or(Error::NotFound)?, currency: found.currency })
    })
    .await
}

/// A payment in advance.
pub(super) struct Deposit {
    /// The input field of the amount, for error messages.
    pub field: &'static str,
    /// The payment. The reference of this payment has already been checked.
    pub paid: Handed,
}

/// Records a deposit for a locked session in a locked shift.
pub(super) async fn take(
    tx: &Tx,
    actor: &Actor,
    session: cabin_session::Model,
    shift: &register_shift::Model,
    deposit: Deposit,
    currency: &str,
    now: DateTime<Utc>,
) -> Result<cabin_session::Model> {
    let Deposit { field, paid: Handed { method, amount, reference } } = deposit;
    register::check_positive(field, amount, currency)?;
    let sum = Micros::from(session.deposit).checked_add(amount).or_fault()?;
    register::check_amount(field, sum, currency)?;
    let paid = new_payment(&session, shift, actor, PaymentKind::Deposit, (method, amount), now);
    let paid = payment::Model { reference, ..paid };
    sessions::insert_payments(tx.conn(), vec![paid]).await?;
    let owed = amount.checked_neg().or_fault()?;
    let entries = vec![
        Entry::drawer(session.callshop_id, shift.id, method, amount),
        Entry::new(session.callshop_id, Book::Deposits, owed),
    ];
    let transfer = NewTransfer {
        user_id: Some(actor.user_id),
        session_id: Some(session.id),
        ..NewTransfer::new(TransferKind::Deposit, currency, now, entries)
    };
    ledger::post(tx.conn(), vec![transfer]).await?;
    sessions::update(tx.conn(), cabin_session::Model { deposit: sum.into(), deposit_low: false, ..session })
        .await
}
